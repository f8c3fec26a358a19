"""Pointers and the disk cache: what was pulled is kept for other projects, and damage is found."""

import hashlib
import json
import os

import pytest

from bad_server import BadServer

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
    folder.mkdir(parents=True)
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
