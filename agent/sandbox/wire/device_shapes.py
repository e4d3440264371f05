"""Shapes that several device handlers share: the zero id, the lay-over of further properties, people as owners."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Any

from agent.sandbox import device_records
from agent.sandbox.wire import exchange, odata

NO_ID = "00000000-0000-0000-0000-000000000000"
"""What Intune shows where it knows no id yet."""

NO_FILTER = {"deviceAndAppManagementAssignmentFilterId": None, "deviceAndAppManagementAssignmentFilterType": "none"}
"""An assignment's target that no filter narrows (beta)."""

_MDM_APP = "0000000a-0000-0000-c000-000000000000"


def laid_over(row: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    """`row` with the values of `properties`, but only for names the row has: what a version lacks stays out."""
    return {**row, **{name: value for name, value in properties.items() if name in row}}


def count(found: Sized) -> exchange.GraphResponse:
    """200 with the bare number as text, for a `$count` segment."""
    return exchange.GraphResponse(len(found), headers={"Content-Type": "text/plain"})


def group_target(group_id: str, *, beta: bool = True) -> dict[str, Any]:
    """A group as the target of an assignment."""
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group_id}
    return {**target, **(NO_FILTER if beta else {})}


BETA_ONLY = (
    *("alternativeNames", "domainName", "extensionAttributes", "hostnames"),
    *("kind", "name", "platform", "status"),
)
"""Properties of a device object that v1.0 doesn't show."""


def entra_device(device: device_records.EntraDevice, *, beta: bool = False) -> dict[str, Any]:
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
        "onPremisesSecurityIdentifier": None,
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
    if beta:
        row |= {
            "alternativeNames": [],
            "domainName": None,
            "extensionAttributes": {f"extensionAttribute{number}": None for number in range(1, 16)},
            "hostnames": [],
            **dict.fromkeys(("kind", "name", "platform", "status")),
        }
    return laid_over(row, device.properties)
