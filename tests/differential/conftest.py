"""Where the programs under test are, and how they are called."""

import json
import os
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("JIG_BUILD_DIR", os.path.join(ROOT, "build", "dev"))


class Dump:
    """tests/support/project_dump."""

    def __init__(self, path):
        self.path = path

    def __call__(self, *words):
        done = subprocess.run([self.path, *words], capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return json.loads(done.stdout)


@pytest.fixture(scope="session")
def dump():
    path = os.path.join(BUILD, "bin", "project_dump")
    assert os.path.exists(path), f"{path} is not built"
    return Dump(path)
