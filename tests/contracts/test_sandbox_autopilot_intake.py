"""How a device gets into Autopilot, to its profile and out again: each rule over HTTP, time moved by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.sandbox import tenant
from tests.contracts import graph_slices
from tests.contracts.sandbox_side import Side

IDENTITIES = "/beta/deviceManagement/windowsAutopilotDeviceIdentities"
IMPORTS = "/v1.0/deviceManagement/importedWindowsAutopilotDeviceIdentities"
SETTINGS = "/beta/deviceManagement/windowsAutopilotSettings"
PROFILES = "/beta/deviceManagement/windowsAutopilotDeploymentProfiles"
NEVER = "0001-01-01T00:00:00Z"
HASH = "T0ElAwEAHAAAAA=="
MARA = "mara.quist@tallisharbour.example"


@pytest.fixture
def side() -> Side:
    return Side()


def post(side: Side, path: str, body: Any = None, *, status: int = 204) -> Any:
    answer = side.send("POST", path, body)
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.get_json(silent=True)


def intune_says(error: Any) -> str:
    return str(json.loads(error["error"]["message"])["Message"])


def imported(side: Side, serial: str = "PF9TH901", hardware_hash: str = HASH, **further: str) -> Any:
    body = {"serialNumber": serial, "hardwareIdentifier": hardware_hash, **further}
    return post(side, IMPORTS, body, status=201)


def state(side: Side, record: Any) -> Any:
    return side.get(f"{IMPORTS}/{record['id']}")["state"]


def row(side: Side, serial: str) -> Any:
    (found,) = side.get(f"{IDENTITIES}?$filter=contains(serialNumber,'{serial}')")["value"]
    return found


def test_an_import_is_unknown_for_a_minute_and_the_device_shows_later_still(side: Side) -> None:
    record = imported(side)
    assert record["state"] == {
        "deviceImportStatus": "unknown",
        "deviceRegistrationId": "",
        "deviceErrorCode": 0,
        "deviceErrorName": "",
    }
    side.clock.move(seconds=60)
    assert state(side, record)["deviceImportStatus"] == "unknown"
    side.clock.move(seconds=15)
    done = state(side, record)
    assert (done["deviceImportStatus"], done["deviceErrorCode"], done["deviceErrorName"]) == ("complete", 0, "None")
    side.get(f"{IDENTITIES}/{done['deviceRegistrationId']}", status=404)
    side.clock.move(seconds=20)
    assert side.get(f"{IDENTITIES}/{done['deviceRegistrationId']}")["serialNumber"] == "PF9TH901"
    assert len(side.get(IMPORTS)["value"]) == 1


def test_a_registered_hash_makes_a_device_object_that_names_its_autopilot_id_and_tag(side: Side) -> None:
    imported(side, groupTag="STAFF", assignedUserPrincipalName=MARA)
    side.clock.move(seconds=95)
    known = row(side, "PF9TH901")
    device = side.get(f"/v1.0/devices(deviceId='{known['azureAdDeviceId']}')")
    assert device["physicalIds"] == [f"[ZTDID]:{known['id']}", "[OrderId]:STAFF"]
    assert (device["isManaged"], known["userPrincipalName"]) == (None, MARA)


@pytest.mark.parametrize(
    ("serial", "hardware_hash", "code", "name"),
    [
        ("PF9TH901", "aGVsbG8=", 802, "InvalidZtdHardwareHash"),
        ("PF9TH901", "", 802, "InvalidZtdHardwareHash"),
        (" pf4th101 ", HASH, 806, "ZtdDeviceAlreadyAssigned"),
        ("PF4TH190", HASH, 808, "ZtdDeviceAssignedToOtherTenant"),
    ],
)
def test_an_import_that_cannot_work_says_so_only_when_it_was_looked_at(
    side: Side, serial: str, hardware_hash: str, code: int, name: str
) -> None:
    record = imported(side, serial, hardware_hash)
    assert record["state"]["deviceErrorCode"] == 0
    side.clock.move(seconds=75)
    found = state(side, record)
    assert (found["deviceImportStatus"], found["deviceErrorCode"], found["deviceErrorName"]) == ("error", code, name)
    assert found["deviceRegistrationId"] == ""


def test_two_imports_of_one_serial_make_one_device(side: Side) -> None:
    wanted = [{"serialNumber": "PF9TH901", "hardwareIdentifier": HASH}] * 2
    body = {"importedWindowsAutopilotDeviceIdentities": wanted}
    records = post(side, f"{IMPORTS}/import", body, status=200)["value"]
    side.clock.move(seconds=95)
    assert [state(side, record)["deviceErrorCode"] for record in records] == [0, 806]
    assert row(side, "PF9TH901")


@pytest.mark.parametrize("hardware_hash", ["T0ElAwEAHAAAAA", "T0El AwE=", "===="])
def test_base64_without_its_padding_is_refused_at_once(side: Side, hardware_hash: str) -> None:
    body = {"serialNumber": "PF9TH901", "hardwareIdentifier": hardware_hash}
    error = post(side, IMPORTS, body, status=400)["error"]
    assert error["message"].endswith("to the expected type 'Edm.Binary'.")
    assert side.get(IMPORTS)["value"] == []


def test_one_bad_hash_of_many_stops_them_all(side: Side) -> None:
    wanted = [{"serialNumber": "A1", "hardwareIdentifier": HASH}, {"serialNumber": "A2", "hardwareIdentifier": "x"}]
    post(side, f"{IMPORTS}/import", {"importedWindowsAutopilotDeviceIdentities": wanted}, status=400)
    assert side.send("GET", f"{IMPORTS}/$count").get_data(as_text=True) == "0"


def test_an_import_is_deleted_without_its_device(side: Side) -> None:
    record = imported(side)
    side.clock.move(seconds=95)
    assert side.send("DELETE", f"{IMPORTS}/{record['id']}").status_code == 204
    side.get(f"{IMPORTS}/{record['id']}", status=404)
    assert row(side, "PF9TH901")


def test_whether_a_hash_looks_like_one_is_a_switch() -> None:
    side = Side(tenant.Options(hash_prefix_checked=False))
    record = imported(side, hardware_hash="aGVsbG8=")
    side.clock.move(seconds=75)
    assert state(side, record)["deviceImportStatus"] == "complete"


def test_a_new_device_gets_the_profile_of_its_tag_step_by_step_and_the_date_last(side: Side) -> None:
    imported(side, groupTag="STAFF")
    side.clock.move(seconds=95)
    seen = []
    for _ in range(5):
        known = row(side, "PF9TH901")
        dated = known["deploymentProfileAssignedDateTime"] != NEVER
        seen.append((known["deploymentProfileAssignmentStatus"], dated))
        side.clock.move(seconds=80)
    assert list(dict.fromkeys(seen)) == [
        ("notAssigned", False),
        ("pending", False),
        ("assignedInSync", False),
        ("assignedInSync", True),
    ]
    expanded = side.get(f"{IDENTITIES}/{known['id']}?$expand=deploymentProfile,intendedDeploymentProfile")
    assert expanded["deploymentProfile"]["displayName"] == "Staff laptop"


def test_a_device_that_boots_before_the_date_shows_a_consumers_first_run(side: Side) -> None:
    pending = row(side, "PF4TH104")
    assert pending["deploymentProfileAssignmentStatus"] == "pending"
    side.clock.move(seconds=100)
    assert row(side, "PF4TH104")["deploymentProfileAssignmentStatus"] == "assignedInSync"
    assert side.sandbox.fleet.move("PF4TH104", "power-on", {})["screen"] == "consumer-oobe"
    side.clock.move(seconds=100)
    assert side.sandbox.fleet.move("PF4TH104", "power-on", {})["screen"] == "oobe"


def test_another_tag_changes_the_profile_and_an_empty_one_takes_it_away(side: Side) -> None:
    known = row(side, "PF4TH101")
    path = f"{IDENTITIES}/{known['id']}/updateDeviceProperties"
    post(side, path, {"groupTag": "BERTH"})
    assert row(side, "PF4TH101")["deploymentProfileAssignmentStatus"] == "assignedOutOfSync"
    side.clock.move(minutes=10)
    moved = side.get(f"{IDENTITIES}/{known['id']}?$expand=deploymentProfile")
    assert moved["deploymentProfile"]["displayName"] == "Shared berth terminal"
    post(side, path, {"groupTag": ""})
    side.clock.move(minutes=10)
    cleared = row(side, "PF4TH101")
    assert (cleared["groupTag"], cleared["deploymentProfileAssignmentStatus"]) == ("", "notAssigned")
    device = side.get(f"/v1.0/devices(deviceId='{known['azureAdDeviceId']}')")
    assert device["physicalIds"] == [f"[ZTDID]:{known['id']}"]


def test_a_device_enrolled_by_another_profile_waits_for_its_reset(side: Side) -> None:
    known = row(side, "PF4TH105")
    post(side, f"{IDENTITIES}/{known['id']}/updateDeviceProperties", {"groupTag": "BERTH"})
    side.clock.move(minutes=10)
    assert row(side, "PF4TH105")["enrollmentState"] == "pendingReset"


def test_a_profile_shows_whom_it_is_meant_for_and_which_devices_have_it(side: Side) -> None:
    profiles = {item["displayName"]: item for item in side.get(PROFILES)["value"]}
    path = f"{PROFILES}/{profiles['Shared berth terminal']['id']}"
    (assignment,) = side.get(f"{path}/assignments")["value"]
    group = side.get(f"/v1.0/groups/{assignment['target']['groupId']}")
    assert '"[OrderId]:BERTH"' in group["membershipRule"]
    assert side.get(f"{path}/assignments/{assignment['id']}")["id"] == assignment["id"]
    (device,) = side.get(f"{path}/assignedDevices")["value"]
    assert side.get(f"{path}/assignedDevices/{device['id']}")["serialNumber"] == "5CG4TH209"
    assert side.send("GET", f"{path}/assignedDevices/$count").get_data(as_text=True) == "1"


def test_of_an_assigned_person_only_the_domain_is_looked_at(side: Side) -> None:
    path = f"{IDENTITIES}/{row(side, 'PF4TH101')['id']}"
    body = {"userPrincipalName": "no.such.person@tallisharbour.example", "addressableUserName": "Nobody"}
    post(side, f"{path}/assignUserToDevice", body)
    assert row(side, "PF4TH101")["userPrincipalName"] == body["userPrincipalName"]
    foreign = {"userPrincipalName": "mara@elsewhere.example", "addressableUserName": "Mara"}
    assert "domain" in intune_says(post(side, f"{path}/assignUserToDevice", foreign, status=400))
    for _ in range(2):
        post(side, f"{path}/unassignUserFromDevice")
    assert row(side, "PF4TH101")["userPrincipalName"] == ""


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"displayName": "SIXTEEN-SIGNS-16"}, "at most 15 characters"),
        ({"addressableUserName": "Mara"}, "needs UserPrincipalName"),
        ({"userPrincipalName": "m@elsewhere.example", "groupTag": "NEW"}, "not a domain"),
    ],
)
def test_properties_that_do_not_fit_change_nothing(side: Side, body: dict[str, str], says: str) -> None:
    before = row(side, "PF4TH101")
    path = f"{IDENTITIES}/{before['id']}/updateDeviceProperties"
    assert says in intune_says(post(side, path, body, status=400))
    assert row(side, "PF4TH101") == before


def test_only_what_is_sent_is_changed_and_an_unknown_name_is_refused(side: Side) -> None:
    known = row(side, "PF4TH101")
    path = f"{IDENTITIES}/{known['id']}/updateDeviceProperties"
    post(side, path, {"displayName": "FIFTEEN-SIGNS15"})
    assert row(side, "PF4TH101") == known | {"displayName": "FIFTEEN-SIGNS15"}
    assert "not a valid parameter" in post(side, path, {"tag": "x"}, status=400)["error"]["message"]


def test_whether_properties_answer_200_or_204_is_a_switch() -> None:
    side = Side(tenant.Options(autopilot_properties_status=200))
    path = f"{IDENTITIES}/{row(side, 'PF4TH101')['id']}"
    post(side, f"{path}/updateDeviceProperties", {"groupTag": "STAFF"}, status=200)
    post(side, f"{path}/unassignUserFromDevice", status=200)


def test_a_second_synchronisation_within_ten_minutes_is_told_to_wait(side: Side) -> None:
    post(side, f"{SETTINGS}/sync")
    assert side.get(SETTINGS)["syncStatus"] == "inProgress"
    side.clock.move(minutes=4)
    answer = side.send("POST", f"{SETTINGS}/sync")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "360")
    found = side.get(SETTINGS)
    assert (found["syncStatus"], found["lastSyncDateTime"]) == ("completed", "2026-11-23T09:00:30Z")
    assert found["lastManualSyncTriggerDateTime"] == "2026-11-23T09:00:00Z"
    side.clock.move(minutes=6)
    post(side, f"{SETTINGS}/sync")


def test_a_synchronisation_shows_a_registration_early() -> None:
    side = Side(tenant.Options(import_visible_delay=3600))
    imported(side)
    side.clock.move(seconds=75)
    post(side, f"{SETTINGS}/sync")
    side.clock.move(seconds=30)
    assert row(side, "PF9TH901")


def test_a_device_leaves_autopilot_some_minutes_later_and_only_if_it_left_intune(side: Side) -> None:
    path = f"{IDENTITIES}/{row(side, 'PF4TH101')['id']}"
    assert side.send("DELETE", path).status_code == 204
    assert side.get(path)["serialNumber"] == "PF4TH101"
    side.clock.move(minutes=3)
    side.get(path, status=404)
    refused = side.send("DELETE", f"{IDENTITIES}/{row(side, 'PF4TH105')['id']}")
    assert refused.status_code == 400
    assert "enrolled in Intune" in intune_says(refused.get_json())


def test_reading_does_not_allow_importing_or_assigning(side: Side) -> None:
    side.who = "watcher"
    path = f"{IDENTITIES}/{row(side, 'PF4TH101')['id']}"
    for tail in ("assignUserToDevice", "unassignUserFromDevice", "updateDeviceProperties"):
        post(side, f"{path}/{tail}", {}, status=403)
    post(side, IMPORTS, {}, status=403)
    post(side, f"{SETTINGS}/sync", status=403)
    assert side.send("DELETE", path).status_code == 403


@graph_slices.held
@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_imports_and_settings_have_the_shape_that_microsoft_publishes(side: Side, version: str) -> None:
    path = "/deviceManagement/importedWindowsAutopilotDeviceIdentities"
    made = post(side, f"/{version}{path}", {"serialNumber": "A1", "hardwareIdentifier": HASH}, status=201)
    assert graph_slices.answer_faults(version, "POST", path, made) == []
    assert graph_slices.answer_faults(version, "GET", path, side.get(f"/{version}{path}")) == []
    many = {"importedWindowsAutopilotDeviceIdentities": [{"serialNumber": "A2", "hardwareIdentifier": HASH}]}
    listed = post(side, f"/{version}{path}/import", many, status=200)
    assert graph_slices.answer_faults(version, "POST", f"{path}/import", listed) == []
    settings = side.get(SETTINGS)
    assert graph_slices.answer_faults("beta", "GET", "/deviceManagement/windowsAutopilotSettings", settings) == []
