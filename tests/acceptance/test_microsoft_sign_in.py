"""MSAL and azure-identity, unmodified, in every flow that the sandbox offers, over HTTPS."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jwt
import msal
import pytest
import requests
from azure import identity
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from tests.acceptance.served_sandbox import Sandbox, lend_browser

SCOPE = "https://graph.microsoft.com/.default"
PASS_SCOPE = "UserAuthMethod-TAP.ReadWrite.All"
SUBJECT = "build:tapslip:release"


@contextmanager
def environment(**told: str) -> Iterator[None]:
    """What a host tells its processes about their managed identity."""
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@pytest.fixture(autouse=True, scope="module")
def trust(sandbox: Sandbox) -> Iterator[None]:
    """A bundle named by the environment would win over the `verify` that MSAL hands to requests."""
    with environment(REQUESTS_CA_BUNDLE=sandbox.ca_file):
        yield


@pytest.fixture(scope="module")
def certificate(sandbox: Sandbox) -> tuple[str, str]:
    """(private key, certificate) as PEM text, uploaded to the registration `watcher`."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tapslip watcher")])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(start).not_valid_after(start + dt.timedelta(days=3650))
    public = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    sandbox.door("POST", "certificate", {"registration": "watcher", "certificate": public})
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(pem, pkcs8, serialization.NoEncryption()).decode(), public


def confidential(sandbox: Sandbox, credential: Any, name: str = "watcher") -> msal.ConfidentialClientApplication:
    client_id = sandbox.ready["client_id"] if name == "full" else sandbox.registration(name)["client_id"]
    return msal.ConfidentialClientApplication(
        client_id,
        authority=sandbox.authority,
        client_credential=credential,
        instance_discovery=False,
        verify=sandbox.ca_file,
    )


def public(sandbox: Sandbox, name: str = "issuer") -> msal.PublicClientApplication:
    return msal.PublicClientApplication(
        sandbox.registration(name)["client_id"],
        authority=sandbox.authority,
        instance_discovery=False,
        verify=sandbox.ca_file,
    )


def token_of(answer: dict[str, Any]) -> str:
    assert "access_token" in answer, answer.get("error_description")
    return str(answer["access_token"])


def claims_of(token: str) -> dict[str, Any]:
    read: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return read


def test_msal_by_secret_by_certificate_and_by_the_old_thumbprint(
    sandbox: Sandbox, certificate: tuple[str, str]
) -> None:
    key, public_half = certificate
    thumbprint = x509.load_pem_x509_certificate(public_half.encode()).fingerprint(hashes.SHA1()).hex()  # noqa: S303
    for credential in (
        sandbox.registration("watcher")["client_secret"],
        {"private_key": key, "public_certificate": public_half},
        {"private_key": key, "thumbprint": thumbprint},
    ):
        token = token_of(confidential(sandbox, credential).acquire_token_for_client([SCOPE]))
        assert sandbox.graph("/v1.0/organization", token).status_code == 200


@pytest.mark.filterwarnings("ignore:response_mode")
def test_msal_by_authorization_code_answered_in_the_query_and_by_form(sandbox: Sandbox) -> None:
    app = confidential(sandbox, sandbox.registration("issuer")["client_secret"], "issuer")
    tomasz = sandbox.person("tomasz.brandt")
    for mode in ("query", "form_post"):
        flow = app.initiate_auth_code_flow(
            [PASS_SCOPE], redirect_uri="http://localhost:50123", response_mode=mode, login_hint=tomasz
        )
        stands = sandbox.door("POST", f"people/{tomasz}/sign-in", {"address": flow["auth_uri"]})
        answer = stands["fields"] or dict(
            pair.split("=", 1) for pair in stands["left_for"].partition("?")[2].split("&")
        )
        taken = app.acquire_token_by_auth_code_flow(flow, answer)
        assert taken["id_token_claims"]["preferred_username"] == tomasz
        assert claims_of(token_of(taken))["scp"] == PASS_SCOPE


def test_msal_by_a_browser_on_loopback_and_then_silently(sandbox: Sandbox) -> None:
    lend_browser(sandbox, sandbox.person("tomasz.brandt"))
    app = public(sandbox)
    first = app.acquire_token_interactive([PASS_SCOPE], timeout=20)
    (account,) = app.get_accounts()
    again = app.acquire_token_silent([PASS_SCOPE], account)
    renewed = app.acquire_token_silent([PASS_SCOPE], account, force_refresh=True)

    assert token_of(again) == token_of(first)
    assert token_of(renewed) != token_of(first)
    mara = f"/v1.0/users/{sandbox.person('mara.quist')}/authentication/temporaryAccessPassMethods"
    assert sandbox.graph(mara, token_of(renewed)).status_code == 200


def test_msal_by_device_code_once_the_person_said_yes_and_not_when_they_said_no(sandbox: Sandbox) -> None:
    app, omar = public(sandbox, "operators"), sandbox.person("omar.siddiq")
    for approve in (True, False):
        flow = app.initiate_device_flow(["User.Read"])
        with futures.ThreadPoolExecutor() as pool:
            waiting = pool.submit(app.acquire_token_by_device_flow, flow)
            entered = {"user_code": flow["user_code"], "approve": approve}
            assert sandbox.door("POST", f"people/{omar}/enter-code", entered)["page"].startswith("device-")
            answer = waiting.result(20)
        if approve:
            assert claims_of(token_of(answer))["upn"] == omar
        else:
            assert answer["error"] == "authorization_declined"


def test_msal_by_managed_identity_at_both_kinds_of_host(sandbox: Sandbox) -> None:
    told = sandbox.ready["managed_identity"]
    for host in (
        {"IDENTITY_ENDPOINT": told["endpoint"], "IDENTITY_HEADER": told["header"]},
        {"AZURE_POD_IDENTITY_AUTHORITY_HOST": told["imds"]},
    ):
        with environment(**host), requests.Session() as line:
            line.verify = sandbox.ca_file
            app = msal.ManagedIdentityClient(msal.SystemAssignedManagedIdentity(), http_client=line)
            token = token_of(app.acquire_token_for_client(resource="https://graph.microsoft.com"))
        assert claims_of(token)["appid"] == told["client_id"]


def test_msal_by_workload_federation(sandbox: Sandbox) -> None:
    proof = sandbox.door("POST", "workload-token", {"subject": SUBJECT})["token"]
    taken = confidential(sandbox, {"client_assertion": lambda: proof}, "full").acquire_token_for_client([SCOPE])
    assert sandbox.graph("/v1.0/organization", token_of(taken)).status_code == 200

    other = sandbox.door("POST", "workload-token", {"subject": "build:elsewhere"})["token"]
    refused = confidential(sandbox, {"client_assertion": lambda: other}, "full").acquire_token_for_client([SCOPE])
    assert refused["error_codes"] == [700213]


def test_msal_answers_a_claims_challenge_by_signing_in_anew(sandbox: Sandbox) -> None:
    lend_browser(sandbox, sandbox.person("tomasz.brandt"))
    challenge = '{"access_token":{"amr":{"essential":true,"values":["ngcmfa"]}}}'
    taken = public(sandbox).acquire_token_interactive([PASS_SCOPE], claims_challenge=challenge, timeout=20)

    assert "mfa" in claims_of(token_of(taken))["amr"]


def test_msal_finds_the_tenant_through_its_openid_document_alone(sandbox: Sandbox) -> None:
    held = sandbox.registration("watcher")
    app = msal.ConfidentialClientApplication(
        held["client_id"],
        oidc_authority=f"{sandbox.authority}/v2.0",
        client_credential=held["client_secret"],
        verify=sandbox.ca_file,
    )
    assert token_of(app.acquire_token_for_client([SCOPE]))


def azure(sandbox: Sandbox) -> dict[str, Any]:
    """What azure-identity is told about the sandbox."""
    told = {"authority": sandbox.origin, "disable_instance_discovery": True, "connection_verify": sandbox.ca_file}
    return {"tenant_id": sandbox.ready["tenant_id"], **told}


def test_azure_identity_without_a_person(sandbox: Sandbox, certificate: tuple[str, str], tmp_path: Path) -> None:
    proof = sandbox.door("POST", "workload-token", {"subject": SUBJECT})["token"]
    (tmp_path / "token").write_text(proof)
    full, watcher = sandbox.ready["client_id"], sandbox.registration("watcher")
    for credential in (
        identity.ClientSecretCredential(
            client_id=watcher["client_id"], client_secret=watcher["client_secret"], **azure(sandbox)
        ),
        identity.CertificateCredential(
            client_id=watcher["client_id"], certificate_data="".join(certificate).encode(), **azure(sandbox)
        ),
        identity.ClientAssertionCredential(client_id=full, func=lambda: proof, **azure(sandbox)),
        identity.WorkloadIdentityCredential(client_id=full, token_file_path=str(tmp_path / "token"), **azure(sandbox)),
    ):
        assert sandbox.graph("/v1.0/organization", credential.get_token(SCOPE).token).status_code == 200


def test_azure_identity_by_managed_identity(sandbox: Sandbox) -> None:
    told = sandbox.ready["managed_identity"]
    with environment(IDENTITY_ENDPOINT=told["endpoint"], IDENTITY_HEADER=told["header"]):
        credential = identity.ManagedIdentityCredential(connection_verify=sandbox.ca_file)
        token = credential.get_token(SCOPE).token
    assert claims_of(token)["appid"] == told["client_id"]


def test_azure_identity_with_a_person(sandbox: Sandbox) -> None:
    tomasz, client_id = sandbox.person("tomasz.brandt"), sandbox.registration("issuer")["client_id"]
    lend_browser(sandbox, tomasz)

    def shown(_address: str, user_code: str, _until: dt.datetime) -> None:
        sandbox.door("POST", f"people/{tomasz}/enter-code", {"user_code": user_code})

    for credential in (
        identity.InteractiveBrowserCredential(client_id=client_id, timeout=20, **azure(sandbox)),
        identity.DeviceCodeCredential(client_id=client_id, prompt_callback=shown, timeout=20, **azure(sandbox)),
    ):
        token = credential.get_token(f"https://graph.microsoft.com/{PASS_SCOPE}").token
        assert claims_of(token)["upn"] == tomasz
