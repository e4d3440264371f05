"""Serving over real sockets: the certificate convinces clients, stalled ones block nobody, cuts cut, stops stop."""

from __future__ import annotations

import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from agent import errors
from agent.cli import serving
from agent.web import local_ca

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Cut(Exception):
    """What the app raises to end a connection."""


def story(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A WSGI app with a path for each thing a server can get wrong."""
    path = environ["PATH_INFO"]
    if path == "/lost":
        raise Cut
    if path == "/bug":
        raise RuntimeError("a bug")
    if path == "/slow":
        time.sleep(5)
    body = environ["wsgi.input"].read() or environ["REQUEST_URI"].encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return broken_off(body) if path == "/truncated" else [body]


def broken_off(body: bytes) -> Iterator[bytes]:
    yield body[:4]
    raise Cut


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> local_ca.Certificate:
    return local_ca.ensure(tmp_path_factory.mktemp("tls"), datetime.now(UTC))


Get = Callable[..., requests.Response]


@pytest.fixture
def served(certificate: local_ca.Certificate) -> Iterator[serving.Served]:
    with serving.start(story, certificate=certificate, cut=Cut) as running:
        yield running


@pytest.fixture
def get(served: serving.Served, certificate: local_ca.Certificate) -> Iterator[Get]:
    with requests.Session() as session:
        session.trust_env, session.verify = False, str(certificate.ca_file)

        def ask(path: str, *, host: str = "localhost", **how: object) -> requests.Response:
            origin = served.origin.replace("localhost", host)
            return session.request("POST" if "data" in how else "GET", origin + path, timeout=5, **how)  # type: ignore[arg-type]

        yield ask


def port(served: serving.Served) -> int:
    return int(served.origin.rpartition(":")[2])


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_the_certificate_convinces_requests_and_ssl(get: Get, host: str) -> None:
    assert get("/a%2Fb?x=1", host=host).text == "/a%2Fb?x=1"


def test_a_client_without_the_authority_is_not_convinced(served: serving.Served) -> None:
    with (
        socket.create_connection(("127.0.0.1", port(served))) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")


def test_a_body_arrives_whole(get: Get) -> None:
    assert get("/", data=b"x" * 200_000).content == b"x" * 200_000


def test_a_kept_connection_answers_without_a_pause(get: Get) -> None:
    get("/first")
    begun = time.monotonic()
    for at in range(25):
        get(f"/{at}")
    assert time.monotonic() - begun < 25 * 0.04, "each answer waited for an acknowledgement of its first part"


def test_silent_and_half_sent_clients_block_nobody(served: serving.Served, get: Get) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    stalled = [socket.create_connection(("127.0.0.1", port(served))) for _ in range(12)]
    for _ in range(serving.THREADS + 8):
        half = context.wrap_socket(socket.create_connection(("127.0.0.1", port(served))))
        half.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf")
        stalled.append(half)
    begun = time.monotonic()
    assert get("/still/here").text == "/still/here"
    assert time.monotonic() - begun < 4
    for one in stalled[:12]:
        one.close()
    served.stop()
    assert time.monotonic() - begun < 8
    for one in stalled[12:]:
        one.close()


def test_an_answer_that_is_cut_before_it_began_is_no_answer(get: Get) -> None:
    with pytest.raises(requests.ConnectionError):
        get("/lost")
    assert get("/after").text == "/after"


def test_an_answer_that_is_cut_in_the_middle_is_truncated(get: Get) -> None:
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError), match="IncompleteRead"):
        get("/truncated")


def test_a_bug_in_the_app_is_answered_and_logged(get: Get, caplog: pytest.LogCaptureFixture) -> None:
    assert get("/bug").status_code == 500
    assert "GET /bug failed" in caplog.text


def test_a_client_that_speaks_no_http_leaves_no_noise(
    served: serving.Served, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_connection(("127.0.0.1", port(served))) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        plain.settimeout(5)
        plain.recv(100)
    assert capfd.readouterr() == ("", "")


def test_a_port_that_is_taken_is_refused_with_advice(served: serving.Served, certificate: local_ca.Certificate) -> None:
    with pytest.raises(errors.Misconfigured, match="is taken by another program") as refused:
        serving.start(story, certificate=certificate, port=port(served))
    assert "--port" in refused.value.advice


def test_an_unusable_certificate_is_refused_with_advice(tmp_path: Path) -> None:
    nothing = tmp_path / "none.pem"
    nothing.write_text("")
    with pytest.raises(errors.Misconfigured, match="cannot be used"):
        serving.start(story, certificate=local_ca.Certificate(nothing, nothing, nothing))


def test_stopping_does_not_wait_for_a_slow_answer(served: serving.Served, get: Get) -> None:
    failed = []

    def ask() -> None:
        try:
            get("/slow")
        except requests.RequestException as problem:
            failed.append(problem)

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.3)
    begun = time.monotonic()
    served.stop()
    assert time.monotonic() - begun < 6
    asking.join()
    assert failed


def test_listening_first_tells_the_address_before_anything_is_served(certificate: local_ca.Certificate) -> None:
    place = serving.listen()
    app: WSGIApplication = story
    with serving.start(app, certificate=certificate, listening=place) as served:
        answer = requests.get(f"{place.origin}/x", verify=str(certificate.ca_file), timeout=5)
    assert (served.origin, answer.text) == (place.origin, "/x")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_waiting_ends_with_a_signal(served: serving.Served, number: int) -> None:
    threading.Timer(0.3, signal.raise_signal, (number,)).start()
    earlier = signal.getsignal(number)
    served.wait()
    assert signal.getsignal(number) is earlier
