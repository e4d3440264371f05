"""Virtual devices go exactly as far as real ones: each story is told over HTTP, against Graph's view of it."""

from __future__ import annotations

import pytest

from agent.sandbox.tenant import Options
from agent.sandbox.virtual import device
from agent.sandbox.wire import faults
from tests.contracts import staging_day as bench
from tests.contracts.staging_day import CHIDI, MARA, NILS, RUTH, StagingDay

MANAGED = "/v1.0/deviceManagement/managedDevices"
EVENTS = "/beta/deviceManagement/autopilotEvents"
AUTOPILOT = "/v1.0/deviceManagement/windowsAutopilotDeviceIdentities"


@pytest.fixture
def day() -> StagingDay:
    return StagingDay()


def managed(day: StagingDay, serial: str) -> dict[str, object]:
    (row,) = day.find(MANAGED, **{"$filter": f"serialNumber eq '{serial}'"})
    return row


def entra(day: StagingDay, device_id: object) -> dict[str, object]:
    (row,) = day.find("/v1.0/devices", **{"$filter": f"deviceId eq '{device_id}'"})
    return row


def laptop_at_lock_screen(day: StagingDay, code: str) -> None:
    day.power_on(bench.LAPTOP)
    day.sign_in(bench.LAPTOP, MARA, code)
    assert day.wait(bench.LAPTOP)["screen"] == "lock-screen"


def test_a_laptop_reaches_windows_hello_with_a_code_typed_twice(day: StagingDay) -> None:
    code = day.issue(MARA)
    first = day.power_on(bench.LAPTOP)
    assert "Tallis Harbour Ltd" in first["message"]
    assert first["asks"] == "user_name_and_code"
    day.sign_in(bench.LAPTOP, MARA, code)
    locked = day.wait(bench.LAPTOP)
    assert (locked["screen"], locked["asks"]) == ("lock-screen", "code")
    day.sign_in(bench.LAPTOP, MARA, code)
    done = day.wait(bench.LAPTOP)
    assert (done["screen"], done["finished"], done["person"]) == ("desktop", True, MARA)
    (key,) = day.methods(MARA, "windowsHelloForBusinessMethods")
    path = f"/v1.0/users/{MARA}/authentication/windowsHelloForBusinessMethods/{key['id']}?$expand=device"
    assert day.graph("GET", path)["device"]["deviceId"] == managed(day, bench.LAPTOP)["azureADDeviceId"]
    day.fleet.move(bench.LAPTOP, "unlock", {})
    assert day.tenant.activity.sign_ins[-1].row["authenticationDetails"][0]["authenticationMethod"] == (
        "Windows Hello for Business"
    )


def test_graph_shows_each_step_of_a_laptop_as_it_happens(day: StagingDay) -> None:
    code = day.issue(MARA)
    day.power_on(bench.LAPTOP)
    before = day.find(AUTOPILOT, **{"$filter": f"contains(serialNumber,'{bench.LAPTOP}')"})[0]
    day.sign_in(bench.LAPTOP, MARA, code)
    joined = entra(day, before["azureActiveDirectoryDeviceId"])
    assert (joined["trustType"], joined["isManaged"], joined["isCompliant"]) == ("AzureAd", None, None)
    day.clock.move(minutes=1)
    day.shown(bench.LAPTOP)
    row = managed(day, bench.LAPTOP)
    assert (row["userPrincipalName"], row["deviceEnrollmentType"]) == (MARA, "windowsAzureADJoin")
    assert day.find(EVENTS)[0]["deploymentState"] == "inProgress"
    assert (
        day.find(AUTOPILOT, **{"$filter": f"contains(serialNumber,'{bench.LAPTOP}')"})[0]["managedDeviceId"]
        != row["id"]
    )
    day.clock.move(minutes=3)
    later = day.find(AUTOPILOT, **{"$filter": f"contains(serialNumber,'{bench.LAPTOP}')"})[0]
    assert (later["enrollmentState"], later["managedDeviceId"]) == ("enrolled", row["id"])
    assert day.wait(bench.LAPTOP)["screen"] == "lock-screen"
    event = day.find(EVENTS)[0]
    assert (event["deviceSetupStatus"], event["accountSetupStatus"]) == ("success", "notAttempted")
    day.sign_in(bench.LAPTOP, MARA, code)
    assert day.wait(bench.LAPTOP)["finished"]
    event = day.find(EVENTS)[0]
    assert (event["deploymentState"], event["accountSetupStatus"]) == ("success", "success")
    assert managed(day, bench.LAPTOP)["complianceState"] == "unknown"
    day.clock.move(minutes=11)
    assert managed(day, bench.LAPTOP)["complianceState"] == "compliant"
    assert entra(day, before["azureActiveDirectoryDeviceId"])["isCompliant"] is True


def test_no_hello_key_exists_before_the_pin(day: StagingDay) -> None:
    code = day.issue(MARA)
    laptop_at_lock_screen(day, code)
    day.sign_in(bench.LAPTOP, MARA, code)
    day.clock.move(minutes=5)
    assert day.shown(bench.LAPTOP)["screen"] == "hello-pin"
    assert day.methods(MARA, "windowsHelloForBusinessMethods") == []
    day.clock.move(minutes=1)
    assert day.shown(bench.LAPTOP)["screen"] == "desktop"
    assert len(day.methods(MARA, "windowsHelloForBusinessMethods")) == 1


def test_windows_hello_wants_the_code_again_when_mfa_is_older_than_ten_minutes(day: StagingDay) -> None:
    code = day.issue(MARA)
    laptop_at_lock_screen(day, code)
    day.sign_in(bench.LAPTOP, MARA, code)
    day.clock.move(minutes=15)
    waiting = day.shown(bench.LAPTOP)
    assert (waiting["screen"], waiting["asks"]) == ("hello", "code")
    day.sign_in(bench.LAPTOP, MARA, code)
    assert day.wait(bench.LAPTOP)["finished"]


def test_a_one_time_pass_strands_the_laptop_after_the_restart(day: StagingDay) -> None:
    code = day.issue(MARA, one_time=True)
    laptop_at_lock_screen(day, code)
    stuck = day.sign_in(bench.LAPTOP, MARA, code)
    assert (stuck["screen"], stuck["finished"]) == ("lock-screen", False)
    assert "no usable Temporary Access Pass" in stuck["message"]
    fresh = day.issue(MARA)
    assert day.sign_in(bench.LAPTOP, MARA, fresh)["screen"] == "account-setup"


def test_a_laptop_whose_pass_is_deleted_on_the_way_is_signed_out(day: StagingDay) -> None:
    code = day.issue(MARA)
    laptop_at_lock_screen(day, code)
    day.sign_in(bench.LAPTOP, MARA, code)
    day.delete_pass(MARA)
    out = day.wait(bench.LAPTOP)
    assert out["screen"] == "lock-screen"
    assert "AADSTS130507" in out["message"]


def test_deleting_the_pass_leaves_windows_hello_alone(day: StagingDay) -> None:
    code = day.issue(MARA)
    laptop_at_lock_screen(day, code)
    day.sign_in(bench.LAPTOP, MARA, code)
    assert day.wait(bench.LAPTOP)["finished"]
    day.delete_pass(MARA)
    assert "Windows Hello" in day.fleet.move(bench.LAPTOP, "unlock", {})["message"]


@pytest.mark.parametrize("serial", [bench.NOT_ASSIGNED, bench.PENDING])
def test_a_laptop_without_its_profile_shows_a_consumers_first_run(day: StagingDay, serial: str) -> None:
    shown = day.power_on(serial)
    assert (shown["screen"], shown["asks"]) == ("consumer-oobe", "")
    with pytest.raises(device.FleetError, match="no sign-in page"):
        day.sign_in(serial, MARA, day.issue(MARA))


def test_a_laptop_finds_its_profile_at_the_next_boot(day: StagingDay) -> None:
    day.power_on(bench.PENDING)
    for identity in day.tenant.devices.autopilot.values():
        if identity.serial == bench.PENDING:
            identity.assignment_status, identity.assigned_at = "assignedInSync", day.clock()
            identity.profile_id = identity.intended_profile_id
    assert day.power_on(bench.PENDING)["screen"] == "oobe"


@pytest.mark.parametrize("serial", [bench.HYBRID, bench.NO_WEB_SIGN_IN])
def test_without_web_sign_in_the_lock_screen_is_a_dead_end(day: StagingDay, serial: str) -> None:
    code = day.issue(MARA)
    day.power_on(serial)
    day.sign_in(serial, MARA, code)
    dead = day.wait(serial)
    assert (dead["screen"], dead["asks"], dead["finished"]) == ("lock-screen-password", "", False)
    with pytest.raises(device.FleetError, match="only a password"):
        day.sign_in(serial, MARA, code)


def test_a_laptop_assigned_to_somebody_else_refuses_the_join(day: StagingDay) -> None:
    day.power_on(bench.LAPTOP_FOR_CHIDI)
    shown = day.sign_in(bench.LAPTOP_FOR_CHIDI, MARA, day.issue(MARA))
    assert (shown["screen"], shown["asks"]) == ("oobe", "user_name_and_code")
    assert "assigned to another person" in shown["message"]
    assert day.sign_in(bench.LAPTOP_FOR_CHIDI, CHIDI, day.issue(CHIDI))["screen"] == "joining"


def test_a_join_over_the_quota_or_out_of_scope_fails_with_its_number(day: StagingDay) -> None:
    code = day.issue(MARA)
    day.power_on(bench.LAPTOP)
    day.tenant.devices.registration_policy.user_device_quota = 0
    assert "801c03ed" in day.sign_in(bench.LAPTOP, MARA, code)["message"]
    day.tenant.devices.registration_policy.user_device_quota = 20
    day.tenant.devices.registration_policy.join_allowed = []
    assert "801c03ed" in day.sign_in(bench.LAPTOP, MARA, code)["message"]


def test_a_join_without_its_entra_object_fails_with_its_number(day: StagingDay) -> None:
    anchors = [one for one in day.tenant.devices.entra.values() if one.display_name == bench.LAPTOP]
    del day.tenant.devices.entra[anchors[0].id]
    day.power_on(bench.LAPTOP)
    assert "801c03F3" in day.sign_in(bench.LAPTOP, MARA, day.issue(MARA))["message"]


def test_enrolment_without_a_licence_fails_and_leaves_a_trace(day: StagingDay) -> None:
    day.person(MARA).licences.clear()
    day.power_on(bench.LAPTOP)
    day.sign_in(bench.LAPTOP, MARA, day.issue(MARA))
    assert "80180018" in day.wait(bench.LAPTOP)["message"]
    (event,) = day.tenant.devices.troubleshooting.values()
    assert event.failure_category == "userValidation"


def test_an_iphone_in_single_app_mode_hangs_without_a_pass_and_gets_out_with_one(day: StagingDay) -> None:
    day.power_on(bench.IPHONE)
    waiting = day.wait(bench.IPHONE)
    assert (waiting["screen"], waiting["asks"]) == ("company-portal", "user_name_and_code")
    bare = managed(day, bench.IPHONE)
    assert (bare["userPrincipalName"], bare["azureADRegistered"]) == ("", False)
    stuck = day.sign_in(bench.IPHONE, MARA)
    assert stuck["screen"] == "mfa-loop"
    assert day.wait(bench.IPHONE, minutes=300)["screen"] == "mfa-loop"
    assert 50076 in day.error_numbers(MARA)
    code = day.issue(MARA)
    assert day.sign_in(bench.IPHONE, MARA, code)["screen"] == "registering"
    row = managed(day, bench.IPHONE)
    assert (row["userPrincipalName"], row["azureADRegistered"], row["deviceRegistrationState"]) == (
        MARA,
        True,
        "registered",
    )
    assert entra(day, row["azureADDeviceId"])["trustType"] == "Workplace"
    assert day.wait(bench.IPHONE)["screen"] == "authenticator"
    assert day.sign_in(bench.IPHONE, MARA, code)["finished"]
    (phone,) = day.methods(MARA, "microsoftAuthenticatorMethods")
    assert phone["createdDateTime"] is not None
    day.delete_pass(MARA)
    assert "Authenticator" in day.fleet.move(bench.IPHONE, "unlock", {})["message"]


def test_an_ipad_is_registered_only_by_its_second_sign_in(day: StagingDay) -> None:
    code = day.issue(MARA)
    assert day.power_on(bench.IPAD)["screen"] == "remote-management"
    day.sign_in(bench.IPAD, MARA, code)
    row = managed(day, bench.IPAD)
    assert (row["userPrincipalName"], row["azureADRegistered"], row["complianceState"]) == (MARA, False, "unknown")
    home = day.wait(bench.IPAD)
    assert (home["screen"], home["asks"]) == ("home-screen", "code")
    day.sign_in(bench.IPAD, MARA, code)
    assert managed(day, bench.IPAD)["azureADRegistered"] is True
    assert day.wait(bench.IPAD)["finished"]
    assert len(day.methods(MARA, "microsoftAuthenticatorMethods")) == 1


@pytest.mark.parametrize("serial", [bench.IPHONE_WITHOUT_PROFILE, bench.IPHONE_RELEASED])
def test_an_apple_device_without_a_profile_does_not_enrol(day: StagingDay, serial: str) -> None:
    shown = day.power_on(serial)
    assert (shown["screen"], shown["asks"]) == ("no-management", "")
    assert day.find(MANAGED, **{"$filter": f"serialNumber eq '{serial}'"}) == []


def test_a_person_who_lost_the_phone_recovers_at_a_trusted_pc(day: StagingDay) -> None:
    (lost,) = day.methods(RUTH, "microsoftAuthenticatorMethods")
    assert lost["createdDateTime"] is None
    code = day.issue(RUTH, minutes=60, one_time=True)
    done = day.sign_in("TRUSTEDPC1", RUTH, code, lost_method=str(lost["id"]))
    assert (done["screen"], done["finished"]) == ("recovered", True)
    assert day.methods(RUTH, "microsoftAuthenticatorMethods") == []
    (passkey,) = day.methods(RUTH, "fido2Methods")
    assert passkey["createdDateTime"] is not None
    assert day.person(RUTH).sessions_valid_from == day.clock()
    day.delete_pass(RUTH)
    assert "passkey" in day.fleet.move("TRUSTEDPC1", "unlock", {"person": RUTH})["message"]
    with pytest.raises(device.FleetError):
        day.fleet.move("TRUSTEDPC1", "unlock", {"person": NILS})


def test_speed_divides_what_a_device_takes(day: StagingDay) -> None:
    fast = StagingDay(Options(speed=600))
    fast.power_on(bench.LAPTOP)
    fast.sign_in(bench.LAPTOP, MARA, fast.issue(MARA))
    fast.clock.move(seconds=6)
    assert fast.shown(bench.LAPTOP)["screen"] == "lock-screen"
    assert day.shown(bench.IN_USE)["finished"]


def test_a_device_waits_out_a_cut_connection(day: StagingDay) -> None:
    code = day.issue(MARA)
    day.power_on(bench.LAPTOP)
    day.sandbox.gate.faults.append(faults.Fault("POST */login", "unreachable"))
    with pytest.raises(device.FleetError, match="no network"):
        day.sign_in(bench.LAPTOP, MARA, code)
    day.sign_in(bench.LAPTOP, MARA, code)
    day.sandbox.gate.faults.append(faults.Fault("POST /enrolment/manage", "unreachable"))
    assert day.wait(bench.LAPTOP)["screen"] == "lock-screen"


def test_a_reset_device_lies_in_its_box_again(day: StagingDay) -> None:
    day.power_on(bench.LAPTOP)
    with pytest.raises(device.FleetError, match="on already"):
        day.power_on(bench.LAPTOP)
    assert day.fleet.move(bench.LAPTOP, "reset", {})["screen"] == "off"
    with pytest.raises(device.FleetError, match="no virtual device"):
        day.power_on("NOSUCHSERIAL")


def test_a_deployment_of_more_than_an_hour_never_gets_its_final_state(day: StagingDay) -> None:
    code = day.issue(MARA)
    laptop_at_lock_screen(day, code)
    day.clock.move(minutes=30)
    day.sign_in(bench.LAPTOP, MARA, code)
    assert day.wait(bench.LAPTOP)["finished"]
    event = day.find(EVENTS)[0]
    assert (event["deploymentState"], event["deviceSetupStatus"]) == ("inProgress", "success")
