"""jig and the real jigd: starting it, losing it, and calls of every kind."""

import json
import os
import signal
import socket
import threading

import pytest

from jig_bench import BIN, Deadline, is_alive, wait_gone, wait_until

STATUS_KEYS = {"version", "protocol_version", "pid", "uptime_ms", "active_operations", "monitors",
               "endpoints", "rss_bytes", "idle_exit_ms", "state_directory", "cache_directory"}


def daemons(bench):
    """Live processes that run jigd for this bench."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/environ", "rb") as f:
                ours = os.fsencode(bench.folder) in f.read()
            with open(f"/proc/{name}/comm", "rb") as f:
                ours = ours and f.read() != b"jig-guard\n"
            if ours and os.path.basename(os.readlink(f"/proc/{name}/exe")) == "jigd":
                found.append(int(name))
        except OSError:
            continue
    return [pid for pid in found if is_alive(pid)]


@pytest.mark.parametrize("count", [8, 16])
def test_many_clients_start_one_daemon(bench, count):
    running = [bench.start("daemon", "status") for _ in range(count)]
    pids = {r.finish().result["pid"] for r in running}
    assert len(pids) == 1
    # Those that lost the race end, if they have not yet.
    wait_until(lambda: daemons(bench) == list(pids), lambda: f"still {daemons(bench)}")


def test_status(bench):
    result = bench.jig("daemon", "status").result
    assert STATUS_KEYS <= set(result)
    assert is_alive(result["pid"])
    assert result["endpoints"] == [f"ipc://{bench.socket}"]
    assert result["idle_exit_ms"] > 0
    assert bench.jig("daemon", "start").result["pid"] == result["pid"]
    out = bench.plain("daemon", "status")[1]
    assert out.startswith(f"jigd {result['version']} is running: pid {result['pid']}, up ")


def test_status_without_starting(bench):
    bench.jig("daemon", "status", "--no-start").error(8, str(bench.socket), "jig daemon start")
    bench.jig("devices", "list", "--no-start").error(8)
    assert bench.jig("daemon", "stop").result == {"type": "result", "was_running": False,
                                                  "pid": None}
    assert bench.plain("daemon", "stop")[:2] == (0, "jigd was not running\n")
    assert not daemons(bench)


def test_stop_waits(bench):
    pid = bench.start_daemon()
    assert bench.jig("daemon", "stop").result == {"type": "result", "was_running": True, "pid": pid}
    assert not is_alive(pid)
    assert not bench.socket.exists()


def test_killed_daemon_is_replaced(bench):
    first = bench.start_daemon()
    for _ in range(3):
        os.kill(first, signal.SIGKILL)
        wait_gone(first)
        second = bench.jig("daemon", "status").result["pid"]
        assert second != first
        first = second


def test_daemon_killed_in_mid_call(bench):
    """A call that only looks finds the next daemon by itself."""
    first = bench.start_daemon()
    watcher = bench.start("devices", "watch")
    watcher.wait_for_event("sync")
    os.kill(first, signal.SIGKILL)
    watcher.wait_for_event("sync")
    assert bench.daemon_pid() != first
    watcher.interrupt().finish().error(130)


def test_daemon_lets_go_of_the_shell(bench):
    """`x=$(jig daemon start)` returns: the daemon holds no pipe of ours."""
    running = bench.start("daemon", "start")
    deadline = Deadline()
    while running._more(deadline, "the end of the pipe"):
        pass
    assert is_alive(running.finish().result["pid"])


def test_no_program_to_start(bench):
    outcome = bench.jig("daemon", "status", env={"JIG_JIGD": "/nowhere/jigd"})
    outcome.error(8, "/nowhere/jigd")


def test_program_that_is_no_daemon(bench):
    outcome = bench.jig("daemon", "status", env={"JIG_JIGD": "/bin/false"})
    outcome.error(8, "/bin/false", "exit status 1")


def test_runtime_folder_with_a_long_name(bench):
    long = bench.folder / ("x" * 100)
    long.mkdir()
    outcome = bench.jig("daemon", "status", env={"XDG_RUNTIME_DIR": str(long)})
    outcome.error(2, "jigd.sock", "at most 107", "XDG_RUNTIME_DIR")


@pytest.mark.parametrize("url, parts", [
    ("tcp://10.1.2.3:80", ["10.1.2.3", "loopback"]),
    ("tls+tcp://lab:4711", ["not in this version"]),
    ("http://x", ["http://x", "ipc://"]),
    ("ipc://relative", ["absolute"]),
])
def test_bad_hosts(bench, url, parts):
    bench.jig("--host", url, "daemon", "status").error(2, *parts)
    bench.jig("daemon", "status", env={"JIG_HOST": url}).error(2, *parts)
    assert not daemons(bench)


def test_named_host_is_not_started(bench):
    bench.jig("--host", f"ipc://{bench.folder}/none.sock", "daemon", "status").error(8, "none.sock")
    assert not daemons(bench)


def test_host_wins_over_environment(bench):
    pid = bench.start_daemon()
    outcome = bench.jig("--host", f"ipc://{bench.socket}", "daemon", "status",
                        env={"JIG_HOST": "tcp://127.0.0.1:1"})
    assert outcome.result["pid"] == pid


def test_peers_that_hang_up_early(bench):
    """nng 1.5.2 went deaf when a peer left before its greeting; jigd must not."""
    pid = bench.start_daemon()

    def knock():
        for _ in range(150):
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(str(bench.socket))

    threads = [threading.Thread(target=knock) for _ in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        assert bench.jig("daemon", "status", "--deadline", "60").result["pid"] == pid
    for thread in threads:
        thread.join()
    assert bench.jig("daemon", "status", "--deadline", "60").result["pid"] == pid


def test_killed_clients_do_not_hurt(bench):
    pid = bench.start_daemon()
    for _ in range(30):
        running = bench.start("devices", "watch")
        running.process.kill()
        running.end()
    assert bench.jig("daemon", "status", "--deadline", "60").result["pid"] == pid


# ------------------------------------------------------------------------------------------ calls


def all_methods(bench):
    return {m["name"]: m for m in bench.jig("call", "--list").result["methods"]}


def test_every_method_is_known(bench):
    methods = all_methods(bench)
    assert len(methods) >= 19
    assert all(m["callable"] for m in methods.values()), "the client lags behind the contract"
    assert "/jig.v1.BuildService/StartBuild" in methods
    assert methods["/jig.v1.DeviceService/ListDevices"]["request"] == "jig.v1.ListDevicesRequest"
    assert bench.plain("call", "--list")[1].splitlines() == list(methods)


def test_call_by_any_name(bench):
    answers = [bench.jig("call", name).result["response"]
               for name in ("/jig.v1.DaemonService/GetStatus", "DaemonService/GetStatus",
                            "GetStatus")]
    assert all(int(a["pid"]) == bench.daemon_pid() for a in answers)
    assert isinstance(answers[0]["uptimeMs"], str)  # 64 bits: a string


@pytest.mark.parametrize("name, request_, status", [
    ("GetOperation", {"id": "0000000000000000"}, 4),
    ("CancelOperation", {"id": "nonsense"}, 4),
    ("WatchOperation", {"id": "0000000000000000", "cursor": "5"}, 4),
    ("GetDevice", {"device": "nosuch"}, 4),
    ("OpenMonitor", {"device": "nosuch"}, 4),
    ("ReadMonitor", {"session": "nosuch"}, 4),
])
def test_calls_that_fail(bench, name, request_, status):
    bench.jig("call", name, json.dumps(request_)).error(status)


def test_every_method_survives_an_empty_request(bench):
    """Whatever it answers, it is a canonical answer, and the daemon lives."""
    pid = bench.start_daemon()
    for name in all_methods(bench):
        if name.endswith("/Shutdown"):
            continue
        outcome = bench.jig("--deadline", "30", "call", name)
        assert outcome.lines[-1]["type"] in ("result", "error"), str(outcome)
    assert bench.daemon_pid() == pid


@pytest.mark.parametrize("command, status, parts", [
    (["devices", "show", "emulated:nosuch"], 4, ["emulated:nosuch"]),
    (["ops", "show", "0000000000000000"], 4, ["0000000000000000"]),
    (["ops", "follow", "0000000000000000"], 4, []),
    (["ops", "cancel", "0000000000000000"], 4, []),
    (["monitor", "-d", "nosuch"], 4, ["nosuch"]),
    (["monitor"], 2, ["-d DEVICE"]),
    (["build", "/nowhere/at/all"], 4, ["/nowhere/at/all"]),
    (["project", "/nowhere/at/all"], 4, ["/nowhere/at/all"]),
    (["deploy", "-d", "nosuch", "--image", "0:/nowhere.hex"], 4, ["nosuch"]),
])
def test_things_that_are_not_there(bench, command, status, parts):
    bench.jig(*command).error(status, *parts)


def test_empty_folder(bench):
    folder = bench.projects / "empty"
    folder.mkdir()
    bench.jig("build", folder).error(3, str(folder))
    bench.jig("build", cwd=folder).error(3, str(folder))


def test_killed_client_takes_its_build_along(bench):
    """A build is tied to the jig that asked for it, unless detached."""
    folder = bench.sketch("s", "void setup() {}\nvoid loop() {}\n",
                          **{f"p{i}.cpp": f"int p{i};\n" for i in range(40)})
    bench.start_daemon()
    running = bench.start("build", folder, "--fqbn", "arduino:avr:uno", "-j", "1")
    running.wait_for_event("step", state="started")
    running.process.kill()
    wait_until(lambda: bench.operations()[0]["state"] == "cancelled",
               lambda: str(bench.operations()[0]))
    assert not bench.children()


def test_detached_build_lives_on(bench):
    folder = bench.sketch("s", "void setup() {}\nvoid loop() {}\n")
    started = bench.jig("build", folder, "--fqbn", "arduino:avr:uno", "--detach").result
    assert started["outcome"] == "started"
    followed = bench.jig("ops", "follow", started["operation"]).result
    assert followed["outcome"] == "built"
    assert followed["operation"] == started["operation"]
    shown = bench.jig("ops", "show", started["operation"]).result["operation"]
    assert shown["state"] == "succeeded"
    assert shown["builds"][0]["artifacts"]["elf"].endswith(".elf")


def test_over_tcp(bench):
    """The same over loopback TCP, where the daemon can't see whose build it is."""
    wrapper = bench.folder / "jigd"
    wrapper.write_text(f'#!/bin/sh\nexec "{BIN}/jigd" --listen tcp://127.0.0.1:0 "$@"\n')
    wrapper.chmod(0o755)
    status = bench.jig("daemon", "start", env={"JIG_JIGD": str(wrapper)}).result
    host = next(e for e in status["endpoints"] if e.startswith("tcp://"))
    assert bench.jig("--host", host, "daemon", "status").result["pid"] == status["pid"]
    folder = bench.sketch("s", "void setup() {}\nvoid loop() {}\n")
    board = ["--fqbn", "arduino:avr:uno"]
    assert bench.jig("--host", host, "build", folder, *board).result["outcome"] == "built"
    assert bench.jig("--host", host, "build", folder, *board).result["outcome"] == "up_to_date"
    port = int(host.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(b"GET / HTTP/1.1\r\n\r\n")
        s.recv(100)
    assert bench.jig("--host", host, "daemon", "stop").result["pid"] == status["pid"]


def test_jig_beside_jigd(bench):
    """jig finds the jigd that it was built with, wherever it is called from."""
    pid = bench.jig("daemon", "status", cwd="/").result["pid"]
    assert os.readlink(f"/proc/{pid}/exe") == str((BIN / "jigd").resolve())


def test_log_level_is_read_again(bench):
    log = bench.folder / "state" / "jig" / "jigd.log"
    bench.configure("[daemon]\nlog_level = info\n")
    daemon = bench.start_daemon()
    assert "daemon.started" in log.read_text()

    def reloaded():
        return log.read_text().count("daemon.reloaded")
    bench.configure("[daemon]\nlog_level = warning\n[device desk]\nport = /dev/null\n")
    os.kill(daemon, signal.SIGHUP)
    wait_until(lambda: bench.jig("devices", "show", "desk").status == 0, "it was read")
    assert reloaded() == 0
    bench.configure("[daemon]\nlog_level = info\n")
    os.kill(daemon, signal.SIGHUP)
    wait_until(lambda: reloaded() == 1, log.read_text)
