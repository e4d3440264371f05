"""Intune's side of a device's first day: management enrolment, the status page's report, and what shows up later.

What a device triggers and Graph shows only after a while (compliance, the Autopilot record) is put on
`tenant.devices.scheduled`; `catch_up` carries it out when its time has come.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from agent.sandbox import device_records, errors, records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import (
    apple,
    apple_sync,
    autopilot,
    autopilot_changes,
    autopilot_imports,
    enrolment,
    entra_devices,
    managed_devices,
    registration,
    restrictions,
    schedule,
    sign_in,
)

LICENCE = "INTUNE_A"
"""Service plan that lets a person enrol devices."""

COMPLIANT_AFTER_SECONDS = 600
"""Compliance shows 5 to 60 minutes after enrolment."""

AUTOPILOT_RECORD_AFTER_SECONDS = 120
"""The Autopilot record says "enrolled" a little after the managed device exists."""

FINAL_STATE_WITHIN = timedelta(minutes=60)
"""A longer deployment may never get its final state in the report (learn.microsoft.com/autopilot/known-issues)."""

DEVICE_AUDIENCE = "urn:sandbox:mdm"
DEVICE_TOKEN_LIFE = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A device under management: its record, its own token (it outlives any pass), and what it is told to do."""

    device: device_records.ManagedDevice
    token: str
    orders: dict[str, Any]


def enrol_windows(tenant: tenants.Tenant, bearer: sign_in.Bearer, hardware: registration.Hardware) -> Enrolled:
    """Automatic enrolment after an Entra join. Raises `DeviceRefused` 80180018 (licence) or 80180014 (blocked)."""
    found = registration.at_first_run(tenant, hardware.serial)
    device = entra_devices.find_by_device_id(tenant, bearer.session.device_id)
    if found is None or device is None:
        raise registration.DeviceRefused("80180026", "This PC is not joined.")
    identity, profile = found
    check_may_enrol(tenant, bearer.user, platform="windowsRestriction", hardware=hardware)
    managed = new_managed(tenant, hardware, system="Windows", enrolled_with=profile.name)
    managed.autopilot_enrolled = True
    tie_to_entra(managed, device)
    set_person(managed, bearer.user)
    managed.enrolled_by = bearer.user.upn
    later(tenant, "autopilot_enrolled", managed, AUTOPILOT_RECORD_AFTER_SECONDS)
    status_page = enrolment.in_force(tenant, enrolment.STATUS_PAGE)
    event = open_event(tenant, managed, bearer.user, profile=profile.name, status_page=status_page)
    event.registered = identity.last_contacted
    if profile.kind == "activeDirectory":
        event.enrollment_type = "offlineDomainJoined"
    return Enrolled(managed, token_for(tenant, managed), windows_orders(tenant, hardware.serial, status_page))


def check_may_enrol(
    tenant: tenants.Tenant, user: records.User, *, platform: str, hardware: registration.Hardware
) -> None:
    """Raise `DeviceRefused`, leaving a troubleshooting event, when licence or platform forbid enrolling."""
    if LICENCE not in user.licences:
        report_failure(tenant, user, hardware, category="userValidation", reason="User is not licensed for Intune.")
        raise registration.DeviceRefused("80180018", "There was a problem with your licence (80180018).")
    reason = restrictions.refusal(tenant, platform, hardware)
    if reason is not None:
        report_failure(tenant, user, hardware, category="enrollmentRestrictionsEnforced", reason=reason)
        raise registration.DeviceRefused("80180014", "Your organisation does not let this device in (80180014).")


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


def windows_orders(
    tenant: tenants.Tenant, serial: str, status_page: device_records.EnrolmentConfiguration | None
) -> dict[str, Any]:
    """What policy tells a PC: which page it shows, whether it restarts, web sign-in, Hello, how a PIN is reset."""
    boxed = tenant.devices.boxed.get(serial.upper())
    options = boxed.options if boxed else {}
    shown = status_page.properties if status_page else {}
    hello = enrolment.in_force(tenant, enrolment.HELLO)
    return {
        "page": "status-page",
        "quality_updates": bool(shown.get("installQualityUpdates", False)),
        "restart_by_policy": bool(options.get("restart_by_policy", False)),
        "web_sign_in": bool(options.get("web_sign_in", True)),
        "web_sign_in_vanishes": False,
        "hello": hello is None or hello.properties.get("state") != "disabled",
        "pin_recovery": bool(options.get("pin_recovery", True)),
    }


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


def apple_profile(
    tenant: tenants.Tenant, serial: str
) -> tuple[device_records.AppleIdentity, device_records.DepProfile]:
    """What Remote Management offers an Apple device at activation. Raises `DeviceRefused` without a profile."""
    identity = apple.find_device(tenant, serial)
    if identity is None or apple.released(tenant, serial):
        raise registration.DeviceRefused("not_managed", "Apple does not know this device as yours.", status=404)
    profile = apple.profile_for(tenant, identity)
    if profile is None:
        raise registration.DeviceRefused("no_profile", "No enrolment profile is assigned to this device.", status=404)
    identity.last_contacted, identity.activated_with = tenant.now(), profile.id
    return identity, profile


def _activated(tenant: tenants.Tenant, serial: str) -> tuple[device_records.AppleIdentity, device_records.DepProfile]:
    """The device and the profile it took when it was switched on: another assigned since counts after a wipe."""
    identity = apple.find_device(tenant, serial)
    taken = tenant.devices.dep_profiles.get(identity.activated_with or "") if identity else None
    return (identity, taken) if identity and taken else apple_profile(tenant, serial)


def enrol_apple(
    tenant: tenants.Tenant, hardware: registration.Hardware, *, system: str, user: records.User | None
) -> Enrolled:
    """Automated device enrolment; `user` is set where Setup Assistant asked for a sign-in. Raises `DeviceRefused`.

    With the Company Portal method the device is under management before anybody has signed in
    (learn.microsoft.com/mem/intune/enrollment/automated-device-enrollment-authentication).
    """
    identity, profile = _activated(tenant, hardware.serial)
    if profile.web_sign_in and user is None:
        raise registration.DeviceRefused("sign_in_needed", "Remote Management asks for a sign-in first.", status=401)
    if user is not None:
        platform = "macOSRestriction" if system == "macOS" else "iosRestriction"
        check_may_enrol(tenant, user, platform=platform, hardware=hardware)
        _check_limit(tenant, user)
    managed = new_managed(tenant, hardware, system=system, enrolled_with=profile.name)
    managed.enrollment_type = "appleBulkWithUser" if profile.requires_user else "appleBulkWithoutUser"
    managed.supervised, managed.entra_registered = profile.supervised, False
    if user is not None:
        set_person(managed, user)
        managed.enrolled_by = user.upn
    identity.enrollment_state = "enrolled"
    return Enrolled(managed, token_for(tenant, managed), {})


def _check_limit(tenant: tenants.Tenant, user: records.User) -> None:
    limit = enrolment.in_force(tenant, enrolment.LIMIT)
    most = int(limit.properties.get("limit", 15)) if limit else 15
    if len(managed_devices.of_user(tenant, user.id)) >= most:
        raise registration.DeviceRefused("device_limit", "This person has reached the limit of enrolled devices.")


def bind_person(
    tenant: tenants.Tenant, bearer: sign_in.Bearer, device_token: str, hardware: registration.Hardware
) -> device_records.EntraDevice:
    """Company Portal's sign-in: gives the device its person, registers it with Entra. Raises `DeviceRefused`."""
    managed = of_token(tenant, device_token)
    if managed.user_id and managed.user_id != bearer.user.id:
        raise registration.DeviceRefused("assigned_to_another", "This device belongs to another person.")
    check_may_enrol(tenant, bearer.user, platform="iosRestriction", hardware=hardware)
    if not managed.user_id:
        _check_limit(tenant, bearer.user)
    system = managed.operating_system
    device = registration.register_phone(tenant, bearer, hardware, system="iPad" if system == "iPadOS" else "iPhone")
    set_person(managed, bearer.user)
    managed.enrolled_by = managed.enrolled_by or bearer.user.upn
    managed.entra_device_id, managed.entra_registered = device.device_id, True
    managed.registration_state, managed.join_type = "registered", "azureADRegistered"
    managed.last_sync = tenant.now()
    device.is_managed, device.enrollment_profile_name = True, managed.enrollment_profile_name
    later(tenant, "compliant", managed, COMPLIANT_AFTER_SECONDS)
    return device


def token_for(tenant: tenants.Tenant, managed: device_records.ManagedDevice) -> str:
    """A token for the device itself: no pass ends it."""
    token = records.AccessToken(
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
