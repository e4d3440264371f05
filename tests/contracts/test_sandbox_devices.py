"""Devices as Graph shows them: Autopilot, Intune, Entra and Apple, with the oddities that a client has to live with."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from agent.sandbox import device_records, tenant
from agent.sandbox.areas import autopilot
from tests.contracts import graph_slices
from tests.contracts.sandbox_caller import Caller

IDENTITIES = "/deviceManagement/windowsAutopilotDeviceIdentities"
EVENTS = "/deviceManagement/autopilotEvents"
MANAGED = "/deviceManagement/managedDevices"
TOKENS = "/deviceManagement/depOnboardingSettings"
HELEN = "helen.strand@tallisharbour.example"
NEVER = "0001-01-01T00:00:00Z"


@pytest.fixture
def caller() -> Caller:
    return Caller()


def looked_up(caller: Caller, serial: str, *, version: str = "beta") -> dict[str, object]:
    rows = caller.get(f"{IDENTITIES}?$filter=contains(serialNumber,'{serial}')", version=version)["value"]
    (row,) = rows
    return dict(row)


def test_v1_leaves_out_the_autopilot_properties_that_only_beta_has(caller: Caller) -> None:
    thin, full = looked_up(caller, "PF4TH101", version="v1.0"), looked_up(caller, "PF4TH101")
    assert "deploymentProfileAssignmentStatus" not in thin
    assert "azureAdDeviceId" not in thin
    assert full["deploymentProfileAssignmentStatus"] == "assignedInSync"
    assert full["azureAdDeviceId"] == thin["azureActiveDirectoryDeviceId"]
    assert thin["lastContactedDateTime"] == NEVER


def test_a_serial_is_found_by_any_part_of_it_in_any_letter_case(caller: Caller) -> None:
    rows = caller.get(f"{IDENTITIES}?$filter=contains(serialNumber,'4th10')")["value"]
    assert {row["serialNumber"] for row in rows} == {f"PF4TH10{digit}" for digit in "1234568"}
    assert len(caller.get(f"{IDENTITIES}?$filter=contains(serialNumber,'5cg4th207')")["value"]) == 2


@pytest.mark.parametrize(
    "query", ["serialNumber eq 'PF4TH101'", "id eq 'x'", "contains(serialNumber,'AB-12')", "contains(model,'T14')"]
)
def test_a_filter_that_autopilot_cannot_do_is_refused_in_a_doubly_encoded_envelope(caller: Caller, query: str) -> None:
    error = caller.get(f"{IDENTITIES}?$filter={query}", status=400)["error"]
    assert error["code"] == "BadRequest"
    assert json.loads(error["message"])["Message"].startswith("An error has occurred - Operation ID")
    assert "request-id" in error["innerError"]


def test_hyphens_in_a_part_can_be_switched_on() -> None:
    caller = Caller(tenant.Options(hyphen_in_contains_refused=False))
    assert caller.get(f"{IDENTITIES}?$filter=contains(serialNumber,'AB-12')")["value"] == []


def test_select_breaks_the_autopilot_list(caller: Caller) -> None:
    assert caller.get(f"{IDENTITIES}?$select=id", status=500)["error"]["code"] == "InternalServerError"


def test_autopilot_devices_come_a_thousand_to_a_page(caller: Caller) -> None:
    before = len(caller.tenant.devices.autopilot)
    for number in range(1000):
        autopilot.register(caller.tenant, autopilot.Registration(f"VM{number:06}", "Contoso", "VM"))
    assert [len(page) for page in caller.pages(IDENTITIES)] == [1000, before]


@pytest.mark.parametrize(("serial", "kind"), [("PF4TH101", "azureAD"), ("PF4TH106", "activeDirectory")])
def test_one_autopilot_device_shows_its_profiles_when_expanded(caller: Caller, serial: str, kind: str) -> None:
    path = f"{IDENTITIES}/{looked_up(caller, serial)['id']}"
    row = caller.beta(f"{path}?$expand=deploymentProfile,intendedDeploymentProfile")
    assert row["deploymentProfile"]["@odata.type"] == f"#microsoft.graph.{kind}WindowsAutopilotDeploymentProfile"
    assert row["deploymentProfile"] == row["intendedDeploymentProfile"]
    assert "deploymentProfile" not in caller.beta(path)
    assert (
        "Could not find a property" in caller.get(f"{path}?$expand=deploymentProfile", status=400)["error"]["message"]
    )


def test_a_profile_on_its_way_is_intended_but_not_assigned(caller: Caller) -> None:
    pending = looked_up(caller, "PF4TH104")
    assert pending["deploymentProfileAssignmentStatus"] == "pending"
    assert pending["deploymentProfileAssignedDateTime"] == NEVER
    row = caller.beta(f"{IDENTITIES}/{pending['id']}?$expand=deploymentProfile,intendedDeploymentProfile")
    assert row["deploymentProfile"] is None
    assert row["intendedDeploymentProfile"]["displayName"] == "Staff laptop"
    assert looked_up(caller, "PF4TH108")["deploymentProfileAssignmentStatus"] == "assignedUnkownSyncState"


def test_a_shared_profile_says_so_in_both_generations_of_its_settings(caller: Caller) -> None:
    profiles = caller.beta("/deviceManagement/windowsAutopilotDeploymentProfiles")["value"]
    (shared,) = [row for row in profiles if row["displayName"] == "Shared berth terminal"]
    assert shared["outOfBoxExperienceSetting"]["deviceUsageType"] == "shared"
    assert shared["outOfBoxExperienceSettings"]["deviceUsageType"] == "shared"
    assert caller.beta(f"/deviceManagement/windowsAutopilotDeploymentProfiles/{shared['id']}")["id"] == shared["id"]


@pytest.mark.parametrize("segment", ["windowsAutopilotDeploymentProfiles", "autopilotEvents", "depOnboardingSettings"])
def test_v1_refuses_what_only_beta_serves(caller: Caller, segment: str) -> None:
    error = caller.get(f"/deviceManagement/{segment}", status=400)["error"]
    assert error["message"] == f"Resource not found for the segment '{segment}'."
    assert "value" in caller.beta(f"/deviceManagement/{segment}")


def add_events(caller: Caller, count: int) -> None:
    for number in range(count):
        when = caller.clock.now - timedelta(hours=number)
        event = device_records.AutopilotEvent(caller.tenant.new_id(), "d", f"S{number:04}", "u", "u@x.example", when)
        caller.tenant.devices.autopilot_events[event.id] = event


def test_deployment_events_come_fifty_to_a_page_and_ignore_filter_and_order(caller: Caller) -> None:
    add_events(caller, 120)
    pages = caller.pages(f"{EVENTS}?$filter=deviceId eq 'nobody'&$orderby=enrollmentStartDateTime asc", version="beta")
    assert [len(page) for page in pages] == [50, 50, 20]
    assert pages[0][0]["deviceSerialNumber"] == "S0000"
    assert pages[0][0]["deploymentEndDateTime"] == NEVER


def test_deployment_events_are_kept_for_thirty_days(caller: Caller) -> None:
    add_events(caller, 2)
    caller.clock.move(days=29, hours=23, minutes=30)
    caller.sign_in("full")
    (kept,) = caller.beta(EVENTS)["value"]
    assert caller.beta(f"{EVENTS}/{kept['id']}")["deviceSerialNumber"] == "S0000"


def test_the_permission_for_autopilot_devices_opens_neither_events_nor_managed_devices() -> None:
    caller = Caller(registration="writer")
    assert caller.beta(IDENTITIES)["value"]
    assert caller.beta(EVENTS, status=403)["error"]["code"] == "Forbidden"
    caller.get(MANAGED, status=403)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("serialNumber eq 'pf4th105'", {"PF4TH105"}),
        (f"userPrincipalName eq '{HELEN}'", {"PF4TH105", "H4TH306QLM"}),
        ("operatingSystem eq 'iOS' and complianceState eq 'compliant'", {"H4TH306QLM"}),
        ("lastSyncDateTime gt 2026-11-23T08:00:00Z", set()),
    ],
)
def test_documented_filters_of_managed_devices_work(caller: Caller, query: str, found: set[str]) -> None:
    assert {row["serialNumber"] for row in caller.get(f"{MANAGED}?$filter={query}")["value"]} == found


@pytest.mark.parametrize(
    "query",
    [
        "userId eq 'nobody'",
        "deviceEnrollmentType eq 'unknown'",
        "userPrincipalName eq ''",
        "serialNumber eq 'x' and isSupervised eq true",
    ],
)
def test_any_other_filter_of_managed_devices_is_ignored_and_everything_comes(caller: Caller, query: str) -> None:
    everything = len(caller.tenant.devices.managed)
    assert len(caller.get(f"{MANAGED}?$filter={query}")["value"]) == everything > 1


def test_managed_devices_show_some_properties_only_one_by_one_and_on_request(caller: Caller) -> None:
    managed = next(iter(caller.tenant.devices.managed.values()))
    managed.properties["udid"] = "00008120-000A"
    assert caller.get(MANAGED)["value"][0]["udid"] is None
    assert caller.get(f"{MANAGED}/{managed.id}")["udid"] is None
    assert caller.get(f"{MANAGED}/{managed.id}?$select=id,udid")["udid"] == "00008120-000A"


def test_who_enrolled_a_device_shows_in_beta_only(caller: Caller) -> None:
    path = f"/users/{HELEN}/managedDevices"
    assert {row["enrolledByUserPrincipalName"] for row in caller.beta(path)["value"]} == {HELEN}
    assert all("enrolledByUserPrincipalName" not in row for row in caller.get(path)["value"])
    assert caller.get(f"{MANAGED}/{caller.tenant.new_id()}", status=404)["error"]["code"] == "ResourceNotFound"


def test_registering_with_autopilot_makes_a_device_object_that_nobody_owns(caller: Caller) -> None:
    known = looked_up(caller, "PF4TH101")
    device = caller.get(f"/devices(deviceId='{known['azureAdDeviceId']}')")
    assert device["displayName"] == "PF4TH101"
    assert f"[ZTDID]:{known['id']}" in device["physicalIds"]
    assert (device["isManaged"], device["isCompliant"], device["trustType"]) == (None, None, None)
    assert caller.get(f"/devices/{device['id']}/registeredOwners")["value"] == []


def test_a_device_in_use_names_its_owner_under_both_keys(caller: Caller) -> None:
    device_id = looked_up(caller, "PF4TH105")["azureAdDeviceId"]
    device = caller.get(f"/devices(deviceId='{device_id}')?$select=id,trustType,isManaged")
    assert device["trustType"] == "AzureAd"
    (by_key,) = caller.get(f"/devices(deviceId='{device_id}')/registeredOwners")["value"]
    (by_id,) = caller.get(f"/devices/{device['id']}/registeredOwners?$select=userPrincipalName")["value"]
    assert by_key["userPrincipalName"] == by_id["userPrincipalName"] == HELEN
    owned = caller.get(f"/users/{HELEN}/ownedDevices")["value"]
    assert {row["trustType"] for row in owned} == {"AzureAd", "Workplace"}


def test_devices_are_found_by_autopilot_id_and_advanced_queries_need_their_header(caller: Caller) -> None:
    known = looked_up(caller, "PF4TH101")
    query = f"physicalIds/any(p:p eq '[ZTDID]:{known['id']}')"
    (found,) = caller.get(f"/devices?$filter={query}&$expand=registeredOwners")["value"]
    assert (found["displayName"], found["registeredOwners"]) == ("PF4TH101", [])
    caller.get("/devices?$filter=displayName ne 'x'", status=400)
    caller.get(f"/devices/{caller.tenant.new_id()}", status=404)


def apple_devices(caller: Caller) -> dict[str, dict[str, object]]:
    (token,) = caller.beta(TOKENS)["value"]
    rows = caller.beta(f"{TOKENS}/{token['id']}/importedAppleDeviceIdentities")["value"]
    return {row["serialNumber"]: row for row in rows}


@pytest.mark.parametrize(
    ("serial", "company_portal", "web", "locked"),
    [("H4TH301QLM", True, False, True), ("DMTH401PWX", False, True, False), ("C02TH501MD", False, True, None)],
)
def test_an_apple_device_leads_to_the_profile_that_says_how_to_sign_in(
    caller: Caller, serial: str, company_portal: bool, web: bool, locked: bool | None
) -> None:
    (token,) = caller.beta(TOKENS)["value"]
    wanted = apple_devices(caller)[serial]["requestedEnrollmentProfileId"]
    profile = caller.beta(f"{TOKENS}/{token['id']}/enrollmentProfiles/{wanted}")
    assert profile["id"] == wanted
    assert profile["enableAuthenticationViaCompanyPortal"] is company_portal
    assert profile["configurationWebUrl"] is web
    assert profile.get("enableSingleAppEnrollmentMode") is locked
    assert profile in [
        {"@odata.context": profile["@odata.context"], **row}
        for row in caller.beta(f"{TOKENS}/{token['id']}/enrollmentProfiles")["value"]
    ]


def test_apple_devices_without_profile_and_released_ones_show_as_such(caller: Caller) -> None:
    rows = apple_devices(caller)
    assert rows["H4TH303QLM"]["requestedEnrollmentProfileId"] is None
    assert rows["H4TH303QLM"]["requestedEnrollmentProfileAssignmentDateTime"] == NEVER
    assert rows["H4TH304QLM"]["isDeleted"] is True
    assert {rows[serial]["platform"] for serial in ("H4TH301QLM", "DMTH401PWX", "C02TH501MD")} == {"ios", "macOS"}


def test_an_expired_volume_purchase_token_blocks_devices_that_need_company_portal(caller: Caller) -> None:
    before = {serial: row["enrollmentState"] for serial, row in apple_devices(caller).items()}
    caller.clock.move(days=241)
    caller.sign_in("full")
    after = {serial: row["enrollmentState"] for serial, row in apple_devices(caller).items()}
    assert (before["H4TH301QLM"], after["H4TH301QLM"]) == ("notContacted", "blocked")
    assert (after["H4TH306QLM"], after["C02TH501MD"]) == ("enrolled", "notContacted")


def test_an_unknown_apple_token_device_or_profile_is_not_found(caller: Caller) -> None:
    (token,) = caller.beta(TOKENS)["value"]
    for path in ("", f"{token['id']}/enrollmentProfiles/", f"{token['id']}/importedAppleDeviceIdentities/"):
        caller.beta(f"{TOKENS}/{path}{caller.tenant.new_id()}", status=404)


def test_the_status_page_tells_its_time_out_in_beta_only(caller: Caller) -> None:
    path = "/deviceManagement/deviceEnrollmentConfigurations"
    kind = "#microsoft.graph.windows10EnrollmentCompletionPageConfiguration"
    full = [row for row in caller.beta(path)["value"] if row["@odata.type"] == kind and row["priority"] == 1]
    assert (full[0]["installProgressTimeoutInMinutes"], full[0]["installQualityUpdates"]) == (60, True)
    thin = caller.get(f"{path}/{full[0]['id']}")
    assert thin["allowNonBlockingAppInstallation"] is False
    assert "installProgressTimeoutInMinutes" not in thin


def test_the_registration_policy_tells_who_may_join_and_how_many_devices(caller: Caller) -> None:
    policy = caller.get("/policies/deviceRegistrationPolicy")
    assert policy["userDeviceQuota"] == 20
    assert policy["azureADJoin"]["allowedToJoin"]["@odata.type"].endswith("allDeviceRegistrationMembership")
    group = next(iter(caller.tenant.directory.groups))
    caller.tenant.devices.registration_policy.join_allowed = [group]
    changed = caller.get("/policies/deviceRegistrationPolicy")["azureADJoin"]["allowedToJoin"]
    assert (changed["users"], changed["groups"]) == ([], [group])


PLACES: dict[str, Callable[[tenant.Tenant], str]] = {
    "{user}": lambda host: next(item.id for item in host.directory.users.values() if item.upn == HELEN),
    "{device}": lambda host: next(item.id for item in host.devices.entra.values() if item.owner_ids),
    "{device_id}": lambda host: next(item.device_id for item in host.devices.entra.values() if item.owner_ids),
    "{identity}": lambda host: next(item.id for item in host.devices.autopilot.values() if item.profile_id),
    "{managed}": lambda host: next(iter(host.devices.managed)),
    "{configuration}": lambda host: next(iter(host.devices.enrolment_configurations)),
    "{autopilot_profile}": lambda host: next(iter(host.devices.autopilot_profiles)),
    "{event}": lambda host: next(iter(host.devices.autopilot_events)),
    "{token}": lambda host: next(iter(host.devices.dep_tokens)),
    "{profile}": lambda host: next(iter(host.devices.dep_profiles)),
    "{apple}": lambda host: next(iter(host.devices.apple)),
}
SERVED = (
    *(f"both {path}" for path in (IDENTITIES, IDENTITIES + "/{identity}", MANAGED, MANAGED + "/{managed}", "/devices")),
    *(f"both /devices/{{device}}{tail}" for tail in ("", "/registeredOwners")),
    *("both /devices(deviceId='{device_id}')", "both /users/{user}/ownedDevices", "both /users/{user}/managedDevices"),
    *(f"both /deviceManagement/deviceEnrollmentConfigurations{tail}" for tail in ("", "/{configuration}")),
    *(f"beta {IDENTITIES}/{{identity}}/{tail}" for tail in ("deploymentProfile", "intendedDeploymentProfile")),
    *(f"beta /deviceManagement/windowsAutopilotDeploymentProfiles{tail}" for tail in ("", "/{autopilot_profile}")),
    *(f"beta {path}" for path in (EVENTS, EVENTS + "/{event}", TOKENS, TOKENS + "/{token}")),
    *(f"beta {TOKENS}/{{token}}/enrollmentProfiles{tail}" for tail in ("", "/{profile}")),
    *(f"beta {TOKENS}/{{token}}/importedAppleDeviceIdentities{tail}" for tail in ("", "/{apple}")),
)


@graph_slices.held
@pytest.mark.parametrize("route", SERVED)
def test_what_is_served_has_the_shape_that_microsoft_publishes(caller: Caller, route: str) -> None:
    word, _, template = route.partition(" ")
    add_events(caller, 1)
    path = template
    for name, value in PLACES.items():
        path = path.replace(name, value(caller.tenant) if name in path else "")
    for version in ("v1.0", "beta") if word == "both" else ("beta",):
        assert graph_slices.answer_faults(version, "GET", template, caller.get(path, version=version)) == []
