"""What the daemon believes of a board's flash, when it asks the board, and when it writes.

The board is the emulated Uno, which keeps its flash between runs. "Last" is the image that was
verified on it last: only a board that was last seen with this very image is asked for it.
"""

import json
import os
import signal
import subprocess

import pytest

from jig_bench import (EXIT_DEPLOY_FAILED, EXIT_INTERRUPTED, EXIT_NOT_FOUND, EXIT_TIMED_OUT,
                       EXIT_USAGE, wait_gone, wait_until)
from test_deploy import (BOARD, LARGE, deploy, deploy_sketch, emulators, image_of, openers, repeats,
                         says, show, start_in_mid_flash)

SMALL = b"\xff\xcf" * 300
OTHER = b"\xff\xcf" * 200


def session(bench, image, *words):
    return bench.jig("deploy", "-d", BOARD, "--image", image, "--trust", "session", *words)


def put(bench, content=SMALL):
    """Writes it, so that it is known to be there; its --image word."""
    image = image_of(bench, content, "small.bin")
    assert deploy(bench, "--image", image, "--trust", "none")["outcome"] == "written"
    return image


def expect_trusted(outcome, size=len(SMALL)):
    result = outcome.result
    assert result["outcome"] == "trusted", result
    assert result["bytes_written"] == 0 and result["bytes_skipped"] == size
    assert not outcome.kinds("progress") and "verifying" not in result["phases_us"]


def expect_verified(outcome, because=None, size=len(SMALL)):
    result = outcome.result
    assert result["outcome"] == "verified", result
    assert result["bytes_written"] == 0 and result["bytes_skipped"] == size
    phases = {e["phase"] for e in outcome.kinds("progress")}
    assert "verifying" in phases and "writing" not in phases
    assert "read back" in result["because"] and "same" in result["because"]
    assert because is None or because in result["because"]


def expect_written(outcome, because, size=len(SMALL)):
    result = outcome.result
    assert result["outcome"] == "written", result
    assert result["bytes_written"] == size and result["bytes_skipped"] == 0
    assert because in result["because"], result["because"]


# ---- what each mode does


def test_session_does_not_touch_the_board(bench):
    folder = bench.sketch("one", repeats("still here"))
    first = deploy_sketch(bench, folder, "--trust", "session")
    size = first.result["bytes_written"]
    expect_written(first, "nothing is known", size)
    watcher = bench.start("monitor", "-d", BOARD)
    watcher.wait_for_event("line", text="still here")
    for _ in range(3):
        outcome = deploy_sketch(bench, folder, "--trust", "session")
        expect_trusted(outcome, size)
        assert outcome.result["port"] == first.result["port"] == show(bench)["port"]
    watcher.wait_for_event("line", text="still here")
    assert not watcher.interrupt().finish().kinds("paused"), "nobody had to let go of the port"


def test_verify_asks_the_board(bench):
    image = image_of(bench, SMALL, "small.bin")
    expect_written(bench.jig("deploy", "-d", BOARD, "--image", image), "nothing is known")
    for words in [], ["--trust", "verify"]:
        expect_verified(bench.jig("deploy", "-d", BOARD, "--image", image, *words))


def test_none_writes(bench):
    image = put(bench)
    outcome = bench.jig("deploy", "-d", BOARD, "--image", image, "--trust", "none")
    expect_written(outcome, "no trust")
    expect_trusted(session(bench, image))


@pytest.mark.parametrize("section", ["daemon", "emulated uno"])
def test_trust_is_configured(bench, section):
    bench.configure(f"[{section}]\ntrust = session\n")
    image = put(bench)
    expect_trusted(bench.jig("deploy", "-d", BOARD, "--image", image))
    expect_verified(bench.jig("deploy", "-d", BOARD, "--image", image, "--trust", "verify"))
    bench.configure("[daemon]\ntrust = session\n[emulated uno]\ntrust = none\n")
    os.kill(bench.daemon_pid(), signal.SIGHUP)
    log = bench.folder / "state" / "jig" / "jigd.log"
    wait_until(lambda: "daemon.reloaded" in log.read_text(), log.read_text)
    expect_written(bench.jig("deploy", "-d", BOARD, "--image", image), "no trust")


def test_trust_that_is_none(bench):
    bench.jig("deploy", "-d", BOARD, "--image", image_of(bench, SMALL), "--trust", "maybe").error(
        EXIT_USAGE, "maybe")


def test_trust_by_a_number_that_is_none(bench):
    request = {"device": BOARD, "trust": 7, "images": [{"path": "/nothing.bin"}]}
    outcome = bench.jig("call", "/jig.v1.DeployService/StartDeploy", json.dumps(request))
    outcome.error(EXIT_USAGE, "7")


def test_project(bench):
    folder = bench.sketch("one", says("trusted"))
    first = deploy_sketch(bench, folder, "--trust", "session").result
    assert first["outcome"] == "written" and first["build"]["outcome"] == "built"
    outcome = deploy_sketch(bench, folder, "--trust", "session")
    expect_trusted(outcome, first["bytes_written"])
    assert outcome.result["build"]["artifacts"] == first["build"]["artifacts"]
    expect_trusted(deploy_sketch(bench, folder, "--trust", "session", "--no-build"),
                   first["bytes_written"])
    # The same image by another way is the same image.
    expect_trusted(session(bench, f"0:{first['build']['artifacts']['hex']}"), first["bytes_written"])
    (folder / "one.ino").write_text(says("TRUSTED"))
    changed = deploy_sketch(bench, folder, "--trust", "session", "--monitor", "--expect", "TRUSTED",
                            "--timeout", 60).result
    assert changed["outcome"] == "written" and "another image" in changed["because"]
    assert changed["bytes_written"] == first["bytes_written"]


def test_nothing_to_do_at_all(bench):
    """The build's answer is watched and the board's content known: then no file, no port and no
    process is looked at. What ends the one or the other is seen all the same."""
    folder = bench.sketch("one", says("warm"))
    words = ["--trust", "session"]
    size = deploy_sketch(bench, folder, *words).result["bytes_written"]

    def answered_by_a_watch():
        before = bench.jig("daemon", "stats").result["memos"]["builds"]["hits"]
        expect_trusted(deploy_sketch(bench, folder, *words), size)
        return bench.jig("daemon", "stats").result["memos"]["builds"]["hits"] > before

    wait_until(answered_by_a_watch, lambda: bench.jig("daemon", "stats").result)
    outcome = deploy_sketch(bench, folder, *words)
    expect_trusted(outcome, size)
    assert outcome.result["build"]["outcome"] == "up_to_date"
    assert outcome.result["build"]["artifacts"]["hex"].endswith("one.ino.hex")
    os.close(os.open(show(bench)["port"], os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))
    assert deploy_sketch(bench, folder, *words).result["outcome"] == "verified"
    wait_until(answered_by_a_watch, lambda: bench.jig("daemon", "stats").result)
    (folder / "one.ino").write_text(says("cool"))
    changed = deploy_sketch(bench, folder, *words, "--monitor", "--expect", "cool", "--timeout", 60)
    assert changed.result["outcome"] == "written"
    wait_until(answered_by_a_watch, lambda: bench.jig("daemon", "stats").result)
    os.unlink(changed.result["build"]["artifacts"]["hex"])
    again = deploy_sketch(bench, folder, *words).result  # made again, and the same
    assert again["outcome"] == "trusted" and again["build"]["outcome"] == "built"
    wait_until(answered_by_a_watch, lambda: bench.jig("daemon", "stats").result)
    forced = deploy_sketch(bench, folder, "--trust", "none").result
    assert forced["outcome"] == "written" and forced["bytes_written"] == size


def test_trusted_and_monitored(bench):
    folder = bench.sketch("one", repeats("here I am"))
    deploy_sketch(bench, folder).result
    outcome = deploy_sketch(bench, folder, "--trust", "session", "--monitor", "--expect", "here",
                            "--timeout", 60)
    assert outcome.result["outcome"] == "trusted"
    assert outcome.result["monitor"]["outcome"] == "matched"
    # Our own monitor had the port open, and that changes no flash.
    assert deploy_sketch(bench, folder, "--trust", "session").result["outcome"] == "trusted"


def test_what_was_spared_is_counted(bench):
    image = put(bench)
    for _ in range(2):
        expect_trusted(session(bench, image))
    expect_verified(bench.jig("deploy", "-d", BOARD, "--image", image))
    memos = bench.jig("daemon", "stats").result["memos"]
    assert [memos["trust"][k] for k in ("hits", "fallbacks", "misses")] == [2, 1, 1]
    assert memos["images"]["hits"] + memos["images"]["misses"] == 4


# ---- what ends trust


def test_another_image(bench):
    image = put(bench)
    other = image_of(bench, OTHER, "other.bin")
    expect_written(session(bench, other), "another image", len(OTHER))
    expect_written(session(bench, image), "another image")
    expect_trusted(session(bench, image))


def test_image_that_was_edited(bench):
    """Of the same size, and with its time set back: what is in it counts."""
    image = put(bench)
    path = image.split(":", 1)[1]
    before = os.stat(path)
    with open(path, "r+b") as f:
        f.write(b"\x00\x00")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    expect_written(session(bench, image), "another image")


def test_image_that_is_gone(bench):
    image = put(bench)
    path = image.split(":", 1)[1]
    os.rename(path, path + ".old")
    session(bench, image).error(EXIT_NOT_FOUND, path)
    os.rename(path + ".old", path)
    expect_trusted(session(bench, image))


def test_another_offset(bench):
    image = put(bench)
    path = image.split(":", 1)[1]
    expect_written(session(bench, f"0x200:{path}"), "another image")


def test_open_by_another_program(bench):
    image = put(bench)
    port = os.open(show(bench)["port"], os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    os.close(port)
    expect_verified(session(bench, image), "another program")
    expect_trusted(session(bench, image))


def test_flash_by_another_program(bench):
    image = put(bench)
    other = bench.folder / "foreign.bin"
    other.write_bytes(OTHER[:-2] + b"\x00\x00")
    subprocess.run(["avrdude", "-C/etc/avrdude.conf", "-q", "-q", "-patmega328p", "-carduino",
                    f"-P{show(bench)['port']}", "-b115200", "-D", f"-Uflash:w:{other}:r"],
                   check=True, capture_output=True, stdin=subprocess.DEVNULL)
    outcome = session(bench, image)
    expect_written(outcome, "differs")
    assert "verifying" in {e["phase"] for e in outcome.kinds("progress")}
    expect_trusted(session(bench, image))


def test_restart_of_the_daemon(bench):
    image = put(bench)
    bench.jig("daemon", "stop", "--force").result
    expect_written(session(bench, image), "nothing is known")


def test_restart_of_the_board(bench):
    image = put(bench)
    [board] = emulators(bench)
    os.kill(board, signal.SIGTERM)  # it keeps its flash then
    wait_gone(board)
    expect_verified(session(bench, image))
    expect_trusted(session(bench, image))


def test_board_that_lost_its_flash(bench):
    image = put(bench)
    [board] = emulators(bench)
    os.kill(board, signal.SIGKILL)  # what was not kept yet is gone
    wait_gone(board)
    assert session(bench, image).result["outcome"] != "trusted"
    expect_trusted(session(bench, image))


def test_failed_deploy(bench):
    image = put(bench)
    running = start_in_mid_flash(bench)
    [board] = emulators(bench)
    os.kill(board, signal.SIGKILL)
    running.finish().error(EXIT_DEPLOY_FAILED)
    outcome = session(bench, image)
    assert outcome.result["outcome"] == "written" and outcome.result["bytes_written"] == len(SMALL)
    large = image_of(bench, LARGE)
    assert session(bench, large).result["outcome"] == "written", "the one that failed is not there"


def test_deploy_that_ran_out_of_time(bench):
    image = put(bench)
    [board] = emulators(bench)
    os.kill(board, signal.SIGSTOP)
    try:
        bench.jig("--deadline", "2", "deploy", "-d", BOARD, "--image",
                  image_of(bench, OTHER, "other.bin")).error(EXIT_TIMED_OUT, BOARD)
    finally:
        os.kill(board, signal.SIGCONT)
    outcome = session(bench, image)
    assert outcome.result["outcome"] == "written" and "failed" in outcome.result["because"]
    expect_trusted(session(bench, image))


@pytest.mark.parametrize("phase", ["connecting", "writing", "verifying"])
def test_cancelled_deploy(bench, phase):
    image = put(bench)
    large = image_of(bench, LARGE)
    running = bench.start("deploy", "-d", BOARD, "--image", large)
    running.wait_for(lambda e: e.get("event") == "progress" and e["phase"] == phase, phase)
    running.interrupt().finish().error(EXIT_INTERRUPTED)
    assert openers(bench, show(bench)["port"]) == []
    for again in image, large:
        outcome = session(bench, again)
        assert outcome.result["outcome"] == "written", outcome.result


def test_cancelled_comparison(bench):
    """Nothing was written, but nothing is taken for granted either: the board is asked again."""
    image = image_of(bench, LARGE)
    assert deploy(bench, "--image", image)["outcome"] == "written"
    running = bench.start("deploy", "-d", BOARD, "--image", image)
    running.wait_for(lambda e: e.get("event") == "progress" and e["phase"] == "verifying",
                     "it is being compared")
    error = running.interrupt().finish().error(EXIT_INTERRUPTED)
    assert "what was on the board is still there" in error["message"]
    expect_verified(session(bench, image), size=len(LARGE))
