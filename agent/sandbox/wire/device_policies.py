"""Handlers for policies that reach devices and people: the settings catalogue, custom profiles, the MDM user scope.

The slices lack these paths; each row of the route table names the reference page it was built from. That a list of
policies expands assignments and settings, and is filtered by `has`, is how Microsoft's own assessment asks
(github.com/microsoft/zerotrustassessment).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from agent.sandbox import device_records, errors, policy_records, records
from agent.sandbox import tenant as tenants
from agent.sandbox.wire import device_shapes, directory_shapes, exchange, intune_lists, odata

Row = intune_lists.Row

_POLICIES = "deviceManagement/configurationPolicies"
_PROFILES = "deviceManagement/deviceConfigurations"
_SCOPES = "policies/mobileDeviceManagementPolicies"
_GROUPS = (
    re.compile(r"((?:device|user)_vendor_msft_passportforwork_\{tenantid\})"),
    re.compile(r"(com\.apple\.extensiblesso)_"),
)
_INNER_GROUP = re.compile(r"(com\.apple\.extensiblesso_platformsso)_")
_INSTANCE = "#microsoft.graph.deviceManagementConfiguration{}SettingInstance"
_TARGETS = {
    records.ALL_USERS: ("#microsoft.graph.allLicensedUsersAssignmentTarget", "acacacac-9df4-4c7d-9d50-4ef0226f57a9"),
    policy_records.ALL_DEVICES: (
        "#microsoft.graph.allDevicesAssignmentTarget",
        "adadadad-808e-44e2-905a-0b7873a8a531",
    ),
}
_FILTER = "5d3f9c1e-6a53-4b1c-8a7e-1f2b6c9d0e4a"


def policies(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Policies of the settings catalogue; expands `assignments` and `settings`."""
    held = tenant.devices.configuration_policies.values()
    found = {row["id"]: row for row in odata.matching(request, map(_policy, held))}
    rows = [
        {**odata.narrow(found[item.id], odata.selected(request)), **_policy_parts(item, odata.expanded(request))}
        for item in held
        if item.id in found
    ]
    return odata.collection(tenant, request, _POLICIES, rows, sizes=(1000, 1000))


def policy(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One policy; expands `assignments` and `settings`."""
    item = _held_policy(tenant, request)
    parts = _policy_parts(item, odata.expanded(request))
    return intune_lists.entity(tenant, request, _POLICIES, _policy(item), **parts)


def policy_settings(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """What a policy sets."""
    item = _held_policy(tenant, request)
    return odata.collection(tenant, request, f"{_POLICIES}('{item.id}')/settings", _settings(item))


def policy_assignments(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Whom a policy is assigned to."""
    item = _held_policy(tenant, request)
    rows = assignments(item.id, item.assignments)
    return odata.collection(tenant, request, f"{_POLICIES}('{item.id}')/assignments", rows)


def profiles(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Configuration profiles, the custom ones for Windows; expands `assignments`."""
    held = tenant.devices.custom_configurations.values()
    found = {row["id"]: row for row in odata.matching(request, (_profile(item, beta=request.beta) for item in held))}
    rows = [
        {**odata.narrow(found[item.id], odata.selected(request)), **_profile_parts(item, request)}
        for item in held
        if item.id in found
    ]
    return odata.collection(tenant, request, _PROFILES, rows, sizes=(1000, 1000))


def profile(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One configuration profile; expands `assignments`."""
    item = intune_lists.one(tenant.devices.custom_configurations, request, "Device configuration")
    parts = _profile_parts(item, request)
    return intune_lists.entity(tenant, request, _PROFILES, _profile(item, beta=request.beta), **parts)


def profile_assignments(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Whom a configuration profile is assigned to."""
    item = intune_lists.one(tenant.devices.custom_configurations, request, "Device configuration")
    rows = assignments(item.id, item.assignments, beta=request.beta, intent=True)
    return odata.collection(tenant, request, f"{_PROFILES}('{item.id}')/assignments", rows)


def scopes(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """The MDM user scopes, one for each management service; expands `includedGroups`. No app may read them."""
    rows = [_scope(tenant, request, item) for item in tenant.devices.mobility_policies.values()]
    return odata.collection(tenant, request, _SCOPES, rows)


def scope(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One MDM user scope."""
    row = _scope(tenant, request, _held_scope(tenant, request))
    return odata.entity(tenant, request, f"{_SCOPES}/$entity", row)


def scope_groups(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """The groups of an MDM user scope that is for some only."""
    rows = _scope_groups(tenant, _held_scope(tenant, request))
    return odata.collection(tenant, request, "groups", rows)


def assignments(
    owner_id: str, held: Iterable[policy_records.Assignment], *, beta: bool = True, intent: bool = False
) -> list[Row]:
    """The assignments of a policy: all devices, everybody, groups, and groups that are left out."""
    further: Row = {"source": "direct", "sourceId": owner_id} if beta else {}
    further |= {"intent": "apply"} if beta and intent else {}
    rows = []
    for one in held:
        kind, suffix = _TARGETS.get(one.target, ("#microsoft.graph.groupAssignmentTarget", one.target))
        kind = "#microsoft.graph.exclusionGroupAssignmentTarget" if one.excluded else kind
        target: Row = {"@odata.type": kind}
        target |= {"groupId": one.target} if suffix == one.target else {}
        target |= _filter(one) if beta else {}
        rows.append({"id": f"{owner_id}_{suffix}", "target": target, **further})
    return rows


def _filter(one: policy_records.Assignment) -> Row:
    if one.filter_lets_in is None:
        return dict(device_shapes.NO_FILTER)
    return {
        "deviceAndAppManagementAssignmentFilterId": _FILTER,
        "deviceAndAppManagementAssignmentFilterType": "include",
    }


def enrolment_assignments(item: device_records.EnrolmentConfiguration, *, beta: bool) -> list[Row]:
    """Whom an enrolment configuration is assigned to: groups, or everybody where it is a default."""
    targets = [records.ALL_USERS] if item.priority == 0 else item.group_ids
    return assignments(item.id, map(policy_records.Assignment, targets), beta=beta)


def _held_policy(tenant: tenants.Tenant, request: exchange.GraphRequest) -> policy_records.ConfigurationPolicy:
    return intune_lists.one(tenant.devices.configuration_policies, request, "Configuration policy")


def _policy_parts(item: policy_records.ConfigurationPolicy, wanted: Iterable[str]) -> Row:
    parts = {"assignments": assignments(item.id, item.assignments), "settings": _settings(item)}
    return {name: rows for name, rows in parts.items() if name in wanted}


def _policy(item: policy_records.ConfigurationPolicy) -> Row:
    reference = {
        "templateId": item.template_id,
        "templateFamily": item.template_family,
        "templateDisplayName": None,
        "templateDisplayVersion": None,
    }
    return {
        "id": item.id,
        "name": item.name,
        "description": "",
        "platforms": item.platforms,
        "technologies": item.technologies,
        "createdDateTime": odata.timestamp_or_year_one(item.created),
        "lastModifiedDateTime": odata.timestamp_or_year_one(item.created),
        "settingCount": len(_settings(item)),
        "creationSource": None,
        "roleScopeTagIds": ["0"],
        "isAssigned": bool(item.assignments),
        "priorityMetaData": None,
        "templateReference": reference,
    }


def _settings(item: policy_records.ConfigurationPolicy) -> list[Row]:
    """Settings one by one; those of Windows Hello and of Apple's sign-on stand in groups, as the catalogue has them."""
    grouped: dict[str, list[Row]] = {}
    instances: list[Row] = []
    for definition, value in item.settings.items():
        children = instances
        for name in _groups_of(definition):
            if name not in grouped:
                grouped[name] = []
                children.append(_group(name, grouped[name]))
            children = grouped[name]
        children.append(_choice(definition, value) if value.startswith(f"{definition}_") else _text(definition, value))
    return [{"id": str(at), "settingInstance": instance} for at, instance in enumerate(instances)]


def _groups_of(definition: str) -> list[str]:
    """The groups around a setting, the outer one first; Apple's outer group repeats its own name."""
    outer = next((found.group(1) for group in _GROUPS if (found := group.match(definition))), "")
    inner = _INNER_GROUP.match(definition)
    doubled = f"{outer}_{outer}" if outer.startswith("com.apple.") else outer
    return [name for name in (doubled, inner.group(1) if inner else "") if name]


def _choice(definition: str, value: str) -> Row:
    return {
        "@odata.type": _INSTANCE.format("Choice"),
        "settingDefinitionId": definition,
        "settingInstanceTemplateReference": None,
        "choiceSettingValue": {"settingValueTemplateReference": None, "value": value, "children": []},
    }


def _text(definition: str, value: str) -> Row:
    held = {"@odata.type": "#microsoft.graph.deviceManagementConfigurationStringSettingValue"}
    return {
        "@odata.type": _INSTANCE.format("Simple"),
        "settingDefinitionId": definition,
        "settingInstanceTemplateReference": None,
        "simpleSettingValue": {**held, "settingValueTemplateReference": None, "value": value},
    }


def _group(definition: str, children: list[Row]) -> Row:
    return {
        "@odata.type": _INSTANCE.format("GroupSettingCollection"),
        "settingDefinitionId": definition,
        "settingInstanceTemplateReference": None,
        "groupSettingCollectionValue": [{"settingValueTemplateReference": None, "children": children}],
    }


def _profile_parts(item: policy_records.CustomConfiguration, request: exchange.GraphRequest) -> Row:
    if "assignments" not in odata.expanded(request):
        return {}
    return {"assignments": assignments(item.id, item.assignments, beta=request.beta, intent=True)}


def _profile(item: policy_records.CustomConfiguration, *, beta: bool) -> Row:
    custom = item.hello_blocked is None
    word = "windows10CustomConfiguration" if custom else "windowsIdentityProtectionConfiguration"
    row: Row = {
        "@odata.type": f"#microsoft.graph.{word}",
        "id": item.id,
        "displayName": item.name,
        "description": "",
        "version": 1,
        "createdDateTime": odata.timestamp_or_year_one(item.created),
        "lastModifiedDateTime": odata.timestamp_or_year_one(item.created),
    }
    if custom:
        row["omaSettings"] = [_oma(uri, value, beta=beta) for uri, value in item.settings.items()]
    else:
        row["windowsHelloForBusinessBlocked"] = item.hello_blocked
    names = ("OsEdition", "OsVersion", "DeviceMode")
    applicability = {f"deviceManagementApplicabilityRule{name}": None for name in names}
    return row | ({"roleScopeTagIds": ["0"], "supportsScopeTags": True, **applicability} if beta else {})


def _oma(uri: str, value: int, *, beta: bool) -> Row:
    row: Row = {
        "@odata.type": "#microsoft.graph.omaSettingInteger",
        "displayName": uri.rpartition("/")[2],
        "description": "",
        "omaUri": uri,
        "value": value,
    }
    return row | ({"secretReferenceValueId": None, "isEncrypted": False, "isReadOnly": False} if beta else {})


def _held_scope(tenant: tenants.Tenant, request: exchange.GraphRequest) -> policy_records.MobilityPolicy:
    item = tenant.devices.mobility_policies.get(request.path_values["item_id"].lower())
    if item is None:
        raise errors.GraphError(404, "Request_ResourceNotFound", "Mobility management policy not found.")
    return item


def _scope(tenant: tenants.Tenant, request: exchange.GraphRequest, item: policy_records.MobilityPolicy) -> Row:
    row: Row = {
        "id": item.id,
        "displayName": item.name,
        "description": item.name,
        "appliesTo": item.applies_to,
        "isValid": True,
        "complianceUrl": "https://portal.manage.microsoft.com/?portalAction=Compliance",
        "discoveryUrl": "https://enrollment.manage.microsoft.com/enrollmentserver/discovery.svc",
        "termsOfUseUrl": "https://portal.manage.microsoft.com/TermsofUse.aspx",
    }
    shown = odata.narrow(row, odata.selected(request))
    groups = {"includedGroups": _scope_groups(tenant, item)} if "includedgroups" in odata.expanded(request) else {}
    return shown | groups


def _scope_groups(tenant: tenants.Tenant, item: policy_records.MobilityPolicy) -> list[dict[str, Any]]:
    names = directory_shapes.GROUP_DEFAULTS
    found = (tenant.directory.groups[key] for key in item.group_ids)
    return [odata.narrow(directory_shapes.group_row(tenant, group), names) for group in found]
