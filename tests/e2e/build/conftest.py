"""What tests of pointers share."""

import pytest

from pointers import UNO, Server, pointer


@pytest.fixture
def server():
    made = Server()
    yield made
    made.close()


@pytest.fixture
def project(bench, server):
    """project(ini, files, pointers): files as they are, and pointers to contents that are served."""
    def make(ini, files, pointers):
        folder = bench.projects / "places"
        for name, text in {"platformio.ini": UNO + ini, **files}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        for name, body in pointers.items():
            path = folder / f"{name}.lnk"
            path.parent.mkdir(parents=True, exist_ok=True)
            more = {"extract": "zip"} if body[:2] == b"PK" else {}
            path.write_text(pointer(server.put(name, body), body, **more))
        return folder
    return make


@pytest.fixture
def put(server):
    """put(folder, name, body): a pointer at folder/name.lnk to what is served from now on."""
    def write(folder, name, body):
        path = folder / f"{name}.lnk"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(pointer(server.put(name, body), body))
        return path
    return write
