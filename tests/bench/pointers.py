"""Pulls and checks of a project with very many pointers, all of which are in their places.

Beside them is a walk that finds the pointers and does nothing else (lnk_walk.c). The first pull of a
daemon walks as well; later ones rest on what the kernel tells.
"""

import hashlib
import http.server
import json
import os
import shutil
import threading

import pulls
from common import Row, in_turns, spawn_seconds

POINTERS = 10_000
CONTENTS = 100


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words):
        pass


def make(folder, url):
    """POINTERS files that point to CONTENTS different contents."""
    for i in range(POINTERS):
        path = f"/{i % CONTENTS}"
        where = os.path.join(folder, f"group{i // 100:03}")
        os.makedirs(where, exist_ok=True)
        with open(os.path.join(where, f"file{i % 100:03}.bin.lnk"), "w", encoding="utf-8") as f:
            json.dump({"v": 1, "url": url + path,
                       "sha256": hashlib.sha256(path.encode()).hexdigest()}, f)


def pull(bench, folder):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    make(folder, f"http://127.0.0.1:{server.server_port}")
    bench.run(bench.jig("-q", "lnk", "pull", folder))
    server.shutdown()
    server.server_close()
    thread.join()


def server_ms(bench, folder):
    lines = bench.run(bench.jig("--json", "lnk", "pull", folder)).strip().splitlines()
    return json.loads(lines[-1])["server_us"] / 1000


def after_restart(bench, folder):
    bench.stop_daemon()
    return server_ms(bench, folder)


def fresh(bench, rounds):
    """All of it: over the network, into the cache, and from there to where builds look."""
    nginx = pulls.Nginx(bench)
    listed = [line.split() for line in pulls.make_files(nginx).splitlines()]
    folder = bench.make("fresh")
    for i, (sha256, size, url) in enumerate(listed):
        with open(os.path.join(folder, f"file{i}.lnk"), "w", encoding="utf-8") as f:
            json.dump({"v": 1, "url": url, "sha256": sha256, "size": int(size)}, f)
    curl = pulls.write(bench.path("curl"), "".join(f'url = "{row[2]}"\n' for row in listed))
    piped = (f"curl -s -Z --no-progress-meter --parallel-max {pulls.AT_ONCE} -K {curl} "
             "| sha256sum")

    def ours():
        bench.stop_daemon()
        shutil.rmtree(bench.env["XDG_CACHE_HOME"])
        shutil.rmtree(os.path.join(folder, ".jig"), ignore_errors=True)
        bench.make("cache")
        return server_ms(bench, folder)

    t = in_turns(min(rounds, 3), jig=ours,
                 rival=lambda: 1000 * bench.timed(["sh", "-c", piped]))
    nginx.close()
    return Row(f"lnk pull, {pulls.COUNT} pointers, {pulls.TOTAL >> 20} MiB", "ms", t["jig"],
               t["rival"], "curl -Z | sha256sum", 1 / 0.9,
               "jig syncs each file in the cache and puts a copy where builds look")


def measure(bench, rounds):
    folder = bench.make("pointers")
    pull(bench, folder)
    walker = [os.path.join(bench.programs, "lnk_walk"), folder]
    walk = lambda: float(bench.run(walker)) / 1000  # noqa: E731
    first = in_turns(rounds, jig=lambda: after_restart(bench, folder), walk=walk)
    turn = threading.Event()
    while server_ms(bench, folder) > first["walk"]:  # until it is watched
        turn.wait(0.05)
    commands = {name: bench.jig("lnk", name, folder) for name in ("pull", "check")}
    t = in_turns(10 * rounds, walk=walk, **{
        name: lambda words=words: 1000 * spawn_seconds(words, bench.env)
        for name, words in commands.items()})
    bare = "a walk that finds the pointers"
    return [Row(f"warm lnk pull, {POINTERS} pointers", "ms", t["pull"], t["walk"], bare, 1.5),
            Row(f"warm lnk check, {POINTERS} pointers", "ms", t["check"], t["walk"], bare, 1.5),
            Row("lnk pull after a restart", "ms", first["jig"], first["walk"], bare),
            fresh(bench, rounds)]
