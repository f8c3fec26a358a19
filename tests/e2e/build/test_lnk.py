"""Pointers: .lnk files that stand for what is kept elsewhere, from adding one to a build without a
network."""

import hashlib
import json
import os
import random
import shutil
import subprocess

import pytest

from jig_bench import (EXIT_BAD_PROJECT, EXIT_INTEGRITY, EXIT_NOT_FOUND, EXIT_OTHER, EXIT_USAGE, ROOT,
                       has_text)
from pointers import MAIN, UNO, archive, build, pointer, steps, symbols, zipped

DEMO = ROOT / "tests" / "pointers"


@pytest.fixture
def demo(bench, server):
    """The demo project, its pointers made by jig itself."""
    folder = bench.projects / "demo"
    shutil.copytree(DEMO / "project", folder)
    remote = DEMO / "remote"
    for name, place in (("pins.h", "src/pins.h"), ("extra.cpp", "src/extra.cpp"),
                        ("logo.bin", "data/logo.bin"), ("hello.txt", "data/hello.txt"),
                        ("answer.ld", "linker/answer.ld")):
        server.put(name, (remote / name).read_bytes())
        bench.jig("lnk", "add", server.url(name), "-o", folder / place).result
    server.put("lamp.zip", zipped(remote / "lamp"))
    bench.jig("lnk", "add", server.url("lamp.zip"), "-o", folder / "lib/Lamp", "--extract",
              "zip").result
    return folder


def states(outcome):
    line = outcome.lines[-1]
    assert line["type"] == "result", str(outcome)
    return {p["path"]: p["state"] for p in line["pointers"]}


def check_firmware(result):
    assert has_text(result, "hello from a pointer") and has_text(result, "the logo that was embedded")
    at = symbols(result["artifacts"]["elf"])
    logo = (DEMO / "remote/logo.bin").read_bytes()
    hello = (DEMO / "remote/hello.txt").read_bytes()
    assert at["_binary_data_logo_bin_end"] - at["_binary_data_logo_bin_start"] == len(logo)
    assert at["_binary_data_logo_bin_size"] == len(logo)
    assert at["_binary_data_hello_txt_size"] == len(hello) + 1, "a text has its NUL"
    assert at["answer"] == 42


def test_pull_restart_unplug_build(bench, demo, server):
    asked = len(server.asked)
    check_firmware(build(bench, demo))
    assert len(server.asked) == asked, "what was added is in the cache"
    assert build(bench, demo)["outcome"] == "up_to_date"
    pulled = bench.jig("lnk", "pull", demo)
    assert set(states(pulled).values()) == {"cached"} and len(states(pulled)) == 6
    bench.jig("daemon", "stop").result
    server.close()
    shutil.rmtree(demo / ".jig")
    check_firmware(build(bench, demo))
    assert build(bench, demo)["outcome"] == "up_to_date"
    assert set(states(bench.jig("lnk", "check", "--deep", demo)).values()) == {"ok"}


def test_a_changed_pointer_rebuilds_what_used_it(bench, demo, server):
    build(bench, demo)
    name = demo / "data/logo.bin.lnk"
    name.write_text(pointer(server.put("logo2.bin", b"another logo"), b"another logo"))
    result = build(bench, demo)
    assert {s for s in steps(result) if s.startswith("compile")} == {"compile data/logo.bin (embedded)"}
    assert has_text(result, "another logo") and not has_text(result, "the logo that was embedded")
    # the same, answered from what is known: nothing of it may be missed
    for text in (b"third logo!!", b"fourth logo!", b"fifth logo!!"):
        assert build(bench, demo)["outcome"] == "up_to_date"
        name.write_text(pointer(server.put("logo3.bin", text), text))
        assert has_text(build(bench, demo), text.decode())
    # a header, a library
    (demo / "src/pins.h.lnk").write_text(pointer(server.put("p2.h", b"#define LAMP_PIN 12\n"),
                                                 b"#define LAMP_PIN 12\n"))
    changed = {s for s in steps(build(bench, demo)) if s.startswith("compile")}
    assert changed == {"compile main.cpp", "compile extra.cpp"}
    # a pointer that goes takes its content with it
    (demo / "src/extra.cpp.lnk").unlink()
    bench.jig("build", demo).error(6)
    assert not (demo / ".jig/build/.lnk/files/src/extra.cpp").exists()


def test_what_was_made_is_not_believed_when_it_was_changed(bench, demo):
    build(bench, demo)
    assert build(bench, demo)["outcome"] == "up_to_date"
    made = demo / ".jig/build/.lnk/files/src/extra.cpp"
    assert made.stat().st_mode & 0o777 == 0o444
    made.chmod(0o644)
    made.write_text("#error somebody wrote here\n")
    build(bench, demo)
    assert made.read_bytes() == (DEMO / "remote/extra.cpp").read_bytes()


def test_adding(bench, server):
    folder = bench.projects / "p"
    folder.mkdir(parents=True)
    url = server.put("a/logo.bin", b"abc")
    added = bench.jig("lnk", "add", url, cwd=folder).result["pointers"]
    path = folder / "logo.bin.lnk"
    assert added == [{"path": str(path), "state": "fetched", "sha256": hashlib.sha256(b"abc").hexdigest(),
                      "size_bytes": 3, "materialized": None, "error": None, "unproven": False}]
    assert server.asked == ["/a/logo.bin"]
    assert json.loads(path.read_text()) == {"v": 1, "url": url, "size": 3,
                                            "sha256": hashlib.sha256(b"abc").hexdigest()}
    # the same URL again: what it gives now; what else is in the file stays
    path.write_text(json.dumps({**json.loads(path.read_text()), "why": "for tests", "extract": "zip"}))
    server.put("a/logo.bin", b"abcd")
    bench.jig("lnk", "add", url, cwd=folder).result
    assert json.loads(path.read_text())["size"] == 4
    assert json.loads(path.read_text())["why"] == "for tests"
    assert json.loads(path.read_text())["extract"] == "zip"
    bench.jig("lnk", "add", url, "--extract", "file", cwd=folder).result
    assert "extract" not in json.loads(path.read_text())
    # anything else is left alone
    before = path.read_bytes()
    other = server.put("b/logo.bin", b"other")
    bench.jig("lnk", "add", other, cwd=folder).error(EXIT_OTHER, "logo.bin.lnk", "/a/logo.bin")
    assert path.read_bytes() == before
    (folder / "notes.lnk").write_text("my notes")
    bench.jig("lnk", "add", other, "-o", folder / "notes").error(EXIT_OTHER, "notes.lnk")
    # no credentials, and nothing of them in what is said
    refused = bench.jig("lnk", "add", url.replace("://", "://ann:hunter2@"), cwd=folder)
    refused.error(EXIT_USAGE, "netrc")
    assert "hunter2" not in refused.out + refused.err
    bench.jig("lnk", "add", server.url("nothing.bin"), cwd=folder).error(EXIT_NOT_FOUND)
    assert not (folder / "nothing.bin.lnk").exists()


def test_what_is_wrong_is_told_by_pointer(bench, server):
    folder = bench.projects / "p"
    (folder / "data").mkdir(parents=True)
    good = server.put("good", b"good")
    (folder / "data/good.txt.lnk").write_text(pointer(good, b"good"))
    (folder / "data/hash.txt.lnk").write_text(pointer(good, b"evil"))
    (folder / "data/size.txt.lnk").write_text(pointer(good, b"good", size=5))
    (folder / "data/gone.txt.lnk").write_text(pointer(server.url("gone"), b"gone"))
    (folder / "data/word.txt.lnk").write_text("[]")
    before = bench.jig("lnk", "check", folder)
    assert before.status == EXIT_BAD_PROJECT, str(before)
    assert states(before) == {"data/good.txt.lnk": "missing", "data/hash.txt.lnk": "missing",
                              "data/size.txt.lnk": "missing", "data/gone.txt.lnk": "missing",
                              "data/word.txt.lnk": "invalid"}
    assert server.asked == [], "a check asks nobody"
    pulled = bench.jig("lnk", "pull", folder)
    assert states(pulled) == {"data/good.txt.lnk": "fetched", "data/hash.txt.lnk": "mismatch",
                              "data/size.txt.lnk": "mismatch", "data/gone.txt.lnk": "failed",
                              "data/word.txt.lnk": "invalid"}
    assert pulled.status == EXIT_NOT_FOUND, "the first by name: gone"
    said = {p["path"]: p["error"] for p in pulled.lines[-1]["pointers"]}
    assert hashlib.sha256(b"evil").hexdigest() in said["data/hash.txt.lnk"]
    assert hashlib.sha256(b"good").hexdigest() in said["data/hash.txt.lnk"]
    for name in ("hash", "gone", "word"):
        (folder / f"data/{name}.txt.lnk").unlink()
    assert bench.jig("lnk", "pull", folder).status == EXIT_INTEGRITY
    (folder / "data/size.txt.lnk").unlink()
    assert bench.jig("lnk", "pull", folder).result["pointers"][0]["state"] == "cached"


def test_a_bad_pointer_fails_a_build(bench, demo):
    (demo / "data/more.bin.lnk").write_text('{"v": 1, "url": "https://x.org/a", "sha256": "abc"}')
    bench.jig("build", demo).error(EXIT_BAD_PROJECT, "data/more.bin.lnk", "sha256")


def test_a_new_url_with_an_old_hash(bench, server):
    folder = bench.projects / "p"
    folder.mkdir(parents=True)
    old = server.put("lib-1.bin", b"version 1")
    path = folder / "lib.bin.lnk"
    path.write_text(pointer(old, b"version 1"))
    bench.jig("lnk", "pull", folder).result
    path.write_text(pointer(server.put("lib-2.bin", b"version 2"), b"version 1"))
    wrong = bench.jig("lnk", "pull", folder)
    assert wrong.status == EXIT_INTEGRITY and states(wrong) == {"lib.bin.lnk": "mismatch"}
    path.write_text(pointer(server.put("lib-1b.bin", b"version 1"), b"version 1"))
    bench.jig("lnk", "pull", folder).result
    bench.jig("lnk", "pull", folder).result
    assert server.asked.count("/lib-1b.bin") == 1
    url = server.url("lib-3.bin")
    server.close()
    path.write_text(pointer(url, b"version 1"))
    flagged = bench.jig("lnk", "pull", folder)
    assert states(flagged) == {"lib.bin.lnk": "cached"} and flagged.notices("lnk.unproven")
    assert flagged.result["pointers"][0]["unproven"] is True


def test_a_check_marks_what_is_unproven(bench, project, server):
    """Nobody has seen the URL give the hash; a build goes on all the same."""
    folder = project("board_build.embed_files = data/a.bin\n",
                     {"src/main.cpp": MAIN.format('extern "C" const char _binary_data_a_bin_start[];',
                                                  "Serial.println((int)_binary_data_a_bin_start);")},
                     {"data/a.bin": b"embedded content"})

    def checked():
        outcome = bench.jig("lnk", "check", folder)
        one = outcome.result["pointers"][0]
        assert outcome.status == 0 and one["state"] == "ok"
        assert bench.jig("lnk", "check", "--deep", folder).result["pointers"][0] == one
        return one["unproven"]

    bench.jig("lnk", "pull", folder).result
    assert checked() is False
    url = server.url("moved")
    server.close()
    (folder / "data/a.bin.lnk").write_text(pointer(url, b"embedded content"))
    assert checked() is True
    assert has_text(build(bench, folder), "embedded content")
    assert checked() is True
    assert bench.jig("daemon", "stop").status == 0
    assert checked() is True
    status, out, _ = bench.plain("lnk", "check", folder)
    assert status == 0 and "unproven  data/a.bin.lnk" in out and "1 pointer, 1 unproven in" in out


def test_what_is_known_is_exact(bench, server):
    """Pulls and checks in a row are answered without a look at a file; no change may be missed."""
    folder = bench.projects / "p"
    (folder / "data").mkdir(parents=True)
    names = [f"data/f{i}.txt" for i in range(20)]
    for name in names:
        (folder / f"{name}.lnk").write_text(pointer(server.put(name, name.encode()), name.encode()))

    def known():
        for _ in range(4):
            assert set(states(bench.jig("lnk", "pull", folder)).values()) == {"cached"}
            assert set(states(bench.jig("lnk", "check", folder)).values()) == {"ok"}

    bench.jig("lnk", "pull", folder).result
    made = folder / ".jig/build/.lnk/files"
    for turn in range(3):
        known()
        text = f"same size {turn}".encode()
        (folder / "data/f3.txt.lnk").write_text(pointer(server.put(f"t{turn}", text), text))
        assert bench.jig("lnk", "check", folder).status == EXIT_NOT_FOUND
        assert states(bench.jig("lnk", "pull", folder))["data/f3.txt.lnk"] == "fetched"
        assert (made / "data/f3.txt").read_bytes() == text
        known()
        (made / "data/f5.txt").unlink()
        bench.jig("lnk", "pull", folder).result
        assert (made / "data/f5.txt").read_bytes() == b"data/f5.txt"
        known()
        (folder / f"new{turn}.txt.lnk").write_text(pointer(server.put("new", b"new"), b"new"))
        assert f"new{turn}.txt.lnk" in states(bench.jig("lnk", "pull", folder))
        known()
        (folder / ".gitignore").write_text(f"f{turn + 10}.txt.lnk\n")
        assert f"data/f{turn + 10}.txt.lnk" not in states(bench.jig("lnk", "pull", folder))
        assert not (made / f"data/f{turn + 10}.txt").exists()
    # what a person gets to see of it
    status, out, _ = bench.plain("lnk", "pull", folder)
    assert status == 0 and out.startswith("22 pointers")


@pytest.mark.parametrize("seed", range(3))
def test_git_leaves_out_the_same(bench, seed):
    """Random trees and rules: the pointers that are found are those that git would list."""
    folder = bench.projects / "p"
    folder.mkdir(parents=True)
    env = {"PATH": os.environ["PATH"], "HOME": str(bench.folder), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "init", "-q", folder], check=True, env=env)
    dice = random.Random(seed)
    names = ["a", "b", "ab", "abc", "x y", "[b]", "a.b", "#c", "!d", "lib", "src"]
    folders = [folder]
    for _ in range(25):
        made = dice.choice(folders) / dice.choice(names)
        made.mkdir(exist_ok=True)
        folders.append(made)
    for _ in range(120):
        (dice.choice(folders) / f"{dice.choice(names)}.lnk").write_text("{}") \
            if dice.random() < 0.9 else None
    parts = ["a", "b", "a*", "*b", "?", "*", "**", "[ab]", "[!a]*", "a.lnk", "*.lnk", "b.lnk", "x y.lnk",
             "\\#c.lnk", "\\!d.lnk", "lib", "src", "[[:alpha:]].lnk", "\\[b\\].lnk", "a**b.lnk"]
    for place in dice.sample(folders, 8):
        rules = []
        for _ in range(dice.randrange(1, 5)):
            rule = "/".join(dice.choice(parts) for _ in range(dice.choice([1, 1, 2, 3])))
            rules.append(dice.choice(["", "", "!", "/"]) + rule + dice.choice(["", "", "/", " "]))
        (place / ".gitignore").write_text(dice.choice(["\n", "\r\n"]).join(rules) + "\n")
    listed = subprocess.run(["git", "-C", folder, "ls-files", "-z", "--others", "--exclude-standard"],
                            check=True, env=env, capture_output=True, text=True).stdout
    expected = sorted(n for n in set(listed.split("\0")) if n.endswith(".lnk"))
    outcome = bench.jig("lnk", "check", folder)
    assert sorted(p["path"] for p in outcome.lines[-1]["pointers"]) == expected


# ---- the places in which a build sees them


def test_headers_libraries_and_scripts(bench, project):
    folder = project(
        "build_flags = -Iextra -Llink -lblob\nboard_build.ldscript = link/more.ld\n"
        "lib_deps = ./parts/Near\n",
        {"src/main.cpp": MAIN.format(
            '#include "inc.h"\n#include "near/near.h"\n#include <more.h>\n#include <Flat.h>\n'
            '#include <Near.h>\nextern "C" { extern const char from_script[]; extern const char blob[]; }\n'
            "static_assert(INC + NEAR + MORE + FLAT + NEARLIB == 31, \"\");",
            "Serial.println((int)from_script); Serial.println((int)blob);"),
         "include/other.h": "\n"},
        {"include/inc.h": b"#define INC 1\n", "src/near/near.h": b"#define NEAR 2\n",
         "extra/more.h": b"#define MORE 4\n",
         "lib/Flat": archive({"Flat.h": "#define FLAT 8\n", "Flat.cpp": "int flat;\n"}),
         "parts/Near": archive({"library.properties": "name=Near\nversion=2.0\n",
                                "src/Near.h": "#define NEARLIB 16\n"}),
         "link/more.ld": b"SECTIONS {} INSERT AFTER .text; PROVIDE(from_script = 4711);\n",
         "link/libblob.a": b"PROVIDE(blob = 4712);\n"})
    at = symbols(build(bench, folder)["artifacts"]["elf"])
    assert (at["from_script"], at["blob"]) == (4711, 4712)
    assert build(bench, folder)["outcome"] == "up_to_date"


def test_a_file_of_the_project_comes_first(bench, project):
    folder = project("", {"src/main.cpp": MAIN.format('#include "x.h"\nstatic_assert(X == 1, "");', ""),
                          "src/x.h": "#define X 1\n", "src/more.cpp": "int more = 1;\n"},
                     {"src/x.h": b"#define X 2\n", "src/more.cpp": b"#error not this one\n"})
    build(bench, folder)
    (folder / "src/x.h").unlink()
    bench.jig("build", folder).error(6)


def test_embedded_files_that_are_no_pointers(bench, project):
    folder = project("board_build.embed_files = data/a.bin src/b-c.txt\n",
                     {"src/main.cpp": MAIN.format(
                         'extern "C" const char _binary_data_a_bin_start[], _binary_src_b_c_txt_size[];',
                         "Serial.println((int)_binary_data_a_bin_start + (int)_binary_src_b_c_txt_size);"),
                      "data/a.bin": "embedded a", "src/b-c.txt": "four"}, {})
    result = build(bench, folder)
    assert has_text(result, "embedded a")
    assert symbols(result["artifacts"]["elf"])["_binary_src_b_c_txt_size"] == 4
    assert build(bench, folder)["outcome"] == "up_to_date"
    (folder / "data/a.bin").write_text("embedded b")
    assert has_text(build(bench, folder), "embedded b")
    ini = folder / "platformio.ini"
    ini.write_text(UNO + "board_build.embed_files = data/none.bin\n")
    bench.jig("build", folder).error(EXIT_BAD_PROJECT, "data/none.bin")
    ini.write_text(UNO + "board_build.embed_files = ../outside.bin\n")
    bench.jig("build", folder).error(EXIT_BAD_PROJECT, "outside.bin")
    (folder / "src/b_c.txt").write_text("x")
    ini.write_text(UNO + "board_build.embed_files = src/b-c.txt src/b_c.txt\n")
    bench.jig("build", folder).error(EXIT_BAD_PROJECT, "src/b-c.txt", "src/b_c.txt")


def test_a_sketch(bench, server):
    folder = bench.sketch("sketch", '#include "tune.h"\n#include "src/deep.h"\n'
                          "void setup() { Serial.begin(9600); Serial.println(tune() + DEEP); }\n"
                          "void loop() {}\n")
    for name, body in {"tune.h": b"int tune();\n", "src/deep.h": b"#define DEEP 7\n",
                       "tune.cpp": b'#include "tune.h"\nint tune() { return 3; }\n'}.items():
        path = folder / f"{name}.lnk"
        path.parent.mkdir(exist_ok=True)
        path.write_text(pointer(server.put(name, body), body))
    assert "compile tune.cpp" in steps(bench.build(folder))
    assert bench.build(folder)["outcome"] == "up_to_date"
    (folder / "tune.cpp.lnk").unlink()
    bench.jig("build", folder, "--fqbn", "arduino:avr:uno").error(6)


def test_hostile_archives_leave_nothing(bench, server):
    folder = bench.projects / "p"
    folder.mkdir(parents=True)
    for name, body in {"up": archive({"ok.txt": "x", "../../escape.txt": "x"}),
                       "noise": b"PK this is no archive"}.items():
        (folder / f"{name}.lnk").write_text(pointer(server.put(name, body), body, extract="zip"))
    pulled = bench.jig("lnk", "pull", folder)
    assert pulled.status != 0 and "ok" not in states(pulled).values()
    assert set(states(pulled).values()) <= {"failed", "mismatch", "invalid"}
    assert not list(folder.rglob("*escape*")) and not list(bench.folder.rglob("escape.txt"))
    assert not (folder / ".jig/build/.lnk/files/up").exists()
    assert not [p for p in (folder / ".jig/build/.lnk").rglob("*") if p.name == "ok.txt"]
