"""What Intune learns of Apple's programme and when, and what an assigned profile changes: each rule over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from agent.sandbox import intake_records
from agent.sandbox.areas import apple_sync
from tests.contracts.sandbox_side import Side

TOKENS = "/beta/deviceManagement/depOnboardingSettings"
MARA = "mara.quist@tallisharbour.example"
NEW, IPAD, WITHOUT_PROFILE, RELEASED = "H4TH307QLM", "DMTH401PWX", "H4TH303QLM", "H4TH304QLM"


@pytest.fixture
def side() -> Side:
    return Side()


def token(side: Side) -> Any:
    (found,) = side.get(TOKENS)["value"]
    return found


def synced(side: Side) -> dict[str, Any]:
    rows = side.get(f"{TOKENS}/{token(side)['id']}/importedAppleDeviceIdentities")["value"]
    return {row["serialNumber"]: row for row in rows}


def sync(side: Side, *, status: int = 204) -> Any:
    answer = side.send("POST", f"{TOKENS}/{token(side)['id']}/syncWithAppleDeviceEnrollmentProgram")
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer


def profile(side: Side, name: str) -> Any:
    rows = side.get(f"{TOKENS}/{token(side)['id']}/enrollmentProfiles")["value"]
    return next(row for row in rows if row["displayName"] == name)


def change_profile(side: Side, name: str, serial: str, *, status: int = 204) -> None:
    path = f"{TOKENS}/{token(side)['id']}/enrollmentProfiles/{profile(side, name)['id']}/updateDeviceProfileAssignment"
    answer = side.send("POST", path, {"deviceIds": [serial]})
    assert answer.status_code == status, answer.get_data(as_text=True)


def move(side: Side, serial: str, action: str, **typed: str) -> dict[str, Any]:
    return side.sandbox.fleet.move(serial, action, typed)


def test_a_device_given_to_another_service_is_gone_from_intune_at_the_next_synchronisation(side: Side) -> None:
    apple_sync.move(side.tenant, IPAD, "another service")
    assert synced(side)[IPAD]["isDeleted"] is False
    assert "another device management service" in move(side, IPAD, "power-on")["message"]
    sync(side)
    side.clock.move(minutes=1)
    assert synced(side)[IPAD]["isDeleted"] is True


def test_a_device_new_to_apples_programme_is_unknown_until_a_synchronisation(side: Side) -> None:
    assert NEW not in synced(side)
    assert move(side, NEW, "power-on")["screen"] == "no-management"
    sync(side)
    assert NEW not in synced(side)
    side.clock.move(minutes=1)
    found = synced(side)[NEW]
    assert (found["isDeleted"], found["requestedEnrollmentProfileId"]) == (False, None)
    assert token(side)["lastSuccessfulSyncDateTime"] == "2026-11-23T09:01:00Z"


def test_a_synchronisation_happens_by_itself_every_twelve_hours(side: Side) -> None:
    side.clock.move(hours=11)
    assert NEW not in synced(side)
    side.clock.move(minutes=20)
    assert NEW in synced(side)
    assert token(side)["lastSyncTriggeredDateTime"] == "2026-11-23T08:20:00Z"


def test_a_second_synchronisation_within_fifteen_minutes_is_told_to_wait(side: Side) -> None:
    sync(side)
    side.clock.move(minutes=14)
    assert sync(side, status=429).headers["Retry-After"] == "60"
    side.clock.move(minutes=1)
    sync(side)


def test_a_device_deleted_in_intune_comes_back_with_a_full_synchronisation_only(side: Side) -> None:
    path = f"{TOKENS}/{token(side)['id']}/importedAppleDeviceIdentities/{synced(side)[IPAD]['id']}"
    assert side.send("DELETE", path).status_code == 204
    sync(side)
    side.clock.move(minutes=1)
    assert IPAD not in synced(side)
    side.clock.move(days=5, hours=12)
    assert IPAD in synced(side)


def test_a_device_released_by_apple_stays_marked_for_forty_five_days(side: Side) -> None:
    apple_sync.release(side.tenant, IPAD)
    assert synced(side)[IPAD]["isDeleted"] is False
    assert move(side, IPAD, "power-on")["screen"] == "no-management"
    side.clock.move(hours=12)
    assert synced(side)[IPAD]["isDeleted"] is True
    side.clock.move(days=44)
    assert IPAD in synced(side)
    side.clock.move(days=1)
    assert IPAD not in synced(side)


def test_an_expired_token_synchronises_no_more_and_says_so(side: Side) -> None:
    side.clock.move(days=200)
    held = intake_records.BusinessDevice("H4TH399QLM", token(side)["id"], "ios", "iPhone 15")
    apple_sync.give(side.tenant, held)
    side.clock.move(days=1)
    assert token(side)["lastSyncErrorCode"] != 0
    assert "H4TH399QLM" not in synced(side)


def test_a_device_without_assigned_or_default_profile_cannot_enrol(side: Side) -> None:
    assert move(side, WITHOUT_PROFILE, "power-on")["screen"] == "no-management"
    path = f"{TOKENS}/{token(side)['id']}"
    side.get(f"{path}/defaultIosEnrollmentProfile", status=404)
    wanted = profile(side, "iPad with Setup Assistant")
    assert side.send("POST", f"{path}/enrollmentProfiles/{wanted['id']}/setDefaultProfile").status_code == 204
    assert side.get(f"{path}/defaultIosEnrollmentProfile")["id"] == wanted["id"]
    assert side.get(f"{path}?$expand=defaultIosEnrollmentProfile")["defaultIosEnrollmentProfile"]["isDefault"]
    move(side, WITHOUT_PROFILE, "reset")
    assert move(side, WITHOUT_PROFILE, "power-on")["screen"] == "remote-management"


def test_a_synchronised_device_gets_the_default_profile(side: Side) -> None:
    wanted = profile(side, "iPhone with Company Portal")
    side.send("POST", f"{TOKENS}/{token(side)['id']}/enrollmentProfiles/{wanted['id']}/setDefaultProfile")
    sync(side)
    side.clock.move(minutes=1)
    assert synced(side)[NEW]["requestedEnrollmentProfileId"] == wanted["id"]


def test_a_profile_is_assigned_by_serial_number_and_never_by_id(side: Side) -> None:
    name = "iPhone with Company Portal"
    change_profile(side, name, f" {WITHOUT_PROFILE.lower()} ")
    found = synced(side)[WITHOUT_PROFILE]
    assert found["requestedEnrollmentProfileId"] == profile(side, name)["id"]
    assert found["requestedEnrollmentProfileAssignmentDateTime"] == "2026-11-23T09:00:00Z"
    for wrong in (found["id"], NEW, RELEASED):
        change_profile(side, name, wrong, status=400)


def test_another_profile_takes_effect_only_after_a_wipe(side: Side) -> None:
    assert move(side, IPAD, "power-on")["screen"] == "remote-management"
    change_profile(side, "iPhone with Company Portal", IPAD)
    code = side.make_pass("mara.quist", {"lifetimeInMinutes": 240})["temporaryAccessPass"]
    move(side, IPAD, "sign-in", person=MARA, code=code)
    (managed,) = side.get(f"/v1.0/users/{MARA}/managedDevices")["value"]
    assert managed["enrollmentProfileName"] == "iPad with Setup Assistant"
    move(side, IPAD, "reset")
    move(side, IPAD, "power-on")
    side.clock.move(minutes=30)
    shown = next(one for one in side.sandbox.fleet.list() if one["serial"] == IPAD)
    assert shown["screen"] == "company-portal"


def test_reading_does_not_allow_synchronising_or_assigning(side: Side) -> None:
    side.who = "watcher"
    sync(side, status=403)
    change_profile(side, "iPad with Setup Assistant", IPAD, status=403)
