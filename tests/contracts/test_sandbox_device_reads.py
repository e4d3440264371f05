"""Reads of devices beside the main lists: counts, changes, searches, enrolment settings, and what Intune keeps else."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import pytest

from agent.sandbox import device_records, tenant
from tests.contracts import device_pages, graph_slices
from tests.contracts.sandbox_side import Side

CONFIGURATIONS = "/deviceManagement/deviceEnrollmentConfigurations"
HELEN = "helen.strand@tallisharbour.example"


@pytest.fixture
def side() -> Side:
    return Side()


def number(side: Side, path: str, **headers: str) -> int:
    answer = side.send("GET", path, **headers)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.headers["Content-Type"].startswith("text/plain")
    return int(answer.get_data(as_text=True))


@pytest.mark.parametrize(
    "collection",
    [
        "managedDevices",
        "windowsAutopilotDeviceIdentities",
        "importedWindowsAutopilotDeviceIdentities",
        "windowsAutopilotDeploymentProfiles",
        "autopilotEvents",
        "depOnboardingSettings",
    ],
)
def test_intunes_collections_can_be_counted(side: Side, collection: str) -> None:
    path = f"/beta/deviceManagement/{collection}"
    assert number(side, f"{path}/$count") == len(side.get(path)["value"])


def test_a_count_of_managed_devices_ignores_what_the_list_ignores(side: Side) -> None:
    path = "/v1.0/deviceManagement/managedDevices/$count"
    assert number(side, f"{path}?$filter=serialNumber eq 'PF4TH105'") == 1
    assert number(side, f"{path}?$filter=userId eq 'nobody'") == len(side.tenant.devices.managed)


def test_counting_and_searching_device_objects_needs_consistency_level(side: Side) -> None:
    side.get("/v1.0/devices/$count", status=400)
    assert number(side, "/v1.0/devices/$count", ConsistencyLevel="eventual") == len(side.tenant.devices.entra)
    search = '/v1.0/devices?$search="displayName:TH"&$count=true'
    side.get(search, status=400)
    found = side.get(search, ConsistencyLevel="eventual")
    assert found["@odata.count"] == len(found["value"]) > 0


def test_device_objects_come_a_hundred_to_a_page(side: Side) -> None:
    for at in range(130):
        device = device_records.EntraDevice(side.tenant.new_id(), side.tenant.new_id(), f"PC-{at:03}")
        side.tenant.devices.entra[device.id] = device
    first = side.get("/v1.0/devices")
    assert len(first["value"]) == 100
    assert "$skiptoken=" in first["@odata.nextLink"]
    assert len(side.get("/v1.0/devices?$top=999")["value"]) == len(side.tenant.devices.entra)


def test_only_changed_device_objects_come_by_a_delta_link(side: Side) -> None:
    everything = side.get("/v1.0/devices/delta")
    assert len(everything["value"]) == len(side.tenant.devices.entra)
    link = everything["@odata.deltaLink"].removeprefix(side.tenant.origin)
    assert side.get(link)["value"] == []
    changed, gone = list(side.tenant.devices.entra.values())[:2]
    changed.is_compliant = False
    del side.tenant.devices.entra[gone.id]
    rows = side.get(link)["value"]
    assert [row["id"] for row in rows] == [changed.id, gone.id]
    assert "@removed" in rows[1]


def test_a_persons_devices_are_owned_and_registered_and_name_their_user(side: Side) -> None:
    owned = side.get(f"/v1.0/users/{HELEN}/ownedDevices")["value"]
    assert owned == side.get(f"/v1.0/users/{HELEN}/registeredDevices")["value"]
    (user,) = side.get(f"/v1.0/devices/{owned[0]['id']}/registeredUsers")["value"]
    assert (user["@odata.type"], user["userPrincipalName"]) == ("#microsoft.graph.user", HELEN)
    managed = side.get(f"/v1.0/users/{HELEN}/managedDevices")["value"][0]
    assert side.get(f"/v1.0/users/{HELEN}/managedDevices/{managed['id']}")["id"] == managed["id"]
    side.get(f"/v1.0/users/mara.quist@tallisharbour.example/managedDevices/{managed['id']}", status=404)
    (primary,) = side.get(f"/v1.0/deviceManagement/managedDevices/{managed['id']}/users")["value"]
    assert primary["userPrincipalName"] == HELEN


def test_v1_finds_devices_by_properties_that_only_beta_shows(side: Side) -> None:
    device = next(iter(side.tenant.devices.entra.values()))
    device.properties["extensionAttributes"] = {"extensionAttribute1": "BYOD"}
    query = "/v1.0/devices?$filter=extensionAttributes/extensionAttribute1 eq 'BYOD'"
    (found,) = side.get(query)["value"]
    assert (found["id"], "extensionAttributes" in found) == (device.id, False)


def test_every_kind_of_enrolment_configuration_is_served_and_v1_leaves_out_what_it_lacks(side: Side) -> None:
    full = {row["@odata.type"].rpartition(".")[2]: row for row in side.get(f"/beta{CONFIGURATIONS}")["value"]}
    thin = {row["@odata.type"].rpartition(".")[2]: row for row in side.get(f"/v1.0{CONFIGURATIONS}")["value"]}
    single = "deviceEnrollmentPlatformRestrictionConfiguration"
    assert full.keys() - thin.keys() == {single}
    assert full[single]["platformRestriction"]["platformBlocked"] is True
    assert full[single]["platformRestriction"]["osMinimumVersion"] == ""
    side.get(f"/v1.0{CONFIGURATIONS}/{full[single]['id']}", status=404)
    assert full["deviceEnrollmentLimitConfiguration"]["deviceEnrollmentConfigurationType"] == "defaultLimit"


def test_an_enrolment_configuration_names_its_groups_and_a_default_everybody(side: Side) -> None:
    rows = side.get(f"/v1.0{CONFIGURATIONS}")["value"]
    ranked = next(row for row in rows if row["priority"] == 1)
    (assignment,) = side.get(f"/v1.0{CONFIGURATIONS}/{ranked['id']}/assignments")["value"]
    assert side.get(f"/v1.0/groups/{assignment['target']['groupId']}")["displayName"] == "All staff"
    default = next(row for row in rows if row["priority"] == 0)
    (everybody,) = side.get(f"/v1.0{CONFIGURATIONS}/{default['id']}/assignments")["value"]
    assert everybody["target"]["@odata.type"] == "#microsoft.graph.allLicensedUsersAssignmentTarget"
    path = f"/beta{CONFIGURATIONS}/{default['id']}/assignments/{everybody['id']}"
    assert side.get(path)["source"] == "direct"


def test_failed_enrolments_are_listed_for_all_and_for_one_person(side: Side) -> None:
    helen = side.person("helen.strand")
    event = device_records.TroubleshootingEvent(
        side.tenant.new_id(), side.clock.now, helen.id, "userValidation", "User is not licensed for Intune."
    )
    side.tenant.devices.troubleshooting[event.id] = event
    (row,) = side.get("/v1.0/deviceManagement/troubleshootingEvents")["value"]
    assert row["@odata.type"] == "#microsoft.graph.enrollmentTroubleshootingEvent"
    assert side.get(f"/v1.0/users/{HELEN}/deviceManagementTroubleshootingEvents")["value"] == [row]
    nobody = "/v1.0/users/mara.quist@tallisharbour.example/deviceManagementTroubleshootingEvents"
    assert side.get(nobody)["value"] == []
    assert side.get(f"/beta/deviceManagement/troubleshootingEvents/{event.id}")["eventName"] is None


def test_what_tells_apple_and_corporate_devices_apart_is_served(side: Side) -> None:
    (vpp,) = side.get("/v1.0/deviceAppManagement/vppTokens")["value"]
    assert (vpp["state"], vpp["appleId"]) == ("valid", "apps@tallisharbour.example")
    push = side.get("/v1.0/deviceManagement/applePushNotificationCertificate")
    assert push["expirationDateTime"] > push["lastModifiedDateTime"]
    rows = side.get("/beta/deviceManagement/importedDeviceIdentities")["value"]
    assert {row["importedDeviceIdentityType"] for row in rows} <= {"serialNumber", "manufacturerModelSerial"}
    policies = side.get("/beta/deviceManagement/configurationPolicies")["value"]
    web = next(row for row in policies if row["name"] == "Web sign-in for staff laptops")
    (setting,) = side.get(f"/beta/deviceManagement/configurationPolicies/{web['id']}/settings")["value"]
    assert setting["settingInstance"]["choiceSettingValue"]["value"].endswith("enablewebsignin_1")


@pytest.mark.parametrize("segment", ["windowsAutopilotSettings", "importedDeviceIdentities", "configurationPolicies"])
def test_v1_refuses_further_paths_that_only_beta_serves(side: Side, segment: str) -> None:
    error = side.get(f"/v1.0/deviceManagement/{segment}", status=400)["error"]
    assert error["message"] == f"Resource not found for the segment '{segment}'."
    side.get(f"/beta/deviceManagement/{segment}")


PLACES: dict[str, Callable[[tenant.Tenant], str]] = {
    "{user}": lambda host: next(user.id for user in host.directory.users.values() if user.upn == HELEN),
    "{device}": lambda host: next(one.id for one in host.devices.entra.values() if one.owner_ids),
    "{managed}": lambda host: next(iter(host.devices.managed)),
    "{profile}": lambda host: next(one.id for one in host.devices.autopilot_profiles.values() if one.tags),
    "{token}": lambda host: next(iter(host.devices.dep_tokens)),
}
SERVED = (
    *(f"{version} /devices/delta()" for version in ("v1.0", "beta")),
    *(f"{version} /devices/{{device}}/registeredUsers" for version in ("v1.0", "beta")),
    *(f"{version} /devices/{{device}}/memberOf" for version in ("v1.0", "beta")),
    *(f"{version} /users/{{user}}/registeredDevices" for version in ("v1.0", "beta")),
    *(f"{version} /deviceManagement/managedDevices/{{managed}}/users" for version in ("v1.0", "beta")),
    "beta /deviceManagement/windowsAutopilotDeploymentProfiles/{profile}/assignments",
    "beta /deviceManagement/windowsAutopilotDeploymentProfiles/{profile}/assignedDevices",
    "beta /deviceManagement/depOnboardingSettings/{token}/importedAppleDeviceIdentities",
)


@graph_slices.held
@pytest.mark.parametrize("route", SERVED)
def test_what_is_served_besides_has_the_shape_that_microsoft_publishes(side: Side, route: str) -> None:
    version, _, template = route.partition(" ")
    path = functools.reduce(lambda text, place: text.replace(place, PLACES[place](side.tenant)), PLACES, template)
    answer: Any = side.get(f"/{version}{path}")
    assert graph_slices.answer_faults(version, "GET", template, answer) == []


def test_routes_beyond_microsofts_published_data_are_printed_with_their_page(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with capsys.disabled():
        for path, page in sorted(device_pages.BUILT_FROM.items()):
            sys.stdout.write(f"\nnot in the slices: {path}: built from learn.microsoft.com/graph/api/{page}")
    assert all(device_pages.BUILT_FROM.values())
