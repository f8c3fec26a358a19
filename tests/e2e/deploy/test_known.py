"""What the daemon knows is in a board's flash, as `devices` shows it."""

import os
import time

from jig_bench import wait_until
from test_deploy import BOARD, deploy, deploy_sketch, image_of, repeats, show

SMALL = b"\xff\xcf" * 40


def known(bench):
    return show(bench)["trust"]


def open_and_close(port):
    os.close(os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))


def test_what_was_verified_is_shown(bench):
    assert known(bench) is None
    before = int(time.time() * 1000)
    deploy(bench, "--image", image_of(bench, SMALL, "small.bin"))
    trust = known(bench)
    assert set(trust) == {"image_sha256", "since_unix_ms", "how"} and trust["how"] == "verified"
    assert len(bytes.fromhex(trust["image_sha256"])) == 32
    assert before <= trust["since_unix_ms"] <= time.time() * 1000
    listed = bench.jig("devices", "list").result["devices"]
    assert [d["trust"] for d in listed if d["id"] == BOARD] == [trust]
    assert trust["image_sha256"] in bench.plain("devices", "show", BOARD)[1]
    open_and_close(show(bench)["port"])
    assert known(bench) is None
    assert "sha256" not in bench.plain("devices", "show", BOARD)[1]


def test_watchers_see_it_come_and_go(bench):
    """Nobody has to ask for it: the kernel's word wakes the daemon."""
    watcher = bench.start("devices", "watch")
    watcher.wait_for_event("sync")

    def wait_for_trust(wanted, what):
        return watcher.wait_for(lambda e: e.get("event") == "device_changed" and
                                e["device"]["id"] == BOARD and wanted(e["device"]), what)

    deploy(bench, "--image", image_of(bench, SMALL, "small.bin"))
    device = wait_for_trust(lambda d: d["trust"], "the board's flash is known")["device"]
    open_and_close(device["port"])
    wait_for_trust(lambda d: d["trust"] is None, "nothing is known any more")
    watcher.interrupt().finish()


def test_monitors_of_ours_do_not_end_it(bench):
    folder = bench.sketch("one", repeats("still here"))
    deploy_sketch(bench, folder)
    trust = known(bench)
    assert trust is not None
    for _ in range(3):
        monitor = bench.start("monitor", "-d", BOARD)
        monitor.wait_for_event("line")
        assert known(bench) == trust
        monitor.interrupt().finish()
        wait_until(lambda: bench.jig("daemon", "status").result["monitors"] == 0, "it is closed")
        assert known(bench) == trust
