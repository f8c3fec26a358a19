"""https: whom we believe, and what a redirect may not do."""

import hashlib
import pathlib
import subprocess

import pytest
from bad_server import BadServer, NeedsAuthorization, Redirect
from jig_bench import BIN

DATA = b"over a line that nobody reads" * 1000
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """(certificate, key) for localhost, and for nobody else."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-out", "cert.pem", "-keyout",
                    "key.pem"], cwd=folder, check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def https(certificate):
    with BadServer(tls=certificate) as server:
        server.put("/x", DATA)
        yield server


def pull(cache, url, ca="-", netrc="-"):
    done = subprocess.run([pathlib.Path(BIN) / "pull_blob", cache, "-", netrc, ca, SHA256, url],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def test_a_certificate_that_is_trusted(https, certificate, tmp_path):
    url = https.url("/x", host="localhost")
    assert pull(tmp_path / "c", url, certificate[0]).startswith("fetched")


def test_nobody_vouches_for_it(https, tmp_path):
    said = pull(tmp_path / "c", https.url("/x", host="localhost"))
    assert said.startswith("failed_precondition: cannot fetch https://localhost:")
    assert "certificate" in said
    assert https.requests == []


def test_it_is_somebody_elses(https, certificate, tmp_path):
    said = pull(tmp_path / "c", https.url("/x"), certificate[0])  # 127.0.0.1 is not localhost
    assert said.startswith("failed_precondition: ")
    assert https.requests == []


def test_no_way_back_to_http(https, certificate, tmp_path):
    with BadServer() as plain:
        plain.put("/x", DATA)
        https.put("/away", b"", always=Redirect(plain.url("/x")))
        said = pull(tmp_path / "c", https.url("/away", host="localhost"), certificate[0])
        assert said.endswith("the server redirects from https to http, to 127.0.0.1")
        assert plain.requests == []


def test_from_http_to_https_without_what_was_meant_for_the_first(https, certificate, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login us password pw\n")
    with BadServer() as plain:
        plain.put("/x", b"", always=Redirect(https.url("/x", host="localhost")))
        assert pull(tmp_path / "c", plain.url("/x"), certificate[0], netrc).startswith("fetched")
        assert plain.requests[0][2]["Authorization"] == "Basic dXM6cHc="
    assert "Authorization" not in https.requests[0][2]


def test_a_password(https, certificate, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login us password pw\n")
    https.put("/mine", DATA, always=NeedsAuthorization("Basic dXM6cHc="))
    url = https.url("/mine", host="localhost")
    assert pull(tmp_path / "a", url, certificate[0]).startswith("unauthenticated: ")
    assert pull(tmp_path / "b", url, certificate[0], netrc).startswith("fetched")
