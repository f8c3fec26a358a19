"""Pulls by the real daemon from a server that misbehaves: killed, cut, stalled, shared."""

import hashlib
import json
import os
import pathlib
import signal
import subprocess

import pytest
from bad_server import BadServer, Cut, Gate, Never, NoTag, Other, Status, WrongRange
from jig_bench import (BIN, EXIT_INTEGRITY, EXIT_INTERRUPTED, EXIT_OTHER, EXIT_TIMED_OUT, UNO,
                       wait_gone, wait_until)

DATA = bytes(range(256)) * 8192  # 2 MiB
SHA256 = hashlib.sha256(DATA).hexdigest()
QUICK = "[fetch]\nproxy = none\nrounds = 2\n"


@pytest.fixture
def server():
    with BadServer() as bad:
        yield bad


@pytest.fixture
def quick(new_bench):
    return new_bench(conf=QUICK)


def pointer(url, *mirrors, size=len(DATA)):
    said = {"v": 1, "url": url, "sha256": SHA256, "size": size}
    return json.dumps({**said, "mirrors": list(mirrors)} if mirrors else said)


def project(bench, name, *words, **more):
    return bench.project(name, {f"{name}.ino": "void setup() {}\nvoid loop() {}\n",
                                "data/a.bin.lnk": pointer(*words, **more)})


def state(outcome):
    return outcome.lines[-1]["pointers"][0]["state"]


def blobs(bench):
    return list((bench.folder / "cache" / "jig" / "blobs").rglob("*/" + SHA256))


def ranges(server):
    return [headers.get("Range") for _, _, headers in server.requests]


def test_the_daemon_is_killed_in_the_middle(quick, server):
    gate = Gate(1 << 20)
    server.put("/a", DATA, gate)
    folder = project(quick, "killed", server.url("/a"))
    pid = quick.start_daemon()
    pulling = quick.start("lnk", "pull", folder)
    assert gate.reached.wait(30)
    partial = quick.folder / "cache" / "jig" / "tmp" / f"{SHA256}.part"
    wait_until(lambda: partial.stat().st_size > 0, "a part of it")
    os.kill(pid, signal.SIGKILL)
    wait_gone(pid)
    gate.open.set()
    assert pulling.finish().status != 0
    assert blobs(quick) == []
    assert state(quick.jig("lnk", "pull", folder)) == "fetched"
    assert blobs(quick)[0].read_bytes() == DATA
    first, second = ranges(server)
    assert first is None and second.startswith("bytes=")
    assert 0 < int(second[len("bytes="):-1]) <= 1 << 20
    assert quick.jig("cache", "verify").status == 0


def test_what_servers_do(quick, server):
    ways = {
        "cut": [Cut(1 << 20)],
        "cut without a tag": [Cut(1 << 20), NoTag()],
        "nonsense": [Cut(1 << 20), WrongRange()],
        "busy": [Status(503)],
        "later": [Status(429, Retry_After=1)],
    }
    for name, first in ways.items():
        path = "/" + name.replace(" ", "-")
        server.put(path, DATA, *first)
        folder = project(quick, name.split()[0] + str(len(name)), server.url(path))
        assert state(quick.jig("lnk", "pull", folder)) == "fetched", name
        assert blobs(quick)[0].read_bytes() == DATA
        quick.jig("cache", "gc", "--all").result
        assert blobs(quick) == []


def test_something_else_is_there(quick, server):
    server.put("/a", DATA, always=Other(b"x" + DATA[1:]))
    folder = project(quick, "wrong", server.url("/a"))
    outcome = quick.jig("lnk", "pull", folder)
    assert outcome.status == EXIT_INTEGRITY
    said = outcome.lines[-1]["pointers"][0]
    assert said["state"] == "mismatch"
    assert SHA256 in said["error"] and hashlib.sha256(b"x" + DATA[1:]).hexdigest() in said["error"]
    assert blobs(quick) == [] and not list((quick.folder / "cache/jig/tmp").glob("*.part"))
    server.put("/b", DATA)
    folder = project(quick, "mirrored", server.url("/a"), server.url("/b"))
    for expected in ("fetched", "cached"):
        outcome = quick.jig("lnk", "pull", folder)
        assert state(outcome) == expected
        assert len(outcome.notices("lnk.unproven")) == (1 if expected == "fetched" else 0)


def test_a_pointer_that_changes_while_another_one_is_pulled(quick, server):
    texts = {"/stale": b"#error stale\n", "/fresh": b"#define FRESH 1\n"}
    gate = Gate(1 << 20)
    server.put("/a", DATA, gate)
    for path, text in texts.items():
        server.put(path, text)

    def header(path):
        return json.dumps({"v": 1, "url": server.url(path),
                           "sha256": hashlib.sha256(texts[path]).hexdigest()})

    folder = quick.project("changing", {
        "changing.ino": '#include "b.h"\nvoid setup() { (void)FRESH; }\nvoid loop() {}\n',
        "b.h.lnk": header("/stale"), "data/a.bin.lnk": pointer(server.url("/a"))})
    building = quick.start("build", "--fqbn", UNO, folder)
    assert gate.reached.wait(30)
    wait_until((folder / ".jig/build/.lnk/files/b.h").exists, "the header")
    (folder / "b.h.lnk").write_text(header("/fresh"))
    gate.open.set()
    assert building.finish().result["outcome"] == "built"


def test_a_length_that_is_not_the_pointers(quick, server):
    server.put("/a", DATA)
    outcome = quick.jig("lnk", "pull", project(quick, "long", server.url("/a"), size=7))
    assert outcome.status == EXIT_INTEGRITY
    assert f"{len(DATA)} bytes where 7" in outcome.lines[-1]["pointers"][0]["error"]
    assert blobs(quick) == []


def test_a_server_that_never_answers(new_bench, server):
    bench = new_bench(conf="[fetch]\nproxy = none\nrounds = 1\nstall_s = 1\n")
    server.put("/a", DATA, always=Never())
    folder = project(bench, "never", server.url("/a"))
    outcome = bench.jig("lnk", "pull", folder)
    assert outcome.status == EXIT_OTHER
    assert "only 0 bytes came in 1000 ms" in outcome.lines[-1]["pointers"][0]["error"]


def test_a_deadline(quick, server):
    server.put("/a", DATA, always=Never())
    folder = project(quick, "deadline", server.url("/a"))
    assert quick.jig("--deadline", "0.5", "lnk", "pull", folder).status == EXIT_TIMED_OUT


LOOKUP_THAT_NEVER_ENDS = """
#include <netdb.h>
#include <unistd.h>
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
    (void)node, (void)service, (void)hints, (void)result;
    for (;;)
        pause();
}
"""


@pytest.fixture
def endless(tmp_path):
    """A library to be loaded first, with which no name is ever found."""
    library = tmp_path / "lookup.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", library], check=True, text=True,
                   input=LOOKUP_THAT_NEVER_ENDS)
    return str(library)


def test_a_name_that_is_looked_up_for_ever(quick, endless):
    quick.env["LD_PRELOAD"] = endless
    folder = project(quick, "lookup", "http://files.example.test/a")
    pulling = quick.start("lnk", "pull", folder)
    operation = pulling.wait_for(lambda line: line.get("operation"), "its operation")["operation"]
    quick.jig("ops", "cancel", operation).result
    assert pulling.finish().status == EXIT_INTERRUPTED
    wait_until(lambda: all(o["id"] != operation or o["state"] == "cancelled"
                           for o in quick.operations()), "the operation's end", 20)


def test_a_name_that_is_not_found_in_time(new_bench, endless):
    bench = new_bench(conf="[fetch]\nproxy = none\nrounds = 1\nconnect_s = 1\n")
    bench.env["LD_PRELOAD"] = endless
    outcome = bench.jig("lnk", "pull", project(bench, "late", "http://files.example.test/a"))
    assert outcome.status == EXIT_OTHER
    assert "timed out" in outcome.lines[-1]["pointers"][0]["error"]


def test_two_processes_pull_the_same(server, tmp_path):
    gate = Gate(1 << 20)
    server.put("/a", DATA, gate)
    words = [pathlib.Path(BIN) / "pull_blob", tmp_path / "cache", "-", "-", "-", SHA256,
             server.url("/a")]
    both = []
    for _ in range(2):
        both.append(subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                     text=True))
        assert gate.reached.wait(30)  # the first has begun: the second finds it at work, or done
    gate.open.set()
    said = sorted(p.communicate()[0].split()[0] for p in both)
    assert said[1] == "fetched" and said[0] in ("cached", "fetched")
    assert server.asked("/a") == 1


def test_a_remote_cache_between_two_daemons(new_bench, server):
    conf = f"{QUICK}[cache]\nremote = {server.url('/remote/')}\n"
    one, two = new_bench(conf=conf), new_bench(conf=conf)
    server.put("/a", DATA)
    assert state(one.jig("lnk", "pull", project(one, "one", server.url("/a")))) == "fetched"
    wait_until(lambda: server.asked(f"/remote/cas/{SHA256}") == 3, "GET, HEAD and, in time, PUT")
    assert state(two.jig("lnk", "pull", project(two, "two", server.url("/a")))) == "fetched"
    assert blobs(two)[0].read_bytes() == DATA
    assert server.asked("/a") == 1


def test_a_remote_cache_that_is_no_url(new_bench):
    bench = new_bench(conf="[cache]\nremote = ftp://x/\n")
    outcome = bench.jig("daemon", "start")
    assert outcome.status != 0
    assert "'remote' of [cache]" in outcome.out
