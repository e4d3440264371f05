"""What the readers of a seed's devices share: names, serial numbers, boxes, and devices that somebody has already."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.sandbox import device_records, records
from agent.sandbox import tenant as tenants
from agent.sandbox.seed_reading import Entry

_SERIAL = re.compile(r"[A-Za-z0-9]{4,20}$")
_COMPLIANCE = frozenset({"unknown", "compliant", "noncompliant", "inGracePeriod"})


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What the seed says of a device that somebody has already."""

    user: records.User
    entry: Entry
    serial: str
    model: str
    maker: str


def managed(tenant: tenants.Tenant, enrolled: Enrolled, *, system: str, version: str) -> device_records.ManagedDevice:
    """The row of a device that somebody has, read from `person`'s entry; raises SeedError."""
    user, entry = enrolled.user, enrolled.entry
    row = device_records.ManagedDevice(
        id=tenant.new_id(),
        serial=enrolled.serial,
        device_name=entry.text("name"),
        operating_system=system,
        os_version=version,
        manufacturer=enrolled.maker,
        model=enrolled.model,
        user_id=user.id,
        user_principal_name=user.upn,
        user_display_name=user.display_name,
        email=user.mail or "",
        enrolled_by=user.upn,
        enrolled=entry.moment("at", "100 days ago"),
        last_sync=entry.moment("synced", "2 hours ago"),
        compliance_state=entry.one_of("compliance", _COMPLIANCE, "compliant"),
        registration_state="registered",
        entra_registered=True,
    )
    entry.done()
    tenant.devices.managed[row.id] = row
    return row


def in_use(device: device_records.EntraDevice, managed: device_records.ManagedDevice) -> None:
    """Make the directory's object say what its managed row says."""
    device.display_name = managed.device_name
    device.operating_system, device.os_version = managed.operating_system, managed.os_version
    device.manufacturer, device.model = managed.manufacturer, managed.model
    device.registered, device.last_sign_in = managed.enrolled, managed.last_sync
    device.owner_ids = [managed.user_id]
    device.is_managed, device.is_compliant = True, managed.compliance_state == "compliant"
    device.enrollment_profile_name = managed.enrollment_profile_name


def box(tenant: tenants.Tenant, boxed: device_records.BoxedDevice, entry: Entry) -> None:
    """Put the hardware of a virtual device down, with the hints of its entry."""
    boxed.options = entry.values("box")
    tenant.devices.boxed[boxed.serial.upper()] = boxed


def serial(entry: Entry) -> str:
    """The serial number of an entry; raises SeedError."""
    found = entry.text("serial")
    if not _SERIAL.match(found):
        raise entry.wrong("serial", f"'{found}' must be 4 to 20 letters and digits.")
    return found


def known(keys: dict[str, str], entry: Entry, key: str, name: str) -> str:
    """The id behind a name of the seed; raises SeedError."""
    if name not in keys:
        raise entry.wrong(key, f"nothing in this seed is called '{name.removeprefix('profile:')}'.")
    return keys[name]
