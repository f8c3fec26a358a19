"""nginx as a remote cache and as an origin: what real servers do with our requests."""

import hashlib
import os
import pathlib
import shutil
import socket
import subprocess

import pytest
from jig_bench import BIN

DATA = bytes(range(256)) * 8192  # 2 MiB: more than fits in a request's first packets
SHA256 = hashlib.sha256(DATA).hexdigest()

CONF = """
pid {0}/nginx.pid; error_log {0}/error.log; daemon off; worker_processes 1; user {2};
events {{ worker_connections 64; }}
http {{
    access_log {0}/access.log;
    client_body_temp_path {0}/t1; proxy_temp_path {0}/t2; fastcgi_temp_path {0}/t3;
    uwsgi_temp_path {0}/t4; scgi_temp_path {0}/t5;
    server {{
        listen 127.0.0.1:{1};
        root {0}/www;
        location /jig/ {{ dav_methods PUT; create_full_put_path on; client_max_body_size 8m; }}
        location /small/ {{ dav_methods PUT; create_full_put_path on; client_max_body_size 1m; }}
        location /mine/ {{
            dav_methods PUT; create_full_put_path on; client_max_body_size 8m;
            auth_basic jig; auth_basic_user_file {0}/users;
        }}
        location /fixed/ {{ }}
    }}
}}
"""


class Nginx:
    def __init__(self, folder):
        self.folder = folder
        self.www = folder / "www"
        self.www.mkdir()
        user = "root" if os.getuid() == 0 else "nobody"  # ignored unless root starts it
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        (folder / "conf").write_text(CONF.format(folder, self.port, user))
        (folder / "users").write_text("us:{PLAIN}pw\n")
        nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin")
        self.process = subprocess.Popen([nginx, "-e", folder / "error.log", "-c", folder / "conf"],
                                        stdin=subprocess.DEVNULL)
        while True:  # a few milliseconds
            assert self.process.poll() is None, (folder / "error.log").read_text()
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                continue

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def asked(self):
        """(method, path, status) of each request."""
        lines = (self.folder / "access.log").read_text().splitlines()
        words = [line.split('"') for line in lines]
        return [(*w[1].split()[:2], int(w[2].split()[0])) for w in words]

    def close(self):
        self.process.terminate()
        self.process.wait()


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
