"""What the benchmarks share: timing whole processes, taking turns, and rows of results.

Every figure stands beside a rival's or a limit's from the same run on the same machine, taken in
turns with it, so that a busy machine slows both. What is printed is the median, unless it says p99
or p90.
"""

import os
import resource
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CORES = len(os.sched_getaffinity(0))


class Row:
    """One line of the table: ours against a rival or a limit. Lower is better for all of them."""

    def __init__(self, what, unit, ours, rival, rival_name, wanted=None, note=""):
        self.what, self.unit, self.ours = what, unit, ours
        self.rival, self.rival_name = rival, rival_name
        self.wanted = wanted  # the ratio that is expected, at most
        self.note = note

    @property
    def ratio(self):
        return self.ours / self.rival if self.rival else None

    def as_json(self):
        return {"what": self.what, "unit": self.unit, "ours": self.ours, "rival": self.rival,
                "rival_name": self.rival_name, "ratio": self.ratio, "wanted_at_most": self.wanted,
                "note": self.note}


class Bench:
    """A folder of its own, an environment of its own, and the daemon in it."""

    def __init__(self, binaries):
        self.bin = binaries
        self.programs = os.path.join(os.path.dirname(binaries), "bench")  # of tests/bench
        self.folder = tempfile.mkdtemp(prefix="jig-bench-", dir="/tmp")
        self.env = {"PATH": f"{binaries}:/usr/bin:/bin", "LC_ALL": "C.UTF-8",
                    "HOME": self.make("home"), "XDG_RUNTIME_DIR": self.make("run"),
                    "XDG_STATE_HOME": self.make("state"), "XDG_CACHE_HOME": self.make("cache")}

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def make(self, *names):
        os.makedirs(self.path(*names), mode=0o700, exist_ok=True)
        return self.path(*names)

    def jig(self, *words):
        return [os.path.join(self.bin, "jig"), *words]

    def run(self, words, **options):
        """Runs to the end and gives stdout; a failure stops the benchmark with what it printed."""
        options.setdefault("env", self.env)
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False, cwd=self.folder, **options)
        if done.returncode != 0:
            raise SystemExit(f"bench: {' '.join(words)} failed with {done.returncode}:\n"
                             f"{done.stdout}{done.stderr}")
        return done.stdout

    def timed(self, words, **options):
        """Seconds of wall-clock time of a whole process."""
        began = time.monotonic()
        self.run(words, **options)
        return time.monotonic() - began

    def stop_daemon(self):
        subprocess.run(self.jig("daemon", "stop", "--force"), env=self.env, check=False,
                       stdin=subprocess.DEVNULL, capture_output=True)

    def close(self):
        self.stop_daemon()
        shutil.rmtree(self.folder, ignore_errors=True)


def spawn_seconds(words, env):
    """Seconds from posix_spawn to the reaping of a process whose output goes nowhere."""
    quiet = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in (0, 1, 2)]
    began = time.perf_counter()
    pid = os.posix_spawn(words[0], words, env, file_actions=quiet)
    _, status = os.waitpid(pid, 0)
    took = time.perf_counter() - began
    if status != 0:
        raise SystemExit(f"bench: {' '.join(words)} ended with status {status}")
    return took


class Listener:
    """A unix socket for the bare process: its connections wait, and are dropped now and then."""

    def __init__(self, path):
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.bind(path)
        self.socket.listen(64)
        self.socket.setblocking(False)

    def drain(self):
        try:
            while True:
                self.socket.accept()[0].close()
        except BlockingIOError:
            pass

    def close(self):
        self.socket.close()


def quantile(values, q):
    return sorted(values)[min(len(values) - 1, int(q * len(values)))]


def all_in_turns(rounds, **cases):
    """Runs each case once a round, the order turned by one each time: name -> what each gave."""
    names = list(cases)
    taken = {name: [] for name in names}
    for i in range(rounds):
        for name in names[i % len(names):] + names[:i % len(names)]:
            taken[name].append(cases[name]())
    return taken


def in_turns(rounds, **cases):
    """As all_in_turns, with the median of each."""
    taken = all_in_turns(rounds, **cases)
    return {name: statistics.median(values) for name, values in taken.items()}


def cpu_seconds(commands, env, cwd):
    """User and system time that the commands and their children take, one after another."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for words in commands:
        subprocess.run(words, env=env, cwd=cwd, check=True, stdin=subprocess.DEVNULL,
                       capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
