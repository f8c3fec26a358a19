"""data/jigd.service does what docs/operations.md says of it."""

import configparser
import os
import pathlib
import shlex
import shutil
import signal
import subprocess

import pytest

from jig_bench import BIN, PATIENCE, wait_until

UNIT = pathlib.Path(__file__).parents[3] / "data" / "jigd.service"


def service():
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read_string(UNIT.read_text())
    return parser["Service"]


@pytest.fixture
def running(bench):
    """jigd as the unit starts it."""
    program, *words = shlex.split(service()["ExecStart"])
    assert program == "jigd"
    process = subprocess.Popen([*bench.enter, BIN / "jigd", *words], env=bench.env, cwd="/",
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: bench.daemon_pid() is not None, "it serves")
        yield process
    finally:
        process.kill()
        process.wait()


def test_unit_is_one_that_systemd_takes(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd here")
    unit = tmp_path / "jigd.service"
    unit.write_text(UNIT.read_text().replace("ExecStart=jigd", f"ExecStart={BIN / 'jigd'}"))
    done = subprocess.run(["systemd-analyze", "--user", "--man=no", "verify", unit],
                          env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
                          capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0 and "jigd.service" not in done.stderr, done.stderr


def test_service_stays_and_ends_cleanly(bench, running):
    status = bench.jig("daemon", "status").result
    assert status["pid"] == running.pid, "it is in the foreground: the unit's own process"
    assert status["idle_exit_ms"] == 0
    running.send_signal(signal.SIGTERM)
    assert running.wait(PATIENCE) == 0
    assert not bench.socket.exists()


def test_reload_takes_over_ports_and_trust(bench, running):
    bench.configure("[device rack]\nport = /dev/pts/none\nlabels = rack=1\n")
    assert "kill -HUP" in service()["ExecReload"]
    running.send_signal(signal.SIGHUP)
    wait_until(lambda: "rack" in [d["id"] for d in bench.jig("devices", "list").result["devices"]],
               "the port is there")
    running.send_signal(signal.SIGTERM)
    assert running.wait(PATIENCE) == 0


def test_second_one_leaves_with_a_status_that_is_not_tried_again(bench, running):
    second = subprocess.run([*bench.enter, BIN / "jigd", "--foreground"], env=bench.env, cwd="/",
                            capture_output=True, text=True, timeout=PATIENCE)
    assert str(second.returncode) in service()["RestartPreventExitStatus"].split()
    assert "serves" in second.stderr
    assert bench.jig("daemon", "stop").result["was_running"] is True
    assert running.wait(PATIENCE) == 0


def test_wrong_configuration_is_not_tried_again(bench):
    bench.configure("[daemon]\ntrust = perhaps\n")
    done = subprocess.run([*bench.enter, BIN / "jigd", "--foreground"], env=bench.env, cwd="/",
                          capture_output=True, text=True, timeout=PATIENCE)
    assert str(done.returncode) in service()["RestartPreventExitStatus"].split()
    assert "perhaps" in done.stderr
