"""Indexes, installs and removals, and builds with what was installed."""

import io
import json
import os
import signal
import zipfile

from bad_server import Cut, Gate, Other, Status
from jig_bench import (EXIT_BAD_PROJECT, EXIT_INTEGRITY, EXIT_NOT_FOUND, EXIT_OTHER, EXIT_USAGE, wait_gone)

TOY = "acme:toy:toy"
SKETCH = "void setup() {}\nvoid loop() {}\n"


def made(outcome):
    return [(p["name"], p["version"], p["outcome"]) for p in outcome.result["packages"]]


def installed(bench, *kind):
    return [(p["name"], p["version"]) for p in bench.jig("packages", "list", *kind).result["packages"]]


def test_core_and_tool_then_a_build(new_bench, acme):
    bench = new_bench(conf=acme.conf())
    sketch = bench.sketch("blink", SKETCH)
    bench.jig("build", "--fqbn", TOY, sketch).error(EXIT_USAGE, "acme")
    assert made(bench.jig("packages", "install", "core", "acme:toy")) == [
        ("acme:cc", "5.0", "installed"), ("acme:toy", "1.1.0", "installed")]
    result = bench.build(sketch, fqbn=TOY)
    assert result["outcome"] == "built" and result["flash_bytes"] > 0
    assert bench.build(sketch, fqbn=TOY)["outcome"] == "up_to_date"
    assert made(bench.jig("packages", "install", "core", "acme:toy")) == [
        ("acme:cc", "5.0", "present"), ("acme:toy", "1.1.0", "present")]
    assert installed(bench) == [("acme:toy", "1.1.0"), ("acme:cc", "5.0")]


def test_side_by_side_and_removal(new_bench, acme):
    bench = new_bench(conf=acme.conf())
    bench.jig("packages", "install", "core", "acme:toy@1.0.0", "acme:toy@^1.1").result
    assert installed(bench, "core") == [("acme:toy", "1.1.0"), ("acme:toy", "1.0.0")]
    assert made(bench.jig("packages", "remove", "core", "acme:toy@1.1")) == [
        ("acme:toy", "1.1.0", "removed")]
    assert made(bench.jig("packages", "remove", "core", "acme:toy")) == [
        ("acme:toy", "1.0.0", "removed"), ("acme:cc", "5.0", "removed")]
    assert installed(bench) == []
    bench.jig("packages", "remove", "core", "acme:toy").error(EXIT_NOT_FOUND, "not installed")


def test_libraries_agree(new_bench, acme):
    bench = new_bench(conf=acme.conf())
    assert made(bench.jig("packages", "install", "lib", "Green")) == [
        ("Blue", "1.2.0", "installed"), ("Green", "1.0.0", "installed")]
    bench.jig("packages", "install", "lib", "Green", "Blue@2").error(EXIT_OTHER, "agree")
    bench.jig("packages", "install", "lib", "Greem").error(EXIT_NOT_FOUND, "Green")
    bench.jig("packages", "install", "lib", "Blue@^3").error(EXIT_NOT_FOUND, "2.0.0")
    bench.jig("packages", "install", "lib", "../Blue").error(EXIT_USAGE)


def test_update_asks_only_for_what_changed(new_bench, acme):
    bench = new_bench(conf=acme.conf())
    bench.jig("packages", "install", "core", "acme:toy@9").error(EXIT_NOT_FOUND, "1.1.0")
    assert [x["outcome"] for x in bench.jig("packages", "update").result["indexes"]] == [
        "unchanged", "unchanged"]
    acme.add_platform("9.0.0")
    acme.publish()
    assert [x["outcome"] for x in bench.jig("packages", "update").result["indexes"]] == [
        "updated", "unchanged"]
    bench.jig("packages", "install", "core", "acme:toy@9").result


def test_offline_with_what_there_is(new_bench, acme):
    bench = new_bench(conf=acme.conf())
    bench.jig("packages", "install", "lib", "Blue@1.0.0").result
    acme.put("/package_acme_index.json", b"<html>please log in</html>")
    acme.put("/library_index.json", b'{"libraries": [')
    outcome = bench.jig("packages", "update")
    outcome.error(EXIT_INTEGRITY, "no package index")
    assert len(outcome.notices("packages.index_failed")) == 2
    bench.jig("packages", "install", "lib", "Blue@1.2.0").result
    acme.unplug()
    bench.jig("packages", "update").error(EXIT_OTHER)
    assert made(bench.jig("packages", "install", "lib", "Blue@1.2.0")) == [
        ("Blue", "1.2.0", "present")]


def test_without_an_index(new_bench, acme):
    conf = acme.conf()
    acme.unplug()
    bench = new_bench(conf=conf)
    bench.jig("packages", "install", "lib", "Blue").error(EXIT_OTHER)
    assert installed(bench) == []


def test_wrong_hash_and_size(new_bench, acme):
    wrong = "SHA-256:" + 64 * "0"
    acme.add_library("Hash", "1.0.0", "", checksum=wrong)
    acme.add_library("Size", "1.0.0", "", size=5)
    acme.add_library("Nothash", "1.0.0", "", checksum="MD5:d41d8cd98f00b204e9800998ecf8427e")
    acme.add_library("Path", "../../../1.0", "")
    acme.publish()
    bench = new_bench(conf=acme.conf())
    bench.jig("packages", "install", "lib", "Hash").error(EXIT_INTEGRITY, 64 * "0")
    bench.jig("packages", "install", "lib", "Size").error(EXIT_INTEGRITY, "5")
    bench.jig("packages", "install", "lib", "Nothash").error(EXIT_OTHER, "SHA-256")
    bench.jig("packages", "install", "lib", "Path").error(EXIT_OTHER, "../../../1.0")
    assert installed(bench) == []
    assert not list((bench.folder / "cache" / "jig" / "blobs").rglob(64 * "0"))


def test_names_that_differ_in_case_only(new_bench, acme):
    """Refused when jigd.conf says so: on some file systems one of them would be lost."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("library.properties", "src/Twin.h", "src/TWIN.h"):
            archive.writestr(f"Twin-1.0.0/{name}", "name=Twin\nversion=1.0.0\n")
    acme.libraries.append({"name": "Twin", "version": "1.0.0",
                           **acme.keep("/Twin-1.0.0.zip", out.getvalue())})
    acme.publish()
    strict = new_bench(conf=acme.conf(fetch="archive_refuse_twins = yes"))
    strict.jig("packages", "install", "lib", "Twin").error(EXIT_USAGE, "TWIN.h", "upper and lower case")
    assert installed(strict) == []
    strict.jig("packages", "install", "lib", "Blue").result
    new_bench(conf=acme.conf()).jig("packages", "install", "lib", "Twin").result


def test_archives_that_lead_elsewhere(new_bench, acme):
    def link(archive, name, target):
        info = zipfile.ZipInfo(name)
        info.external_attr = 0o120777 << 16
        archive.writestr(info, target)

    for version, spoil in {
            "1.0.0": lambda a: a.writestr("../../../evil.h", ""),
            "2.0.0": lambda a: a.writestr("/tmp/evil.h", ""),
            "3.0.0": lambda a: (link(a, "src/x", "../../../../.."), a.writestr("src/x/evil.h", "")),
            "4.0.0": lambda a: link(a, "src/passwd", "/etc/passwd")}.items():
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("library.properties", f"name=Evil\nversion={version}\n")
            spoil(archive)
        acme.libraries.append({"name": "Evil", "version": version,
                               **acme.keep(f"/Evil-{version}.zip", out.getvalue())})
    acme.publish()
    bench = new_bench(conf=acme.conf())
    for version in "1.0.0", "2.0.0", "3.0.0", "4.0.0":
        outcome = bench.jig("packages", "install", "lib", f"Evil@{version}")
        assert outcome.status == EXIT_USAGE and f"Evil {version}" in outcome.out, outcome
    assert installed(bench) == []
    assert not [p for p in bench.folder.rglob("*") if p.name in ("evil.h", "passwd")]
    assert not (bench.folder / "cache/jig/installed/libraries/Evil").exists()
    assert not list((bench.folder / "cache/jig/tmp").glob("*.tree"))


def test_a_server_that_stumbles(new_bench, acme):
    """Cut off, away for a moment, and the wrong bytes first: each is got over, or told."""
    for path, first in (("/cc-5.0.tar.gz", [Cut(100), Status(503)]), ("/toy-1.1.0.tar.gz", [Cut(7)])):
        data = acme.paths[path][0]
        acme.put(path, data, *first)
    acme.put("/Blue-2.0.0.zip", acme.paths["/Blue-2.0.0.zip"][0], always=Other(b"something else"))
    bench = new_bench(conf=acme.conf(fetch="", rounds=4))
    assert [p[2] for p in made(bench.jig("packages", "install", "core", "acme:toy"))] == [
        "installed", "installed"]
    bench.build(bench.sketch("blink", SKETCH), fqbn=TOY)
    bench.jig("packages", "install", "lib", "Blue@2.0.0").error(EXIT_INTEGRITY)
    bench.jig("packages", "install", "lib", "Blue@1.2.0").result


def test_restarted_without_a_network(new_bench, acme):
    bench = new_bench(conf=acme.conf())
    bench.jig("packages", "install", "core", "acme:toy").result
    bench.jig("daemon", "stop").result
    acme.unplug()
    assert bench.build(bench.sketch("blink", SKETCH), fqbn=TOY)["outcome"] == "built"
    bench.jig("packages", "remove", "core", "acme:toy").result
    bench.jig("daemon", "stop").result
    assert [p[2] for p in made(bench.jig("packages", "install", "core", "acme:toy"))] == [
        "installed", "installed"]  # its archives are still in the cache


def test_killed_while_it_downloads(new_bench, acme):
    gate = Gate(100)
    acme.put("/cc-5.0.tar.gz", acme.paths["/cc-5.0.tar.gz"][0], gate)
    bench = new_bench(conf=acme.conf())
    pid = bench.start_daemon()
    running = bench.start("packages", "install", "core", "acme:toy")
    try:
        assert gate.reached.wait(30)
        os.kill(pid, signal.SIGKILL)
        wait_gone(pid)
    finally:
        gate.open.set()
    assert running.finish().status != 0
    assert installed(bench) == []
    bench.jig("packages", "install", "core", "acme:toy").result
    assert bench.build(bench.sketch("blink", SKETCH), fqbn=TOY)["outcome"] == "built"


def test_not_a_platform(new_bench, acme):
    acme.platforms[-1].update(acme.cc)
    acme.publish()
    bench = new_bench(conf=acme.conf())
    bench.jig("packages", "install", "core", "acme:toy").error(EXIT_OTHER, "boards.txt")
    assert installed(bench) == [("acme:cc", "5.0")]


PIO = """[env:a]
platform = acme:toy@{core}
board = toy
framework = arduino
lib_deps =
    {lib}
"""
USES_BLUE = '#include <Blue.h>\nconst char *blue = BLUE;\nvoid setup() {}\nvoid loop() {}\n'


def pio(bench, name, core, lib):
    return bench.project(name, {"platformio.ini": PIO.format(core=core, lib=lib),
                                "src/main.cpp": "#include <Arduino.h>\n" + USES_BLUE})


def uses(result):
    """The libraries of a build, "Blue 1.2.0"."""
    return [x.rsplit(" (", 1)[0] for x in result["builds"][0]["libraries"]]


def test_versions_that_a_project_asks_for(new_bench, acme):
    bench = new_bench(conf=acme.conf())
    bench.jig("packages", "install", "core", "acme:toy@1.0.0", "acme:toy@1.1.0").result
    for version in ("1.0.0", "1.2.0", "2.0.0"):
        bench.jig("packages", "install", "lib", f"Blue@{version}").result
    old = pio(bench, "old", "1.0.0", "me/Blue @ ~1.0.0")
    new = pio(bench, "new", "^1.0", "Blue@^1.0")
    first, second = (bench.build(p, fqbn=None) for p in (old, new))
    assert uses(first) == ["Blue 1.0.0"] and uses(second) == ["Blue 1.2.0"]
    bench.jig("build", pio(bench, "none", "^2", "Blue")).error(EXIT_BAD_PROJECT, "acme:toy@^2",
                                                               "jig packages install core")
    bench.jig("build", pio(bench, "lib", "^1", "Blue@^3")).error(EXIT_BAD_PROJECT, "Blue@^3",
                                                                 "jig packages install lib")


def test_builds_install_what_they_miss(new_bench, acme):
    bench = new_bench(conf=acme.conf("install = yes"))
    outcome = bench.jig("build", pio(bench, "p", "1.0.0", "Green"))
    assert outcome.result["outcome"] == "built"
    assert [n["text"].split()[0] for n in outcome.notices("packages.installed")] == [
        "acme:cc", "acme:toy", "Blue", "Green"]
    assert outcome.steps("started").count("download acme:toy 1.0.0") == 1
    again = bench.jig("build", bench.projects / "p")
    assert again.result["outcome"] == "up_to_date" and not again.notices("packages.installed")
    bench.jig("build", pio(bench, "q", "1.0.0", "Nowhere")).error(EXIT_NOT_FOUND, "Nowhere")


def test_deploys_install_what_they_miss(new_bench, acme, warm_cache):
    bench = new_bench(conf=acme.conf("install = yes"), cache=warm_cache)
    project = bench.project("p", {
        "platformio.ini": "[env:uno]\nplatform = atmelavr\nboard = uno\nframework = arduino\n"
                          "lib_deps = Blue@^1\n",
        "src/main.cpp": '#include <Arduino.h>\n' + USES_BLUE})
    outcome = bench.jig("deploy", "-d", "emulated:uno", project)
    assert outcome.result["outcome"] == "written"
    assert [n["text"] for n in outcome.notices("packages.installed")] == ["Blue 1.2.0 was installed"]


def test_a_bad_wish_is_told(new_bench, acme):
    bench = new_bench(conf=acme.conf())
    bench.jig("packages", "install", "core", "acme:toy").result
    bench.jig("build", pio(bench, "p", "^1", "Blue@^x^")).error(EXIT_BAD_PROJECT, "^x^")


def test_a_password_is_told_to_nobody(new_bench, acme):
    bench = new_bench(conf=acme.conf())
    for url in ("https://ann:secret@h/s.git", "https://secret@h/s.zip"):
        outcome = bench.jig("packages", "install", "lib", url)
        assert outcome.status == EXIT_USAGE and "secret" not in outcome.out
    assert "secret" not in str(bench.operations())
    assert "secret" not in bench.jig("daemon", "logs").out


def test_two_at_once_download_once(new_bench, acme):
    bench = new_bench(conf=acme.conf())
    bench.jig("packages", "update").result
    running = [bench.start("packages", "install", "core", "acme:toy") for _ in range(3)]
    outcomes = [r.finish() for r in running]
    for outcome in outcomes:
        assert [p[:2] for p in made(outcome)] == [("acme:cc", "5.0"), ("acme:toy", "1.1.0")]
    assert acme.asked_for("/cc-5.0.tar.gz") == 1
    assert acme.asked_for("/toy-1.1.0.tar.gz") == 1


def test_for_people(new_bench, acme):
    bench = new_bench(conf=acme.conf())
    status, out, _ = bench.plain("packages", "install", "lib", "Blue")
    assert status == 0 and "Blue 2.0.0: installed" in out
    status, out, _ = bench.plain("packages", "list")
    assert status == 0 and "lib   Blue  2.0.0" in out
    status, out, _ = bench.plain("packages", "install", "thing", "Blue")
    assert status == EXIT_USAGE
    operation = bench.operations()[0]
    assert operation["kind"] == "packages" and operation["subject"] == "install Blue"
    shown = bench.jig("ops", "show", operation["id"]).result["operation"]
    assert shown["packages"]["packages"][0]["name"] == "Blue"
    assert json.loads((bench.folder / "cache/jig/installed/libraries/Blue/2.0.0"
                       / "jig-package.json").read_text())["version"] == "2.0.0"
