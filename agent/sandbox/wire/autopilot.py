"""Handlers for Windows Autopilot: registered devices (v1.0 thin, beta full), profiles and deployment events (beta)."""

from __future__ import annotations

from typing import Any

from agent.sandbox import device_records, errors
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import autopilot
from agent.sandbox.wire import device_shapes, exchange, filters, odata

_IDENTITIES = "deviceManagement/windowsAutopilotDeviceIdentities"
_PROFILES = "deviceManagement/windowsAutopilotDeploymentProfiles"
_EVENTS = "deviceManagement/autopilotEvents"
_NAVIGATIONS = {
    "deploymentprofile": ("deploymentProfile", "profile_id"),
    "intendeddeploymentprofile": ("intendedDeploymentProfile", "intended_profile_id"),
}
_V1_STATES = frozenset({"unknown", "enrolled", "pendingReset", "failed", "notContacted"})


def identities(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """The registered devices, 1,000 to a page.

    Only `contains(serialNumber,'...')` filters; other filters are 400 and `$select` is 500, as seen in
    microsoftgraph/microsoft-graph-docs-contrib issues 3693 and 2756.
    """
    if "$select" in request.query:
        raise errors.GraphError(500, "InternalServerError", "An internal server error has occurred", flavour="intune")
    rows = [_identity(identity, beta=request.beta) for identity in _filtered(tenant, request)]
    return odata.collection(tenant, request, _IDENTITIES, rows, sizes=(1000, 1000))


def identity(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One registered device; beta expands `deploymentProfile` and `intendedDeploymentProfile`."""
    found = autopilot.get(tenant, request.path_values["id"])
    row = odata.narrow(_identity(found, beta=request.beta), odata.selected(request))
    for name in odata.expanded(request):
        row.update(_expanded(tenant, request, found, name))
    return odata.entity(tenant, request, f"{_IDENTITIES}/$entity", row)


def profiles(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """The deployment profiles; `@odata.type` tells Entra join from hybrid join."""
    shapes = [_profile(profile) for profile in tenant.devices.autopilot_profiles.values()]
    rows = [odata.narrow(row, odata.selected(request)) for row in shapes]
    return odata.collection(tenant, request, _PROFILES, rows, sizes=(1000, 1000))


def profile(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One deployment profile."""
    row = _profile(autopilot.get_profile(tenant, request.path_values["id"]))
    return odata.entity(tenant, request, f"{_PROFILES}/$entity", odata.narrow(row, odata.selected(request)))


def assigned_profile(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """The profile that a registered device has."""
    found = autopilot.get(tenant, request.path_values["id"])
    row = _profile(autopilot.get_profile(tenant, found.profile_id or ""))
    return odata.entity(tenant, request, f"{_PROFILES}/$entity", row)


def intended_profile(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """The profile that a registered device should have."""
    found = autopilot.get(tenant, request.path_values["id"])
    row = _profile(autopilot.get_profile(tenant, found.intended_profile_id or ""))
    return odata.entity(tenant, request, f"{_PROFILES}/$entity", row)


def events(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Deployments of the last 30 days, 50 to a page; `$filter` and `$orderby` are taken and not obeyed.

    learn.microsoft.com/autopilot/known-issues says so of sorting; collectors in the field say so of filters.
    """
    rows = [_event(event) for event in autopilot.recent_events(tenant)]
    return odata.collection(tenant, request, _EVENTS, rows, sizes=(50, 50))


def event(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One deployment."""
    row = _event(autopilot.get_event(tenant, request.path_values["id"]))
    return odata.entity(tenant, request, f"{_EVENTS}/$entity", row)


def _filtered(tenant: tenants.Tenant, request: exchange.GraphRequest) -> list[device_records.AutopilotIdentity]:
    text = request.query.get("$filter")
    if text is None:
        return list(tenant.devices.autopilot.values())
    condition = odata.parsed_filter(text)
    if isinstance(condition, filters.Call) and (condition.function, condition.path.lower()) == (
        "contains",
        "serialnumber",
    ):
        return autopilot.containing(tenant, condition.value)
    raise autopilot.filter_refused()


def _expanded(
    tenant: tenants.Tenant, request: exchange.GraphRequest, found: device_records.AutopilotIdentity, name: str
) -> dict[str, Any]:
    if not request.beta or name not in _NAVIGATIONS:
        raise odata.bad_request(
            f"Parsing OData Select and Expand failed: Could not find a property named '{name}' on type "
            "'microsoft.graph.windowsAutopilotDeviceIdentity'."
        )
    shown, attribute = _NAVIGATIONS[name]
    held = tenant.devices.autopilot_profiles.get(getattr(found, attribute) or "")
    return {shown: _profile(held) if held else None}


def _identity(found: device_records.AutopilotIdentity, *, beta: bool) -> dict[str, Any]:
    state = found.enrollment_state
    row = {
        "id": found.id,
        "groupTag": found.group_tag,
        "purchaseOrderIdentifier": found.purchase_order,
        "serialNumber": found.serial,
        "productKey": "",
        "manufacturer": found.manufacturer,
        "model": found.model,
        "enrollmentState": state if beta or state in _V1_STATES else "unknown",
        "lastContactedDateTime": odata.timestamp_or_year_one(found.last_contacted),
        "addressableUserName": found.addressable_user_name,
        "userPrincipalName": found.user_principal_name,
        "resourceName": "",
        "skuNumber": "",
        "systemFamily": "",
        "azureActiveDirectoryDeviceId": found.entra_device_id or device_shapes.NO_ID,
        "managedDeviceId": found.managed_device_id or device_shapes.NO_ID,
        "displayName": found.display_name,
    }
    if beta:
        row |= _beta_part(found)
    return device_shapes.laid_over(row, found.properties)


def _beta_part(found: device_records.AutopilotIdentity) -> dict[str, Any]:
    return {
        "deploymentProfileAssignmentStatus": found.assignment_status,
        "deploymentProfileAssignmentDetailedStatus": "none",
        "deploymentProfileAssignedDateTime": odata.timestamp_or_year_one(found.assigned_at),
        "azureAdDeviceId": found.entra_device_id or device_shapes.NO_ID,
        "deviceAccountUpn": "",
        "deviceAccountPassword": "",
        "deviceFriendlyName": "",
        "remediationState": "noRemediationRequired",
        "remediationStateLastModifiedDateTime": odata.YEAR_ONE,
        "userlessEnrollmentStatus": "unknown",
    }


def _profile(held: device_records.AutopilotProfile) -> dict[str, Any]:
    row = {
        "@odata.type": f"#microsoft.graph.{held.kind}WindowsAutopilotDeploymentProfile",
        "id": held.id,
        "displayName": held.name,
        "description": held.description,
        "language": held.language,
        "locale": held.language,
        "createdDateTime": odata.timestamp_or_year_one(held.created),
        "lastModifiedDateTime": odata.timestamp_or_year_one(held.modified),
        "enableWhiteGlove": False,
        "preprovisioningAllowed": False,
        "extractHardwareHash": True,
        "hardwareHashExtractionEnabled": True,
        "deviceNameTemplate": held.device_name_template,
        "deviceType": "windowsPc",
        "managementServiceAppId": None,
        "enrollmentStatusScreenSettings": None,
        "roleScopeTagIds": ["0"],
        "outOfBoxExperienceSettings": _first_run(held, old=True),
        "outOfBoxExperienceSetting": _first_run(held, old=False),
    }
    if held.kind == "activeDirectory":
        row["hybridAzureADJoinSkipConnectivityCheck"] = False
    return device_shapes.laid_over(row, held.properties)


def _first_run(held: device_records.AutopilotProfile, *, old: bool) -> dict[str, Any]:
    """Two generations of one setting stand beside each other in beta."""
    shared = {"userType": "standard", "deviceUsageType": held.device_usage}
    if old:
        hidden = ("hidePrivacySettings", "hideEULA", "skipKeyboardSelectionPage", "hideEscapeLink")
    else:
        hidden = ("privacySettingsHidden", "eulaHidden", "keyboardSelectionPageSkipped", "escapeLinkHidden")
    return {**dict.fromkeys(hidden, True), **shared}


def _event(held: device_records.AutopilotEvent) -> dict[str, Any]:
    return {
        "id": held.id,
        "deviceId": held.device_id,
        "userId": held.user_id,
        "eventDateTime": odata.timestamp(held.event_time),
        "deviceRegisteredDateTime": odata.timestamp_or_year_one(held.registered),
        "enrollmentStartDateTime": odata.timestamp_or_year_one(held.enrolment_start),
        "enrollmentType": held.enrollment_type,
        "deviceSerialNumber": held.serial,
        "managedDeviceName": held.managed_device_name,
        "userPrincipalName": held.user_principal_name,
        "windowsAutopilotDeploymentProfileDisplayName": held.profile_name,
        "enrollmentState": held.enrollment_state,
        "windows10EnrollmentCompletionPageConfigurationDisplayName": held.status_page_name,
        "windows10EnrollmentCompletionPageConfigurationId": held.status_page_id,
        "deploymentState": held.deployment_state,
        "deviceSetupStatus": held.device_setup_status,
        "accountSetupStatus": held.account_setup_status,
        "osVersion": held.os_version,
        "deploymentDuration": odata.duration(held.deployment_duration),
        "deploymentTotalDuration": odata.duration(held.total_duration),
        "deviceSetupDuration": odata.duration(held.device_setup_duration),
        "accountSetupDuration": odata.duration(held.account_setup_duration),
        "deploymentStartDateTime": odata.timestamp_or_year_one(held.deployment_start),
        "deploymentEndDateTime": odata.timestamp_or_year_one(held.deployment_end),
        "enrollmentFailureDetails": held.failure or None,
    }
