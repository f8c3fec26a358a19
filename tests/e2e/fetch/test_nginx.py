"""nginx as a remote cache and as an origin: what real servers do with our requests."""

import hashlib
import pathlib
import subprocess

import pytest
from jig_bench import BIN
from nginx_server import Nginx

DATA = bytes(range(256)) * 8192  # 2 MiB: more than fits in a request's first packets
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def nginx(tmp_path):
    server = Nginx(tmp_path)
    yield server
    server.close()


def pull(cache, remote, *urls, netrc="-", sha256=SHA256):
    done = subprocess.run([pathlib.Path(BIN) / "pull_blob", cache, remote, netrc, "-", sha256, *urls],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def blob(cache):
    return cache / "blobs" / "sha256" / SHA256[:2] / SHA256


def put_origin(nginx):
    (nginx.www / "fixed").mkdir()
    (nginx.www / "fixed" / "x").write_bytes(DATA)
    return nginx.url("/fixed/x")


def test_what_one_machine_fetches_another_finds(nginx, tmp_path):
    origin, remote = put_origin(nginx), nginx.url("/jig")
    assert pull(tmp_path / "a", remote, origin) == "fetched hits 0 misses 1 failures 0 sent 1"
    assert (nginx.www / "jig" / "cas" / SHA256).read_bytes() == DATA
    assert pull(tmp_path / "b", remote + "/") == "fetched hits 1 misses 0 failures 0 sent 0"
    assert blob(tmp_path / "b").read_bytes() == DATA
    assert pull(tmp_path / "b", remote) == "cached hits 0 misses 0 failures 0 sent 0"
    put = [("HEAD", f"/jig/cas/{SHA256}", 404), ("PUT", f"/jig/cas/{SHA256}", 201)]
    assert [a for a in nginx.asked() if a[0] in ("HEAD", "PUT")] == put


def test_goes_on_by_range(nginx, tmp_path):
    origin = put_origin(nginx)
    (tmp_path / "a" / "tmp").mkdir(parents=True)
    (tmp_path / "a" / "tmp" / f"{SHA256}.part").write_bytes(DATA[:1000000])
    assert pull(tmp_path / "a", "-", origin).startswith("fetched")
    assert blob(tmp_path / "a").read_bytes() == DATA
    assert nginx.asked() == [("GET", "/fixed/x", 206)]


def test_a_damaged_entry_is_fetched_from_its_origin(nginx, tmp_path):
    origin, remote = put_origin(nginx), nginx.url("/jig")
    (nginx.www / "jig" / "cas").mkdir(parents=True)
    (nginx.www / "jig" / "cas" / SHA256).write_bytes(DATA[:-1] + b"x")
    assert pull(tmp_path / "a", remote, origin) == "fetched hits 0 misses 0 failures 1 sent 0"
    assert blob(tmp_path / "a").read_bytes() == DATA
    assert pull(tmp_path / "b", remote).startswith("data_loss: ")
    assert not blob(tmp_path / "b").exists()


def test_what_it_refuses_is_nobodys_failure(nginx, tmp_path):
    origin = put_origin(nginx)
    for remote in (nginx.url("/small"), nginx.url("/fixed")):  # too large; not allowed at all
        cache = tmp_path / remote.rpartition("/")[2]
        assert pull(cache, remote, origin) == "fetched hits 0 misses 1 failures 0 sent 0"
        assert blob(cache).read_bytes() == DATA


def test_names_and_passwords(nginx, tmp_path):
    origin, remote = put_origin(nginx), nginx.url("/mine")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login us password pw\n")
    assert pull(tmp_path / "a", remote, origin) == "fetched hits 0 misses 0 failures 0 sent 0"
    assert pull(tmp_path / "b", remote, origin, netrc=netrc).endswith("misses 1 failures 0 sent 1")
    assert pull(tmp_path / "c", remote, netrc=netrc).endswith("hits 1 misses 0 failures 0 sent 0")
    assert pull(tmp_path / "d", remote).startswith("unauthenticated: ")


def test_it_is_gone(nginx, tmp_path):
    origin, remote = put_origin(nginx), "http://127.0.0.1:9/jig"  # discard: nobody listens there
    assert pull(tmp_path / "a", remote, origin) == "fetched hits 0 misses 0 failures 1 sent 0"
    assert blob(tmp_path / "a").read_bytes() == DATA
