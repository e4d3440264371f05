"""Device objects of the directory: finding them, and making the one that an Autopilot registration comes with.

Joining and registering a device belong to the people's side; reads by Graph and look-ups by other areas start here.
"""

from __future__ import annotations

from agent.sandbox import device_records, errors
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import dynamic_groups


def get(tenant: tenants.Tenant, object_id: str) -> device_records.EntraDevice:
    """The device with this object id; raises GraphError 404 as the directory does."""
    device = tenant.devices.entra.get(object_id.lower())
    if device is None:
        raise _missing(object_id)
    return device


def get_by_device_id(tenant: tenants.Tenant, device_id: str) -> device_records.EntraDevice:
    """The device with this `deviceId` (the alternate key); raises GraphError 404."""
    device = find_by_device_id(tenant, device_id)
    if device is None:
        raise _missing(device_id)
    return device


def find_by_device_id(tenant: tenants.Tenant, device_id: str | None) -> device_records.EntraDevice | None:
    """The device with this `deviceId`, or None."""
    wanted = (device_id or "").lower()
    devices = tenant.devices.entra.values()
    return next((device for device in devices if device.device_id.lower() == wanted), None)


def owned_by(tenant: tenants.Tenant, user_id: str) -> list[device_records.EntraDevice]:
    """Devices whose registered owner is this person: what the device quota counts."""
    return [device for device in tenant.devices.entra.values() if user_id in device.owner_ids]


def precreate(tenant: tenants.Tenant, *, serial: str, autopilot_id: str, group_tag: str) -> device_records.EntraDevice:
    """The object an Autopilot registration makes: named by its serial, without an owner, management unknown.

    The join reuses it; once it is deleted the join fails with 801C03F3
    (learn.microsoft.com/autopilot/known-issues, "duplicate device objects").
    """
    physical_ids = [f"[ZTDID]:{autopilot_id}"]
    if group_tag:
        physical_ids.append(f"[OrderId]:{group_tag}")
    device = device_records.EntraDevice(
        id=tenant.new_id(),
        device_id=tenant.new_id(),
        display_name=serial,
        created=tenant.now(),
        physical_ids=physical_ids,
    )
    tenant.devices.entra[device.id] = device
    dynamic_groups.place(tenant, device)
    return device


def _missing(wanted: str) -> errors.GraphError:
    message = f"Resource '{wanted}' does not exist or one of its queried reference-property objects are not present."
    return errors.GraphError(404, "Request_ResourceNotFound", message)
