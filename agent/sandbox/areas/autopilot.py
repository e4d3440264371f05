"""Windows Autopilot: registered devices, deployment profiles and the deployment report.

An identity's profile moves notAssigned, pending, assignedInSync, with the time of assignment last; a device that boots
before that sees a consumer's first run (learn.microsoft.com/autopilot/profiles).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from agent.sandbox import device_records, errors
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import entra_devices, intune

EVENT_RETENTION = timedelta(days=30)
"""How long the deployment report keeps a row (learn.microsoft.com/autopilot/profiles)."""

ASSIGNED_STATES = frozenset({"assignedInSync", "assignedOutOfSync", "assignedUnkownSyncState"})
"""Assignment states in which a booting device gets its profile; the third is spelled as Graph spells it."""


@dataclass(frozen=True, slots=True)
class Registration:
    """What a registration tells Autopilot about a device; `person` is the assigned user name or empty."""

    serial: str
    manufacturer: str
    model: str
    group_tag: str = ""
    purchase_order: str = ""
    person: str = ""
    addressable_name: str = ""


def register(tenant: tenants.Tenant, registration: Registration) -> device_records.AutopilotIdentity:
    """Register a device, which makes its Entra object too; two registrations of one serial are two rows."""
    identity = prepared(tenant, registration)
    tenant.devices.autopilot[identity.id] = identity
    return identity


def prepared(tenant: tenants.Tenant, registration: Registration) -> device_records.AutopilotIdentity:
    """A registration and its Entra object, not listed among the devices yet."""
    identity_id = tenant.new_id()
    device = entra_devices.precreate(
        tenant, serial=registration.serial, autopilot_id=identity_id, group_tag=registration.group_tag
    )
    return device_records.AutopilotIdentity(
        id=identity_id,
        serial=registration.serial,
        group_tag=registration.group_tag,
        purchase_order=registration.purchase_order,
        manufacturer=registration.manufacturer,
        model=registration.model,
        user_principal_name=registration.person,
        addressable_user_name=registration.addressable_name,
        entra_device_id=device.device_id,
    )


def get(tenant: tenants.Tenant, identity_id: str) -> device_records.AutopilotIdentity:
    """The registration with this id; raises GraphError 404 in Intune's envelope."""
    identity = tenant.devices.autopilot.get(identity_id.lower())
    if identity is None:
        raise intune.missing(f"ZtdDevice {identity_id} not found")
    return identity


def containing(tenant: tenants.Tenant, part: str) -> list[device_records.AutopilotIdentity]:
    """Registrations whose serial number has `part` in it, in any letter case.

    A part with a hyphen is refused, as seen in the field with serials of virtual machines, unless
    `options.hyphen_in_contains_refused` is off. Raises GraphError 400.
    """
    if "-" in part and tenant.options.hyphen_in_contains_refused:
        raise filter_refused()
    wanted = part.lower()
    return [identity for identity in tenant.devices.autopilot.values() if wanted in identity.serial.lower()]


def by_serial(tenant: tenants.Tenant, serial: str) -> list[device_records.AutopilotIdentity]:
    """Every registration of exactly this serial; blanks around it and letter case don't count."""
    wanted = serial.strip().lower()
    identities = tenant.devices.autopilot.values()
    return [identity for identity in identities if identity.serial.strip().lower() == wanted]


def filter_refused() -> errors.GraphError:
    """The 400 that Intune gives for a filter it can't do (seen with `serialNumber eq`, `id eq`); it says no more."""
    return errors.GraphError(400, "BadRequest", "An error has occurred", flavour="intune")


def profile_at_boot(
    tenant: tenants.Tenant, identity: device_records.AutopilotIdentity
) -> device_records.AutopilotProfile | None:
    """The profile a device finds when it asks at its first run, or None: then it shows a consumer's first run."""
    if identity.assignment_status not in ASSIGNED_STATES or identity.assigned_at is None:
        return None
    return tenant.devices.autopilot_profiles.get(identity.profile_id or "")


def get_profile(tenant: tenants.Tenant, profile_id: str) -> device_records.AutopilotProfile:
    """The deployment profile with this id; raises GraphError 404 in Intune's envelope."""
    profile = tenant.devices.autopilot_profiles.get(profile_id.lower())
    if profile is None:
        raise intune.missing(f"Profile {profile_id} not found")
    return profile


def recent_events(tenant: tenants.Tenant) -> list[device_records.AutopilotEvent]:
    """Rows of the deployment report that are still kept, newest first."""
    since = tenant.now() - EVENT_RETENTION
    events = [event for event in tenant.devices.autopilot_events.values() if event.event_time >= since]
    return sorted(events, key=lambda event: event.event_time, reverse=True)


def get_event(tenant: tenants.Tenant, event_id: str) -> device_records.AutopilotEvent:
    """One row of the deployment report; raises GraphError 404 when it is unknown or no longer kept."""
    event = next((event for event in recent_events(tenant) if event.id == event_id.lower()), None)
    if event is None:
        raise intune.missing(f"Event {event_id} not found")
    return event
