"""Whole processes, round trips and memory: what a short call costs, and what an idle daemon keeps.

The bare process is tests/bench/connect_once.c: it links the C library alone and connects to a unix
socket. The bare round trip is tests/bench/round_trips.c's: two processes on a socket pair.
"""

import json
import os

from builds import FQBN, ArduinoCli, Sketches
from common import Listener, Row, all_in_turns, in_turns, quantile, spawn_seconds


def daemon_status(bench):
    last = bench.run(bench.jig("--json", "daemon", "status")).strip().splitlines()[-1]
    return json.loads(last)


def resident_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    raise SystemExit(f"bench: /proc/{pid}/status has no VmRSS")


def warm_build(bench, rounds):
    """`jig build` of a project on which nothing changed."""
    sketch = Sketches(bench).fresh()
    build = bench.jig("build", sketch, "--fqbn", FQBN)
    bench.run(build)
    rival = ArduinoCli(bench)
    rival.compile(sketch)
    listener = Listener(bench.path("bare.sock"))
    bare = [os.path.join(bench.programs, "connect_once"), listener.path]

    def connect():
        took = spawn_seconds(bare, bench.env)
        listener.drain()
        return took

    t = all_in_turns(60 * rounds, jig=lambda: spawn_seconds(build, bench.env), bare=connect)
    slow = in_turns(rounds, rival=lambda: rival.compile(sketch))
    listener.close()
    p50, p90 = ({name: 1000 * quantile(values, q) for name, values in t.items()} for q in (0.5, 0.9))
    what = "no-op build, whole process"
    return [Row(what, "ms", p50["jig"], p50["bare"], "a bare process that connects once", 2.5),
            Row(what + ", p90", "ms", p90["jig"], p90["bare"], "the same"),
            Row(what, "ms", p50["jig"], 1000 * slow["rival"], "arduino-cli 1.0.4", 0.01)]


def round_trips(bench, rounds):
    """Calls in a row on one connection."""
    sketch = Sketches(bench).fresh()
    bench.run(bench.jig("build", sketch, "--fqbn", FQBN))
    url = "ipc://" + os.path.join(bench.env["XDG_RUNTIME_DIR"], "jig", "jigd.sock")
    t = json.loads(bench.run([os.path.join(bench.programs, "round_trips"), url, str(200 * rounds),
                              sketch, FQBN]))
    bare = "a bare socket pair's"
    return [Row(f"{what} in a row, {q}", "us", t[kind][q + "_us"], t["pingpong"][q + "_us"], bare)
            for what, kind in (("GetStatus", "status"), ("no-op StartBuild", "build"))
            for q in ("p50", "p99")]


def memory_and_status(bench, rounds):
    bench.stop_daemon()
    bench.run(bench.jig("daemon", "start"))
    idle = resident_bytes(daemon_status(bench)["pid"])
    status, env = bench.jig("daemon", "status"), bench.env
    t = in_turns(40 * rounds, jig=lambda: spawn_seconds(status, env),
                 true=lambda: spawn_seconds(["/bin/true"], env))
    for _ in range(3):
        bench.run(bench.jig("build", Sketches(bench).fresh(), "--fqbn", FQBN))
    after = resident_bytes(daemon_status(bench)["pid"])
    return [
        Row("jig daemon status, whole process", "ms", 1000 * t["jig"], 1000 * t["true"], "/bin/true"),
        Row("idle jigd, resident", "MB", idle / 1e6, 12.0, "the limit that we set", 1.0),
        Row("jigd after builds, resident", "MB", after / 1e6, 12.0, "the limit that we set"),
    ]


def measure(bench, rounds):
    return memory_and_status(bench, rounds) + warm_build(bench, rounds) + round_trips(bench, rounds)
