"""Libraries out of git repositories, of which some mean no good."""

import os
import signal
import subprocess

import pytest

from bad_server import BadServer, Never, Status
from jig_bench import EXIT_NOT_FOUND, EXIT_OTHER, EXIT_USAGE, processes_of, wait_gone, wait_until
from test_lock import git, locked, pio, uses

LIBRARY = {"library.properties": "name=Sky\nversion=0.1\n", "Sky.h": "#define SKY 1\n"}


def commit(repo, message="more"):
    git(repo, "add", "--all")
    git(repo, "commit", "--allow-empty", "-m", message)
    return git(repo, "rev-parse", "HEAD")


def repository(bench, name, files=None):
    repo = bench.project(name, LIBRARY if files is None else files)
    git(repo, "init")
    commit(repo, "one")
    return repo


def add_submodule(repo, path, url, commit_id):
    """As `git submodule add` does, without asking the URL."""
    with open(repo / ".gitmodules", "a") as modules:
        modules.write(f'[submodule "{path}"]\n\tpath = {path}\n\turl = {url}\n')
    git(repo, "add", ".gitmodules")
    git(repo, "update-index", "--add", "--cacheinfo", f"160000,{commit_id},{path}")
    git(repo, "commit", "-m", "a submodule")


def install(bench, repo, ref=""):
    return bench.jig("packages", "install", "lib", f"Sky=git+file://{repo}{ref}")


def tree(bench, result):
    return bench.folder / "cache/jig/installed/libraries/Sky" / result["packages"][0]["version"] / "Sky"


@pytest.fixture
def bench(new_bench):
    return new_bench(conf="[packages]\nindexes_only = yes\n[fetch]\nallow_file = yes\n")


def test_what_is_too_much(new_bench):
    bench = new_bench(conf="[packages]\nindexes_only = yes\n[fetch]\nallow_file = yes\n"
                           "archive_mib = 1\narchive_entries = 20\n")
    noise = repository(bench, "noise")
    (noise / "noise").write_bytes(os.urandom(4 << 20))
    commit(noise)
    install(bench, noise).error(EXIT_OTHER, str(noise), "larger than")
    bomb = repository(bench, "bomb")
    (bomb / "zeros").write_bytes(bytes(3 << 20))
    commit(bomb)
    install(bench, bomb).error(EXIT_OTHER, str(bomb), "more bytes in its files")
    many = repository(bench, "many", {f"{i}.h": "" for i in range(21)})
    install(bench, many).error(EXIT_OTHER, str(many), "more files")
    halves = [repository(bench, f"half{i}", {f"{k}.h": "" for k in range(12)}) for i in range(2)]
    add_submodule(halves[0], "half1", "../half1", git(halves[1], "rev-parse", "HEAD"))
    install(bench, halves[0]).error(EXIT_OTHER, "submodule half1", "more files")
    assert bench.jig("packages", "list").result["packages"] == []
    install(bench, repository(bench, "good")).result


def test_nothing_runs_and_nothing_is_rewritten(bench):
    proof = bench.folder / "it-ran"
    home = bench.folder / "home"
    templates = home / "templates" / "hooks"
    templates.mkdir(parents=True)
    (templates / "post-checkout").write_text(f"#!/bin/sh\ntouch {proof}\n")
    (templates / "post-checkout").chmod(0o755)
    (home / ".gitconfig").write_text(
        f"[init]\n\ttemplateDir = {home}/templates\n[filter \"evil\"]\n"
        f"\tsmudge = touch {proof} && cat\n\trequired = true\n[core]\n\tautocrlf = true\n")
    repo = repository(bench, "sky", LIBRARY | {
        ".gitattributes": "*.h filter=evil ident text eol=crlf working-tree-encoding=UTF-16LE\n"})
    for path in (repo / "Sky.h",):
        blob = subprocess.run(["git", "-C", repo, "hash-object", "-w", "--no-filters", "--stdin"],
                              input=b"/* $Id$ */\n#define SKY 1\n", check=True, capture_output=True)
        git(repo, "update-index", "--cacheinfo", f"100644,{blob.stdout.decode().strip()},{path.name}")
    git(repo, "commit", "-m", "plain")
    result = install(bench, repo).result
    assert (tree(bench, result) / "Sky.h").read_bytes() == b"/* $Id$ */\n#define SKY 1\n"
    assert not proof.exists()


def test_submodules_come_along(bench):
    deep = repository(bench, "deep", {"deep.h": "#define DEEP 1\n"})
    middle = repository(bench, "middle", {"middle.h": "\n"})
    add_submodule(middle, "src/deep", "../deep", git(deep, "rev-parse", "HEAD"))
    pinned = git(middle, "rev-parse", "HEAD")
    (deep / "deep.h").write_text("#define DEEP 2\n")
    commit(deep)
    repo = repository(bench, "sky")
    add_submodule(repo, "lib/middle", f"file://{middle}", pinned)
    top = tree(bench, install(bench, repo).result)
    assert (top / "lib/middle/middle.h").exists()
    assert (top / "lib/middle/src/deep/deep.h").read_text() == "#define DEEP 1\n"
    assert not list(top.rglob(".git"))
    assert bench.jig("cache", "verify").result


@pytest.mark.parametrize("url, says", [
    ("ext::touch /tmp/x", "ext::"), ("/etc", "/etc"), ("--upload-pack=touch", "--upload-pack"),
    ("https://ann:secret@127.0.0.1/x.git", "user name or a password"),
    ("ftp://127.0.0.1/x.git", "ftp://"), ("../../nowhere", "git says")])
def test_submodules_from_nowhere_good(bench, url, says):
    repo = repository(bench, "sky")
    add_submodule(repo, "sub", url, git(repo, "rev-parse", "HEAD"))
    outcome = install(bench, repo)
    outcome.error(EXIT_OTHER, "submodule sub", says)
    assert "secret" not in outcome.out
    assert bench.jig("packages", "list").result["packages"] == []


def test_submodules_without_end(bench):
    below = repository(bench, "r0")
    for i in range(1, 10):
        repo = repository(bench, f"r{i}")
        add_submodule(repo, "sub", f"../r{i - 1}", git(below, "rev-parse", "HEAD"))
        below = repo
    install(bench, below).error(EXIT_OTHER, "deeper than 8 levels")
    install(bench, bench.projects / "r8").result


def test_a_submodule_that_nobody_names(bench):
    repo = repository(bench, "sky")
    add_submodule(repo, "sub", "../x", git(repo, "rev-parse", "HEAD"))
    (repo / ".gitmodules").write_text('[submodule "other"]\n\tpath = other\n\turl = ../x\n')
    git(repo, "add", ".gitmodules")
    git(repo, "commit", "-m", "renamed")
    install(bench, repo).error(EXIT_OTHER, "does not say where sub comes from")


def test_refs_that_are_none(bench):
    repo = repository(bench, "sky")
    for ref in ("+refs/*:refs/*", "a..b", "v1^{}", "main:refs/heads/x", "-x", "a b"):
        assert install(bench, repo, f"#{ref}").status == EXIT_USAGE
    install(bench, repo, "#nowhere").error(EXIT_NOT_FOUND, "nowhere")


def test_who_asks_for_a_password_gets_none(new_bench):
    with BadServer() as server:
        server.put("/sky.git/info/refs?service=git-upload-pack", b"",
                   always=Status(401, **{"WWW-Authenticate": 'Basic realm="x"'}))
        bench = new_bench(conf="[packages]\nindexes_only = yes\n")
        outcome = bench.jig("packages", "install", "lib", server.url("/sky.git"))
        outcome.error(EXIT_OTHER, "git says")
        assert ".netrc" in outcome.out


def test_a_repository_that_never_answers(new_bench):
    with BadServer() as server:
        server.put("/sky.git/info/refs?service=git-upload-pack", b"", always=Never())
        bench = new_bench(conf="[packages]\nindexes_only = yes\n")
        running = bench.start("packages", "install", "lib", server.url("/sky.git"))
        wait_until(lambda: server.asked("/sky.git/info/refs?service=git-upload-pack"), "git to ask")
        running.interrupt()
        assert running.finish().status == 130
        bench.wait_no_children()


def test_killed_while_git_works(new_bench):
    """Of the daemon, that is: git does not outlive it, and leaves nothing that is a library."""
    with BadServer() as server:
        url = "/sky.git/info/refs?service=git-upload-pack"
        server.put(url, b"", always=Never())
        bench = new_bench(conf="[packages]\nindexes_only = yes\n[fetch]\nallow_file = yes\n")
        pid = bench.start_daemon()
        running = bench.start("packages", "install", "lib", f"Sky={server.url('/sky.git')}#{40 * 'a'}")
        wait_until(lambda: server.asked(url), "git to ask")
        assert any("git" in line for line in bench.children().values())
        os.kill(pid, signal.SIGKILL)
        wait_gone(pid)
        assert running.finish().status != 0
        wait_until(lambda: not [x for x in processes_of(bench.folder).values() if "git" in x],
                   lambda: processes_of(bench.folder))
        assert bench.jig("packages", "list").result["packages"] == []
        install(bench, repository(bench, "sky")).result
        bench.jig("cache", "gc").result
        assert not list((bench.folder / "cache/jig/tmp").glob("*.tree"))


def test_a_tag_that_moved(new_bench, acme):
    bench = new_bench(conf=acme.conf(fetch="allow_file = yes"))
    repo = repository(bench, "Sky.repo")
    git(repo, "tag", "v1")
    first = git(repo, "rev-parse", "HEAD")
    project = pio(bench, "p", "^1.0", f"Sky=git+file://{repo}#v1", "Sky")
    assert not bench.jig("packages", "sync", project).notices("packages.tag_moved")
    assert not bench.jig("packages", "sync", project).notices("packages.tag_moved")

    (repo / "Sky.h").write_text("#define SKY 2\n")
    second = commit(repo)
    git(repo, "tag", "-f", "-a", "-m", "moved", "v1")
    outcome = bench.jig("packages", "sync", project)
    (notice,) = outcome.notices("packages.tag_moved")
    assert first in notice["text"] and second in notice["text"] and "--upgrade" in notice["text"]
    assert locked(project)["Sky"] == first
    assert uses(bench.build(project, fqbn=None)) == ["Sky 0.1"]

    bench.jig("packages", "sync", "--upgrade", project).result
    assert locked(project)["Sky"] == second
    assert not bench.jig("packages", "sync", project).notices("packages.tag_moved")
    # back again: that commit is there still
    git(repo, "tag", "-f", "v1", first)
    bench.jig("packages", "sync", "--upgrade", project).result
    assert locked(project)["Sky"] == first

    os.rename(repo, f"{repo}-gone")  # nobody to ask: what is there serves
    bench.jig("packages", "sync", project).result
    assert locked(project)["Sky"] == first
