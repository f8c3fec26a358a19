"""What the command line's tests share: a bench whose daemon is the real one, and one whose daemon
says what the test tells it to."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from fake_jigd import FakeJigd  # noqa: E402 (the path is set above)


@pytest.fixture
def bench(new_bench):
    """A bench of the test's own, nothing in its cache."""
    return new_bench()


@pytest.fixture
def fake(bench):
    """A fake daemon that bench's jig talks to."""
    with FakeJigd(bench.folder / "fake.sock") as fake:
        bench.env["JIG_HOST"] = fake.url
        yield fake
        del bench.env["JIG_HOST"]
