"""Disks that are full, folders that cannot be written."""

import os
import shutil
import subprocess

import pytest

from jig_bench import UNO, has_text, sha256

SKETCH = 'void setup() { Serial.begin(9600); Serial.println(F("mark-one")); }\nvoid loop() {}\n'


def may_mount():
    probe = subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"],
                           capture_output=True, check=False)
    return probe.returncode == 0


needs_mount = pytest.mark.skipif(not may_mount(), reason="this machine lets nobody mount in a "
                                 "namespace of his own")


class Mounts:
    """A mount namespace of its own: bench commands enter it, and it ends with the test."""

    def __init__(self):
        self.shell = subprocess.Popen(["unshare", "-rm", "sh"], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
        self.run("true")
        self.enter = ["nsenter", "--preserve-credentials", "-U", "-m", "-t", str(self.shell.pid)]

    def run(self, line):
        self.shell.stdin.write(f"{line}; echo status $?\n")
        self.shell.stdin.flush()
        while True:
            said = self.shell.stdout.readline()
            assert said, line
            if said.startswith("status"):
                assert said.split()[1] == "0", line
                return

    def path(self, path):
        """The path as seen from outside."""
        return f"/proc/{self.shell.pid}/root{path}"

    def end(self):
        self.shell.stdin.close()
        self.shell.wait()
        self.shell.stdout.close()


@pytest.fixture
def mounts(new_bench):  # ends after the benches that are in it
    made = Mounts()
    yield made
    made.end()


@pytest.fixture
def inside(mounts, new_bench, warm_cache):
    """A bench in the namespace: `jig`, and the daemon that it starts."""
    bench = new_bench(cache=warm_cache, enter=mounts.enter)
    # Its working folder is the namespace's own view.
    bench.enter = [*mounts.enter, f"--wd={bench.folder}"]
    yield bench
    bench.close()
    bench.close = lambda: None


@needs_mount
@pytest.mark.parametrize("kilobytes", [8, 60, 200, 500])
def test_full_disk(inside, mounts, kilobytes):
    """The build folder's disk is full at different moments of the build."""
    folder = inside.sketch("s", SKETCH)
    disk = inside.folder / "disk"
    disk.mkdir()
    mounts.run(f"mount -t tmpfs -o size=16m none {disk}")
    mounts.run(f"head -c {16 * 1024 - kilobytes}K /dev/zero > {disk}/filler")
    outcome = inside.jig("build", folder, "--fqbn", UNO, "--build-dir", disk)
    assert outcome.status in (6, 12), str(outcome)
    error = outcome.error(outcome.status)
    said = outcome.out.lower()
    assert "no space left" in said or "disk is full" in said, outcome
    assert str(disk) in error["message"] + outcome.out
    # With room, the same daemon builds on as if nothing had been.
    mounts.run(f"rm {disk}/filler")
    assert inside.build(folder, "--build-dir", disk)["outcome"] == "built"
    assert inside.build(folder, "--walk", "--build-dir", disk)["outcome"] == "up_to_date"


@needs_mount
def test_full_cache_disk(inside, mounts):
    """A cache that cannot be written is no reason to fail."""
    folder = inside.sketch("s", SKETCH)
    shutil.rmtree(inside.folder / "cache" / "jig", ignore_errors=True)
    mounts.run(f"mount -t tmpfs -o size=120k none {inside.folder}/cache")
    first = inside.build(folder)
    assert first["outcome"] == "built" and first["compiled"] > 20
    assert inside.build(folder, "--walk")["outcome"] == "up_to_date"


@needs_mount
def test_read_only_project(inside, mounts):
    folder = inside.sketch("s", SKETCH)
    mounts.run(f"mount --bind {folder} {folder} && mount -o remount,bind,ro {folder}")
    error = inside.jig("build", folder, "--fqbn", UNO)
    assert error.status in (9, 12), str(error)
    line = error.error(error.status, str(folder), "--build-dir")
    assert "read-only" in line["message"].lower()
    elsewhere = inside.folder / "elsewhere"
    assert inside.build(folder, "--build-dir", elsewhere)["outcome"] == "built"


def test_write_that_finds_no_space(bench):
    """/dev/full stands for the linker's output: every write to it finds the disk full."""
    folder = bench.sketch("s", SKETCH)
    first = bench.build(folder)
    elf = first["artifacts"]["elf"]
    os.unlink(elf)
    os.symlink("/dev/full", elf)
    (folder / "s.ino").write_text(SKETCH.replace("mark-one", "mark-two"))
    outcome = bench.jig("build", folder, "--fqbn", UNO)
    if outcome.status == 0:  # what is in the way of an output is put away first
        assert has_text(outcome.result, "mark-two")
    else:
        outcome.error(6)
    shutil.rmtree(folder / ".jig")
    assert has_text(bench.build(folder), "mark-two")


def test_file_in_place_of_the_build_folder(bench):
    folder = bench.sketch("s", SKETCH)
    (folder / ".jig").write_text("not a folder\n")
    outcome = bench.jig("build", folder, "--fqbn", UNO)
    assert outcome.status in (3, 9, 12), str(outcome)
    outcome.error(outcome.status, str(folder / ".jig"), "--build-dir")
    assert (folder / ".jig").read_text() == "not a folder\n"
    (folder / ".jig").unlink()
    assert bench.build(folder)["outcome"] == "built"


def test_folder_in_place_of_an_output(bench):
    folder = bench.sketch("s", SKETCH)
    before = bench.build(folder)
    os.unlink(before["artifacts"]["hex"])
    os.makedirs(os.path.join(before["artifacts"]["hex"], "full"))
    outcome = bench.jig("build", folder, "--fqbn", UNO)
    if outcome.status != 0:
        outcome.error(6, "s.ino.hex")
        shutil.rmtree(before["artifacts"]["hex"])
    assert sha256(bench.build(folder)["artifacts"]["hex"])


def where_modes_count():
    """Words before a command: files' modes mean nothing to root, unless these capabilities are gone."""
    if os.geteuid() != 0:
        return ()
    gone = "-dac_override,-dac_read_search"
    return ["setpriv", f"--bounding-set={gone}", f"--inh-caps={gone}", "--"]


def test_unwritable_build_folder(new_bench, warm_cache):
    bench = new_bench(cache=warm_cache, enter=where_modes_count())
    folder = bench.sketch("s", SKETCH)
    os.chmod(folder, 0o555)
    try:
        outcome = bench.jig("build", folder, "--fqbn", UNO)
        error = outcome.error(9, str(folder / ".jig"), "--build-dir")
        assert error["code"] == "permission_denied"
        assert bench.build(folder, "--build-dir", bench.folder / "elsewhere")["outcome"] == "built"
    finally:
        os.chmod(folder, 0o755)


def test_source_that_may_not_be_read(new_bench, warm_cache):
    bench = new_bench(cache=warm_cache, enter=where_modes_count())
    folder = bench.sketch("s", SKETCH)
    os.chmod(folder / "s.ino", 0)
    outcome = bench.jig("build", folder, "--fqbn", UNO)
    assert outcome.status in (3, 9), str(outcome)
    outcome.error(outcome.status, str(folder / "s.ino"))
