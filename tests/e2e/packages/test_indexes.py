"""Indexes that a project names, that come in archives, and that disagree."""

import io
import json
import tarfile

import pytest

from bad_server import Status
from jig_bench import EXIT_BAD_PROJECT, EXIT_INTEGRITY, EXIT_NOT_FOUND

SKETCH = "#include <Blue.h>\nvoid setup() {}\nvoid loop() {}\n"


def archive(files, kind="bz2"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=f"w:{kind}") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def body(acme, path):
    return acme.paths[path][0]


def libraries_only(acme, more=""):
    """The configuration knows nothing of acme's core."""
    return (f"[packages]\nindexes_only = yes\nindexes = {acme.url('/library_index.json')}\n{more}\n"
            "[fetch]\nrounds = 1\n")


def profile(bench, acme, version="1.0.0", url="/package_acme_index.json"):
    return bench.sketch("blink", SKETCH, **{"sketch.yaml": f"""
profiles:
  bench:
    fqbn: acme:toy:toy
    platforms:
      - platform: acme:toy ({version})
        platform_index_url: {acme.url(url)}
    libraries:
      - Blue (1.2.0)
default_profile: bench
"""})


def test_a_profile_names_where_its_core_is(new_bench, acme):
    bench = new_bench(conf=libraries_only(acme))
    sketch = profile(bench, acme)
    bench.jig("build", sketch).error(EXIT_BAD_PROJECT, "acme:toy@1.0.0", "jig packages sync")
    bench.jig("packages", "sync", sketch).result
    lock = json.loads((sketch / "jig.lock").read_text())["environments"]["bench"]
    assert {p["name"]: p["version"] for p in lock} == {
        "acme:cc": "5.0", "acme:toy": "1.0.0", "Blue": "1.2.0"}
    result = bench.jig("build", sketch).result
    assert result["outcome"] == "built" and result["fqbn"] == "acme:toy:toy"
    # it is this project's alone
    bench.jig("packages", "install", "core", "acme:toy@1.1.0").error(EXIT_NOT_FOUND, "acme:toy")
    assert len(bench.jig("packages", "update").result["indexes"]) == 1


def test_builds_install_from_there_too(new_bench, acme):
    bench = new_bench(conf=libraries_only(acme, "install = yes"))
    sketch = profile(bench, acme)
    outcome = bench.jig("build", sketch)
    assert outcome.result["outcome"] == "built"
    assert [n["text"].split()[:2] for n in outcome.notices("packages.installed")] == [
        ["acme:cc", "5.0"], ["acme:toy", "1.0.0"], ["Blue", "1.2.0"]]
    # what is new there is seen, as nobody else asks that index for updates
    acme.add_platform("1.9.0")
    acme.publish()
    assert bench.jig("build", profile(bench, acme, "1.9.0")).result["outcome"] == "built"
    acme.unplug()
    bench.jig("daemon", "stop").result
    assert bench.jig("build", "--clean", sketch).result["outcome"] == "built"


def test_an_index_of_a_profile_that_is_none(new_bench, acme):
    bench = new_bench(conf=libraries_only(acme))
    acme.put("/package_bad_index.json", b"<html>")
    sketch = profile(bench, acme, url="/package_bad_index.json")
    outcome = bench.jig("packages", "sync", sketch)
    outcome.error(EXIT_BAD_PROJECT if outcome.status == EXIT_BAD_PROJECT else EXIT_NOT_FOUND, "acme:toy")
    assert outcome.notices("packages.index_failed")
    acme.put("/package_gone_index.json", b"", always=Status(404))
    outcome = bench.jig("packages", "sync", profile(bench, acme, url="/package_gone_index.json"))
    assert outcome.status != 0 and "404" in outcome.notices("packages.index_failed")[0]["text"]


@pytest.mark.parametrize("kind", ["bz2", "gz"])
def test_an_index_in_an_archive(new_bench, acme, kind):
    name = f"/package_index.tar.{kind}"
    acme.put(name, archive({"package_index.json": body(acme, "/package_acme_index.json"),
                            "package_index.json.sig": b"\x88signature"}, kind))
    conf = (f"[packages]\nindexes_only = yes\nindexes = {acme.url(name)}\n[fetch]\nrounds = 1\n")
    bench = new_bench(conf=conf)
    assert [x["outcome"] for x in bench.jig("packages", "update").result["indexes"]] == ["updated"]
    assert [x["outcome"] for x in bench.jig("packages", "update").result["indexes"]] == ["unchanged"]
    bench.jig("packages", "install", "core", "acme:toy").result
    kept = bench.folder / "cache" / "jig" / "indexes"
    assert not [p for p in kept.iterdir() if p.suffix not in (".json", ".meta", ".lock")]


@pytest.mark.parametrize("files, says", [
    ({"package_index.json": b"<html>"}, "JSON"), ({"readme": b""}, "0 .json files"),
    ({"a.json": b"{}", "b.json": b"{}"}, "2 .json files"), ({"../evil.json": b"{}"}, "../evil.json"),
    ({f"{i}": b"" for i in range(40)}, "16"), (None, "archive")])
def test_archives_that_are_no_indexes(new_bench, acme, files, says):
    conf = (f"[packages]\nindexes_only = yes\nindexes = {acme.url('/i.tar.bz2')}\n"
            "[fetch]\nrounds = 1\n")
    good = archive({"package_index.json": body(acme, "/package_acme_index.json")})
    acme.put("/i.tar.bz2", good)
    bench = new_bench(conf=conf)
    bench.jig("packages", "update").result
    acme.put("/i.tar.bz2", archive(files) if files is not None else b"BZh91AY&SY" + b"x" * 100)
    bench.jig("packages", "update").error(EXIT_INTEGRITY, "no package index", says)
    bench.jig("packages", "install", "core", "acme:toy").result  # what was there serves
    kept = bench.folder / "cache" / "jig" / "indexes"
    assert not [p for p in kept.iterdir() if p.suffix not in (".json", ".meta", ".lock")]


def test_two_indexes_that_disagree(new_bench, acme):
    acme.add_platform("2.0.0")
    acme.publish()
    acme.put("/package_same_index.json", body(acme, "/package_acme_index.json"))
    acme.platforms[-1].update(acme.keep("/other.tar.gz", b"another archive"))
    acme.put("/package_other_index.json", json.dumps({"packages": [
        {"name": "acme", "platforms": acme.platforms, "tools": acme.tools}]}).encode())
    urls = [acme.url(f"/package_{name}_index.json") for name in ("acme", "same", "other")]

    def install(version, *indexes):
        bench = new_bench(conf=f"[packages]\nindexes_only = yes\nindexes = {', '.join(indexes)}\n")
        return bench.jig("packages", "install", "core", f"acme:toy@{version}")

    for version, indexes in (("2.0.0", urls[:2]), ("1.0.0", urls)):  # nothing to be told
        outcome = install(version, *indexes)
        assert outcome.result and not outcome.notices("packages.twins")
    outcome = install("2.0.0", *urls)
    (notice,) = outcome.notices("packages.twins")
    assert notice["severity"] == "warning"
    assert notice["text"].index(urls[0]) < notice["text"].index(urls[2])
    assert outcome.result["packages"][1]["url"].endswith("/toy-2.0.0.tar.gz")
