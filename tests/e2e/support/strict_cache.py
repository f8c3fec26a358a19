"""An HTTP cache that looks into what it is given as bazel-remote does with its checks on.

  PUT /cas/HASH   400 unless the bytes have that hash
  PUT /ac/KEY     400 unless it is an ActionResult whose outputs have relative paths and digests; who
                  wrote it is added (execution_metadata.worker), so what comes back is not what was put
  GET /ac/KEY     404 when an output that it names is not in /cas, or has another size

Source: github.com/buchgr/bazel-remote, server/http.go, utils/validate/action_result.go and
cache/disk/disk.go; field numbers: github.com/bazelbuild/remote-apis, remote_execution.proto.
"""

import hashlib
import http.server
import re
import threading

OUTPUT_FILES, EXIT_CODE, STDOUT_RAW, METADATA = 2, 4, 5, 9
PATH, DIGEST, HASH, SIZE = 1, 2, 1, 2


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data):
    """[(number, value)] of a message of varints and lengths; ValueError for anything else."""
    found, at = [], 0
    try:
        while at < len(data):
            tag, at = varint(data, at)
            if tag & 7 == 0:
                value, at = varint(data, at)
            elif tag & 7 == 2:
                n, at = varint(data, at)
                value, at = data[at:at + n], at + n
                if len(value) != n:
                    raise ValueError("cut short")
            else:
                raise ValueError("no such wire type here")
            found.append((tag >> 3, value))
    except IndexError:
        raise ValueError("cut short") from None
    return found


def outputs(result):
    """[(path, hash, size)]"""
    found = []
    for number, output in fields(result):
        if number != OUTPUT_FILES:
            continue
        one = dict(fields(output))
        digest = dict(fields(one[DIGEST]))
        path, name = one[PATH].decode(), digest[HASH].decode()
        if path == "" or path.startswith("/") or not re.fullmatch("[0-9a-f]{64}", name):
            raise ValueError(f"{path} {name}")
        found.append((path, name, digest.get(SIZE, 0)))
    return found


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, data=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def do_GET(self):
        with self.server.lock:
            data = self.server.kept.get(self.path)
            if data is not None and "/ac/" in self.path and not self.server.has_all(data):
                data = None
            self.server.given[self.path] = self.server.given.get(self.path, 0) + (data is not None)
        self.answer(404 if data is None else 200, data or b"")

    do_HEAD = do_GET

    def do_PUT(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        kind, name = self.path.rsplit("/", 2)[1:]
        try:
            if kind == "ac":
                outputs(data)
                data += bytes([METADATA << 3 | 2, 11, 1 << 3 | 2, 9]) + b"127.0.0.1"
            elif hashlib.sha256(data).hexdigest() != name:
                raise ValueError("another hash")
        except (ValueError, KeyError) as why:
            self.server.refused.append((self.path, str(why)))
            self.answer(400)
            return
        with self.server.lock:
            self.server.kept[self.path] = data
        self.answer(200)

    def log_message(self, *_):
        pass


class StrictCache(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.kept, self.given, self.refused = {}, {}, []
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def has_all(self, result):
        return all(len(self.kept.get(f"/cas/{name}", b"")) == size and f"/cas/{name}" in self.kept
                   for _, name, size in outputs(result))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()
        self.thread.join()
