"""A machine of a test's own, to which USB boards are plugged in and out while the real daemon runs.

    machine = Machine(bench)            folders that stand in for /sys and /dev (tests/support/usb_bench.c)
    machine.start_daemon()              jigd, in that machine; the bench's `jig` finds it by its socket
    board = machine.board("8573")       an emulated Uno with a USB serial number and a flash of its own
    board.plug("1-1", "ttyACM0")        where, and under which name
    board.unplug()                      it loses its power, too

The upload tool lives in that machine as well: an overlay puts a script in its place.
"""

import json
import os
import subprocess

from jig_bench import BIN

VID, PID = "2341", "0043"  # Arduino's own, of an Uno R3
PRELOAD = f"{BIN}/usb_bench_paths.so libumockdev-preload.so.0"
OVERLAY = """overlay.reason=the upload tool has to see the boards of the test's machine
overlay.match.vendor=arduino
overlay.match.architecture=avr
tools.avrdude.cmd.path={tool}
"""


class Machine:
    def __init__(self, bench):
        self.bench = bench
        self.boards = []
        # umockdev is preloaded, and so comes before a sanitizer's library.
        asan = ":".join(filter(None, [bench.env.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))
        self.env = {**bench.env, "LD_PRELOAD": PRELOAD, "ASAN_OPTIONS": asan}
        self.process = subprocess.Popen([BIN / "usb_bench"], env=self.env, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.env["UMOCKDEV_DIR"] = self.process.stdout.readline().strip()

    def say(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        assert answer == "ok", f"{words}: {answer}"

    def configure(self, conf=""):
        """The bench's jigd.conf, with the upload tool's place in it."""
        tool = self.bench.folder / "avrdude"
        tool.write_text(f"#!/bin/sh\nexec env LD_PRELOAD='{PRELOAD}' "
                        f"UMOCKDEV_DIR={self.env['UMOCKDEV_DIR']} avrdude \"$@\"\n")
        tool.chmod(0o755)
        overlays = self.bench.folder / "overlays"
        overlays.mkdir(exist_ok=True)
        (overlays / "tool.txt").write_text(OVERLAY.format(tool=tool))
        self.bench.configure(f"[build]\noverlays = {overlays}\n{conf}")

    def start_daemon(self, conf=""):
        self.configure(conf)
        subprocess.run([BIN / "jigd"], env=self.env, check=True, stdin=subprocess.DEVNULL,
                       capture_output=True)

    def board(self, serial):
        self.boards.append(Board(self, serial))
        return self.boards[-1]

    def close(self):
        for board in self.boards:
            board.power_off()
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class Board:
    def __init__(self, machine, serial):
        self.machine, self.serial = machine, serial
        self.id = f"usb:{VID}:{PID}:{serial}"
        self.flash = machine.bench.folder / f"{serial}.flash"
        self.process = self.place = self.tty = None
        self.pty = None  # what the name in /dev leads to, for programs outside the machine

    def power_on(self):
        self.process = subprocess.Popen(
            [BIN / "jig-emulator-uno", "--flash", self.flash, "--exit-with-stdin"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pty = json.loads(self.process.stdout.readline())["port"]

    def power_off(self):
        if self.process is None:
            return
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.process = None

    def plug(self, place, tty):
        self.power_on()
        self.place, self.tty = place, tty
        self.machine.say("plug", place, tty, VID, PID, self.serial, self.pty)
        return self

    def unplug(self):
        self.power_off()
        self.machine.say("unplug", self.place, self.tty)

    @property
    def port(self):
        return f"/dev/{self.tty}"

    def opened_by_another(self):
        """As `cat` would, for a moment."""
        os.close(os.open(self.pty, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))
