"""Fixtures of the tests of the emulated boards; what they give is in uno_bench.py."""

import signal

import pytest

from uno_bench import Emulator, Program


@pytest.fixture(autouse=True)
def no_test_hangs():
    def ring(_number, _frame):
        raise TimeoutError("the test took two minutes")

    signal.signal(signal.SIGALRM, ring)
    signal.alarm(120)
    yield
    signal.alarm(0)


@pytest.fixture
def start(tmp_path):
    """start(*options, name="a"): an emulator in a folder of that name. `program` is flashed first."""
    running = []

    def start_one(*options, name="a", program=None, **more):
        folder = tmp_path / name
        folder.mkdir(mode=0o700, exist_ok=True)
        if program is not None:
            (folder / "flash").write_bytes(program.image)
        emulator = Emulator(folder, *options, **more)
        running.append(emulator)
        return emulator

    yield start_one
    for emulator in running:
        if emulator.process.poll() is None:
            emulator.process.kill()
            emulator.process.wait()
        for stream in (emulator.process.stdin, emulator.process.stdout, emulator.process.stderr):
            stream.close()


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    """program("hello", BAUD=9600): built once a session."""
    folder = tmp_path_factory.mktemp("firmware")
    built = {}

    def build(name, **defines):
        defines.setdefault("BAUD", 115200)
        key = (name, *sorted(defines.items()))
        if key not in built:
            built[key] = Program(folder, name, **defines)
        return built[key]

    return build
