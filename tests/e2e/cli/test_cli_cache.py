"""jig cache: what is in the disk cache, what goes of it, and whether it is whole."""

import hashlib
import os

import pytest

SECOND_OF_LNK = 315532800 + 5  # what a blob of kind lnk-blobs has for its time of last change


@pytest.fixture
def cache(bench):
    """The cache's folder, which the daemon has made."""
    return bench.jig("cache", "stats").result["directory"]


def put(cache, content):
    """A blob as jigd would have put it; its path."""
    name = hashlib.sha256(content).hexdigest()
    folder = os.path.join(cache, "blobs", "sha256", name[:2])
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name)
    with open(path, "wb") as f:
        f.write(content)
    os.chmod(path, 0o444)
    os.utime(path, (SECOND_OF_LNK, SECOND_OF_LNK))
    return path


def damage(path):
    """As a failing disk does it: no time tells of it."""
    os.chmod(path, 0o644)
    with open(path, "r+b") as f:
        f.write(b"?")
    os.chmod(path, 0o444)
    os.utime(path, (SECOND_OF_LNK, SECOND_OF_LNK))


def test_stats(bench, cache):
    put(cache, b"hello")
    put(cache, b"hello, world")
    stats = bench.jig("cache", "stats").result
    assert stats["kinds"]["lnk-blobs"] == {"archives": 2, "archives_bytes": 17, "installed": 0,
                                           "installed_bytes": 0}
    assert 0 < stats["archives_budget"]["low_bytes"] < stats["archives_budget"]["high_bytes"]
    assert stats["holders"] == 0
    status, out, _ = bench.plain("cache", "stats")
    assert status == 0 and "lnk-blobs" in out and cache in out


def test_the_budget_is_kept(new_bench):
    bench = new_bench(conf="[cache]\narchives = 1 MiB\n")
    cache = bench.jig("cache", "stats").result["directory"]
    paths = [put(cache, bytes([n]) * 400_000) for n in range(4)]
    bench.jig("cache", "pin", os.path.basename(paths[0])).result
    dry = bench.jig("cache", "gc", "--dry-run").result
    assert (dry["archives"]["removed"], dry["archives"]["pinned"]) == (2, 1)
    assert all(map(os.path.exists, paths))
    done = bench.jig("cache", "gc").result
    assert done["archives"] == {"entries": 4, "bytes": 1_600_000, "removed": 2,
                                "removed_bytes": 800_000, "in_use": 0, "pinned": 1}
    assert os.path.exists(paths[0])
    assert sum(map(os.path.exists, paths)) == 2
    assert bench.jig("cache", "gc", "--all").result["archives"]["removed"] == 1
    assert os.path.exists(paths[0])
    bench.jig("cache", "unpin", os.path.basename(paths[0])).result
    assert bench.jig("cache", "gc", "--all").result["archives"]["removed"] == 1
    assert not any(map(os.path.exists, paths))


def test_damage_is_named_and_mended(bench, cache):
    good, bad = put(cache, b"good"), put(cache, b"bad")
    assert bench.jig("cache", "verify").result["blobs"] == 2
    damage(bad)
    found = bench.jig("cache", "verify")
    found.error(11, "1 of 2 entries", "--repair")
    assert [bad in n["text"] for n in found.notices("cache.damaged")] == [True]
    shown = bench.jig("ops", "list").result["operations"][0]
    assert shown["cache"]["damaged"] == 1
    shown = bench.jig("ops", "show", shown["id"]).result["operation"]
    assert [(f["path"], f["state"]) for f in shown["cache"]["findings"]] == [(bad, "damaged")]
    mended = bench.jig("cache", "verify", "--repair").result
    assert (mended["damaged"], mended["removed"]) == (1, 1)
    assert os.path.exists(good) and not os.path.exists(bad)
    assert bench.jig("cache", "verify").result["damaged"] == 0


def test_what_cannot_be_pinned(bench):
    for entry in "toolchains", "toolchains/gcc", "nothing/gcc/1", "toolchains/../1", "abcd":
        bench.jig("cache", "pin", entry).error(2)
    bench.jig("cache", "pin", "toolchains/gcc/1.0").result
    assert bench.jig("cache", "stats").result["pins"] == ["toolchains/gcc/1.0"]


def test_the_remote_cache_and_how_it_does(new_bench):
    bench = new_bench()
    assert bench.jig("cache", "stats").result["remote"] is None
    bench.jig("daemon", "stop").result
    bench.configure("[cache]\nremote = http://127.0.0.1:9/jig/\nremote_readonly = yes\n")
    remote = {"url": "http://127.0.0.1:9/jig", "read_only": True, "left_alone": False,
              "hits": 0, "misses": 0, "failures": 0, "sent": 0}
    assert bench.jig("cache", "stats").result["remote"] == remote
    bench.build(bench.sketch("blink", "void setup() {}\nvoid loop() {}\n"))
    assert bench.jig("cache", "stats").result["remote"]["failures"] == 1
    assert "only read" in bench.plain("cache", "stats")[1]


def test_the_second_cache_is_named(new_bench, tmp_path):
    bench = new_bench(conf=f"[cache]\nsecond = {tmp_path}\n")
    assert bench.jig("cache", "stats").result["second_directory"] == str(tmp_path)
