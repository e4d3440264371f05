"""Shapes that several device handlers share: the zero id, the lay-over of further properties, people as owners."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.sandbox import device_records, records
from agent.sandbox.wire import odata

NO_ID = "00000000-0000-0000-0000-000000000000"
"""What Intune shows where it knows no id yet."""

_MDM_APP = "0000000a-0000-0000-c000-000000000000"


def laid_over(row: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    """`row` with the values of `properties`, but only for names the row has: what a version lacks stays out."""
    return {**row, **{name: value for name, value in properties.items() if name in row}}


def entra_device(device: device_records.EntraDevice) -> dict[str, Any]:
    """A device object of the directory (learn.microsoft.com/graph/api/resources/device)."""
    row: dict[str, Any] = {
        "id": device.id,
        "deletedDateTime": None,
        "accountEnabled": device.enabled,
        "approximateLastSignInDateTime": odata.maybe_timestamp(device.last_sign_in),
        "complianceExpirationDateTime": None,
        "deviceCategory": None,
        "deviceId": device.device_id,
        "deviceMetadata": None,
        "deviceOwnership": "Company" if device.is_managed else None,
        "deviceVersion": 2,
        "displayName": device.display_name,
        "enrollmentProfileName": device.enrollment_profile_name,
        "enrollmentType": None,
        "isCompliant": device.is_compliant,
        "isManaged": device.is_managed,
        "isManagementRestricted": None,
        "isRooted": None,
        "managementType": "MDM" if device.is_managed else None,
        "manufacturer": device.manufacturer,
        "mdmAppId": _MDM_APP if device.is_managed else None,
        "model": device.model,
        "onPremisesLastSyncDateTime": None,
        "onPremisesSyncEnabled": True if device.trust_type == "ServerAd" else None,
        "operatingSystem": device.operating_system,
        "operatingSystemVersion": device.os_version,
        "physicalIds": list(device.physical_ids),
        "profileType": "RegisteredDevice",
        "registrationDateTime": odata.maybe_timestamp(device.registered),
        "systemLabels": [],
        "trustType": device.trust_type,
        "alternativeSecurityIds": [],
    }
    return laid_over(row, device.properties)


def owner(user: records.User) -> dict[str, Any]:
    """A person as a directory object among a device's owners, with the default properties of a user."""
    return {
        "@odata.type": "#microsoft.graph.user",
        "id": user.id,
        "businessPhones": list(user.business_phones),
        "displayName": user.display_name,
        "givenName": user.given_name,
        "jobTitle": user.job_title,
        "mail": user.mail,
        "mobilePhone": user.mobile_phone,
        "officeLocation": user.office,
        "preferredLanguage": user.preferred_language,
        "surname": user.surname,
        "userPrincipalName": user.upn,
    }
