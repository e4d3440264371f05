"""What may be changed on somebody's methods and on the policies behind them, and what one may do to oneself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agent.sandbox import records, sign_in_records, tenant
from tests.contracts.sandbox_side import Side

CONFIGURATIONS = "/v1.0/policies/authenticationMethodsPolicy/authenticationMethodConfigurations"
TYPE = "#microsoft.graph.%sAuthenticationMethodConfiguration"


@pytest.fixture
def side() -> Side:
    return Side()


def methods(side: Side, key: str, version: str = "v1.0") -> str:
    return f"/{version}/users/{side.person(key).id}/authentication"


def own_token(side: Side, key: str, *permissions: str) -> str:
    """A token of the person's own."""
    held = sign_in_records.AccessToken(
        token=f"own {key}",
        app_id=side.registration("full").app_id,
        kind="delegated",
        permissions=frozenset(permissions),
        expires=side.clock.now + timedelta(hours=1),
        audience="https://graph.microsoft.com",
        user_id=side.person(key).id,
    )
    side.tenant.sign_ins.access_tokens[held.token] = held
    return f"Bearer {held.token}"


@pytest.mark.parametrize(
    ("key", "segment"),
    [
        ("helen.strand", "windowsHelloForBusinessMethods"),
        ("helen.strand", "microsoftAuthenticatorMethods"),
        ("nils.haugen", "fido2Methods"),
        ("ruth.adeyemi", "phoneMethods"),
    ],
)
def test_a_method_that_is_deleted_is_gone_and_audited(side: Side, key: str, segment: str) -> None:
    (row,) = side.get(f"{methods(side, key)}/{segment}")["value"]
    path = f"{methods(side, key)}/{segment}/{row['id']}"

    assert side.send("DELETE", path).status_code == 204
    side.get(path, status=404)
    assert side.send("DELETE", path).status_code == 404
    side.clock.move(minutes=5)
    assert (
        side.get("/v1.0/auditLogs/directoryAudits")["value"][0]["activityDisplayName"] == "Admin deleted security info"
    )


def test_a_password_cannot_be_deleted(side: Side) -> None:
    path = f"{methods(side, 'mara.quist')}/passwordMethods/{records.PASSWORD_METHOD_ID}"

    assert side.send("DELETE", path).status_code == 405
    assert side.get(path)["password"] is None


def test_the_default_second_factor_goes_last(side: Side) -> None:
    held = side.tenant.credentials.methods[side.person("ruth.adeyemi").id]
    phone = next(method for method in held if method.kind == "phone")
    app = next(method for method in held if method.kind == "microsoftAuthenticator")
    phone.default = True
    base = methods(side, "ruth.adeyemi")

    assert side.send("DELETE", f"{base}/phoneMethods/{phone.id}").status_code == 400
    assert side.send("DELETE", f"{base}/microsoftAuthenticatorMethods/{app.id}").status_code == 204
    assert side.send("DELETE", f"{base}/phoneMethods/{phone.id}").status_code == 204


def test_phones_are_added_changed_and_taken_by_their_rules(side: Side) -> None:
    base = f"{methods(side, 'ruth.adeyemi')}/phoneMethods"
    mobile, other = (f"{base}/{records.PHONE_METHOD_IDS[kind]}" for kind in ("mobile", "alternateMobile"))

    made = side.send("POST", base, {"phoneNumber": "+32 470000178", "phoneType": "alternateMobile"})
    assert made.status_code == 201
    assert made.headers["Location"].endswith(records.PHONE_METHOD_IDS["alternateMobile"])
    assert made.get_json()["smsSignInState"] == "notSupported"
    assert side.send("POST", base, {"phoneNumber": "+32 470000179", "phoneType": "mobile"}).status_code == 400
    assert side.send("DELETE", mobile).status_code == 400
    assert side.send("PATCH", mobile, {"phoneNumber": "0470 12"}).status_code == 400
    assert side.send("PATCH", mobile, {"phoneType": "office"}).status_code == 400
    assert side.send("PATCH", mobile, {"phoneNumber": "+32 470000180", "phoneType": "mobile"}).status_code == 204
    assert side.get(mobile)["phoneNumber"] == "+32 470000180"
    assert side.send("POST", f"{other}/enableSmsSignIn").status_code == 400
    assert side.send("POST", f"{mobile}/enableSmsSignIn").status_code == 204
    assert side.get(mobile)["smsSignInState"] == "ready"


def test_a_method_is_found_in_the_aggregate_by_its_id_whatever_its_kind(side: Side) -> None:
    base = methods(side, "helen.strand")
    rows = side.get(f"{base}/methods")["value"]

    assert all(side.get(f"{base}/methods/{row['id']}")["@odata.type"] == row["@odata.type"] for row in rows)
    side.get(f"{base}/methods/none", status=404)
    side.get(f"{base}/qrCodePinMethod", status=400)
    side.get(f"{methods(side, 'helen.strand', 'beta')}/qrCodePinMethod", status=404)
    side.get(f"{base}/hardwareOathMethods", status=400)


@pytest.mark.parametrize("name", ["Fido2", "MicrosoftAuthenticator", "Sms", "Voice", "Email", "SoftwareOath"])
def test_a_configuration_is_changed_and_reset(side: Side, name: str) -> None:
    path = f"{CONFIGURATIONS}/{name.lower()}"
    before = side.get(path)
    changed = "disabled" if before["state"] == "enabled" else "enabled"
    body = {"@odata.type": TYPE % (name[0].lower() + name[1:]), "state": changed, "id": "mine"}

    assert side.send("PATCH", path, {"state": changed}).status_code == 400
    assert side.send("PATCH", path, {**body, "state": "perhaps"}).status_code == 400
    assert side.send("PATCH", path, body).status_code == 204
    assert (side.get(path)["state"], side.get(path)["id"]) == (changed, name)
    assert side.send("DELETE", path).status_code == 204
    assert side.get(path) == before


def test_a_reset_of_the_pass_policy_brings_back_what_a_new_tenant_has(side: Side) -> None:
    assert side.send("DELETE", f"{CONFIGURATIONS}/TemporaryAccessPass").status_code == 204
    found = side.get(f"{CONFIGURATIONS}/temporaryaccesspass")

    assert (found["state"], found["maximumLifetimeInMinutes"], found["isUsableOnce"]) == ("disabled", 480, False)
    assert [target["id"] for target in found["includeTargets"]] == ["all_users"]
    side.get(f"{CONFIGURATIONS}/Telepathy", status=404)


def test_everybody_may_read_and_delete_their_own_by_me_and_make_a_pass_for_themselves(side: Side) -> None:
    token = own_token(side, "ruth.adeyemi", "UserAuthMethod-TAP.ReadWrite", "UserAuthenticationMethod.ReadWrite")
    passes = "/v1.0/me/authentication/temporaryAccessPassMethods"

    made = side.send("POST", passes, {}, Authorization=token)
    assert made.status_code == 201
    assert side.get(passes, Authorization=token)["value"][0]["id"] == made.get_json()["id"]
    assert side.send("DELETE", f"{passes}/{made.get_json()['id']}", Authorization=token).status_code == 204
    (phone,) = side.get("/v1.0/me/authentication/phoneMethods", Authorization=token)["value"]
    path = f"/v1.0/me/authentication/phoneMethods/{phone['id']}"
    assert side.send("DELETE", path, Authorization=token).status_code == 204


def test_me_is_the_person_who_signed_in(side: Side) -> None:
    token = own_token(side, "ruth.adeyemi", "User.Read")

    assert side.get("/v1.0/me", Authorization=token)["displayName"] == "Ruth Adeyemi"
    assert side.get("/v1.0/me/memberOf?$select=displayName", Authorization=token)["value"][0]["displayName"]
    side.get("/v1.0/me/manager", status=403, Authorization=token)
    assert side.get("/v1.0/me", status=400)["error"]["code"] == "BadRequest"


def test_the_china_cloud_has_no_passes() -> None:
    side = Side(tenant.Options(cloud="china"))
    for path in (f"{methods(side, 'mara.quist')}/temporaryAccessPassMethods", f"{CONFIGURATIONS}/TemporaryAccessPass"):
        error = side.get(path, status=400)["error"]
        assert error["code"] == "BadRequest"
        assert error["message"].startswith("Resource not found for the segment 't") or "TemporaryAccessPass" in path
    assert side.send("POST", side.passes_of("mara.quist"), {}).status_code == 400
    side.get(f"{methods(side, 'mara.quist')}/phoneMethods")
    side.get(f"{methods(side, 'mara.quist')}/fido2Methods", status=400)
