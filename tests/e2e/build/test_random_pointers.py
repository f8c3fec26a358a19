"""Pointers come, change, go and make room for files, and are never stale."""

import hashlib
import itertools
import os
import shutil

import pytest

from jig_bench import EXIT_DONE
from never_stale import play
from pointers import UNO, archive, pointer

INI = UNO + "board_build.embed_files = data/logo.bin\n"
MAIN = """#include <Arduino.h>
#include "pins.h"
#include <Lamp.h>
#if __has_include("maybe.h")
#include "maybe.h"
#else
#define MAYBE "nothing"
#endif
extern const char logo[] asm("_binary_data_logo_bin_start") PROGMEM;
void extra() __attribute__((weak));
void setup() {
  Serial.begin(9600); Serial.print(PINS); Serial.print(LAMP); Serial.print(MAYBE);
  Serial.print(pgm_read_byte(logo + 6)); if (extra) extra();
}
void loop() {}
"""
NAMES = {  # always of one size
    "src/pins.h": '#define PINS "pins-%06u"\n',
    "include/maybe.h": '#define MAYBE "mayb-%06u"\n',
    "src/maybe.h": '#define MAYBE "soon-%06u"\n',
    "src/extra.cpp": '#include <Arduino.h>\nvoid extra() { Serial.print("extr-%06u"); }\n',
    "data/logo.bin": "logo-%06u",
    "lib/Lamp": '#define LAMP "lamp-%06u"\n',
}
NEEDED = ("src/pins.h", "data/logo.bin", "lib/Lamp")


class Project:
    def __init__(self, bench, server):
        self.bench, self.server = bench, server
        self.folder = bench.project("pointers", {"platformio.ini": INI, "src/main.cpp": MAIN})
        self.numbers = itertools.count(1)
        for name in NEEDED:
            self.point(name)

    def file(self, name):
        return self.folder / name

    def lnk(self, name):
        return self.folder / f"{name}.lnk"

    def text(self, name):
        return NAMES[name] % next(self.numbers)

    def pointer(self, name, place):
        text = self.text(name)
        body = archive({"Lamp.h": text}) if name == "lib/Lamp" else text.encode()
        more = {"extract": "zip"} if name == "lib/Lamp" else {}
        return pointer(self.server.put(place, body), body, **more)

    def remove_file(self, name):
        path = self.file(name)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def point(self, name):
        path = self.lnk(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.pointer(name, f"{name}-{next(self.numbers)}"))

    def put(self, name):
        path = self.file(name)
        self.remove_file(name)
        if name == "lib/Lamp":
            path.mkdir(parents=True)
            path = path / "Lamp.h"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.text(name))

    # ---- edits

    def change(self, rng):
        """Another content of the same size: at another URL, or at the same."""
        name = rng.choice(list(NAMES))
        path = self.lnk(name)
        place = name if rng.random() < 0.5 else f"{name}-{next(self.numbers)}"
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.stat() if path.exists() else None
        path.write_text(self.pointer(name, place))
        old_time = before is not None and rng.random() < 0.5
        if old_time:
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        return f"{name}.lnk points to other content{' with the old time' if old_time else ''}"

    def write(self, rng):
        """A file's content, when one is there."""
        names = [n for n in NAMES if self.file(n).is_file()]
        if names:
            name = rng.choice(names)
            self.file(name).write_text(self.text(name))
        else:
            with open(self.folder / "src/main.cpp", "a", encoding="utf-8") as f:
                f.write(f"int main{next(self.numbers)};\n")
        return f"{names[:1] or 'src/main.cpp'} is edited"

    def go(self, rng):
        name = rng.choice([n for n in NAMES if n not in NEEDED])
        self.lnk(name).unlink(missing_ok=True)
        self.remove_file(name)
        return f"{name} is gone"

    def become_a_file(self, rng):
        name = rng.choice(list(NAMES))
        self.put(name)
        self.lnk(name).unlink(missing_ok=True)
        return f"{name} is a file"

    def become_a_pointer(self, rng):
        name = rng.choice(list(NAMES))
        self.point(name)
        self.remove_file(name)
        return f"{name} is a pointer"

    def be_both(self, rng):
        name = rng.choice(list(NAMES))
        self.put(name)
        self.point(name)
        return f"{name} is a file and a pointer"

    def rename(self, _rng):
        a, b = self.lnk("include/maybe.h"), self.lnk("src/maybe.h")
        a.parent.mkdir(exist_ok=True)
        if a.exists():
            os.rename(a, b)
        elif b.exists():
            os.rename(b, a)
        return "maybe.h.lnk has moved"

    def touch(self, _rng):
        for name in NAMES:
            if self.lnk(name).exists():
                os.utime(self.lnk(name))
        return "all are touched"

    def collect(self, rng):
        all_of_it = ["--all"] if rng.random() < 0.7 else []
        assert self.bench.jig("cache", "gc", *all_of_it).status == EXIT_DONE
        return f"cache gc {all_of_it}"

    def damage(self, rng):
        """Somebody writes to what was made, or removes it."""
        made = [p for p in self.folder.glob(".jig/build/.lnk/files/**/*") if p.is_file()]
        path = rng.choice(sorted(made)) if made else None
        if path is not None and rng.random() < 0.5:
            path.parent.chmod(0o755)
            path.unlink()
        elif path is not None:
            path.chmod(0o644)
            path.write_bytes(hashlib.sha256(path.read_bytes()).digest()[:path.stat().st_size])
        return f"{path} is damaged"

    def restart(self, _rng):
        assert self.bench.jig("daemon", "stop").status == EXIT_DONE
        return "restart"

    def pull(self, _rng):
        assert self.bench.jig("lnk", "pull", self.folder).status == EXIT_DONE
        return "pull"

    def edits(self):
        return [self.change, self.change, self.change, self.write, self.write, self.go, self.become_a_file,
                self.become_a_pointer, self.become_a_pointer, self.be_both, self.rename, self.touch,
                self.collect, self.damage, self.restart, self.pull]


@pytest.mark.parametrize("checked", [False, True], ids=["as it is", "checked"])
def test_pointers_are_never_stale(bench, server, checked):
    if checked:
        bench.configure("[build]\ncheck_answers = true\n")
    made = Project(bench, server)
    play(bench, made.folder, made.edits(), 6, asks=((), (), ("-e", "uno"), ("--explain",)))
