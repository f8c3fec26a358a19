"""Builds that are broken off, and builds that meet: no child stays, and the next build is right."""

import os
import signal

import pytest

from jig_bench import UNO, Deadline, has_text, is_alive, sha256, wait_gone, wait_until

TABS = {f"part{i}.cpp": f"int part{i}() {{ return {i}; }}\n" for i in range(12)}


def sketch(mark):
    calls = " ".join(f"int part{i}();" for i in range(12))
    return (f'{calls}\nvoid setup() {{ Serial.begin(9600); Serial.println(F("{mark}")); }}\n'
            "void loop() { part3(); }\n")


@pytest.fixture(scope="session")
def right(shared):
    """What an undisturbed build gives: {mark: hash of .hex}."""
    hashes = {}
    for mark in ("mark-one", "mark-two"):
        folder = shared.project(f"undisturbed-{mark}/s", {"s.ino": sketch(mark), **TABS})
        hashes[mark] = sha256(shared.build(folder)["artifacts"]["hex"])
    return hashes


def check_next(bench, folder, right):
    """A warm build, and one from nothing, give the same and the right thing."""
    result = bench.build(folder)
    assert sha256(result["artifacts"]["hex"]) == right["mark-one"]
    again = bench.build(folder, "--walk")
    assert again["outcome"] == "up_to_date", again["reasons"]
    (folder / "s.ino").write_text(sketch("mark-two"))
    result = bench.build(folder)
    assert sha256(result["artifacts"]["hex"]) == right["mark-two"]


# Moments of a build: the n-th line that is printed.
MOMENTS = [0, 1, 2, 4, 8, 14, 20, 26, 30]


@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c(bench, right, moment):
    bench.start_daemon()
    folder = bench.project("s", {"s.ino": sketch("mark-one"), **TABS})
    running = bench.start("build", folder, "--fqbn", UNO, start_new_session=True)
    lines = iter(range(moment))
    if moment:
        running.wait_for(lambda _: next(lines, None) is None or _["type"] != "event", "a line")
    running.interrupt()
    outcome = running.finish()
    if outcome.status != 0:  # it may have been done already
        # Before jig listens, a signal ends it as it ends any program.
        assert outcome.status in (130, -signal.SIGINT), str(outcome)
    if outcome.lines and outcome.status == 130:
        assert outcome.error(130)["code"] == "cancelled"
    wait_until(lambda: all(o["state"] in ("succeeded", "cancelled", "failed")
                           for o in bench.operations()), "the operation's end")
    assert not bench.children()
    check_next(bench, folder, right)


def test_sigterm(bench, right):
    folder = bench.project("s", {"s.ino": sketch("mark-one"), **TABS})
    running = bench.start("build", folder, "--fqbn", UNO)
    running.wait_for_event("step", state="started")
    outcome = running.signal(signal.SIGTERM).finish()
    outcome.error(130)
    assert bench.operations()[0]["state"] == "cancelled"
    check_next(bench, folder, right)


def test_deadline(bench, right):
    bench.start_daemon()
    folder = bench.project("s", {"s.ino": sketch("mark-one"), **TABS})
    outcome = bench.jig("--deadline", "0.2", "build", folder, "--fqbn", UNO)
    if outcome.status != 0:
        assert outcome.error(10)["code"] == "deadline_exceeded"
    wait_until(lambda: not bench.jig("ops", "list", "--active").result["operations"],
               "the operation's end")
    assert not bench.children()
    check_next(bench, folder, right)


def test_killed_command_line(bench, right):
    """Its operation is cancelled: nobody waits for it any more."""
    folder = bench.project("s", {"s.ino": sketch("mark-one"), **TABS})
    running = bench.start("build", folder, "--fqbn", UNO)
    operation = running.wait_for_event("step", state="started")["operation"]
    running.signal(signal.SIGKILL).process.wait()
    shown = wait_until(lambda: next((o for o in bench.operations() if o["id"] == operation and
                                     o["state"] not in ("queued", "running")), None), "its end")
    assert shown["state"] == "cancelled", shown
    assert not bench.children()
    check_next(bench, folder, right)


def test_detached_operation_goes_on(bench, right):
    folder = bench.project("s", {"s.ino": sketch("mark-one"), **TABS})
    outcome = bench.jig("build", folder, "--fqbn", UNO, "--detach").result
    followed = bench.jig("ops", "follow", outcome["operation"])
    assert sha256(followed.result["artifacts"]["hex"]) == right["mark-one"]


def test_operation_that_is_cancelled_by_another(bench):
    folder = bench.project("s", {"s.ino": sketch("mark-one"), **TABS})
    running = bench.start("build", folder, "--fqbn", UNO)
    operation = running.wait_for_event("step", state="started")["operation"]
    cancelled = bench.jig("ops", "cancel", operation)
    assert cancelled.status == 0, str(cancelled)
    running.finish().error(130)


@pytest.mark.parametrize("moment", [1, 6, 14, 28])
def test_killed_daemon(bench, right, moment):
    folder = bench.project("s", {"s.ino": sketch("mark-one"), **TABS})
    first = bench.start_daemon()
    running = bench.start("build", folder, "--fqbn", UNO)
    lines = iter(range(moment))
    running.wait_for(lambda line: next(lines, None) is None or line["type"] != "event", "a line")
    os.kill(first, signal.SIGKILL)
    outcome = running.finish()
    if outcome.status != 0:
        assert outcome.error(8)["code"] == "unavailable"
    wait_gone(first)
    second = bench.start_daemon()
    assert second != first and is_alive(second)
    check_next(bench, folder, right)


def test_second_build_waits(bench, right):
    """And says for whom; both succeed."""
    text = sketch("mark-one") + "".join(f"int pad{i}() {{ return {i}; }}\n" for i in range(3000))
    folder = bench.project("s", {"s.ino": text, **TABS})
    one = bench.start("build", folder, "--fqbn", UNO, "-j1")
    operation = one.wait_for_event("step", state="started")["operation"]
    two = bench.start("build", folder, "--fqbn", UNO)
    waiting = two.wait_for_event("notice", id="build.waiting")
    assert operation in waiting["text"], waiting
    first, second = one.finish().result, two.finish().result
    assert first["outcome"] == "built" and second["outcome"] == "up_to_date"
    assert first["artifacts"] == second["artifacts"]


def test_waiting_build_is_interrupted(bench):
    text = sketch("mark-one") + "".join(f"int pad{i}() {{ return {i}; }}\n" for i in range(3000))
    folder = bench.project("s", {"s.ino": text, **TABS})
    one = bench.start("build", folder, "--fqbn", UNO, "-j1")
    one.wait_for_event("step", state="started")
    two = bench.start("build", folder, "--fqbn", UNO)
    two.wait_for_event("notice", id="build.waiting")
    two.interrupt().finish().error(130)
    assert one.finish().result["outcome"] == "built"


def test_many_builds_of_one_project(bench, right):
    folder = bench.project("s", {"s.ino": sketch("mark-one"), **TABS})
    running = [bench.start("build", folder, "--fqbn", UNO) for _ in range(6)]
    results = [r.finish().result for r in running]
    assert sorted(r["outcome"] for r in results) == ["built"] + ["up_to_date"] * 5
    assert {sha256(r["artifacts"]["hex"]) for r in results} == {right["mark-one"]}


def test_two_daemons_one_project(bench, new_bench, warm_cache):
    """Two users, or one on two hosts: the build folder's lock holds between daemons too."""
    other = new_bench(cache=warm_cache)
    text = sketch("mark-one") + "".join(f"int pad{i}() {{ return {i}; }}\n" for i in range(3000))
    folder = bench.project("s", {"s.ino": text, **TABS})
    one = bench.start("build", folder, "--fqbn", UNO, "-j1")
    one.wait_for_event("step", state="started")
    two = other.start("build", folder, "--fqbn", UNO)
    two.wait_for_event("notice", id="build.waiting")
    assert has_text(one.finish().result, "mark-one")
    assert two.finish().result["outcome"] == "up_to_date"


def test_different_projects_at_once(bench):
    folders = [bench.sketch(f"p{i}", sketch(f"project-{i}"), **TABS) for i in range(4)]
    running = [bench.start("build", f, "--fqbn", UNO) for f in folders]
    deadline = Deadline()
    for i, r in enumerate(running):
        assert has_text(r.finish().result, f"project-{i}")
        deadline.left("four builds")
