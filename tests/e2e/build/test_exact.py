"""What is built again is what has to be, and nothing else; and the result says why.

Every edit is checked against a full walk (--walk believes no stamp): after a build that follows an
edit, a walk must find nothing left to do.
"""

import json
import os
import shutil
import signal
import subprocess

from jig_bench import BIN, UNO, has_text, libraries, sha256, wait_gone, wait_until

SKETCH = """#include "tab.h"
void setup() { Serial.begin(9600); Serial.println(F("mark-one")); Serial.println(TAB); }
void loop() { later(); }
void later() {}
"""
FILES = {"tab.h": '#define TAB F("tab-one")\n', "more.cpp": "int more() { return 1; }\n"}


def walk(bench, folder, result, *words, fqbn=UNO):
    """The oracle: nothing is left to do, and what is there is what was said."""
    again = bench.build(folder, "--walk", *words, fqbn=fqbn)
    assert again["outcome"] == "up_to_date", again["reasons"]
    assert again["artifacts"] == result["artifacts"]
    assert sha256(again["artifacts"]["hex"]) == sha256(result["artifacts"]["hex"])
    return again


def because(result, step):
    found = [r["because"] for r in result["reasons"] if step in r["step"]]
    assert found, f"no step {step!r} in {result['reasons']}"
    return found[0]


def rebuilt(bench, folder, *steps, fqbn=UNO):
    """A build in which just these steps of the compiler ran."""
    result = bench.build(folder, fqbn=fqbn)
    assert result["outcome"] == "built"
    ran = sorted(r["step"] for r in result["reasons"] if r["step"].startswith("compile "))
    assert ran == sorted(f"compile {s}" for s in steps), result["reasons"]
    assert result["compiled"] == len(steps)
    walk(bench, folder, result, fqbn=fqbn)
    return result


def replace(path, old, new, stamps=False):
    """Edits in place. With `stamps`, size and mtime are as they were, as an edit within one tick of
    the clock leaves them."""
    before = path.stat()
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    if stamps:
        assert path.stat().st_size == before.st_size
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_nothing_to_do(shared, name):
    folder = shared.sketch(name, SKETCH, **FILES)
    first = shared.build(folder)
    assert first["outcome"] == "built" and first["compiled"] == 2 and first["reused"] > 0
    assert first["flash_bytes"] > 0 and first["ram_bytes"] > 0
    stamps = {p: os.stat(p).st_mtime_ns for p in first["artifacts"].values()}
    for words in ([], ["--walk"]):
        outcome = shared.jig("build", folder, "--fqbn", UNO, *words)
        again = outcome.result
        assert again["outcome"] == "up_to_date"
        assert again["compiled"] == 0 and again["reasons"] == [] and not outcome.steps()
        for key in ("artifacts", "flash_bytes", "flash_max", "ram_bytes", "ram_max", "fqbn",
                    "environment"):
            assert again[key] == first[key], key
        assert libraries(again) == libraries(first)
    assert {p: os.stat(p).st_mtime_ns for p in stamps} == stamps


def test_result_has_what_is_promised(shared, name):
    result = shared.build(shared.sketch(name, SKETCH, **FILES))
    for key in ("operation", "outcome", "environment", "fqbn", "artifacts", "flash_bytes",
                "flash_max", "ram_bytes", "ram_max", "compiled", "reused", "server_us", "phases_us",
                "reasons"):
        assert key in result, key
    assert {"elf", "hex"} <= set(result["artifacts"])
    assert all(os.path.isabs(p) and os.path.getsize(p) for p in result["artifacts"].values())
    assert result["server_us"] > 0 and sum(result["phases_us"].values()) <= result["server_us"]
    assert {"step", "because"} == set(result["reasons"][0])


def test_warnings_are_replayed(shared, name):
    folder = shared.project(name, {
        "platformio.ini": "[env:uno]\nplatform = atmelavr\nboard = uno\nframework = arduino\n"
                          "build_flags = -Wall\nbuild_unflags = -w\n",
        "src/main.cpp": "#include <Arduino.h>\nvoid setup() { int unused_one; }\nvoid loop() {}\n"})

    def warnings(result):
        return [(d["file"], d["line"], d["option"]) for d in result["builds"][0]["diagnostics"]
                if "unused_one" in d["message"]]

    first = shared.build(folder, fqbn=None)
    assert warnings(first) == [(str(folder / "src/main.cpp"), 2, "-Wunused-variable")]
    again = shared.build(folder, fqbn=None)
    assert again["outcome"] == "up_to_date"
    assert again["builds"][0]["diagnostics"] == first["builds"][0]["diagnostics"]


def test_edit_of_the_sketch(shared, name):
    folder = shared.sketch(name, SKETCH, **FILES)
    shared.build(folder)
    replace(folder / f"{name}.ino", "mark-one", "mark-two!")
    result = rebuilt(shared, folder, f"{name}.ino")
    assert "changed" in because(result, f"compile {name}.ino")
    assert has_text(result, "mark-two!") and not has_text(result, "mark-one")


def test_edit_of_a_header(shared, name):
    folder = shared.sketch(name, SKETCH, **FILES)
    shared.build(folder)
    replace(folder / "tab.h", "tab-one", "tab-zwei")
    result = rebuilt(shared, folder, f"{name}.ino")
    assert "tab.h changed" in because(result, f"compile {name}.ino")
    assert has_text(result, "tab-zwei")


def test_edit_of_another_source(shared, name):
    folder = shared.sketch(name, SKETCH, **FILES)
    shared.build(folder)
    replace(folder / "more.cpp", "return 1", "return 22")
    rebuilt(shared, folder, "more.cpp")


def test_edit_that_size_and_mtime_do_not_show(shared, name):
    folder = shared.sketch(name, SKETCH, **FILES)
    shared.build(folder)
    for old, new in (("mark-one", "mark-two"), ("mark-two", "mark-six"), ("mark-six", "mark-ten")):
        replace(folder / f"{name}.ino", old, new, stamps=True)
        assert has_text(rebuilt(shared, folder, f"{name}.ino"), new)


def test_many_edits_one_after_another(shared, name):
    """Each within the clock's tick of the build before it, some undone again."""
    folder = shared.sketch(name, SKETCH, **FILES)
    shared.build(folder)
    for i in range(5):
        marks = [f"mark-{i}{k}x" for k in range(2)]
        text = SKETCH.replace("mark-one", marks[0])
        (folder / f"{name}.ino").write_text(text)
        assert has_text(shared.build(folder), marks[0])
        (folder / f"{name}.ino").write_text(text.replace(marks[0], marks[1]))
        assert has_text(shared.build(folder), marks[1])


def test_touch_alone_builds_nothing(shared, name):
    folder = shared.sketch(name, SKETCH, **FILES)
    first = shared.build(folder)
    for path in folder.iterdir():
        if path.is_file():
            os.utime(path, ns=(path.stat().st_mtime_ns + 5_000_000_000,) * 2)
    again = shared.build(folder)
    assert again["outcome"] == "up_to_date", again["reasons"]
    walk(shared, folder, first)


def test_unrelated_file_builds_nothing(shared, name):
    folder = shared.sketch(name, SKETCH, **FILES)
    shared.build(folder)
    (folder / "notes.txt").write_text("nothing to do with it\n")
    (folder / "data").mkdir()
    (folder / "data" / "table.csv").write_text("1,2\n")
    (folder / "unused.h").write_text("#error nobody includes this\n")
    again = shared.build(folder)
    assert again["outcome"] == "up_to_date", again["reasons"]


def test_new_source_is_built(shared, name):
    folder = shared.sketch(name, SKETCH, **FILES)
    shared.build(folder)
    (folder / "extra.cpp").write_text("int extra() { return 3; }\n")
    result = rebuilt(shared, folder, "extra.cpp")
    assert because(result, "compile extra.cpp") == "never built"
    (folder / "extra.cpp").unlink()
    gone = shared.build(folder)
    assert gone["outcome"] == "built" and gone["compiled"] == 0
    walk(shared, folder, gone)


def test_new_tab_is_built(shared, name):
    folder = shared.sketch(name, SKETCH, **FILES)
    shared.build(folder)
    (folder / "second.ino").write_text('void second() { Serial.println(F("second-tab")); }\n'
                                       "void third() { second(); }\n")
    replace(folder / f"{name}.ino", "later();", "later(); third();")
    assert has_text(rebuilt(shared, folder, f"{name}.ino"), "second-tab")
    (folder / "second.ino").unlink()
    replace(folder / f"{name}.ino", " third();", "")
    assert not has_text(rebuilt(shared, folder, f"{name}.ino"), "second-tab")


PIO = "[env:uno]\nplatform = atmelavr\nboard = uno\nframework = arduino\n"
MAIN = ('#include <Arduino.h>\n#include "conf.h"\n#include <Thing.h>\n'
        "void setup() { Serial.begin(9600); Serial.println(F(CONF)); thing(); }\nvoid loop() {}\n")


def pio(bench, name, ini=PIO):
    return bench.project(name, {
        "platformio.ini": ini, "src/main.cpp": MAIN, "include/conf.h": '#define CONF "conf-one"\n',
        "lib/Thing/Thing.h": "void thing();\n#define DEPTH 1\n",
        "lib/Thing/Thing.cpp": '#include <Arduino.h>\n#include "Thing.h"\n'
                               'void thing() { Serial.println(F("thing-one")); }\n'})


def test_edit_of_a_library(shared, name):
    folder = pio(shared, name)
    shared.build(folder, fqbn=None)
    replace(folder / "lib/Thing/Thing.cpp", "thing-one", "thing-two!")
    result = rebuilt(shared, folder, "Thing/Thing.cpp", fqbn=None)
    assert has_text(result, "thing-two!")
    replace(folder / "lib/Thing/Thing.h", "DEPTH 1", "DEPTH 2")
    result = rebuilt(shared, folder, "Thing/Thing.cpp", "main.cpp", fqbn=None)
    assert "lib/Thing/Thing.h changed" in because(result, "compile main.cpp")


def test_edit_of_build_flags(shared, name):
    folder = pio(shared, name)
    shared.build(folder, fqbn=None)
    (folder / "platformio.ini").write_text(PIO + "build_flags = -DMADE_UP=17\n")
    result = shared.build(folder, fqbn=None)
    assert result["outcome"] == "built"
    assert "-DMADE_UP=17 is new" in because(result, "compile main.cpp")
    walk(shared, folder, result, fqbn=None)
    (folder / "platformio.ini").write_text(PIO + "build_flags = -DMADE_UP=18\n")
    result = shared.build(folder, fqbn=None)
    assert "-DMADE_UP=17 became -DMADE_UP=18" in because(result, "compile main.cpp")
    # A comment, an option that concerns no step: nothing is built.
    (folder / "platformio.ini").write_text("; words\n" + PIO + "build_flags = -DMADE_UP=18\n"
                                           "monitor_speed = 57600\n")
    assert shared.build(folder, fqbn=None)["outcome"] == "up_to_date"


def test_new_header_that_is_found_first(shared, name):
    folder = pio(shared, name)
    assert has_text(shared.build(folder, fqbn=None), "conf-one")
    (folder / "src/conf.h").write_text('#define CONF "conf-src"\n')  # beside who includes it
    result = rebuilt(shared, folder, "main.cpp", fqbn=None)
    assert "src/conf.h is new" in because(result, "compile main.cpp")
    assert has_text(result, "conf-src")
    (folder / "src/conf.h").unlink()
    result = rebuilt(shared, folder, "main.cpp", fqbn=None)
    assert has_text(result, "conf-one")


def test_library_that_comes_and_goes(shared, name):
    folder = pio(shared, name)
    first = shared.build(folder, fqbn=None)
    (folder / "include/Thing.h").write_text('#include <Arduino.h>\nstatic inline void thing() {'
                                            ' Serial.println(F("thing-inline")); }\n')
    result = shared.build(folder, fqbn=None)
    assert has_text(result, "thing-inline") and not has_text(result, "thing-one")
    (folder / "include/Thing.h").unlink()
    again = shared.build(folder, fqbn=None)
    assert has_text(again, "thing-one") and libraries(again) == libraries(first)
    shutil.rmtree(folder / "lib/Thing")
    error = shared.jig("build", folder).error(6)
    assert "Thing.h" in error["message"] + error["hint"]


def test_deleted_object(shared, name):
    folder = shared.sketch(name, SKETCH, **FILES)
    first = shared.build(folder)
    before = sha256(first["artifacts"]["hex"])
    objects = list((folder / ".jig").rglob("more.cpp.o"))
    assert len(objects) == 1
    objects[0].unlink()
    result = rebuilt(shared, folder, "more.cpp")
    assert "removed" in because(result, "compile more.cpp")
    assert sha256(result["artifacts"]["hex"]) == before


def test_changed_output(shared, name):
    """Somebody else wrote over an object and over the .hex."""
    folder = shared.sketch(name, SKETCH, **FILES)
    first = shared.build(folder)
    before = sha256(first["artifacts"]["hex"])
    with open(first["artifacts"]["hex"], "a", encoding="ascii") as f:
        f.write("garbage\n")
    next((folder / ".jig").rglob("more.cpp.o")).write_bytes(b"garbage")
    result = rebuilt(shared, folder, "more.cpp")
    assert sha256(result["artifacts"]["hex"]) == before


def test_deleted_build_folder(shared, name):
    folder = shared.sketch(name, SKETCH, **FILES)
    before = sha256(shared.build(folder)["artifacts"]["hex"])
    shutil.rmtree(folder / ".jig")
    result = shared.build(folder)
    assert result["outcome"] == "built" and sha256(result["artifacts"]["hex"]) == before
    walk(shared, folder, result)


def test_damaged_record(shared, name):
    folder = shared.sketch(name, SKETCH, **FILES)
    first = shared.build(folder)
    before = sha256(first["artifacts"]["hex"])
    record = next((folder / ".jig").rglob(".jig-record"))
    whole = record.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0x20
    for bad in (b"", b"\0" * 4096, whole[:len(whole) // 2], whole[:-1], bytes(flipped),
                os.urandom(2000)):
        record.write_bytes(bad)
        result = shared.build(folder)
        assert sha256(result["artifacts"]["hex"]) == before
        walk(shared, folder, result)


def test_clean(shared, name):
    folder = shared.sketch(name, SKETCH, **FILES)
    first = shared.build(folder)
    stray = next((folder / ".jig").rglob("more.cpp.o")).with_name("stray.txt")
    stray.write_text("left by somebody\n")
    result = shared.build(folder, "--clean")
    assert result["outcome"] == "built" and not stray.exists()
    assert {r["because"] for r in result["reasons"] if r["step"].startswith("compile ")} == {
        "never built"}
    assert result["compiled"] == first["compiled"], "the core is shared and need not be compiled"


def test_explain(shared, name):
    folder = shared.sketch(name, SKETCH, **FILES)
    shared.build(folder)
    assert shared.build(folder)["reasons"] == []
    explained = shared.build(folder, "--explain")
    assert explained["outcome"] == "up_to_date"
    steps = [r["step"] for r in explained["reasons"]]
    assert f"compile {name}.ino" in steps and all(r["because"] for r in explained["reasons"])
    status, out, _ = shared.plain("build", folder, "--fqbn", UNO, "--explain")
    assert status == 0 and "more.cpp" in out


def test_second_project_shares_the_core(new_bench):
    bench = new_bench()
    first = bench.build(bench.sketch("first", SKETCH, **FILES))
    assert first["compiled"] > 20 and first["reused"] == 0
    second = bench.build(bench.sketch("second", SKETCH.replace("mark", "other"), **FILES))
    assert second["compiled"] == 2
    assert second["reused"] == first["compiled"] - 2
    # A daemon that was just started knows no less.
    bench.jig("daemon", "stop").result
    assert bench.build(bench.projects / "first")["outcome"] == "up_to_date"
    third = bench.build(bench.sketch("third", SKETCH, **FILES))
    assert third["compiled"] == 2 and third["reused"] == second["reused"]


def test_environments_of_one_board_share_the_core(shared, name):
    ini = PIO + PIO.replace("env:uno", "env:other")
    folder = pio(shared, name, ini)
    result = shared.build(folder, fqbn=None)
    assert [b["environment"] for b in result["builds"]] == ["uno", "other"]
    assert result["builds"][0]["build_directory"] != result["builds"][1]["build_directory"]
    first, second = result["builds"]
    assert first["compiled"] >= second["compiled"] and second["reused"] > 20


def test_compile_commands(shared, name):
    folder = shared.sketch(name, SKETCH, **FILES)
    result = shared.build(folder)
    path = os.path.join(result["builds"][0]["build_directory"], "compile_commands.json")
    with open(path, encoding="utf-8") as f:
        commands = json.load(f)
    files = [c["file"] for c in commands]
    assert len(files) == len(set(files)) and all(os.path.isabs(f) for f in files)
    assert any(f.endswith("more.cpp") for f in files) and any("HardwareSerial" in f for f in files)
    for c in commands:
        assert os.path.isdir(c["directory"]) and os.path.exists(c["file"])
        assert c["arguments"][0].endswith(("avr-gcc", "avr-g++")) and c["file"] in c["arguments"]
    before = open(path, "rb").read()
    assert shared.build(folder)["outcome"] == "up_to_date"
    assert open(path, "rb").read() == before


def test_compile_commands_of_a_failed_build(shared, name):
    """Editors want them most then: of every source, compiled or not."""
    broken = "#include <Wire.h>\n" + SKETCH.replace("later();", "later()", 1)
    folder = shared.sketch(name, broken, **FILES)
    outcome = shared.jig("build", folder, "--fqbn", UNO)
    outcome.error(6)
    path = folder / ".jig" / "build" / "arduino.avr.uno" / "compile_commands.json"
    failed = json.loads(path.read_text())
    replace(folder / f"{name}.ino", "{ later() }", "{ later(); }")
    shared.build(folder)
    assert json.loads(path.read_text()) == failed
    assert any(c["file"].endswith("/Wire.cpp") for c in failed)


def test_edit_while_it_is_built(bench):
    """An edit during the build never counts as built."""
    text = SKETCH + "".join(f"int pad{i}() {{ return {i}; }}\n" for i in range(2000))
    folder = bench.sketch("during", text, **FILES)
    running = bench.start("build", folder, "--fqbn", UNO)
    running.wait_for_event("step", step="compile during.ino", state="started")
    replace(folder / "during.ino", "mark-one", "mark-two", stamps=True)
    running.finish().result
    result = bench.build(folder)
    assert has_text(result, "mark-two")
    walk(bench, folder, result)


def test_build_folder_elsewhere(shared, name, tmp_path):
    folder = shared.sketch(name, SKETCH, **FILES)
    result = shared.build(folder, "--build-dir", tmp_path / "given")
    assert all(p.startswith(str(tmp_path / "given")) for p in result["artifacts"].values())
    by_variable = shared.build(folder, env={"JIG_BUILD_DIR": str(tmp_path / "given")})
    assert by_variable["outcome"] == "up_to_date"
    assert not (folder / ".jig").exists()


def test_build_folder_relative_to_the_project(shared, name):
    """Over RPC, where there is no current folder. The command line's --build-dir is from its own."""
    folder = shared.sketch(name, SKETCH, **FILES)
    request = {"project": {"directory": str(folder), "fqbn": UNO, "buildDirectory": "out/../given"},
               "waitMs": 60000}
    result = shared.jig("call", "StartBuild", json.dumps(request)).result
    build = result["response"]["operation"]["builds"][0]
    assert build["buildDirectory"] == str(folder / "given" / "arduino.avr.uno")
    assert not (folder / ".jig").exists() and not (folder / "out").exists()


def test_what_the_platform_lacks_is_told_to_who_asks(shared, name):
    """Overlays are the same in every build: with -v, and in JSON."""
    folder = shared.sketch(name, SKETCH, **FILES)
    first = shared.build(folder)
    again = shared.build(folder)
    for result in first, again:
        assert any("arduino.avr.debian" in n for n in result["builds"][0]["platform_notices"])
        assert result["builds"][0]["notices"] == []
    assert "overlay" not in shared.plain("build", "--clean", folder, "--fqbn", UNO)[2]
    assert "arduino.avr.debian" in shared.plain("build", "-v", folder, "--fqbn", UNO)[2]


def test_same_firmware_from_two_places(shared, name, tmp_path):
    """Where a project lies is not in its firmware."""
    one = shared.build(shared.sketch(name + "/here/s", SKETCH, **FILES))
    two = shared.build(shared.sketch(name + "/there/deeper/s", SKETCH, **FILES))
    assert sha256(one["artifacts"]["hex"]) == sha256(two["artifacts"]["hex"])


def test_daemons_own_surroundings_are_in_no_build(bench):
    """Its working folder, its PATH and what compilers read from the environment."""
    trap = bench.folder / "trap"
    trap.mkdir()
    for header in ("tab.h", "Arduino.h", "stdint.h"):
        (trap / header).write_text("#error the daemon's own header\n")
    for tool in ("avr-g++", "avr-gcc", "avr-objcopy", "as", "ld", "cc1plus"):
        (trap / tool).write_text("#!/bin/sh\necho the daemon\'s own tool >&2\nexit 1\n")
        (trap / tool).chmod(0o755)
    env = {**bench.env, "PATH": f"{trap}:/usr/bin:/bin", "GCC_EXEC_PREFIX": f"{trap}/"}
    env.update((name, str(trap)) for name in ("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH",
                                              "COMPILER_PATH", "LIBRARY_PATH"))
    subprocess.run([BIN / "jigd"], env=env, cwd=trap, check=True, capture_output=True,
                   stdin=subprocess.DEVNULL)
    bench.sketch("s", SKETCH, **FILES)
    relative = "s"  # to where it is called from
    first = bench.build(relative, cwd=bench.projects)
    (bench.projects / "s" / "tab.h").write_text('#define TAB F("tab-two")\n')
    second = bench.build(relative, cwd=bench.projects)
    assert has_text(second, "tab-two"), "what the header's users are was known"
    walk(bench, bench.projects / "s", second)
    bench.jig("daemon", "stop").result
    (bench.projects / "s" / "tab.h").write_text(FILES["tab.h"])
    assert bench.build(bench.projects / "s")["artifacts"] == first["artifacts"]


def test_a_failed_build_leaves_no_trace_of_success(shared, name):
    folder = shared.sketch(name, SKETCH, **FILES)
    before = sha256(shared.build(folder)["artifacts"]["hex"])
    replace(folder / f"{name}.ino", "void later() {}", "void later() { nonsense }")
    shared.jig("build", folder, "--fqbn", UNO).error(6)
    again = shared.jig("build", folder, "--fqbn", UNO)
    again.error(6)
    assert again.kinds("diagnostic"), "an error is told each time"
    replace(folder / f"{name}.ino", "void later() { nonsense }", "void later() {}")
    assert sha256(shared.build(folder)["artifacts"]["hex"]) == before


def test_tool_that_changes(new_bench, warm_cache):
    """A compiler of another content under the same name is another compiler."""
    bench = new_bench(cache=warm_cache)
    tools = bench.folder / "tools"
    tools.mkdir()
    script = "#!/bin/sh\n# {}\nexec /usr/bin/{} \"$@\"\n"
    for tool in ("avr-gcc", "avr-g++", "avr-gcc-ar", "avr-objcopy", "avr-size"):
        (tools / tool).write_text(script.format("one", tool))
        (tools / tool).chmod(0o755)
    hardware = bench.folder / "home/Arduino/hardware/made/avr"
    hardware.mkdir(parents=True)
    system = "/usr/share/arduino/hardware/arduino/avr"
    (hardware / "boards.txt").write_text(
        "".join(line.replace(":standard", ":arduino:standard")
                for line in open(f"{system}/boards.txt", encoding="utf-8")
                if line.startswith("uno.")).replace("build.core=arduino",
                                                    "build.core=arduino:arduino").replace(
            "build.variant=standard", "build.variant=arduino:standard"))
    (hardware / "platform.txt").write_text(
        open(f"{system}/platform.txt", encoding="utf-8").read() +
        f"\ncompiler.path={tools}/\n"
        "compiler.cpp.extra_flags=-DDECIMAL_DIG=__DECIMAL_DIG__\n")
    folder = bench.sketch("tools", SKETCH, **FILES)
    board = "made:avr:uno"
    first = bench.build(folder, fqbn=board)
    assert bench.build(folder, fqbn=board)["outcome"] == "up_to_date"

    def is_watched():
        stats = bench.jig("daemon", "stats").result
        return stats["memos"]["builds"]["entries"] and not stats["counters"]["watch.pending"]
    wait_until(is_watched, "the answer is kept")
    (tools / "avr-g++").write_text(script.format("two", "avr-g++"))
    result = bench.build(folder, fqbn=board)
    assert result["outcome"] == "built"
    assert because(result, "compile tools.ino") == "the tool avr-g++ changed"
    assert sha256(result["artifacts"]["hex"]) == sha256(first["artifacts"]["hex"])


def test_no_compiler_outlives_the_daemon(bench, name, tmp_path):
    """Killed in mid-build: what runs then would write into a folder that is another daemon's."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    folder = bench.sketch(name, SKETCH.replace("tab.h", str(pipe)))  # the compiler hangs on it
    running = bench.start("build", folder, "--fqbn", UNO)
    wait_until(lambda: any("cc1plus" in line for line in bench.children().values()),
               "no compiler was started")
    compilers = [pid for pid, line in bench.children().items() if "avr" in line]
    os.kill(bench.daemon_pid(), signal.SIGKILL)
    for pid in compilers:
        wait_gone(pid)
    running.end()
    bench.start_daemon()  # takes the socket that was left
