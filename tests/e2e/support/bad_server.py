"""An HTTP server on loopback that misbehaves on request, for tests that pull, install or fetch.

    with BadServer() as server:
        server.put("/a.zip", data)                       # ranges, ETag, If-None-Match: as it should
        server.put("/b.zip", data, Cut(1000), Status(503))  # the first two answers, then as above
        server.put("/c.zip", data, always=NoRange())
        url = server.url("/a.zip")
        server.requests                                  # [(method, path, headers)], in order

What misbehaves is an object with `answer(handler, data)`; each put has a list of them, one a request,
and `always` for the rest. PUT requests are kept under their path unless `writable` is off.
"""

import hashlib
import http.server
import re
import ssl
import threading


class Good:
    """Ranges, If-Range, If-None-Match and HEAD."""

    ranges = True
    etag = True

    def answer(self, handler, data):
        tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        if self.etag and handler.headers.get("If-None-Match") == tag:
            handler.begin(304, {"ETag": tag})
            return
        first = self.first(handler, data, tag)
        headers = {"Content-Length": len(data) - first}
        if self.etag:
            headers["ETag"] = tag
        if first:
            headers["Content-Range"] = f"bytes {first}-{len(data) - 1}/{len(data)}"
        handler.begin(206 if first else 200, headers)
        self.send(handler, data[first:])

    def first(self, handler, data, tag):
        """Where the asked range begins; 0 for all."""
        asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        same = handler.headers.get("If-Range", tag) == tag
        return int(asked[1]) if self.ranges and asked and same and int(asked[1]) < len(data) else 0

    def send(self, handler, data):
        handler.write(data)


class NoRange(Good):
    """All of it, whatever part is asked for."""

    ranges = False


class NoTag(Good):
    """Nothing that says which version it is."""

    etag = False


class Cut(Good):
    """Announces all of it, and ends after n bytes."""

    def __init__(self, n):
        self.n = n

    def send(self, handler, data):
        handler.write(data[: self.n])
        handler.close_connection = True


class Stall(Cut):
    """Sends n bytes and then nothing, until the client or the server goes."""

    def send(self, handler, data):
        handler.write(data[: self.n])
        handler.server.closing.wait()
        handler.close_connection = True


class Gate(Cut):
    """Sends n bytes, says so (`reached`), and waits for `open` before the rest."""

    def __init__(self, n):
        super().__init__(n)
        self.reached = threading.Event()
        self.open = threading.Event()

    def send(self, handler, data):
        handler.write(data[: self.n])
        self.reached.set()
        self.open.wait()
        handler.write(data[self.n :])


class Never:
    """No answer at all."""

    def answer(self, handler, data):
        handler.server.closing.wait()
        handler.close_connection = True


class Other(Good):
    """Something else than what the path has: another hash, another length."""

    def __init__(self, data):
        self.data = data

    def answer(self, handler, data):
        super().answer(handler, self.data)


class Status:
    """A status, with headers."""

    def __init__(self, status, **headers):
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def answer(self, handler, data):
        handler.begin(self.status, {"Content-Length": 0, **self.headers})


class Redirect(Status):
    """To another path or another host."""

    def __init__(self, to, status=302):
        super().__init__(status, Location=to)


class WrongRange:
    """206 with a part that nobody asked for."""

    def answer(self, handler, data):
        handler.begin(206, {"Content-Length": 3, "Content-Range": f"bytes 7-9/{len(data)}"})
        handler.write(b"abc")


class NeedsAuthorization(Good):
    """401 without just this header."""

    def __init__(self, value):
        self.value = value

    def answer(self, handler, data):
        if handler.headers.get("Authorization") == self.value:
            super().answer(handler, data)
        else:
            handler.begin(401, {"Content-Length": 0, "WWW-Authenticate": "Basic"})


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def begin(self, status, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()

    def write(self, data):
        if self.command != "HEAD":
            self.wfile.write(data)

    def do_GET(self):
        data, how = self.server.take(self)
        if data is None:
            how = Status(404)
        try:
            how.answer(self, data)
            self.wfile.flush()
        except OSError:
            self.close_connection = True  # the client has gone

    do_HEAD = do_GET

    def do_PUT(self):
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.take(self)
        if self.server.writable:
            self.server.put(self.path, data)
        self.begin(201 if self.server.writable else 403, {"Content-Length": 0})

    def log_message(self, *_):
        pass


class BadServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, writable=True, tls=None):
        """tls: (certificate, key), the paths of PEM files."""
        super().__init__(("127.0.0.1", 0), Handler)
        self.writable = writable
        self.scheme = "https" if tls else "http"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.closing = threading.Event()
        self.lock = threading.Lock()
        self.paths = {}  # path -> [data, first answers, always]
        self.requests = []
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def put(self, path, data, *first, always=Good()):
        with self.lock:
            self.paths[path] = [data, list(first), always]

    def take(self, handler):
        with self.lock:
            self.requests.append((handler.command, handler.path, dict(handler.headers)))
            data, first, always = self.paths.get(handler.path, (None, [], None))
            return data, first.pop(0) if first else always

    def asked(self, path):
        """How often."""
        with self.lock:
            return sum(1 for _, p, _ in self.requests if p == path)

    def url(self, path, host="127.0.0.1"):
        return f"{self.scheme}://{host}:{self.server_address[1]}{path}"

    def close(self):
        self.closing.set()
        self.shutdown()
        self.server_close()
        self.thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def handle_error(self, request, client_address):
        pass  # clients that go away are what some tests are about
