"""The daemon against what comes through its socket, and against its own end."""

import contextlib
import os
import random
import shutil
import signal
import socket
import struct

from jig_bench import UNO, is_alive, wait_gone, wait_until

BLINK = "void setup() {}\nvoid loop() {}\n"
HELLO = b"\0SP\0\0\x30\0\0"  # of a REQ peer. Source: nanomsg's sp-protocol mapping for TCP and IPC


def connect(bench):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(30)

    def is_connected():
        try:
            s.connect(str(bench.socket))
        except BlockingIOError:  # more wait to be accepted than the kernel's queue holds
            return False
        return True

    wait_until(is_connected, "the daemon takes a connection")
    return s


def send(s, data):
    """As much as the other side takes before it closes."""
    try:
        s.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        pass


def check(bench, pid):
    status = bench.jig("daemon", "status", "--no-start").result
    assert status["pid"] == pid


def test_random_bytes(bench):
    pid = bench.start_daemon()
    dice = random.Random(1)
    for prefix in (b"", HELLO, HELLO + struct.pack(">BQ", 1, 1 << 20)):
        with connect(bench) as s:
            send(s, prefix + dice.randbytes(1 << 20))
        check(bench, pid)


def test_frames_cut_short(bench):
    pid = bench.start_daemon()
    frame = struct.pack(">BQ", 1, 100) + struct.pack(">I", 0x80000001) + b"\x0a\x1c/jig.v1.Daemon"
    whole = HELLO + frame
    for n in range(len(whole)):
        with connect(bench) as s:
            send(s, whole[:n])
    check(bench, pid)


def test_frames_that_lie(bench):
    pid = bench.start_daemon()
    for size in (0, 3, 1 << 24, 1 << 31, 1 << 40, (1 << 63) - 1, (1 << 64) - 1):
        with connect(bench) as s:
            send(s, HELLO + struct.pack(">BQ", 1, size) + b"x" * 64)
        check(bench, pid)
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        rss = next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))
    assert rss < 200 * 1024, f"{rss} kB after frames that claim to be huge"


def test_many_silent_clients(bench):
    pid = bench.start_daemon()
    held = [connect(bench) for _ in range(200)]
    try:
        check(bench, pid)
        bench.build(bench.sketch("s", BLINK))
    finally:
        for s in held:
            s.close()
    check(bench, pid)


def test_clients_at_once_start_one_daemon(bench):
    running = [bench.start("daemon", "status") for _ in range(16)]
    pids = {r.finish().result["pid"] for r in running}
    assert len(pids) == 1
    assert is_alive(pids.pop())


def test_builds_at_once_start_one_daemon(bench):
    running = [bench.start("build", bench.sketch(f"s{i}", BLINK), "--fqbn", UNO) for i in range(5)]
    assert {r.finish().result["outcome"] for r in running} == {"built"}
    assert len({o["owner_pid"] for o in bench.operations()}) == 5


def test_daemon_that_was_killed(bench):
    first = bench.start_daemon()
    os.kill(first, signal.SIGKILL)
    wait_gone(first)
    assert bench.socket.exists(), "a killed process cannot remove its socket"
    bench.jig("daemon", "status", "--no-start").error(8)
    second = bench.jig("daemon", "status").result["pid"]
    assert second != first
    bench.build(bench.sketch("s", BLINK))


def test_clients_at_once_after_a_kill(bench):
    first = bench.start_daemon()
    os.kill(first, signal.SIGKILL)
    wait_gone(first)
    running = [bench.start("daemon", "status") for _ in range(8)]
    pids = {r.finish().result["pid"] for r in running}
    assert len(pids) == 1 and first not in pids


def test_stop(bench):
    pid = bench.start_daemon()
    assert bench.jig("daemon", "stop").result["was_running"]
    assert not is_alive(pid) and not bench.socket.exists()
    assert not bench.jig("daemon", "stop").result["was_running"]
    bench.jig("daemon", "status", "--no-start").error(8)


def test_stop_while_it_works(bench):
    """Refused while somebody's work would be lost, unless forced; and then the work ends well."""
    text = BLINK + "".join(f"int pad{i}() {{ return {i}; }}\n" for i in range(3000))
    folder = bench.sketch("s", text)
    running = bench.start("build", folder, "--fqbn", UNO)
    operation = running.wait_for_event("step", state="started")["operation"]
    bench.jig("daemon", "stop").error(5, "1 operation", "jig ops list")
    assert [o["id"] for o in bench.operations()] == [operation]
    bench.jig("daemon", "stop", "--force").result
    ended = running.finish()
    assert ended.status in (8, 130), str(ended)
    assert not bench.children()
    assert bench.build(folder)["outcome"] == "built"


def test_sigterm_ends_it(bench):
    pid = bench.start_daemon()
    os.kill(pid, signal.SIGTERM)
    wait_gone(pid, 30)
    assert not bench.socket.exists()


def test_malformed_configuration(new_bench):
    bench = new_bench(conf="[daemon]\nidle_exit = 3\n")
    bench.jig("daemon", "status").error(8, "jigd.conf:2", "idle_exit", "idle_exit_s")
    bench.configure("[device x]\nlabels = a\n")
    bench.jig("daemon", "status").error(8, "jigd.conf")
    bench.configure("[device x]\nport = /dev/ttyACM0\nbaud = fast\n")
    bench.jig("daemon", "status").error(8, "jigd.conf:3", "fast")
    bench.configure("")
    assert bench.start_daemon()


def test_folders_that_are_in_the_way(new_bench):
    bench = new_bench()
    (bench.folder / "state/jig").write_text("a file\n")
    bench.jig("daemon", "status").error(8, "state/jig")
    (bench.folder / "state/jig").unlink()
    shutil.rmtree(bench.folder / "run/jig", ignore_errors=True)
    (bench.folder / "elsewhere").mkdir()
    (bench.folder / "run/jig").symlink_to(bench.folder / "elsewhere")
    outcome = bench.jig("daemon", "status")
    assert outcome.status in (8, 9), str(outcome)
    outcome.error(outcome.status, "run/jig")
    os.unlink(bench.folder / "run/jig")
    assert bench.start_daemon()


def test_shells_do_not_hang(bench):
    """The daemon keeps none of its starter's pipes: reading jig's output to the end returns."""
    running = bench.start("daemon", "start")
    assert running.finish().result["pid"]
    pid = bench.daemon_pid()
    pipes = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):  # it closes some of its own meanwhile
            pipes.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
    assert f"pipe:[{os.fstat(running.process.stdout.fileno()).st_ino}]" not in pipes
