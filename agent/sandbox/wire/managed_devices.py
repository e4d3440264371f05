"""Handlers for devices under Intune's management: the list with its odd filters, one device, a person's devices."""

from __future__ import annotations

from typing import Any

from agent.sandbox import device_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import intune, managed_devices, people
from agent.sandbox.wire import device_shapes, directory_shapes, exchange, filters, odata

_CONTEXT = "deviceManagement/managedDevices"
_FILTERS: dict[str, frozenset[str]] = {
    "serialnumber": frozenset({"eq"}),
    "userprincipalname": frozenset({"eq", "ne"}),
    "azureaddeviceid": frozenset({"eq"}),
    "devicename": frozenset({"eq", "contains"}),
    "emailaddress": frozenset({"contains"}),
    "model": frozenset({"eq", "contains"}),
    "osversion": frozenset({"contains"}),
    "phonenumber": frozenset({"contains"}),
    "enrolleddatetime": frozenset({"lt", "gt"}),
    "lastsyncdatetime": frozenset({"lt", "gt"}),
    "compliancegraceperiodexpirationdatetime": frozenset({"lt", "gt"}),
    **{
        name: frozenset({"eq"})
        for name in (
            "manufacturer",
            "operatingsystem",
            "imei",
            "compliancestate",
            "managementstate",
            "managementagent",
            "jailbroken",
            "exchangeaccessstate",
            "devicecategorydisplayname",
        )
    },
}
"""What the list can be filtered by (annotations of microsoftgraph/msgraph-metadata, v1.0, 2026-08)."""

_ON_REQUEST = {
    "activationLockBypassCode": None,
    "ethernetMacAddress": None,
    "iccid": None,
    "udid": None,
    "notes": None,
    "physicalMemoryInBytes": 0,
    "remoteAssistanceSessionUrl": None,
    "hardwareInformation": None,
}
"""Empty in lists; real only in a GET by id that names them in `$select`."""


def devices(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Managed devices, 1,000 to a page; a filter outside the documented ones is ignored and everything comes back."""
    return _listed(tenant, request, list(tenant.devices.managed.values()))


def count(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """How many managed devices a filter finds; an undocumented one counts everything."""
    rows = [_row(item, beta=request.beta) for item in tenant.devices.managed.values()]
    condition = _obeyed(request)
    return device_shapes.count([row for row in rows if condition is None or condition.holds(row)])


def of_user(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """The devices whose primary user this person is."""
    user = people.find(tenant, request.path_values["id"])
    return _listed(tenant, request, managed_devices.of_user(tenant, user.id))


def device(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One managed device, also below the person whose it is."""
    found = managed_devices.get(tenant, request.path_values.get("managed_id") or request.path_values["id"])
    if "managed_id" in request.path_values and found.user_id != people.find(tenant, request.path_values["id"]).id:
        raise intune.missing(f"Device {found.id} not found")
    names = odata.selected(request)
    row = _row(found, beta=request.beta)
    for name in row:
        if name in _ON_REQUEST and name.lower() not in {asked.lower() for asked in names}:
            row[name] = _ON_REQUEST[name]
    return odata.entity(tenant, request, f"{_CONTEXT}/$entity", odata.narrow(row, names))


def users(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """The primary user of a managed device, or nobody."""
    found = managed_devices.get(tenant, request.path_values["id"])
    user = tenant.directory.users.get(found.user_id)
    rows = [directory_shapes.user_row(tenant, user)] if user else []
    shown = [odata.narrow(row, odata.selected(request) or directory_shapes.USER_DEFAULTS) for row in rows]
    return odata.collection(tenant, request, "users", shown)


def _listed(
    tenant: tenants.Tenant, request: exchange.GraphRequest, found: list[device_records.ManagedDevice]
) -> exchange.GraphResponse:
    rows = [_row(item, beta=request.beta) for item in found]
    condition = _obeyed(request)
    kept = [row for row in rows if condition is None or condition.holds(row)]
    shown = [odata.narrow(device_shapes.laid_over(row, _ON_REQUEST), odata.selected(request)) for row in kept]
    return odata.collection(tenant, request, _CONTEXT, shown, sizes=(1000, 1000))


def _obeyed(request: exchange.GraphRequest) -> filters.Condition | None:
    text = request.query.get("$filter")
    if text is None:
        return None
    condition = odata.parsed_filter(text)
    asked = filters.comparisons(condition)
    documented = all(operator in _FILTERS.get(path.lower(), ()) for path, operator in asked)
    return condition if documented and not _names_nobody(condition) else None


def _names_nobody(condition: filters.Condition) -> bool:
    """`userPrincipalName eq ''` returns every device (microsoftgraph/microsoft-graph-docs-contrib issue 1391)."""
    return (
        isinstance(condition, filters.Comparison)
        and condition.path.lower() == "userprincipalname"
        and condition.value == ""
    )


def _row(device: device_records.ManagedDevice, *, beta: bool) -> dict[str, Any]:
    row = _identity_part(device) | _state_part(device) | _constant_part()
    if beta:
        row |= _beta_part(device)
    return device_shapes.laid_over(row, device.properties)


def _identity_part(device: device_records.ManagedDevice) -> dict[str, Any]:
    return {
        "id": device.id,
        "userId": device.user_id or None,
        "deviceName": device.device_name,
        "managedDeviceName": f"{device.device_name}_{device.operating_system}",
        "managedDeviceOwnerType": device.owner_type,
        "operatingSystem": device.operating_system,
        "osVersion": device.os_version,
        "emailAddress": device.email,
        "azureADDeviceId": device.entra_device_id or device_shapes.NO_ID,
        "userPrincipalName": device.user_principal_name,
        "userDisplayName": device.user_display_name,
        "model": device.model,
        "manufacturer": device.manufacturer,
        "serialNumber": device.serial,
        "enrollmentProfileName": device.enrollment_profile_name or None,
    }


def _state_part(device: device_records.ManagedDevice) -> dict[str, Any]:
    return {
        "enrolledDateTime": odata.timestamp_or_year_one(device.enrolled),
        "lastSyncDateTime": odata.timestamp_or_year_one(device.last_sync),
        "complianceState": device.compliance_state,
        "managementState": device.management_state,
        "deviceEnrollmentType": device.enrollment_type,
        "deviceRegistrationState": device.registration_state,
        "azureADRegistered": device.entra_registered,
        "isSupervised": device.supervised,
        "isEncrypted": device.encrypted,
    }


def _constant_part() -> dict[str, Any]:
    texts = ("imei", "meid", "phoneNumber", "wiFiMacAddress", "subscriberCarrier", "easDeviceId")
    further = ("ethernetMacAddress", "notes", "iccid", "udid", "activationLockBypassCode", "remoteAssistanceSessionUrl")
    return {
        **dict.fromkeys(texts, ""),
        **dict.fromkeys(further),
        "jailBroken": "Unknown",
        "managementAgent": "mdm",
        "easActivated": False,
        "easActivationDateTime": odata.YEAR_ONE,
        "exchangeAccessState": "none",
        "exchangeAccessStateReason": "none",
        "exchangeLastSuccessfulSyncDateTime": odata.YEAR_ONE,
        "complianceGracePeriodExpirationDateTime": "9999-12-31T23:59:59.9999999Z",
        "managementCertificateExpirationDate": odata.YEAR_ONE,
        "partnerReportedThreatState": "unknown",
        "requireUserEnrollmentApproval": None,
        "remoteAssistanceSessionErrorDetails": "",
        "deviceCategoryDisplayName": "Unknown",
        "androidSecurityPatchLevel": "",
        "totalStorageSpaceInBytes": 0,
        "freeStorageSpaceInBytes": 0,
        "physicalMemoryInBytes": 0,
        "deviceActionResults": [],
        "configurationManagerClientEnabledFeatures": None,
        "deviceHealthAttestationState": None,
    }


def _hardware(device: device_records.ManagedDevice) -> dict[str, Any] | None:
    """What a PC says of its hardware (beta hardwareInformation), as far as anybody asks for it."""
    if device.operating_system != "Windows":
        return None
    return {
        "serialNumber": device.serial,
        "manufacturer": device.manufacturer,
        "model": device.model,
        "tpmSpecificationVersion": device.tpm_version or None,
        "operatingSystemEdition": device.edition or None,
    }


def _beta_part(device: device_records.ManagedDevice) -> dict[str, Any]:
    return {
        "autopilotEnrolled": device.autopilot_enrolled,
        "joinType": device.join_type,
        "enrolledByUserPrincipalName": device.enrolled_by or None,
        "usersLoggedOn": [],
        "skuFamily": device.edition,
        "skuNumber": 0,
        "chassisType": "unknown",
        "deviceType": "desktop" if device.operating_system == "Windows" else "unknown",
        "processorArchitecture": "unknown",
        "lostModeState": "disabled",
        "bootstrapTokenEscrowed": False,
        "hardwareInformation": _hardware(device),
        "ownerType": device.owner_type,
        "roleScopeTagIds": ["0"],
        "securityPatchLevel": None,
        "azureActiveDirectoryDeviceId": device.entra_device_id or device_shapes.NO_ID,
        "aadRegistered": device.entra_registered,
        "chromeOSDeviceInfo": [],
        "cloudPcRemoteActionResults": [],
        "configurationManagerClientHealthState": None,
        "configurationManagerClientInformation": None,
        "deviceFirmwareConfigurationInterfaceManaged": False,
        "deviceHealthScriptStates": [],
        "managementFeatures": "none",
        "preferMdmOverGroupPolicyAppliedDateTime": odata.YEAR_ONE,
        "retireAfterDateTime": odata.YEAR_ONE,
        "specificationVersion": "",
        "windowsActiveMalwareCount": 0,
        "windowsRemediatedMalwareCount": 0,
    }
