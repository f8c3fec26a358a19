"""Deploys to the emulated Uno: cold against avrdude alone, with the same .hex on the same emulator;
warm, when the board is known to hold the image, against what was asked for; and how fast an image is
hashed, against `openssl speed`.
"""

import json
import os
import subprocess

from builds import FQBN, Sketches
from common import Row, all_in_turns, in_turns, quantile, spawn_seconds


class Emulator:
    """An emulated Uno of our own, for avrdude."""

    def __init__(self, bench):
        folder = bench.make("emulator")
        self.process = subprocess.Popen(
            [os.path.join(bench.bin, "jig-emulator-uno"), "--exit-with-stdin", "--flash",
             os.path.join(folder, "flash")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=bench.env)
        self.port = json.loads(self.process.stdout.readline())["port"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def avrdude(port, image):
    """What platform.txt's tools.avrdude.upload.pattern comes to for an Uno, its verify included."""
    return ["/usr/bin/avrdude", "-C/etc/avrdude.conf", "-q", "-q", "-patmega328p", "-carduino",
            f"-P{port}", "-b115200", "-D", f"-Uflash:w:{image}:i"]


def cold(bench, rounds):
    sketch = Sketches(bench).fresh()
    built = json.loads(bench.run(bench.jig("--json", "build", sketch, "--fqbn", FQBN)).splitlines()[-1])
    image = built["artifacts"]["hex"]
    deploy = bench.jig("deploy", sketch, "--fqbn", FQBN, "-d", "emulated:uno", "--trust", "none")
    emulator = Emulator(bench)
    try:
        bench.run(deploy)
        t = in_turns(rounds, jig=lambda: bench.timed(deploy),
                     rival=lambda: bench.timed(avrdude(emulator.port, image)))
    finally:
        emulator.close()
    return [Row("deploy to the emulated Uno", "ms", 1000 * t["jig"], 1000 * t["rival"],
                "avrdude alone")]


def warm(bench, rounds):
    """Nothing changed since the last deploy, and trust is asked for."""
    sketch = Sketches(bench).fresh()
    deploy = bench.jig("deploy", sketch, "--fqbn", FQBN, "-d", "emulated:uno", "--trust", "session")
    build = bench.jig("build", sketch, "--fqbn", FQBN)
    for _ in range(3):
        bench.run(deploy)
    t = all_in_turns(60 * rounds, jig=lambda: spawn_seconds(deploy, bench.env),
                     rival=lambda: spawn_seconds(build, bench.env))
    p50 = {name: 1000 * quantile(values, 0.5) for name, values in t.items()}
    url = "ipc://" + os.path.join(bench.env["XDG_RUNTIME_DIR"], "jig", "jigd.sock")
    program = os.path.join(bench.programs, "trusted_deploys")
    us = json.loads(bench.run([program, url, "1000", "emulated:uno", sketch, FQBN]))["server"]
    limit = "the limit that we set"
    return [
        Row("trusted deploy, whole process", "ms", p50["jig"], p50["rival"], "the no-op build's", 1.3),
        Row("1,000 trusted deploys, server, p50", "us", us["p50_us"], 100, limit, 1.0),
        Row("1,000 trusted deploys, server, p99", "us", us["p99_us"], 300, limit, 1.0),
    ]


def openssl_mb_s(bench):
    """`openssl speed` counts in thousands of bytes a second: sha256  1674887.61k."""
    said = bench.run(["openssl", "speed", "-evp", "sha256", "-bytes", "16384", "-seconds", "1"])
    return float(said.splitlines()[-1].split()[1].rstrip("k")) / 1000


def hashing(bench, rounds):
    image = bench.path("image.bin")
    with open(image, "wb") as f:
        f.write(os.urandom(1 << 20) * 64)
    program = os.path.join(bench.programs, "hash_speed")
    ours, rival = [], []
    for _ in range(min(rounds, 5)):
        ours.append(json.loads(bench.run([program, image, "500"])))
        rival.append(openssl_mb_s(bench))
    per_64_mb = {what: 64 * 1000 / quantile([o[what] for o in ours], 0.5) for what in ours[0]}
    openssl = 64 * 1000 / quantile(rival, 0.5)
    return [Row("SHA-256 of 64 MB in memory", "ms", per_64_mb["memory_mb_s"], openssl,
                "openssl speed"),
            Row("an image's hash, 64 MB, read anew", "ms", per_64_mb["image_mb_s"], openssl,
                "openssl speed")]


def measure(bench, rounds):
    return cold(bench, rounds) + warm(bench, rounds) + hashing(bench, rounds)
