"""The two logs: late, newest first, filtered as documented, and silent about codes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agent.sandbox import records, tenant
from agent.sandbox.areas import activity, people
from tests.contracts import graph_slices
from tests.contracts.sandbox_caller import Caller

SIGN_INS = "/auditLogs/signIns"
AUDITS = "/auditLogs/directoryAudits"
PASS = activity.Step(activity.TEMPORARY_ACCESS_PASS)


@pytest.fixture
def caller() -> Caller:
    return Caller(tenant.Options(reports_limit_per_10_s=100))


def person(caller: Caller, name: str = "mara.quist") -> records.User:
    return people.find(caller.tenant, f"{name}@tallisharbour.example")


def sign_in(caller: Caller, name: str = "mara.quist", **details: object) -> records.SignIn:
    attempt = activity.Attempt(person(caller, name), "app", "Microsoft Authentication Broker", (PASS,), **details)  # type: ignore[arg-type]
    return activity.record_sign_in(caller.tenant, attempt)


def make_pass(caller: Caller, *, by_self: bool = False) -> records.AccessPass:
    user, now = person(caller), caller.clock.now
    maker = user.id if by_self else next(iter(caller.tenant.directory.registrations))
    access_pass = records.AccessPass("pass-1", user.id, "+drkzqAD", now, now, 60, one_time=False, made_by=maker)
    activity.record_pass_created(caller.tenant, access_pass)
    return access_pass


def test_a_sign_in_shows_after_a_while_and_its_details_later_still(caller: Caller) -> None:
    sign_in(caller)
    assert caller.beta(SIGN_INS)["value"] == []
    caller.clock.move(seconds=20)
    assert caller.beta(SIGN_INS)["value"][0]["authenticationDetails"] == []
    caller.clock.move(seconds=20)
    (detail,) = caller.beta(SIGN_INS)["value"][0]["authenticationDetails"]
    assert (detail["authenticationMethod"], detail["succeeded"]) == ("Temporary Access Pass", True)


def test_speed_divides_how_late_the_logs_are() -> None:
    caller = Caller(tenant.Options(speed=20, reports_limit_per_10_s=100))
    sign_in(caller)
    caller.clock.move(seconds=1)
    assert len(caller.beta(SIGN_INS)["value"]) == 1


def test_v1_cannot_tell_which_method_was_used(caller: Caller) -> None:
    row = sign_in(caller, "leila.haddad")
    caller.clock.move(minutes=1)
    thin = caller.get(SIGN_INS)["value"][0]
    assert thin["userPrincipalName"] == "leila.haddad@tallisharbour.example"
    assert not {"authenticationDetails", "authenticationRequirement", "signInEventTypes"} & thin.keys()
    assert caller.get(f"{SIGN_INS}/{row.id}") == {
        "@odata.context": caller.get(f"{SIGN_INS}/{row.id}")["@odata.context"],
        **thin,
    }
    caller.get(f"{SIGN_INS}?$filter=signInEventTypes/any(t:t eq 'interactiveUser')", status=400)


def test_sign_ins_are_newest_first_and_bound_by_person_and_time(caller: Caller) -> None:
    for hours, name in ((3, "mara.quist"), (2, "mara.quist"), (1, "jonas.ferreira")):
        sign_in(caller, name, at=caller.clock.now - timedelta(hours=hours))
    times = [row["createdDateTime"] for row in caller.beta(SIGN_INS)["value"]]
    assert times == ["2026-11-23T08:00:00Z", "2026-11-23T07:00:00Z", "2026-11-23T06:00:00Z"]
    mara = person(caller).id
    query = f"userId eq '{mara}' and createdDateTime ge 2026-11-23T06:30:00Z"
    (found,) = caller.beta(f"{SIGN_INS}?$filter={query}")["value"]
    assert found["createdDateTime"] == "2026-11-23T07:00:00Z"
    assert [len(page) for page in caller.pages(f"{SIGN_INS}?$top=2", version="beta")] == [2, 1]


def test_only_interactive_sign_ins_come_unless_others_are_asked_for(caller: Caller) -> None:
    sign_in(caller, interactive=False)
    caller.clock.move(minutes=1)
    assert caller.beta(SIGN_INS)["value"] == []
    asked = caller.beta(f"{SIGN_INS}?$filter=signInEventTypes/any(t:t eq 'nonInteractiveUser')")["value"]
    assert [row["isInteractive"] for row in asked] == [False]


def test_a_failed_sign_in_carries_its_number_and_reason(caller: Caller) -> None:
    sign_in(caller, error_code=130503)
    caller.clock.move(minutes=1)
    (row,) = caller.get(f"{SIGN_INS}?$filter=status/errorCode eq 130503")["value"]
    assert row["status"]["failureReason"] == "The Temporary Access Pass is incorrect."


def test_a_sign_in_names_the_device_it_came_from(caller: Caller) -> None:
    device = next(item for item in caller.tenant.devices.entra.values() if item.trust_type == "AzureAd")
    sign_in(caller, "helen.strand", device_id=device.device_id)
    caller.clock.move(minutes=1)
    detail = caller.get(SIGN_INS)["value"][0]["deviceDetail"]
    assert (detail["displayName"], detail["trustType"], detail["isManaged"]) == ("TH-HSTRAND", "Azure AD joined", True)


def test_filters_that_the_logs_do_not_know_are_refused(caller: Caller) -> None:
    caller.beta(f"{SIGN_INS}?$filter=authenticationDetails/any(d:d/succeeded eq true)", status=400)
    caller.get(f"{AUDITS}?$filter=operationType eq 'Create'", status=400)


def test_making_and_deleting_a_pass_leaves_two_audit_rows_without_the_code(caller: Caller) -> None:
    access_pass = make_pass(caller)
    activity.record_pass_deleted(caller.tenant, access_pass, by=access_pass.made_by)
    caller.clock.move(minutes=1)
    user = person(caller)
    body = caller.get(f"{AUDITS}?$filter=targetResources/any(t:t/id eq '{user.id}')")
    assert access_pass.code not in str(body)
    assert {(row["activityDisplayName"], row["resultReason"]) for row in body["value"]} == {
        ("Admin registered security info", "Admin registered temporary access pass method for user"),
        ("Admin deleted security info", "Admin deleted temporary access pass method for user"),
    }


def test_the_audit_tells_which_app_made_the_pass_and_its_terms(caller: Caller) -> None:
    access_pass = make_pass(caller)
    caller.clock.move(minutes=1)
    query = "activityDisplayName eq 'Admin registered security info' and activityDateTime ge 2026-11-23T09:00:00Z"
    (row,) = caller.get(f"{AUDITS}?$filter={query}")["value"]
    assert row["initiatedBy"]["app"]["appId"] == access_pass.made_by
    assert (row["category"], row["loggedByService"]) == ("UserManagement", "Authentication Methods")
    modified = {item["displayName"]: item["newValue"] for item in row["targetResources"][0]["modifiedProperties"]}
    assert modified["TemporaryAccessPass.TemporaryAccessPass.Id"] == '"pass-1"'
    assert "Multiple" in modified["TemporaryAccessPass.TemporaryAccessPass.AccessPassUsage"]
    assert caller.get(f"{AUDITS}/{row['id']}")["id"] == row["id"]


def test_a_pass_that_a_person_makes_alone_is_logged_in_other_words(caller: Caller) -> None:
    make_pass(caller, by_self=True)
    caller.clock.move(minutes=1)
    (row,) = caller.get(AUDITS)["value"]
    assert row["activityDisplayName"] == "User registered security info"
    assert row["resultReason"] == "User registered temporary access pass method"
    assert row["initiatedBy"]["user"]["userPrincipalName"] == person(caller).upn


def test_the_sixth_look_at_the_logs_within_ten_seconds_is_throttled() -> None:
    caller = Caller()
    for _ in range(5):
        caller.get(AUDITS)
    assert caller.get(SIGN_INS, status=429)["error"]["code"] == "TooManyRequests"
    caller.clock.move(seconds=10)
    caller.get(SIGN_INS)
    caller.get(f"{SIGN_INS}/nothing", status=404)


@graph_slices.held
@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_both_logs_have_the_shape_that_microsoft_publishes(caller: Caller, version: str) -> None:
    policies = tuple(caller.tenant.credentials.conditional_access.values())
    sign_in(caller, policies=policies, mfa_required=True)
    make_pass(caller)
    make_pass(caller, by_self=True)
    caller.clock.move(minutes=1)
    for path in (SIGN_INS, AUDITS):
        body = caller.get(path, version=version)
        assert body["value"]
        assert graph_slices.answer_faults(version, "GET", path, body) == []
        template, one = path + "/{id}", caller.get(f"{path}/{body['value'][0]['id']}", version=version)
        assert graph_slices.answer_faults(version, "GET", template, one) == []
