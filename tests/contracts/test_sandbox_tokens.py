"""The sandbox's token endpoint, spoken to by MSAL and by hand."""

from __future__ import annotations

import base64
import datetime as dt
import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

import jwt
import msal
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from werkzeug.test import Client, TestResponse

from tests.contracts.sandbox_side import Side

SCOPE = "https://graph.microsoft.com/.default"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Answer:
    """What MSAL expects of an HTTP client's answer."""

    def __init__(self, answer: TestResponse) -> None:
        self.status_code = answer.status_code
        self.text = answer.get_data(as_text=True)
        self.headers = dict(answer.headers)

    def raise_for_status(self) -> None:
        assert self.status_code < 400


class Carrier:
    """An HTTP client for MSAL that calls the sandbox in this process."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def get(self, url: str, **_: Any) -> Answer:
        return Answer(self._client.get(url))

    def post(self, url: str, *, data: Any = None, headers: Mapping[str, str] | None = None, **_: Any) -> Answer:
        return Answer(self._client.post(url, data=data, headers=dict(headers or {})))

    def close(self) -> None:
        pass


@pytest.fixture
def side() -> Side:
    side = Side()
    side.clock.now = dt.datetime.now(tz=dt.UTC)  # MSAL signs its assertions by the wall clock
    return side


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def certificate(key: rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tapslip watcher")])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start + dt.timedelta(days=3650))
    return builder.sign(key, hashes.SHA256())


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def msal_app(side: Side, credential: Any, name: str = "watcher") -> msal.ConfidentialClientApplication:
    return msal.ConfidentialClientApplication(
        side.registration(name).app_id,
        authority=f"{side.tenant.origin}/{side.tenant.id}",
        client_credential=credential,
        instance_discovery=False,
        http_client=Carrier(side.client),
    )


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def assertion(side: Side, key: rsa.RSAPrivateKey, certificate: x509.Certificate, **changes: Any) -> dict[str, str]:
    """A client credentials request with an assertion in the old style; `changes` go into its claims or `alg`."""
    app_id = side.registration("watcher").app_id
    now = int(side.clock.now.timestamp())
    thumbprint = b64(certificate.fingerprint(hashes.SHA1()))  # noqa: S303 - the old style's name for it
    header = {"typ": "JWT", "alg": changes.pop("alg", "RS256"), "x5t": thumbprint}
    audience = f"{side.tenant.origin}/{side.tenant.id}/oauth2/v2.0/token"
    claims = {"aud": audience, "iss": app_id, "sub": app_id, "jti": str(uuid.uuid4()), "nbf": now, "exp": now + 600}
    signed = ".".join(b64(json.dumps(part).encode()) for part in (header, claims | changes))
    signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return {
        "grant_type": "client_credentials",
        "client_id": app_id,
        "scope": SCOPE,
        "client_assertion_type": JWT_BEARER,
        "client_assertion": f"{signed}.{b64(signature)}",
    }


def number(answer: TestResponse) -> tuple[int, str, int]:
    """(status, OAuth's word, AADSTS number) of a refusal, which must be consistent in itself."""
    body = answer.get_json()
    (found,) = body["error_codes"]
    assert body["error_description"].startswith(f"AADSTS{found}: ")
    assert body["trace_id"] in body["error_description"]
    return answer.status_code, body["error"], found


def test_msal_takes_a_token_by_secret_and_its_roles_are_the_registrations(side: Side) -> None:
    taken = msal_app(side, side.registration("issuer").secret, "issuer").acquire_token_for_client([SCOPE])

    assert (taken["token_type"], taken["expires_in"]) == ("Bearer", 3599)
    claims = jwt.decode(taken["access_token"], options={"verify_signature": False})
    assert claims["roles"] == ["UserAuthMethod-TAP.ReadWrite.All"]
    assert claims["tid"] == side.tenant.id


def test_a_token_verifies_against_the_published_keys(side: Side) -> None:
    discovery = side.client.get(f"/{side.tenant.id}/v2.0/.well-known/openid-configuration").get_json()
    (published,) = side.client.get(discovery["jwks_uri"]).get_json()["keys"]

    key = jwt.PyJWK(published, algorithm="RS256").key
    issuer = f"{side.tenant.origin}/{side.tenant.id}/v2.0"
    claims = jwt.decode(side.token(), key, ["RS256"], audience="https://graph.microsoft.com", issuer=issuer)
    assert discovery["issuer"] == claims["iss"]


def test_msal_takes_a_token_by_certificate_in_the_current_style(
    side: Side, key: rsa.RSAPrivateKey, certificate: x509.Certificate
) -> None:
    side.registration("watcher").certificate = pem(certificate)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    taken = msal_app(side, {"private_key": private, "public_certificate": pem(certificate)}).acquire_token_for_client(
        [SCOPE]
    )

    assert "access_token" in taken, taken.get("error_description")


def test_an_assertion_in_the_old_style_is_accepted(
    side: Side, key: rsa.RSAPrivateKey, certificate: x509.Certificate
) -> None:
    side.registration("watcher").certificate = pem(certificate)

    assert side.ask_token(assertion(side, key, certificate)).status_code == 200


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"aud": "https://elsewhere.example/token"}, 700023),
        ({"exp": int(time.time()) - 3600, "nbf": int(time.time()) - 4200}, 700024),
        ({"nbf": int(time.time()) + 3600, "exp": int(time.time()) + 4200}, 700024),
        ({"sub": "somebody else"}, 700021),
        ({"exp": None}, 50027),
        ({"alg": "none"}, 5002738),
    ],
)
def test_an_assertion_with_a_wrong_claim_is_refused(
    side: Side,
    key: rsa.RSAPrivateKey,
    certificate: x509.Certificate,
    changes: dict[str, Any],
    expected: int,
) -> None:
    side.registration("watcher").certificate = pem(certificate)

    assert number(side.ask_token(assertion(side, key, certificate, **changes))) == (401, "invalid_client", expected)


def test_an_assertion_by_a_foreign_key_or_in_pieces_is_refused(
    side: Side, key: rsa.RSAPrivateKey, certificate: x509.Certificate
) -> None:
    good = assertion(side, key, certificate)
    assert number(side.ask_token(good)) == (401, "invalid_client", 700027)

    side.registration("watcher").certificate = pem(certificate)
    foreign = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert number(side.ask_token(assertion(side, foreign, certificate))) == (401, "invalid_client", 700027)
    assert number(side.ask_token(good | {"client_assertion": "a.b"})) == (401, "invalid_client", 50027)


def test_a_wrong_an_expired_and_a_missing_secret_each_have_their_number(side: Side) -> None:
    form = side.token_form("watcher")
    assert number(side.ask_token(form | {"client_secret": "guess"})) == (401, "invalid_client", 7000215)
    assert number(side.ask_token({**form, "client_id": str(uuid.uuid4())})) == (400, "unauthorized_client", 700016)
    del form["client_secret"]
    assert number(side.ask_token(form)) == (401, "invalid_client", 7000216)

    assert side.door("POST", "expire-secret", {"registration": "watcher"}).status_code == 204
    assert number(side.ask_token(side.token_form("watcher"))) == (401, "invalid_client", 7000222)


def test_scope_resource_tenant_and_grant_are_checked(side: Side) -> None:
    form = side.token_form("watcher")
    assert number(side.ask_token(form | {"scope": "User.Read.All"})) == (400, "invalid_scope", 1002012)
    foreign = form | {"scope": "https://vault.azure.net/.default"}
    assert number(side.ask_token(foreign)) == (400, "invalid_resource", 500011)
    assert number(side.ask_token(form, tenant_name="contoso.example")) == (400, "invalid_request", 90002)
    assert number(side.ask_token(form | {"grant_type": "password"})) == (400, "unsupported_grant_type", 70003)
    assert side.ask_token(form, tenant_name="TallisHarbour.example").status_code == 200


def test_graph_refuses_a_missing_a_foreign_and_an_expired_token(side: Side) -> None:
    token = side.token()
    for header in ("", "Bearer ", "Basic abc", "Bearer abc"):
        answer = side.get("/v1.0/organization", status=401, Authorization=header)
        assert answer["error"]["code"] == "InvalidAuthenticationToken"
    side.clock.move(minutes=60)
    expired = side.get("/v1.0/organization", status=401, Authorization=f"Bearer {token}")
    assert expired["error"]["message"] == "Lifetime validation failed, the token is expired."


def test_every_answer_of_the_login_side_carries_the_ids(side: Side) -> None:
    form = side.token_form("watcher") | {"client_secret": "guess"}
    path = f"/{side.tenant.id}/oauth2/v2.0/token"
    answer = side.client.post(path, data=form, headers={"client-request-id": "mine"})

    assert answer.headers["client-request-id"] == answer.get_json()["correlation_id"] == "mine"
    assert answer.headers["x-ms-request-id"] == answer.get_json()["trace_id"]
