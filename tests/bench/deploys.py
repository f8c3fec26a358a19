"""A deploy to the emulated Uno against avrdude alone, with the same .hex on the same emulator."""

import json
import os
import subprocess

from builds import FQBN, Sketches
from common import Row, in_turns


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


def measure(bench, rounds):
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
