"""A build that would do nothing is answered by what is watched; and never wrongly.

How an answer came about shows in the daemon's counters: `builds` hits are answers that a watch gave,
fallbacks those that a walk gave. Every case compares with a full walk (--walk believes nothing).
"""

import os
import random
import shutil
import signal
import subprocess

import pytest

from jig_bench import UNO, has_text, sha256, wait_gone, wait_until

SKETCH = """#include "tab.h"
void setup() { Serial.begin(9600); Serial.println(TAB); }
void loop() { int unused; }
"""
FILES = {"tab.h": '#define TAB F("tab-one")\n', "more.cpp": "int more() { return 1; }\n"}
INI = """[env:uno]
platform = atmelavr
board = uno
framework = arduino
"""


DEBUG = "[daemon]\nlog_level = debug\n"


@pytest.fixture(autouse=True)
def told(bench):
    bench.configure(DEBUG)


def stats(bench):
    result = bench.jig("daemon", "stats").result
    return result["counters"], result["memos"]


def hits(bench):
    return stats(bench)[1]["builds"]["hits"]


def wait_watched(bench, at_least=1):
    """Until what was built is watched: that is done after the answer."""
    def done():
        counters, memos = stats(bench)
        return counters["watch.pending"] == 0 and memos["builds"]["entries"] >= at_least
    wait_until(done, lambda: f"nothing is watched: {stats(bench)}")


def watched(bench, folder, fqbn=UNO):
    """The answer that a watch gives, once there is one."""
    wait_watched(bench)
    before = hits(bench)
    result = bench.build(folder, fqbn=fqbn)
    assert hits(bench) == before + 1, (bench.folder / "state/jig/jigd.log").read_text()
    assert result["outcome"] == "up_to_date"
    return result


def walk(bench, folder, result, fqbn=UNO):
    again = bench.build(folder, "--walk", fqbn=fqbn)
    assert again["outcome"] == "up_to_date", again["reasons"]
    assert again["artifacts"] == result["artifacts"]
    return again


def test_answer_is_replayed_whole(bench):
    folder = bench.sketch("whole", SKETCH, **FILES)
    bench.build(folder)
    slow = bench.jig("build", folder, "--fqbn", UNO, "--walk")
    wait_watched(bench)
    before = hits(bench)
    fast = bench.jig("build", folder, "--fqbn", UNO)
    assert hits(bench) == before + 1
    changing = ("operation", "server_us", "phases_us", "builds")
    for key, value in slow.result.items():
        assert key in changing or fast.result[key] == value, key
    assert list(fast.result["phases_us"]) == ["check"]

    def told(outcome):
        return [{k: v for k, v in e.items() if k not in ("operation", "number", "unix_ms")}
                for e in outcome.events if e["event"] in ("diagnostic", "notice")]
    assert told(fast) == told(slow)
    states = {o["id"]: o["state"] for o in bench.operations()}
    assert states[fast.result["operation"]] == "succeeded"


EDITS = {
    "sketch": lambda f: (f / "whole.ino").write_text(SKETCH.replace("TAB)", 'F("edited"))')),
    "header": lambda f: (f / "tab.h").write_text('#define TAB F("tab-two")\n'),
    "source": lambda f: (f / "more.cpp").write_text("int more() { return 2; }\n"),
    "new source": lambda f: (f / "new.cpp").write_text("int fresh() { return 2; }\n"),
    "source gone": lambda f: (f / "more.cpp").unlink(),
    "renamed over": lambda f: ((f / "x").write_text('#define TAB F("tab-rno")\n'),
                               os.rename(f / "x", f / "tab.h")),
    "artifact gone": lambda f: next(f.glob(".jig/build/*/*.hex")).unlink(),
    "artifact changed": lambda f: next(f.glob(".jig/build/*/*.hex")).write_text(":00000001FF\n"),
    "record gone": lambda f: next(f.glob(".jig/build/*/.jig-record")).unlink(),
    "folder gone": lambda f: shutil.rmtree(f / ".jig"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_edit_is_seen(bench, edit):
    folder = bench.sketch("whole", SKETCH, **FILES)
    bench.build(folder)
    watched(bench, folder)
    edit(folder)
    result = bench.build(folder)
    assert result["outcome"] == "built"
    walk(bench, folder, result)
    watched(bench, folder)


def test_a_copied_header_that_is_included_by_another_way(bench):
    deep = {"shared.h": '#define SHARED F("shared-one")\n',
            "src/deep/deep.cpp": '#include <Arduino.h>\n#include "../../shared.h"\n'
                                 "void deep() { Serial.println(SHARED); }\n"}
    text = "void deep();\nvoid setup() { deep(); }\nvoid loop() {}\n"
    folder = bench.sketch("way", text, **deep)
    assert has_text(bench.build(folder), "shared-one")
    watched(bench, folder)
    (folder / "shared.h").write_text('#define SHARED F("shared-two")\n')
    result = bench.build(folder)
    assert has_text(result, "shared-two")
    walk(bench, folder, result)


def test_edit_of_the_same_size_in_the_same_tick(bench):
    folder = bench.sketch("whole", SKETCH, **FILES)
    bench.build(folder)
    for text in ("two", "six", "ten"):
        watched(bench, folder)
        path = folder / "tab.h"
        before = path.stat()
        path.write_text(f'#define TAB F("tab-{text}")\n')
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        result = bench.build(folder)
        assert result["outcome"] == "built" and has_text(result, f"tab-{text}")


def test_touch_builds_nothing(bench):
    folder = bench.sketch("whole", SKETCH, **FILES)
    bench.build(folder)
    watched(bench, folder)
    os.utime(folder / "tab.h")
    (folder / "more.cpp").chmod(0o600)
    assert bench.build(folder)["outcome"] == "up_to_date"
    watched(bench, folder)


def test_unrelated_file_builds_nothing(bench):
    folder = bench.sketch("whole", SKETCH, **FILES)
    bench.build(folder)
    watched(bench, folder)
    (folder / "notes.txt").write_text("hello")
    (folder / "data").mkdir()
    assert bench.build(folder)["outcome"] == "up_to_date"
    watched(bench, folder)


PIO = {
    "platformio.ini": INI, "src/main.cpp": '#include <Arduino.h>\n#include "a.h"\n#include <L.h>\n'
    "void setup() { pinMode(A, L); }\nvoid loop() {}\n",
    "include/a.h": "#define A 1\n", "lib/L/L.h": "#define L 1\n", "lib/L/L.cpp": "int l;\n",
    "more/M/a.h": "#define A 7\n",
}
PIO_EDITS = {
    "flags": lambda f: (f / "platformio.ini").write_text(INI + "build_flags = -DX=1\n"),
    "source filter": lambda f: (f / "platformio.ini").write_text(
        INI + "build_src_filter = +<*> -<none>\n"),
    "source folder": lambda f: (shutil.copytree(f / "src", f / "code"),
                                (f / "code/more.cpp").write_text("int more = 1;\n"),
                                (f / "platformio.ini").write_text(
                                    INI + "[platformio]\nsrc_dir = code\n")),
    "list of libraries": lambda f: (f / "platformio.ini").write_text(
        INI + "lib_extra_dirs = more\n"),
    "clock of the board": lambda f: (f / "platformio.ini").write_text(
        INI + "board_build.f_cpu = 8000000L\n"),
    "library": lambda f: (f / "lib/L/L.h").write_text("#define L 0\n"),
    "header before another": lambda f: (f / "src/a.h").write_text("#define A 2\n"),
    "new folder of sources": lambda f: ((f / "src/deep/er").mkdir(parents=True),
                                        (f / "src/deep/er/x.cpp").write_text("int x;\n")),
    "new library before it": lambda f: ((f / "lib/L2").mkdir(),
                                        (f / "lib/L2/a.h").write_text("#define A 9\n")),
    "folder replaced": lambda f: (shutil.copytree(f / "src", f / "other"),
                                  (f / "other/main.cpp").write_text(
                                      "#include <Arduino.h>\nvoid setup() {}\nvoid loop() {}\n"),
                                  os.rename(f / "src", f / "old"), os.rename(f / "other", f / "src")),
}


@pytest.mark.parametrize("edit", PIO_EDITS.values(), ids=PIO_EDITS.keys())
def test_platformio_edit_is_seen(bench, edit):
    folder = bench.project("pio", PIO)
    first = bench.build(folder, fqbn=None)
    watched(bench, folder, fqbn=None)
    edit(folder)
    result = bench.build(folder, fqbn=None)
    fresh = bench.build(folder, "--build-dir", bench.folder / "scratch", "--walk", fqbn=None)
    assert sha256(result["artifacts"]["hex"]) == sha256(fresh["artifacts"]["hex"])
    assert first["artifacts"].keys() == result["artifacts"].keys()
    walk(bench, folder, result, fqbn=None)


def test_an_edit_is_all_that_is_looked_at(bench):
    folder = bench.project("pio", PIO)
    bench.build(folder, fqbn=None)
    for i, path in enumerate(("include/a.h", "src/main.cpp", "lib/L/L.cpp", "include/a.h")):
        watched(bench, folder, fqbn=None)
        counters, memos = stats(bench)
        with open(folder / path, "a", encoding="utf-8") as f:
            f.write(f"static int edit{i};\n")
        result = bench.build(folder, fqbn=None)
        assert (result["outcome"], result["compiled"]) == ("built", 1)
        now, memos_now = stats(bench)
        assert now["build.planned"] == counters["build.planned"] + 1
        assert memos_now["records"]["hits"] == memos["records"]["hits"] + 1
        fresh = bench.build(folder, "--build-dir", bench.folder / f"scratch{i}", "--walk", fqbn=None)
        assert sha256(result["artifacts"]["hex"]) == sha256(fresh["artifacts"]["hex"])
        walk(bench, folder, result, fqbn=None)


def test_two_questions_of_one_folder(bench):
    """What one look found is not what the watch behind another one's answer tells of."""
    folder = bench.project("pio", {**PIO, "include/g.h": "#define G 1\n"})
    bench.build(folder, fqbn=None)
    watched(bench, folder, fqbn=None)
    source = folder / "src/main.cpp"
    source.write_text('#include "g.h"\n' + source.read_text().replace("pinMode(A", "pinMode(G"))
    assert bench.jig("build", folder, "-e", "uno").result["outcome"] == "built"
    wait_watched(bench, 2)
    (folder / "include/g.h").write_text("#define G 2\n")
    result = bench.build(folder, fqbn=None)
    fresh = bench.build(folder, "--build-dir", bench.folder / "scratch", "--walk", fqbn=None)
    assert sha256(result["artifacts"]["hex"]) == sha256(fresh["artifacts"]["hex"])
    walk(bench, folder, result, fqbn=None)


def test_a_broken_edit_and_its_mending(bench):
    folder = bench.project("pio", PIO)
    good = bench.build(folder, fqbn=None)
    watched(bench, folder, fqbn=None)
    text = (folder / "src/main.cpp").read_text()
    with open(folder / "src/main.cpp", "a", encoding="utf-8") as f:
        f.write("#error not today\n")
    bench.jig("build", folder).error(6, "not today")
    (folder / "src/main.cpp").write_text(text)
    result = bench.build(folder, fqbn=None)
    assert sha256(result["artifacts"]["hex"]) == sha256(good["artifacts"]["hex"])
    walk(bench, folder, result, fqbn=None)


def test_caller_s_variables_are_part_of_the_question(bench):
    folder = bench.project("pio", PIO)
    bench.build(folder, fqbn=None)
    watched(bench, folder, fqbn=None)
    env = {"PLATFORMIO_BUILD_FLAGS": "-DX=2"}
    assert bench.build(folder, fqbn=None, env=env)["outcome"] == "built"
    assert bench.build(folder, fqbn=None)["outcome"] == "built"


def kill(bench):
    pid = bench.daemon_pid()
    os.kill(pid, signal.SIGKILL)
    wait_gone(pid)


def test_restart_costs_a_walk(bench):
    folder = bench.sketch("whole", SKETCH, **FILES)
    bench.build(folder)
    watched(bench, folder)
    kill(bench)
    result = bench.build(folder)
    counters, memos = stats(bench)
    assert result["outcome"] == "up_to_date"
    assert memos["builds"]["fallbacks"] == 1 and counters["build.builds"] == 0
    watched(bench, folder)


def test_first_edit_after_a_restart_is_all_that_is_looked_at(bench):
    folder = bench.project("pio", PIO)
    bench.build(folder, fqbn=None)
    watched(bench, folder, fqbn=None)
    kill(bench)
    bench.build(folder, fqbn=None)
    wait_until(lambda: stats(bench)[0]["watch.looks_ahead"] == 1, "nobody looks ahead")
    watched(bench, folder, fqbn=None)
    with open(folder / "include/a.h", "a", encoding="utf-8") as f:
        f.write("static int edited;\n")
    result = bench.build(folder, fqbn=None)
    assert (result["outcome"], result["compiled"]) == ("built", 1)
    assert stats(bench)[0]["build.planned"] == 1
    fresh = bench.build(folder, "--build-dir", bench.folder / "scratch", "--walk", fqbn=None)
    assert sha256(result["artifacts"]["hex"]) == sha256(fresh["artifacts"]["hex"])


def edit_while_away(bench, folder):
    """How many files the new daemon read."""
    (folder / "tab.h").write_text('#define TAB F("tab-two")\n')
    result = bench.build(folder)
    assert result["outcome"] == "built" and has_text(result, "tab-two")
    read = stats(bench)[1]["files"]["misses"]
    walk(bench, folder, result)
    return read


def test_edit_while_the_daemon_is_away(bench):
    folder = bench.sketch("whole", SKETCH, **FILES)
    bench.build(folder)
    watched(bench, folder)
    kill(bench)
    read = edit_while_away(bench, folder)
    kill(bench)
    shutil.rmtree(bench.folder / "cache" / "jig" / "warm")
    (folder / "tab.h").write_text('#define TAB F("tab-one")\n')
    bench.build(folder)
    all_of_them = stats(bench)[1]["files"]["misses"]
    assert read < all_of_them / 3


@pytest.mark.parametrize("damage", ["another's", "flipped", "empty"])
def test_damaged_contents_are_read(bench, damage):
    folder = bench.sketch("whole", SKETCH, **FILES)
    bench.build(folder)
    watched(bench, folder)
    kill(bench)
    for kept in (bench.folder / "cache" / "jig" / "warm").glob("*.contents"):
        data = kept.read_bytes()
        if damage == "another's":
            kept.write_bytes(data[:24] + bytes(16) + data[40:])
        elif damage == "flipped":
            kept.write_bytes(data[:200] + bytes([data[200] ^ 1]) + data[201:])
        else:
            kept.write_bytes(b"")
    assert edit_while_away(bench, folder) > 100


@pytest.mark.parametrize("damage", ["cut", "flipped", "rubbish", "empty", "folder"])
def test_damaged_memory_is_none(bench, damage):
    folder = bench.sketch("whole", SKETCH, **FILES)
    bench.build(folder)
    watched(bench, folder)
    kill(bench)
    warm = bench.folder / "cache" / "jig" / "warm"
    kept = max((p for p in warm.iterdir() if not p.suffix), key=lambda p: p.stat().st_mtime_ns)
    data = kept.read_bytes()
    if damage == "cut":
        kept.write_bytes(data[:len(data) // 2])
    elif damage == "flipped":
        kept.write_bytes(data[:200] + bytes([data[200] ^ 1]) + data[201:])
    elif damage == "rubbish":
        kept.write_bytes(random.Random(1).randbytes(4096))
    elif damage == "empty":
        kept.write_bytes(b"")
    else:
        kept.unlink()
        kept.mkdir()
    result = bench.build(folder)
    assert result["outcome"] == "up_to_date"
    assert stats(bench)[1]["builds"]["fallbacks"] == 0
    walk(bench, folder, result)


def test_another_configuration_is_another_question(bench):
    folder = bench.sketch("whole", SKETCH, **FILES)
    bench.build(folder)
    watched(bench, folder)
    bench.jig("daemon", "stop").result
    (bench.folder / "libs" / "Tab").mkdir(parents=True)
    bench.configure(f"[build]\nlibraries = {bench.folder}/libs\n")
    assert bench.build(folder)["outcome"] == "up_to_date"
    assert stats(bench)[1]["builds"]["fallbacks"] == 0


def test_checking_mode_walks_beside_the_answer(bench):
    bench.configure(DEBUG + "[build]\ncheck_answers = true\n")
    folder = bench.sketch("whole", SKETCH, **FILES)
    bench.build(folder)
    wait_watched(bench)
    before = hits(bench)
    result = bench.build(folder)
    assert result["outcome"] == "up_to_date"
    assert "discover" in result["phases_us"]  # it did the work
    assert hits(bench) == before + 1  # and had the answer


def test_explain_says_what_is_known(bench):
    folder = bench.sketch("whole", SKETCH, **FILES)
    bench.build(folder)
    wait_watched(bench)

    def known():
        outcome = bench.jig("build", folder, "--fqbn", UNO, "--explain")
        return [n["text"] for n in outcome.notices("build.known")]
    assert "no file that it rests on changed" in known()[0]
    (folder / "tab.h").write_text('#define TAB F("tab-two")\n')
    assert f"{folder}/tab.h was written" in known()[0]


def test_random_edits_never_differ_from_a_walk(bench):
    """Each edit is followed by a build and a walk; the walk finds nothing left to do."""
    seed = int(os.environ.get("JIG_RANDOM_SEED", 20261122))
    rounds = int(os.environ.get("JIG_RANDOM_ROUNDS", 30))
    rng = random.Random(seed)
    bench.configure(DEBUG + "[build]\ncheck_answers = true\n")
    folder = bench.project("pio", {**PIO, "src/b.cpp": '#include "b.h"\nint b = B;\n',
                                   "include/b.h": "#define B 1\n"})
    names = ["include/a.h", "include/b.h", "src/a.h", "src/b.h", "lib/L/L.h", "lib/L/a.h",
             "include/L.h"]
    git = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.org"]

    def git_run(*words):
        subprocess.run([*git, *words], check=True, capture_output=True)
    git_run("init", "-q", "-b", "one")
    git_run("add", "include", "lib", "src", "platformio.ini")
    git_run("commit", "-qm", "one")
    git_run("checkout", "-qb", "two")
    (folder / "include/b.h").write_text("#define B 4\n")
    (folder / "lib/L/L.cpp").write_text("int l = 2;\n")
    git_run("commit", "-qam", "two")

    def write(path, token):
        name = path.stem.upper()
        path.write_text(f"#define {name} {token}\n")

    def edit(token):
        path = folder / rng.choice(names)
        what = rng.randrange(11)
        if what == 0 and path.exists() and str(path.relative_to(folder)) not in PIO and \
                path != folder / "include/b.h":
            path.unlink()
        elif what == 1:
            write(path, token)
            os.utime(path, ns=(10**18, 10**18))
        elif what == 2:
            temporary = path.with_suffix(".tmp")
            temporary.write_text(f"#define {path.stem.upper()} {token}\n")
            os.rename(temporary, path)
        elif what == 3 and path.exists():
            os.utime(path)
        elif what == 4:
            os.rename(folder / "include", folder / "away")
            shutil.copytree(folder / "away", folder / "include")
            shutil.rmtree(folder / "away")
            write(folder / "include/a.h", token)
        elif what == 5:
            (folder / "src" / f"n{token}.cpp").write_text(f"int n{token};\n")
        elif what == 6:
            git_run("checkout", "-qf", rng.choice(("one", "two")), "--", "include", "lib")
        elif what == 7:
            target = folder / "include" / f"b{token}.h"
            target.write_text(f"#define B {token}\n")
            link = folder / "include" / "b.tmp"
            link.symlink_to(target.name)
            os.rename(link, folder / "include/b.h")
        elif what == 8:
            os.chmod(folder / "include/a.h", rng.choice((0o600, 0o644)))
        else:
            write(path, token)
    for i in range(rounds):
        for k in range(rng.choice((1, 1, 1, 3))):
            edit(2 + 10 * i + k)
        if i % 7 == 6:  # and while it is being built, or about to be
            running = bench.start("build", folder)
            edit(9 + 10 * i)
            running.finish()
        result = bench.build(folder, fqbn=None)
        again = bench.build(folder, "--walk", fqbn=None)
        assert again["outcome"] == "up_to_date", (seed, i, again["reasons"])
        assert again["artifacts"] == result["artifacts"]
        if i % 3 == 0:
            watched(bench, folder, fqbn=None)


def test_overlays_of_one_s_own(bench):
    """jigd.conf's [build] overlays; an edit of one is an edit of the platform."""
    overlay = bench.folder / "overlays" / "mine.txt"
    overlay.parent.mkdir()
    overlay.write_text("overlay.reason=a mark\noverlay.match.vendor=arduino\n"
                       "overlay.match.architecture=avr\n"
                       "build.extra_flags=-DMARK=1\n")
    bench.configure(DEBUG + f"[build]\noverlays = {overlay.parent}\n")
    folder = bench.sketch("marked", "#if MARK != 1\n#error no mark\n#endif\n" + SKETCH, **FILES)
    bench.build(folder)
    watched(bench, folder)
    overlay.write_text(overlay.read_text().replace("MARK=1", "MARK=2"))
    bench.jig("build", folder, "--fqbn", UNO).error(6, "no mark")
