"""Intune's side of a device's first day: management enrolment, the status page's report, and what shows up later.

What a device triggers and Graph shows only after a while (compliance, the Autopilot record) is put on
`tenant.devices.scheduled`; `catch_up` carries it out when its time has come.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from agent.sandbox import device_records, errors, records, sign_in_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import (
    apple_sync,
    autopilot,
    autopilot_changes,
    autopilot_imports,
    device_policies,
    entra_devices,
    people,
    registration,
    restrictions,
    schedule,
)

LICENCE = "INTUNE_A"
"""Service plan that lets a person enrol devices."""

COMPLIANT_AFTER_SECONDS = 600
"""Compliance shows 5 to 60 minutes after enrolment."""

AUTOPILOT_RECORD_AFTER_SECONDS = 120
"""The Autopilot record says "enrolled" a little after the managed device exists."""

FINAL_STATE_WITHIN = timedelta(minutes=60)
"""A longer deployment may never get its final state in the report (learn.microsoft.com/autopilot/known-issues)."""

TPM = "2.0, 0, 1.59"
"""How a PC with a security chip reports its version."""

DEVICE_AUDIENCE = "urn:sandbox:mdm"
DEVICE_TOKEN_LIFE = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A device under management: its record, its own token (it outlives any pass), and what it is told to do."""

    device: device_records.ManagedDevice
    token: str
    orders: dict[str, Any]


def check_may_enrol(
    tenant: tenants.Tenant, user: records.User, *, platform: str, hardware: registration.Hardware
) -> None:
    """Raise `DeviceRefused`, leaving a troubleshooting event, when licence or platform forbid enrolling."""
    if LICENCE not in user.licences:
        report_failure(tenant, user, hardware, category="userValidation", reason="User is not licensed for Intune.")
        raise registration.DeviceRefused("80180018", "There was a problem with your licence (80180018).")
    if platform == "windowsRestriction":
        _check_scope(tenant, user, hardware)
    reason = restrictions.refusal(tenant, platform, hardware, groups=people.group_ids_of(tenant, user.id))
    if reason is not None:
        report_failure(tenant, user, hardware, category="enrollmentRestrictionsEnforced", reason=reason)
        raise registration.DeviceRefused("80180014", "Your organisation does not let this device in (80180014).")


def _check_scope(tenant: tenants.Tenant, user: records.User, hardware: registration.Hardware) -> None:
    """A PC enrols by itself only for people whom exactly one management service covers."""
    services = device_policies.enrolled_by(tenant, user.id)
    if not services:
        report_failure(tenant, user, hardware, category="userValidation", reason="User is not in the MDM user scope.")
        raise registration.DeviceRefused("80180018", "This person is outside the MDM user scope (80180018).")
    if len(services) > 1:
        raise registration.DeviceRefused("c1036501", "There are several MDM configurations in Entra (0xC1036501).")


def report_failure(
    tenant: tenants.Tenant, user: records.User, hardware: registration.Hardware, *, category: str, reason: str
) -> None:
    """Leave a troubleshooting event (learn.microsoft.com/graph/api/resources/enrollmenttroubleshootingevent)."""
    event = device_records.TroubleshootingEvent(
        id=tenant.new_id(),
        event_time=tenant.now(),
        user_id=user.id,
        failure_category=category,
        failure_reason=reason,
        os_version=hardware.os_version,
    )
    tenant.devices.troubleshooting[event.id] = event


def new_managed(
    tenant: tenants.Tenant, hardware: registration.Hardware, *, system: str, enrolled_with: str
) -> device_records.ManagedDevice:
    """A new row of a device under management, without a person; `enrolled_with` names its profile."""
    now = tenant.now()
    managed = device_records.ManagedDevice(
        id=tenant.new_id(),
        serial=hardware.serial,
        device_name=hardware.name,
        operating_system=system,
        os_version=hardware.os_version,
        manufacturer=hardware.manufacturer,
        model=hardware.model,
        enrolled=now,
        last_sync=now,
        enrollment_profile_name=enrolled_with,
    )
    boxed = tenant.devices.boxed.get(hardware.serial.upper())
    if system == "Windows" and boxed is not None:
        managed.edition = str(boxed.options.get("edition", "Enterprise"))
        managed.tpm_version = TPM if boxed.options.get("tpm", True) else ""
    tenant.devices.managed[managed.id] = managed
    return managed


def tie_to_entra(managed: device_records.ManagedDevice, device: device_records.EntraDevice) -> None:
    """Say of a joined PC's two records that they are one device, under management."""
    managed.enrollment_type = "windowsAzureADJoin"
    managed.registration_state, managed.join_type = "registered", "azureADJoined"
    managed.entra_registered, managed.entra_device_id = True, device.device_id
    device.is_managed, device.enrollment_profile_name = True, managed.enrollment_profile_name or None


def set_person(managed: device_records.ManagedDevice, user: records.User) -> None:
    """Make the person the device's primary user."""
    managed.user_id, managed.user_principal_name = user.id, user.upn
    managed.user_display_name, managed.email = user.display_name, user.mail or ""


def open_event(
    tenant: tenants.Tenant,
    managed: device_records.ManagedDevice,
    user: records.User | None,
    *,
    profile: str,
    status_page: device_records.EnrolmentConfiguration | None = None,
) -> device_records.AutopilotEvent:
    """A new row of the deployment report; `profile` is the name of the profile or policy, `user` whoever signed in."""
    now = tenant.now()
    event = device_records.AutopilotEvent(
        id=tenant.new_id(),
        device_id=managed.id,
        serial=managed.serial,
        user_id=user.id if user else "",
        user_principal_name=user.upn if user else "",
        event_time=now,
        enrolment_start=now,
        deployment_start=now,
        managed_device_name=managed.device_name,
        os_version=managed.os_version,
        profile_name=profile,
        status_page_name=status_page.name if status_page else "",
        status_page_id=status_page.id if status_page else "",
    )
    tenant.devices.autopilot_events[event.id] = event
    return event


def report(tenant: tenants.Tenant, token: str, *, phase: str, succeeded: bool = True) -> None:
    """A device's own report of its progress.

    `phase` is device_setup, account_setup, desktop, technician or preparation (the last two are whole deployments).

    A row that failed once stays a failure, and one of more than an hour keeps its last state
    (learn.microsoft.com/autopilot/known-issues). Raises `errors.TokenError` for an unknown device.
    """
    managed = of_token(tenant, token)
    now = tenant.now()
    managed.last_sync = now
    if phase in {"desktop", "technician"}:
        later(tenant, "compliant", managed, COMPLIANT_AFTER_SECONDS)
    event = _event_of(tenant, managed)
    if event is None or event.deployment_state != "inProgress" or event.deployment_start is None:
        return
    so_far = now - event.deployment_start
    if so_far > FINAL_STATE_WITHIN and not tenant.options.late_final_event_written:
        return
    event.event_time = now
    _write_phase(event, phase, so_far, now=now, succeeded=succeeded)


def _write_phase(
    event: device_records.AutopilotEvent, phase: str, so_far: timedelta, *, now: datetime, succeeded: bool
) -> None:
    state = "success" if succeeded else "failure"
    if phase in {"device_setup", "technician", "preparation"}:
        event.device_setup_status, event.device_setup_duration = state, so_far
    elif phase == "account_setup":
        event.account_setup_status = state
        event.account_setup_duration = so_far - event.device_setup_duration
    if phase in {"account_setup", "technician", "preparation"} or not succeeded:
        event.deployment_state, event.deployment_end = state, now
        event.deployment_duration = so_far
    event.total_duration = so_far


def _event_of(tenant: tenants.Tenant, managed: device_records.ManagedDevice) -> device_records.AutopilotEvent | None:
    events = [event for event in autopilot.recent_events(tenant) if event.device_id == managed.id]
    return events[0] if events else None


def token_for(tenant: tenants.Tenant, managed: device_records.ManagedDevice) -> str:
    """A token for the device itself: no pass ends it."""
    token = sign_in_records.AccessToken(
        token=tenant.new_secret(48),
        app_id=managed.id,
        kind="device",
        permissions=frozenset(),
        expires=tenant.now() + DEVICE_TOKEN_LIFE,
        audience=DEVICE_AUDIENCE,
    )
    tenant.sign_ins.access_tokens[token.token] = token
    return token.token


def of_token(tenant: tenants.Tenant, token: str) -> device_records.ManagedDevice:
    """The device that holds this token; raises `errors.TokenError`."""
    known = tenant.sign_ins.access_tokens.get(token)
    managed = tenant.devices.managed.get(known.app_id) if known and known.audience == DEVICE_AUDIENCE else None
    if managed is None:
        raise errors.TokenError("invalid_token", "This device is not under management.", status=401)
    return managed


def later(tenant: tenants.Tenant, kind: str, managed: device_records.ManagedDevice, seconds: float) -> None:
    """Have `catch_up` do something to this device in so many real seconds, divided by the tenant's speed."""
    when = tenant.now() + tenant.pace(seconds)
    tenant.devices.scheduled.append(device_records.Scheduled(when, kind, managed.id))


def _compliant(tenant: tenants.Tenant, managed_id: str, when: datetime) -> None:
    del when
    managed = tenant.devices.managed.get(managed_id)
    if managed is None:
        return
    managed.compliance_state = "compliant"
    device = entra_devices.find_by_device_id(tenant, managed.entra_device_id)
    if device is not None:
        device.is_compliant = True


def _autopilot_enrolled(tenant: tenants.Tenant, managed_id: str, when: datetime) -> None:
    managed = tenant.devices.managed.get(managed_id)
    for identity in autopilot.by_serial(tenant, managed.serial) if managed else []:
        if managed and identity.entra_device_id == managed.entra_device_id:
            identity.enrollment_state, identity.managed_device_id = "enrolled", managed.id
            identity.last_contacted = when


_STEPS: dict[str, schedule.Step] = {
    "compliant": _compliant,
    "autopilot_enrolled": _autopilot_enrolled,
    **autopilot_changes.STEPS,
    **autopilot_imports.STEPS,
    **apple_sync.STEPS,
}


def catch_up(tenant: tenants.Tenant) -> None:
    """Carry out what has become due; called before every request, so that every reader sees it."""
    schedule.carry_out(tenant, _STEPS)
