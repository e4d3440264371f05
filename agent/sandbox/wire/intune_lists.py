"""Handlers for what Intune keeps beside its devices: failures, corporate identifiers, policies, Apple's tokens.

The slices lack these paths. Built from the reference pages intune-troubleshooting-enrollmenttroubleshootingevent-list,
intune-enrollment-importeddeviceidentity-list, intune-deviceconfigv2-devicemanagementconfigurationpolicy-list,
intune-onboarding-vpptoken-list and intune-devices-applepushnotificationcertificate-get.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from agent.sandbox import device_records, intake_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import intune, people
from agent.sandbox.wire import device_shapes, exchange, odata

_EVENTS = "deviceManagement/troubleshootingEvents"
_IDENTIFIERS = "deviceManagement/importedDeviceIdentities"
_POLICIES = "deviceManagement/configurationPolicies"
_VPP_TOKENS = "deviceAppManagement/vppTokens"
_PREPARATION = "enrollment_autopilot_dpp"
Row = dict[str, Any]
Record = TypeVar("Record")


def troubleshooting_events(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Enrolments that failed at the management stage; no filter is documented, and none is obeyed."""
    rows = [_event(item, beta=request.beta) for item in tenant.devices.troubleshooting.values()]
    return _listed(tenant, request, _EVENTS, rows)


def troubleshooting_event(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One failed enrolment."""
    item = _one(tenant.devices.troubleshooting, request, "Troubleshooting event")
    return _entity(tenant, request, _EVENTS, _event(item, beta=request.beta))


def troubleshooting_events_of(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """A person's failed enrolments."""
    user = people.find(tenant, request.path_values["id"])
    found = [item for item in tenant.devices.troubleshooting.values() if item.user_id == user.id]
    context = f"users('{user.id}')/deviceManagementTroubleshootingEvents"
    return _listed(tenant, request, context, [_event(item, beta=request.beta) for item in found])


def identifiers(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Corporate identifiers; a filter is obeyed where it can be read."""
    rows = odata.matching(request, (_identifier(item) for item in tenant.devices.corporate_identifiers.values()))
    return _listed(tenant, request, _IDENTIFIERS, rows)


def identifier(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One corporate identifier."""
    item = _one(tenant.devices.corporate_identifiers, request, "Imported device identity")
    return _entity(tenant, request, _IDENTIFIERS, _identifier(item))


def policies(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Policies of the settings catalogue."""
    rows = odata.matching(request, (_policy(item) for item in _held_policies(tenant).values()))
    return _listed(tenant, request, _POLICIES, rows)


def policy(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One policy; expands `settings`."""
    item = _one(_held_policies(tenant), request, "Configuration policy")
    extra = {"settings": _settings(item)} if "settings" in odata.expanded(request) else {}
    return _entity(tenant, request, _POLICIES, _policy(item), **extra)


def policy_settings(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """What a policy sets."""
    item = _one(_held_policies(tenant), request, "Configuration policy")
    return odata.collection(tenant, request, f"{_POLICIES}('{item.id}')/settings", _settings(item))


def _held_policies(tenant: tenants.Tenant) -> dict[str, intake_records.ConfigurationPolicy]:
    """Those of the catalogue, and the policies of Autopilot device preparation, which stand there too."""
    preparing = {
        held.id: intake_records.ConfigurationPolicy(
            held.id,
            held.name,
            technologies="enrollment",
            template_id="80d33118-b7b4-40d8-b15f-81be745e053f_1",
            template_family="enrollmentConfiguration",
            settings={f"{_PREPARATION}_{name}": f"{_PREPARATION}_{name}_0" for name in ("deploymenttype", "jointype")},
        )
        for held in tenant.devices.preparation_policies.values()
    }
    return tenant.devices.configuration_policies | preparing


def vpp_tokens(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Apple's volume purchase tokens: without a valid one Company Portal is not installed."""
    rows = [_vpp_token(tenant, item, beta=request.beta) for item in tenant.devices.vpp_tokens.values()]
    return _listed(tenant, request, _VPP_TOKENS, rows)


def vpp_token(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One volume purchase token."""
    item = _one(tenant.devices.vpp_tokens, request, "VPP token")
    return _entity(tenant, request, _VPP_TOKENS, _vpp_token(tenant, item, beta=request.beta))


def push_certificate(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """The certificate for Apple's push service; 404 where none was ever uploaded."""
    held = tenant.devices.push_certificate
    if held is None:
        raise intune.missing("Apple push notification certificate not found")
    row = {
        "id": tenant.id,
        "appleIdentifier": held.apple_id,
        "topicIdentifier": f"com.apple.mgmt.External.{tenant.id}",
        "lastModifiedDateTime": odata.timestamp(held.modified),
        "expirationDateTime": odata.timestamp(held.expires),
        "certificateUploadStatus": None,
        "certificateUploadFailureReason": None,
        "certificateSerialNumber": held.certificate_serial,
        "certificate": None,
    }
    return _entity(tenant, request, "deviceManagement/applePushNotificationCertificate", row)


def _listed(
    tenant: tenants.Tenant, request: exchange.GraphRequest, context: str, rows: list[Row]
) -> exchange.GraphResponse:
    shown = [odata.narrow(row, odata.selected(request)) for row in rows]
    return odata.collection(tenant, request, context, shown, sizes=(1000, 1000))


def _entity(
    tenant: tenants.Tenant, request: exchange.GraphRequest, context: str, row: Row, **extra: Any
) -> exchange.GraphResponse:
    narrowed = odata.narrow(row, odata.selected(request))
    return odata.entity(tenant, request, f"{context}/$entity", {**narrowed, **extra})


def _one(held: Mapping[str, Record], request: exchange.GraphRequest, kind: str) -> Record:
    found = held.get(request.path_values["item_id"].lower())
    if found is None:
        raise intune.missing(f"{kind} {request.path_values['item_id']} not found")
    return found


def _event(item: device_records.TroubleshootingEvent, *, beta: bool) -> Row:
    row: Row = {
        "@odata.type": "#microsoft.graph.enrollmentTroubleshootingEvent",
        "id": item.id,
        "eventDateTime": odata.timestamp(item.event_time),
        "correlationId": item.id,
        "managedDeviceIdentifier": "",
        "operatingSystem": item.operating_system,
        "osVersion": item.os_version,
        "userId": item.user_id,
        "deviceId": item.device_id,
        "enrollmentType": item.enrollment_type,
        "failureCategory": item.failure_category,
        "failureReason": item.failure_reason,
    }
    return row | ({"eventName": None, "additionalInformation": [], "troubleshootingErrorDetails": None} if beta else {})


def _identifier(item: intake_records.CorporateIdentifier) -> Row:
    return {
        "id": item.id,
        "importedDeviceIdentifier": item.identifier,
        "importedDeviceIdentityType": item.kind,
        "lastModifiedDateTime": odata.timestamp_or_year_one(item.created),
        "createdDateTime": odata.timestamp_or_year_one(item.created),
        "lastContactedDateTime": odata.timestamp_or_year_one(item.last_contacted),
        "description": item.description,
        "enrollmentState": item.enrollment_state,
        "platform": item.platform,
    }


def _policy(item: intake_records.ConfigurationPolicy) -> Row:
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
        "settingCount": len(item.settings),
        "creationSource": None,
        "roleScopeTagIds": ["0"],
        "isAssigned": True,
        "priorityMetaData": None,
        "templateReference": reference,
    }


def _settings(item: intake_records.ConfigurationPolicy) -> list[Row]:
    rows = []
    for at, (definition, value) in enumerate(item.settings.items()):
        chosen: Row = {"settingValueTemplateReference": None, "value": value, "children": []}
        instance = {
            "@odata.type": "#microsoft.graph.deviceManagementConfigurationChoiceSettingInstance",
            "settingDefinitionId": definition,
            "settingInstanceTemplateReference": None,
            "choiceSettingValue": chosen,
        }
        rows.append({"id": str(at), "settingInstance": instance})
    return rows


def _vpp_token(tenant: tenants.Tenant, item: device_records.VppToken, *, beta: bool) -> Row:
    expired = item.expires is not None and item.expires <= tenant.now()
    row: Row = {
        "id": item.id,
        "organizationName": item.organisation,
        "vppTokenAccountType": "business",
        "appleId": item.apple_id,
        "expirationDateTime": odata.timestamp_or_year_one(item.expires),
        "lastSyncDateTime": odata.timestamp_or_year_one(item.last_synced),
        "token": None,
        "lastModifiedDateTime": odata.timestamp_or_year_one(item.last_synced),
        "state": "expired" if expired else item.state,
        "lastSyncStatus": "completed",
        "automaticallyUpdateApps": True,
        "countryOrRegion": tenant.directory.organisation.country_code,
    }
    if beta:
        row |= {
            "displayName": item.organisation,
            "locationName": item.organisation,
            "dataSharingConsentGranted": True,
            "claimTokenManagementFromExternalMdm": False,
            "tokenActionResults": [],
            "roleScopeTagIds": ["0"],
        }
    return row


def enrolment_assignments(item: device_records.EnrolmentConfiguration, *, beta: bool) -> list[Row]:
    """Whom a configuration is assigned to: groups, or everybody where it is a default."""
    targets = [(group_id, device_shapes.group_target(group_id, beta=beta)) for group_id in item.group_ids]
    if item.priority == 0:
        everybody: Row = {"@odata.type": "#microsoft.graph.allLicensedUsersAssignmentTarget"}
        targets = [("acacacac-9df4-4c7d-9d50-4ef0226f57a9", everybody | (device_shapes.NO_FILTER if beta else {}))]
    further = {"source": "direct", "sourceId": item.id} if beta else {}
    return [{"id": f"{item.id}_{suffix}", "target": target, **further} for suffix, target in targets]
