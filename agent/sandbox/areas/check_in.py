"""A PC under management asks Intune what has changed: which policies reach it now."""

from __future__ import annotations

from agent.sandbox import tenant as tenants
from agent.sandbox.areas import device_policies, entra_devices, mdm, registration, windows_enrolment


def of_pc(tenant: tenants.Tenant, device_id: str) -> mdm.Enrolled:
    """A PC that joined earlier asks for its policies; its certificate is taken for granted.

    Raises `DeviceRefused` 80180026 when Intune does not know it.
    """
    for managed in tenant.devices.managed.values():
        if device_id and managed.entra_device_id == device_id:
            managed.last_sync = tenant.now()
            device = entra_devices.find_by_device_id(tenant, device_id)
            target = device_policies.whom(tenant, managed.user_id, device)
            orders = windows_enrolment.orders_for(tenant, managed, target) | {"quality_updates": False}
            return mdm.Enrolled(managed, mdm.token_for(tenant, managed), orders)
    raise registration.DeviceRefused("80180026", "Intune does not know this PC.")
