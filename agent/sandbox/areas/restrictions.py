"""What the enrolment restrictions in force say about a device that asks to be managed.

A device of the organisation (known to Autopilot, to Apple's programme, or by a corporate identifier) is not personal;
identifiers only count at enrolment (learn.microsoft.com/mem/intune/enrollment, enrolment restrictions).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from agent.sandbox import intake_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import apple, autopilot, enrolment, registration

_PLATFORM_TYPES = {"windowsRestriction": "windows", "iosRestriction": "ios", "macOSRestriction": "mac"}
_SIGNS = re.compile(r"[^A-Z0-9]")


def refusal(
    tenant: tenants.Tenant, platform: str, hardware: registration.Hardware, *, groups: Collection[str]
) -> str | None:
    """Why a device may not enrol for a member of `groups`, None where it may; `platform` is windowsRestriction, ..."""
    rule = rule_for(tenant, platform, groups)
    if rule.get("platformBlocked"):
        return "Enrolment of this platform is blocked."
    if rule.get("personalDeviceEnrollmentBlocked") and not corporate(tenant, hardware):
        return "Enrolment of personal devices is blocked."
    version = _numbers(hardware.os_version)
    least, most = str(rule.get("osMinimumVersion") or ""), str(rule.get("osMaximumVersion") or "")
    if (least and version < _numbers(least)) or (most and version > _numbers(most)):
        return "Enrolment of this version of the operating system is blocked."
    return None


def rule_for(tenant: tenants.Tenant, platform: str, groups: Collection[str]) -> Mapping[str, Any]:
    """The restriction of a platform: the one of its own, ranked first, else its part of that of all platforms."""
    wanted = _PLATFORM_TYPES.get(platform)
    for item in enrolment.by_rank(tenant, enrolment.PLATFORM_RESTRICTION, groups):
        if item.properties.get("platformType") == wanted:
            rule: Mapping[str, Any] = item.properties.get("platformRestriction") or {}
            return rule
    general = enrolment.in_force(tenant, enrolment.PLATFORM_RESTRICTIONS, groups)
    found: Mapping[str, Any] = (general.properties.get(platform) if general else None) or {}
    return found


def corporate(tenant: tenants.Tenant, hardware: registration.Hardware) -> bool:
    """Whether the device is known as the organisation's before it enrols."""
    if autopilot.by_serial(tenant, hardware.serial) or apple.find_device(tenant, hardware.serial):
        return True
    own = {"serialNumber": hardware.serial.strip().upper(), "manufacturerModelSerial": _three_parts(hardware)}
    known = tenant.devices.corporate_identifiers.values()
    return any(item.identifier.upper() == own.get(item.kind) for item in known)


def normalised(kind: str, identifier: str) -> str:
    """An identifier as Intune keeps it: of manufacturer, model and serial only letters and digits, in upper case."""
    if kind != "manufacturerModelSerial":
        return identifier.strip()
    return ",".join(_SIGNS.sub("", part.upper()) for part in identifier.split(","))


def _three_parts(hardware: registration.Hardware) -> str:
    whole = f"{hardware.manufacturer},{hardware.model},{hardware.serial}"
    return normalised("manufacturerModelSerial", whole)


def find_identifier(tenant: tenants.Tenant, identifier_id: str) -> intake_records.CorporateIdentifier | None:
    """The corporate identifier with this id, or None."""
    return tenant.devices.corporate_identifiers.get(identifier_id.lower())


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))
