"""platformio.ini as jig reads it, against PlatformIO itself.

Fixed cases are in tests/vectors/platformio: NAME.ini, or a folder NAME with a platformio.ini, other
files, and `variables` (NAME=VALUE lines) for the environment of the request. Random ones come from
ini_generator.py with seeds that the test's name tells. Both tools have to take a project, or both
refuse it; and what they take has to be the same value by value.
"""

import os
import shutil

import click
import pytest
from ini_generator import Generator
from pio_oracle import NEVER, describe
from platformio.project.options import ProjectOptions

VECTORS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "vectors",
                       "platformio")
HOME = "/home/somebody"
RANDOM = 400
A_TEST = 20  # random projects in one test

# What jig refuses and PlatformIO takes, by the words of jig's message. See docs/platformio.md.
REFUSED_HERE_ALONE = ("goes round in circles", "there is a NUL byte")


def has_value(option):
    return option is not None and option != []


def compare_environment(ours, theirs, trouble):
    where = f"[env:{theirs['name']}]"
    if (theirs["error"] is None) != ("error" not in ours):
        trouble.append(f"{where}: PlatformIO: {theirs['error']}; jig: {ours.get('error')}")
        return
    if theirs["error"] is not None:
        return
    options = [(name, value) for name, value in ours["options"]]
    if options != [(name, value) for name, value in theirs["options"]]:
        trouble.append(f"{where}: PlatformIO: {theirs['options']}\n jig: {options}")
    by_name = dict(ours["defaults"])
    for name, value in options:
        meta = ProjectOptions.get(f"env.{name}") or next(
            (m for m in ProjectOptions.values() if m.scope == "env" and name in (m.oldnames or [])),
            None)
        by_name[meta.name if meta else name] = value
    for name, value in theirs["values"].items():
        here = by_name.get(name)
        if (has_value(here) or has_value(value)) and here != value:
            trouble.append(f"{where} {name}: PlatformIO: {value!r}; jig: {here!r}")


def compare(dump, folder, variables):
    """Every difference, in words."""
    variables = {"HOME": HOME, **variables}
    ours = dump("load", str(folder), *(f"{k}={v}" for k, v in variables.items()))
    theirs = describe(str(folder), variables)
    if "error" in ours and any(w in ours["error"]["message"] for w in REFUSED_HERE_ALONE):
        return []
    if ("error" in theirs) != ("error" in ours):
        return [f"PlatformIO: {theirs.get('error')}; jig: {ours.get('error')}"]
    if "error" in theirs:
        return []
    trouble = []
    names = [e["name"] for e in theirs["environments"]]
    if [e["name"] for e in ours["environments"]] != names:
        return [f"environments: PlatformIO: {names}; jig: {ours['environments']}"]
    defaults = [e["name"] for e in ours["environments"] if e["default"]]
    if defaults != theirs["defaults"]:
        trouble.append(f"default: PlatformIO: {theirs['defaults']}; jig: {defaults}")
    here = {**dict(ours["defaults"]), **dict(ours["options"])}
    for old, new in (("env_default", "default_envs"), ("home_dir", "core_dir")):
        if old in here:
            here[new] = here[old]
    for name, value in theirs["values"].items():
        if (has_value(here.get(name)) or has_value(value)) and here.get(name) != value:
            trouble.append(f"{name}: PlatformIO: {value!r}; jig: {here.get(name)!r}")
    for a, b in zip(ours["environments"], theirs["environments"]):
        compare_environment(a, b, trouble)
    return trouble


def vectors():
    return sorted(os.listdir(VECTORS))


def read_variables(path):
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as f:
        return dict(line.rstrip("\n").split("=", 1) for line in f if line.strip())


@pytest.mark.parametrize("name", vectors())
def test_vector(dump, tmp_path, name):
    source = os.path.join(VECTORS, name)
    folder = tmp_path / "project"
    if os.path.isdir(source):
        shutil.copytree(source, folder)
    else:
        folder.mkdir()
        shutil.copy(source, folder / "platformio.ini")
    trouble = compare(dump, folder, read_variables(os.path.join(folder, "variables")))
    assert not trouble, "\n".join(trouble)


@pytest.mark.parametrize("first", range(0, RANDOM, A_TEST))
def test_random(dump, tmp_path, first):
    taken = 0
    for seed in range(first, first + A_TEST):
        folder = tmp_path / str(seed)
        variables = Generator(seed).write(folder)
        trouble = compare(dump, folder, variables)
        text = (folder / "platformio.ini").read_bytes().decode(errors="replace")
        assert not trouble, f"seed {seed}, {variables}:\n" + "\n".join(trouble) + f"\n{text}"
        taken += "error" not in dump("load", str(folder), f"HOME={HOME}")
    assert taken > 0, "no random project is valid: the generator shows nothing"


def kind_of(meta):
    if meta.validate:
        return "dir"
    names = {click.types.IntParamType: "int", click.types.IntRange: "int",
             click.types.BoolParamType: "bool", click.Choice: "choice", click.Path: "file"}
    return names.get(type(meta.type), "string")


def test_table_of_options(dump):
    """core/config/pio_options.c has what the installed PlatformIO has; defaults show in values."""
    theirs = [{
        "scope": m.scope,
        "name": m.name,
        "type": kind_of(m),
        "list": m.multiple,
        "variable": m.sysenvvar or "",
        "zero_or_one": isinstance(m.type, click.IntRange) and (m.type.min, m.type.max) == (0, 1),
        "old_names": list(m.oldnames or []),
        "choices": list(m.type.choices) if isinstance(m.type, click.Choice) else [],
    } for m in ProjectOptions.values()]
    assert dump("options") == theirs


def test_extends_cycle_never_ends_there(dump, tmp_path):
    """Why a cycle is an error here: PlatformIO does not come back from one."""
    (tmp_path / "platformio.ini").write_text("[a]\nextends = b\n[b]\nextends = a\n"
                                             "[env:x]\nextends = a\n")
    theirs = describe(str(tmp_path), {"HOME": HOME})
    assert theirs["environments"][0]["error"] == NEVER
    ours = dump("load", str(tmp_path), f"HOME={HOME}")
    assert "a -> b -> a" in ours["environments"][0]["error"]["message"]


def test_vectors_are_many_and_of_both_kinds(dump, tmp_path):
    """The fixed cases hold enough that is taken and enough that is refused."""
    counts = {True: 0, False: 0}
    for name in vectors():
        source = os.path.join(VECTORS, name)
        folder = tmp_path / name
        if os.path.isdir(source):
            shutil.copytree(source, folder)
        else:
            folder.mkdir()
            shutil.copy(source, folder / "platformio.ini")
        ours = dump("load", str(folder), f"HOME={HOME}")
        good = "error" not in ours and all("error" not in e for e in ours["environments"])
        counts[good] += 1
    assert counts[True] >= 40 and counts[False] >= 20, counts
