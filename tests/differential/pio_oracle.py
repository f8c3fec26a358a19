"""What PlatformIO itself makes of a project, in this process.

`describe` gives the same shape as `project_dump load`, from the installed PlatformIO's
ProjectConfig: what `pio project config` shows, asked environment by environment the way `pio run`
does, so that one broken section does not hide the others.
"""

import contextlib
import glob
import os
import signal
import time
import warnings

import click
from platformio.project.config import ProjectConfig
from platformio.project.exception import ProjectOptionValueError
from platformio.project.options import ProjectOptions

UNIX_TIME = 1700000000  # what project_dump takes
NEVER = "it never ends"
PATIENCE_S = 1.0  # for an extends cycle, in which PlatformIO runs for ever


class NeverEnds(BaseException):
    pass


@contextlib.contextmanager
def patience():
    def over(*_):
        raise NeverEnds

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def surroundings(folder, variables):
    """The folder as the current one, exactly these variables, a stopped clock, names in order."""
    cwd, environ, now, listing = os.getcwd(), dict(os.environ), time.time, glob._listdir
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    time.time = lambda: UNIX_TIME
    # glob gives names in the folder's order, which differs from disk to disk.
    glob._listdir = lambda *a, **k: sorted(listing(*a, **k))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        glob._listdir = listing
        time.time = now
        os.environ.clear()
        os.environ.update(environ)
        os.chdir(cwd)


def attempt(function):
    """(value, None), or (None, why it was refused). Anything that PlatformIO raises is a refusal:
    it shows some of them as a traceback."""
    try:
        with patience():
            return function(), None
    except NeverEnds:
        return None, NEVER
    except (Exception, click.BadParameter) as e:  # pylint: disable=broad-except
        return None, f"{type(e).__name__}: {e}"


def describe_environment(config, name):
    section = f"env:{name}"
    items, error = attempt(lambda: config.items(section))
    result = {"name": name, "options": items, "error": error, "values": {}}
    if error is None:
        for meta in ProjectOptions.values():
            if meta.scope == "env":
                result["values"][meta.name] = config.get(section, meta.name)
    return result


def describe_project(config):
    """What `pio run` asks of [platformio]: the folders and default_envs."""
    values = {}
    for meta in ProjectOptions.values():
        if meta.scope == "platformio" and (meta.name.endswith("_dir") or meta.name == "default_envs"):
            values[meta.name] = config.get("platformio", meta.name)
    config.options("platformio")
    return values


def load(path):
    config = ProjectConfig(path)
    names = config.envs()
    if not names:
        raise ValueError("no environments")
    for name in names:
        if not ProjectConfig.ENVNAME_RE.match(name):
            raise ValueError(f"bad environment name {name!r}")
    unknown = set(config.default_envs()) - set(names)
    if unknown:
        raise ValueError(f"unknown default environments {unknown}")
    return config, describe_project(config)


def describe(folder, variables):
    with surroundings(folder, variables):
        loaded, error = attempt(lambda: load(os.path.join(os.getcwd(), "platformio.ini")))
        if error is not None:
            return {"error": error}
        config, values = loaded
        defaults = config.default_envs()
        return {
            "environments": [describe_environment(config, name) for name in config.envs()],
            "defaults": [n for n in config.envs() if not defaults or n in defaults],
            "values": values,
            "warnings": config.warnings,
        }


__all__ = ["NEVER", "ProjectOptionValueError", "describe"]
