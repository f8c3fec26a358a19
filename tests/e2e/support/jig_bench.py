"""A bench of its own for a test: home, daemon and projects in one folder, and the real `jig` to call.

    bench.sketch("blink", "void setup() {} void loop() {}")     a project folder
    bench.jig("build", folder)                                  -> Outcome, run to its end
    bench.start("deploy", folder, ...)                          -> Running, to watch and to signal

Every call has --json: an Outcome holds the parsed lines, and insists that they are what the command
line promises: events, then exactly one result or error. Nothing here waits for a length of time: a
wait is for a line, a process's end or a condition, and has a deadline.

close() ends the daemon as a user would and then demands that nothing is left: no process that was
started from here, no socket.

The programs under test are those of JIG_BUILD_DIR (default: build/dev in the tree). That variable
means something else to jig itself, so it never gets there.
"""

import contextlib
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("JIG_BUILD_DIR", ROOT / "build" / "dev"))
BIN = BUILD / "bin"
UNO = "arduino:avr:uno"

# How long anything may take before a test gives up: far more than it does, for slow machines.
PATIENCE = 90.0

EXIT_DONE, EXIT_TEST_FAILED, EXIT_USAGE, EXIT_BAD_PROJECT, EXIT_NOT_FOUND = 0, 1, 2, 3, 4
EXIT_BUSY, EXIT_BUILD_FAILED, EXIT_DEPLOY_FAILED, EXIT_UNREACHABLE = 5, 6, 7, 8
EXIT_NOT_ALLOWED, EXIT_TIMED_OUT, EXIT_INTEGRITY, EXIT_OTHER = 9, 10, 11, 12
EXIT_INTERRUPTED = 130


class Deadline:
    def __init__(self, seconds=PATIENCE):
        self.end = time.monotonic() + seconds

    def left(self, what):
        left = self.end - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"timed out: {what}")
        return left


def wait_until(holds, what, seconds=PATIENCE):
    """Looks again and again until holds() gives something true, and gives that."""
    deadline = Deadline(seconds)
    turn = threading.Event()
    while True:
        found = holds()
        if found:
            return found
        deadline.left(what() if callable(what) else what)
        turn.wait(0.005)


def wait_gone(pid, seconds=PATIENCE):
    """Waits until the process has ended (a zombie has)."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ready, _, _ = select.select([fd], [], [], seconds)
        assert ready, f"process {pid} still runs: {command_line(pid)}"
    finally:
        os.close(fd)


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def command_line(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(
            errors="replace").strip()
    except OSError:
        return ""


def processes_of(folder):
    """Live processes whose command line, working folder or environment names the folder; but not
    the daemon's guard, which is a part of it and ends when it does."""
    found = {}
    needle = str(folder).encode()
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            text = pathlib.Path(f"/proc/{name}/cmdline").read_bytes()
            if pathlib.Path(f"/proc/{name}/comm").read_bytes() == b"jig-guard\n":
                continue
            if needle not in text:
                text = pathlib.Path(f"/proc/{name}/environ").read_bytes()
            if needle not in text:
                text = os.readlink(f"/proc/{name}/cwd".encode())  # whatever its bytes
        except OSError:
            continue
        if needle in text and is_alive(int(name)):
            found[int(name)] = command_line(int(name))
    return found


class Outcome:
    """What one call of jig came to."""

    def __init__(self, words, status, out, err):
        self.words, self.status, self.out, self.err = words, status, out, err
        self.lines = []
        for line in out.splitlines():
            try:
                self.lines.append(json.loads(line))
            except ValueError:
                raise AssertionError(f"not a line of JSON: {line!r}\n{self}") from None
        self.events = [line for line in self.lines if line["type"] == "event"]

    def __str__(self):
        return f"{' '.join(map(str, self.words))}\nexit status {self.status}\n{self.out}{self.err}"

    def _only(self, kind, other):
        found = [line for line in self.lines if line["type"] == kind]
        assert len(found) == 1 and self.lines[-1] is found[0], f"no last line '{kind}':\n{self}"
        assert not any(line["type"] == other for line in self.lines), str(self)
        return found[0]

    @property
    def result(self):
        assert self.status == EXIT_DONE, str(self)
        return self._only("result", "error")

    def error(self, exit_status, *parts):
        """The error line of a call that ended with exit_status and whose message and hint have all
        the parts."""
        assert self.status == exit_status, str(self)
        line = self._only("error", "result")
        text = f"{line['message']}\n{line['hint']}"
        for part in parts:
            assert str(part) in text, f"no {part!r} in: {text}\n{self}"
        assert line["message"].strip(), str(self)
        return line

    def kinds(self, name):
        return [e for e in self.events if e["event"] == name]

    def notices(self, notice_id=None):
        return [e for e in self.kinds("notice") if notice_id in (None, e["id"])]

    def steps(self, state="started"):
        return [e["step"] for e in self.kinds("step") if e["state"] == state]

    @property
    def operation(self):
        return next(line["operation"] for line in self.lines if line.get("operation"))


class Running:
    """A jig that has been started."""

    def __init__(self, words, **options):
        self.words = words
        self.err = tempfile.TemporaryFile()
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=self.err,
                                        stdin=subprocess.DEVNULL, **options)
        self.pid = self.process.pid
        self.out = b""
        self.seen = 0

    def _more(self, deadline, what):
        ready, _, _ = select.select([self.process.stdout], [], [], deadline.left(what))
        if not ready:
            return True
        got = os.read(self.process.stdout.fileno(), 65536)
        self.out += got
        return bool(got)

    def wait_for(self, wanted, what):
        """The first line not looked at yet that wanted(line) is true of."""
        deadline = Deadline()
        while True:
            lines = self.out.split(b"\n")[:-1]
            for line in lines[self.seen:]:
                self.seen += 1
                parsed = json.loads(line)
                if wanted(parsed):
                    return parsed
            if not self._more(deadline, f"{what}: {self.out.decode(errors='replace')}"):
                self.process.wait(PATIENCE)
                self.err.seek(0)
                raise AssertionError(f"{self.words} ended ({self.process.returncode}) before: {what}"
                                     f"\n{self.out.decode()}{self.err.read().decode()}")

    def wait_for_event(self, name, **members):
        return self.wait_for(lambda e: e.get("event") == name and
                             all(e.get(k) == v for k, v in members.items()), f"{name} {members}")

    def signal(self, number):
        self.process.send_signal(number)
        return self

    def interrupt(self):
        return self.signal(signal.SIGINT)

    def finish(self):
        deadline = Deadline()
        while self._more(deadline, f"the end of {self.words}: {self.out.decode(errors='replace')}"):
            pass
        self.process.wait(deadline.left("its end"))
        self.err.seek(0)
        return Outcome(self.words, self.process.returncode, self.out.decode(),
                       self.err.read().decode(errors="replace"))

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.err.close()


class Bench:
    """Folders and a daemon of one's own.

    conf      the text of jigd.conf
    cache     a folder whose content the cache starts with
    enter     words before every command: another namespace, another user
    """

    def __init__(self, conf="", cache=None, enter=()):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="jig-e2e-", dir="/tmp"))
        self.enter = list(map(str, enter))
        self.started = []
        self.env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        for variable, name in (("HOME", "home"), ("XDG_RUNTIME_DIR", "run"),
                               ("XDG_STATE_HOME", "state"), ("XDG_CACHE_HOME", "cache"),
                               ("XDG_CONFIG_HOME", "config"), ("TMPDIR", "tmp")):
            (self.folder / name).mkdir(mode=0o700)
            self.env[variable] = str(self.folder / name)
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]
        if cache is not None:
            shutil.copytree(cache, self.folder / "cache", dirs_exist_ok=True)
        if conf:
            self.configure(conf)
        self.projects = self.folder / "projects"
        self.projects.mkdir()

    def configure(self, text):
        """For the next daemon."""
        (self.folder / "config" / "jig").mkdir(exist_ok=True)
        (self.folder / "config" / "jig" / "jigd.conf").write_text(text)

    # ---- projects

    def project(self, name, files):
        """A folder of files, {"src/main.cpp": "..."}; bytes and strings."""
        folder = self.projects / name
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, str):
                content = content.encode()
            (folder / path).write_bytes(content)
        return folder

    def sketch(self, name, text, **more):
        return self.project(name, {f"{pathlib.Path(name).name}.ino": text, **more})

    # ---- calls

    def words(self, *words, json_lines=True):
        return [*self.enter, str(BIN / "jig"), *(["--json"] if json_lines else []), *map(str, words)]

    def start(self, *words, cwd=None, env=None, **options):
        environment = {**self.env, **(env or {})}
        running = Running(self.words(*words), cwd=cwd or self.folder, env=environment, **options)
        self.started.append(running)
        return running

    def jig(self, *words, cwd=None, env=None):
        running = self.start(*words, cwd=cwd, env=env)
        try:
            return running.finish()
        finally:
            running.end()

    def plain(self, *words, cwd=None, env=None):
        """Without --json: (exit status, stdout, stderr)."""
        done = subprocess.run(self.words(*words, json_lines=False), cwd=cwd or self.folder,
                              env={**self.env, **(env or {})}, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False, timeout=PATIENCE)
        return done.returncode, done.stdout, done.stderr

    def build(self, project, *words, fqbn=UNO, **options):
        """A build of a sketch for the Uno that must succeed; its result."""
        board = ["--fqbn", fqbn] if fqbn else []
        return self.jig("build", *board, *words, project, **options).result

    # ---- the daemon

    @property
    def socket(self):
        return self.folder / "run" / "jig" / "jigd.sock"

    def daemon_pid(self):
        """The process that serves, or None; none is started."""
        outcome = self.jig("daemon", "status", "--no-start")
        return outcome.result["pid"] if outcome.status == EXIT_DONE else None

    def start_daemon(self):
        self.jig("daemon", "start").result
        return self.daemon_pid()

    def operations(self):
        return self.jig("ops", "list").result["operations"]

    def children(self):
        """Processes that the daemon started and that live: {pid: command line}."""
        daemon = self.daemon_pid()
        ours = processes_of(self.folder)
        return {p: c for p, c in ours.items()
                if p != daemon and p not in {r.pid for r in self.started}}

    def wait_no_children(self, but=()):
        wait_until(lambda: not set(self.children()) - set(but),
                   lambda: f"still there: {self.children()}")

    # ---- the end

    def close(self):
        try:
            self._close()
        finally:
            for running in self.started:
                running.end()
            for pid in processes_of(self.folder):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            shutil.rmtree(self.folder, ignore_errors=True)

    def _close(self):
        for running in self.started:
            running.end()
        # A client that was killed may have been starting one, which is not there yet; not even by
        # name, between fork and exec.
        wait_until(lambda: self.daemon_pid() or not processes_of(self.folder),
                   lambda: f"neither a daemon nor nothing: {processes_of(self.folder)}")
        daemon = self.daemon_pid()
        if daemon is not None:
            self.jig("daemon", "stop", "--force").result
            assert not is_alive(daemon), "`jig daemon stop` came back before the daemon was gone"
        for pid in processes_of(self.folder):
            with contextlib.suppress(AssertionError):
                wait_gone(pid, 5)
        left = processes_of(self.folder)
        assert not left, f"left behind: {left}"
        assert not self.socket.exists(), f"{self.socket} is left behind"


def sha256(path):
    import hashlib
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def libraries(result):
    """The libraries that took part: ["Wire 1.0 (/path)"]."""
    assert len(result["builds"]) == 1
    return result["builds"][0]["libraries"]


def has_text(result, text):
    """The firmware holds the text."""
    return text.encode() in pathlib.Path(result["artifacts"]["elf"]).read_bytes()
