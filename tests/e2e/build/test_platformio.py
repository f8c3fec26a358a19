"""PlatformIO projects build unchanged: what such a project relies on holds.

Much is asserted by the firmware's own compiler: a static_assert in the project fails the build.
"""

import os

import pytest

from jig_bench import ROOT, UNO, has_text, libraries

HEAD = "platform = atmelavr\nboard = uno\nframework = arduino\n"
UNO_ENV = "[env:uno]\n" + HEAD
MAIN = "#include <Arduino.h>\n{}\nvoid setup() {{ Serial.begin(9600); {} }}\nvoid loop() {{}}\n"


def main(top="", setup=""):
    return MAIN.format(top, setup)


def check(*conditions):
    """Declarations that compile only when the conditions hold."""
    return "".join(f'static_assert({c}, "{c}");\n'.replace('"', '"') if '"' not in c else
                   f"static_assert({c}, \"\");\n" for c in conditions)


def same_text(macro, text):
    """A condition: the macro is that string."""
    return f'__builtin_strcmp({macro}, "{text}") == 0'


@pytest.fixture
def project(shared, name):
    """project(ini, files): the folder."""
    def make(ini, files, below=name):
        return shared.project(below, {"platformio.ini": ini, **files})
    return make


def build(shared, folder, *words, **options):
    return shared.build(folder, *words, fqbn=None, **options)


# ---- sources


def test_main_cpp_without_an_ino(shared, project):
    folder = project(UNO_ENV, {
        "src/main.cpp": main(check("PLATFORMIO >= 60000", "ARDUINO >= 10800",
                                   "F_CPU == 16000000L") +
                             "#ifndef ARDUINO_AVR_UNO\n#error board\n#endif\n"
                             "#ifndef __AVR_ATmega328P__\n#error mcu\n#endif\n"
                             "int other();", "other();"),
        "src/other.c": "int plain_c(void) { return 1; }\n",
        "src/deep/other.cpp": 'extern "C" int plain_c(); int other() { return plain_c(); }\n',
        "src/start.S": ".global in_assembler\nin_assembler: ret\n"})
    result = build(shared, folder)
    assert result["environment"] == "uno" and result["fqbn"] == UNO
    assert result["artifacts"]["hex"].endswith(".jig/build/uno/firmware.hex")
    assert {"compile main.cpp", "compile other.c", "compile deep/other.cpp", "compile start.S"} <= {
        r["step"] for r in result["reasons"]}
    assert build(shared, folder)["outcome"] == "up_to_date"


def test_ino_in_src(shared, project):
    folder = project(UNO_ENV, {
        "src/app.ino": check("PLATFORMIO > 0") + "void setup() { later(); }\nvoid loop() { }\n",
        "src/tab.ino": 'void later() { Serial.begin(9600); Serial.println(F("from the tab")); }\n',
        "src/more.cpp": "int more() { return 1; }\n"})
    assert has_text(build(shared, folder), "from the tab")


def test_include_folder_and_tests_left_out(shared, project):
    folder = project(UNO_ENV, {
        "include/conf.h": "#define CONF 4\n",
        "test/test_main.cpp": "#error the tests are not part of the firmware\n",
        "test/suite/test_more.cpp": "#error nor are these\n",
        "src/main.cpp": main('#include "conf.h"\n#include <conf.h>\n' + check("CONF == 4"))})
    build(shared, folder)


def test_src_filter(shared, project):
    files = {"src/main.cpp": main("int used();", "used();"),
             "src/used/used.cpp": "int used() { return 1; }\n",
             "src/unused/broken.cpp": "#error left out\n"}
    folder = project(UNO_ENV + "build_src_filter = +<*> -<unused/>\n", files)
    build(shared, folder)
    (folder / "platformio.ini").write_text(UNO_ENV)
    shared.jig("build", folder).error(6)
    (folder / "platformio.ini").write_text(UNO_ENV + "src_filter =\n    +<*.cpp>\n    +<used/>\n")
    outcome = shared.jig("build", folder)
    assert outcome.result["outcome"] == "up_to_date", "the sources are the same two as at first"
    assert any("src_filter" in n["text"] for n in outcome.notices("project.warning"))


def test_src_dir(shared, project):
    folder = project("[platformio]\nsrc_dir = firmware\ninclude_dir = headers\nlib_dir = parts\n" +
                     UNO_ENV, {
                         "firmware/main.cpp": main('#include "h.h"\n#include <Part.h>\n' +
                                                   check("H == 1 && PART == 2")),
                         "headers/h.h": "#define H 1\n", "parts/Part/Part.h": "#define PART 2\n",
                         "src/main.cpp": "#error not this folder\n"})
    build(shared, folder)
    listed = shared.jig("project", folder).result
    assert listed["environments"][0]["sources"] == ["firmware/main.cpp"]


def test_no_sources(shared, project):
    shared.jig("build", project(UNO_ENV, {"src/readme.txt": "nothing\n"})).error(3, "src", "uno")


# ---- libraries


def test_private_libraries(shared, project):
    folder = project(UNO_ENV, {
        # An Arduino library.
        "lib/Alpha/library.properties": "name=Alpha\nversion=1.2.3\nauthor=a\nmaintainer=a\n"
                                        "sentence=s\nparagraph=p\ncategory=Other\nurl=u\n"
                                        "architectures=*\n",
        "lib/Alpha/src/Alpha.h": "int alpha();\n", "lib/Alpha/src/Alpha.cpp":
            '#include "Alpha.h"\n#include "part/deep.h"\nint alpha() { return DEEP; }\n',
        "lib/Alpha/src/part/deep.h": "#define DEEP 3\n",
        "lib/Alpha/examples/Broken/Broken.ino": "#error an example\n",
        # A PlatformIO library that library.json describes.
        "lib/Beta/library.json": '{"name": "Beta", "version": "0.3.0", "build": '
                                 '{"srcDir": "code", "includeDir": "inc"}}\n',
        "lib/Beta/inc/beta.h": "int beta();\n",
        "lib/Beta/code/beta.cpp": "#include <Gamma.h>\n#include <beta.h>\n"
                                  "int beta() { return gamma_(); }\n",
        "lib/Beta/other/broken.cpp": "#error not in srcDir\n",
        # A bare folder.
        "lib/Gamma/Gamma.h": '#ifdef __cplusplus\nextern "C"\n#endif\nint gamma_(void);\n',
        "lib/Gamma/Gamma.c": '#include "Gamma.h"\nint gamma_(void) { return 7; }\n',
        # One that nobody includes.
        "lib/Delta/Delta.h": "\n", "lib/Delta/Delta.cpp": "#error nobody asked for it\n",
        "src/main.cpp": main("#include <Alpha.h>\n#include <beta.h>",
                             "Serial.println(alpha() + beta());")})
    result = build(shared, folder)
    assert sorted(text.split()[0] for text in libraries(result)) == ["Alpha", "Beta", "Gamma"]
    assert any("1.2.3" in text for text in libraries(result))
    assert any("0.3.0" in text for text in libraries(result))


def test_private_library_before_an_installed_one(shared, project):
    """The bench's configuration has a library Beacon, too."""
    folder = project(UNO_ENV, {"lib/Beacon/Beacon.h": "#define MINE 1\n",
                               "src/main.cpp": main("#include <Beacon.h>\n" + check("MINE == 1"))})
    assert str(folder / "lib/Beacon") in libraries(build(shared, folder))[0]


def test_lib_deps_that_are_there(shared, project):
    folder = project(UNO_ENV + "lib_deps =\n    Beacon\n    ./shelf/Near\n    SPI\n"
                     "    someone/Lantern@^1.0\n", {
                         "shelf/Near/Near.h": "#define NEAR 9\n",
                         "src/main.cpp": main("#include <Near.h>\n#include <Beacon.h>\n"
                                              "#include <SPI.h>\n" + check("NEAR == 9"))})
    used = libraries(build(shared, folder))
    assert any(str(folder / "shelf/Near") in text for text in used)
    assert any(str(ROOT / "tests/libraries/Beacon") in text for text in used)


def test_lib_extra_dirs_and_lib_ignore(shared, project):
    files = {"more/Extra/Extra.h": "#define EXTRA 5\n",
             "src/main.cpp": main("#include <Extra.h>\n" + check("EXTRA == 5"))}
    folder = project(UNO_ENV + "lib_extra_dirs = more\n", files)
    build(shared, folder)
    (folder / "platformio.ini").write_text(UNO_ENV + "lib_extra_dirs = more\nlib_ignore = Extra\n")
    shared.jig("build", folder).error(6, "Extra.h")


@pytest.mark.parametrize("entry, named", [
    ("bblanchon/ArduinoJson@^7.0.0", "ArduinoJson"),
    ("https://example.org/someone/NotHere.git", "NotHere"),
    ("./not/there", "not/there")])
def test_lib_deps_that_need_a_download(shared, project, entry, named):
    folder = project(UNO_ENV + f"lib_deps = {entry}\n", {"src/main.cpp": main()})
    error = shared.jig("build", folder).error(3, named, "lib_deps", "uno")
    assert error["code"] == "not_found"


# ---- flags


def test_build_flags(shared, project):
    folder = project(UNO_ENV + "\n".join([
        "build_flags =", "    -DNUMBER=42", "    -D PLAIN", '    -D TEXT=\\"word\\"',
        """    '-DQUOTED="in quotes"'""", "    -Iextra/inc", "    -O2 ; a comment",
        "    -D GONE -UGONE", "build_unflags = -Os -DARDUINO_AVR_UNO", ""]), {
            "extra/inc/deep.h": "#define DEEP 8\n",
            "src/main.cpp": main(
                "#include <deep.h>\n" + check("NUMBER == 42", "PLAIN == 1", "DEEP == 8",
                                              same_text("TEXT", "word"),
                                              same_text("QUOTED", "in quotes")) +
                "#ifdef GONE\n#error undefined\n#endif\n#ifdef __OPTIMIZE_SIZE__\n#error -Os\n"
                "#endif\n#ifdef ARDUINO_AVR_UNO\n#error taken away\n#endif\n")})
    result = build(shared, folder)
    with open(os.path.join(result["builds"][0]["build_directory"], "compile_commands.json"),
              encoding="utf-8") as f:
        text = f.read()
    assert '"-O2"' in text and '"-Os"' not in text


def test_build_src_flags_are_for_own_sources(shared, project):
    folder = project(UNO_ENV + "build_src_flags = -DOWN=1\nbuild_flags = -DALL=1\n", {
        "lib/Thing/Thing.h": "int thing();\n",
        "lib/Thing/Thing.cpp": '#include "Thing.h"\n#ifdef OWN\n#error not for libraries\n#endif\n'
                               "#ifndef ALL\n#error for all\n#endif\nint thing() { return 1; }\n",
        "src/main.cpp": main("#include <Thing.h>\n" + check("OWN == 1", "ALL == 1"), "thing();")})
    build(shared, folder)


def test_board_options(shared, project):
    folder = project(UNO_ENV + "board_build.f_cpu = 8000000L\nboard_upload.maximum_size = 20000\n",
                     {"src/main.cpp": main(check("F_CPU == 8000000L"))})
    assert build(shared, folder)["flash_max"] == 20000


# ---- environments


def test_default_envs(shared, project):
    ini = ("[platformio]\ndefault_envs = one, three\n[env]\n" + HEAD +
           "build_flags = -DNAME=0\n[env:one]\nbuild_flags = ${env.build_flags} -DONE=1\n"
           "[env:two]\nbuild_flags = -DBROKEN\n[env:three]\nboard = nanoatmega328\n")
    folder = project(ini, {"src/main.cpp": main("#ifdef BROKEN\n#error not a default\n#endif\n")})
    outcome = shared.jig("build", folder)
    result = outcome.result
    assert [b["environment"] for b in result["builds"]] == ["one", "three"]
    assert [b["fqbn"] for b in result["builds"]] == [UNO, "arduino:avr:nano:cpu=atmega328old"]
    assert all(os.path.exists(b["artifacts"]["hex"]) for b in result["builds"])
    assert result["environment"] == "one,three"
    assert build(shared, folder)["outcome"] == "up_to_date"
    # One by name.
    shared.jig("build", folder, "-e", "two").error(6)
    assert [b["environment"] for b in build(shared, folder, "-e", "three")["builds"]] == ["three"]
    # One that fails does not keep the others from being built.
    (folder / "platformio.ini").write_text(ini.replace("one, three", "two, three"))
    outcome = shared.jig("build", folder)
    outcome.error(6)
    assert any("two" in n["text"] for n in outcome.notices("build.environment_failed"))


def test_unknown_environment(shared, project):
    folder = project(UNO_ENV + "[env:nano]\n" + HEAD, {"src/main.cpp": main()})
    error = shared.jig("build", folder, "-e", "unoo").error(3, "unoo", "uno", "nano")
    assert error["code"] == "not_found"


def test_extends(shared, project):
    folder = project("[common]\nbuild_flags = -DCOMMON=1\nlib_ignore = none\n"
                     "[base]\nextends = common\n" + HEAD +
                     "[env:uno]\nextends = base\nbuild_flags = ${common.build_flags} -DMORE=2\n"
                     "[env:two]\nextends = env:uno\n", {
                         "src/main.cpp": main(check("COMMON == 1", "MORE == 2"))})
    assert len(build(shared, folder)["builds"]) == 2


def test_client_variables(shared, project):
    folder = project(UNO_ENV + "build_flags = -DBASE=1\n",
                     {"src/main.cpp": main(check("BASE == 1") + "#ifndef GIVEN\n#error\n#endif\n")})
    shared.jig("build", folder).error(6)
    build(shared, folder, env={"PLATFORMIO_BUILD_FLAGS": "-DGIVEN=1"})
    shared.jig("build", folder).error(6)
    two = folder / "src2"
    two.mkdir()
    (two / "main.cpp").write_text(main('#define HERE "the other folder"', "Serial.println(HERE);"))
    assert has_text(build(shared, folder, env={"PLATFORMIO_SRC_DIR": str(two)}), "other folder")


def test_sysenv(shared, project):
    """The client does not send its environment; the daemon asks for what a project names."""
    folder = project(UNO_ENV + 'build_flags = -DWHO=\\"${sysenv.JIG_E2E_WHO}\\"\n',
                     {"src/main.cpp": main("", "Serial.println(F(WHO));")})
    assert has_text(build(shared, folder, env={"JIG_E2E_WHO": "somebody"}), "somebody")
    assert build(shared, folder, env={"JIG_E2E_WHO": "somebody"})["outcome"] == "up_to_date"
    other = build(shared, folder, env={"JIG_E2E_WHO": "nobodyelse"})
    assert other["outcome"] == "built" and has_text(other, "nobodyelse")
    # Unset is a value, too.
    outcome = shared.jig("build", folder)
    assert outcome.status in (0, 3)
    if outcome.status == 3:
        outcome.error(3, "JIG_E2E_WHO")


def test_unix_time_is_another_each_time(shared, project):
    folder = project(UNO_ENV + "build_flags = -DWHEN=$UNIX_TIME\n",
                     {"src/main.cpp": main(check("WHEN > 1700000000"))})
    build(shared, folder)


# ---- what the user should know


def test_extra_scripts_are_named(shared, project):
    folder = project(UNO_ENV + "extra_scripts = pre:scripts/gen.py\n", {
        "src/main.cpp": main(), "scripts/gen.py": "raise SystemExit('not run')\n"})
    outcome = shared.jig("build", folder)
    texts = [n["text"] for n in outcome.notices("project.warning")]
    assert outcome.result and any("scripts/gen.py" in t and "extra_scripts" in t for t in texts)
    status, _, err = shared.plain("build", folder)
    assert status == 0 and "scripts/gen.py" in err


def test_unknown_option_is_named(shared, project):
    folder = project(UNO_ENV + "biuld_flags = -DX\ncustom_thing = 1\n", {"src/main.cpp": main()})
    outcome = shared.jig("build", folder)
    texts = "\n".join(n["text"] for n in outcome.notices("project.warning"))
    assert outcome.result and "biuld_flags" in texts and "build_flags" in texts
    assert "platformio.ini:5" in texts and "custom_thing" not in texts


def test_warnings_of_a_warm_build(shared, project):
    """A build that has nothing to do is no less of a warning."""
    folder = project(UNO_ENV + "biuld_flags = -DX\n", {"src/main.cpp": main()})
    build(shared, folder)
    again = shared.jig("build", folder)
    assert again.result["outcome"] == "up_to_date"
    assert "biuld_flags" in again.notices("project.warning")[0]["text"]
    status, _, err = shared.plain("--quiet", "build", folder)
    assert status == 0 and err.count("biuld_flags") == 1


def test_each_warning_is_given_once(shared, project):
    """Also with several environments, and what all of them inherit."""
    folder = project("[env]\n" + HEAD + "biuld_flags = -DX\n[env:a]\nmonitr_speed = 9\n[env:b]\n"
                     "[platformio]\nsrc_dri = x\n", {"src/main.cpp": main()})
    outcome = shared.jig("build", folder)
    assert len(outcome.result["builds"]) == 2
    texts = [n["text"] for n in outcome.notices("project.warning")]
    for word in "biuld_flags", "monitr_speed", "src_dri":
        assert len([t for t in texts if word in t]) == 1, texts


def many_libraries(project, count):
    """A project of that many libraries, each named by lib_deps; the last one is used."""
    files = {f"libs/l{i}/header{i}.h": f"#define VALUE{i} {i}\n" for i in range(count)}
    deps = "".join(f"  ./libs/l{i}\n" for i in range(count))
    last = count - 1
    return project(UNO_ENV + "lib_deps =\n" + deps, {
        **files, "src/main.cpp": main(f"#include <header{last}.h>\n" + check(f"VALUE{last} > 0"))})


def test_many_libraries(shared, project):
    assert build(shared, many_libraries(project, 100))["outcome"] == "built"


def test_more_libraries_than_are_looked_into(shared, project):
    shared.jig("build", many_libraries(project, 300)).error(
        12, "environment 'uno'", "305 folders", "256", "lib_deps")


@pytest.mark.parametrize("board, near", [("unoo", "uno"), ("megaatmega256", "megaatmega2560")])
def test_unknown_board(shared, project, board, near):
    folder = project(UNO_ENV.replace("board = uno", f"board = {board}"), {"src/main.cpp": main()})
    shared.jig("build", folder).error(3, board, near)


def test_unknown_platform(shared, project):
    folder = project(UNO_ENV.replace("atmelavr", "espressif32").replace("= uno", "= esp32dev"),
                     {"src/main.cpp": main()})
    shared.jig("build", folder).error(3, "espressif32", "esp32:esp32")


def test_other_framework(shared, project):
    folder = project(UNO_ENV.replace("= arduino", "= espidf"), {"src/main.cpp": main()})
    shared.jig("build", folder).error(3, "espidf")


def test_project_says_what_it_is(shared, project):
    folder = project("[platformio]\ndefault_envs = uno\n" + UNO_ENV +
                     "monitor_speed = 115200\nupload_speed = 57600\nbuild_flags = -DA -DB\n"
                     "[env:odd]\nplatform = atmelavr\nboard = nosuch\nframework = arduino\n",
                     {"src/main.cpp": main(), "src/more.c": "\n"})
    result = shared.jig("project", folder).result
    by_name = {e["name"]: e for e in result["environments"]}
    assert list(by_name) == ["uno", "odd"]
    uno = by_name["uno"]
    assert uno["default"] and not by_name["odd"]["default"] and uno["fqbn"] == UNO
    assert uno["options"]["monitor_speed"] == "115200" and uno["options"]["board"] == "uno"
    assert sorted(uno["sources"]) == ["src/main.cpp", "src/more.c"] and uno["problem"] is None
    assert "nosuch" in by_name["odd"]["problem"]
    assert list(e["name"] for e in shared.jig("project", folder, "-e", "odd").result[
        "environments"]) == ["odd"]


def test_fqbn_in_place_of_the_projects_board(shared, project):
    folder = project(UNO_ENV, {"src/main.cpp": main("#ifndef ARDUINO_AVR_NANO\n#error\n#endif\n")})
    result = shared.build(folder, fqbn="arduino:avr:nano")
    assert result["fqbn"] == "arduino:avr:nano"
    shared.jig("build", folder).error(6)
