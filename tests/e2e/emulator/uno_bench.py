"""An emulated Uno to start, a client of its port, programs for it, and avrdude.

The programs under test are those of JIG_BUILD_DIR (default: build/dev in the tree).
"""

import json
import os
import pathlib
import select
import socket
import subprocess
import termios
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
BUILD = pathlib.Path(os.environ.get("JIG_BUILD_DIR", ROOT / "build" / "dev"))
UNO = BUILD / "bin" / "jig-emulator-uno"
BOOTLOADER = BUILD / "share" / "jig" / "emulators" / "optiboot_atmega328p.bin"

FLASH_SIZE = 32768
EEPROM_SIZE = 1024

# How long anything may take before a test gives up: far more than it does, for slow machines.
PATIENCE = 30.0


class Deadline:
    def __init__(self, seconds=PATIENCE):
        self.end = time.monotonic() + seconds

    def left(self, what):
        left = self.end - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"timed out: {what}")
        return left


class Port:
    """A client of a serial port. Without `baud` it sets no speed."""

    def __init__(self, path, baud=None):
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.got = b""
        if baud is not None:
            self.set_baud(baud)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.fd != -1:
            os.close(self.fd)
        self.fd = -1

    def set_baud(self, baud):
        speed = getattr(termios, f"B{baud}")
        settings = termios.tcgetattr(self.fd)
        settings[4] = settings[5] = speed
        termios.tcsetattr(self.fd, termios.TCSANOW, settings)

    def read_some(self, deadline, what):
        select.select([self.fd], [], [], deadline.left(what))
        try:
            self.got += os.read(self.fd, 65536)
        except BlockingIOError:
            pass

    def read_until(self, end):
        """Gives all up to `end` inclusive; what follows stays for the next call."""
        deadline = Deadline()
        while end not in self.got:
            self.read_some(deadline, f"no {end!r} in {self.got[-200:]!r}")
        at = self.got.index(end) + len(end)
        taken, self.got = self.got[:at], self.got[at:]
        return taken

    def read_exactly(self, n):
        deadline = Deadline()
        while len(self.got) < n:
            self.read_some(deadline, f"{len(self.got)} bytes of {n}")
        taken, self.got = self.got[:n], self.got[n:]
        return taken

    def write(self, data):
        deadline = Deadline()
        while data:
            select.select([], [self.fd], [], deadline.left(f"{len(data)} bytes left to write"))
            try:
                data = data[os.write(self.fd, data):]
            except BlockingIOError:
                pass


class Emulator:
    """A running jig-emulator-uno that ends with the test."""

    def __init__(self, folder, *options, flash="flash", wait=True):
        folder.mkdir(mode=0o700, exist_ok=True)
        self.folder = folder
        self.flash = folder / flash
        self.eeprom = folder / "eeprom"
        self.link = folder / "port"
        self.control_path = folder / "control"
        argv = [UNO, "--flash", self.flash, "--eeprom", self.eeprom, "--link", self.link]
        argv += ["--control", self.control_path, "--exit-with-stdin", *options]
        self.process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.hello = None
        self.socket = None
        if wait:
            line = self.process.stdout.readline()
            assert line, self.process.stderr.read().decode()
            self.hello = json.loads(line)

    def command(self, text):
        if self.socket is None:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(PATIENCE)
            self.socket.connect(str(self.control_path))
            self.answers = self.socket.makefile("r")
        self.socket.sendall(text.encode() + b"\n")
        return json.loads(self.answers.readline())

    def status(self):
        return self.command("status")

    def wait_for(self, holds, what):
        """Asks for the status, turn by turn of the emulator, until it `holds`."""
        deadline = Deadline()
        while True:
            status = self.status()
            if holds(status):
                return status
            deadline.left(f"{what}: {status}")

    def wait_for_application(self):
        return self.wait_for(lambda s: s["in"] == "application", "the application")

    def open(self, baud=None):
        return Port(self.link, baud)

    def end(self, how=None):
        """Ends it by closing its standard input, or as told; gives exit status and stderr."""
        if self.socket is not None:
            self.answers.close()
            self.socket.close()
        if how is not None:
            how()
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        said = self.process.stderr.read().decode()
        self.process.stdout.close()
        self.process.stderr.close()
        return self.process.returncode, said


class Program:
    """One of firmware/*.c, compiled."""

    def __init__(self, folder, name, **defines):
        stem = "-".join([name, *(f"{k}{v}" for k, v in sorted(defines.items()))])
        self.hex = folder / f"{stem}.hex"
        elf = folder / f"{stem}.elf"
        binary = folder / f"{stem}.bin"
        flags = [f"-D{k}={v}" for k, v in defines.items()]
        subprocess.run(
            ["avr-gcc", "-std=gnu99", "-Wall", "-Werror", "-Os", "-mmcu=atmega328p"]
            + ["-DF_CPU=16000000L", *flags, "-o", elf, HERE / "firmware" / f"{name}.c"],
            check=True,
        )
        for form, out in (("ihex", self.hex), ("binary", binary)):
            subprocess.run(["avr-objcopy", "-O", form, "-R", ".eeprom", elf, out], check=True)
        self.code = binary.read_bytes()
        self.image = self.code.ljust(FLASH_SIZE, b"\xff")


def avrdude(port, hex_file, baud=115200):
    """Starts a real upload."""
    argv = ["avrdude", "-q", "-q", "-p", "atmega328p", "-c", "arduino", "-b", str(baud), "-D"]
    argv += ["-P", str(port), "-U", f"flash:w:{hex_file}:i"]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def upload(emulator, program):
    with avrdude(emulator.link, program.hex) as tool:
        said, _ = tool.communicate(timeout=60)
    assert tool.returncode == 0, said
