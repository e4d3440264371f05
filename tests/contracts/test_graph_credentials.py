"""How a registration proves itself: certificates, federated tokens, the machine's identity, and whom it trusts."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from agent import errors, graph
from agent.domain import facts, secrets
from agent.graph import passes
from tests.contracts import graph_side
from tests.contracts.graph_side import PERSON_ID, OddTenant, Reply

NO_ROWS = Reply('{"value": []}')
IN_AN_HOUR = int((datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)).timestamp())
MACHINE = {"access_token": "of-the-machine", "expires_in": "3599", "expires_on": str(IN_AN_HOUR)}
VARIABLES = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "AZURE_POD_IDENTITY_AUTHORITY_HOST")


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    for name in VARIABLES:
        os.environ.pop(name, None)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def raw(body: Mapping[str, str], status: str = "200 OK") -> bytes:
    text = json.dumps(body).encode()
    return f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text


def only(**credential: object) -> dict[str, graph.Credential]:
    """The one registration that reads."""
    return {"watcher": graph.Credential("watcher-app", **credential)}  # type: ignore[arg-type]


def as_pfx(pem: Path, pfx: Path, passphrase: bytes | None) -> None:
    content = pem.read_bytes()
    key = serialization.load_pem_private_key(content, None)
    certificate = x509.load_pem_x509_certificate(content)
    locked: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        locked = serialization.BestAvailableEncryption(passphrase)
    pfx.write_bytes(pkcs12.serialize_key_and_certificates(b"tapslip", key, certificate, None, locked))  # type: ignore[arg-type]


@pytest.mark.parametrize("passphrase", [None, b"open sesame"])
def test_a_pfx_file_gets_a_token_as_a_pem_file_does(tmp_path: Path, passphrase: bytes | None) -> None:
    certificate = graph_side.self_signed(tmp_path / "own.pem")
    as_pfx(tmp_path / "own.pem", tmp_path / "own.pfx", passphrase)
    with graph_side.on_sandbox(at=datetime.datetime.now(datetime.UTC)) as side:
        registrations = side.sandbox.tenant.directory.registrations.values()
        watcher = next(each for each in registrations if each.name == "watcher")
        watcher.certificate = certificate
        word = secrets.Secret(passphrase.decode()) if passphrase else None
        held = graph.Credential(watcher.app_id, certificate_file=str(tmp_path / "own.pfx"), passphrase=word)
        connection = graph_side.sandbox_connection(side.sandbox, watcher=held)
        client = graph.connect(connection, side.clock, graph_side.OrderedChance(), {connection.graph: side.adapter})
        assert isinstance(client.tenant.token("watcher"), facts.Known)
        assert (
            client.tenant.certificate_ends("watcher")
            == x509.load_pem_x509_certificate((tmp_path / "own.pem").read_bytes()).not_valid_after_utc
        )
        client.close()


def test_a_pfx_file_that_its_passphrase_does_not_open_is_named(tmp_path: Path) -> None:
    graph_side.self_signed(tmp_path / "own.pem")
    as_pfx(tmp_path / "own.pem", tmp_path / "own.pfx", b"open sesame")
    held = only(certificate_file=str(tmp_path / "own.pfx"), passphrase=secrets.Secret("mellon"))
    tenant = OddTenant(lambda *_: NO_ROWS)
    wrong = pytest.raises(errors.Misconfigured, match="its passphrase opens")
    with graph_side.connected(tenant, registrations=held) as side, wrong as caught:
        side.graph.passes.of([PERSON_ID])
    assert "watcher" in caught.value.summary
    assert "mellon" not in repr(caught.value) + caught.value.advice


def test_a_federated_token_is_read_anew_each_time_it_is_used(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first.of.three\n")
    tenant = OddTenant(lambda *_: NO_ROWS)
    with graph_side.connected(tenant, registrations=only(federated_token_file=str(file))) as side:
        side.graph.passes.of([PERSON_ID])
        file.write_text("second.of.three\n")
        side.graph.calls.tokens.forget("watcher")
        side.graph.passes.of([PERSON_ID])
    assertions = [form["client_assertion"] for form in tenant.asked_for if form]
    assert assertions == ["first.of.three", "second.of.three"]


@pytest.mark.parametrize("content", [None, "", "no token", "x" * 70_000])
def test_a_file_without_a_federated_token_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    with (
        graph_side.connected(OddTenant(lambda *_: NO_ROWS), registrations=only(federated_token_file=str(file))) as side,
        pytest.raises(errors.Misconfigured, match="federated token of the registration “watcher”"),
    ):
        side.graph.passes.of([PERSON_ID])


def asked_on_machine(held: str, answer: bytes, at: str, more: Mapping[str, str]) -> tuple[str, dict[str, str], str]:
    """(the request line, its headers, what Graph was then shown) of a managed identity on a loopback endpoint."""
    tenant = OddTenant(lambda *_: NO_ROWS)
    server = graph_side.Loopback(answer, None)
    with graph_side.serving(server):
        variables = {at: f"{server.origin}/msi/token" if at == "IDENTITY_ENDPOINT" else server.origin, **more}
        proxied = {"registrations": only(managed_identity=held), "proxy": "http://127.0.0.1:9"}
        with environment(variables), graph_side.connected(tenant, **proxied) as side:
            side.graph.passes.of([PERSON_ID])
            shown = [headers["Authorization"] for headers in side.adapter.headers if "Authorization" in headers]
    return server.lines[0], server.seen[0], shown[0]


def test_a_virtual_machines_own_identity_is_asked_for_past_any_proxy() -> None:
    line, headers, shown = asked_on_machine("system", raw(MACHINE), "AZURE_POD_IDENTITY_AUTHORITY_HOST", {})
    assert line.startswith(
        "GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fgraph.test"
    )
    assert "client_id" not in line
    assert (headers["Metadata"], shown) == ("true", "Bearer of-the-machine")


def test_an_app_services_identity_is_asked_for_by_client_id_with_its_header() -> None:
    line, headers, shown = asked_on_machine("user", raw(MACHINE), "IDENTITY_ENDPOINT", {"IDENTITY_HEADER": "only-here"})
    assert "client_id=watcher-app" in line
    assert (headers["X-IDENTITY-HEADER"], shown) == ("only-here", "Bearer of-the-machine")


def test_a_machine_without_that_identity_is_told_apart_from_one_without_an_endpoint() -> None:
    refused = raw({"error": "invalid_request", "error_description": "Identity not found"}, "400 Bad Request")
    with pytest.raises(errors.Misconfigured, match="no such managed identity") as caught:
        asked_on_machine("user", refused, "AZURE_POD_IDENTITY_AUTHORITY_HOST", {})
    assert "Assign the identity" in caught.value.advice
    variables = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:9"}
    held = only(managed_identity="system")
    away = pytest.raises(errors.TenantUnreachable, match="identity endpoint of this machine")
    with environment(variables), graph_side.on_loopback(None, registrations=held) as (side, _), away:
        side.graph.passes.of([PERSON_ID])


@pytest.mark.parametrize("endpoint", ["http://evil.test/msi", "https://203.0.113.5/msi", "http://127.0.0.1.evil.test/"])
def test_the_secret_of_a_machines_endpoint_goes_to_no_other_machine(endpoint: str) -> None:
    variables = {"IDENTITY_ENDPOINT": endpoint, "IDENTITY_HEADER": "only-here"}
    tenant = OddTenant(lambda *_: NO_ROWS)
    held = only(managed_identity="system")
    with environment(variables), graph_side.connected(tenant, registrations=held) as side:
        with pytest.raises(errors.Misconfigured, match="not on this machine"):
            side.graph.passes.of([PERSON_ID])
        assert side.adapter.sent == []


def test_token_requests_too_trust_only_the_named_authorities(tmp_path: Path) -> None:
    own, other = tmp_path / "own.pem", tmp_path / "other.pem"
    graph_side.self_signed(own)
    graph_side.self_signed(other)
    for trusted, said in ((own, "captive portal"), (other, "not trusted")):
        server = graph_side.Loopback(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhotel", own)
        given = graph_side.connection(login=server.origin, ca_file=str(trusted))
        client = graph.connect(given, graph_side.TurnedClock(), graph_side.OrderedChance())
        misled = environment({"REQUESTS_CA_BUNDLE": str(other)})
        with graph_side.serving(server), misled, pytest.raises(errors.TenantUnreachable, match=said):
            client.passes.of([PERSON_ID])
        client.close()


def test_a_claims_challenge_is_answered_with_a_token_that_meets_it() -> None:
    wanted = "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ=="
    challenge = f'Bearer realm="", error="insufficient_claims", claims="{wanted}"'
    replies = [Reply('{"error": {"code": "x"}}', 401, headers=(("WWW-Authenticate", challenge),)), NO_ROWS]
    tenant = OddTenant(lambda *_: replies.pop(0))
    with graph_side.connected(tenant) as side:
        side.graph.passes.of([PERSON_ID])
    claims = [json.loads(form["claims"]) for form in tenant.asked_for if "claims" in form]
    assert claims == [{"access_token": {"nbf": {"essential": True}}}]


def test_an_operators_own_token_stands_for_a_registrations_beside_the_registrations_own() -> None:
    with graph_side.connected(OddTenant(lambda *_: NO_ROWS)) as side:
        own = passes.GraphPasses(side.graph.calls.acting("watcher", lambda: "of-an-operator"))
        own.of([PERSON_ID])
        side.graph.passes.of([PERSON_ID])
        sent = [headers["Authorization"] for headers in side.adapter.headers if "Authorization" in headers]
    assert sent == ["Bearer of-an-operator", "Bearer token-1"]
