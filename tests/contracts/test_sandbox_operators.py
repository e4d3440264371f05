"""What a signed-in person may do: the app's delegated permission opens the route, the person's own role decides."""

from __future__ import annotations

import base64
import json

import pytest

from agent.sandbox.areas import sign_in
from tests.contracts.operators import bearer, give_role
from tests.contracts.sandbox_side import Side

POLICY = "/v1.0/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/TemporaryAccessPass"
POLICY_BODY = {
    "@odata.type": "#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration",
    "defaultLength": 9,
}


@pytest.fixture
def side() -> Side:
    return Side()


@pytest.mark.parametrize(
    ("operator", "target", "status"),
    [
        ("tomasz.brandt", "mara.quist", 201),
        ("tomasz.brandt", "tomasz.brandt", 403),
        ("tomasz.brandt", "ines.okafor", 403),
        ("ines.okafor", "tomasz.brandt", 201),
        ("ines.okafor", "ines.okafor", 403),
        ("omar.siddiq", "mara.quist", 403),
        ("priya.venkat", "mara.quist", 403),
    ],
)
def test_a_pass_is_made_by_role_and_never_for_oneself(side: Side, operator: str, target: str, status: int) -> None:
    answer = side.send("POST", side.passes_of(target), {}, Authorization=bearer(side, operator))

    assert answer.status_code == status
    if status == 403:
        error = answer.get_json()["error"]
        assert (error["code"], error["message"]) == ("accessDenied", "Request Authorization failed")


def test_a_global_reader_sees_passes_without_the_code_and_changes_nothing(side: Side) -> None:
    made = side.make_pass("mara.quist", {})
    give_role(side, "omar.siddiq", "Global Reader")
    reader = bearer(side, "omar.siddiq")
    (seen,) = side.get(side.passes_of("mara.quist"), Authorization=reader)["value"]

    assert (seen["id"], seen["temporaryAccessPass"]) == (made["id"], None)
    for method, path in (("POST", side.passes_of("mara.quist")), ("DELETE", f"{side.passes_of('mara.quist')}/x")):
        assert side.send(method, path, {}, Authorization=reader).status_code == 403


@pytest.mark.parametrize(
    ("role", "reads", "writes"),
    [
        ("", 403, 403),
        ("Authentication Administrator", 403, 403),
        ("Global Reader", 200, 403),
        ("Authentication Policy Administrator", 200, 204),
    ],
)
def test_the_policy_belongs_to_its_own_administrator(side: Side, role: str, reads: int, writes: int) -> None:
    if role:
        give_role(side, "omar.siddiq", role)
    who = bearer(side, "omar.siddiq", "Policy.ReadWrite.AuthenticationMethod")

    assert side.send("GET", POLICY, Authorization=who).status_code == reads
    assert side.send("PATCH", POLICY, POLICY_BODY, Authorization=who).status_code == writes


def test_an_administrator_of_everything_may_change_the_policy(side: Side) -> None:
    who = bearer(side, "ines.okafor", "Policy.ReadWrite.AuthenticationMethod")
    assert side.send("PATCH", POLICY, POLICY_BODY, Authorization=who).status_code == 204


@pytest.mark.parametrize(
    ("path", "scope", "role"),
    [
        ("/v1.0/auditLogs/directoryAudits", "AuditLog.Read.All", "Reports Reader"),
        (
            "/v1.0/deviceManagement/windowsAutopilotDeviceIdentities",
            "DeviceManagementServiceConfig.ReadWrite.All",
            "Intune Administrator",
        ),
    ],
)
def test_logs_and_devices_want_a_role_too_and_an_eligible_one_is_none(
    side: Side, path: str, scope: str, role: str
) -> None:
    who = bearer(side, "priya.venkat", scope)
    assert side.send("GET", path, Authorization=who).status_code == 403
    give_role(side, "priya.venkat", role)
    assert side.send("GET", path, Authorization=who).status_code == 200


def test_a_role_without_the_apps_permission_opens_nothing(side: Side) -> None:
    who = bearer(side, "ines.okafor", "User.Read", "operators")
    assert side.send("POST", side.passes_of("mara.quist"), {}, Authorization=who).status_code == 403


def test_what_a_person_may_read_of_themselves_is_not_what_they_may_read_of_others(side: Side) -> None:
    who = bearer(side, "omar.siddiq", "User.Read", "operators")
    assert side.send("GET", f"/v1.0/users/{side.person('omar.siddiq').id}", Authorization=who).status_code == 200
    assert side.send("GET", f"/v1.0/users/{side.person('mara.quist').id}", Authorization=who).status_code == 403


def test_an_unknown_person_is_missing_also_for_an_operator(side: Side) -> None:
    path = "/v1.0/users/nobody@tallisharbour.example/authentication/temporaryAccessPassMethods"
    assert side.send("GET", path, Authorization=bearer(side, "tomasz.brandt")).status_code == 404


def challenge(side: Side, header: str) -> dict[str, object]:
    """The claims that a WWW-Authenticate header asks for."""
    assert f'authorization_uri="{side.tenant.origin}/common/oauth2/authorize"' in header
    assert 'error="insufficient_claims"' in header
    asked: dict[str, object] = json.loads(base64.b64decode(header.rpartition('claims="')[2].rstrip('"')))
    return asked


def test_a_revoked_session_is_answered_with_a_claims_challenge(side: Side) -> None:
    who = bearer(side, "tomasz.brandt")
    sign_in.sign_out_everywhere(side.tenant, side.person("tomasz.brandt"))
    refused = side.send("GET", side.passes_of("mara.quist"), Authorization=who)

    assert (refused.status_code, refused.get_json()["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assert challenge(side, refused.headers["WWW-Authenticate"])["access_token"]


def test_ones_own_pass_wants_mfa_of_the_last_ten_minutes_and_an_app_has_no_self(side: Side) -> None:
    path, scope = "/v1.0/me/authentication/temporaryAccessPassMethods", "UserAuthMethod-TAP.ReadWrite"
    side.registration("full").delegated.add(scope)
    who = bearer(side, "omar.siddiq", scope)
    assert side.send("POST", path, {}, Authorization=who).status_code == 201
    side.clock.move(minutes=11)
    refused = side.send("POST", path, {}, Authorization=who)

    assert refused.status_code == 401
    asked = challenge(side, refused.headers["WWW-Authenticate"])
    assert asked == {"access_token": {"amr": {"essential": True, "values": ["ngcmfa"]}}}
    assert side.send("GET", path, Authorization=who).status_code == 200
    assert side.send("GET", path).get_json()["error"]["message"].startswith("/me request is only valid")


def test_a_missing_and_an_expired_token_are_told_where_to_get_one(side: Side) -> None:
    for header in ("", "Bearer nonsense"):
        refused = side.send("GET", "/v1.0/organization", Authorization=header)
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"].startswith('Bearer realm="", authorization_uri=')
    side.door("POST", "expire-tokens")
    assert side.send("GET", "/v1.0/organization").status_code == 401
