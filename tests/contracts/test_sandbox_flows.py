"""The ways to a token beyond a secret: browser, device code, managed identity, somebody else's signature."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from agent.sandbox import records, signing
from tests.contracts.operators import REDIRECT, authorize, claims, returned, signs_in
from tests.contracts.sandbox_side import Side

TOMASZ, OMAR = "tomasz.brandt", "omar.siddiq"
GRAPH = "https://graph.microsoft.com"


@pytest.fixture
def side() -> Side:
    return Side()


def went(side: Side, key: str, **more: str) -> dict[str, Any]:
    """Where a person's browser stands after an authorize request of `operators`."""
    address = authorize(side, "operators", **more)
    return side.sandbox.staff.sign_in(side.person(key).upn, address)


def test_state_nonce_and_scopes_come_back_and_the_id_token_is_the_apps(side: Side) -> None:
    assert returned(went(side, TOMASZ, state="s t&te"))["state"] == "s t&te"
    taken = signs_in(side, TOMASZ, "operators", scope="openid User.Read", nonce="n0nce")
    told = claims(taken["id_token"])

    assert (told["nonce"], told["aud"]) == ("n0nce", side.registration("operators").app_id)
    assert told["iss"] == f"{side.tenant.origin}/{side.tenant.id}/v2.0"
    assert taken["scope"] == "User.Read openid"


def test_the_answer_is_posted_where_the_app_asked_for_that(side: Side) -> None:
    stands = went(side, TOMASZ, response_mode="form_post", state="abc")
    assert (stands["page"], stands["form_action"]) == ("form-post", REDIRECT)
    assert stands["fields"]["state"] == "abc"
    assert stands["fields"]["code"]


def test_a_request_that_asks_for_no_page_fails_back_to_its_app(side: Side) -> None:
    answer = returned(went(side, TOMASZ, prompt="none", state="abc"))
    assert (answer["error"], answer["state"]) == ("login_required", "abc")
    assert "code" not in answer


@pytest.mark.parametrize(
    ("wrong", "error"),
    [({"response_type": "token"}, "unsupported_response_type"), ({"response_mode": "fragment"}, "invalid_request")],
)
def test_a_request_the_tenant_does_not_serve_is_told_to_its_app(side: Side, wrong: dict[str, str], error: str) -> None:
    assert returned(went(side, TOMASZ, **wrong))["error"] == error


def test_a_permission_that_was_not_consented_to_is_refused_on_the_page(side: Side) -> None:
    stands = went(side, TOMASZ, scope="openid Policy.ReadWrite.AuthenticationMethod")
    assert "AADSTS65001" in stands["problem"]


def test_a_public_client_needs_no_secret_where_a_person_signs_in_and_no_other_client_may(side: Side) -> None:
    assert "access_token" in signs_in(side, TOMASZ, "operators", scope="openid User.Read")
    side.registration("operators").public = False
    assert signs_in(side, TOMASZ, "operators")["error_codes"] == [7000218]


def ask_code(side: Side, name: str = "operators") -> Any:
    form = {"client_id": side.registration(name).app_id, "scope": "openid User.Read"}
    return side.client.post(f"/{side.tenant.id}/oauth2/v2.0/devicecode", data=form, base_url=side.tenant.origin)


def poll(side: Side, device_code: str) -> dict[str, Any]:
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": device_code}
    answer: dict[str, Any] = side.ask_token(form | {"client_id": side.registration("operators").app_id}).get_json()
    return answer


def test_a_device_code_waits_for_the_person_and_is_worth_one_token(side: Side) -> None:
    shown = ask_code(side).get_json()
    assert "verification_uri_complete" not in shown
    assert poll(side, shown["device_code"])["error"] == "authorization_pending"
    assert poll(side, shown["device_code"])["error"] == "slow_down"
    stands = side.sandbox.staff.enter_code(side.person(OMAR).upn, shown["user_code"].lower())

    assert stands["page"] == "device-done"
    assert claims(poll(side, shown["device_code"])["access_token"])["upn"] == side.person(OMAR).upn
    assert poll(side, shown["device_code"])["error"] == "bad_verification_code"


def test_a_device_code_can_be_declined_and_runs_out(side: Side) -> None:
    declined, old = ask_code(side).get_json(), ask_code(side).get_json()
    side.sandbox.staff.enter_code(side.person(OMAR).upn, declined["user_code"], approve=False)
    assert poll(side, declined["device_code"])["error"] == "authorization_declined"
    side.clock.move(minutes=15)
    assert poll(side, old["device_code"])["error"] == "expired_token"
    assert "AADSTS70007" in side.sandbox.staff.enter_code(side.person(OMAR).upn, old["user_code"])["problem"]


def test_a_device_code_is_for_public_clients_only(side: Side) -> None:
    side.registration("operators").public = False
    assert ask_code(side).get_json()["error_codes"] == [70002]


def host_token(side: Side, path: str, header: dict[str, str], **query: str) -> Any:
    asked = {"resource": f"{GRAPH}/", "api-version": "2019-08-01", **query}
    return side.client.get(path, query_string=asked, headers=header, base_url=side.tenant.origin)


def test_a_managed_identity_gets_its_token_from_either_kind_of_host(side: Side) -> None:
    told = side.sandbox.ready_line()["managed_identity"]
    machine = host_token(side, "/metadata/identity/oauth2/token", {"Metadata": "true"}).get_json()
    service = host_token(side, "/msi/token", {"X-IDENTITY-HEADER": told["header"]}).get_json()

    assert machine["client_id"] == service["client_id"] == told["client_id"]
    assert int(machine["expires_on"]) == int(side.clock.now.timestamp()) + 3599
    header = f"Bearer {service['access_token']}"
    assert side.send("GET", side.passes_of("mara.quist"), Authorization=header).status_code == 200


def test_a_managed_identity_is_refused_without_what_only_its_host_knows(side: Side) -> None:
    imds = "/metadata/identity/oauth2/token"
    assert host_token(side, imds, {}).get_json()["error_description"] == "Required metadata header not specified"
    assert host_token(side, imds, {"Metadata": "true", "X-Forwarded-For": "198.51.100.7"}).status_code == 400
    assert host_token(side, imds, {"Metadata": "true"}, client_id="nobody").status_code == 400
    assert host_token(side, imds, {"Metadata": "true"}, resource="https://vault.azure.net").status_code == 400
    assert host_token(side, "/msi/token", {"X-IDENTITY-HEADER": "guess"}).status_code == 401
    told = side.sandbox.ready_line()["managed_identity"]
    form = {"grant_type": "client_credentials", "client_id": told["client_id"], "client_secret": told["header"]}
    assert side.ask_token(form | {"scope": f"{GRAPH}/.default"}).status_code == 401


def workload_form(side: Side, token: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": side.registration("full").app_id,
        "scope": f"{GRAPH}/.default",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": token,
    }


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ({"subject": "build:tapslip:release"}, None),
        ({"subject": "build:tapslip:other"}, 700213),
        ({"subject": "build:tapslip:release", "audience": "elsewhere"}, 700212),
        ({"subject": "build:tapslip:release", "minutes": -60}, 700024),
    ],
)
def test_a_workloads_own_token_counts_where_issuer_audience_and_subject_fit(
    side: Side, said: dict[str, Any], number: int | None
) -> None:
    token = side.door("POST", "workload-token", said).get_json()["token"]
    answer = side.ask_token(workload_form(side, token)).get_json()

    assert answer.get("error_codes") == (None if number is None else [number])


def test_an_issuer_elsewhere_is_believed_by_its_own_key_only(side: Side) -> None:
    keys = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = keys[0].public_key().public_bytes(serialization.Encoding.PEM, form).decode()
    trusted = records.FederatedCredential("https://builds.example", "job", keys={"k1": pem})
    side.registration("full").federated = [trusted]
    now = int(side.clock.now.timestamp())
    said = {"iss": trusted.issuer, "sub": "job", "aud": trusted.audience, "nbf": now, "exp": now + 60}

    for key, expected in zip(keys, (None, [7000275]), strict=True):
        parts = ({"alg": "RS256", "kid": "k1"}, said)
        text = ".".join(signing.b64url(json.dumps(part).encode()) for part in parts)
        signature = key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        answer = side.ask_token(workload_form(side, f"{text}.{signing.b64url(signature)}")).get_json()
        assert answer.get("error_codes") == expected


def test_the_discovery_documents_name_what_is_served(side: Side) -> None:
    common = side.client.get("/common/v2.0/.well-known/openid-configuration").get_json()
    assert common["issuer"] == f"{side.tenant.origin}/{side.tenant.id}/v2.0"
    assert common["device_authorization_endpoint"].endswith("/oauth2/v2.0/devicecode")
    instance = side.client.get("/common/discovery/instance?api-version=1.1").get_json()
    assert instance["metadata"][0]["aliases"] == ["localhost:8443"]
    form = side.token_form("watcher")
    assert side.ask_token(form, tenant_name="common").get_json()["error_codes"] == [90002]
