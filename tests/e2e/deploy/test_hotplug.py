"""USB boards that are plugged in and out while the daemon runs, and what it knows of them.

The boards are emulated Unos behind ports of a made-up machine: see support/usb_machine.py. Nobody asks
the daemon anything between an unplugging and the next plugging in, unless a test is about that.
"""

import pathlib
import re

import pytest

from jig_bench import BIN, EXIT_DEPLOY_FAILED, EXIT_NOT_FOUND, UNO, wait_until
from test_deploy import image_of, LARGE, repeats, says
from usb_machine import Machine

pytestmark = pytest.mark.skipif(not (BIN / "usb_bench").exists(),
                                reason="not built with this sanitizer")

SMALL = b"\xff\xcf" * 300


@pytest.fixture
def machine(new_bench, warm_cache):
    """One with an Uno at its first socket, as /dev/ttyACM0, and with a running daemon."""
    made = Machine(new_bench(cache=warm_cache))
    try:
        made.uno = made.board("8573").plug("1-1", "ttyACM0")
        made.start_daemon(f"[device mine]\nid = {made.uno.id}\nlabels = rack=2\n")
        yield made
        made.bench.jig("daemon", "stop", "--force").result
    finally:
        made.close()


def show(machine, device):
    return machine.bench.jig("devices", "show", device).result["device"]


def session(machine, device, image):
    return machine.bench.jig("deploy", "-d", device, "--image", image, "--trust", "session").result


def trusted(machine):
    """The Uno has an image, and the daemon knows it; its --image word."""
    image = image_of(machine.bench, SMALL, "small.bin")
    assert session(machine, machine.uno.id, image)["outcome"] == "written"
    assert session(machine, machine.uno.id, image)["outcome"] == "trusted"
    return image


UNPLUGGED = r"unplugged|its port went away"  # whichever of the kernel's two words came first


def expect_asked(machine, device, image, because=UNPLUGGED):
    """The flash is what it was, but the daemon had to ask the board; then it knows again."""
    assert show(machine, device)["trust"] is None
    result = session(machine, device, image)
    assert result["outcome"] == "verified" and re.search(because, result["because"]), result
    assert result["bytes_written"] == 0
    assert session(machine, device, image)["outcome"] == "trusted"


def test_found_and_flashed_by_its_usb_ids(machine):
    device = show(machine, machine.uno.port)
    assert device["id"] == machine.uno.id and device["port"] == "/dev/ttyACM0"
    assert device["kind"] == "serial" and device["connected"]
    assert (device["vid"], device["pid"], device["serial"]) == (0x2341, 0x43, "8573")
    assert device["labels"] == ["rack=2"] and device["aliases"] == ["mine"]
    folder = machine.bench.sketch("one", says("hello over USB"))
    words = ["deploy", folder, "--fqbn", UNO, "--trust", "session"]  # the board is found by its ids
    first = machine.bench.jig(*words, "--monitor", "--expect", "over USB", "--timeout", 60).result
    assert first["outcome"] == "written" and first["device"] == machine.uno.id
    assert first["port"] == "/dev/ttyACM0" and first["monitor"]["outcome"] == "matched"
    assert machine.bench.jig(*words).result["outcome"] == "trusted"
    content = pathlib.Path(first["build"]["artifacts"]["bin"]).read_bytes()
    machine.uno.unplug()
    assert machine.uno.flash.read_bytes()[:len(content)] == content


def test_unplugged_between_two_requests(machine):
    image = trusted(machine)
    machine.uno.unplug()
    machine.uno.plug("1-1", "ttyACM0")
    expect_asked(machine, machine.uno.id, image)


def test_unplugged_under_the_eyes_of_a_watcher(machine):
    trusted(machine)
    watcher = machine.bench.start("devices", "watch")
    watcher.wait_for_event("sync")
    machine.uno.unplug()
    gone = watcher.wait_for_event("device_disconnected")["device"]
    assert gone["id"] == machine.uno.id and gone["trust"] is None and not gone["connected"]
    machine.uno.plug("1-1", "ttyACM0")
    back = watcher.wait_for_event("device_connected")["device"]
    assert back["id"] == machine.uno.id and back["trust"] is None
    watcher.interrupt().finish()


def test_unplugged_and_not_back(machine):
    image = trusted(machine)
    machine.uno.unplug()
    machine.bench.jig("deploy", "-d", machine.uno.id, "--image", image, "--trust", "session").error(
        EXIT_NOT_FOUND, machine.uno.id, "not connected")


def test_replugged_under_another_name(machine):
    image = trusted(machine)
    watcher = machine.bench.start("devices", "watch")
    watcher.wait_for_event("sync")
    machine.uno.unplug()
    machine.uno.plug("1-2", "ttyACM1")
    moved = watcher.wait_for_event("device_renumbered")["device"]
    assert moved["id"] == machine.uno.id and moved["port"] == "/dev/ttyACM1"
    assert moved["labels"] == ["rack=2"] and moved["aliases"] == ["mine"]
    watcher.interrupt().finish()
    assert [d["port"] for d in machine.bench.jig("devices", "list").result["devices"]
            if d["kind"] == "serial"] == ["/dev/ttyACM1"]
    expect_asked(machine, "mine", image)
    assert session(machine, "mine", image)["port"] == "/dev/ttyACM1"
    machine.bench.jig("deploy", "-d", "/dev/ttyACM0", "--image", image).error(EXIT_NOT_FOUND,
                                                                             "/dev/ttyACM0")


def test_monitors_follow_a_board(machine):
    folder = machine.bench.sketch("one", repeats("still here"))
    machine.bench.jig("deploy", folder, "--fqbn", UNO, "-d", "mine").result
    monitor = machine.bench.start("monitor", "-d", "mine")
    for place, tty in [("1-2", "ttyACM1"), ("1-2", "ttyACM1"), ("1-1", "ttyACM0")]:
        monitor.wait_for_event("line", text="still here")
        machine.uno.unplug()
        paused = monitor.wait_for_event("paused")
        assert "when the board is back" in paused["text"]
        machine.uno.plug(place, tty)
        resumed = monitor.wait_for_event("resumed")
        assert resumed["port"] == f"/dev/{tty}" and resumed["port"] in resumed["text"]
    monitor.wait_for_event("line", text="still here")
    assert machine.bench.jig("daemon", "status").result["monitors"] == 1
    monitor.interrupt().finish()
    wait_until(lambda: machine.bench.jig("daemon", "status").result["monitors"] == 0, "it is closed")


def test_a_monitor_is_closed_while_its_board_is_away(machine):
    folder = machine.bench.sketch("one", repeats("still here"))
    machine.bench.jig("deploy", folder, "--fqbn", UNO, "-d", "mine").result
    monitor = machine.bench.start("monitor", "-d", "mine")
    monitor.wait_for_event("line", text="still here")
    machine.uno.unplug()
    monitor.wait_for_event("paused")
    monitor.interrupt().finish()
    wait_until(lambda: machine.bench.jig("daemon", "status").result["monitors"] == 0, "it is closed")
    machine.uno.plug("1-1", "ttyACM0")
    assert show(machine, "mine")["connected"]
    (folder / "one.ino").write_text(says("hello again"))
    again = machine.bench.jig("deploy", folder, "--fqbn", UNO, "-d", "mine", "--monitor",
                              "--expect", "hello again", "--timeout", 60).result
    assert again["monitor"]["outcome"] == "matched"


def test_another_board_at_the_same_port(machine):
    image = trusted(machine)
    other = machine.board("9999")
    machine.uno.unplug()
    other.plug("1-1", "ttyACM0")
    assert show(machine, "/dev/ttyACM0")["id"] == other.id
    first = session(machine, "/dev/ttyACM0", image)
    assert first["outcome"] == "written" and "nothing is known" in first["because"]
    machine.bench.jig("deploy", "-d", "mine", "--image", image, "--trust", "session").error(
        EXIT_NOT_FOUND, "not connected")
    machine.uno.plug("1-2", "ttyACM1")
    expect_asked(machine, "mine", image)
    assert session(machine, other.id, image)["outcome"] == "trusted"


def test_opened_by_another_program(machine):
    image = trusted(machine)
    machine.uno.opened_by_another()
    expect_asked(machine, machine.uno.id, image, "another program opened its port")


def test_unplugged_in_mid_flash(machine):
    image = trusted(machine)
    running = machine.bench.start("deploy", "-d", "mine", "--image",
                                  image_of(machine.bench, LARGE))
    running.wait_for(lambda e: e.get("event") == "progress" and e["phase"] == "writing" and
                     0 < e["percent"] < 90, "a part of the image is written")
    machine.uno.unplug()
    running.finish().error(EXIT_DEPLOY_FAILED, machine.uno.id)
    machine.uno.plug("1-2", "ttyACM1")
    assert show(machine, "mine")["trust"] is None
    assert session(machine, "mine", image)["outcome"] == "written"
