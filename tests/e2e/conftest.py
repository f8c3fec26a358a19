"""Fixtures of the tests that drive the real programs; what they give is in support/jig_bench.py."""

import pathlib
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))

from jig_bench import ROOT, UNO, Bench  # noqa: E402 (the path is set above)

WARM = {"warm.ino": "void setup() { Serial.begin(9600); }\nvoid loop() {}\n"}


@pytest.fixture
def new_bench():
    """new_bench(**how): a bench with nothing in its cache. All are closed with the test."""
    made = []

    def make(**how):
        made.append(Bench(**how))
        return made[-1]

    yield make
    for bench in made:
        bench.close()


@pytest.fixture(scope="session")
def warm_cache(tmp_path_factory):
    """A cache that has the Uno's core."""
    bench = Bench()
    try:
        bench.build(bench.project("warm", WARM))
        bench.jig("daemon", "stop").result
        kept = tmp_path_factory.mktemp("warm") / "cache"
        (bench.folder / "cache").rename(kept)
        (bench.folder / "cache").mkdir()
    finally:
        bench.close()
    return kept


@pytest.fixture
def bench(new_bench, warm_cache):
    """A bench of the test's own whose cache has the Uno's core."""
    return new_bench(cache=warm_cache)


@pytest.fixture(scope="session")
def shared(warm_cache):
    """One bench and one daemon for all tests that only build. A test has its own project folders,
    named after it."""
    bench = Bench(conf=f"[build]\nlibraries = {ROOT}/tests/libraries\n", cache=warm_cache)
    yield bench
    bench.close()


@pytest.fixture
def name(request):
    """A folder name of the test's own."""
    return "".join(c if c.isalnum() else "_" for c in request.node.name)


@pytest.fixture(autouse=True)
def no_test_hangs():
    def ring(_number, _frame):
        raise TimeoutError("the test took three minutes")

    signal.signal(signal.SIGALRM, ring)
    signal.alarm(180)
    yield
    signal.alarm(0)
