"""What jig prints and how it ends, for everything that a daemon may say: held against a fake one."""

import base64
import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import termios
import threading

import pytest

from fake_jigd import HOLD, FakeJigd, Refusal, environment_of, operation
from jig_bench import BIN, PATIENCE, wait_gone

BUILD = {
    "outcome": "OUTCOME_BUILT", "environment": "uno", "fqbn": "arduino:avr:uno",
    "artifacts": [{"kind": "elf", "path": "/p/b/f.elf", "sizeBytes": "9"},
                  {"kind": "hex", "path": "/p/b/f.hex"}],
    "flashBytes": "1006", "flashMaxBytes": "32256", "ramBytes": "9", "ramMaxBytes": "2048",
    "compiled": 3, "reused": 31, "serverUs": "1720000",
    "phases": [{"name": "compile", "durationUs": "1500000"}, {"name": "link", "durationUs": "9"}],
    "reasons": [{"step": "compile src/main.cpp", "because": "src/main.cpp changed"}],
    "diagnostics": [{"file": "/p/src/main.cpp", "line": 3, "column": 5,
                     "severity": "SEVERITY_WARNING", "message": "unused variable 'x'",
                     "option": "-Wunused-variable",
                     "rendered": "src/main.cpp:3:5: warning: unused variable 'x'\n  int x;"}],
    "notices": ["two libraries have Wire.h"], "platformNotices": ["overlay arduino.avr.debian"],
    "projectDirectory": "/p", "buildDirectory": "/p/b", "libraries": ["Wire 1.0 (/l)"],
}
UP_TO_DATE = {**BUILD, "outcome": "OUTCOME_UP_TO_DATE", "compiled": 0, "serverUs": "800",
              "reasons": []}
MEGA = {**BUILD, "environment": "mega", "fqbn": "arduino:avr:mega", "compiled": 1, "reused": 2,
        "serverUs": "1000"}

# What a build's and a deploy's result lines carry at least, by the design's contract.
BUILD_KEYS = {"operation", "outcome", "environment", "fqbn", "artifacts", "flash_bytes",
              "flash_max", "ram_bytes", "ram_max", "compiled", "reused", "server_us", "phases_us",
              "reasons"}
DEPLOY_KEYS = {"operation", "outcome", "device", "port", "bytes_written", "bytes_skipped",
               "server_us", "phases_us", "build"}
DEVICE_KEYS = {"id", "port", "kind", "vid", "pid", "serial", "connected", "labels", "aliases",
               "lease", "trust"}


def started(*builds, state="SUCCEEDED", **more):
    return {"operation": operation(state, builds=list(builds), **more)}


def events(*kinds):
    return [{"number": str(n), "unixMs": "1700000000000", **kind}
            for n, kind in enumerate(kinds, 1)]


def watched(*kinds, **op):
    """WatchOperation's answer: all events at once, then nothing but the end."""
    def answer(request):
        seen = int(request.get("cursor", 0))
        return {"events": events(*kinds)[seen:], "cursor": str(len(kinds)),
                "operation": operation(lastEvent=str(len(kinds)), **op)}
    return answer


STEP = {"step": {"step": "compile src/main.cpp", "state": "STATE_FINISHED", "done": 1, "total": 2,
                 "because": "never built", "durationUs": "310000"}}
REUSED = {"step": {"step": "compile lib.c", "state": "STATE_REUSED", "done": 2, "total": 2}}
DIAGNOSTIC = {"diagnostic": BUILD["diagnostics"][0]}
ERROR = {"diagnostic": {"file": "/p/a.c", "line": 1, "severity": "SEVERITY_ERROR",
                        "message": "expected ';'"}}
LOG = {"log": {"stream": "STREAM_STDERR", "text": "collect2: error: ld returned 1"}}
NOTICE = {"notice": {"id": "build.waiting", "severity": "SEVERITY_WARNING", "text": "it waits"}}
PROGRESS = {"progress": {"phase": "write", "percent": 100, "doneBytes": "1006",
                         "totalBytes": "1006"}}
STATE = {"state": {"state": "OPERATION_STATE_RUNNING"}}


# ----------------------------------------------------------------------------------------- builds


def test_build_result(bench, fake):
    fake.answers["StartBuild"] = started(BUILD)
    fake.answers["WatchOperation"] = watched(STATE, STEP, DIAGNOSTIC, state="SUCCEEDED",
                                             builds=[BUILD])
    outcome = bench.jig("build")
    result = outcome.result
    assert BUILD_KEYS <= set(result)
    assert result["operation"] == "00112233445566aa"
    assert result["outcome"] == "built"
    assert result["artifacts"] == {"elf": "/p/b/f.elf", "hex": "/p/b/f.hex"}
    assert (result["flash_bytes"], result["flash_max"]) == (1006, 32256)
    assert result["phases_us"] == {"compile": 1500000, "link": 9}
    assert result["reasons"] == [{"step": "compile src/main.cpp",
                                  "because": "src/main.cpp changed"}]
    assert [b["environment"] for b in result["builds"]] == ["uno"]
    assert BUILD_KEYS <= set(result["builds"][0])
    assert [e["event"] for e in outcome.events] == ["state", "step", "diagnostic"]
    assert outcome.events[1]["state"] == "finished"
    assert outcome.events[2]["severity"] == "warning"


def test_warm_build_is_one_call(bench, fake):
    fake.answers["StartBuild"] = started(UP_TO_DATE)
    assert bench.jig("build").result["outcome"] == "up_to_date"
    assert fake.methods() == ["StartBuild"]


def test_several_environments(bench, fake):
    fake.answers["StartBuild"] = started(UP_TO_DATE, MEGA)
    fake.answers["WatchOperation"] = watched(state="SUCCEEDED", builds=[UP_TO_DATE, MEGA])
    result = bench.jig("build").result
    assert result["environment"] == "uno,mega"
    assert result["fqbn"] == "arduino:avr:uno"
    assert result["outcome"] == "built"
    assert (result["compiled"], result["reused"], result["server_us"]) == (1, 33, 1800)
    assert result["phases_us"]["compile"] == 3000000
    assert [b["outcome"] for b in result["builds"]] == ["up_to_date", "built"]


def test_build_request(bench, fake):
    fake.answers["StartBuild"] = started(UP_TO_DATE)
    folder = bench.project("it's \"ä\" 1", {"x": ""})
    bench.jig("build", folder.name, "-e", "uno", "--fqbn", "a:b:c", "--clean", "-j", "3",
              "--walk", "--explain", cwd=folder.parent, env={"JIG_BUILD_DIR": "out",
                                                            "PLATFORMIO_SRC_DIR": "here"}).result
    request = fake.requests("StartBuild")[0]
    assert request["project"] == {
        "directory": str(folder), "environment": "uno", "fqbn": "a:b:c",
        "buildDirectory": str(folder.parent / "out"),
        "variables": [{"name": "PLATFORMIO_SRC_DIR", "value": "here"}]}
    assert (request["clean"], request["jobs"], request["walk"], request["explain"]) == \
        (True, 3, True, True)
    assert request["tie"]["cancelWithOwner"] is True
    assert int(request["tie"]["ownerPid"]) > 1


def test_leading_dash(bench, fake):
    fake.answers["StartBuild"] = started(UP_TO_DATE)
    folder = bench.project("-e", {"x": ""})
    bench.jig("build", "--", "-e", cwd=folder.parent).result
    assert fake.requests("StartBuild")[0]["project"]["directory"] == str(folder)


def test_detach(bench, fake):
    fake.answers["StartBuild"] = started(state="RUNNING")
    assert bench.jig("build", "--detach").result["operation"] == "00112233445566aa"
    assert bench.plain("build", "--detach")[:2] == (0, "00112233445566aa\n")
    request = fake.requests("StartBuild")[0]
    assert "cancelWithOwner" not in request["tie"]
    assert "waitMs" not in request
    assert fake.methods() == ["StartBuild", "StartBuild"]


FAILURES = [
    ("INVALID_ARGUMENT", "USAGE", 2), ("FAILED_PRECONDITION", "BAD_PROJECT", 3),
    ("NOT_FOUND", None, 4), ("ABORTED", "BUSY", 5), ("FAILED_PRECONDITION", "BUILD_FAILED", 6),
    ("INTERNAL", "DEPLOY_FAILED", 7), ("UNAVAILABLE", None, 8), ("PERMISSION_DENIED", None, 9),
    ("DEADLINE_EXCEEDED", None, 10), ("DATA_LOSS", "INTEGRITY", 11), ("INTERNAL", None, 12),
    ("FAILED_PRECONDITION", "TEST_FAILED", 1), ("CANCELLED", None, 130),
]


@pytest.mark.parametrize("code, reason, status", FAILURES)
def test_refused(bench, fake, code, reason, status):
    fake.answers["StartBuild"] = Refusal(code, "it is so", reason, hint="do that", details=["a"])
    line = bench.jig("build").error(status, "it is so", "do that")
    assert line["code"] == code.lower()
    assert line["details"] == ["a"]
    plain = bench.plain("build")
    assert plain == (status, "", "error: it is so\nhint: do that\n")


@pytest.mark.parametrize("code, reason, status", FAILURES)
def test_operation_failed(bench, fake, code, reason, status):
    if code == "UNAVAILABLE":
        status = 12  # the daemon is there: something else could not be reached
    error = Refusal(code, "it broke", reason).status
    fake.answers["StartBuild"] = started(state="FAILED", error=error)
    fake.answers["WatchOperation"] = watched(ERROR, state="FAILED", error=error)
    outcome = bench.jig("build")
    assert outcome.error(status, "it broke")["operation"] == "00112233445566aa"
    assert outcome.kinds("diagnostic")[0]["message"] == "expected ';'"


def test_other_version(bench):
    with FakeJigd(bench.folder / "other.sock", protocol=7) as other:
        other.answers["GetStatus"] = {}
        line = bench.jig("--host", other.url, "daemon", "status").error(8, "9.9.fake", "protocol 7")
        assert "protocol 1" in line["message"]


def test_plain_build(bench, fake):
    fake.answers["StartBuild"] = started(BUILD)
    fake.answers["WatchOperation"] = watched(STATE, STEP, REUSED, DIAGNOSTIC, LOG, NOTICE,
                                             state="SUCCEEDED", builds=[BUILD])
    status, out, err = bench.plain("build")
    assert status == 0
    assert out == ("Flash: [=                   ] 3.1 % (1006 bytes of 32256)\n"
                   "RAM:   [=                   ] 0.4 % (9 bytes of 2048)\n"
                   "uno (arduino:avr:uno): built in 1.72 s, 3 compiled, 31 reused\n")
    assert err == ("[ 1/2] compile src/main.cpp\n"
                   "src/main.cpp:3:5: warning: unused variable 'x'\n  int x;\n"
                   "warning: it waits\n"
                   "note: two libraries have Wire.h\n")  # the warning once, no overlay


def test_verbose_build(bench, fake):
    fake.answers["StartBuild"] = started(BUILD)
    fake.answers["WatchOperation"] = watched(STEP, REUSED, LOG, state="SUCCEEDED", builds=[BUILD])
    status, out, err = bench.plain("build", "-v", "--explain")
    assert status == 0
    assert "[ 1/2] compile src/main.cpp: never built (310.0 ms)\n" in err
    assert "[ 2/2] compile lib.c: reused\n" in err
    assert "note: overlay arduino.avr.debian\n" in err
    assert "collect2: error: ld returned 1\n" in err
    assert "  compile src/main.cpp: src/main.cpp changed\n" in out
    assert "elf    /p/b/f.elf (9 bytes)\n" in out
    assert "uses   Wire 1.0 (/l)\n" in out


def test_quiet_build(bench, fake):
    fake.answers["StartBuild"] = started(BUILD)
    fake.answers["WatchOperation"] = watched(STEP, DIAGNOSTIC, PROGRESS, NOTICE, state="SUCCEEDED",
                                             builds=[BUILD])
    status, out, err = bench.plain("-q", "build")
    assert (status, out) == (0, "")
    assert err == ("src/main.cpp:3:5: warning: unused variable 'x'\n  int x;\nwarning: it waits\n")


def test_failed_build_shows_what_tools_said(bench, fake):
    error = Refusal("FAILED_PRECONDITION", "the link failed", "BUILD_FAILED").status
    fake.answers["StartBuild"] = started(state="FAILED", error=error)
    fake.answers["WatchOperation"] = watched(STEP, ERROR, LOG, state="FAILED", error=error)
    status, out, err = bench.plain("build")
    assert (status, out) == (6, "")
    assert err == ("[ 1/2] compile src/main.cpp\n/p/a.c:1: error: expected ';'\n"
                   "collect2: error: ld returned 1\nerror: the link failed\n")


def test_lost_events_are_told(bench, fake):
    fake.answers["StartBuild"] = started(state="RUNNING")
    fake.answers["WatchOperation"] = {"cursor": "9", "droppedEvents": "8",
                                      "operation": operation("SUCCEEDED", lastEvent="9",
                                                             builds=[BUILD])}
    assert "warning: 8 events of the operation were lost\n" in bench.plain("build")[2]


# ----------------------------------------------------------------------------------- interruption


def cancelling(fake):
    """An operation that runs until it is cancelled."""
    gone = []

    def cancel(_request):
        gone.append(1)
        return {"operation": operation("RUNNING")}

    def watch(request):
        if not gone:
            fake.wait_for("CancelOperation")
        return {"cursor": "1", "operation": operation(
            "CANCELLED", lastEvent="1", error=Refusal("CANCELLED", "cancelled").status)}

    fake.answers.update(StartBuild=started(state="RUNNING"), CancelOperation=cancel,
                        WatchOperation=watch)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted(bench, fake, number):
    cancelling(fake)
    running = bench.start("build")
    fake.wait_for("WatchOperation")
    outcome = running.signal(number).finish()
    line = outcome.error(130, "interrupted", "cancelled")
    assert line["code"] == "cancelled"
    assert fake.requests("CancelOperation") == [{"id": "00112233445566aa"}]


def done_too_late(fake, **result):
    """As cancelling(), but its work was done by then."""
    cancelling(fake)
    watch = fake.answers["WatchOperation"]

    def done(request):
        watch(request)
        return {"cursor": "1", "operation": operation("SUCCEEDED", lastEvent="1", **result)}

    fake.answers["WatchOperation"] = done


def test_interrupted_too_late(bench, fake):
    done_too_late(fake, builds=[BUILD])
    running = bench.start("build")
    fake.wait_for("WatchOperation")
    outcome = running.interrupt().finish()
    assert fake.requests("CancelOperation")
    assert outcome.result["outcome"] == "built"


def test_deadline_too_late(bench, fake):
    done_too_late(fake, builds=[BUILD])
    assert bench.jig("--deadline", "0.3", "build").result["outcome"] == "built"


def test_interrupted_too_late_to_stop_a_deploy(bench, fake):
    """The board is flashed; the monitor that was to follow does not begin."""
    done_too_late(fake, deploy={"outcome": "OUTCOME_WRITTEN", "device": "left",
                                "monitorSession": "m1"})
    fake.answers["StartDeploy"] = fake.answers["StartBuild"]
    running = bench.start("deploy", "--monitor")
    fake.wait_for("WatchOperation")
    running.interrupt().finish().error(130, "interrupted", "left")
    assert "ReadMonitor" not in fake.methods()
    assert fake.requests("CloseMonitor")


def test_interrupted_twice(bench, fake):
    fake.answers.update(StartBuild=started(state="RUNNING"), WatchOperation=lambda _: HOLD,
                        CancelOperation=lambda _: HOLD)
    running = bench.start("build")
    fake.wait_for("WatchOperation")
    running.interrupt()
    fake.wait_for("CancelOperation")
    assert running.interrupt().finish().status == 130


def test_interrupted_while_it_starts(bench, fake):
    """The signal comes while StartBuild is under way: what it makes is cancelled all the same."""
    cancelling(fake)
    running = bench.start("build")

    def start(_request):
        running.interrupt()
        return started(state="RUNNING")

    fake.answers["StartBuild"] = start
    outcome = running.finish()
    if outcome.status == 130 and "StartBuild" in fake.methods():
        assert "CancelOperation" in fake.methods()


def test_interrupted_before_the_daemon_answers(bench, fake):
    fake.answers["ListDevices"] = lambda _: HOLD
    running = bench.start("devices", "list")
    fake.wait_for("ListDevices")
    running.interrupt().finish().error(130, "interrupted")


def test_ignored_signal_stays_ignored(bench, fake):
    """`nohup jig ... &`: SIGHUP was ignored, and is."""
    hold = []

    def answer(_request):
        fake.wait_for("GetStatus")
        hold.append(os.kill(running.pid, signal.SIGHUP))
        return {"devices": []}

    fake.answers["ListDevices"] = answer
    running = bench.start("devices", "list",
                          preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    fake.calls.append(("GetStatus", {}))
    with fake.changed:
        fake.changed.notify_all()
    assert running.finish().result["devices"] == []
    assert hold


def test_deadline(bench, fake):
    cancelling(fake)
    outcome = bench.jig("--deadline", "0.3", "build")
    assert outcome.error(10, "out of time")["code"] == "deadline_exceeded"
    assert fake.requests("CancelOperation")


def test_deadline_of_a_call(bench, fake):
    fake.answers["ListDevices"] = lambda _: HOLD
    assert bench.jig("devices", "list", "--deadline", "0.2").error(10)["code"] == \
        "deadline_exceeded"


def test_following_does_not_cancel(bench, fake):
    fake.answers["GetOperation"] = {"operation": operation("RUNNING")}
    fake.answers["WatchOperation"] = lambda _: HOLD
    running = bench.start("ops", "follow", "00112233445566aa")
    fake.wait_for("WatchOperation")
    running.interrupt().finish().error(130)
    assert "CancelOperation" not in fake.methods()


def test_ops_cancel_waits_for_the_end(bench, fake):
    fake.answers["CancelOperation"] = {"operation": operation("RUNNING", lastEvent="3")}
    fake.answers["WatchOperation"] = lambda request: {
        "cursor": "4", "operation": operation("CANCELLED" if request.get("cursor") == "4"
                                              else "RUNNING", lastEvent="4")}
    assert bench.jig("ops", "cancel", "00112233445566aa").result["operation"]["state"] == \
        "cancelled"
    assert [r.get("cursor") for r in fake.requests("WatchOperation")] == ["3", "4"]


# --------------------------------------------------------------------------------------- deploys

DEPLOY = {"outcome": "OUTCOME_WRITTEN", "device": "emulated:uno", "port": "/dev/pts/3",
          "bytesWritten": "1006", "serverUs": "2310000", "because": "every deploy writes",
          "phases": [{"name": "flash", "durationUs": "9"}], "build": UP_TO_DATE}


def deployed(**more):
    deploy = {**DEPLOY, **more}
    return {"operation": operation("SUCCEEDED", deploy=deploy)}, \
        watched(PROGRESS, state="SUCCEEDED", deploy=deploy)


def test_deploy_result(bench, fake):
    fake.answers["StartDeploy"], fake.answers["WatchOperation"] = deployed()
    outcome = bench.jig("deploy", "-d", "emulated:uno", "--trust", "session", "--no-build")
    result = outcome.result
    assert DEPLOY_KEYS <= set(result)
    assert BUILD_KEYS <= set(result["build"])
    assert (result["outcome"], result["port"]) == ("written", "/dev/pts/3")
    assert outcome.kinds("progress")[0]["percent"] == 100
    request = fake.requests("StartDeploy")[0]
    assert (request["device"], request["trust"], request["noBuild"]) == \
        ("emulated:uno", "TRUST_MODE_SESSION", True)
    status, out, err = bench.plain("deploy", "-d", "emulated:uno")
    assert status == 0
    assert out.endswith("emulated:uno (/dev/pts/3): written in 2.31 s, 1006 bytes\n")
    assert err == ("write 100 % (1006 bytes of 1006 bytes)\n"
                   "src/main.cpp:3:5: warning: unused variable 'x'\n  int x;\n")  # replayed


def test_deploy_images(bench, fake):
    fake.answers["StartDeploy"], fake.answers["WatchOperation"] = deployed(build=None)
    bench.jig("deploy", "-d", "x", "--image", "0x1000:a:b.bin", "--image", "10:/c.bin").result
    request = fake.requests("StartDeploy")[0]
    assert request["images"] == [{"offset": "4096", "path": str(bench.folder / "a:b.bin")},
                                 {"offset": "10", "path": "/c.bin"}]
    assert "project" not in request
    bench.jig("deploy", "--fqbn", "a:b:c", "--image", "0:x").result
    assert fake.requests("StartDeploy")[1]["project"]["fqbn"] == "a:b:c"


@pytest.mark.parametrize("words", [
    ["--image", "x"], ["--image", ":x"], ["--image", "0x:x"], ["--image", "1z:x"],
    ["--image", "-1:x"], ["--image", "1:"], ["--image", "99999999999999999999:x"],
    ["--image", "0:x", "folder"], ["--image", "0:x", "--no-build"], ["--expect", "x"],
    ["--timeout", "1"], ["--monitor", "--detach"], ["--monitor", "--expect", "("],
    ["--monitor", "--fail-on", "[z-a]"], ["--trust", "blindly"],
])
def test_deploy_refused_before_anything_is_done(bench, fake, words):
    bench.jig("deploy", "-d", "x", *words).error(2)
    assert "StartDeploy" not in fake.methods()


# -------------------------------------------------------------------------------------- monitors


class Board:
    """What a board says to a serial session, in pieces; each ReadMonitor gets one."""

    def __init__(self, fake, *pieces, closed=False):
        self.fake, self.pieces, self.written = fake, pieces, []
        self.closed = closed
        fake.answers["OpenMonitor"] = {"session": "s1", "device": "emulated:uno",
                                       "port": "/dev/pts/3", "baud": 9600}
        fake.answers["ReadMonitor"] = self.read
        fake.answers["WriteMonitor"] = self.write
        fake.answers["CloseMonitor"] = {}
        self.turn = 0

    def read(self, request):
        turn, self.turn = self.turn, self.turn + 1
        if turn >= len(self.pieces):
            if self.closed:
                return {"closed": True, "cursor": request.get("cursor", "0")}
            if int(request["waitMs"]) > 2000:
                return HOLD
            threading.Event().wait(int(request["waitMs"]) / 1000)
            return {"cursor": request.get("cursor", "0")}
        piece = self.pieces[turn]
        reply = piece if isinstance(piece, dict) else {"data": piece}
        data = reply.get("data", b"")
        return {**reply, "data": base64.b64encode(data).decode(),
                "cursor": str(int(request.get("cursor", "0")) + len(data))}

    def write(self, request):
        self.written.append(base64.b64decode(request["data"]))
        return {}


MONITOR = ("monitor", "-d", "emulated:uno")


def test_monitor_expect(bench, fake):
    Board(fake, b"boot\r\nrea", b"dy\nmore\n")
    outcome = bench.jig(*MONITOR, "-b", "115200", "--expect", "^ready$")
    result = outcome.result
    assert (result["outcome"], result["matched"], result["bytes"]) == ("matched", "ready", 17)
    assert [e["text"] for e in outcome.kinds("line")] == ["boot", "ready"]
    assert fake.requests("OpenMonitor") == [{"device": "emulated:uno", "baud": 115200}]
    assert fake.requests("CloseMonitor") == [{"session": "s1"}]
    assert [r.get("cursor") for r in fake.requests("ReadMonitor")] == [None, "9"]


def test_monitor_raw_output(bench, fake):
    Board(fake, b"\xff\x00bin\r\n", b"> ")
    status = subprocess.run([BIN / "jig", *MONITOR, "--expect", "> "], env=bench.env,
                            stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert (status.returncode, status.stdout) == (0, b"\xff\x00bin\r\n> ")


def test_monitor_prompt_at_the_end_of_input(bench, fake):
    """A pattern that needs the end of the line waits until the board is quiet."""
    Board(fake, b"booting\n> ")
    assert bench.jig(*MONITOR, "--expect", "> $").result["matched"] == "> "


def test_monitor_fail_on(bench, fake):
    Board(fake, b"ok\nPANIC at 5\nready\n")
    line = bench.jig(*MONITOR, "--expect", "ready", "--fail-on", "PANIC").error(1, "PANIC at 5")
    assert line["code"] == "failed_precondition"


def test_monitor_timeout(bench, fake):
    Board(fake, b"tick\n")
    bench.jig(*MONITOR, "--timeout", "0.3", "--expect", "never").error(10, "never", "0.3 s")
    assert fake.requests("CloseMonitor")


def test_monitor_closed(bench, fake):
    Board(fake, b"half", {"events": [{"kind": "KIND_CLOSED", "text": "it was unplugged"}]},
          closed=True)
    outcome = bench.jig(*MONITOR, "--expect", "never")
    outcome.error(12, "emulated:uno")
    assert outcome.kinds("closed")[0]["text"] == "it was unplugged"
    Board(fake, b"half", closed=True)
    assert bench.jig(*MONITOR, "--expect", "^half$").result["matched"] == "half"


def test_monitor_says_what_was_lost(bench, fake):
    Board(fake, {"data": b"late\n", "droppedBytes": "77"}, b"end\n")
    outcome = bench.jig(*MONITOR, "--expect", "end")
    assert outcome.result["dropped_bytes"] == 77
    assert outcome.kinds("dropped")[0]["bytes"] == 77
    Board(fake, {"data": b"late\n", "droppedBytes": "77"}, b"end\n")
    assert "77 bytes of the board's output were lost" in bench.plain(*MONITOR, "--expect", "end")[2]


def test_monitor_pauses(bench, fake):
    events_ = [{"kind": "KIND_RESUMED", "text": "open"}, {"kind": "KIND_PAUSED", "text": "wait"},
               {"kind": "KIND_RESUMED", "text": "again"}]
    Board(fake, {"events": events_}, b"end\n")
    outcome = bench.jig(*MONITOR, "--expect", "end")
    assert [e["event"] for e in outcome.events] == ["paused", "resumed", "line"]
    assert outcome.events[1]["text"] == "again"


def test_monitor_input_from_a_pipe(bench, fake):
    board = Board(fake, b"> ")
    child = subprocess.Popen([BIN / "jig", *MONITOR], env=bench.env, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE)
    child.stdin.write(b"help\r\n\x1d")
    child.stdin.close()
    fake.wait_for("WriteMonitor")
    child.send_signal(signal.SIGINT)
    assert child.wait(60) == 130
    child.stdout.close()
    assert b"".join(board.written) == b"help\r\n\x1d"  # a pipe's bytes have no meaning for jig


def test_monitor_no_input(bench, fake):
    Board(fake, b"x\n", b"end\n")
    done = subprocess.run([BIN / "jig", *MONITOR, "--no-input", "--expect", "end"], env=bench.env,
                          input=b"help\n", capture_output=True, check=False)
    assert done.returncode == 0
    assert "WriteMonitor" not in fake.methods()


def test_monitor_reader_leaves(bench, fake):
    """`jig monitor | head -1` ends when head has had enough."""
    Board(fake, *[b"line %d\n" % n for n in range(5000)])
    child = subprocess.Popen([BIN / "jig", *MONITOR], env=bench.env, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout.readline() == b"line 0\n"
    child.stdout.close()
    assert child.wait(60) != 0
    assert child.stderr.read() == b""
    child.stdin.close()
    child.stderr.close()


def test_monitor_greedy_pattern(bench, fake):
    Board(fake, b"a" * 60 + b"!\n")
    bench.jig(*MONITOR, "--expect", "^(a+)+$").error(2, "too many steps")


def test_deploy_monitor(bench, fake):
    fake.answers["StartDeploy"], fake.answers["WatchOperation"] = deployed(monitorSession="s1")
    Board(fake, b"hello\n")
    outcome = bench.jig("deploy", "-d", "x", "--monitor", "--expect", "hello", "-b", "57600")
    result = outcome.result
    assert result["outcome"] == "written"
    assert result["monitor"]["matched"] == "hello"
    assert fake.requests("StartDeploy")[0]["monitorBaud"] == 57600
    assert "OpenMonitor" not in fake.methods()
    assert fake.requests("ReadMonitor")[0]["session"] == "s1"
    Board(fake, b"hello\n")
    bench.jig("deploy", "-d", "x", "--monitor", "--fail-on", "hello").error(1, "hello")


# -------------------------------------------------------------------------------------- the rest

DEVICE = {"id": "usb:1", "port": "/dev/ttyACM0", "kind": "serial", "vid": 9025, "pid": 67,
          "serial": "95", "connected": True, "labels": ["lab"], "aliases": ["left"],
          "fqbn": "arduino:avr:uno", "product": "Arduino Uno", "topology": "1-2"}


def test_devices(bench, fake):
    fake.answers["ListDevices"] = {"devices": [DEVICE]}
    device = bench.jig("devices", "list").result["devices"][0]
    assert DEVICE_KEYS <= set(device)
    assert device["lease"] is None and device["trust"] is None
    assert (device["vid"], device["labels"], device["aliases"]) == (9025, ["lab"], ["left"])
    out = bench.plain("devices", "list")[1].splitlines()
    assert out[0].split() == ["ID", "PORT", "BOARD", "STATE", "NAME"]
    assert out[1].split() == ["usb:1", "/dev/ttyACM0", "arduino:avr:uno", "connected", "Arduino",
                              "Uno", "[lab]"]
    fake.answers["GetDevice"] = {"device": DEVICE}
    assert bench.jig("devices", "show", "left").result["device"] == device
    assert fake.requests("GetDevice") == [{"device": "left"}]
    assert "2341:0043" in bench.plain("devices", "show", "left")[1]
    known = {"imageSha256": "ab" * 32, "sinceUnixMs": "1700000000000", "how": "verified"}
    fake.answers["GetDevice"] = {"device": {**DEVICE, "trust": known}}
    assert bench.jig("devices", "show", "left").result["device"]["trust"] == {
        "image_sha256": "ab" * 32, "since_unix_ms": 1700000000000, "how": "verified"}
    assert "ab" * 32 + ", verified" in bench.plain("devices", "show", "left")[1]
    fake.answers["ListDevices"] = {}
    assert bench.plain("devices", "list") == (0, "", "no board is connected\n")


def test_devices_watch(bench, fake):
    later = ["disconnected", "connected", "renumbered", "changed", "removed"]
    changes = [
        {"changes": [{"kind": "KIND_ADDED", "device": DEVICE}], "cursor": "5", "snapshot": True},
        {"changes": [{"kind": f"KIND_{kind.upper()}", "device": DEVICE} for kind in later],
         "cursor": "6"},
    ]
    fake.answers["WatchDevices"] = lambda request: changes.pop(0) if changes else HOLD
    running = bench.start("devices", "watch")
    fake.wait_for("WatchDevices", 3)
    outcome = running.interrupt().finish()
    outcome.error(130)
    assert [e["event"] for e in outcome.events] == ["snapshot", "device_added", "sync",
                                                    *(f"device_{kind}" for kind in later)]
    assert outcome.events[2]["revision"] == 5
    assert [r.get("cursor") for r in fake.requests("WatchDevices")] == [None, "5", "6"]


def test_devices_watch_for_a_person(bench, fake):
    known = {"imageSha256": "ab" * 32, "sinceUnixMs": "1700000000000", "how": "verified"}
    changes = [{"changes": [{"kind": "KIND_CHANGED", "device": {**DEVICE, "trust": known}},
                            {"kind": "KIND_CHANGED", "device": DEVICE}], "cursor": "5"}]
    fake.answers["WatchDevices"] = lambda request: changes.pop(0) if changes else HOLD
    running = subprocess.Popen(bench.words("devices", "watch", json_lines=False), env=bench.env,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    try:
        fake.wait_for("WatchDevices", 2)
        running.send_signal(signal.SIGINT)
        out, _ = running.communicate(timeout=PATIENCE)
    finally:
        running.kill()
    assert [line.split() for line in out.splitlines()] == [
        ["changed", "usb:1", "/dev/ttyACM0", "connected", "flash", "verified"],
        ["changed", "usb:1", "/dev/ttyACM0", "connected"]]


def test_project(bench, fake):
    fake.answers["GetProject"] = {"project": {
        "directory": "/p", "kind": "KIND_PLATFORMIO", "warnings": ["unknown key 'x'"],
        "environments": [
            {"name": "uno", "isDefault": True, "fqbn": "arduino:avr:uno", "sources": ["src/a.c"],
             "options": [{"name": "board", "values": ["uno"]},
                         {"name": "build_flags", "values": ["-DX"], "isList": True}]},
            {"name": "bad", "problem": "no board"}]}}
    result = bench.jig("project").result
    assert result["environments"][0] == {
        "name": "uno", "default": True, "fqbn": "arduino:avr:uno",
        "options": {"board": "uno", "build_flags": ["-DX"]}, "sources": ["src/a.c"],
        "problem": None}
    assert result["environments"][1]["problem"] == "no board"
    status, out, err = bench.plain("project")
    assert (status, err) == (0, "warning: unknown key 'x'\n")
    assert "uno (default)  arduino:avr:uno" in out
    assert "can't be built: no board" in out


def test_ops(bench, fake):
    error = Refusal("FAILED_PRECONDITION", "it broke", "BUILD_FAILED").status
    fake.answers["ListOperations"] = {"operations": [
        operation("FAILED", error=error, createdUnixMs="1700000000000",
                  startedUnixMs="1700000000000", endedUnixMs="1700000001500")]}
    line = bench.jig("ops", "list", "--active").result["operations"][0]
    assert (line["id"], line["kind"], line["state"]) == ("00112233445566aa", "build", "failed")
    assert line["error"]["code"] == "failed_precondition"
    assert fake.requests("ListOperations") == [{"activeOnly": True}]
    row = bench.plain("ops", "list")[1].splitlines()[1].split()
    assert row == ["00112233445566aa", "build", "failed", "2023-11-14", "22:13:20", "1.50", "s",
                   "/p", "(uno)"]
    fake.answers["GetOperation"] = Refusal("NOT_FOUND", "there is no operation 'x'")
    bench.jig("ops", "show", "x").error(4, "no operation 'x'")


def test_timing(bench, fake):
    build = {**BUILD, "serverUs": "10000",
             "phases": [{"name": "compile", "durationUs": "7500"}, {"name": "link", "durationUs": "2000"}]}
    deploy = {"outcome": "OUTCOME_WRITTEN", "serverUs": "20000", "build": build,
              "phases": [{"name": "build", "durationUs": "10000"}, {"name": "write", "durationUs": "10000"}]}
    fake.answers["GetOperation"] = {"operation": operation("SUCCEEDED", builds=[build])}
    result = bench.jig("ops", "show", "x", "--timing").result
    assert result["timing"] == [{"work": "build uno", "outcome": "built", "server_us": 10000,
                                 "phases_us": {"compile": 7500, "link": 2000}}]
    wanted = ["build uno: built in 10.0 ms", "  compile       7.5 ms   75.0 %",
              "  link          2.0 ms   20.0 %", "  (between)     500 us    5.0 %"]
    assert bench.plain("ops", "show", "x", "-t")[1].splitlines() == wanted
    shown = on_terminal(bench, "ops", "show", "x", "-t", env={"NO_COLOR": "1"})[1].splitlines()
    assert shown[1] == "  compile       7.5 ms   75.0 %  " + 23 * "=" + 7 * " "
    fake.answers["GetOperation"] = {"operation": operation("SUCCEEDED", deploy=deploy)}
    assert [w["work"] for w in bench.jig("ops", "show", "x", "-t").result["timing"]] == [
        "deploy", "build uno"]
    fake.answers["GetOperation"] = {"operation": operation("RUNNING")}
    assert bench.plain("ops", "show", "x", "-t") == (
        0, "", "the build has not ended, and has no times to show\n")
    assert bench.jig("ops", "show", "x", "-t").result["timing"] == []


def test_call(bench, fake):
    fake.answers["GetDevice"] = {"device": DEVICE}
    words = ("call", "GetDevice", '{"device": "left"}')
    response = bench.jig(*words).result["response"]
    assert response["device"]["vid"] == 9025
    assert json.loads(bench.plain(*words)[1]) == response
    piped = subprocess.run([BIN / "jig", "call", "DeviceService/GetDevice", "-"], env=bench.env,
                           input='{"device":"left"}', capture_output=True, text=True, check=True)
    assert json.loads(piped.stdout) == response
    bench.jig("call", "GetDevise").error(4, "GetDevise", "DeviceService/GetDevice")
    bench.jig("call", "GetDevice", '{"devise": 1}').error(2, "devise: unknown field",
                                                          "did you mean device?")
    bench.jig("call", "GetDevice", "{").error(2, "not JSON")
    bench.jig("call").error(2, "METHOD", "--list")


def test_daemon_commands(bench, fake):
    fake.answers["GetStats"] = {"counters": [{"name": "rpc.requests", "value": "5"}]}
    assert bench.jig("daemon", "stats").result == {
        "type": "result", "counters": {"rpc.requests": 5}, "memos": {}, "histograms": {}}
    assert bench.plain("daemon", "stats")[1] == "rpc.requests  5\n"
    fake.answers["GetLogs"] = {"lines": ["one", "two"], "path": "/l"}
    assert bench.jig("daemon", "logs", "-n", "7").result["lines"] == ["one", "two"]
    assert fake.requests("GetLogs") == [{"maxLines": 7}]
    assert bench.plain("daemon", "logs")[1] == "one\ntwo\n"
    fake.answers["Shutdown"] = Refusal("FAILED_PRECONDITION", "a build is running", "BUSY",
                                       hint="--force")
    bench.jig("daemon", "stop").error(5, "a build is running", "--force")


def test_stats(bench, fake):
    fake.answers["GetStats"] = {
        "counters": [{"name": "rpc.requests", "value": "5"}],
        "memos": [{"name": "files", "hits": "30", "misses": "9", "fallbacks": "1", "entries": "7"},
                  {"name": "objects"}],
        "histograms": [{"name": "build.up_to_date", "count": "3", "sumUs": "90", "minUs": "20",
                        "p50Us": "30", "p90Us": "1500", "p99Us": "2000000", "maxUs": "2000001"}]}
    result = bench.jig("daemon", "stats").result
    assert result["memos"] == {"files": {"hits": 30, "misses": 9, "fallbacks": 1, "entries": 7},
                               "objects": {"hits": 0, "misses": 0, "fallbacks": 0, "entries": 0}}
    assert result["histograms"] == {"build.up_to_date": {
        "count": 3, "sum_us": 90, "min_us": 20, "p50_us": 30, "p90_us": 1500, "p99_us": 2000000,
        "max_us": 2000001}}
    lines = bench.plain("daemon", "stats")[1].splitlines()
    assert [line.split() for line in lines] == [
        ["rpc.requests", "5"], [],
        ["REMEMBERED", "hits", "misses", "fallbacks", "entries", "hit", "rate"],
        ["files", "30", "9", "1", "7", "75.0", "%"], ["objects", "0", "0", "0", "0", "-"], [],
        ["TIMES", "count", "p50", "p90", "p99", "max"],
        ["build.up_to_date", "3", "30", "us", "1.5", "ms", "2.00", "s", "2.00", "s"]]
    for heading, row in ((2, 3), (2, 4), (6, 7)):  # columns end where their headings do
        assert len(lines[heading]) == len(lines[row])


def test_variables_that_the_daemon_asks_for(bench, fake):
    def project(request):
        there = {v["name"]: v.get("value", v.get("unset")) for v in request["project"]["variables"]}
        if "SSID" not in there:
            return Refusal("FAILED_PRECONDITION", "needs variables", "NEEDS_ENV",
                           details=["SSID", "NOT_THERE"])
        return {"project": {"directory": json.dumps(there, sort_keys=True)}}

    fake.answers["GetProject"] = project
    result = bench.jig("project", env={"SSID": "lab", "PLATFORMIO_X": "1", "OTHER": "no"}).result
    assert json.loads(result["directory"]) == {"NOT_THERE": True, "PLATFORMIO_X": "1",
                                               "SSID": "lab"}


def test_connection_lost_and_found(bench, fake):
    """A reply that never came because the connection dropped is asked for again, once."""
    def watch(_request):
        if len(fake.requests("WatchOperation")) == 1:
            fake.hang_up()
            return HOLD
        return {"cursor": "0", "operation": operation("SUCCEEDED", builds=[BUILD])}

    fake.answers.update(StartBuild=started(state="RUNNING"), WatchOperation=watch)
    assert bench.jig("build").result["outcome"] == "built"
    fake.answers["WatchOperation"] = lambda _: fake.hang_up() or HOLD
    fake.calls.clear()
    assert bench.jig("build").status == 8
    assert len(fake.requests("WatchOperation")) == 2


# -------------------------------------------------------------------------------------- terminals


def on_terminal(bench, *words, env=None, columns=80, typed=b"", until=None):
    """Runs jig on a terminal of its own; (exit status, all that was shown)."""
    pid, master = pty.fork()
    if pid == 0:
        os.execve(BIN / "jig", [str(BIN / "jig"), *words], {**bench.env, "TERM": "xterm",
                                                           **(env or {})})
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    shown = b""
    timer = threading.Timer(60, os.kill, (pid, signal.SIGKILL))
    timer.start()
    while True:
        try:
            shown += os.read(master, 65536)
        except OSError:
            break
        if typed and until in shown:
            os.write(master, typed)
            typed = b""
    timer.cancel()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(master)
    return status, shown.decode(errors="replace")


def test_progress_line(bench, fake):
    fake.answers["StartBuild"] = started(state="RUNNING")
    running = {"step": {**STEP["step"], "state": "STATE_STARTED", "done": 1, "total": 4}}
    answers = [
        {"events": events(STATE, running), "cursor": "2", "operation": operation("RUNNING")},
        {"events": [{"number": "3", **DIAGNOSTIC}], "cursor": "3",
         "operation": operation("SUCCEEDED", builds=[BUILD], lastEvent="3")}]
    fake.answers["WatchOperation"] = lambda _: answers.pop(0)
    status, shown = on_terminal(bench, "build")
    assert status == 0
    assert "[=====>              ]\x1b[0m 1/4 compile src/main.cpp" in shown
    assert "\r\x1b[Ksrc/main.cpp:3:5: \x1b[1;33mwarning:\x1b[0m unused" in shown
    assert "compile src/main.cpp\r\n" not in shown  # the line is erased, not left behind


def test_no_color(bench, fake):
    fake.answers["StartBuild"] = started(UP_TO_DATE)
    assert "\x1b[1" in on_terminal(bench, "build")[1]
    assert "\x1b[1" not in on_terminal(bench, "build", env={"NO_COLOR": "1"})[1]
    assert "\x1b[1" in on_terminal(bench, "build", env={"NO_COLOR": ""})[1]
    assert "\x1b[" not in on_terminal(bench, "build", env={"TERM": "dumb"})[1]


def test_narrow_terminal(bench, fake):
    fake.answers["StartBuild"] = started(state="RUNNING")
    long = {"step": {"step": "compile " + "ä" * 100, "state": "STATE_STARTED", "total": 9}}
    answers = [{"events": events(long), "cursor": "1", "operation": operation("RUNNING")},
               {"cursor": "1", "operation": operation("SUCCEEDED", builds=[BUILD], lastEvent="1")}]
    fake.answers["WatchOperation"] = lambda _: answers.pop(0)
    shown = on_terminal(bench, "build", columns=30)[1]
    assert "�" not in shown
    assert "compile " + "ä" * 17 in shown and "ä" * 18 not in shown


def test_monitor_keys(bench, fake):
    board = Board(fake, b"login: ")
    status, shown = on_terminal(bench, *MONITOR, typed=b"ann\r\x1d", until=b"login: ")
    assert status == 0
    assert b"".join(board.written) == b"ann\r\n"
    assert "ann" not in shown  # the board echoes, if anybody
    board = Board(fake, b"login: ")
    status, shown = on_terminal(bench, *MONITOR, "--eol", "lf", "--echo", typed=b"ann\r\x1d",
                                until=b"login: ")
    assert b"".join(board.written) == b"ann\n"
    assert "ann" in shown


def test_monitor_ctrl_c_on_a_terminal(bench, fake):
    Board(fake, b"login: ")
    assert on_terminal(bench, *MONITOR, typed=b"\x03", until=b"login: ")[0] == 130


def test_environment_of_the_daemon(bench):
    """What a daemon that jig starts gets to see: what it needs, and no secrets."""
    pid = bench.jig("daemon", "start", env={"CI_TOKEN": "hunter2", "LANG": "C.UTF-8"}).result["pid"]
    seen = environment_of(pid)
    assert "CI_TOKEN" not in seen
    assert (seen["HOME"], seen["LANG"]) == (bench.env["HOME"], "C.UTF-8")
    bench.jig("daemon", "stop").result
    wait_gone(pid)


def test_output_that_cannot_be_written(bench, fake):
    fake.answers["ListDevices"] = {"devices": [DEVICE]}
    with open("/dev/full", "w", encoding="ascii") as full:
        for words in (["devices", "list"], ["--json", "devices", "list"]):
            done = subprocess.run([BIN / "jig", *words], env=bench.env, stdout=full,
                                  stderr=subprocess.PIPE, text=True, check=False)
            assert done.returncode == 12
            assert done.stderr.startswith("error: cannot write to standard output")
