"""Devices under Intune's management. One serial number may have several rows: an old enrolment leaves one behind."""

from __future__ import annotations

from agent.sandbox import device_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import intune


def get(tenant: tenants.Tenant, managed_id: str) -> device_records.ManagedDevice:
    """The managed device with this id; raises GraphError 404 in Intune's envelope."""
    device = tenant.devices.managed.get(managed_id.lower())
    if device is None:
        raise intune.missing(f"Device {managed_id} not found")
    return device


def by_serial(tenant: tenants.Tenant, serial: str) -> list[device_records.ManagedDevice]:
    """Every row of exactly this serial, the newest enrolment first; letter case and blanks around don't count."""
    wanted = serial.strip().lower()
    rows = [row for row in tenant.devices.managed.values() if row.serial.lower() == wanted]
    return sorted(rows, key=lambda row: (row.enrolled is not None, row.enrolled), reverse=True)


def of_user(tenant: tenants.Tenant, user_id: str) -> list[device_records.ManagedDevice]:
    """The devices whose primary user this person is."""
    return [device for device in tenant.devices.managed.values() if device.user_id == user_id]
