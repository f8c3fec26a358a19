"""Projects with pointers, and a server that has what they point to."""

import hashlib
import http.server
import io
import json
import subprocess
import threading
import zipfile

UNO = "[env:uno]\nplatform = atmelavr\nboard = uno\nframework = arduino\n"
MAIN = "#include <Arduino.h>\n{}\nvoid setup() {{ Serial.begin(9600); {} }}\nvoid loop() {{}}\n"


class Server:
    """Files on this machine's own http."""

    def __init__(self):
        self.files = {}
        self.asked = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append(self.path)
                body = outer.files.get(self.path)
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_words):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self.thread.start()

    def put(self, name, body):
        self.files["/" + name] = body
        return self.url(name)

    def url(self, name):
        return f"http://127.0.0.1:{self.http.server_port}/{name}"

    def close(self):
        if self.thread is not None:
            self.http.shutdown()
            self.http.server_close()
            self.thread.join()
            self.thread = None


def zipped(folder):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                z.write(path, str(path.relative_to(folder)))
    return out.getvalue()


def pointer(url, body, **more):
    return json.dumps({"v": 1, "url": url, "sha256": hashlib.sha256(body).hexdigest(), **more})


def build(bench, folder):
    return bench.build(folder, fqbn=None)


def steps(result):
    return {r["step"] for r in result["reasons"]}


def symbols(elf):
    listed = subprocess.run(["avr-nm", elf], check=True, capture_output=True, text=True).stdout
    return {line.split()[-1]: int(line.split()[0], 16) for line in listed.splitlines()
            if len(line.split()) == 3}


def archive(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for name, text in files.items():
            z.writestr(name, text)
    return out.getvalue()
