"""Whole processes and memory: what a short call costs, and what an idle daemon keeps."""

import json

from builds import FQBN, Sketches
from common import Row, in_turns, spawn_seconds


def daemon_status(bench):
    last = bench.run(bench.jig("--json", "daemon", "status")).strip().splitlines()[-1]
    return json.loads(last)


def resident_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    raise SystemExit(f"bench: /proc/{pid}/status has no VmRSS")


def measure(bench, rounds):
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
