"""Projects in which nothing changed, or one file: what their size costs.

The small project is a Blink, the large ones are big.py's. Times are the daemon's own (server_us),
but for the edit, which stands beside the tools that have to run for it.
"""

import json
import os
import statistics
import subprocess
import threading
import time

import big
from builds import FQBN, Sketches
from common import Row, quantile

SIZES = (10_000, 100_000)


def result(bench, words):
    return json.loads(bench.run(words).strip().splitlines()[-1])


def stats(bench):
    return result(bench, bench.jig("--json", "daemon", "stats"))


def wait_watched(bench, projects):
    """Until so many projects are watched and nothing is at work behind the answers."""
    turn = threading.Event()
    while True:
        s = stats(bench)
        if s["counters"]["watch.pending"] == 0 and s["memos"]["builds"]["entries"] >= projects:
            return s
        turn.wait(0.05)


def warm_us(bench, build, times):
    return [result(bench, build)["server_us"] for _ in range(times)]


def files_of(folder):
    found = []
    for where, folders, files in os.walk(folder):
        found += [os.path.join(where, name) for name in folders + files]
    return found


def restart(bench):
    bench.stop_daemon()
    bench.run(bench.jig("daemon", "start"))


def after_restart(bench, build, paths, rounds):
    """The first build of a fresh daemon, and a bare walk of the same files, in turns."""
    with open(bench.path("paths"), "w", encoding="utf-8") as f:
        f.write("".join(p + "\n" for p in paths))
    ours, bare = [], []
    for _ in range(rounds):
        restart(bench)
        ours.append(result(bench, build)["server_us"])
        wait_watched(bench, 1)
        bare.append(float(bench.run([os.path.join(bench.programs, "stat_walk"),
                                     bench.path("paths")])))
    return statistics.median(ours), statistics.median(bare)


def tool_commands(folder, unit):
    """The compile of one source, as it is run."""
    (commands,) = [p for p in files_of(os.path.join(folder, ".jig")) if p.endswith("commands.json")]
    with open(commands, encoding="utf-8") as f:
        return [c for c in json.load(f) if c["file"].endswith(unit)]


def edit(bench, folder, build, headers, rounds):
    """One source edited: the whole operation, and what its tools took of it."""
    over, whole = [], []
    for i in range(rounds):
        wait_watched(bench, 1)
        big.edit_source(folder, 3, headers, i + 1)
        r = result(bench, build)
        whole.append(r["server_us"])
        began = time.monotonic()
        for c in tool_commands(folder, big.source_name(3)):
            words = list(c["arguments"])
            words[words.index("-o") + 1] = bench.path("scratch.o")
            subprocess.run(words, cwd=c["directory"], check=True, capture_output=True)
        compile_us = 1e6 * (time.monotonic() - began)
        over.append(compile_us + r["phases_us"].get("link", 0) + r["phases_us"].get("convert", 0))
    return statistics.median(whole), statistics.median(over)


def large(bench, size, small_us, rounds):
    folder = bench.path(f"big{size}")
    headers = big.make(folder, size)
    build = bench.jig("--json", "build", folder)
    bench.run(build)
    s = wait_watched(bench, 1)
    names, size_bytes = s["counters"]["watch.names"], s["counters"]["watch.bytes"]
    warm = statistics.median(warm_us(bench, build, 20 * rounds))
    paths = [p for p in files_of(folder) if "/.jig/" not in p]
    first, bare = after_restart(bench, build, paths, rounds)
    whole, tools = edit(bench, folder, build, headers, max(3, rounds // 2))
    label = f"{size:,} files"
    return [Row(f"no-op, {label}", "us", warm, small_us, "the same of a Blink", 1.2),
            Row(f"first after a restart, {label}", "us", first, bare, "a bare parallel stat walk", 1.3),
            Row(f"one source edited, {label}", "us", whole, tools, "its compile and link alone"),
            Row(f"  what is above these, {label}", "us", whole - tools, 2000, "2 ms", 1),
            Row(f"watch state, {label}", "B", size_bytes / names, 300, "300 bytes a name", 1)]


def measure(bench, rounds):
    sketch = Sketches(bench).fresh()
    build = bench.jig("--json", "build", sketch, "--fqbn", FQBN)
    bench.run(build)
    wait_watched(bench, 1)
    taken = warm_us(bench, build, 100 * rounds)
    small = statistics.median(taken)
    rows = [Row("no-op of a Blink, in the daemon, p99", "us", quantile(taken, 0.99), small,
                "its median")]
    for size in SIZES:
        restart(bench)
        rows += large(bench, size, small, rounds)
    return rows
