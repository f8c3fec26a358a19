"""jig.lock, git repositories, and packages that are in use."""

import fcntl
import json
import os
import subprocess

from bad_server import Gate, Status
from jig_bench import EXIT_BAD_PROJECT, EXIT_BUSY, EXIT_INTEGRITY, EXIT_NOT_FOUND, EXIT_OTHER

TOY = "acme:toy:toy"
PIO = """[env:a]
platform = acme:toy@{core}
board = toy
framework = arduino
lib_deps =
    {lib}
"""
MAIN = "#include <Arduino.h>\n#include <%s.h>\nvoid setup() {}\nvoid loop() {}\n"


def pio(bench, name, core, lib, header="Blue"):
    return bench.project(name, {"platformio.ini": PIO.format(core=core, lib=lib),
                                "src/main.cpp": MAIN % header})


def uses(result):
    return [x.rsplit(" (", 1)[0] for x in result["builds"][0]["libraries"]]


def locked(project):
    lock = json.loads((project / "jig.lock").read_text())
    assert lock["v"] == 1
    return {p["name"]: p["version"] for p in lock["environments"]["a"]}


def test_sync_writes_what_a_build_obeys(new_bench, acme):
    bench = new_bench(conf=acme.conf())
    project = pio(bench, "p", "^1.0", "Green", "Green")
    result = bench.jig("packages", "sync", project).result
    assert result["lock_file"] == str(project / "jig.lock")
    assert {p["environment"] for p in result["packages"]} == {"a"}
    assert locked(project) == {"acme:cc": "5.0", "acme:toy": "1.1.0", "Blue": "1.2.0",
                               "Green": "1.0.0"}
    before = (project / "jig.lock").read_bytes()

    # what comes later changes nothing
    acme.add_platform("1.9.0")
    acme.add_library("Blue", "1.9.0", "#define BLUE 19\n")
    acme.publish()
    bench.jig("packages", "update").result
    bench.jig("packages", "install", "core", "acme:toy").result
    bench.jig("packages", "install", "lib", "Blue@1.9.0").result
    assert uses(bench.build(project, fqbn=None)) == ["Green 1.0.0", "Blue 1.2.0"]
    bench.jig("packages", "sync", project).result
    assert (project / "jig.lock").read_bytes() == before

    assert bench.jig("packages", "sync", "--upgrade", project).result
    assert locked(project)["Blue"] == "1.9.0" and locked(project)["acme:toy"] == "1.9.0"
    assert uses(bench.build(project, fqbn=None)) == ["Green 1.0.0", "Blue 1.9.0"]


def test_two_syncs_at_once_lose_nothing(new_bench, acme):
    """Two daemons, each with a cache of its own: what one writes while the other works stays."""
    one, two = new_bench(conf=acme.conf()), new_bench(conf=acme.conf())
    project = pio(one, "p", "^1.0", "Blue@^1")
    ini = (project / "platformio.ini").read_text()
    (project / "platformio.ini").write_text(ini + ini.replace("[env:a]", "[env:b]"))
    gate = Gate(100)
    acme.put("/cc-5.0.tar.gz", acme.paths["/cc-5.0.tar.gz"][0], gate)
    first = one.start("packages", "sync", "-e", "a", project)
    try:
        assert gate.reached.wait(30)
        two.jig("packages", "sync", "-e", "b", project).result
        (project / ".jig").mkdir(exist_ok=True)
        with open(project / ".jig" / "jig.lock.gate", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            gate.open.set()
            first.wait_for_event("step", step="install Blue 1.2.0", state="finished")
            # it may have read the file by now: then it reads it once more
            text = (project / "jig.lock").read_text()
            (project / "jig.lock.new").write_text(text.replace('"b"', '"c"'))
            (project / "jig.lock.new").rename(project / "jig.lock")  # as jig does
    finally:
        gate.open.set()
    assert first.finish().result["lock_file"] == str(project / "jig.lock")
    lock = json.loads((project / "jig.lock").read_text())
    assert sorted(lock["environments"]) == ["a", "c"]
    assert lock["environments"]["a"] == lock["environments"]["c"]


def test_a_lock_that_does_not_fit(new_bench, acme):
    bench = new_bench(conf=acme.conf())
    project = pio(bench, "p", "^1.0", "Blue@1.0.0")
    bench.jig("packages", "sync", project).result
    assert uses(bench.build(project, fqbn=None)) == ["Blue 1.0.0"]
    pio(bench, "p", "^1.0", "Blue@2.0.0")
    bench.jig("build", project).error(EXIT_BAD_PROJECT, "Blue@2.0.0", "jig packages sync")
    bench.jig("packages", "sync", project).result
    assert uses(bench.build(project, fqbn=None)) == ["Blue 2.0.0"]
    (project / "jig.lock").write_text("{")
    bench.jig("build", project).error(EXIT_BAD_PROJECT, "jig.lock:1")
    (project / "jig.lock").write_text('{"v": 2, "environments": {}}')
    bench.jig("build", project).error(EXIT_BAD_PROJECT, "jig.lock", '"v"')


def test_another_machine(new_bench, acme):
    """The lock file alone says what is to be installed: no index is asked for."""
    one = new_bench(conf=acme.conf())
    project = pio(one, "p", "1.0.0", "Blue@^1")
    one.jig("packages", "sync", project).result
    lock = (project / "jig.lock").read_text()

    for auto in (True, False):
        other = new_bench(conf=acme.conf("install = yes" if auto else ""))
        copy = pio(other, "p", "1.0.0", "Blue@^1")
        (copy / "jig.lock").write_text(lock)
        indexes = acme.asked_for("/library_index.json")
        if not auto:
            other.jig("build", copy).error(EXIT_BAD_PROJECT, "acme:toy@1.0.0")
            other.jig("packages", "sync", copy).result
            assert (copy / "jig.lock").read_text() == lock
        assert uses(other.build(copy, fqbn=None)) == ["Blue 1.2.0"]
        assert acme.asked_for("/library_index.json") == indexes


def test_another_core_or_tool_than_the_lock_says(new_bench, acme):
    bench = new_bench(conf=acme.conf("install = yes"))
    project = pio(bench, "p", "1.0.0", "Blue@^1")
    bench.jig("packages", "sync", project).result
    text = (project / "jig.lock").read_text()
    kinds = [p["kind"] for p in json.loads(text)["environments"]["a"]]
    assert "platform" in kinds and "tool" in kinds
    for kind in ("platform", "tool"):
        lock = json.loads(text)
        package = next(p for p in lock["environments"]["a"] if p["kind"] == kind)
        right, package["sha256"] = package["sha256"], 64 * "0"
        (project / "jig.lock").write_text(json.dumps(lock))
        bench.jig("build", project).error(EXIT_INTEGRITY, 64 * "0", right)
    (project / "jig.lock").write_text(text)
    bench.build(project, fqbn=None)


def test_another_archive_than_the_lock_says(new_bench, acme):
    bench = new_bench(conf=acme.conf("install = yes"))
    project = pio(bench, "p", "1.0.0", "Blue@^1")
    bench.jig("packages", "sync", project).result
    lock = json.loads((project / "jig.lock").read_text())
    for package in lock["environments"]["a"]:
        if package["name"] == "Blue":
            right, package["sha256"] = package["sha256"], 64 * "0"
    (project / "jig.lock").write_text(json.dumps(lock))
    bench.jig("build", project).error(EXIT_INTEGRITY, 64 * "0", right)
    bench.jig("packages", "remove", "lib", "Blue").result
    bench.jig("build", project).error(EXIT_INTEGRITY, 64 * "0", right)
    assert not (bench.folder / "cache/jig/installed/libraries/Blue/1.2.0").exists()


def git(folder, *words):
    done = subprocess.run(["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@b",
                           "-c", "init.defaultBranch=main", *words],
                          check=True, capture_output=True, text=True,
                          env={"PATH": "/usr/bin:/bin", "HOME": str(folder)})
    return done.stdout.strip()


def test_git(new_bench, acme):
    bench = new_bench(conf=acme.conf(fetch="allow_file = yes"))
    bench.jig("packages", "install", "core", "acme:toy").result
    repo = bench.project("Sky.repo", {"Sky.h": "#define SKY 1\n",
                                      "library.properties": "name=Sky\nversion=0.1\n"})
    git(repo, "init")
    git(repo, "add", ".")
    git(repo, "commit", "-m", "one")
    git(repo, "tag", "v1")
    first = git(repo, "rev-parse", "HEAD")
    (repo / "Sky.h").write_text("#define SKY 2\n")
    git(repo, "commit", "-am", "two")
    second = git(repo, "rev-parse", "HEAD")

    url = f"Sky=git+file://{repo}"
    project = pio(bench, "p", "^1.0", f"{url}#v1", "Sky")
    bench.jig("build", project).error(EXIT_BAD_PROJECT, "Sky", "jig packages install")
    bench.jig("packages", "sync", project).result
    assert locked(project)["Sky"] == first
    assert uses(bench.build(project, fqbn=None)) == ["Sky 0.1"]
    tree = bench.folder / "cache/jig/installed/libraries/Sky" / first
    assert (tree / "Sky/Sky.h").read_text() == "#define SKY 1\n" and not (tree / "Sky/.git").exists()

    bench.jig("packages", "install", "lib", f"{url}#main", url).result
    assert [p["version"] for p in bench.jig("packages", "list", "lib").result["packages"]] == sorted(
        [first, second], reverse=True)
    bench.jig("packages", "install", "lib", f"{url}#nowhere").error(EXIT_NOT_FOUND, "nowhere")
    bench.jig("packages", "install", "lib", f"{url}-gone").error(EXIT_OTHER, "git says")


def test_git_with_links_that_lead_out(new_bench, acme):
    bench = new_bench(conf=acme.conf(fetch="allow_file = yes"))
    for number, target in enumerate(("/etc/passwd", "../../../../secret", "../../x", "Sky.h")):
        repo = bench.project(f"Sky{number}.repo", {"Sky.h": "", "sub/x.h": ""})
        (repo / "sub" / "link").symlink_to(target if target != "Sky.h" else "../Sky.h")
        git(repo, "init")
        git(repo, "add", ".")
        git(repo, "commit", "-m", "one")
        outcome = bench.jig("packages", "install", "lib", f"Sky=git+file://{repo}")
        if target == "Sky.h":
            outcome.result
        else:
            outcome.error(EXIT_OTHER, "sub/link", target)


def test_git_from_files_only_when_allowed(new_bench, acme):
    bench = new_bench(conf=acme.conf())
    bench.jig("packages", "install", "lib", f"Sky=git+file://{bench.folder}").error(EXIT_OTHER, "git")


def test_archive_by_its_hash(new_bench, acme):
    bench = new_bench(conf=acme.conf())
    bench.jig("packages", "install", "core", "acme:toy").result
    blue = next(x for x in acme.libraries if x["version"] == "1.0.0" and x["name"] == "Blue")
    url = f"Blue={blue['url']}#sha256={blue['checksum'][8:]}"
    bench.jig("packages", "install", "lib", url).result
    assert uses(bench.build(pio(bench, "p", "^1.0", url), fqbn=None)) == ["Blue 1.0.0"]
    bench.jig("packages", "install", "lib", blue["url"]).error(EXIT_BAD_PROJECT, "#sha256=")
    other = f"Blue={blue['url']}#sha256={64 * '0'}"
    bench.jig("packages", "install", "lib", other).error(EXIT_INTEGRITY, 64 * "0")


def test_a_new_url_with_an_old_hash(new_bench, acme):
    """The old archive must not go on being used under the new name."""
    bench = new_bench(conf=acme.conf(rounds=1))
    bench.jig("packages", "install", "core", "acme:toy").result
    blue = {x["version"]: x for x in acme.libraries if x["name"] == "Blue"}
    old = blue["1.0.0"]["checksum"][8:]

    def wish(path):
        return f"Blue={acme.url(path)}#sha256={old}"

    project = pio(bench, "p", "^1.0", wish("/Blue-1.0.0.zip"))
    bench.jig("packages", "sync", project).result
    bench.build(project, fqbn=None)
    pio(bench, "p", "^1.0", wish("/Blue-1.2.0.zip"))
    bench.jig("build", project).error(EXIT_BAD_PROJECT, "/Blue-1.2.0.zip", "jig packages sync")
    bench.jig("packages", "sync", project).error(EXIT_INTEGRITY, old, blue["1.2.0"]["checksum"][8:])

    acme.put("/moved.zip", acme.paths["/Blue-1.0.0.zip"][0])
    pio(bench, "p", "^1.0", wish("/moved.zip"))
    assert not bench.jig("packages", "sync", project).notices("packages.unproven")
    assert acme.asked("/moved.zip") == 1
    assert uses(bench.build(project, fqbn=None)) == ["Blue 1.0.0"]

    # the same in an index
    acme.add_library("Blue", "3.0.0", "#define BLUE 3\n", checksum=blue["1.0.0"]["checksum"],
                     size=blue["1.0.0"]["size"])
    acme.publish()
    bench.jig("packages", "update").result
    bench.jig("packages", "install", "lib", "Blue@3.0.0").error(EXIT_INTEGRITY, "/Blue-3.0.0.zip")
    bench.jig("packages", "install", "lib", "Blue@1.0.0").result

    # nobody to ask: it is told, and asked for once there is
    acme.put("/away.zip", b"", always=Status(503))
    away = wish("/away.zip")
    (notice,) = bench.jig("packages", "install", "lib", away).notices("packages.unproven")
    assert acme.url("/away.zip") in notice["text"]
    bench.jig("packages", "remove", "lib", "Blue").result
    acme.put("/away.zip", acme.paths["/Blue-1.0.0.zip"][0])
    bench.jig("daemon", "stop").result
    before = acme.asked("/away.zip")
    for _ in range(2):
        assert not bench.jig("packages", "install", "lib", away).notices("packages.unproven")
        bench.jig("packages", "remove", "lib", "Blue").result
    assert acme.asked("/away.zip") == before + 1


def test_a_lock_of_another_hash_than_the_project_says(new_bench, acme):
    bench = new_bench(conf=acme.conf())
    bench.jig("packages", "install", "core", "acme:toy").result
    blue = next(x for x in acme.libraries if x["name"] == "Blue")
    url = f"Blue={blue['url']}#sha256="
    project = pio(bench, "p", "^1.0", url + blue["checksum"][8:])
    bench.jig("packages", "sync", project).result
    bench.build(project, fqbn=None)
    pio(bench, "p", "^1.0", url + 64 * "0")
    bench.jig("build", project).error(EXIT_BAD_PROJECT, 64 * "0", "jig packages sync")


def test_what_a_build_uses_is_not_removed(new_bench, acme):
    bench = new_bench()
    pipe = bench.folder / "gate"
    os.mkfifo(pipe)
    acme.gate(pipe)
    acme.publish()
    bench.configure(acme.conf())
    bench.jig("packages", "install", "core", "acme:toy").result
    bench.jig("packages", "install", "lib", "Blue@1.0.0").result
    project = pio(bench, "p", "1.2.0", "Blue")
    gate = os.open(pipe, os.O_RDWR)
    try:
        build = bench.start("build", project)
        build.wait_for_event("state", state="running")
        for what in (("core", "acme:toy"), ("tool", "acme:cc"), ("lib", "Blue")):
            bench.jig("packages", "remove", *what).error(EXIT_BUSY, str(project))
        os.write(gate, b"\n" * 1000)
        assert build.finish().result["outcome"] == "built"
    finally:
        os.close(gate)
    bench.jig("packages", "remove", "lib", "Blue").result
    bench.jig("packages", "remove", "core", "acme:toy").result
    assert bench.jig("packages", "list").result["packages"] == []
