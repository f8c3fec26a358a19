"""Projects in which nothing changed, or one file: what their size costs.

The small project is a Blink, the large ones are big.py's. Times are the daemon's own (server_us),
but for the edit, which stands beside the tools that have to run for it.
"""

import json
import os
import signal
import statistics
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
        c = s["counters"]
        quiet = c["watch.pending"] == 0 and c["watch.maybe_open"] == 0
        if quiet and s["memos"]["builds"]["entries"] >= projects:
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


def compile_alone_us(bench, folder, unit):
    """One source's compile as jig runs it, without jig (which stands still meanwhile)."""
    (command,) = tool_commands(folder, unit)
    words = list(command["arguments"])
    words[words.index("-o") + 1] = bench.path("scratch.o")
    daemon = result(bench, bench.jig("--json", "daemon", "status"))["pid"]
    here = os.getcwd()
    os.chdir(command["directory"])
    os.kill(daemon, signal.SIGSTOP)
    began = time.monotonic()
    pid = os.posix_spawn(words[0], words, bench.env)  # subprocess takes 1 ms more than the tool
    _, status = os.waitpid(pid, 0)
    took = 1e6 * (time.monotonic() - began)
    os.kill(daemon, signal.SIGCONT)
    os.chdir(here)
    assert status == 0, f"{words} failed"
    return took


def edit(bench, folder, build, headers, rounds):
    """One source edited: the whole operation, what its tools took of it, and what is above these.

    The tools are the same compile run right before, the linker's own run within the operation, and
    what follows it there, several tools at once. A machine's speed wanders by more than what is
    looked for, so that is the median of the differences, not the difference of the medians.
    """
    whole, tools, above = [], [], []
    unit = big.source_name(3)
    for i in range(rounds):
        alone = []
        for _ in range(3):
            wait_watched(bench, 1)  # as before the build: a compile right after another is quicker
            alone.append(compile_alone_us(bench, folder, unit))
        compiled = statistics.mean(alone)
        wait_watched(bench, 1)  # the compiler had a thousand files open
        big.edit_source(folder, 3, headers, i + 1)
        lines = [json.loads(line) for line in bench.run(build).strip().splitlines()]
        (linked,) = [e["duration_us"] for e in lines if e.get("state") == "finished" and
                     e["step"].startswith("link ")]
        whole.append(lines[-1]["server_us"])
        tools.append(compiled + linked + lines[-1]["phases_us"]["convert"])
        above.append(whole[-1] - tools[-1])
    return statistics.median(whole), statistics.median(tools), statistics.median(above)


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
    whole, tools, above = edit(bench, folder, build, headers, 5 * rounds)
    label = f"{size:,} files"
    return [Row(f"no-op, {label}", "us", warm, small_us, "the same of a Blink", 1.2),
            Row(f"first after a restart, {label}", "us", first, bare, "a bare parallel stat walk", 1.3),
            Row(f"one source edited, {label}", "us", whole, tools, "its compile and link alone"),
            Row(f"  what is above these, {label}", "us", above, 2000, "2 ms", 1),
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
