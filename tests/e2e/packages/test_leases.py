"""What a build uses of the cache stays until the build has ended, and what is used every day stays."""

import contextlib
import io
import json
import os
import tarfile

import pytest

from jig_bench import wait_until

TOY = "acme:toy:toy"


def waiting_tool(fifo):
    """acme:cc whose programs wait while somebody has the FIFO open for writing."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name in "gcc", "g++", "ar", "size":
            text = f"""#!/bin/sh
[ -p '{fifo}' ] && /bin/cat '{fifo}' > /dev/null
exec /usr/bin/avr-{name} "$@"
""".encode()
            info = tarfile.TarInfo(f"cc/bin/acme-{name}")
            info.size, info.mode = len(text), 0o755
            archive.addfile(info, io.BytesIO(text))
    return out.getvalue()


@contextlib.contextmanager
def tools_wait(fifo):
    os.mkfifo(fifo)
    writer = None

    def until_one_does():
        nonlocal writer
        writer = os.open(fifo, os.O_WRONLY)  # a tool has it open, too, and waits
    try:
        yield until_one_does
    finally:
        fifo.unlink()
        if writer is not None:
            os.close(writer)


def answered_by_a_watch(bench, *words):
    """Builds until there is nothing to do, and that is known without a look."""
    def is_answered():
        before = bench.jig("daemon", "stats").result["memos"]["builds"]["hits"]
        bench.jig("build", *words).result
        return bench.jig("daemon", "stats").result["memos"]["builds"]["hits"] > before

    wait_until(is_answered, lambda: bench.jig("daemon", "stats").result)


@pytest.mark.parametrize("after_an_edit", [False, True])
def test_a_collection_leaves_a_build_its_tools(new_bench, acme, tmp_path, after_an_edit):
    fifo = tmp_path / "wait"
    kept = acme.keep("/cc-6.0.tar.gz", waiting_tool(fifo))
    hosts = [system["host"] for system in acme.tools[0]["systems"]]
    acme.tools.append({"name": "cc", "version": "6.0",
                       "systems": [{"host": host, **kept} for host in hosts]})
    acme.add_platform("2.0.0", toolsDependencies=[
        {"packager": "acme", "name": "cc", "version": "6.0"}])
    acme.publish()
    bench = new_bench(conf=acme.conf())
    sketch = bench.sketch("blink", "void setup() {}\nvoid loop() {}\n",
                          **{"src/more.cpp": "int more = 1;\n"})
    bench.jig("packages", "install", "core", "acme:toy").result
    if after_an_edit:
        answered_by_a_watch(bench, "--fqbn", TOY, sketch)
        (sketch / "src" / "more.cpp").write_text("int more = 2;\n")

    with tools_wait(fifo) as until_one_does:
        building = bench.start("build", "--fqbn", TOY, sketch)
        until_one_does()
        during = bench.jig("cache", "gc", "--all").result
    assert (during["installed"]["removed"], during["installed"]["in_use"]) == (0, 2)
    assert building.finish().result["outcome"] == "built"
    building.end()

    after = bench.jig("cache", "gc", "--all").result
    assert (after["installed"]["removed"], after["installed"]["in_use"]) == (2, 0)
    bench.jig("build", "--fqbn", TOY, sketch).error(2, "acme")


@pytest.mark.parametrize("in_two_steps", [False, True])
def test_only_what_a_build_uses_is_leased(new_bench, acme, tmp_path, in_two_steps):
    """Other versions and other tools go while it runs."""
    fifo = tmp_path / "wait"
    hosts = [system["host"] for system in acme.tools[0]["systems"]]

    def add_tool(name, version, path, data):
        kept = acme.keep(path, data)
        acme.tools.append({"name": name, "version": version,
                           "systems": [{"host": host, **kept} for host in hosts]})
        return {"packager": "acme", "name": name, "version": version}

    cc = add_tool("cc", "6.0", "/cc-6.0.tar.gz", waiting_tool(fifo))
    flasher = add_tool("flasher", "1.0", "/flasher.tar.gz", waiting_tool(fifo))
    acme.add_platform("2.0.0", toolsDependencies=[cc])
    acme.add_platform("1.5.0", toolsDependencies=[flasher])
    versions = ["1.1.0", "1.5.0", "2.0.0"]
    if in_two_steps:
        versions.append("3.0.0")
        acme.add_platform("3.0.0", toolsDependencies=[], boards="toy.build.tool=cc\n",
                          edit=lambda text: text.replace("{runtime.tools.cc.path}",
                                                         "{runtime.tools.{build.tool}.path}"))
    acme.publish()
    bench = new_bench(conf=acme.conf())
    for version in versions:
        bench.jig("packages", "install", "core", f"acme:toy@{version}").result
    sketch = bench.sketch("blink", "void setup() {}\nvoid loop() {}\n")
    with tools_wait(fifo) as until_one_does:
        building = bench.start("build", "--fqbn", TOY, sketch)
        until_one_does()
        during = bench.jig("cache", "gc", "--all").result["installed"]
    assert building.finish().result["outcome"] == "built"
    building.end()
    assert during["in_use"] == 2
    left = bench.folder / "cache" / "jig" / "installed"
    assert sorted("/".join(p.parts[-2:]) for p in left.glob("*/*/*")) == [
        "acme~cc/6.0", f"acme~toy/{versions[-1]}"]
    assert bench.jig("build", "--fqbn", TOY, sketch).result["outcome"] == "up_to_date"


def other_vendor(acme, flasher):
    """A package index entry: other:toy, which describes a tool that acme's boards upload with."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        text = (b"name=Other\ntools.flash.path={runtime.tools.flasher.path}\n"
                b'tools.flash.upload.pattern="{path}/bin/acme-gcc" {build.path}\n')
        for name, content in ("boards.txt", b"it.name=It\n"), ("platform.txt", text):
            info = tarfile.TarInfo(f"toy/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    platform = {"name": "Other", "architecture": "toy", "version": "1.0.0", "boards": [],
                "toolsDependencies": [], **acme.keep("/other-1.0.0.tar", out.getvalue())}
    return {"name": "other", "platforms": [platform], "tools": [flasher]}


def test_the_tools_of_an_upload_are_used_too(new_bench, acme, tmp_path):
    """Though another vendor's platform describes them, and nobody asks for them."""
    fifo = tmp_path / "wait"
    hosts = [system["host"] for system in acme.tools[0]["systems"]]
    for name in "cc", "flasher":
        kept = acme.keep(f"/{name}-6.0.tar.gz", waiting_tool(fifo))
        acme.tools.append({"name": name, "version": "6.0",
                           "systems": [{"host": host, **kept} for host in hosts]})
    flasher = acme.tools.pop()
    acme.add_platform("2.0.0", boards="toy.upload.tool.default=other:flash\n", toolsDependencies=[
        {"packager": "acme", "name": "cc", "version": "6.0"}])
    acme.add_platform("1.5.0", toolsDependencies=[
        {"packager": "other", "name": "flasher", "version": "6.0"}])
    acme.publish()
    path = "/package_acme_index.json"
    index = json.loads(acme.paths[path][0])
    index["packages"].append(other_vendor(acme, flasher))
    acme.put(path, json.dumps(index).encode())
    bench = new_bench(conf=acme.conf())
    for core in "acme:toy@1.5.0", "acme:toy@2.0.0", "other:toy":
        bench.jig("packages", "install", "core", core).result
    sketch = bench.sketch("blink", "void setup() {}\nvoid loop() {}\n")
    with tools_wait(fifo) as until_one_does:
        building = bench.start("build", "--fqbn", TOY, sketch)
        until_one_does()
        bench.jig("cache", "gc", "--all").result
    assert building.finish().result["outcome"] == "built"
    building.end()
    left = bench.folder / "cache" / "jig" / "installed"
    assert sorted("/".join(p.parts[-2:]) for p in left.glob("*/*/*")) == [
        "acme~cc/6.0", "acme~toy/2.0.0", "other~flasher/6.0", "other~toy/1.0.0"]


def fat_platform():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in ("boards.txt", b"toy.name=Toy\n"), ("platform.txt", b"name=Fat\n"), \
                ("fat", bytes(2_500_000)):
            info = tarfile.TarInfo(f"toy/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


@pytest.mark.parametrize("restarted", [False, True])
def test_what_known_answers_rest_on_is_used(new_bench, acme, restarted):
    """Another version was used after the last build that did something, but the builds go on."""
    acme.add_platform("0.9.0", **acme.keep("/fat.tar", fat_platform()))
    acme.publish()
    bench = new_bench(conf=acme.conf() + "[cache]\ninstalled = 2M\ninstalled_low = 1M\n")
    sketch = bench.sketch("blink", "void setup() {}\nvoid loop() {}\n")
    bench.jig("packages", "install", "core", "acme:toy").result
    bench.jig("packages", "install", "core", "acme:toy@0.9.0").result
    answered_by_a_watch(bench, "--fqbn", TOY, sketch)
    bench.jig("packages", "install", "core", "acme:toy@0.9.0").result  # it is there, and used

    assert bench.jig("build", "--fqbn", TOY, sketch).result["outcome"] == "up_to_date"
    if restarted:
        bench.jig("daemon", "stop").result
    assert bench.jig("cache", "gc").result["installed"]["removed"] == 1
    left = bench.folder / "cache" / "jig" / "installed"
    assert sorted("/".join(p.parts[-2:]) for p in left.glob("*/*/*")) == [
        "acme~cc/5.0", "acme~toy/1.1.0"]


@pytest.mark.parametrize("how", ["known", "not_known", "deploy"])
def test_another_daemon_collects_what_a_known_answer_rests_on(new_bench, acme, how):
    """It has no build that runs, so nothing is leased: all goes, and the answer with it."""
    bench, other = new_bench(conf=acme.conf()), new_bench()
    other.env["XDG_CACHE_HOME"] = bench.env["XDG_CACHE_HOME"]
    sketch = bench.sketch("blink", "void setup() {}\nvoid loop() {}\n")
    bench.jig("packages", "install", "core", "acme:toy").result
    if how == "not_known":
        bench.build(sketch, fqbn=TOY)
    else:
        answered_by_a_watch(bench, "--fqbn", TOY, sketch)
    assert other.jig("cache", "gc", "--all").result["installed"]["removed"] == 2
    other.jig("daemon", "stop").result
    if how == "deploy":
        bench.jig("deploy", "--fqbn", TOY, "-d", "/dev/null", sketch).error(2, "acme:toy")
    else:
        bench.jig("build", "--fqbn", TOY, sketch).error(2, "acme:toy")
    bench.jig("packages", "install", "core", "acme:toy").result
    result = bench.build(sketch, fqbn=TOY)
    assert result["outcome"] == "up_to_date"


def test_another_daemon_collects_a_part_of_it(new_bench, acme):
    """The platform is there, its compiler is not."""
    bench, other = new_bench(conf=acme.conf()), new_bench()
    other.env["XDG_CACHE_HOME"] = bench.env["XDG_CACHE_HOME"]
    sketch = bench.sketch("blink", "void setup() {}\nvoid loop() {}\n")
    bench.jig("packages", "install", "core", "acme:toy").result
    answered_by_a_watch(bench, "--fqbn", TOY, sketch)
    other.jig("cache", "pin", "platforms/acme~toy/1.1.0").result
    assert other.jig("cache", "gc", "--all").result["installed"]["removed"] == 1
    other.jig("daemon", "stop").result
    error = bench.jig("build", "--fqbn", TOY, sketch)
    assert error.status != 0 and "acme:cc" in error.out, str(error)
