"""What Company Portal, Apple's tokens and its push certificate do to a device's first day: each rule over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from agent.sandbox import apple_records, device_records
from agent.sandbox.tenant import Options
from tests.contracts.staging_day import IPAD, IPHONE, MARA, StagingDay

APPS = "/beta/deviceAppManagement/mobileApps"
USER_ENROLMENTS = "/beta/deviceManagement/appleUserInitiatedEnrollmentProfiles"
MAC = "C02TH501MD"


@pytest.fixture
def day() -> StagingDay:
    return StagingDay()


def vpp_token(day: StagingDay) -> device_records.VppToken:
    (token,) = day.tenant.devices.vpp_tokens.values()
    return token


def programme_token(day: StagingDay) -> device_records.DepToken:
    (token,) = day.tenant.devices.dep_tokens.values()
    return token


def company_portal(day: StagingDay) -> apple_records.StoreApp:
    (app,) = day.tenant.devices.store_apps.values()
    return app


def profile(day: StagingDay, name: str) -> device_records.DepProfile:
    return next(one for one in day.tenant.devices.dep_profiles.values() if one.name == name)


def of_everybody(day: StagingDay, kind: str, priority: int = 1) -> None:
    made = apple_records.UserEnrolment(day.tenant.new_id(), kind, kind, priority, group_ids=[apple_records.ALL_USERS])
    day.tenant.devices.user_enrolments[made.id] = made


def state(day: StagingDay, serial: str) -> Any:
    token = programme_token(day).id
    rows = day.find(f"/beta/deviceManagement/depOnboardingSettings/{token}/importedAppleDeviceIdentities")
    return next(row["enrollmentState"] for row in rows if row["serialNumber"] == serial)


def through(day: StagingDay, serial: str) -> dict[str, Any]:
    """A device with the code typed wherever it asks."""
    code = day.issue(MARA)
    day.power_on(serial)
    for _ in range(6):
        row = day.wait(serial, minutes=30)
        if row["asks"]:
            day.sign_in(serial, MARA, code)
    return day.shown(serial)


def test_company_portal_shows_its_licences_and_whom_it_is_assigned_to(day: StagingDay) -> None:
    path = f"{APPS}?$filter=isof('microsoft.graph.iosVppApp')&$expand=assignments"
    (row,) = day.find(path)
    assert (row["bundleId"], row["usedLicenseCount"], row["totalLicenseCount"]) == (
        "com.microsoft.CompanyPortal",
        18,
        25,
    )
    assert row["vppTokenId"] == vpp_token(day).id
    (assignment,) = row["assignments"]
    assert (assignment["intent"], assignment["settings"]["useDeviceLicensing"]) == ("required", True)
    assert day.find(f"{APPS}/{row['id']}/assignments") == row["assignments"]
    assert day.find(f"{APPS}?$filter=isof('microsoft.graph.win32LobApp')") == []
    assert "vppTokenId" not in day.graph("GET", f"/v1.0/deviceAppManagement/mobileApps/{row['id']}")
    day.graph("GET", f"{APPS}/{day.tenant.new_id()}", status=404)


def test_user_enrolment_is_listed_with_whom_it_is_meant_for(day: StagingDay) -> None:
    of_everybody(day, "accountDrivenUserEnrollment")
    (row,) = day.find(f"{USER_ENROLMENTS}?$expand=assignments")
    assert row["defaultEnrollmentType"] == "accountDrivenUserEnrollment"
    assert row["assignments"][0]["target"]["@odata.type"].endswith("allLicensedUsersAssignmentTarget")
    assert day.find(f"{USER_ENROLMENTS}/{row['id']}/assignments") == row["assignments"]
    day.graph("GET", USER_ENROLMENTS.replace("beta", "v1.0"), status=400)


def test_each_device_that_enrols_takes_a_licence_and_keeps_it_over_a_wipe(day: StagingDay) -> None:
    app = company_portal(day)
    app.total = app.used + 1
    assert through(day, IPHONE)["finished"]
    day.fleet.move(IPHONE, "reset", {})
    day.delete_pass(MARA)
    assert through(day, IPHONE)["screen"] != "guided-access"
    assert state(day, IPAD) == "blocked"


def test_without_a_licence_a_locked_phone_says_guided_access_until_there_is_one(day: StagingDay) -> None:
    app = company_portal(day)
    app.used = app.total
    assert state(day, IPHONE) == "blocked"
    stuck = through(day, IPHONE)
    assert (stuck["screen"], stuck["asks"], stuck["finished"]) == ("guided-access", "", False)
    app.total += 1
    assert day.wait(IPHONE, minutes=15)["screen"] == "company-portal"


@pytest.mark.parametrize("token_state", ["expired", "invalid", "assignedToExternalMDM"])
def test_without_a_valid_token_an_ipad_awaits_its_final_configuration(day: StagingDay, token_state: str) -> None:
    vpp_token(day).state = token_state
    assert day.find("/v1.0/deviceAppManagement/vppTokens")[0]["state"] == token_state
    assert through(day, IPAD)["screen"] == "awaiting-configuration"


def test_a_profile_without_a_token_leaves_company_portal_to_an_apple_account(day: StagingDay) -> None:
    setup = profile(day, "iPad with Setup Assistant")
    setup.vpp_token_id = None
    row = through(day, IPAD)
    assert (row["screen"], row["asks"]) == ("app-store", "")
    other = "DMTH402PWX"
    day.tenant.devices.boxed[other].options["apple_account"] = True
    day.delete_pass(MARA)
    day.fleet.clear()
    assert through(day, other)["finished"]


@pytest.mark.parametrize("serial", [IPHONE, IPAD, MAC])
def test_nothing_enrols_after_the_push_certificate_has_ended(day: StagingDay, serial: str) -> None:
    held = day.tenant.devices.push_certificate
    assert held is not None
    held.expires = day.tenant.now()
    row = through(day, serial)
    assert not row["finished"]
    assert "push service" in row["message"]
    assert day.find("/v1.0/deviceManagement/managedDevices", **{"$filter": f"serialNumber eq '{serial}'"}) == []


def test_a_lapsed_programme_token_stops_activation_unless_the_switch_says_otherwise() -> None:
    for option, screen in ((False, "no-management"), (True, "remote-management")):
        day = StagingDay(Options(lapsed_apple_token_enrols=option))
        programme_token(day).expires = day.tenant.now()
        assert day.power_on(IPAD)["screen"] == screen


def test_terms_that_nobody_accepted_stop_synchronising_and_not_what_is_known(day: StagingDay) -> None:
    token = programme_token(day)
    token.terms_accepted = False
    path = f"/beta/deviceManagement/depOnboardingSettings/{token.id}"
    before = day.graph("GET", path)
    assert before["lastSyncErrorCode"] == 0
    day.graph("POST", f"{path}/syncWithAppleDeviceEnrollmentProgram", status=204)
    day.clock.move(minutes=2)
    after = day.graph("GET", path)
    assert after["lastSyncErrorCode"] != 0
    assert after["lastSuccessfulSyncDateTime"] == before["lastSuccessfulSyncDateTime"]
    assert day.power_on(IPAD)["screen"] == "remote-management"


def test_company_portal_turns_away_whoever_enrols_by_their_own_account(day: StagingDay) -> None:
    of_everybody(day, "accountDrivenUserEnrollment")
    row = through(day, IPHONE)
    assert (row["screen"], row["finished"]) == ("company-portal", False)
    assert "use its website" in row["message"]
    assert through_with_setup_assistant(day)["finished"]


def through_with_setup_assistant(day: StagingDay) -> dict[str, Any]:
    day.delete_pass(MARA)
    return through(day, IPAD)


def test_an_enrolment_ranked_before_it_opens_company_portal_again(day: StagingDay) -> None:
    of_everybody(day, "accountDrivenUserEnrollment", priority=2)
    of_everybody(day, "device", priority=1)
    assert through(day, IPHONE)["finished"]
