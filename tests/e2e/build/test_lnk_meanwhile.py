"""Pointers that change while another environment of the project is being built."""

import os

import pytest

from jig_bench import EXIT_NOT_FOUND, has_text
from pointers import pointer

SYSTEM = "/usr/share/arduino/hardware/arduino/avr"
SLOW = "made:avr:uno"
UNO = "arduino:avr:uno"


@pytest.fixture
def gate(bench):
    """A second platform, whose compile of slow.cpp waits for gate(): an environment of its own."""
    pipe = bench.folder / "gate"
    os.mkfifo(pipe)
    tools = bench.folder / "tools"
    tools.mkdir()
    for tool in ("avr-gcc", "avr-g++", "avr-gcc-ar", "avr-objcopy", "avr-size"):
        (tools / tool).write_text("#!/bin/sh\n"
                                  f'case " $* " in *" -c "*slow.cpp.o*) read line < {pipe};; esac\n'
                                  f'exec /usr/bin/{tool} "$@"\n')
        (tools / tool).chmod(0o755)
    hardware = bench.folder / "home/Arduino/hardware/made/avr"
    hardware.mkdir(parents=True)
    with open(f"{SYSTEM}/boards.txt", encoding="utf-8") as f:
        uno = "".join(line for line in f if line.startswith("uno."))
    (hardware / "boards.txt").write_text(
        uno.replace("build.core=arduino", "build.core=arduino:arduino").replace(
            "build.variant=standard", "build.variant=arduino:standard"))
    with open(f"{SYSTEM}/platform.txt", encoding="utf-8") as f:
        (hardware / "platform.txt").write_text(
            f"{f.read()}\ncompiler.path={tools}/\n"
            "compiler.cpp.extra_flags=-DDECIMAL_DIG=__DECIMAL_DIG__\n")

    def open_it():
        with open(pipe, "w", encoding="utf-8") as f:
            f.write("go on\n")
    return open_it


@pytest.fixture
def sketch(bench, put):
    folder = bench.sketch("sketch", "void words();\nvoid setup() { Serial.begin(9600); words(); }\n"
                          "void loop() {}\n",
                          **{"slow.cpp": '#include <Arduino.h>\n#include "words.h"\n'
                                         "void words() { Serial.println(WORDS); }\n"})
    put(folder, "words.h", b'#define WORDS "the first words"\n')
    bench.jig("lnk", "pull", folder).result
    return folder


def start_slow(bench, folder):
    """A build that stands in the compile of slow.cpp, whose header is a pointer's."""
    running = bench.start("build", folder, "--fqbn", SLOW, "-j", "4")
    running.wait_for_event("step", step="compile slow.cpp", state="started")
    return running


def test_a_new_content_waits_for_the_build(bench, sketch, put, gate):
    """What a compiler is about to read does not change or vanish under it."""
    slow = start_slow(bench, sketch)
    put(sketch, "words.h", b'#define WORDS "other words"\n')
    other = bench.start("build", sketch, "--fqbn", UNO)
    waits = other.wait_for_event("notice", id="lnk.waiting")
    assert "builds are at work" in waits["text"]
    gate()
    first = slow.finish().result
    second = other.finish().result
    assert has_text(first, "the first words") and has_text(second, "other words")
    # and the first is not what a build of now would make
    rebuilt = bench.start("build", sketch, "--fqbn", SLOW)
    rebuilt.wait_for_event("step", step="compile slow.cpp", state="started")
    gate()
    assert has_text(rebuilt.finish().result, "other words")


def test_a_content_that_cannot_be_had_takes_nothing_away(bench, sketch, server, gate):
    """Old content never stands for a new pointer; but who builds with it goes on with it."""
    slow = start_slow(bench, sketch)
    (sketch / "words.h.lnk").write_text(pointer(server.url("gone"), b"nobody has this\n"))
    pulling = bench.start("lnk", "pull", sketch)
    pulling.wait_for_event("notice", id="lnk.waiting")
    gate()
    assert has_text(slow.finish().result, "the first words")
    assert pulling.finish().status == EXIT_NOT_FOUND
    bench.jig("build", sketch, "--fqbn", UNO).error(EXIT_NOT_FOUND, "words.h.lnk")


def test_what_is_in_its_place_is_built_by_many_at_once(bench, sketch, gate):
    """Builds do not wait for each other."""
    slow = start_slow(bench, sketch)
    assert has_text(bench.build(sketch), "the first words")
    assert bench.jig("lnk", "check", sketch).status == 0
    assert bench.jig("lnk", "pull", sketch).status == 0, "it has nothing to change"
    gate()
    slow.finish().result


def test_who_waits_can_be_cancelled(bench, sketch, put, gate):
    slow = start_slow(bench, sketch)
    put(sketch, "words.h", b'#define WORDS "other words"\n')
    other = bench.start("build", sketch, "--fqbn", UNO)
    other.wait_for_event("notice", id="lnk.waiting")
    assert other.interrupt().finish().status == 130
    gate()
    assert has_text(slow.finish().result, "the first words")
