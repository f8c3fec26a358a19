"""build_src_filter and file name patterns against PlatformIO's fs.match_src_files and fnmatch."""

import fnmatch
import os
import random

import pytest
from platformio import fs

NAMES = ["main.cpp", "a.c", "b.S", "x1.cpp", "x22.cpp", ".hidden.c", "note.txt", "we[ird].c", "UP.CPP",
         "caf\u00e9.c", "z z.cpp", "noext", "lib.c++", "a.cpp.bak"]
FOLDERS = ["sub", "test", ".git", ".svn", "deep/er/est", "sub/.dot", "x1", "we[i]rd", "example"]
FIXED = ["", "+<*>", "+<*> -<.git/> -<.svn/>", "+<*> -<test/>", "+<*> -<test>", "-<*>", "+<**>",
         "+<**/*.c>", "+<**/x?.cpp>", "+<sub/**>", "+<*.cpp> +<sub/>", "+<*> -<**/*.c>", "+<main.cpp>",
         "+<./main.cpp>", "+<sub/../main.cpp>", "+<../outside/*.c>", "+<.*>", "+<*/>", "+<sub\\*.c>",
         "+<[ab].*>", "+<[!ab].*>", "+<[a-c]*>", "+<we[[]*>", "+<nothing/>", "+ <*> -<a.c>", "+<>",
         "+<*> -<sub/> +<sub/a.c>", "junk +<*.c> junk -<a.c", "+<*>,-<test/>", "+<<*.c>", "+<link>",
         "+<link/*.c>", "+<dangling>", "+<**/.dot/*>", "+<de*/*/*>", "+<a.c>+<b.S>", "+<**/deep/**>"]
EXTENSIONS = ["c", "cc", "cpp", "cxx", "c++", "S", "spp", "SPP", "sx", "s", "asm", "ASM"]


def make_tree(root, r):
    base = root / "src [x]"
    for folder in ["", *r.sample(FOLDERS, r.randint(4, len(FOLDERS)))]:
        (base / folder).mkdir(parents=True, exist_ok=True)
        for name in r.sample(NAMES, r.randint(3, len(NAMES))):
            (base / folder / name).write_text("x")
    (root / "outside").mkdir()
    (root / "outside" / "o.c").write_text("x")
    os.symlink(root / "outside", base / "link")
    os.symlink("nowhere", base / "dangling")
    return base


def random_filter(r):
    pieces = ["*", "**", "?", "[a-m]*", "[!x]*", "sub", "test", "*.c", "*.cpp", "x?", ".git", "deep",
              "..", ".", "link", "*.", ".*", "[", "[]", "[a", "caf\u00e9*"]
    rules = []
    for _ in range(r.randint(1, 4)):
        pattern = "/".join(r.choice(pieces) for _ in range(r.randint(1, 3))) + r.choice(["", "", "/"])
        rules.append(r.choice("++-") + f"<{pattern}>")
    return r.choice([" ", "", ", "]).join(["+<*>"] * (r.random() < 0.5) + rules)


def check(dump, base, text):
    if text and "<" in text:
        theirs = fs.match_src_files(str(base), text)
        ours = dump("sources", str(base), text)
        assert sorted(ours) == sorted(theirs), text
        assert ours == sorted(ours, key=os.fsencode)
    theirs = fs.match_src_files(str(base), text or "+<*> -<.git/> -<.svn/>", EXTENSIONS)
    assert dump("sources", str(base), text, *EXTENSIONS) == theirs, text


@pytest.mark.parametrize("text", FIXED)
def test_fixed(dump, tmp_path, text):
    check(dump, make_tree(tmp_path, random.Random(1)), text)


@pytest.mark.parametrize("seed", range(20))
def test_random(dump, tmp_path, seed):
    r = random.Random(seed)
    base = make_tree(tmp_path, r)
    for _ in range(15):
        check(dump, base, random_filter(r))


def test_no_folder(dump, tmp_path):
    assert dump("sources", str(tmp_path / "none"), "+<*>") == []


def test_fnmatch(dump):
    r = random.Random(7)
    names = ["", "a", "b", "-", "]", "[", "!", "ab", "a-b", "\u00e9", "z", "c", "^", "\\", "*", "?", "aXb",
             "a.b", "&&", "d"]
    for _ in range(400):
        pattern = "".join(r.choice("ab-]![*?cz^\\\u00e9.&[[--") for _ in range(r.randint(0, 9)))
        theirs = [fnmatch.fnmatchcase(n, pattern) for n in names]
        ours = dump("fnmatch", pattern, *names)
        assert ours == theirs, (pattern, [n for n, a, b in zip(names, ours, theirs) if a != b])
