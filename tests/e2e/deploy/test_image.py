"""What is flashed is what the deploy's own build made, and --no-build takes nothing half-done."""

import os
import signal

from jig_bench import EXIT_BAD_PROJECT, EXIT_BUILD_FAILED, EXIT_INTEGRITY, UNO, wait_until
from test_deploy import BOARD, deploy_sketch, hears, says

INI = "[env:uno]\nplatform = atmelavr\nboard = uno\nframework = arduino\n"


def scratch_files(bench):
    return [p for p in (bench.folder / "cache").glob("jig/images/**/*") if p.is_file()]


def large(text):
    """A sketch that takes long enough to write to be met in the middle."""
    table = ",".join(str((i * 37) % 251) for i in range(16000))
    return (f"#include <avr/pgmspace.h>\nconst uint8_t table[] PROGMEM = {{{table}}};\n"
            "void setup() { Serial.begin(9600); }\n"
            f'void loop() {{ Serial.println(F("{text}")); '
            "Serial.println(pgm_read_byte(&table[millis() % sizeof table])); }\n")


def test_another_build_in_mid_flash(bench):
    """It replaces the .hex that the tool reads once to write and once more to verify."""
    folder = bench.sketch("one", large("first"))
    running = bench.start("deploy", folder, "--fqbn", UNO, "-d", BOARD, "--fail-on", "second",
                          *hears("first"))
    running.wait_for(lambda e: e.get("event") == "progress" and e["phase"] == "writing" and
                     e["percent"] > 0, "a part is written")
    (folder / "one.ino").write_text(large("second"))
    second = bench.build(folder)
    assert second["outcome"] == "built", "it does not have to wait for the flash"
    first = running.finish().result
    assert first["outcome"] == "written" and first["monitor"]["outcome"] == "matched"
    assert first["build"]["artifacts"]["hex"] == second["artifacts"]["hex"]
    # What is known of the board is the first image: the second is another one.
    again = deploy_sketch(bench, folder, "--trust", "session").result
    assert again["outcome"] == "written" and "another image" in again["because"]


def test_folder_removed_in_mid_flash(bench):
    folder = bench.sketch("one", large("whole"))
    running = bench.start("deploy", folder, "--fqbn", UNO, "-d", BOARD, *hears("whole"))
    running.wait_for(lambda e: e.get("event") == "progress" and e["phase"] == "writing",
                     "it is being written")
    os.rename(folder / ".jig", folder / "gone")
    assert running.finish().result["outcome"] == "written"


def test_nothing_of_it_is_left(bench):
    folder = bench.sketch("one", says("tidy"))
    deploy_sketch(bench, folder).result
    deploy_sketch(bench, folder, "--trust", "none").result
    wait_until(lambda: scratch_files(bench) == [], lambda: scratch_files(bench))


def test_nothing_of_it_is_left_by_a_daemon_that_was_killed(bench):
    folder = bench.sketch("one", large("half"))
    running = bench.start("deploy", folder, "--fqbn", UNO, "-d", BOARD)
    running.wait_for(lambda e: e.get("event") == "progress" and e["phase"] == "writing",
                     "it is being written")
    assert scratch_files(bench)
    os.kill(bench.daemon_pid(), signal.SIGKILL)
    running.finish()
    bench.start_daemon()
    assert scratch_files(bench) == []


def test_no_build_after_a_failed_one(bench):
    folder = bench.sketch("one", says("good"))
    bench.build(folder)
    (folder / "one.ino").write_text("void setup() { no such thing }\n")
    bench.jig("build", "--fqbn", UNO, folder).error(EXIT_BUILD_FAILED)
    error = deploy_sketch(bench, folder, "--no-build").error(EXIT_BAD_PROJECT, "last build", "failed")
    assert "--no-build" in error["hint"]
    (folder / "one.ino").write_text(says("good"))
    bench.build(folder)
    assert deploy_sketch(bench, folder, "--no-build").result["outcome"] == "written"


def test_no_build_with_another_projects(bench):
    shared = bench.folder / "shared"
    ours, theirs = [
        bench.project(name, {"platformio.ini": INI,
                             "src/main.cpp": "#include <Arduino.h>\n" + says(name)})
        for name in ("ours", "theirs")]
    bench.build(theirs, "--build-dir", shared, fqbn=None)
    outcome = bench.jig("deploy", ours, "-d", BOARD, "--no-build", "--build-dir", shared)
    outcome.error(EXIT_BAD_PROJECT, theirs, "another project")
    outcome = bench.jig("deploy", theirs, "-d", BOARD, "--no-build", "--build-dir", shared,
                        *hears("theirs"))
    assert outcome.result["outcome"] == "written"


def test_no_build_with_a_damaged_one(bench):
    folder = bench.sketch("one", says("whole"))
    hex_file = bench.build(folder)["artifacts"]["hex"]
    with open(hex_file, "r+b") as f:
        f.write(b"xx")
    error = deploy_sketch(bench, folder, "--no-build").error(EXIT_INTEGRITY, hex_file, "changed")
    assert "--no-build" in error["hint"]
    os.unlink(hex_file)
    deploy_sketch(bench, folder, "--no-build").error(EXIT_INTEGRITY, hex_file, "removed")
    assert deploy_sketch(bench, folder).result["outcome"] == "written"
