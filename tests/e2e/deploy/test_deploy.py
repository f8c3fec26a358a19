"""Firmware on the emulated Uno: what a deploy says, what it refuses, and what it leaves behind.

The board is an ATmega328P with a real bootloader, the tool is avrdude; see emulators/. In mid-flash
is when the tool has reported a part of the image as written.
"""

import os
import pathlib
import signal
import termios

import pytest

from jig_bench import (EXIT_BAD_PROJECT, EXIT_BUSY, EXIT_DEPLOY_FAILED, EXIT_INTERRUPTED,
                       EXIT_NOT_FOUND, EXIT_TEST_FAILED, EXIT_TIMED_OUT, EXIT_USAGE, UNO, is_alive,
                       wait_gone, wait_until)

BOARD = "emulated:uno"
FLASH = 32768 - 512  # of an ATmega328P, less optiboot's section
# "rjmp .-2" all over: large enough for a flash to be met in the middle, and harmless to run.
LARGE = b"\xff\xcf" * 12000


def says(text, baud=9600):
    """A sketch that says it once."""
    return (f'void setup() {{ Serial.begin({baud}); Serial.println(F("{text}")); }}\n'
            "void loop() {}\n")


def repeats(text, baud=9600):
    """A sketch that says it for ever."""
    return (f"void setup() {{ Serial.begin({baud}); }}\n"
            f'void loop() {{ Serial.println(F("{text}")); }}\n')


def deploy(bench, *words, device=BOARD):
    """A deploy that must succeed; its result."""
    return bench.jig("deploy", "-d", device, *words).result


def deploy_sketch(bench, folder, *words):
    return bench.jig("deploy", folder, "--fqbn", UNO, "-d", BOARD, *words)


def hears(text):
    return ["--monitor", "--expect", text, "--timeout", 60]


def image_of(bench, content, name="large.bin"):
    path = bench.folder / name
    path.write_bytes(content)
    return f"0:{path}"


def start_in_mid_flash(bench, device=BOARD):
    """A deploy that has written a part and has more to write."""
    running = bench.start("deploy", "-d", device, "--image", image_of(bench, LARGE))
    running.wait_for(lambda e: e.get("event") == "progress" and e["phase"] == "writing" and
                     0 < e["percent"] < 90, "a part of the image is written")
    return running


def show(bench, device=BOARD):
    return bench.jig("devices", "show", device).result["device"]


def parent_of(pid):
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def emulators(bench):
    """The emulators that this bench's daemon started."""
    daemon = bench.daemon_pid()
    return [pid for pid, line in bench.children().items()
            if "jig-emulator-uno" in line and parent_of(pid) == daemon]


def openers(bench, port):
    """This bench's processes, but for the board itself, that have the port open."""
    found = []
    for pid in {*bench.children(), bench.daemon_pid()} - set(emulators(bench)):
        for fd in pathlib.Path(f"/proc/{pid}/fd").glob("*"):
            try:
                if os.readlink(fd) == port:
                    found.append(pid)
            except OSError:
                continue
    return found


# ---- what it says


def test_sketch_is_built_written_and_heard(bench):
    folder = bench.sketch("one", says("hello from one"))
    outcome = deploy_sketch(bench, folder, *hears("hello from [o]ne"))
    result = outcome.result
    assert result["outcome"] == "written" and result["device"] == BOARD
    assert result["port"].startswith("/dev/pts/")
    assert result["bytes_written"] == result["build"]["flash_bytes"] > 0
    assert result["bytes_skipped"] == 0
    assert result["server_us"] >= result["phases_us"]["writing"] > 0
    assert result["build"]["outcome"] == "built" and result["build"]["fqbn"] == UNO
    assert {"elf", "hex", "bin"} <= set(result["build"]["artifacts"])
    assert result["operation"] == outcome.operation
    assert result["monitor"]["outcome"] == "matched"
    assert "hello from one" in result["monitor"]["matched"]
    phases = [e["phase"] for e in outcome.kinds("progress")]
    order = sorted(set(phases), key=phases.index)
    assert order == ["connecting", "writing", "verifying", "done"]
    for phase in ("writing", "verifying"):
        percents = [e["percent"] for e in outcome.kinds("progress") if e["phase"] == phase]
        assert percents == sorted(percents) and percents[-1] == 100, phase


def test_next_deploy_replaces_the_first(bench):
    folder = bench.sketch("one", says("first of two"))
    deploy_sketch(bench, folder, *hears("first of two")).result
    (folder / "one.ino").write_text(says("second of two"))
    outcome = deploy_sketch(bench, folder, "--fail-on", "first", *hears("second of two"))
    assert outcome.result["build"]["compiled"] > 0


def test_fail_on(bench):
    folder = bench.sketch("one", says("panic: 42"))
    outcome = deploy_sketch(bench, folder, "--fail-on", "panic: [0-9]", *hears("never said"))
    error = outcome.error(EXIT_TEST_FAILED, BOARD, "panic: 4", "--fail-on")
    assert error["operation"] == bench.operations()[0]["id"]


def test_nothing_matches_in_time(bench):
    folder = bench.sketch("one", says("something else"))
    outcome = deploy_sketch(bench, folder, "--monitor", "--expect", "never", "--timeout", "0.2")
    error = outcome.error(EXIT_TIMED_OUT, BOARD, "'never'")
    assert error["code"] == "deadline_exceeded"
    assert error["operation"] == bench.operations()[0]["id"]


def test_monitor_speed_of_a_platformio_project(bench):
    folder = bench.project("fast", {
        "platformio.ini": "[env:uno]\nplatform = atmelavr\nboard = uno\nframework = arduino\n"
                          "monitor_speed = 57600\n",
        "src/main.cpp": "#include <Arduino.h>\n" + repeats("at its speed", 57600)})
    running = bench.start("deploy", folder, "-d", BOARD, "--monitor")
    running.wait_for_event("line", text="at its speed")
    port = os.open(show(bench)["port"], os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        assert termios.tcgetattr(port)[4:6] == [termios.B57600] * 2
    finally:
        os.close(port)
    running.interrupt().finish().error(EXIT_INTERRUPTED)


# ---- without a build


def test_no_build(bench):
    folder = bench.sketch("one", says("built before"))
    bench.build(folder)
    outcome = deploy_sketch(bench, folder, "--no-build", *hears("built before"))
    assert outcome.result["bytes_written"] > 0
    assert outcome.steps() == []


def test_no_build_without_one(bench):
    folder = bench.sketch("one", says("never built"))
    outcome = deploy_sketch(bench, folder, "--no-build")
    outcome.error(EXIT_BAD_PROJECT, "no earlier build", folder, "--no-build")


@pytest.mark.parametrize("kind", ["hex", "bin"])
def test_image_without_a_project(bench, kind):
    built = bench.build(bench.sketch("one", says("from a file")))["artifacts"][kind]
    outcome = bench.jig("deploy", "-d", BOARD, "--image", f"0:{built}", *hears("from a file"))
    result = outcome.result
    assert result["outcome"] == "written" and result["build"] is None
    assert result["bytes_written"] > 0


@pytest.mark.parametrize("offset", [0, FLASH - 2, "0x7e00"])
def test_image_beyond_the_flash(bench, offset):
    content = LARGE + LARGE if offset == 0 else b"\xff\xcf" * 2
    path = image_of(bench, content).split(":", 1)[1]
    outcome = bench.jig("deploy", "-d", BOARD, "--image", f"{offset}:{path}")
    assert "offset" in outcome.error(EXIT_USAGE, "past the board's flash", FLASH)["hint"]
    assert not outcome.kinds("progress")


@pytest.mark.parametrize("word", ["large.bin", "x:large.bin", "0:", "-1:large.bin"])
def test_image_word_that_is_none(bench, word):
    bench.jig("deploy", "-d", BOARD, "--image", word).error(EXIT_USAGE, "--image", word)


def test_image_that_is_not_there(bench):
    outcome = bench.jig("deploy", "-d", BOARD, "--image", "0:gone.hex", cwd=bench.projects)
    outcome.error(EXIT_NOT_FOUND, bench.projects / "gone.hex")


# ---- devices


def test_unknown_device(bench):
    outcome = bench.jig("deploy", "-d", "emulated:unp", "--image", image_of(bench, LARGE))
    outcome.error(EXIT_NOT_FOUND, "emulated:unp", "did you mean", BOARD)
    bench.jig("devices", "show", "emulated:unp").error(EXIT_NOT_FOUND, "emulated:unp", BOARD)


def test_devices_list_and_show(bench):
    listed = {d["id"]: d for d in bench.jig("devices", "list").result["devices"]}
    uno = listed[BOARD]
    assert {"id", "port", "kind", "vid", "pid", "serial", "connected", "labels", "aliases", "lease",
            "trust"} <= set(uno)
    assert uno["kind"] == "emulated" and uno["connected"] is True and uno["fqbn"] == UNO
    assert uno["lease"] is None and uno["trust"] is None and uno["busy_operation"] is None
    assert show(bench) == uno
    result = deploy(bench, "--image", image_of(bench, b"\xff\xcf"))
    assert show(bench)["port"] == result["port"]


def test_device_that_is_being_flashed_says_so(bench):
    running = start_in_mid_flash(bench)
    operation = bench.operations()[0]["id"]
    assert show(bench)["busy_operation"] == operation
    result = running.finish().result
    assert result["operation"] == operation and result["bytes_written"] == len(LARGE)
    assert show(bench)["busy_operation"] is None


# ---- several at once


def test_two_boards_at_the_same_time(bench):
    devices = [BOARD, BOARD + "#2"]
    outcomes = [running.finish() for running in [start_in_mid_flash(bench, d) for d in devices]]
    times = [[e["unix_ms"] for e in o.kinds("progress") if e["phase"] in ("writing", "verifying")]
             for o in outcomes]
    assert max(t[0] for t in times) < min(t[-1] for t in times), times
    assert [o.result["device"] for o in outcomes] == devices
    assert len({o.result["port"] for o in outcomes}) == 2


def test_second_deploy_to_a_board_in_use(bench):
    running = start_in_mid_flash(bench)
    operation = bench.operations()[0]["id"]
    second = bench.jig("deploy", "-d", BOARD, "--image", image_of(bench, b"\xff\xcf", "small.bin"))
    second.error(EXIT_BUSY, BOARD, operation)
    assert running.finish().result["bytes_written"] == len(LARGE)


def test_monitor_is_paused_and_resumed(bench):
    folder = bench.sketch("one", repeats("before"))
    deploy_sketch(bench, folder).result
    watcher = bench.start("monitor", "-d", BOARD)
    watcher.wait_for_event("line", text="before")
    (folder / "one.ino").write_text(repeats("after"))
    result = deploy_sketch(bench, folder).result
    paused = watcher.wait_for_event("paused")
    assert result["operation"] in paused["text"]
    resumed = watcher.wait_for(lambda e: e.get("event") != "line", "resumed")
    assert resumed["event"] == "resumed" and resumed["port"] == result["port"]
    watcher.wait_for_event("line", text="after")
    watcher.interrupt().finish().error(EXIT_INTERRUPTED)


def test_port_held_by_another_program(bench):
    small = image_of(bench, b"\xff\xcf")
    path = deploy(bench, "--image", small)["port"]
    port = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        me = pathlib.Path("/proc/self/comm").read_text().strip()
        outcome = bench.jig("deploy", "-d", BOARD, "--image", small)
        outcome.error(EXIT_BUSY, path, me, f"pid {os.getpid()}")
        assert "writing" not in [e["phase"] for e in outcome.kinds("progress")]
    finally:
        os.close(port)
    deploy(bench, "--image", small)


# ---- broken off


def test_board_dies_in_mid_flash(bench):
    folder = bench.sketch("one", says("alive again"))
    bench.build(folder)
    running = start_in_mid_flash(bench)
    [board] = emulators(bench)
    os.kill(board, signal.SIGKILL)
    running.finish().error(EXIT_DEPLOY_FAILED, BOARD, "the board holds a part of the new image")
    wait_gone(board)
    assert not [c for c in bench.children().values() if "avrdude" in c]
    deploy_sketch(bench, folder, "--no-build", *hears("alive again")).result


def test_ctrl_c_in_mid_flash(bench):
    folder = bench.sketch("one", says("whole again"))
    bench.build(folder)
    running = start_in_mid_flash(bench)
    tools = [pid for pid, line in bench.children().items() if "avrdude" in line]
    assert tools
    outcome = running.interrupt().finish()
    error = outcome.error(EXIT_INTERRUPTED, BOARD, "the board holds a part of the new image")
    assert error["code"] == "cancelled"
    assert not any(map(is_alive, tools)), bench.children()
    device = show(bench)
    assert device["busy_operation"] is None
    assert openers(bench, device["port"]) == []
    assert bench.operations()[0]["state"] == "cancelled"
    deploy_sketch(bench, folder, "--no-build", *hears("whole again")).result


def test_board_that_stops_answering(bench):
    small = image_of(bench, b"\xff\xcf")
    deploy(bench, "--image", small)
    [board] = emulators(bench)
    os.kill(board, signal.SIGSTOP)
    try:
        outcome = bench.jig("--deadline", "2", "deploy", "-d", BOARD, "--image", small)
    finally:
        os.kill(board, signal.SIGCONT)
    assert outcome.error(EXIT_TIMED_OUT, BOARD)["code"] == "deadline_exceeded"
    device = show(bench)
    assert device["busy_operation"] is None and openers(bench, device["port"]) == []
    deploy(bench, "--image", small)


def test_killed_client_frees_the_board(bench):
    running = start_in_mid_flash(bench)
    running.signal(signal.SIGKILL)
    wait_until(lambda: bench.operations()[0]["state"] == "cancelled", bench.operations)
    device = show(bench)
    assert device["busy_operation"] is None and openers(bench, device["port"]) == []
    deploy(bench, "--image", image_of(bench, b"\xff\xcf"))
