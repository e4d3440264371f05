"""Further ways of a Windows PC: device preparation, a technician's hand-over, the lock screen of a joined PC."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.sandbox import intake_records
from agent.sandbox.tenant import Options
from agent.sandbox.virtual import device
from tests.contracts import staging_day as bench
from tests.contracts.staging_day import MARA, StagingDay

JONAS = "jonas.ferreira@tallisharbour.example"
ALEX, COXSWAIN = "alex.morgan@tallisharbour.example", "alex.morgan2@tallisharbour.example"
HELEN = "helen.strand@tallisharbour.example"
UNREGISTERED, UNREGISTERED_NO_RESTART = "PF4TH121", "PF4TH122"
PREPARED, JOINED, OLD_WINDOWS = "PF4TH112", "PF4TH113", "PF4TH114"
KEY = "YK5TH701"
EVENTS = "/beta/deviceManagement/autopilotEvents"


@pytest.fixture
def day() -> StagingDay:
    return StagingDay()


def restrict(day: StagingDay, **rule: object) -> None:
    """Set the restriction for Windows."""
    for item in day.tenant.devices.enrolment_configurations.values():
        if item.kind == "platform_restrictions":
            item.properties["windowsRestriction"] = rule


def test_a_pc_nobody_registered_is_prepared_by_policy_and_asks_twice(day: StagingDay) -> None:
    code = day.issue(JONAS)
    first = day.power_on(UNREGISTERED)
    assert (first["screen"], first["asks"]) == ("work-or-school", "user_name_and_code")
    assert "No organisation is named" in first["message"]
    day.sign_in(UNREGISTERED, JONAS, code)
    day.clock.move(minutes=2)
    assert day.shown(UNREGISTERED)["screen"] == "device-preparation"
    locked = day.wait(UNREGISTERED)
    assert (locked["screen"], locked["asks"]) == ("lock-screen", "code")
    day.sign_in(UNREGISTERED, JONAS, code)
    done = day.wait(UNREGISTERED)
    assert (done["screen"], done["finished"]) == ("desktop", True)
    assert day.held_by(JONAS, "windowsHelloForBusinessMethods")[1]["deviceId"] == day.entra(UNREGISTERED)["deviceId"]
    assert "Windows Hello" in day.fleet.move(UNREGISTERED, "unlock", {})["message"]


def test_device_preparation_leaves_no_autopilot_record_but_a_row_with_the_policys_name(day: StagingDay) -> None:
    day.power_on(UNREGISTERED_NO_RESTART)
    day.sign_in(UNREGISTERED_NO_RESTART, JONAS, day.issue(JONAS))
    assert day.wait(UNREGISTERED_NO_RESTART)["screen"] == "hello"
    query = {"$filter": f"contains(serialNumber,'{UNREGISTERED_NO_RESTART}')"}
    assert day.find("/beta/deviceManagement/windowsAutopilotDeviceIdentities", **query) == []
    (event,) = [row for row in day.find(EVENTS) if row["deviceSerialNumber"] == UNREGISTERED_NO_RESTART]
    assert event["windowsAutopilotDeploymentProfileDisplayName"] == "Device preparation for Lisbon"
    assert event["deploymentState"] == "success"
    assert not day.managed(UNREGISTERED_NO_RESTART)["enrollmentProfileName"]


def test_a_prepared_pc_lands_in_the_policys_device_group(day: StagingDay) -> None:
    day.power_on(UNREGISTERED)
    day.sign_in(UNREGISTERED, JONAS, day.issue(JONAS))
    day.wait(UNREGISTERED)
    (policy,) = day.tenant.devices.preparation_policies.values()
    (member,) = day.find(f"/v1.0/groups/{policy.device_group_id}/members")
    assert (member["@odata.type"], member["id"]) == ("#microsoft.graph.device", day.entra(UNREGISTERED)["id"])


def test_a_person_outside_the_policys_group_gets_no_preparation_and_no_web_sign_in(day: StagingDay) -> None:
    code = day.issue(MARA)
    day.power_on(UNREGISTERED)
    day.sign_in(UNREGISTERED, MARA, code)
    dead = day.wait(UNREGISTERED)
    assert (dead["screen"], dead["asks"], dead["finished"]) == ("lock-screen-password", "", False)
    assert day.find(EVENTS) == []
    assert day.power_on(UNREGISTERED)["screen"] == "lock-screen-password"


def test_blocked_personal_pcs_need_a_corporate_identifier(day: StagingDay) -> None:
    restrict(day, personalDeviceEnrollmentBlocked=True)
    code = day.issue(JONAS)
    day.power_on(UNREGISTERED)
    day.sign_in(UNREGISTERED, JONAS, code)
    refused = day.wait(UNREGISTERED)
    assert (refused["screen"], refused["asks"]) == ("work-or-school", "user_name_and_code")
    assert "80180014" in refused["message"]
    (event,) = day.tenant.devices.troubleshooting.values()
    assert event.failure_category == "enrollmentRestrictionsEnforced"
    add_identifier(day, f"LENOVO,THINKPADT14SGEN6,{UNREGISTERED}")
    day.sign_in(UNREGISTERED, JONAS, code)
    assert day.wait(UNREGISTERED)["screen"] == "lock-screen"
    assert day.managed(UNREGISTERED)["managedDeviceOwnerType"] == "company"


def test_once_there_is_an_identifier_any_other_pc_is_personal(day: StagingDay) -> None:
    add_identifier(day, "LENOVO,THINKPADT14SGEN6,SOMEOTHERPC")
    day.power_on(UNREGISTERED)
    day.sign_in(UNREGISTERED, JONAS, day.issue(JONAS))
    day.wait(UNREGISTERED)
    assert day.managed(UNREGISTERED)["managedDeviceOwnerType"] == "personal"


def add_identifier(day: StagingDay, identifier: str) -> None:
    """Make a PC known by manufacturer, model and serial."""
    item = intake_records.CorporateIdentifier(day.tenant.new_id(), identifier, kind="manufacturerModelSerial")
    day.tenant.devices.corporate_identifiers[item.id] = item


def pre_provision(day: StagingDay, serial: str = PREPARED) -> dict[str, Any]:
    """The technician's phase, up to the green or red screen."""
    day.power_on(serial)
    day.fleet.move(serial, "provision", {})
    day.clock.move(minutes=45)
    return day.shown(serial)


def test_a_technician_prepares_a_pc_without_a_person(day: StagingDay) -> None:
    green = pre_provision(day)
    assert green["screen"] == "provisioned"
    row = day.managed(PREPARED)
    assert (row["deviceEnrollmentType"], row["userPrincipalName"]) == ("windowsAzureADJoinUsingDeviceAuth", "")
    (event,) = day.find(EVENTS)
    assert (event["enrollmentType"], event["userPrincipalName"]) == ("azureADJoinedWithWhiteGlove", "")
    assert (event["deploymentState"], event["deviceSetupStatus"]) == ("success", "success")
    assert day.fleet.move(PREPARED, "reseal", {})["screen"] == "resealed"


def test_the_technicians_screen_shows_the_autopilot_id_as_a_qr_code(day: StagingDay) -> None:
    day.power_on(PREPARED)
    message = day.fleet.move(PREPARED, "provision", {})["message"]
    shown = json.loads(message[message.index("{") :])
    assert shown["ZtdId"] in day.tenant.devices.autopilot
    assert "Tallis Harbour Ltd" in message


def test_a_pre_provisioned_pc_reaches_windows_hello_in_its_persons_phase(day: StagingDay) -> None:
    pre_provision(day)
    day.fleet.move(PREPARED, "reseal", {})
    day.clock.move(days=3)
    code = day.issue(MARA)
    assert day.power_on(PREPARED)["screen"] == "oobe"
    day.sign_in(PREPARED, MARA, code)
    day.clock.move(minutes=4)
    assert day.shown(PREPARED)["screen"] == "device-setup"
    assert day.managed(PREPARED)["userPrincipalName"] == MARA
    assert day.wait(PREPARED)["screen"] == "lock-screen"
    day.sign_in(PREPARED, MARA, code)
    assert day.wait(PREPARED)["finished"]
    assert len(day.methods(MARA, "windowsHelloForBusinessMethods")) == 1
    assert len(day.find(EVENTS)) == 1


def test_compliance_of_a_pre_provisioned_pc_flips_in_its_persons_phase(day: StagingDay) -> None:
    pre_provision(day)
    day.fleet.move(PREPARED, "reseal", {})
    day.clock.move(minutes=15)
    assert (day.managed(PREPARED)["complianceState"], day.entra(PREPARED)["isCompliant"]) == ("compliant", True)
    code = day.issue(MARA)
    day.power_on(PREPARED)
    day.sign_in(PREPARED, MARA, code)
    assert day.wait(PREPARED)["screen"] == "lock-screen"
    assert (day.managed(PREPARED)["complianceState"], day.entra(PREPARED)["isCompliant"]) == ("noncompliant", False)
    day.sign_in(PREPARED, MARA, code)
    day.wait(PREPARED)
    day.clock.move(minutes=15)
    assert (day.managed(PREPARED)["complianceState"], day.entra(PREPARED)["isCompliant"]) == ("compliant", True)


def test_pre_provisioning_again_fails_until_the_intune_record_is_gone(day: StagingDay) -> None:
    pre_provision(day)
    day.fleet.move(PREPARED, "reset", {})
    again = pre_provision(day)
    assert again["screen"] == "provision-failed"
    assert "80180014" in again["message"]
    del day.tenant.devices.managed[str(day.managed(PREPARED)["id"])]
    assert pre_provision(day)["screen"] == "provisioned"


def test_pre_provisioning_needs_to_be_allowed_in_the_profile(day: StagingDay) -> None:
    assert "80180005" in pre_provision(day, bench.LAPTOP)["message"]


def test_a_pc_pre_provisioned_more_than_six_months_ago_must_be_prepared_again(day: StagingDay) -> None:
    pre_provision(day)
    day.fleet.move(PREPARED, "reseal", {})
    day.clock.move(days=190)
    day.power_on(PREPARED)
    day.sign_in(PREPARED, MARA, day.issue(MARA))
    assert "6 months" in day.wait(PREPARED)["message"]


def test_where_web_sign_in_vanishes_the_first_one_signs_straight_out() -> None:
    day = StagingDay(Options(web_sign_in_vanishes=True))
    pre_provision(day)
    day.fleet.move(PREPARED, "reseal", {})
    code = day.issue(MARA)
    day.power_on(PREPARED)
    day.sign_in(PREPARED, MARA, code)
    assert day.wait(PREPARED)["screen"] == "lock-screen"
    stuck = day.sign_in(PREPARED, MARA, code)
    assert (stuck["screen"], stuck["asks"]) == ("lock-screen-password", "")
    assert "only user name and password" in stuck["message"]
    with pytest.raises(device.FleetError, match="only a password"):
        day.sign_in(PREPARED, MARA, code)
    assert day.power_on(PREPARED)["screen"] == "lock-screen-password"


def test_only_a_technicians_screen_has_its_buttons(day: StagingDay) -> None:
    with pytest.raises(device.FleetError, match="no 'provision'"):
        day.fleet.move(PREPARED, "provision", {})
    with pytest.raises(device.FleetError, match="no 'reseal'"):
        day.fleet.move(KEY, "reseal", {})
    with pytest.raises(device.FleetError, match="cannot do 'dance'"):
        day.fleet.move(KEY, "dance", {})


def test_a_joined_pc_takes_the_code_at_its_lock_screen_and_sets_up_windows_hello(day: StagingDay) -> None:
    code = day.issue(ALEX, one_time=True)
    woken = day.power_on(JOINED)
    assert (woken["screen"], woken["asks"], woken["finished"]) == ("lock-screen", "user_name_and_code", False)
    assert "globe" in woken["message"]
    day.sign_in(JOINED, ALEX, code)
    done = day.wait(JOINED)
    assert (done["screen"], done["finished"]) == ("desktop", True)
    assert day.held_by(ALEX, "windowsHelloForBusinessMethods")[1]["deviceId"] == day.entra(JOINED)["deviceId"]
    day.delete_pass(ALEX)
    assert "without a password" in day.fleet.move(JOINED, "unlock", {})["message"]


def test_an_old_windows_has_no_web_sign_in(day: StagingDay) -> None:
    dead = day.power_on(OLD_WINDOWS)
    assert (dead["screen"], dead["asks"]) == ("lock-screen-password", "")
    assert "KB5030310" in dead["message"]
    with pytest.raises(device.FleetError, match="only a password"):
        day.sign_in(OLD_WINDOWS, COXSWAIN, day.issue(COXSWAIN))


def test_a_joined_pc_without_the_policy_takes_only_a_password_until_it_has_it(day: StagingDay) -> None:
    (policy,) = (item for item in day.tenant.devices.configuration_policies.values() if "Web sign-in" in item.name)
    assigned, policy.assignments = policy.assignments, []
    assert "policy is not on this PC" in day.power_on(JOINED)["message"]
    policy.assignments = assigned
    assert day.power_on(JOINED)["screen"] == "lock-screen"


def test_a_forgotten_pin_is_reset_and_the_key_stays(day: StagingDay) -> None:
    (before,) = day.methods(HELEN, "windowsHelloForBusinessMethods")
    day.power_on(bench.IN_USE)
    day.sign_in(bench.IN_USE, HELEN, day.issue(HELEN))
    assert day.shown(bench.IN_USE)["screen"] == "pin-reset"
    assert day.wait(bench.IN_USE)["finished"]
    assert day.methods(HELEN, "windowsHelloForBusinessMethods") == [before]
    assert "without a password" in day.fleet.move(bench.IN_USE, "unlock", {})["message"]


def test_without_the_pin_reset_service_a_new_key_takes_the_old_ones_place(day: StagingDay) -> None:
    day.tenant.devices.boxed[bench.IN_USE].options["pin_recovery"] = False
    (before,) = day.methods(HELEN, "windowsHelloForBusinessMethods")
    day.power_on(bench.IN_USE)
    day.sign_in(bench.IN_USE, HELEN, day.issue(HELEN))
    assert day.wait(bench.IN_USE)["finished"]
    (after,) = day.methods(HELEN, "windowsHelloForBusinessMethods")
    assert after["id"] != before["id"]
    assert "without a password" in day.fleet.move(bench.IN_USE, "unlock", {})["message"]


def test_somebody_else_at_a_joined_pc_gets_a_key_of_their_own(day: StagingDay) -> None:
    day.power_on(bench.IN_USE)
    day.sign_in(bench.IN_USE, MARA, day.issue(MARA))
    assert day.wait(bench.IN_USE)["finished"]
    assert len(day.methods(MARA, "windowsHelloForBusinessMethods")) == 1
    assert len(day.methods(HELEN, "windowsHelloForBusinessMethods")) == 1
