"""`./dev demo`, after what it builds: a newcomer's first minute, and its abrupt end."""

import os
import re
import signal
import subprocess

import pytest

from jig_bench import BIN, PATIENCE, ROOT, processes_of

STEPS = ["devices list", "build hello-uno", "deploy hello-uno", "build blink-pio", "ops list",
         "daemon stop"]


class Demo:
    """The script in a process group of its own, as in a terminal. Its processes and its daemon are
    told of `home`."""

    def __init__(self):
        self.process = subprocess.Popen(
            [str(ROOT / "scripts" / "demo"), str(BIN)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        self.out = ""
        self.read_until("removed at the end")
        self.home = re.search(r"/tmp/jig-demo-\w+", self.out).group()

    def read_until(self, text):
        while text not in self.out:
            line = self.process.stdout.readline()
            assert line, f"no {text!r} in:\n{self.out}"
            self.out += line

    def finish(self):
        self.out += self.process.communicate(timeout=PATIENCE)[0]
        return self.process.returncode


@pytest.fixture
def demo():
    made = Demo()
    yield made
    made.process.kill()
    made.process.communicate()
    left = processes_of(made.home)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left, f"left behind: {left}"
    assert not os.path.exists(made.home)


def test_demo(demo, shared):
    """It shows what it says, and another daemon of the same user does not notice."""
    mine = shared.start_daemon()
    demo.read_until("$ jig deploy")
    assert any("jigd" in line for line in processes_of(demo.home).values())
    assert demo.finish() == 0, demo.out
    at = [demo.out.index(f"$ jig {step}") for step in STEPS]
    assert at == sorted(at)
    heard = demo.out[at[2]:at[3]]
    assert "Hello from an Arduino Uno" in heard and "up for 2 s" in heard
    assert "up to date" in demo.out and "jigd is gone" in demo.out
    assert shared.daemon_pid() == mine


@pytest.mark.parametrize("moment, number", [
    ("$ jig devices list", signal.SIGINT), ("$ jig build", signal.SIGINT),
    ("$ jig deploy", signal.SIGINT), ("Hello from an Arduino Uno", signal.SIGINT),
    ("$ jig deploy", signal.SIGHUP)])
def test_demo_broken_off(demo, moment, number):
    """Ctrl-C, or a terminal that is closed, leaves no daemon, no board and no folder."""
    demo.read_until(moment)
    os.killpg(demo.process.pid, number)
    assert demo.finish() == 128 + number, demo.out
    assert "broken off" in demo.out.splitlines()[-1]
