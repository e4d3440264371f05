"""How Autopilot's records look on the wire (learn.microsoft.com/graph/api/resources/intune-enrollment-...)."""

from __future__ import annotations

from typing import Any

from agent.sandbox import device_records
from agent.sandbox.wire import device_shapes, odata

_V1_STATES = frozenset({"unknown", "enrolled", "pendingReset", "failed", "notContacted"})


def autopilot_device(found: device_records.AutopilotIdentity, *, beta: bool) -> dict[str, Any]:
    """A registered device; beta has ten properties more, which v1.0 leaves out altogether."""
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


def autopilot_profile(held: device_records.AutopilotProfile) -> dict[str, Any]:
    """A deployment profile, in both generations of its properties."""
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


def autopilot_event(held: device_records.AutopilotEvent) -> dict[str, Any]:
    """One deployment of the report."""
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
