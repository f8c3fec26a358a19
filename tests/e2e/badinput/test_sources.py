"""Sources and projects that cannot be built: a clear error, and nothing lost."""

import pytest

from jig_bench import UNO, has_text

BLINK = "void setup() {}\nvoid loop() {}\n"
PIO = "[env:uno]\nplatform = atmelavr\nboard = uno\nframework = arduino\n"
MAIN = "#include <Arduino.h>\nvoid setup() {}\nvoid loop() {}\n"


def build(bench, folder, *words):
    return bench.jig("build", folder, "--fqbn", UNO, *words)


# ---- compilers


def test_sketch_that_does_not_compile(shared, name):
    folder = shared.sketch(name, "void setup() {}\nvoid loop() {\n  int x = 1\n}\n", **{
        "second.ino": "// a comment\nvoid second() {\n  undeclared_thing();\n}\n"})
    outcome = build(shared, folder)
    error = outcome.error(6)
    assert error["code"] == "failed_precondition"
    places = {(d["file"], d["line"]) for d in outcome.kinds("diagnostic")
              if d["severity"] == "error"}
    assert (str(folder / "second.ino"), 3) in places
    assert any(file == str(folder / f"{name}.ino") and line in (3, 4) for file, line in places)
    first = next(d for d in outcome.kinds("diagnostic") if d["line"] == 3 and "second" in d["file"])
    assert first["column"] > 0 and "undeclared_thing" in first["message"]
    assert "undeclared_thing" in first["rendered"]
    # A person sees it too, and the exit status is the same.
    status, out, err = shared.plain("build", folder, "--fqbn", UNO)
    assert status == 6 and "undeclared_thing" in out + err and "second.ino:3" in out + err


def test_undefined_reference(shared, name):
    folder = shared.sketch(name, "int nowhere();\nvoid setup() { nowhere(); }\nvoid loop() {}\n")
    outcome = build(shared, folder)
    error = outcome.error(6)
    said = error["message"] + "".join(d["message"] for d in outcome.kinds("diagnostic")) + "".join(
        e["text"] for e in outcome.kinds("log"))
    assert "nowhere" in said


def test_program_that_is_too_large(shared, name):
    """It links (the chip's flash is larger than what the bootloader leaves), and is refused."""
    folder = shared.sketch(name, "#include <avr/pgmspace.h>\n"
                           "const char table[30850] PROGMEM = {1, 2, 3};\n"
                           "void setup() { Serial.begin(pgm_read_byte(table + analogRead(0))); }\n"
                           "void loop() {}\n")
    error = build(shared, folder).error(6, "32256")
    large = shared.jig("build", folder, "--fqbn", "arduino:avr:mega").result
    assert large["flash_bytes"] > 30850
    numbers = [int(w) for w in "".join(c if c.isdigit() else " " for c in error["message"]).split()]
    used = max(n for n in numbers if n != 32256)
    assert 32256 < used < 35000 and used - 32256 in numbers, error
    # Still refused when nothing had to be built for it.
    build(shared, folder).error(6, "32256")


def test_linker_overflow(shared, name):
    folder = shared.sketch(name, "#include <avr/pgmspace.h>\n"
                           "const char one[32000] PROGMEM = {1};\n"
                           "const char two[32000] PROGMEM = {2};\n"
                           "void setup() { Serial.begin(pgm_read_byte(one + analogRead(0)) + "
                           "pgm_read_byte(two + analogRead(1))); }\nvoid loop() {}\n")
    outcome = build(shared, folder)
    outcome.error(6)
    said = outcome.out
    assert "overflowed by" in said or "32256" in said


def test_too_much_data(shared, name):
    folder = shared.sketch(name, "char much[3000];\nvoid setup() { much[analogRead(0)] = analogRead(1); "
                                 "Serial.begin(much[analogRead(2)]); }\nvoid loop() {}\n")
    build(shared, folder).error(6, "2048")


def test_missing_library(shared, name):
    folder = shared.sketch(name, "#include <NoSuchThing.h>\n" + BLINK)
    outcome = build(shared, folder)
    error = outcome.error(6, "NoSuchThing.h")
    assert "NoSuchThing.h" in error["hint"]
    assert any(d["file"].endswith(f"{name}.ino") and d["line"] == 1
               for d in outcome.kinds("diagnostic"))


# ---- tools


def platform(bench, more):
    """A platform of the user's own, made of the system's, with lines of ours."""
    folder = bench.folder / "hardware/made/avr"
    folder.mkdir(parents=True)
    system = "/usr/share/arduino/hardware/arduino/avr"
    with open(f"{system}/boards.txt", encoding="utf-8") as f:
        boards = "".join(line for line in f if line.startswith("uno."))
    (folder / "boards.txt").write_text(
        boards.replace("build.core=arduino", "build.core=arduino:arduino").replace(
            "build.variant=standard", "build.variant=arduino:standard"))
    with open(f"{system}/platform.txt", encoding="utf-8") as f:
        (folder / "platform.txt").write_text(
            f.read() + "\ncompiler.cpp.extra_flags=-DDECIMAL_DIG=__DECIMAL_DIG__\n" + more)
    bench.configure(f"[build]\nhardware = {bench.folder / 'hardware'}\n")
    return "made:avr:uno"


def test_missing_tool(new_bench, warm_cache):
    bench = new_bench(cache=warm_cache)
    board = platform(bench, "compiler.path=/nowhere/bin/\n")
    error = bench.jig("build", bench.sketch("s", BLINK), "--fqbn", board).error(6, "/nowhere/bin")
    assert "recipe" in error["message"]


def test_missing_tool_that_a_package_has(new_bench, warm_cache):
    bench = new_bench(cache=warm_cache)
    board = platform(bench, "compiler.cpp.cmd=arm-none-eabi-g++\ncompiler.path=/opt/none/bin/\n")
    bench.jig("build", bench.sketch("s", BLINK), "--fqbn", board).error(
        6, "arm-none-eabi-g++", "gcc-arm-none-eabi")


def test_tool_that_is_no_program(new_bench, warm_cache):
    bench = new_bench(cache=warm_cache)
    tools = bench.folder / "tools"
    tools.mkdir()
    (tools / "avr-g++").write_bytes(b"\x7fELF and nothing else")
    (tools / "avr-g++").chmod(0o755)
    board = platform(bench, f'recipe.cpp.o.pattern="{tools}/avr-g++" "{{source_file}}" -o '
                            '"{object_file}"\n')
    bench.jig("build", bench.sketch("s", BLINK), "--fqbn", board).error(6, str(tools / "avr-g++"))


def test_tool_that_dies(new_bench, warm_cache):
    bench = new_bench(cache=warm_cache)
    tools = bench.folder / "tools"
    tools.mkdir()
    (tools / "avr-g++").write_text("#!/bin/sh\necho about to die >&2\nkill -SEGV $$\n")
    (tools / "avr-g++").chmod(0o755)
    board = platform(bench, f'recipe.cpp.o.pattern="{tools}/avr-g++" "{{source_file}}" -o '
                            '"{object_file}"\n')
    outcome = bench.jig("build", bench.sketch("s", BLINK), "--fqbn", board)
    error = outcome.error(6)
    assert "signal" in error["message"] or "SEGV" in error["message"].upper(), error
    assert "about to die" in outcome.out


def test_tool_that_leaves_nothing(new_bench, warm_cache):
    bench = new_bench(cache=warm_cache)
    board = platform(bench, "recipe.c.combine.pattern=/bin/true {build.path}\n")
    bench.jig("build", bench.sketch("s", BLINK), "--fqbn", board).error(6, "s.ino.elf")


# ---- projects


@pytest.mark.parametrize("ini, line, parts", [
    ("[env:uno]\nplatform = atmelavr\nthis is not an option\n", 3, []),
    ("platform = atmelavr\n[env:uno]\n", 1, []),
    (PIO + "[env:uno]\nboard = nano\n", 5, ["env:uno"]),
    (PIO + "board = nano\n", 5, ["board"]),
    (PIO + "[env two\n", 5, []),
    # As Python's configparser reads it: the option "[env", and then [env:uno]'s second board.
    (PIO + "[env:two\nboard = nano\n", 6, ["board"])],
    ids=["no option", "no section", "section twice", "option twice", "open bracket",
         "open bracket and twice"])
def test_malformed_platformio_ini(shared, name, ini, line, parts):
    folder = shared.project(name, {"platformio.ini": ini, "src/main.cpp": MAIN})
    error = shared.jig("build", folder).error(3, "platformio.ini", *parts)
    assert f"platformio.ini:{line}" in error["message"], error


def test_extends_cycle(shared, name):
    folder = shared.project(name, {
        "platformio.ini": "[a]\nextends = b\n[b]\nextends = a\n" + PIO + "extends = a\n",
        "src/main.cpp": MAIN})
    shared.jig("build", folder).error(3, "extends", "a", "b")


def test_dangling_reference(shared, name):
    folder = shared.project(name, {"platformio.ini": PIO + "build_flags = ${nowhere.flags}\n",
                                   "src/main.cpp": MAIN})
    shared.jig("build", folder).error(3, "nowhere")


def test_no_environments(shared, name):
    folder = shared.project(name, {"platformio.ini": "; nothing\n", "src/main.cpp": MAIN})
    shared.jig("build", folder).error(3, "platformio.ini", "[env:")


def test_folder_without_a_project(shared, name):
    folder = shared.project(name, {"readme.txt": "nothing\n"})
    error = shared.jig("build", folder, "--fqbn", UNO).error(3, str(folder))
    assert "platformio.ini" in error["message"] + error["hint"]


def test_sketch_of_another_name(shared, name):
    """An .ino, but not the folder's: arduino-cli refuses, and a newcomer has to be told why."""
    folder = shared.project(name, {"other.ino": BLINK})
    shared.jig("build", folder, "--fqbn", UNO).error(3, f"{name}.ino")


def test_folder_that_is_not_there(shared, name):
    folder = shared.projects / name / "nowhere"
    error = shared.jig("build", folder, "--fqbn", UNO)
    assert error.status in (3, 4)
    error.error(error.status, str(folder))


def test_file_that_is_no_sketch(shared, name):
    folder = shared.project(name, {"readme.txt": "nothing\n"})
    outcome = shared.jig("build", folder / "readme.txt", "--fqbn", UNO)
    assert outcome.status in (2, 3)
    outcome.error(outcome.status, "readme.txt")


@pytest.mark.parametrize("content", [
    pytest.param(b"\0\0\0\0", id="nuls"), pytest.param(b"\xff\xfe[\0e\0", id="utf16"),
    pytest.param(b"[env:\xff]\nboard=\xfe\n", id="latin1"), pytest.param(b"[" * 100000, id="brackets"),
    pytest.param(b"[env:a]\n" + b"x = ${this.x}\n", id="itself"),
    pytest.param(b"[env:a]\nx = " + b"${this.x}" * 5000, id="itself-often")])
def test_platformio_ini_of_bytes(shared, name, content):
    folder = shared.project(name, {"src/main.cpp": MAIN})
    (folder / "platformio.ini").write_bytes(content)
    shared.jig("build", folder).error(3)


@pytest.mark.parametrize("content", [
    pytest.param(b"", id="nothing"), pytest.param(b"\0" * 1000, id="nuls"),
    pytest.param(b"\xff\xfe\x00", id="utf16"), pytest.param(b'void setup() { "', id="open-string"),
    pytest.param(b"#include", id="include"), pytest.param(b"/*", id="open-comment"),
    pytest.param(b"(" * 30000, id="parentheses"), pytest.param(b"template<" * 5000, id="templates"),
    pytest.param(b'R"x(', id="open-raw-string")])
def test_sketch_of_bytes(shared, name, content):
    """Whatever is in it: an error of ours or the compiler's, and a daemon that lives."""
    folder = shared.project(name, {})
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.ino").write_bytes(content)
    outcome = build(shared, folder)
    outcome.error(3 if b"\0" in content else 6)


@pytest.mark.parametrize("text, parts", [
    ("default_fqbn: [1, 2\n", ["sketch.yaml"]), ("\tx", ["sketch.yaml"]),
    ("profiles:\n  a:\n    fqbn: arduino:avr:uno\ndefault_profile: b\n", ["b"])])
def test_malformed_sketch_yaml(shared, name, text, parts):
    folder = shared.sketch(name, BLINK, **{"sketch.yaml": text})
    shared.jig("build", folder).error(3, *parts)


# ---- places


@pytest.mark.parametrize("place", [
    "with space", "quo\"te's", "grüße-日本", "dollar$HOME", "{brace}", "{build.path}",
    "-dash", "--fqbn", "back\\slash", "semi;colon", "hash#", "percent%41", "star*", "at@file", "comma,colon"])
def test_project_path(bench, place):
    folder = bench.project(f"{place}/s", {
        "s.ino": '#include "tab.h"\nvoid setup() { Serial.begin(9600); Serial.println(TAB); }\n'
                 "void loop() { more(); }\n", "tab.h": '#define TAB F("mark-one")\nint more();\n',
        "more.cpp": "int more() { return __LINE__; }\n"})
    result = bench.build("s", cwd=folder.parent)
    assert has_text(result, "mark-one") and result["compiled"] == 2
    assert bench.build(folder)["outcome"] == "up_to_date"
    (folder / "tab.h").write_text('#define TAB F("mark-two")\nint more();\n')
    again = bench.build(folder)
    assert has_text(again, "mark-two") and again["compiled"] == 1
    (folder / "more.cpp").write_text("int more() { return oops; }\n")
    outcome = build(bench, folder)
    outcome.error(6)
    assert [d["file"] for d in outcome.kinds("diagnostic")] == [str(folder / "more.cpp")]


@pytest.mark.parametrize("place", ["tab\there", "new\nline", "bell\a"])
def test_project_path_with_control_characters(shared, name, place):
    """No dependency file can hold them: refused before anything is compiled."""
    folder = shared.sketch(f"{name}/{place}/s", BLINK)
    outcome = build(shared, folder)
    outcome.error(3, "control character")
    assert not outcome.steps()


@pytest.mark.parametrize("place", ["with space", "quo\"te's", "grüße", "dollar$HOME", "{brace}",
                                   "-dash"])
def test_platformio_project_path(shared, name, place):
    folder = shared.project(f"{name}/{place}", {
        "platformio.ini": PIO + "build_flags = -DTEXT=\\\"a\\\" -Iinclude/deep\n",
        "include/deep/deep.h": "\n", "lib/Thing/Thing.h": "int thing();\n",
        "lib/Thing/Thing.cpp": '#include "Thing.h"\nint thing() { return 1; }\n',
        "src/main.cpp": "#include <Arduino.h>\n#include <Thing.h>\n#include <deep.h>\n"
                        "void setup() { thing(); }\nvoid loop() {}\n"})
    assert shared.build(".", fqbn=None, cwd=folder)["outcome"] == "built"
    assert shared.build(folder, fqbn=None)["outcome"] == "up_to_date"


def test_leading_dash_on_the_command_line(shared, name):
    folder = shared.project(f"{name}/-s", {"-s.ino": BLINK})
    result = shared.jig("build", "--fqbn", UNO, "--", "-s", cwd=folder.parent).result
    assert result["outcome"] == "built"
    shared.jig("build", "--fqbn", UNO, "-s", cwd=folder.parent).error(2, "-s")


def test_path_of_no_text(bench):
    """A name that is not UTF-8 is a name."""
    folder = bench.projects / "latin"
    raw = bytes(folder) + b"-\xfc"
    sub = raw + b"/s"
    import os
    os.makedirs(sub)
    with open(sub + b"/s.ino", "wb") as f:
        f.write(BLINK.encode())
    running = bench.start("build", "--fqbn", UNO, cwd=os.fsdecode(sub))
    outcome = running.finish()
    # Text on the wire is UTF-8: either it works, or it is refused in so many words.
    if outcome.status != 0:
        outcome.error(outcome.status, "UTF-8")


def test_link_in_place_of_the_folder(shared, name):
    folder = shared.sketch(f"{name}/s", BLINK)
    (folder.parent / "link").symlink_to(folder)
    first = shared.build(folder)
    assert shared.build(folder.parent / "link")["outcome"] == "up_to_date"
    assert first["builds"][0]["project_directory"] == str(folder)


def test_long_path(bench):
    place = "/".join(["d" * 200] * 6)
    folder = bench.sketch(f"{place}/s", BLINK)
    assert bench.build(folder)["outcome"] == "built"
