"""What may be changed about a registered Windows device, and the profile that comes of it after a while.

    notAssigned -> pending -> assignedInSync -> (its date)        another profile: assignedOutOfSync first

Every step takes a third of `options.profile_delay` (learn.microsoft.com/autopilot/profiles gives no bound: "varies").
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agent.sandbox import device_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import autopilot, dynamic_groups, entra_devices, intune, schedule

NAME_LENGTH = 15
"""Most signs of a computer name (learn.microsoft.com/autopilot/add-devices)."""

_STEPS = ("profile_pending", "profile_assigned", "profile_dated")


def assign_person(
    tenant: tenants.Tenant, identity: device_records.AutopilotIdentity, *, user_name: str, addressable_name: str
) -> None:
    """Assign a person to a device: only the domain of the user name is looked at, the person may not exist.

    learn.microsoft.com/autopilot/add-devices; raises GraphError 400 for a foreign domain or an empty user name.
    """
    if not user_name:
        raise intune.refused("UserPrincipalName is required")
    if tenant.options.assigned_domain_checked and not intune.own_domain(tenant, user_name):
        raise intune.refused(f"The domain of '{user_name}' is not a domain of this organisation")
    identity.user_principal_name, identity.addressable_user_name = user_name, addressable_name


def unassign_person(identity: device_records.AutopilotIdentity) -> None:
    """Take the assigned person away; does nothing where there is none."""
    identity.user_principal_name = identity.addressable_user_name = ""


def update(tenant: tenants.Tenant, identity: device_records.AutopilotIdentity, sent: Mapping[str, Any]) -> None:
    """Change what `sent` names of userPrincipalName, addressableUserName, groupTag and displayName, all or nothing.

    An empty group tag clears it. Raises GraphError 400: a name too long, an addressable name without a user name, a
    foreign domain.
    """
    name = sent.get("displayName")
    if name is not None and len(name) > NAME_LENGTH:
        raise intune.refused(f"DisplayName must have at most {NAME_LENGTH} characters")
    user_name, addressable = sent.get("userPrincipalName"), sent.get("addressableUserName")
    if addressable and not user_name:
        raise intune.refused("AddressableUserName needs UserPrincipalName")
    if user_name:
        assign_person(tenant, identity, user_name=user_name, addressable_name=addressable or "")
    elif user_name is not None:
        unassign_person(identity)
    if name is not None:
        identity.display_name = name
    if sent.get("groupTag") is not None:
        _tag(tenant, identity, sent["groupTag"])


def _tag(tenant: tenants.Tenant, identity: device_records.AutopilotIdentity, tag: str) -> None:
    identity.group_tag = tag
    device = entra_devices.find_by_device_id(tenant, identity.entra_device_id)
    if device is not None:
        others = [text for text in device.physical_ids if not text.startswith("[OrderId]:")]
        device.physical_ids = [*others, f"[OrderId]:{tag}"] if tag else others
        dynamic_groups.place(tenant, device)
    reconsider(tenant, identity)


def intended(tenant: tenants.Tenant, identity: device_records.AutopilotIdentity) -> str | None:
    """The id of the profile meant for a device: the oldest for its group tag, else the oldest for all devices.

    learn.microsoft.com/autopilot/profiles ("oldest-created profile wins")
    """
    profiles = list(tenant.devices.autopilot_profiles.values())
    profiles.sort(key=lambda profile: profile.created or tenant.now())
    fitting = [profile for profile in profiles if identity.group_tag and identity.group_tag in profile.tags]
    fitting += [profile for profile in profiles if profile.everybody]
    return fitting[0].id if fitting else None


def reconsider(
    tenant: tenants.Tenant, identity: device_records.AutopilotIdentity, *, since: datetime | None = None
) -> None:
    """Look again at which profile a device should have; a change shows step by step."""
    wanted = intended(tenant, identity)
    if wanted == identity.intended_profile_id:
        return
    identity.intended_profile_id = wanted
    if identity.profile_id is not None:
        identity.assignment_status = "assignedOutOfSync"
    on_its_way(tenant, identity, since=since)


def on_its_way(
    tenant: tenants.Tenant, identity: device_records.AutopilotIdentity, *, since: datetime | None = None
) -> None:
    """Let the assignment of the intended profile take its course from here."""
    schedule.forget(tenant, identity.id, *_STEPS)
    third = tenant.options.profile_delay / 3
    started = identity.assignment_status in {"pending", "assignedOutOfSync"}
    kind = "profile_assigned" if started else "profile_pending"
    schedule.later(tenant, kind, identity.id, seconds=third, since=since)


def _pending(tenant: tenants.Tenant, identity_id: str, when: datetime) -> None:
    identity = tenant.devices.autopilot.get(identity_id)
    if identity is not None:
        identity.assignment_status = "pending" if identity.intended_profile_id else "notAssigned"
        schedule.later(tenant, "profile_assigned", identity_id, seconds=tenant.options.profile_delay / 3, since=when)


def _assigned(tenant: tenants.Tenant, identity_id: str, when: datetime) -> None:
    identity = tenant.devices.autopilot.get(identity_id)
    if identity is None:
        return
    changed = identity.profile_id is not None and identity.profile_id != identity.intended_profile_id
    if identity.enrollment_state == "enrolled" and changed:
        identity.enrollment_state = "pendingReset"
    identity.profile_id, identity.assigned_at = identity.intended_profile_id, None
    identity.assignment_status = "assignedInSync" if identity.profile_id else "notAssigned"
    if identity.profile_id:
        schedule.later(tenant, "profile_dated", identity_id, seconds=tenant.options.profile_delay / 3, since=when)


def _dated(tenant: tenants.Tenant, identity_id: str, when: datetime) -> None:
    identity = tenant.devices.autopilot.get(identity_id)
    if identity is not None:
        identity.assigned_at = when


def delete(tenant: tenants.Tenant, identity: device_records.AutopilotIdentity) -> None:
    """Deregister a device, which takes minutes; it must have left Intune before. Raises GraphError 400.

    learn.microsoft.com/autopilot/add-devices ("delete the device from Intune first")
    """
    if identity.managed_device_id in tenant.devices.managed:
        raise intune.refused("The device is enrolled in Intune; delete it there first")
    schedule.forget(tenant, identity.id, "autopilot_deleted")
    schedule.later(tenant, "autopilot_deleted", identity.id, seconds=tenant.options.autopilot_delete_delay)


def _deleted(tenant: tenants.Tenant, identity_id: str, when: datetime) -> None:
    del when
    tenant.devices.autopilot.pop(identity_id, None)


STEPS: dict[str, schedule.Step] = {
    "profile_pending": _pending,
    "profile_assigned": _assigned,
    "profile_dated": _dated,
    "autopilot_deleted": _deleted,
}
"""What of this area happens by itself, for `schedule.carry_out`."""


def assigned_to(tenant: tenants.Tenant, profile_id: str) -> list[device_records.AutopilotIdentity]:
    """The registered devices that have this profile; raises GraphError 404 for an unknown one."""
    wanted = autopilot.get_profile(tenant, profile_id).id
    return [identity for identity in tenant.devices.autopilot.values() if identity.profile_id == wanted]
