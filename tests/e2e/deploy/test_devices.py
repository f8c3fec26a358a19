"""Which board a deploy goes to, what its flash holds then, and what becomes of its image's files."""

import os
import pathlib
import signal
import subprocess

import pytest

from jig_bench import (BIN, EXIT_BUILD_FAILED, EXIT_DEPLOY_FAILED, EXIT_INTERRUPTED, EXIT_NOT_FOUND,
                       EXIT_UNREACHABLE, EXIT_USAGE, UNO, has_text, is_alive, wait_gone,
                       wait_until)

BOARD = "emulated:uno"
PIO = "[env:uno]\nplatform = atmelavr\nboard = uno\nframework = arduino\n"
BLINK = "void setup() {}\nvoid loop() {}\n"
NOTHING = b"\xff\xcf" * 8  # "rjmp .-2"
LARGE = b"\xff\xcf" * 12000


class Desk:
    """A board that jig finds at a port by jigd.conf: an emulator of ours, behind a link."""

    def __init__(self, folder, name="desk"):
        folder.mkdir(mode=0o700, exist_ok=True)
        self.port = folder / f"{name}.port"
        self.flash = folder / f"{name}.flash"
        self.process = None

    def plug(self):
        self.process = subprocess.Popen(
            [BIN / "jig-emulator-uno", "--flash", self.flash, "--link", self.port,
             "--exit-with-stdin"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout.readline()
        return self

    def unplug(self, number=signal.SIGTERM):
        if self.process is None:
            return
        self.process.send_signal(number)
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.process = None
        if number == signal.SIGKILL:
            self.port.unlink()  # as udev would


@pytest.fixture
def desk(new_bench, warm_cache):
    """A bench with a board named desk, plugged in, beside the emulated one."""
    bench = new_bench(cache=warm_cache)
    board = Desk(bench.folder / "boards").plug()
    bench.configure(f"[device desk]\nport = {board.port}\nfqbn = {UNO}\nlabels = slow, left\n")
    bench.desk = board
    yield bench
    board.unplug()


def deploy(bench, folder, *words):
    return bench.jig("deploy", folder, *words)


def flash_of(bench, n=1):
    """What the emulated board's flash holds, once the daemon, and so the board, has ended."""
    bench.jig("daemon", "stop").result
    files = sorted(p for p in (bench.folder / "state").rglob("*") if p.is_file() and
                   p.stat().st_size == 32768)
    assert len(files) == n, files
    return files[0].read_bytes()


# ---- which one


def test_the_only_one_that_fits(bench):
    result = deploy(bench, bench.sketch("s", BLINK), "--fqbn", UNO).result
    assert result["device"] == BOARD and result["port"].startswith("/dev/pts/")


def test_a_real_board_before_an_emulated_one(desk):
    result = deploy(desk, desk.sketch("s", BLINK), "--fqbn", UNO).result
    assert result["device"] == "desk"
    assert pathlib.Path(result["port"]).resolve() == desk.desk.port.resolve()


def test_none_fits(bench):
    outcome = deploy(bench, bench.sketch("s", BLINK), "--fqbn", "arduino:avr:mega")
    outcome.error(EXIT_NOT_FOUND, "arduino:avr:mega", BOARD, "-d")
    assert not outcome.steps(), "nothing is built for a board that is not there"


def test_several_fit(desk):
    desk.configure("".join(f"[device {n}]\nport = {desk.desk.port}{n}\nfqbn = {UNO}\n"
                           for n in ("left", "right")))
    others = [Desk(desk.folder / "boards", n) for n in ("left", "right")]
    for n, other in zip(("left", "right"), others):
        other.port = pathlib.Path(f"{desk.desk.port}{n}")
        other.plug()
    try:
        outcome = deploy(desk, desk.sketch("s", BLINK), "--fqbn", UNO)
        outcome.error(EXIT_USAGE, "left", "right", "-d")
        assert deploy(desk, desk.projects / "s", "--fqbn", UNO, "-d", "left").result[
            "device"] == "left"
    finally:
        for other in others:
            other.unplug()


def test_several_environments(bench):
    folder = bench.project("p", {"platformio.ini": PIO + PIO.replace("env:uno", "env:two"),
                                 "src/main.cpp": "#include <Arduino.h>\n" + BLINK})
    deploy(bench, folder, "-d", BOARD).error(EXIT_USAGE, "uno", "two", "-e")
    assert deploy(bench, folder, "-d", BOARD, "-e", "two").result["build"]["environment"] == "two"


def test_no_board_at_all(new_bench, warm_cache):
    bench = new_bench(cache=warm_cache, conf="[emulated uno]\nboard = uno\nenabled = no\n")
    devices = bench.jig("devices", "list").result["devices"]
    if not devices:  # a machine without serial ports
        deploy(bench, bench.sketch("s", BLINK), "--fqbn", UNO).error(EXIT_NOT_FOUND, "no board")
    deploy(bench, bench.projects / "s", "--fqbn", UNO, "-d", BOARD).error(EXIT_NOT_FOUND, BOARD)


# ---- a board at a port that the configuration names


def test_named_in_the_configuration(desk):
    listed = {d["id"]: d for d in desk.jig("devices", "list").result["devices"]}
    assert listed["desk"]["labels"] == ["slow", "left"] and listed["desk"]["fqbn"] == UNO
    assert listed["desk"]["kind"] == "fixed" and listed["desk"]["connected"]
    result = deploy(desk, desk.sketch("s", BLINK), "--fqbn", UNO, "-d", "desk").result
    assert result["device"] == "desk"
    # By its port, too: as it was configured, and as it is.
    for port in (desk.desk.port, desk.desk.port.resolve()):
        again = desk.jig("deploy", "-d", port, "--image", image(desk, NOTHING)).result
        assert again["device"] == "desk"


def test_unplugged_before(desk):
    desk.start_daemon()
    desk.desk.unplug()
    outcome = desk.jig("deploy", "-d", "desk", "--fqbn", UNO, "--image", image(desk, NOTHING))
    outcome.error(EXIT_NOT_FOUND, "desk", "not connected")
    shown = desk.jig("devices", "show", "desk").result["device"]
    assert not shown["connected"]
    desk.desk.plug()
    desk.jig("deploy", "-d", "desk", "--image", image(desk, NOTHING)).result


def test_unplugged_in_mid_flash(desk):
    running = desk.start("deploy", "-d", "desk", "--image", image(desk, LARGE))
    running.wait_for(lambda e: e.get("event") == "progress" and e["phase"] == "writing" and
                     0 < e["percent"] < 90, "a part of the image is written")
    desk.desk.unplug(signal.SIGKILL)
    running.finish().error(EXIT_DEPLOY_FAILED, "desk", "the board holds a part of the new image")
    assert not [c for c in desk.children().values() if "avrdude" in c]
    desk.desk.plug()
    desk.jig("deploy", "-d", "desk", "--image", image(desk, NOTHING)).result


def trust_desk(bench):
    """`trust = session` for this board alone; its image's word, once it is on the board."""
    bench.configure(f"[device desk]\nport = {bench.desk.port}\nfqbn = {UNO}\ntrust = session\n")
    word = image(bench, NOTHING * 20)
    assert bench.jig("deploy", "-d", "desk", "--image", word).result["outcome"] == "written"
    assert bench.jig("deploy", "-d", "desk", "--image", word).result["outcome"] == "trusted"
    return word


def test_trust_is_a_boards_own(desk):
    word = trust_desk(desk)
    for outcome in "written", "verified":  # the other one is asked, as boards are by default
        assert desk.jig("deploy", "-d", BOARD, "--image", word).result["outcome"] == outcome
    by_port = desk.jig("deploy", "-d", desk.desk.port, "--image", word).result
    assert by_port["device"] == "desk" and by_port["outcome"] == "trusted"


def test_unplugged_between_two_deploys(desk):
    """Nobody looked while it was away, and it is the same board with the same flash: but who knows."""
    word = trust_desk(desk)
    desk.desk.unplug()
    desk.desk.plug()
    again = desk.jig("deploy", "-d", "desk", "--image", word).result
    assert again["outcome"] == "verified" and again["bytes_written"] == 0
    assert desk.jig("deploy", "-d", "desk", "--image", word).result["outcome"] == "trusted"


def test_another_board_at_the_same_port(desk):
    word = trust_desk(desk)
    desk.desk.unplug()
    desk.desk.flash = desk.desk.flash.with_name("another.flash")
    desk.desk.plug()
    other = desk.jig("deploy", "-d", "desk", "--image", word).result
    assert other["outcome"] == "written" and "differs" in other["because"]
    assert other["bytes_written"] == len(NOTHING) * 20


# ---- PlatformIO's upload options


def test_upload_port(desk):
    main = {"src/main.cpp": "#include <Arduino.h>\n" + BLINK}
    for i, port in enumerate((BOARD, desk.desk.port, "desk", desk.folder / "boards/d*.port")):
        folder = desk.project(f"p{i}", {"platformio.ini": PIO + f"upload_port = {port}\n", **main})
        result = deploy(desk, folder).result
        assert result["device"] == (BOARD if port == BOARD else "desk"), port
        # The command line wins.
    assert deploy(desk, folder, "-d", BOARD).result["device"] == BOARD


def test_upload_speed(bench):
    """avrdude is told of it; optiboot does not speak it."""
    folder = bench.project("p", {"platformio.ini": PIO + "upload_speed = 57600\n",
                                 "src/main.cpp": "#include <Arduino.h>\n" + BLINK})
    running = bench.start("deploy", folder, "-d", BOARD)
    running.wait_for(lambda e: e.get("event") == "log" and "57600" in e["text"], "the speed")
    outcome = running.interrupt().finish()
    outcome.error(EXIT_INTERRUPTED, BOARD)


# ---- images


def image(bench, content, offset=0):
    path = bench.folder / f"image-{len(content)}.bin"
    path.write_bytes(content)
    return f"{offset}:{path}"


def test_the_flash_holds_what_was_built(bench):
    built = bench.build(bench.sketch("s", 'void setup() { Serial.begin(9600); '
                                          'Serial.println(F("mark-one")); }\nvoid loop() {}\n'))
    assert has_text(built, "mark-one")
    result = deploy(bench, bench.projects / "s", "--fqbn", UNO, "-d", BOARD).result
    content = pathlib.Path(built["artifacts"]["bin"]).read_bytes()
    assert result["bytes_written"] == len(content)
    assert flash_of(bench)[:len(content)] == content


def test_image_of_several_parts(bench):
    built = bench.build(bench.sketch("s", BLINK))
    table = bytes(range(256)) * 3
    outcome = bench.jig("deploy", "-d", BOARD, "--image", f"0:{built['artifacts']['hex']}",
                        "--image", image(bench, table, "0x4000"))
    content = pathlib.Path(built["artifacts"]["bin"]).read_bytes()
    assert outcome.result["bytes_written"] == len(content) + len(table)
    flash = flash_of(bench)
    assert flash[:len(content)] == content and flash[0x4000:0x4000 + len(table)] == table


def test_parts_that_overlap(bench):
    one, two = image(bench, NOTHING, 0), image(bench, LARGE, 8)
    outcome = bench.jig("deploy", "-d", BOARD, "--image", one, "--image", two)
    outcome.error(EXIT_USAGE, one[2:], two[2:])


@pytest.mark.parametrize("content, parts", [
    (b"", ["empty"]), (b"\x7fELF and more", ["ELF"]), (b":0000000", ["1"]),
    (b":10000000FFCFFFCFFFCFFFCFFFCFFFCFFFCFFFCF00\n:00000001FF\n", ["1", "checksum"]),
    (b":02000000FFCF30\nnonsense\n", ["2"])],
    ids=["empty", "elf", "cut short", "checksum", "nonsense"])
def test_image_that_is_none(bench, content, parts):
    path = bench.folder / "bad.hex"
    path.write_bytes(content)
    outcome = bench.jig("deploy", "-d", BOARD, "--image", f"0:{path}")
    outcome.error(outcome.status, path, *parts)
    assert outcome.status in (EXIT_USAGE, 11), str(outcome)
    assert not outcome.kinds("progress")


def test_image_without_a_board(bench):
    bench.jig("deploy", "--image", image(bench, NOTHING)).error(EXIT_USAGE, "-d")


# ---- failures around it


def test_build_that_fails(bench):
    folder = bench.sketch("s", "void setup() { oops }\nvoid loop() {}\n")
    outcome = deploy(bench, folder, "--fqbn", UNO, "-d", BOARD)
    outcome.error(EXIT_BUILD_FAILED)
    assert [d["line"] for d in outcome.kinds("diagnostic") if d["severity"] == "error"] == [1]
    assert not outcome.kinds("progress")
    shown = bench.jig("devices", "show", BOARD).result["device"]
    assert shown["busy_operation"] is None
    (folder / "s.ino").write_text(BLINK)
    deploy(bench, folder, "--fqbn", UNO, "-d", BOARD).result


def test_daemon_killed_in_mid_flash(bench):
    """No tool is left behind to hold the port, and the next deploy works."""
    running = bench.start("deploy", "-d", BOARD, "--image", image(bench, LARGE))
    running.wait_for(lambda e: e.get("event") == "progress" and e["phase"] == "writing" and
                     0 < e["percent"] < 90, "a part of the image is written")
    daemon = bench.daemon_pid()
    others = bench.children()
    assert any("avrdude" in c for c in others.values()), others
    os.kill(daemon, signal.SIGKILL)
    running.finish().error(EXIT_UNREACHABLE)
    for pid in others:
        wait_gone(pid, 20)
    bench.jig("deploy", "-d", BOARD, "--image", image(bench, NOTHING)).result


def test_daemon_stopped_in_mid_flash(bench):
    running = bench.start("deploy", "-d", BOARD, "--image", image(bench, LARGE))
    running.wait_for(lambda e: e.get("event") == "progress" and e["phase"] == "writing",
                     "the image is being written")
    others = bench.children()
    bench.jig("daemon", "stop", "--force").result
    assert not [c for p, c in others.items() if is_alive(p)]
    assert running.finish().status in (EXIT_UNREACHABLE, EXIT_INTERRUPTED)


def test_scratch_files_are_removed(bench):
    bench.jig("deploy", "-d", BOARD, "--image", image(bench, NOTHING)).result
    left = [p for p in (bench.folder / "cache").rglob("*") if p.is_file() and "images" in str(p)]
    assert not left


def test_many_deploys_one_after_another(bench):
    """Nothing adds up: descriptors, processes."""
    folder = bench.sketch("s", BLINK)
    deploy(bench, folder, "--fqbn", UNO, "-d", BOARD).result
    daemon = bench.daemon_pid()

    def count():
        return len(os.listdir(f"/proc/{daemon}/fd")), len(bench.children())

    wait_until(lambda: count(), "the daemon")
    before = count()
    for _ in range(3):
        deploy(bench, folder, "--fqbn", UNO, "-d", BOARD).result
    # The daemon sees a client's end a moment after the client has ended.
    wait_until(lambda: count() <= before, "what the deploys used is given back")


def test_emulated_board_that_does_not_start(bench):
    """Somebody else runs it with the same flash file: said as it is, and none of jigd's business to
    be unreachable."""
    bench.jig("deploy", "-d", BOARD, "--image", image(bench, NOTHING)).result
    flash_of(bench)
    [file] = [p for p in (bench.folder / "state").rglob("*") if p.is_file() and
              p.stat().st_size == 32768]
    other = Desk(bench.folder / "boards")
    other.flash = file
    other.plug()
    try:
        outcome = bench.jig("deploy", "-d", BOARD, "--image", image(bench, NOTHING))
        outcome.error(EXIT_DEPLOY_FAILED, BOARD, file)
    finally:
        other.unplug()
    bench.jig("deploy", "-d", BOARD, "--image", image(bench, NOTHING)).result
