"""Rules about devices that no other file says: refused enrolment, rows of the report, rows of one serial twice."""

from __future__ import annotations

import sys

import pytest

from agent.sandbox.areas import enrolment, mdm
from agent.sandbox.tenant import Options
from tests.contracts import staging_day as bench
from tests.contracts.staging_day import MARA, StagingDay

MANAGED = "/v1.0/deviceManagement/managedDevices"
EVENTS = "/beta/deviceManagement/autopilotEvents"
IDENTITIES = "/v1.0/deviceManagement/windowsAutopilotDeviceIdentities"
FAILURES = "/v1.0/deviceManagement/troubleshootingEvents"
UNREGISTERED = "PF4TH122"
NEVER = "0001-01-01T00:00:00Z"

LEFT_OUT = {
    "Apple's own service is kept apart (signed assertion, 20 reads a minute, activities, JSON:API errors)": (
        "the product does not speak to it"
    ),
    "devices bound to the tenant by the mark in their firmware": "the path has no published reference or permission",
    "a serial that stands behind the old programme's service": "its token belongs to Intune, nobody else may read it",
    "a filter by the Entra id is refused together with a count": "only the metadata's remark says so; both work here",
    "notification of a technician about an enrolment": "configurations of that kind are shown, nothing is sent",
}
"""What real tenants do about devices and this one does not -> why."""


@pytest.fixture
def day() -> StagingDay:
    return StagingDay()


def restrict(day: StagingDay, **rule: object) -> None:
    """The restriction of all platforms says this about Windows and about iPhones."""
    held = enrolment.in_force(day.tenant, enrolment.PLATFORM_RESTRICTIONS)
    assert held is not None
    held.properties.update({"windowsRestriction": rule, "iosRestriction": rule})


def at_lock_screen(day: StagingDay) -> str:
    code = day.issue(MARA)
    day.power_on(bench.LAPTOP)
    day.sign_in(bench.LAPTOP, MARA, code)
    assert day.wait(bench.LAPTOP)["screen"] == "lock-screen"
    return code


def finished(day: StagingDay) -> None:
    code = at_lock_screen(day)
    day.sign_in(bench.LAPTOP, MARA, code)
    assert day.wait(bench.LAPTOP)["finished"]


@pytest.mark.parametrize(
    "rule", [{"platformBlocked": True}, {"osMinimumVersion": "11.0"}, {"osMaximumVersion": "10.0.19045.1"}]
)
def test_a_blocked_platform_or_version_cannot_enrol_and_leaves_a_trace(
    day: StagingDay, rule: dict[str, object]
) -> None:
    restrict(day, **rule)
    day.power_on(bench.LAPTOP)
    day.sign_in(bench.LAPTOP, MARA, day.issue(MARA))
    assert "80180014" in day.wait(bench.LAPTOP)["message"]
    (event,) = day.find(FAILURES)
    assert (event["failureCategory"], event["userId"]) == ("enrollmentRestrictionsEnforced", day.person(MARA).id)
    assert day.find(f"/v1.0/users/{MARA}/deviceManagementTroubleshootingEvents") == [event]


def test_a_restriction_of_one_platform_goes_before_that_of_all(day: StagingDay) -> None:
    held = next(one for one in day.tenant.devices.enrolment_configurations.values() if "Android" in one.name)
    held.properties.update({"platformType": "windows", "platformRestriction": {"platformBlocked": True}})
    day.power_on(bench.LAPTOP)
    day.sign_in(bench.LAPTOP, MARA, day.issue(MARA))
    assert "80180014" in day.wait(bench.LAPTOP)["message"]


def test_devices_known_to_autopilot_or_apple_are_not_personal(day: StagingDay) -> None:
    restrict(day, personalDeviceEnrollmentBlocked=True)
    at_lock_screen(day)
    day.power_on(bench.IPAD)
    assert day.sign_in(bench.IPAD, MARA, day.issue(MARA))["screen"] != "remote-management"


def test_a_failed_join_leaves_no_enrolment_failure(day: StagingDay) -> None:
    day.tenant.devices.registration_policy.user_device_quota = 0
    day.power_on(bench.LAPTOP)
    assert "801c03ed" in day.sign_in(bench.LAPTOP, MARA, day.issue(MARA))["message"]
    assert day.find(FAILURES) == []


def test_a_deployment_that_failed_once_stays_a_failure_though_the_pc_gets_ready(day: StagingDay) -> None:
    at_lock_screen(day)
    managed = next(one for one in day.tenant.devices.managed.values() if one.serial == bench.LAPTOP)
    token = mdm.token_for(day.tenant, managed)
    mdm.report(day.tenant, token, phase="device_setup", succeeded=False)
    mdm.report(day.tenant, token, phase="account_setup")
    (event,) = day.find(EVENTS)
    assert (event["deploymentState"], event["deviceSetupStatus"]) == ("failure", "failure")


def test_a_wiped_pc_makes_a_new_row_in_the_report_and_leaves_its_old_managed_device(day: StagingDay) -> None:
    finished(day)
    day.fleet.move(bench.LAPTOP, "reset", {})
    finished(day)
    assert [event["deploymentState"] for event in day.find(EVENTS)] == ["success", "success"]
    rows = day.find(MANAGED, **{"$filter": f"serialNumber eq '{bench.LAPTOP}'"})
    assert len({row["id"] for row in rows}) == 2
    assert {row["easActivationDateTime"] for row in rows} == {NEVER}


def test_whether_a_late_final_state_is_written_is_a_switch() -> None:
    day = StagingDay(Options(late_final_event_written=True))
    code = at_lock_screen(day)
    day.clock.move(minutes=40)
    day.sign_in(bench.LAPTOP, MARA, code)
    assert day.wait(bench.LAPTOP)["finished"]
    assert day.find(EVENTS)[0]["deploymentState"] == "success"


def test_compliance_is_unknown_at_first_and_comes_later(day: StagingDay) -> None:
    finished(day)
    (managed,) = day.find(MANAGED, **{"$filter": f"serialNumber eq '{bench.LAPTOP}'"})
    (device,) = day.find("/v1.0/devices", **{"$filter": f"deviceId eq '{managed['azureADDeviceId']}'"})
    assert (managed["complianceState"], device["isCompliant"], device["isManaged"]) == ("unknown", None, True)
    day.clock.move(minutes=11)
    (device,) = day.find("/v1.0/devices", **{"$filter": f"deviceId eq '{managed['azureADDeviceId']}'"})
    assert device["isCompliant"] is True


def test_apple_devices_are_workplace_registered_and_never_carry_an_autopilot_id(day: StagingDay) -> None:
    rows = day.find("/v1.0/devices")
    apple = [row for row in rows if row["operatingSystem"] in ("iOS", "iPadOS", "iPhone", "iPad")]
    assert apple
    assert {row["trustType"] for row in apple} == {"Workplace"}
    assert not [text for row in apple for text in row["physicalIds"] if text.startswith("[ZTDID]")]
    assert {row["trustType"] for row in rows if row["operatingSystem"] == "Windows"} == {"AzureAd"}


def test_serials_are_trimmed_and_paths_and_serials_take_any_letter_case(day: StagingDay) -> None:
    query = {"$filter": "contains(serialNumber,'pf4th101')"}
    (known,) = day.find("/v1.0/devicemanagement/WindowsAutopilotDeviceIdentities", **query)
    assert known["serialNumber"] == bench.LAPTOP
    identity = day.tenant.devices.autopilot[known["id"]]
    identity.serial = f" {bench.LAPTOP} "
    assert day.power_on(bench.LAPTOP)["screen"] == "oobe"


def test_the_odd_spelling_of_an_unknown_synchronisation_is_kept(day: StagingDay) -> None:
    path = "/beta/deviceManagement/windowsAutopilotDeviceIdentities"
    (known,) = day.find(path, **{"$filter": "contains(serialNumber,'PF4TH108')"})
    assert known["deploymentProfileAssignmentStatus"] == "assignedUnkownSyncState"
    assert day.power_on("PF4TH108")["screen"] == "oobe"


def test_a_pc_fresh_from_its_hash_reaches_the_organisations_first_run(day: StagingDay) -> None:
    assert day.power_on(UNREGISTERED)["screen"] != "oobe"
    day.fleet.move(UNREGISTERED, "reset", {})
    path = "/v1.0/deviceManagement/importedWindowsAutopilotDeviceIdentities"
    sent = {"serialNumber": UNREGISTERED, "hardwareIdentifier": "T0ElAwEAHAAAAA==", "groupTag": "STAFF"}
    day.graph("POST", path, sent, status=201)
    day.clock.move(minutes=10)
    assert day.power_on(UNREGISTERED)["screen"] == "oobe"
    (known,) = day.find(IDENTITIES, **{"$filter": f"contains(serialNumber,'{UNREGISTERED}')"})
    assert known["model"] == "ThinkPad T14s Gen 6"


def test_managed_devices_have_no_delta(day: StagingDay) -> None:
    error = day.graph("GET", f"{MANAGED}/delta", status=404)["error"]
    assert error["code"] == "ResourceNotFound"


def test_what_is_left_out_is_printed_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        for rule, why in LEFT_OUT.items():
            sys.stdout.write(f"\nleft out about devices: {rule}: {why}")
    assert all(LEFT_OUT.values())
