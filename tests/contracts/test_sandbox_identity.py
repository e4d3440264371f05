"""People, passes, methods and roles in the sandbox behave as Microsoft documents, rule by rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agent.sandbox import records, sign_in_records, tenant, view
from agent.sandbox.areas import people
from tests.contracts import graph_slices
from tests.contracts.sandbox_side import Side

OUT_OF_SCOPE = (
    "Converged UserCredentialPolicy does not allow creating or updating this authentication method. "
    "AuthMethodType [TemporaryAccessPass]."
)
POLICY = "/v1.0/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/TemporaryAccessPass"
POLICY_TYPE = "#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration"


@pytest.fixture
def side() -> Side:
    return Side()


def refusal(answer: dict[str, Any]) -> tuple[str, str]:
    error = answer["error"]
    assert error["innerError"]["message"] == error["message"]
    return error["code"], error["message"]


def reason(side: Side, key: str) -> tuple[bool, str]:
    (row,) = side.get(side.passes_of(key))["value"]
    return row["isUsable"], row["methodUsabilityReason"]


def test_the_code_is_in_the_answer_to_its_creation_and_nowhere_else(side: Side) -> None:
    made = side.make_pass("mara.quist", {})
    code = made["temporaryAccessPass"]
    methods = f"/v1.0/users/{side.person('mara.quist').id}/authentication/methods"

    for path in (side.passes_of("mara.quist"), f"{side.passes_of('mara.quist')}/{made['id']}", methods):
        answer = side.send("GET", path)
        assert answer.status_code == 200
        assert code not in answer.get_data(as_text=True)
    assert code not in repr(side.tenant.credentials.passes)
    assert len(code) == 8
    assert any(sign in "+!" for sign in code)


def test_terms_left_out_come_from_the_policy_and_a_pass_begins_now(side: Side) -> None:
    made = side.make_pass("mara.quist", {"id": "mine", "temporaryAccessPass": "chosen", "colour": "red"})

    assert (made["lifetimeInMinutes"], made["isUsableOnce"]) == (60, False)
    assert made["startDateTime"] == made["createdDateTime"] == "2026-11-23T09:00:00Z"
    assert made["temporaryAccessPass"] != "chosen"
    assert (made["isUsable"], made["methodUsabilityReason"]) == (True, "EnabledByPolicy")


def test_a_create_without_a_body_is_refused(side: Side) -> None:
    assert refusal(side.make_pass("mara.quist", None, status=400))[0] == "badRequest"


def test_a_second_create_replaces_the_first_whatever_its_state(side: Side) -> None:
    first = side.make_pass("mara.quist", {"startDateTime": "2026-11-24T09:00:00Z"})
    second = side.make_pass("mara.quist", {})

    assert second["id"] != first["id"]
    assert [row["id"] for row in side.get(side.passes_of("mara.quist"))["value"]] == [second["id"]]
    side.get(f"{side.passes_of('mara.quist')}/{first['id']}", status=404)
    assert side.send("DELETE", f"{side.passes_of('mara.quist')}/{first['id']}").status_code == 404


@pytest.mark.parametrize("minutes", [59, 481])
def test_a_lifetime_outside_the_policy_is_refused_in_microsofts_words(side: Side, minutes: int) -> None:
    answer = side.make_pass("mara.quist", {"lifetimeInMinutes": minutes}, status=400)

    assert refusal(answer) == (
        "badRequest",
        "Invalid LifetimeInMinutes specified. The valid range between 60 and 480.",
    )


@pytest.mark.parametrize("minutes", [60, 480])
def test_both_ends_of_the_range_are_allowed(side: Side, minutes: int) -> None:
    assert side.make_pass("mara.quist", {"lifetimeInMinutes": minutes})["lifetimeInMinutes"] == minutes


@pytest.mark.parametrize(
    "body",
    [{"lifetimeInMinutes": "60"}, {"lifetimeInMinutes": True}, {"isUsableOnce": 1}, {"startDateTime": "soon"}, []],
)
def test_a_value_of_the_wrong_kind_is_refused_and_nothing_is_made(side: Side, body: Any) -> None:
    side.make_pass("mara.quist", body, status=400)

    assert side.get(side.passes_of("mara.quist"))["value"] == []


def test_a_policy_of_one_time_passes_refuses_multi_use_and_makes_one_time_when_nothing_is_said(side: Side) -> None:
    side.door("POST", "policy", {"isUsableOnce": True})

    code, message = refusal(side.make_pass("mara.quist", {"isUsableOnce": False}, status=400))
    assert (code, message) == (
        "badRequest",
        "Invalid IsUsableOnce specified. Tenant Policy does not allow multiple use temporary access pass method.",
    )
    assert side.make_pass("mara.quist", {})["isUsableOnce"] is True


@pytest.mark.parametrize("key", ["peter.ashdown", "lena.novak"])
def test_a_person_outside_or_excluded_from_the_policy_is_refused(side: Side, key: str) -> None:
    assert refusal(side.make_pass(key, {}, status=400)) == ("badRequest", OUT_OF_SCOPE)


def test_a_disabled_policy_refuses_everybody(side: Side) -> None:
    side.door("POST", "policy", {"state": "disabled"})

    assert refusal(side.make_pass("mara.quist", {}, status=400)) == ("badRequest", OUT_OF_SCOPE)


def test_the_behaviour_of_2021_makes_a_pass_that_cannot_be_used() -> None:
    side = Side(tenant.Options(creation_outside_policy=True))
    side.make_pass("peter.ashdown", {})

    assert reason(side, "peter.ashdown") == (False, "DisabledByPolicy")


def test_an_external_guest_is_refused_and_an_internal_one_is_not(side: Side) -> None:
    guest = next(user for user in side.tenant.directory.users.values() if people.is_external_guest(user))
    answer = side.send("POST", f"/v1.0/users/{guest.id}/authentication/temporaryAccessPassMethods", {})

    assert answer.status_code == 400
    assert refusal(answer.get_json())[1] == "Temporary Access Pass cannot be added to an external guest user."
    side.make_pass("kim.doyle", {})


def test_a_disabled_account_may_get_a_pass(side: Side) -> None:
    side.make_pass("victor.lamb", {})


def test_the_reason_follows_the_clock_and_an_expired_pass_stays_listed(side: Side) -> None:
    side.make_pass("mara.quist", {"startDateTime": "2026-11-23T10:00:00Z", "lifetimeInMinutes": 60})

    assert reason(side, "mara.quist") == (False, "NotYetValid")
    side.clock.move(minutes=60)
    assert reason(side, "mara.quist") == (True, "EnabledByPolicy")
    side.clock.move(minutes=59)
    assert reason(side, "mara.quist") == (True, "EnabledByPolicy")
    side.clock.move(minutes=1)
    assert reason(side, "mara.quist") == (False, "Expired")


def test_a_used_one_time_pass_says_so(side: Side) -> None:
    side.make_pass("mara.quist", {"isUsableOnce": True})
    side.tenant.credentials.passes[side.person("mara.quist").id].used.append(side.clock.now)

    assert reason(side, "mara.quist") == (False, "OneTimeUsed")


def test_a_change_of_policy_disables_a_pass_without_changing_it(side: Side) -> None:
    made = side.make_pass("mara.quist", {"isUsableOnce": False})
    body = {"@odata.type": POLICY_TYPE, "isUsableOnce": True}
    assert side.send("PATCH", POLICY, body).status_code == 204

    assert reason(side, "mara.quist") == (False, "DisabledByPolicy")
    assert side.get(side.passes_of("mara.quist"))["value"][0]["isUsableOnce"] is made["isUsableOnce"] is False


def test_a_change_of_groups_reaches_the_policy_late(side: Side) -> None:
    leith = next(group for group in side.tenant.directory.groups.values() if group.name == "Leith Harbour House")
    members = [*leith.member_ids, side.person("peter.ashdown").id]
    side.door("POST", "membership", {"group": leith.id, "members": members})

    side.make_pass("peter.ashdown", {}, status=400)
    side.clock.move(seconds=30)
    side.make_pass("peter.ashdown", {})


def test_a_deleted_pass_is_gone(side: Side) -> None:
    made = side.make_pass("mara.quist", {})

    answer = side.send("DELETE", f"{side.passes_of('mara.quist')}/{made['id']}")
    assert (answer.status_code, answer.data) == (204, b"")
    assert side.get(side.passes_of("mara.quist"))["value"] == []


def test_creation_and_deletion_are_audited_by_app_and_never_with_the_code(side: Side) -> None:
    made = side.make_pass("mara.quist", {})
    side.send("DELETE", f"{side.passes_of('mara.quist')}/{made['id']}")
    side.clock.move(minutes=10)

    rows = side.get("/v1.0/auditLogs/directoryAudits")["value"]
    assert {row["resultReason"] for row in rows} >= {
        "Admin registered temporary access pass method for user",
        "Admin deleted temporary access pass method for user",
    }
    assert made["temporaryAccessPass"] not in str(rows)
    assert rows[0]["initiatedBy"]["app"]["appId"] == side.registration("full").app_id


def test_a_policy_that_contradicts_itself_is_refused_whole(side: Side) -> None:
    before = side.get(POLICY)
    for changes in ({"minimumLifetimeInMinutes": 500}, {"defaultLength": 7}, {"defaultLifetimeInMinutes": "60"}):
        answer = side.send("PATCH", POLICY, {"@odata.type": POLICY_TYPE, "isUsableOnce": True, **changes})
        assert answer.status_code == 400
    assert side.send("PATCH", POLICY, {"isUsableOnce": True}).status_code == 400

    assert side.get(POLICY) == before


def test_the_list_never_has_the_device_and_a_single_get_has_it_on_demand(side: Side) -> None:
    base = f"/v1.0/users/{side.person('helen.strand').id}/authentication/windowsHelloForBusinessMethods"
    (row,) = side.get(f"{base}?$expand=device")["value"]

    assert "device" not in row
    assert "device" not in side.get(f"{base}/{row['id']}")
    assert side.get(f"{base}/{row['id']}?$expand=device")["device"]["displayName"] == "TH-HSTRAND"


def test_push_only_authenticators_have_no_time_and_only_beta_tells_the_last_use(side: Side) -> None:
    path = f"users/{side.person('ruth.adeyemi').id}/authentication/microsoftAuthenticatorMethods"
    (plain,) = side.get(f"/v1.0/{path}")["value"]
    (fuller,) = side.get(f"/beta/{path}")["value"]

    assert plain["createdDateTime"] is None
    assert "lastUsedDateTime" not in plain
    assert fuller["lastUsedDateTime"] is None


def test_everybody_has_the_password_method_of_the_constant_id(side: Side) -> None:
    base = f"/v1.0/users/{side.person('mara.quist').id}/authentication"
    (row,) = side.get(f"{base}/passwordMethods")["value"]

    assert (row["id"], row["password"]) == (records.PASSWORD_METHOD_ID, None)
    assert side.get(f"{base}/fido2Methods")["value"] == []


def test_empty_platform_credentials_are_missing_unless_the_switch_is_off() -> None:
    for missing, status in ((True, 404), (False, 200)):
        side = Side(tenant.Options(platform_credentials_404_when_empty=missing))
        key = side.person("mara.quist").id
        side.get(f"/v1.0/users/{key}/authentication/platformCredentialMethods", status=status)


def test_a_person_is_found_by_id_or_user_name_in_any_case_and_shows_the_documented_defaults(side: Side) -> None:
    person = side.person("mara.quist")
    by_id = side.get(f"/v1.0/users/{person.id}")

    assert side.get(f"/v1.0/USERS/{person.upn.upper()}") == side.get(f"/v1.0/users('{person.upn}')") == by_id
    assert "accountEnabled" not in by_id
    assert {name for name in by_id if "@" not in name} == {
        *("businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone"),
        *("officeLocation", "preferredLanguage", "surname", "userPrincipalName"),
    }
    missing = side.get("/v1.0/users/nobody@tallisharbour.example", status=404)["error"]
    assert missing["code"] == "Request_ResourceNotFound"


def test_a_quote_or_a_hash_in_a_user_name_stays_one_literal(side: Side) -> None:
    counsel = side.get("/v1.0/users?$filter=userPrincipalName eq 'siobhan.o''rourke%40tallisharbour.example'")
    guest = next(user for user in side.tenant.directory.users.values() if "#EXT#" in user.upn)

    assert [row["givenName"] for row in counsel["value"]] == ["Siobhán"]
    assert side.get(f"/v1.0/users/{guest.upn.replace('#', '%23')}")["id"] == guest.id


def test_selection_filters_and_the_manager(side: Side) -> None:
    path = "/v1.0/users?$filter=employeeId eq '1187'&$select=id,employeeId,signInSessionsValidFromDateTime"
    (row,) = side.get(f"{path}&$expand=manager($select=id,displayName)")["value"]

    assert (row["employeeId"], row["manager"]["displayName"]) == ("1187", "Helen Strand")
    assert datetime.fromisoformat(row["signInSessionsValidFromDateTime"]) < datetime(2026, 11, 23, tzinfo=UTC)
    assert side.get(f"/v1.0/users/{row['id']}/manager")["displayName"] == "Helen Strand"
    side.get(f"/v1.0/users/{side.person('peter.ashdown').id}/manager", status=404)
    side.get("/v1.0/users?$filter=displayName has 'x'", status=400)
    side.get("/v1.0/users?$filter=displayName ne 'x'", status=400)


def test_people_come_in_pages_whose_next_links_stay_on_the_origin(side: Side) -> None:
    seen, address = [], f"{side.tenant.origin}/v1.0/users?$top=7&$select=id"
    while address:
        body = side.get(address.removeprefix(side.tenant.origin))
        seen += [row["id"] for row in body["value"]]
        address = body.get("@odata.nextLink", "")
    assert seen == list(side.tenant.directory.users)


def test_membership_is_transitive_and_asks_for_at_most_twenty_groups(side: Side) -> None:
    by_name = {group.name: group.id for group in side.tenant.directory.groups.values()}
    path = f"/v1.0/users/{side.person('mara.quist').id}/checkMemberGroups"
    asked = [by_name["All staff"], by_name["Leith Harbour House"], by_name["Ostend Quay"]]

    held = side.send("POST", path, {"groupIds": asked}).get_json()["value"]
    assert held == asked[:2]
    assert side.send("POST", path, {"groupIds": asked * 7}).status_code == 400
    assert side.send("POST", path, {}).status_code == 400


def test_roles_are_seen_directly_by_group_and_as_eligible(side: Side) -> None:
    tomasz, priya = side.person("tomasz.brandt"), side.person("priya.venkat")
    cast = f"/v1.0/users/{tomasz.id}/transitiveMemberOf/microsoft.graph.directoryRole"
    rows = side.get(f"{cast}?$count=true&$select=displayName", ConsistencyLevel="eventual")["value"]
    base, which = "/v1.0/roleManagement/directory", f"$filter=principalId eq '{priya.id}'&$expand=roleDefinition"

    assert [row["displayName"] for row in rows] == ["Authentication Administrator"]
    assert side.get(cast, status=400)["error"]["code"] == "Request_UnsupportedQuery"
    assert side.get(f"{base}/roleAssignments?{which}")["value"] == []
    (eligible,) = side.get(f"{base}/roleEligibilityScheduleInstances?{which}")["value"]
    assert eligible["roleDefinition"]["displayName"] == "Intune Administrator"


def operator_token(side: Side, key: str) -> str:
    """A delegated token, as a sign-in would give it."""
    held = sign_in_records.AccessToken(
        token=f"token of {key}",
        app_id=side.registration("issuer").app_id,
        kind="delegated",
        permissions=frozenset({"UserAuthMethod-TAP.ReadWrite.All"}),
        expires=side.clock.now + timedelta(hours=1),
        audience="https://graph.microsoft.com",
        user_id=side.person(key).id,
    )
    side.tenant.sign_ins.access_tokens[held.token] = held
    return f"Bearer {held.token}"


@pytest.mark.parametrize(
    ("operator", "target", "status"),
    [
        ("tomasz.brandt", "mara.quist", 201),
        ("tomasz.brandt", "tomasz.brandt", 403),
        ("tomasz.brandt", "ines.okafor", 403),
        ("ines.okafor", "tomasz.brandt", 201),
        ("omar.siddiq", "mara.quist", 403),
    ],
)
def test_a_signed_in_operator_needs_a_role_over_the_person(side: Side, operator: str, target: str, status: int) -> None:
    answer = side.send("POST", side.passes_of(target), {}, Authorization=operator_token(side, operator))

    assert answer.status_code == status


def test_a_deleted_pass_may_still_be_seen_for_a_while(side: Side) -> None:
    made = side.make_pass("mara.quist", {})
    side.tenant.view.set_lag("passes", view.Lag(reads=1))
    side.send("DELETE", f"{side.passes_of('mara.quist')}/{made['id']}")

    assert len(side.get(side.passes_of("mara.quist"))["value"]) == 1
    assert side.get(side.passes_of("mara.quist"))["value"] == []


HELLO = "windowsHelloForBusinessMethods"
HELD_AGAINST = [
    ("/users", "?$expand=manager", "/users"),
    ("/users/{}", "", "/users/{id}"),
    ("/users/{}", "?$select=id,identities,signInSessionsValidFromDateTime,userType,employeeHireDate", "/users/{id}"),
    ("/users/{}/manager", "", "/users/{id}/manager"),
    ("/users/{}/transitiveMemberOf", "", "/users/{id}/transitiveMemberOf"),
    (
        "/users/{}/authentication/temporaryAccessPassMethods",
        "",
        "/users/{id}/authentication/temporaryAccessPassMethods",
    ),
    *((f"/users/{{}}/authentication/{s}", "", f"/users/{{id}}/authentication/{s}") for s in (HELLO, "fido2Methods")),
    *((f"/users/{{}}/authentication/{s}", "", f"/users/{{id}}/authentication/{s}") for s in ("phoneMethods",)),
    ("/organization", "", "/organization"),
    (
        "/roleManagement/directory/roleAssignments",
        "?$expand=roleDefinition",
        "/roleManagement/directory/roleAssignments",
    ),
    ("/policies/authenticationMethodsPolicy", "", "/policies/authenticationMethodsPolicy"),
]


@graph_slices.held
@pytest.mark.parametrize("version", ["v1.0", "beta"])
@pytest.mark.parametrize("key", ["helen.strand", "ruth.adeyemi", "nils.haugen"])
def test_every_answer_fits_microsofts_own_description(side: Side, version: str, key: str) -> None:
    side.make_pass(key, {})
    found = [
        f"{path}{fault}"
        for path, query, template in HELD_AGAINST
        for fault in graph_slices.answer_faults(
            version, "GET", template, side.get(f"/{version}{path.format(side.person(key).id)}{query}")
        )
    ]
    assert found == []


@graph_slices.held
@pytest.mark.parametrize("version", ["v1.0", "beta"])
@pytest.mark.parametrize("segment", [HELLO, "microsoftAuthenticatorMethods"])
def test_a_single_method_with_its_device_fits_too(side: Side, version: str, segment: str) -> None:
    path = f"/{version}/users/{side.person('helen.strand').id}/authentication/{segment}"
    (row,) = side.get(path)["value"]
    found = side.get(f"{path}/{row['id']}?$expand=device")

    template = f"/users/{{id}}/authentication/{segment}/{{method}}"
    assert graph_slices.answer_faults(version, "GET", template, found) == []


@graph_slices.held
@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_a_created_pass_fits_microsofts_own_description(side: Side, version: str) -> None:
    made = side.send("POST", side.passes_of("mara.quist", version), {}).get_json()
    template = "/users/{id}/authentication/temporaryAccessPassMethods"

    assert graph_slices.answer_faults(version, "POST", template, made) == []
    assert "/surprise is not in the schema" in graph_slices.answer_faults(
        version, "POST", template, made | {"surprise": 1}
    )
