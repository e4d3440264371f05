"""Policies in the sandbox tenant: how Graph shows them, whom they reach, and what a virtual PC makes of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from agent.sandbox import policy_records, records, sign_in_records
from agent.sandbox.areas import device_policies
from tests.contracts import staging_day as bench
from tests.contracts.sandbox_side import Side
from tests.contracts.staging_day import MARA, StagingDay

CATALOGUE = "/beta/deviceManagement/configurationPolicies"
SCOPES = "/beta/policies/mobileDeviceManagementPolicies"
HELLO = "device_vendor_msft_passportforwork_{tenantid}_policies_"


@pytest.fixture
def day() -> StagingDay:
    return StagingDay()


def hello_policy(day: StagingDay, *, use: bool, assign: str = policy_records.ALL_DEVICES) -> None:
    """A policy of the catalogue about Windows Hello."""
    key = f"{HELLO}usepassportforwork"
    item = policy_records.ConfigurationPolicy(day.tenant.new_id(), "Hello", settings={key: f"{key}_{str(use).lower()}"})
    item.assignments = [policy_records.Assignment(assign)]
    day.tenant.devices.configuration_policies[item.id] = item


def web_sign_in(day: StagingDay) -> policy_records.ConfigurationPolicy:
    """The policy of the seed."""
    known = day.tenant.devices.configuration_policies.values()
    return next(item for item in known if device_policies.WEB_SIGN_IN in item.settings)


def group(day: StagingDay, name: str) -> records.Group:
    """A group of the seed."""
    return next(item for item in day.tenant.directory.groups.values() if item.name == name)


def laptop(day: StagingDay, serial: str = bench.LAPTOP) -> dict[str, Any]:
    """From the box to wherever it gets with a pass of Mara's, typing it whenever it is asked for."""
    code = day.issue(MARA)
    day.power_on(serial)
    day.sign_in(serial, MARA, code)
    for _ in range(4):
        row = day.wait(serial)
        if row["asks"]:
            day.sign_in(serial, MARA, code)
    return row


def test_policies_are_filtered_and_expanded_as_microsofts_assessment_asks() -> None:
    query = {
        "$filter": "platforms has 'windows10' and technologies has 'mdm'",
        "$select": "id,name,platforms,technologies",
        "$expand": "assignments,settings",
    }
    side = Side(who="watcher")
    (web,) = side.get(f"{CATALOGUE}?{urlencode(query)}")["value"]

    assert sorted(web) == ["assignments", "id", "name", "platforms", "settings", "technologies"]
    kinds = [row["target"]["@odata.type"].rpartition(".")[2] for row in web["assignments"]]
    assert kinds == ["groupAssignmentTarget", "groupAssignmentTarget", "exclusionGroupAssignmentTarget"]
    assert web["settings"][0]["settingInstance"]["choiceSettingValue"]["value"].endswith("enablewebsignin_1")
    assert side.get(f"{CATALOGUE}/{web['id']}/assignments")["value"] == web["assignments"]


def test_hellos_settings_stand_in_a_group_of_the_catalogue(day: StagingDay) -> None:
    hello_policy(day, use=False)
    rows = day.find(CATALOGUE, **{"$expand": "settings", "$filter": "name eq 'Hello'"})
    (instance,) = [row["settingInstance"] for row in rows[0]["settings"]]

    assert instance["settingDefinitionId"] == "device_vendor_msft_passportforwork_{tenantid}"
    (children,) = [row["children"] for row in instance["groupSettingCollectionValue"]]
    assert [child["choiceSettingValue"]["value"] for child in children] == [f"{HELLO}usepassportforwork_false"]


def test_enrolment_configurations_show_their_assignments_in_the_list() -> None:
    side = Side(who="watcher")
    rows = side.get("/beta/deviceManagement/deviceEnrollmentConfigurations?$expand=assignments")["value"]
    hello = [row for row in rows if row["deviceEnrollmentConfigurationType"] == "defaultWindowsHelloForBusiness"]

    assert {row["assignments"][0]["target"]["@odata.type"] for row in hello} == {
        "#microsoft.graph.allLicensedUsersAssignmentTarget"
    }
    only = "$filter=deviceEnrollmentConfigurationType eq 'limit'"
    assert side.get(f"/beta/deviceManagement/deviceEnrollmentConfigurations?{only}")["value"] == []


def test_no_app_may_read_the_mdm_user_scope() -> None:
    side = Side()
    side.registration("full").permissions |= {"Policy.Read.All", "Policy.ReadWrite.MobilityManagement"}
    assert side.get(SCOPES, status=403)["error"]["code"]


def test_a_signed_in_administrator_reads_the_mdm_user_scope_with_its_groups() -> None:
    side = Side()
    (scope,) = side.tenant.devices.mobility_policies.values()
    lisbon = next(item for item in side.tenant.directory.groups.values() if item.name == "Lisbon Annexe")
    scope.applies_to, scope.group_ids = "selected", [lisbon.id]
    bearer = f"Bearer {signed_in(side, 'ines.okafor', 'Policy.Read.All')}"

    (row,) = side.get(f"{SCOPES}?$expand=includedGroups", Authorization=bearer)["value"]
    assert (row["displayName"], row["appliesTo"]) == ("Microsoft Intune", "selected")
    assert [found["displayName"] for found in row["includedGroups"]] == ["Lisbon Annexe"]
    below = side.get(f"{SCOPES}/{scope.id}/includedGroups", Authorization=bearer)["value"]
    assert [found["id"] for found in below] == [lisbon.id]


def signed_in(side: Side, person: str, permission: str) -> str:
    """A token that somebody got by signing in."""
    token = sign_in_records.AccessToken(
        token=side.tenant.new_secret(),
        app_id=side.registration("full").app_id,
        kind="delegated",
        permissions=frozenset({permission}),
        expires=side.clock.now + timedelta(hours=1),
        audience=side.tenant.origin,
        user_id=side.person(person).id,
    )
    side.tenant.sign_ins.access_tokens[token.token] = token
    return token.token


def test_a_custom_profile_shows_its_oma_uri_and_switches_web_sign_in_on(day: StagingDay) -> None:
    web_sign_in(day).assignments = []
    profile = policy_records.CustomConfiguration(day.tenant.new_id(), "Web sign-in by OMA-URI")
    profile.settings = {device_policies.WEB_SIGN_IN_URI: 1}
    profile.assignments = [policy_records.Assignment(policy_records.ALL_DEVICES)]
    day.tenant.devices.custom_configurations[profile.id] = profile

    path = "/v1.0/deviceManagement/deviceConfigurations"
    (row,) = day.find(path, **{"$expand": "assignments"})
    assert row["@odata.type"] == "#microsoft.graph.windows10CustomConfiguration"
    assert (row["omaSettings"][0]["omaUri"], row["omaSettings"][0]["value"]) == (device_policies.WEB_SIGN_IN_URI, 1)
    assert row["assignments"][0]["target"]["@odata.type"] == "#microsoft.graph.allDevicesAssignmentTarget"
    assert day.graph("GET", f"{path}/{profile.id}")["displayName"] == "Web sign-in by OMA-URI"
    assert len(day.find(f"/beta/deviceManagement/deviceConfigurations/{profile.id}/assignments")) == 1
    assert laptop(day)["message"].endswith("sign in with the PIN.")


def test_web_sign_in_for_people_comes_too_late_for_the_restart_of_a_new_pc(day: StagingDay) -> None:
    web_sign_in(day).assignments = [policy_records.Assignment(records.ALL_USERS)]
    assert "policy is not on this PC" in laptop(day)["message"]


def test_web_sign_in_for_people_is_there_on_a_pc_that_its_person_uses(day: StagingDay) -> None:
    web_sign_in(day).assignments = [policy_records.Assignment(records.ALL_USERS)]
    assert day.power_on("PF4TH113")["screen"] == "lock-screen"


def test_a_group_that_is_left_out_counts_against_its_own_kind_only(day: StagingDay) -> None:
    policy = web_sign_in(day)
    policy.assignments = [
        policy_records.Assignment(policy_records.ALL_DEVICES),
        policy_records.Assignment(group(day, "All staff").id, excluded=True),
    ]
    assert laptop(day)["finished"]


@pytest.mark.parametrize(("lets_in", "screen"), [(True, "desktop"), (False, "lock-screen-password")])
def test_an_assignment_filter_decides_on_the_device(day: StagingDay, *, lets_in: bool, screen: str) -> None:
    policy = web_sign_in(day)
    policy.assignments = [policy_records.Assignment(policy_records.ALL_DEVICES, filter_lets_in=lets_in)]
    (row,) = day.find(CATALOGUE, **{"$expand": "assignments", "$filter": f"name eq '{policy.name}'"})

    assert row["assignments"][0]["target"]["deviceAndAppManagementAssignmentFilterType"] == "include"
    assert laptop(day)["screen"] == screen


@pytest.mark.parametrize("assign", [policy_records.ALL_DEVICES, records.ALL_USERS])
def test_a_policy_against_hello_counts_before_the_tenant_wide_setting(day: StagingDay, assign: str) -> None:
    hello_policy(day, use=False, assign=assign)
    row = laptop(day)

    assert (row["screen"], row["finished"]) == ("desktop", True)
    assert "switched off by policy" in row["message"]
    assert day.methods(MARA, "windowsHelloForBusinessMethods") == []


def test_without_a_security_chip_hello_is_not_set_up_where_it_needs_one(day: StagingDay) -> None:
    day.tenant.devices.boxed[bench.LAPTOP].options["tpm"] = False
    assert "TPM" in laptop(day)["message"]
    for item in day.tenant.devices.enrolment_configurations.values():
        if item.kind == "hello":
            item.properties["securityDeviceRequired"] = False
    day.delete_pass(MARA)
    day.fleet.move(bench.LAPTOP, "reset", {})
    assert laptop(day)["message"].endswith("sign in with the PIN.")


@pytest.mark.parametrize(
    ("scopes", "code"), [(("none",), "80180018"), (("selected",), "80180018"), (("all", "all"), "C1036501")]
)
def test_a_pc_enrols_for_people_whom_one_management_service_covers(
    day: StagingDay, scopes: tuple[str, ...], code: str
) -> None:
    day.tenant.devices.mobility_policies = {
        str(at): policy_records.MobilityPolicy(str(at), f"Service {at}", word) for at, word in enumerate(scopes)
    }
    assert code in laptop(day)["message"]


def test_a_status_page_is_for_the_groups_it_is_assigned_to(day: StagingDay) -> None:
    for item in day.tenant.devices.enrolment_configurations.values():
        if item.kind == "status_page" and item.priority:
            item.group_ids = [group(day, "Lisbon Annexe").id]
    web_sign_in(day).assignments = []
    assert laptop(day)["message"].endswith("sign in with the PIN.")


def test_a_rule_puts_devices_into_its_group_and_takes_them_out(day: StagingDay) -> None:
    tagged = group(day, "Autopilot: Staff laptop")
    identity = next(item for item in day.tenant.devices.autopilot.values() if item.serial == bench.LAPTOP)
    device = next(item for item in day.tenant.devices.entra.values() if item.device_id == identity.entra_device_id)
    assert {row["id"] for row in day.find(f"/v1.0/devices/{device.id}/transitiveMemberOf")} >= {tagged.id}

    path = f"/v1.0/deviceManagement/windowsAutopilotDeviceIdentities/{identity.id}/updateDeviceProperties"
    day.graph("POST", path, {"groupTag": "READY"}, status=204)
    left = day.find(f"/v1.0/devices(deviceId='{device.device_id}')/transitiveMemberOf")
    assert [row["displayName"] for row in left] == ["Autopilot devices"]
