"""What is said about the command line, in all the places where it is said: help, completion, the
manual page, the documents, and libjig's headers."""

import os
import re
import shutil
import subprocess

import pytest

from fake_jigd import FakeJigd, operation
from jig_bench import BIN, BUILD, ROOT

MAN = ROOT / "docs" / "man" / "jig.1"


def jig(*words, **options):
    return subprocess.run([BIN / "jig", *words], capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, **options)


def commands():
    """Every command's words, as `jig help` lists them."""
    text = jig("help").stdout.split("Commands:\n")[1].split("\n\n")[0]
    found = []
    for line in text.splitlines():
        words = re.match(r"  ((?:[a-z]+ ?)+)", line).group(1).split()
        if words[0] not in ("devices", "packages", "lnk", "ops", "cache", "daemon"):
            words = words[:1]
        found.append(tuple(words[:2]))
    return found


def options(*words):
    """The long options of a command, its own ones and those of every command."""
    text = jig("help", *words).stdout
    own, _, common = text.partition("Options of every command:")
    pick = lambda part: re.findall(r"^  (?:-.,|   ) --([a-z-]+)", part, re.MULTILINE)  # noqa: E731
    return pick(own), pick(common)


COMMANDS = commands()


def test_there_are_all_commands():
    assert {" ".join(c) for c in COMMANDS} == {
        "build", "deploy", "monitor", "project", "devices list", "devices show", "devices watch",
        "packages update", "packages install", "packages list", "packages remove",
        "packages sync",
        "lnk add", "lnk pull", "lnk check", "ops list", "ops show", "ops follow", "ops cancel", "cache stats", "cache gc", "cache verify", "cache pin",
        "cache unpin", "daemon start", "daemon stop", "daemon status", "daemon stats", "daemon logs", "call", "help", "completion"}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_of(words):
    one = jig("help", *words)
    assert (one.returncode, one.stderr) == (0, "")
    assert jig(*words, "--help").stdout == one.stdout
    assert jig("-h", *words).stdout == one.stdout
    assert f"Usage: jig {' '.join(words)}" in one.stdout
    assert max(map(len, one.stdout.splitlines())) <= 110


def test_help_of_groups_and_nonsense():
    assert "devices watch" in jig("help", "devices").stdout
    assert "build" not in jig("help", "devices").stdout
    assert jig("devices").returncode == 2
    done = jig("help", "biuld")
    assert (done.returncode, done.stdout) == (2, "")
    assert "jig help build" in done.stderr
    assert jig("help", "build", "x").returncode == 2
    assert jig().returncode == 2
    assert jig("--version").stdout == jig("build", "--version").stdout
    assert jig("--version").stdout.startswith("jig 0.")


# ----------------------------------------------------------------------------------- completion


@pytest.mark.parametrize("shell, file", [("bash", "jig.bash"), ("zsh", "_jig")])
def test_completion_files_are_what_jig_prints(shell, file):
    """If not: jig completion SHELL > data/completions/FILE."""
    assert (ROOT / "data" / "completions" / file).read_text() == jig("completion", shell).stdout


def complete(line, **env):
    """What bash offers for the line, cursor at its end."""
    script = f"""
        source '{ROOT}/data/completions/jig.bash'
        COMP_LINE=$1 COMP_POINT=${{#1}}
        read -r -a COMP_WORDS <<<"$1"
        [[ $1 == *' ' ]] && COMP_WORDS+=('')
        COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        _jig 2>/dev/null
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-u", "-c", script, "bash", line], capture_output=True,
                          text=True, check=True, env={"PATH": f"{BIN}:/usr/bin:/bin", **env})
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_completion():
    assert complete("jig b") == ["build"]
    assert complete("jig --json de") == ["deploy", "devices"][:1] + ["devices"]
    assert complete("jig devices ")[:3] == ["list", "show", "watch"]
    assert complete("jig --host x ops f") == ["follow"]
    assert complete("jig build --ex") == ["--explain"]
    assert complete("jig deploy --trust ") == ["session", "verify", "none"]
    assert complete("jig deploy --trust v") == ["verify"]
    assert complete("jig completion ") == ["bash", "zsh"]
    assert complete("jig help op") == ["ops"]
    assert complete("jig build --jobs ") == []
    assert complete("jig build /usr/shar") == ["/usr/share"]


def test_bash_completion_knows_every_option():
    for words in COMMANDS:
        own, common = options(*words)
        assert sorted(complete(f"jig {' '.join(words)} --")) == \
            sorted(f"--{name}" for name in own + common)


def test_bash_completion_of_devices(bench, fake):
    fake.answers["ListDevices"] = {"devices": [{"id": "emulated:uno"}, {"id": "usb:2341:0043:1"}]}
    env = {"JIG_HOST": fake.url, "HOME": bench.env["HOME"]}
    assert complete("jig monitor -d ", **env) == ["emulated:uno", "usb:2341:0043:1"]
    # readline parts words at ':': what it has already must not be said again
    assert complete("jig monitor -d emulated:", **env) == ["uno"]
    assert complete("jig devices show usb:2341:0", **env) == ["0043:1"]


def test_bash_completion_starts_no_daemon(bench):
    assert complete("jig monitor -d ", **bench.env) == []
    assert bench.daemon_pid() is None


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_bash_completion_is_clean():
    done = subprocess.run(["shellcheck", ROOT / "data" / "completions" / "jig.bash"],
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_completion_parses():
    subprocess.run(["zsh", "-n", ROOT / "data" / "completions" / "_jig"], check=True)


# ------------------------------------------------------------------------------------ documents


def manual():
    return MAN.read_text()


def test_manual_has_every_command_and_option():
    text = manual()
    headings = re.findall(r"^\.Ss ([a-z ]+)", text, re.MULTILINE)
    words = {" ".join(h.split()) for h in headings}
    for command in COMMANDS:
        assert any(w == " ".join(command) or w.startswith(" ".join(command) + " ") for w in words), \
            command
        own, common = options(*command)
        for name in own + common:
            assert f"Fl Fl {name}" in text, f"--{name}"
    for short in re.findall(r"^  -(.),", jig("help", "deploy").stdout, re.MULTILINE):
        assert re.search(rf"Fl {short}\b", text), short


def test_manual_says_nothing_of_other_options():
    there = {name for words in COMMANDS for part in options(*words) for name in part}
    assert set(re.findall(r"Fl Fl ([a-z-]+)", manual())) <= there


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_manual_formats_without_a_warning():
    done = subprocess.run(["groff", "-mandoc", "-ww", "-Tutf8", MAN], capture_output=True,
                          text=True, check=True)
    assert done.stderr == ""
    assert "JIG(1)" in done.stdout


def test_documents_agree_on_exit_statuses():
    page = (ROOT / "docs" / "cli.md").read_text()
    in_page = re.findall(r"^\| (\d+) \|", page, re.MULTILINE)
    section = manual().split(".Sh EXIT STATUS")[1].split(".Sh ")[0]
    assert re.findall(r"^\.It (\d+)$", section, re.MULTILINE) == in_page
    header = (ROOT / "client" / "cli" / "exit.h").read_text()
    assert re.findall(r"CLI_EXIT_\w+ = (\d+)", header) == in_page


# --------------------------------------------------------------------------------------- libjig


def test_libjig_shows_what_its_headers_declare():
    declared = set()
    for header in (ROOT / "client" / "include" / "jig").glob("*.h"):
        text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.DOTALL)
        text = re.sub(r"static inline.*?\n}", "", text, flags=re.DOTALL)
        declared |= set(re.findall(r"\b(jig_\w+)\(", text))
    declared -= {"jig_ready_fn"}
    shown = subprocess.run(["nm", "-D", "--defined-only", BUILD / "client" / "lib" / "libjig.so"],
                           capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r" T (\w+)", shown)) == declared


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The program in docs/libjig.md, compiled as its reader would."""
    folder = tmp_path_factory.mktemp("example")
    text = (ROOT / "docs" / "libjig.md").read_text()
    (folder / "example.c").write_text(re.search(r"```c\n(.*?)```", text, re.DOTALL).group(1))
    lib = BUILD / "client" / "lib"
    subprocess.run(["gcc", "-std=c11", "-pedantic", "-Wall", "-Wextra", "-Werror", "example.c",
                    "-o", "example", f"-I{ROOT}/client/include", f"-L{lib}", f"-Wl,-rpath,{lib}",
                    "-ljig"], cwd=folder, check=True)
    return folder / "example"


@pytest.mark.skipif("fsanitize" in (BUILD / "build.ninja").read_text(), reason="needs a plain build")
def test_libjig_example(bench, example):
    """It talks to the user's own daemon; a fake one stands in its place."""
    os.makedirs(bench.socket.parent, mode=0o700)
    with FakeJigd(bench.socket) as fake:
        build = {"outcome": "OUTCOME_UP_TO_DATE", "flashBytes": "1006"}
        fake.answers["StartBuild"] = {"operation": operation("SUCCEEDED", builds=[build])}
        done = subprocess.run([example], env=bench.env, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "1006 bytes\n", "")
        assert fake.requests("StartBuild")[0]["project"]["directory"] == "/home/ann/blink"
    bench.socket.unlink()
