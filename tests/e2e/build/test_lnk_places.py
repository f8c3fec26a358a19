"""Pointers in the midst of real files: tabs of sketches, and libraries that are partly there."""

import subprocess

import pytest

from jig_bench import EXIT_BAD_PROJECT, has_text
from pointers import MAIN, archive, build, steps


def compiles(result):
    return {s.removeprefix("compile ") for s in steps(result) if s.startswith("compile")}


# ---- tabs


def test_tabs_of_a_sketch(bench, put):
    folder = bench.sketch("sketch", "void setup() { Serial.begin(9600); helper(); last(); }\n"
                          "void loop() { count(); }\n")
    (folder / "zone.ino").write_text('void last() { Serial.println("last tab"); }\n')
    put(folder, "helpers.ino", b'void helper() { Serial.println("first words"); }\n')
    put(folder, "src/count.cpp", b'#include "count.h"\nint count() { return 1; }\n')
    put(folder, "src/count.h", b"int count();\n")
    (folder / "sketch.ino").write_text('#include "src/count.h"\n' + (folder / "sketch.ino").read_text())
    first = bench.build(folder)
    assert has_text(first, "first words") and has_text(first, "last tab")
    assert "src/count.cpp" in compiles(first)
    assert bench.build(folder)["outcome"] == "up_to_date"
    # another content: the tabs are compiled, and nothing else
    put(folder, "helpers.ino", b'void helper() { Serial.println("other words"); }\n')
    second = bench.build(folder)
    assert has_text(second, "other words") and not has_text(second, "first words")
    assert compiles(second) == {"sketch.ino"}
    # a tab's mistake is shown where it can be read
    put(folder, "helpers.ino", b"\nvoid helper() { nobody_has_this(); }\n")
    failed = bench.jig("build", folder, "--fqbn", "arduino:avr:uno")
    failed.error(6, "nobody_has_this")
    assert {(e["file"], e["line"]) for e in failed.kinds("diagnostic") if e["severity"] == "error"} \
        == {(str(folder / ".jig/build/.lnk/files/helpers.ino"), 2)}
    # a file of the project comes first, and the pointer when that is gone
    (folder / "helpers.ino").write_text('void helper() { Serial.println("my own words"); }\n')
    assert has_text(bench.build(folder), "my own words")
    (folder / "helpers.ino").unlink()
    put(folder, "helpers.ino", b'void helper() { Serial.println("last words"); }\n')
    assert has_text(bench.build(folder), "last words")
    # a tab that goes takes its functions along
    (folder / "helpers.ino.lnk").unlink()
    bench.jig("build", folder, "--fqbn", "arduino:avr:uno").error(6)
    put(folder, "more.ino", b'void helper() { Serial.println("in another tab"); }\n')
    assert has_text(bench.build(folder), "in another tab")


def test_two_main_tabs(bench, put):
    folder = bench.sketch("sketch", "void setup() {}\nvoid loop() {}\n")
    put(folder, "sketch.pde", b"void more() {}\n")
    bench.jig("build", folder, "--fqbn", "arduino:avr:uno").error(EXIT_BAD_PROJECT, "sketch.ino",
                                                                  "sketch.pde")


def test_tabs_of_a_project(bench, project, put):
    folder = project("", {"src/app.ino": "void setup() { Serial.begin(9600); helper(); }\n"
                          "void loop() {}\n"},
                     {"src/helpers.ino": b'void helper() { Serial.println("first words"); }\n'})
    assert has_text(build(bench, folder), "first words")
    assert build(bench, folder)["outcome"] == "up_to_date"
    put(folder, "src/helpers.ino", b'void helper() { Serial.println("other words"); }\n')
    second = build(bench, folder)
    assert has_text(second, "other words") and compiles(second) == {"app.ino"}
    (folder / "src/helpers.ino.lnk").unlink()
    bench.jig("build", folder).error(6)
    # nothing but pointers
    put(folder, "src/helpers.ino", b'void helper() { Serial.println("all of it"); }\n')
    put(folder, "src/app.ino", (folder / "src/app.ino").read_bytes())
    (folder / "src/app.ino").unlink()
    assert has_text(build(bench, folder), "all of it")


# ---- libraries

LAMP = {"lib/Lamp/library.properties": "name=Lamp\nversion=1.0\n",
        "lib/Lamp/src/Lamp.h": '#pragma once\n#include "shape.h"\nvoid shine();\n',
        "lib/Lamp/src/small.cpp": "int small = 1;\n"}


def test_pointers_in_a_library(bench, project, put):
    folder = project("", {"src/main.cpp": MAIN.format("#include <Lamp.h>", "shine();"),
                          "src/other.cpp": "int other;\n", **LAMP},
                     {"lib/Lamp/src/shape.h": b"#define SHAPE \"round\"\n",
                      "lib/Lamp/src/deep/big.cpp":
                          b'#include <Arduino.h>\n#include "near.h"\n#include "../Lamp.h"\n'
                          b'void shine() { Serial.println("shines " SHAPE NEAR); }\n'})
    (folder / "lib/Lamp/src/deep/near.h").write_text('#define NEAR " and near"\n')
    first = build(bench, folder)
    assert has_text(first, "shines round and near")
    assert {"Lamp/small.cpp", "Lamp/deep/big.cpp"} <= compiles(first)
    assert build(bench, folder)["outcome"] == "up_to_date"
    # a source: it alone
    put(folder, "lib/Lamp/src/deep/big.cpp",
        b'#include <Arduino.h>\n#include "../Lamp.h"\nvoid shine() { Serial.println("glows " SHAPE); }\n')
    second = build(bench, folder)
    assert has_text(second, "glows round") and compiles(second) == {"Lamp/deep/big.cpp"}
    # a header: those that include it
    put(folder, "lib/Lamp/src/shape.h", b"#define SHAPE \"square\"\n")
    third = build(bench, folder)
    assert has_text(third, "glows square") and compiles(third) == {"Lamp/deep/big.cpp", "main.cpp"}
    # one that comes
    put(folder, "lib/Lamp/src/extra.cpp", b"int extra = 3;\n")
    assert compiles(build(bench, folder)) == {"Lamp/extra.cpp"}
    assert build(bench, folder)["outcome"] == "up_to_date"
    # one that goes
    (folder / "lib/Lamp/src/deep/big.cpp.lnk").unlink()
    bench.jig("build", folder).error(6, "shine")
    # a file of the library's own comes first
    (folder / "lib/Lamp/src/mine.cpp").write_text(
        '#include <Arduino.h>\n#include "Lamp.h"\nvoid shine() { Serial.println("mine, " SHAPE); }\n')
    put(folder, "lib/Lamp/src/mine.cpp", b"#error not this one\n")
    assert has_text(build(bench, folder), "mine, square")


def test_a_library_of_pointers_alone(bench, project):
    folder = project("lib_deps = ./parts/Near\n",
                     {"src/main.cpp": MAIN.format("#include <Far.h>\n#include <Near.h>", "far(); near_();")},
                     {"lib/Far/library.properties": b"name=Far\nversion=2.1\n",
                      "lib/Far/src/Far.h": b"void far();\n",
                      "lib/Far/src/Far.cpp": b'#include <Arduino.h>\n#include "Far.h"\n'
                                             b'void far() { Serial.println("from far"); }\n',
                      "parts/Near/Near.h": b"void near_();\n",
                      "parts/Near/utility/help.h": b'#define HELP "with help"\n',
                      "parts/Near/Near.cpp": b'#include <Arduino.h>\n#include "Near.h"\n'
                                             b'#include "utility/help.h"\n'
                                             b"void near_() { Serial.println(HELP); }\n"})
    result = build(bench, folder)
    assert has_text(result, "from far") and has_text(result, "with help")
    assert build(bench, folder)["outcome"] == "up_to_date"


def test_a_flat_library_with_a_utility_folder(bench, project, put):
    folder = project("lib_extra_dirs = more\n",
                     {"src/main.cpp": MAIN.format("#include <Flat.h>", "flat();"),
                      "more/Flat/library.properties": "name=Flat\nversion=1\n",
                      "more/Flat/Flat.h": "void flat();\n",
                      "more/Flat/utility/own.h": '#define OWN "own, "\n'},
                     {"more/Flat/utility/pulled.h": b'#define PULLED "pulled"\n',
                      "more/Flat/Flat.cpp": b'#include <Arduino.h>\n#include "Flat.h"\n#include "data.h"\n'
                                            b'#include <own.h>\n#include <pulled.h>\n'
                                            b"void flat() { Serial.println(OWN PULLED DATA); }\n",
                      "more/Flat/data.h": b'#define DATA ", data"\n'})
    assert has_text(build(bench, folder), "own, pulled, data")
    put(folder, "more/Flat/data.h", b'#define DATA ", date"\n')
    second = build(bench, folder)
    assert has_text(second, "own, pulled, date") and compiles(second) == {"Flat/Flat.cpp"}


def test_a_folder_and_an_archive_of_one_name(bench, project):
    folder = project("", {"src/main.cpp": MAIN.format("#include <Lamp.h>", ""), **LAMP},
                     {"lib/Lamp": archive({"Lamp.h": "\n"})})
    bench.jig("build", folder).error(EXIT_BAD_PROJECT, "lib/Lamp", "lib/Lamp.lnk")
    # and two pointers that cannot both be
    (folder / "lib/Lamp/more.h.lnk").write_text((folder / "lib/Lamp.lnk").read_text())
    bench.jig("build", folder).error(EXIT_BAD_PROJECT, "lib/Lamp/more.h.lnk", "lib/Lamp.lnk")


def sealed(folder, words):
    """A library's archive, made by the Uno's own compiler."""
    source = folder / "sealed.c"
    source.write_text(f'const char *sealed(void) {{ return "{words}"; }}\n')
    subprocess.run(["avr-gcc", "-mmcu=atmega328p", "-Os", "-c", source, "-o", folder / "sealed.o"], check=True)
    (folder / "libsealed.a").unlink(missing_ok=True)
    subprocess.run(["avr-ar", "rcD", folder / "libsealed.a", folder / "sealed.o"], check=True)
    return (folder / "libsealed.a").read_bytes()


@pytest.mark.parametrize("own", [False, True])
def test_a_precompiled_library(bench, project, put, own):
    """The archive is what is big of such a library. `own`: real files stand beside it."""
    folder = project("", {"src/main.cpp": MAIN.format("#include <Sealed.h>", "Serial.println(sealed());"),
                          "lib/Sealed/library.properties": "name=Sealed\nversion=1\nprecompiled=full\n"
                                                           "ldflags=-lsealed\n",
                          "lib/Sealed/src/Sealed.h": 'extern "C" const char *sealed(void);\n',
                          "lib/Sealed/src/left_out.c": "#error it is precompiled\n"},
                     {"lib/Sealed/src/atmega328p/libsealed.a": sealed(bench.folder, "sealed in an archive")})
    if own:
        (folder / "lib/Sealed/src/atmega328p/README").write_text("see Sealed.h\n")
    assert has_text(build(bench, folder), "sealed in an archive")
    assert build(bench, folder)["outcome"] == "up_to_date"
    put(folder, "lib/Sealed/src/atmega328p/libsealed.a", sealed(bench.folder, "sealed anew"))
    second = build(bench, folder)
    assert has_text(second, "sealed anew") and not compiles(second)
