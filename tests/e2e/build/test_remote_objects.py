"""Objects by way of a remote cache: what one machine compiled, another does not compile again; and
whatever is wrong with the remote, builds are what they would have been without it."""

import hashlib
import shutil

import pytest
from bad_server import BadServer, Cut, Good, Never, Other
from jig_bench import Bench, wait_until
from nginx_server import Nginx
from strict_cache import StrictCache, outputs

# Without -flto, whose sections have names by chance: objects are the same byte for byte.
PROJECT = {
    "platformio.ini": "[env:uno]\nplatform = atmelavr\nboard = uno\nframework = arduino\n"
                      "build_unflags = -flto\n",
    "src/main.cpp": "#include <Arduino.h>\nvoid setup() { Serial.begin(9600); }\n"
                    "void loop() { Serial.println(millis()); }\n",
}
REMOTE = "taken from the remote cache"


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    server = Nginx(tmp_path_factory.mktemp("nginx"))
    yield server
    server.close()


def counters(bench):
    return bench.jig("daemon", "stats").result["counters"]


def far(bench, name):
    return counters(bench)[f"objects.remote_{name}"]


def conf(url, more=""):
    return f"[cache]\nremote = {url}\n{more}"


def machine(new_bench, text):
    """A bench with nothing in its cache, and a project."""
    bench = new_bench(conf=text)
    return bench, bench.project("blink", PROJECT)


def all_is_sent(bench):
    wait_until(lambda: far(bench, "waiting") == 0, lambda: f"not sent: {counters(bench)}")


def made(project):
    """What the build left; but objects of assembler, where gcc 5 puts the name of a temporary file
    into their debug information."""
    build = project / ".jig" / "build"
    return {str(p.relative_to(build)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in build.rglob("*")
            if p.suffix in (".o", ".elf", ".hex") and not p.name.endswith(".S.o")}


class First:
    """A machine that has built and sent all."""

    def __init__(self, nginx):
        bench = Bench(conf=conf(nginx.url("/jig")))
        try:
            project = bench.project("blink", PROJECT)
            self.compiled = bench.build(project, fqbn=None)["compiled"]
            all_is_sent(bench)
            assert far(bench, "sent") == self.compiled - 1  # all but the project's own
            assert far(bench, "dropped") == 0 and far(bench, "failures") == 0
            self.hex = next(h for p, h in made(project).items() if p.endswith(".hex"))
        finally:
            bench.close()
        www = nginx.www
        self.kept = {"/" + str(p.relative_to(www)): p.read_bytes()
                     for p in (www / "jig").rglob("*") if p.is_file()}
        self.folder = str(bench.folder)


@pytest.fixture(scope="module")
def first(nginx):
    return First(nginx)


def nothing_wrong_is_kept(bench):
    kept = list((bench.folder / "cache" / "jig" / "objects").rglob("*.out"))
    for path in kept:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.stem
    return len(kept)


def test_a_second_machine_takes_what_the_first_compiled(new_bench, nginx, first):
    second, project = machine(new_bench, conf(nginx.url("/jig/")))
    result = second.build(project, "--explain", fqbn=None)
    assert (result["compiled"], result["reused"]) == (1, first.compiled - 1)
    assert [r["because"] for r in result["reasons"]].count(REMOTE) == first.compiled - 1
    assert far(second, "hits") == first.compiled - 1
    assert far(second, "sent") == 0
    assert nothing_wrong_is_kept(second) >= first.compiled - 1
    again = second.build(second.project("other", PROJECT), fqbn=None)  # of its own cache
    assert again["compiled"] == 1 and far(second, "hits") == first.compiled - 1
    taken = made(project)
    second.jig("daemon", "stop").result
    shutil.rmtree(second.folder / "cache")
    second.configure("")
    own = second.build(project, "--clean", fqbn=None)
    assert (own["compiled"], own["reused"]) == (first.compiled, 0)
    assert taken == made(project)


def test_what_is_kept_is_what_the_protocol_says(first):
    results = 0
    for path, data in first.kept.items():
        _, kind, name = path.rsplit("/", 2)
        if kind == "cas":
            assert hashlib.sha256(data).hexdigest() == name
        else:  # field 2: a message with an output; field 5: what is known of it
            results += 1
            assert data[0] == 0x12 and b"out/" in data and b"jigtrac" in data
            assert first.folder.encode() not in data
    assert results == first.compiled - 1


def test_a_server_that_looks_into_what_it_keeps(new_bench):
    """It takes what it is given, adds to it, and does not give what is not whole any more."""
    with StrictCache() as server:
        first, project = machine(new_bench, conf(server.url()))
        compiled = first.build(project, fqbn=None)["compiled"]
        all_is_sent(first)
        assert server.refused == [] and far(first, "sent") == compiled - 1
        results = [data for path, data in server.kept.items() if "/ac/" in path]
        lost = outputs(results[0])[0][1]
        del server.kept[f"/cas/{lost}"]
        second, project = machine(new_bench, conf(server.url()))
        result = second.build(project, fqbn=None)
        assert (result["compiled"], result["reused"]) == (2, compiled - 2)
        all_is_sent(second)
        assert f"/cas/{lost}" in server.kept  # and is there for the next one
        assert server.refused == [] and far(second, "failures") == 0


def test_a_remote_that_is_only_read_is_sent_nothing(new_bench, first):
    with BadServer() as server:
        for path, data in sorted(first.kept.items())[::2]:
            server.put(path, data)
        second, project = machine(new_bench, conf(server.url("/jig"), "remote_readonly = yes\n"))
        result = second.build(project, fqbn=None)
        assert 1 < result["compiled"] < first.compiled
        assert far(second, "hits") == result["reused"]
        assert {method for method, _, _ in server.requests} == {"GET"}


def flip(data):
    return data[:-1] + bytes([data[-1] ^ 1])


LIES = {
    "another object": ("/cas/", lambda data: Other(flip(data))),
    "another trace": ("/ac/", lambda data: Other(flip(data))),
    "no answer": ("/cas/", lambda data: Never()),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_remote_that_lies_is_not_believed(new_bench, first, lie):
    where, how = LIES[lie]
    with BadServer() as server:
        for path, data in first.kept.items():
            server.put(path, data, always=how(data) if where in path else Good())
        second, project = machine(new_bench, conf(server.url("/jig")))
        assert second.build(project, fqbn=None)["compiled"] == first.compiled
        assert far(second, "hits") == 0
        assert far(second, "failures") == 1  # and then it is left alone
        assert first.hex in made(project).values()
        nothing_wrong_is_kept(second)


def test_a_remote_that_goes_is_done_without(new_bench, first):
    with BadServer() as server:
        for i, (path, data) in enumerate(sorted(first.kept.items())):
            gone = "/cas/" in path and i > 10  # where ac/ comes before
            server.put(path, data, always=Cut(0) if gone else Good())
        second, project = machine(new_bench, conf(server.url("/jig")))
        result = second.build(project, fqbn=None)
        assert result["compiled"] + result["reused"] == first.compiled
        assert far(second, "failures") == 1
        assert first.hex in made(project).values()


def test_what_another_source_was_compiled_of_is_not_taken(new_bench, first):
    """Both are kept under one key, and each machine finds its own."""
    with BadServer() as server:
        for path, data in first.kept.items():
            server.put(path, data)
        bench = new_bench()
        library = bench.folder / "libraries" / "f"
        library.mkdir(parents=True)
        bench.configure(conf(server.url("/jig"), f"[build]\nlibraries = {library.parent}\n"))
        text = PROJECT["src/main.cpp"].replace("millis", "f")
        because = []
        for value in (1, 2, 1):
            (library / "f.h").write_text("int f();\n")
            (library / "f.cpp").write_text(f"int f() {{ return {value}; }}\n")
            project = bench.project(f"p{len(because)}",
                                    {**PROJECT, "src/main.cpp": "#include <f.h>\n" + text})
            reasons = bench.build(project, "--explain", fqbn=None)["reasons"]
            because += [r["because"] for r in reasons if "f/f.cpp" in r["step"]]
            all_is_sent(bench)
            shutil.rmtree(bench.folder / "cache" / "jig" / "objects")
        assert len(because) == 3 and because[2] == REMOTE and because[1] != REMOTE, because
