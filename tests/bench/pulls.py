"""Downloads, archives and hashes of files: 200 things of 1 GiB in all from nginx on loopback."""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import tarfile

from common import Row, in_turns

COUNT = 200
TOTAL = 1 << 30
AT_ONCE = 8

CONF = """
pid {0}/nginx.pid; error_log {0}/error.log; daemon off; worker_processes 1;
events {{ worker_connections 256; }}
http {{
    access_log off; sendfile on;
    client_body_temp_path {0}/t1; proxy_temp_path {0}/t2; fastcgi_temp_path {0}/t3;
    uwsgi_temp_path {0}/t4; scgi_temp_path {0}/t5;
    server {{ listen 127.0.0.1:{1}; root {0}/www; }}
}}
"""


class Nginx:
    """One worker that serves bench.path("nginx", "www")."""

    def __init__(self, bench):
        self.folder = bench.make("nginx")
        self.www = bench.make("nginx", "www")
        os.chmod(bench.folder, 0o755)  # its worker is another user when root starts it
        for name in ("nginx", "nginx/www"):
            os.chmod(bench.path(name), 0o755)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        with open(bench.path("nginx", "conf"), "w", encoding="utf-8") as f:
            f.write(CONF.format(self.folder, self.port))
        self.process = subprocess.Popen([shutil.which("nginx", path="/usr/sbin:/usr/bin"), "-e",
                                         f"{self.folder}/error.log", "-c", f"{self.folder}/conf"],
                                        stdin=subprocess.DEVNULL)
        while True:  # as fast as it can; it takes a few milliseconds
            if self.process.poll() is not None:
                raise SystemExit("bench: nginx does not start")
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                continue

    def url(self, name):
        return f"http://127.0.0.1:{self.port}/{name}"

    def close(self):
        self.process.terminate()
        self.process.wait()


def make_files(nginx):
    """The list that pull_speed reads. What is in the files does not repeat."""
    block = os.urandom(1 << 20)
    size = TOTAL // COUNT
    rows = []
    for i in range(COUNT):
        data = (i.to_bytes(8, "little") + block * (size // len(block) + 1))[:size]
        with open(os.path.join(nginx.www, f"f{i}"), "wb") as f:
            f.write(data)
        rows.append(f"{hashlib.sha256(data).hexdigest()} {size} {nginx.url(f'f{i}')}\n")
    return "".join(rows)


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def pull(bench, pulled, *more):
    shutil.rmtree(bench.path("pulled"), ignore_errors=True)
    shutil.rmtree(bench.path("extracted"), ignore_errors=True)
    program = os.path.join(bench.programs, "pull_speed")
    said = json.loads(bench.run([program, bench.path("pulled"), pulled, str(AT_ONCE), *more]))
    return said


def many(bench, nginx, rounds):
    listed = make_files(nginx)
    to_pull = write(bench.path("list"), listed)
    curl = write(bench.path("curl"), "".join(f'url = "{line.split()[2]}"\n'
                                             for line in listed.splitlines()))
    piped = f"curl -s -Z --no-progress-meter --parallel-max {AT_ONCE} -K {curl} | sha256sum"
    t = in_turns(min(rounds, 5), jig=lambda: pull(bench, to_pull)["pull_s"],
                     rival=lambda: bench.timed(["sh", "-c", piped]))
    return Row(f"pull {COUNT} files, {TOTAL >> 20} MiB", "ms", 1000 * t["jig"],
               1000 * t["rival"], "curl -Z | sha256sum", 1 / 0.9,
               "jig writes them to disk and syncs each; curl's go into a pipe")


def memory(bench, nginx):
    """1 GiB that compresses to half, downloaded and taken apart."""
    half = os.urandom(1 << 19)
    part = bench.path("part")
    with open(part, "wb") as f:
        for _ in range(32):
            f.write(half + bytes(1 << 19))
    archive = os.path.join(nginx.www, "a.tar.gz")
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        for i in range(TOTAL >> 25):
            tar.add(part, arcname=f"f{i}")
    with open(archive, "rb") as f:
        sha256 = hashlib.file_digest(f, "sha256").hexdigest()
    listed = write(bench.path("list1"), f"{sha256} {os.path.getsize(archive)} "
                                        f"{nginx.url('a.tar.gz')}\n")
    said = pull(bench, listed, archive, bench.path("extracted"))
    return Row("memory of a 1 GiB download + extract", "MiB",
               (said["peak_kib"] - said["idle_kib"]) / 1024, 20, "above idle; the limit that we set",
               1.0)


def hashing(bench, nginx, rounds):
    path = os.path.join(nginx.www, "a.tar.gz")
    program = os.path.join(bench.programs, "pull_speed")
    t = in_turns(min(rounds, 5), jig=lambda: bench.timed([program, "--hash", path]),
                     rival=lambda: bench.timed(["openssl", "dgst", "-sha256", path]))
    return Row(f"SHA-256 of a file, {os.path.getsize(path) >> 20} MiB", "ms", 1000 * t["jig"],
               1000 * t["rival"], "openssl dgst -sha256", 1 / 0.95)


def measure(bench, rounds):
    nginx = Nginx(bench)
    try:
        return [many(bench, nginx, rounds), memory(bench, nginx), hashing(bench, nginx, rounds)]
    finally:
        nginx.close()
