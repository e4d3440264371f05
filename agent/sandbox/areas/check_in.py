"""A PC under management asks Intune what has changed: which policies reach it now."""

from __future__ import annotations

from agent.sandbox import device_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import autopilot, entra_devices, mdm, registration, windows_enrolment


def of_pc(tenant: tenants.Tenant, device_id: str) -> mdm.Enrolled:
    """A PC that joined earlier asks for its policies; its certificate is taken for granted.

    Raises `DeviceRefused` 80180026 when Intune does not know it.
    """
    for managed in tenant.devices.managed.values():
        if device_id and managed.entra_device_id == device_id:
            managed.last_sync = tenant.now()
            orders = windows_enrolment.orders_for(tenant, managed.serial, None)
            orders["web_sign_in"] = orders["web_sign_in"] and _device_policies_reach(tenant, managed)
            return mdm.Enrolled(managed, mdm.token_for(tenant, managed), orders)
    raise registration.DeviceRefused("80180026", "Intune does not know this PC.")


def _device_policies_reach(tenant: tenants.Tenant, managed: device_records.ManagedDevice) -> bool:
    """A PC that Autopilot does not know gets them through the device group of a preparation policy only."""
    if autopilot.by_serial(tenant, managed.serial):
        return True
    device = entra_devices.find_by_device_id(tenant, managed.entra_device_id)
    policies = tenant.devices.preparation_policies.values()
    groups = [tenant.directory.groups[policy.device_group_id] for policy in policies]
    return device is not None and any(device.id in group.member_ids for group in groups)
