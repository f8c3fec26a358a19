"""Pointers and the disk cache: what was pulled is kept for other projects, and damage is found."""

import hashlib
import json
import os
import subprocess

import pytest

from bad_server import BadServer
from jig_bench import BIN

CONTENT = b"a picture, or whatever it is"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server():
    with BadServer() as server:
        server.put("/logo.bin", CONTENT)
        yield server


def pull(bench, server, name):
    """Pulls a project's only pointer; its state and what was made of it."""
    folder = bench.projects / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "logo.bin.lnk").write_text(
        json.dumps({"v": 1, "url": server.url("/logo.bin"), "sha256": SHA256}))
    pointer = bench.jig("lnk", "pull", folder).result["pointers"][0]
    with open(pointer["materialized"], "rb") as f:
        return pointer["state"], f.read()


def blob(bench):
    cache = bench.jig("cache", "stats").result["directory"]
    return os.path.join(cache, "blobs", "sha256", SHA256[:2], SHA256)


def test_what_was_pulled_survives_a_restart_and_a_collection(bench, server):
    assert pull(bench, server, "one") == ("fetched", CONTENT)
    bench.jig("daemon", "stop").result
    bench.jig("daemon", "start").result
    assert bench.jig("cache", "gc").result["archives"]["removed"] == 0
    asked = len(server.requests)
    assert pull(bench, server, "two") == ("cached", CONTENT)
    assert len(server.requests) == asked


def test_a_damaged_blob_is_fetched_again(bench, server):
    assert pull(bench, server, "one") == ("fetched", CONTENT)
    path = blob(bench)
    os.chmod(path, 0o644)
    with open(path, "r+b") as f:
        f.write(b"?")
    assert pull(bench, server, "two") == ("fetched", CONTENT)
    assert bench.jig("cache", "verify").result["damaged"] == 0


def peak_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))


def test_a_large_content_is_never_in_memory(bench, server):
    """Streamed to the disk while it is hashed; copied from there."""
    pull(bench, server, "one")
    pid = bench.daemon_pid()
    before = peak_kb(pid)
    large = bytes(range(256)) * (384 << 10)  # 96 MiB
    server.put("/large.bin", large)
    folder = bench.projects / "large"
    folder.mkdir()
    (folder / "large.bin.lnk").write_text(json.dumps(
        {"v": 1, "url": server.url("/large.bin"), "sha256": hashlib.sha256(large).hexdigest()}))
    assert bench.jig("lnk", "pull", folder).result["pointers"][0]["size_bytes"] == len(large)
    assert peak_kb(pid) - before < 48 << 10, "half of it, with room for a sanitizer"


def test_what_goes_is_fetched_again(bench, server):
    assert pull(bench, server, "one") == ("fetched", CONTENT)
    assert bench.jig("cache", "gc", "--all").result["archives"]["removed"] == 1
    assert not os.path.exists(blob(bench))
    assert pull(bench, server, "two") == ("fetched", CONTENT)


def test_the_second_cache_serves(new_bench, server, tmp_path):
    first = new_bench()
    assert pull(first, server, "one") == ("fetched", CONTENT)
    below = first.jig("cache", "stats").result["directory"]
    second = new_bench(conf=f"[cache]\nsecond = {below}\n")
    assert pull(second, server, "two") == ("cached", CONTENT)
    assert second.jig("cache", "stats").result["kinds"].get("lnk-blobs", {}).get("archives", 0) == 0


NOBODY = 65534


@pytest.mark.parametrize("for_all", [False, True])
def test_who_may_look_into_a_cache(new_bench, server, for_all):
    """Only its owner, unless the folder was made for all; root's own tries are no proof."""
    filler = new_bench()
    shared = filler.folder / "shared"
    filler.folder.chmod(0o755)
    if for_all:
        shared.mkdir()
        shared.chmod(0o755)
    subprocess.run([BIN / "jigd", "--cache-dir", shared], env=filler.env, check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    assert pull(filler, server, "one") == ("fetched", CONTENT)
    made = [shared, *shared.joinpath("blobs").rglob("*"), shared / "installed"]
    modes = {path.stat().st_mode & 0o777 for path in made if path.is_dir()}
    assert modes == {0o755 if for_all else 0o700}
    if os.getuid() != 0:
        return
    reader = new_bench(conf=f"[cache]\nsecond = {shared}\n",
                       enter=["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                              "--"])
    (reader.projects / "one").mkdir()
    for path in (reader.folder, *reader.folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    assert pull(reader, server, "one") == ("cached" if for_all else "fetched", CONTENT)
    own = reader.folder / "cache" / "jig" / "blobs"
    assert any(path.is_file() for path in own.rglob("*")) != for_all
