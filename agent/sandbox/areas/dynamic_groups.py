"""Groups of devices that a rule fills: by group tag, or everything Autopilot knows.

Rules are read as far as Autopilot's own pages write them (learn.microsoft.com/autopilot/enrollment-autopilot): terms on
`device.devicePhysicalIds` with -eq or -startsWith, joined by "or".
"""

from __future__ import annotations

import re

from agent.sandbox import device_records, records
from agent.sandbox import tenant as tenants

_TERM = re.compile(r'device\.devicePhysicalIds\s+-any\s+\(?\s*_\s+-(eq|startsWith)\s+"([^"]+)"', re.IGNORECASE)


def place(tenant: tenants.Tenant, device: device_records.EntraDevice) -> None:
    """Put a device into the groups whose rules it fulfils, and take it out of the others."""
    for group in tenant.directory.groups.values():
        if _is_ruled(group):
            _settle(group, device)


def fill(tenant: tenants.Tenant, group: records.Group) -> None:
    """Put every device into a new group that its rule lets in."""
    for device in tenant.devices.entra.values():
        _settle(group, device)


def _is_ruled(group: records.Group) -> bool:
    return "DynamicMembership" in group.properties.get("groupTypes", ()) and bool(_terms(group))


def _terms(group: records.Group) -> list[tuple[str, str]]:
    return [
        (operator.lower(), text) for operator, text in _TERM.findall(str(group.properties.get("membershipRule", "")))
    ]


def _settle(group: records.Group, device: device_records.EntraDevice) -> None:
    fits = any(
        known == text if operator == "eq" else known.startswith(text)
        for operator, text in _terms(group)
        for known in device.physical_ids
    )
    if fits and device.id not in group.member_ids:
        group.member_ids.append(device.id)
    elif not fits and device.id in group.member_ids:
        group.member_ids.remove(device.id)
