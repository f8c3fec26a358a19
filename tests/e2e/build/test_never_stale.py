"""What a person who wanted a stale build would try. Each edit matters to the program; the answer after
it is the one of a build from scratch, and the daemon had an answer that it could have given."""

import mmap
import os
import shutil

import pytest

from jig_bench import EXIT_DONE, Bench
from never_stale import program, settle

SYSTEM = "/usr/share/arduino/hardware/arduino/avr"
INI = "[env:uno]\nplatform = made:avr\nboard = uno\n"
MAIN = """#include <Arduino.h>
#include "value.h"
#ifndef GIVEN
#define GIVEN 1
#endif
extern char answer __attribute__((weak));
extern const char blob[] __attribute__((weak)) PROGMEM;
void setup() {
  Serial.begin(9600); Serial.print(VALUE); Serial.print(GIVEN); Serial.print((int)&answer);
  Serial.print(pgm_read_byte(blob));
}
void loop() {}
"""


def made_hardware(bench):
    """The Uno again, of a platform that may be edited."""
    folder = bench.folder / "home/Arduino/hardware/made/avr"
    folder.mkdir(parents=True)
    with open(f"{SYSTEM}/boards.txt", encoding="utf-8") as f:
        boards = "".join(line for line in f if line.startswith("uno."))
    with open(f"{SYSTEM}/platform.txt", encoding="utf-8") as f:
        platform = f.read()
    (folder / "boards.txt").write_text(
        boards.replace(":standard", ":arduino:standard")
        .replace("build.core=arduino", "build.core=arduino:arduino")
        .replace("build.variant=standard", "build.variant=arduino:standard"))
    (folder / "platform.txt").write_text(
        platform + "\ncompiler.cpp.extra_flags=-DDECIMAL_DIG=__DECIMAL_DIG__\n")
    return folder


class Place:
    def __init__(self, bench, hardware, name):
        self.bench, self.hardware = bench, hardware
        self.folder = bench.projects / name
        self.outside = bench.folder / f"outside-{name}"
        self.outside.mkdir()

    def project(self, flags="", files=(), at=None):
        self.write("platformio.ini", INI + flags, at)
        self.write("src/main.cpp", MAIN, at)
        self.write("include/value.h", "#define VALUE 1\n", at)
        for path, text in dict(files).items():
            self.write(path, text, at)

    def write(self, path, text, at=None):
        path = (at or self.folder) / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def add(self, path, text):
        with open(path, "a", encoding="utf-8") as f:
            f.write(text)


def extra_configuration(p):
    p.project("[platformio]\nextra_configs = conf/*.ini\n")
    (p.folder / "conf").mkdir()
    yield
    p.write("conf/more.ini", "[env:uno]\nbuild_flags = -DGIVEN=2\n")
    yield


def platform_local_txt(p):
    p.project()
    yield
    p.write("platform.local.txt", "compiler.cpp.extra_flags=-DDECIMAL_DIG=__DECIMAL_DIG__ -DGIVEN=2\n",
            p.hardware)
    yield
    (p.hardware / "platform.local.txt").unlink()


def boards_local_txt(p):
    p.project()
    yield
    p.write("boards.local.txt", "uno.build.extra_flags=-DGIVEN=2\n", p.hardware)
    yield
    (p.hardware / "boards.local.txt").unlink()


def forced_header_outside(p):
    p.write("forced.h", "#define GIVEN 2\n", p.outside)
    p.project(f"build_flags = -include {p.outside}/forced.h\n")
    yield
    p.write("forced.h", "#define GIVEN 3\n", p.outside)
    yield


def script_that_a_script_includes(p):
    p.project("build_flags = -Wl,-Tlinker/main.ld -Llinker\n", {
        "linker/main.ld": "SECTIONS { INCLUDE deep.ld }\nINSERT AFTER .text;\n",
        "linker/deep.ld": "PROVIDE(answer = 41);\n"})
    yield
    p.write("linker/deep.ld", "PROVIDE(answer = 42);\n")
    yield


def assembler_s_own_include(p):
    p.write("blob.inc", ".byte 1\n", p.outside)
    p.project(files={"src/blob.S": f'.section .progmem.data\n.global blob\nblob:\n'
                                   f'.include "{p.outside}/blob.inc"\n'})
    yield
    p.write("blob.inc", ".byte 2\n", p.outside)
    yield


def link_to_the_project(p):
    for name, value in (("a", 1), ("b", 2)):
        p.project(at=p.outside / name, files={"include/value.h": f"#define VALUE {value}\n"})
    for path in p.outside.rglob("*"):
        os.utime(path, ns=(10**18, 10**18))
    p.folder.symlink_to(p.outside / "a")
    yield
    p.folder.unlink()
    p.folder.symlink_to(p.outside / "b")
    yield


def another_project_in_its_place(p):
    p.project()
    p.project(at=p.outside / "b", files={"include/value.h": "#define VALUE 2\n"})
    yield
    shutil.copytree(p.folder / ".jig", p.outside / "b/.jig")
    p.folder.rename(p.outside / "a")
    (p.outside / "b").rename(p.folder)
    yield


def written_by_another_name(p):
    p.project()
    os.link(p.folder / "include/value.h", p.outside / "other.h")
    yield
    with open(p.outside / "other.h", "w", encoding="utf-8") as f:
        f.write("#define VALUE 2\n")
    yield


def written_through_a_mapping(p):
    p.project()
    yield
    with open(p.folder / "include/value.h", "r+b") as f, mmap.mmap(f.fileno(), 0) as m:
        before = os.stat(f.fileno())
        m[14:15] = b"2"
        os.utime(f.fileno(), ns=(before.st_atime_ns, before.st_mtime_ns))
    yield


def exchanged_with_the_old_time(p):
    p.project()
    yield
    path = p.folder / "include/value.h"
    before = path.stat()
    p.write("value.new", "#define VALUE 2\n", p.outside)
    os.utime(p.outside / "value.new", ns=(before.st_atime_ns, before.st_mtime_ns))
    os.rename(p.outside / "value.new", path)
    yield


def header_before_a_system_s(p):
    p.project(files={"include/value.h": "#include <util/twi.h>\n#ifdef OWN\n#define VALUE 2\n#else\n"
                                        "#define VALUE 1\n#endif\n"})
    yield
    p.write("include/util/twi.h", "#define OWN\n")
    yield


def object_of_another(p):
    """Somebody puts another object in place of one that was built."""
    p.project()
    yield
    p.write("include/value.h", "#define VALUE 2\n")
    made = p.folder / ".jig/build/uno/src/main.cpp.o"
    before = made.stat()
    other = made.read_bytes()
    made.unlink()
    made.write_bytes(other)
    os.utime(made, ns=(before.st_atime_ns, before.st_mtime_ns + 10**12))
    yield


def built_by_another_daemon(p):
    p.project()
    yield
    other = p.bench.folder / "run2"
    other.mkdir(mode=0o700)
    env = {"XDG_RUNTIME_DIR": str(other)}
    p.write("include/value.h", "#define VALUE 3\n")
    try:
        assert p.bench.jig("build", p.folder, env=env).status == EXIT_DONE
        p.write("include/value.h", "#define VALUE 2\n")
    finally:
        p.bench.jig("daemon", "stop", env=env)
    yield


CASES = [extra_configuration, platform_local_txt, boards_local_txt, forced_header_outside,
         script_that_a_script_includes, assembler_s_own_include, link_to_the_project,
         another_project_in_its_place, written_by_another_name, written_through_a_mapping,
         exchanged_with_the_old_time, header_before_a_system_s, object_of_another,
         built_by_another_daemon]


def same_as_from_scratch(bench, folder):
    kept = bench.build(folder, fqbn=None)
    fresh = bench.build(folder, "--walk", "--build-dir", bench.folder / "scratch", fqbn=None)
    assert program(kept) == program(fresh)
    shutil.rmtree(bench.folder / "scratch")
    return program(kept)


@pytest.fixture(scope="module")
def one_bench(warm_cache):
    bench = Bench(cache=warm_cache)
    yield bench, made_hardware(bench)
    bench.close()


@pytest.mark.parametrize("case", CASES, ids=[case.__name__ for case in CASES])
def test_the_edit_counts(one_bench, case):
    bench, hardware = one_bench
    place = Place(bench, hardware, case.__name__)
    edit = case(place)
    next(edit)
    before = program(bench.build(place.folder, fqbn=None))
    settle(bench)
    bench.build(place.folder, fqbn=None)
    settle(bench)
    next(edit)
    assert same_as_from_scratch(bench, place.folder) != before, "the edit was none"
    assert next(edit, "done") == "done"


def test_an_edit_while_the_linker_runs(bench):
    place = Place(bench, made_hardware(bench), "p")
    place.project()
    tool = place.outside / "linker"
    tool.write_text(f'#!/bin/sh\n[ -e {place.outside}/now ] && echo "#define VALUE 2" > '
                    f'{place.folder}/include/value.h\nexec /usr/bin/avr-gcc "$@"\n')
    tool.chmod(0o755)
    place.add(place.hardware / "platform.txt",
              f"\nrecipe.c.combine.pattern={tool} {{compiler.c.elf.flags}} -mmcu={{build.mcu}} -o "
              '"{build.path}/{build.project_name}.elf" {object_files} "{build.path}/{archive_file}" -lm\n')
    before = program(bench.build(place.folder, fqbn=None))
    (place.outside / "now").touch()
    place.add(place.folder / "src/main.cpp", "int unused;\n")
    assert program(bench.build(place.folder, fqbn=None)) == before, "it came too late"
    (place.outside / "now").unlink()
    assert same_as_from_scratch(bench, place.folder) != before
