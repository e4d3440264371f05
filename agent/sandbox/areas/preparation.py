"""Autopilot device preparation: a PC nobody registered enrols, and its person's policy says what happens to it.

No Autopilot record, no status page, Entra join only. The person must be in the policy's user group; the PC lands in its
device group as it enrols. A corporate identifier counts only at that moment
(learn.microsoft.com/autopilot/device-preparation/overview, /mem/intune/enrollment/corporate-identifiers-add).
"""

from __future__ import annotations

from agent.sandbox import device_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import (
    device_policies,
    entra_devices,
    mdm,
    people,
    registration,
    restrictions,
    sign_in,
    windows_enrolment,
)

IDENTIFIER_KIND = "manufacturerModelSerial"
"""The only kind of corporate identifier that Windows honours."""


def policy_for(tenant: tenants.Tenant, user_id: str) -> device_records.PreparationPolicy | None:
    """The policy whose user group the person is in, or `None`."""
    groups = people.group_ids_of(tenant, user_id)
    policies = tenant.devices.preparation_policies.values()
    return next((policy for policy in policies if groups.intersection(policy.user_group_ids)), None)


def enrol(tenant: tenants.Tenant, bearer: sign_in.Bearer, hardware: registration.Hardware) -> mdm.Enrolled:
    """Automatic enrolment of a joined PC without an Autopilot record.

    Raises `DeviceRefused` 80180026 (not joined), 80180018 (licence) or 80180014 (platform, or personal PCs blocked).
    """
    device = entra_devices.find_by_device_id(tenant, bearer.session.device_id)
    if device is None:
        raise registration.DeviceRefused("80180026", "This PC is not joined.")
    mdm.check_may_enrol(tenant, bearer.user, platform="windowsRestriction", hardware=hardware)
    managed = mdm.new_managed(tenant, hardware, system="Windows", enrolled_with="")
    managed.owner_type = _owner_type(tenant, hardware)
    mdm.tie_to_entra(managed, device)
    mdm.set_person(managed, bearer.user)
    managed.enrolled_by = bearer.user.upn
    policy = policy_for(tenant, bearer.user.id)
    if policy is not None:
        tenant.directory.groups[policy.device_group_id].member_ids.append(device.id)
        event = mdm.open_event(tenant, managed, bearer.user, profile=policy.name)
        event.enrollment_type = "unknown"
    target = device_policies.whom(tenant, bearer.user.id, device)
    orders = windows_enrolment.orders_for(tenant, managed, target) | {"quality_updates": False}
    orders["page"] = "device-preparation" if policy else "none"
    return mdm.Enrolled(managed, mdm.token_for(tenant, managed), orders)


def _owner_type(tenant: tenants.Tenant, hardware: registration.Hardware) -> str:
    """What kind of owner Intune notes: once there are identifiers for Windows, a PC that fits none is personal."""
    identifiers = [item for item in tenant.devices.corporate_identifiers.values() if item.kind == IDENTIFIER_KIND]
    wanted = restrictions.normalised(IDENTIFIER_KIND, f"{hardware.manufacturer},{hardware.model},{hardware.serial}")
    for identifier in identifiers:
        if identifier.identifier == wanted:
            identifier.enrollment_state, identifier.last_contacted = "enrolled", tenant.now()
            return "company"
    return "personal" if identifiers else "company"
