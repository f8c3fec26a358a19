"""build_flags and build_unflags against PlatformIO with SCons: the words the compiler gets.

Paths that PlatformIO leaves relative to the project are absolute here, because jig does not run the
compiler in the project's folder; `anchored` does that to the other side before they are compared.
"""

import os
import random
import subprocess

import flags_oracle
import pytest

VARIABLES = {"PIOENV": "uno", "BOARD": "uno", "PIOPLATFORM": "atmelavr", "BUILD_TYPE": "release",
             "UNIX_TIME": 1700000000}
PATH_AFTER = ("-include", "-imacros", "-isysroot", "-isystem", "-iquote", "-idirafter")
FIXED = [
    ["-DA -DB=2 -D C -D D=4"],
    ["-DNAME=\\\"x\\\""],
    ["'-DNAME=\"a b\"'"],
    ["-D NAME=\\\"x\\\" '-D TEXT=\"a b\"'"],
    ["-DX='\"quoted\"'", "-DY=\"\\\"y\\\"\""],
    ["-DV=007 -DW=1.10 -DX=1. -DY=.5 -DZ=0 -DE=1e5 -DL=10L"],
    ["-DF=1234567890123456789012.5 -DG=0.00001234 -DH=100000000000000000000 -DI=12345678.25"],
    ["-DEMPTY= -DEQ=a=b -DPLUS=+1 -DNEG=-1"],
    ["-Os -g -Wall -Wextra -fno-exceptions"],
    ["-std=gnu++17 -std=gnu11 -std=c99 -stdlib=libc++"],
    ["-Iinclude -I include -I/abs/dir -Inone -I../up"],
    ["-include config.h", "-imacros config.h -isystem include -iquote include -idirafter include"],
    ["-Wl,-Map=out.map -Wl,--gc-sections -Wl,-u,_printf_float -pthread -fsanitize=address"],
    ["-Wa,-mthumb -Wp,-MD,x.d"],
    ["-Llib -L lib -lm -l c"],
    ["-UFOO -DFOO -DBAR=1 -UBAR"],
    ["-DA\\ B -DC='x,y' -DHASH=a@b"],
    ["-DENV=$PIOENV -DBRACES=${PIOENV}_x -DUNKNOWN=$NOPE -DTIME=$UNIX_TIME"],
    ["-DP=\\\"$PROJECT_DIR\\\" -I$PROJECT_DIR/include"],
    ["--param max-inline-insns-single=500 -arch armv7 -mcpu=cortex-m4"],
    ["-DT=\"a\tb\" -DBS=a\\\\b"],
    ["-DA", "", "  -DB  "],
    ["-DMSG=\\\"say\\ hi\\\""],
    ["'-DJSON={\"a\": 1}'"],
    ["-fmacro-prefix-map=a=b -x assembler-with-cpp"[:-22]],
    ["+x -Wl,-rpath=/opt/lib -Wl,-R/opt/other"],
]
REFUSED = [["-DX=\"open"], ["-DX='open"], ["-DX=end\\"]]
UNFLAGS = [
    (["-Os -DA -DB=2 -std=gnu++11 -Wall"], ["-Os -DA"]),
    (["-DB=2 -DC=3"], ["-DB", "-DC=4"]),
    (["-std=gnu++11 -std=gnu11 -g"], ["-std=gnu++11", "-g"]),
    (["-include config.h -isystem include -O2"], ["-include config.h"]),
    (["-Iinclude -Wl,-a -pthread"], ["-Iinclude -pthread"]),
    (["-DN=007"], ["-DN=7"]),
]


def make_project(folder, flags, unflags=()):
    for name in ("include", "lib"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "config.h").write_text("")
    lines = ["[env:uno]", "platform = atmelavr", "board = uno", "build_flags ="]
    lines += [f"  {f.strip()}" for f in flags if f.strip()]
    lines += ["build_unflags ="] + [f"  {f}" for f in unflags]
    (folder / "platformio.ini").write_text("\n".join(lines).replace("%", "%%") + "\n")


def anchored(words, folder):
    out = []
    for word in words:
        if out and out[-1] in PATH_AFTER:
            word = os.path.join(folder, word)
        elif word.startswith("-l/"):
            word = word[2:]  # a file that is named; PlatformIO makes "-l" and its path of it
        elif word.startswith(("-I", "-L")):
            word = word[:2] + os.path.normpath(os.path.join(folder, word[2:]))
        out.append(word)
    return out


def compare(dump, folder, flags, unflags=()):
    make_project(folder, flags, unflags)
    root = os.path.realpath(folder)
    try:
        theirs = flags_oracle.compile_words(root, [f for f in flags if f.strip()], list(unflags),
                                            {**VARIABLES, "PROJECT_DIR": root})
    except subprocess.CalledProcessError:
        return False  # the shell that SCons gives the line to refuses it: no such build can be
    ours = dump("flags", root, "uno", "build_flags", "HOME=/home/somebody")
    assert "error" not in ours, (flags, ours["error"])
    assert ours["cxx_words"] == anchored(theirs["cxx"], root), (flags, unflags)
    assert ours["link_words"] == theirs["link"] + [f"-Wl,-rpath={r}" for r in ours["rpaths"]], flags
    assert ours["library_words"] == anchored(theirs["libs"], root), flags
    return True


@pytest.mark.parametrize("flags", FIXED, ids=lambda f: " ".join(f)[:40])
def test_fixed(dump, tmp_path, flags):
    assert compare(dump, tmp_path, flags)


@pytest.mark.parametrize("flags", REFUSED, ids=lambda f: f[0])
def test_refused(dump, tmp_path, flags):
    make_project(tmp_path, flags)
    with pytest.raises(ValueError):
        flags_oracle.compile_words(tmp_path, flags, [], VARIABLES)
    ours = dump("flags", str(tmp_path), "uno", "build_flags", "HOME=/home/somebody")
    assert "platformio.ini:4" in ours["error"]["message"]


@pytest.mark.parametrize("flags, unflags", UNFLAGS, ids=lambda f: " ".join(f))
def test_unflags(dump, tmp_path, flags, unflags):
    assert compare(dump, tmp_path, flags, unflags)


def random_word(r):
    value = "".join(r.choice(["a", "7", "0", ".", "x y", "\\\"", "'", "=", "$PIOENV", "\\ ", "-",
                              "${BOARD}", "+", ",", ":"]) for _ in range(r.randint(0, 5)))
    value = value.replace("'", "") if r.random() < 0.7 else value.replace("'", "") + "'q q'"
    name = r.choice(["A", "B2", "_C"])
    kinds = [f"-D{name}={value}", f"-D {name}", f"-D{name}", f"'-D{name}=\"{value}\"'",
             f"-U{name}", "-Iinclude", "-I lib", "-O2", "-Wall", "-std=gnu++14", "-std=c11",
             "-include config.h", "-Wl,--x=1", "-Wa,-y", "-fsanitize=undefined", "-isystem lib", "-lz",
             "-Llib", f"-fname={value.replace(' ', '')}", "-Wp,-z", "-fopenmp"]
    return r.choice(kinds)


@pytest.mark.parametrize("seed", range(10))
def test_random(dump, tmp_path, seed):
    r = random.Random(seed)
    taken = 0
    for _ in range(25):
        flags = [" ".join(random_word(r) for _ in range(r.randint(1, 5)))
                 for _ in range(r.randint(1, 3))]
        unflags = [random_word(r)] if r.random() < 0.3 else []
        if any(";" in f or "#" in f for f in flags):
            continue
        try:
            taken += compare(dump, tmp_path, flags, unflags)
        except ValueError as e:  # shlex: then jig refuses it, too
            ours = dump("flags", str(tmp_path), "uno", "build_flags", "HOME=/home/somebody")
            assert "error" in ours, (flags, e)
    assert taken > 5
