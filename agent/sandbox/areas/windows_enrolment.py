"""A PC's first day with Intune: its enrolment after an Entra join, and what policy tells it to do."""

from __future__ import annotations

from typing import Any

from agent.sandbox import device_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import device_policies, enrolment, entra_devices, mdm, registration, sign_in


def enrol(tenant: tenants.Tenant, bearer: sign_in.Bearer, hardware: registration.Hardware) -> mdm.Enrolled:
    """Automatic enrolment after an Entra join. Raises `DeviceRefused` 80180018 (licence) or 80180014 (blocked)."""
    found = registration.at_first_run(tenant, hardware.serial)
    device = entra_devices.find_by_device_id(tenant, bearer.session.device_id)
    if found is None or device is None:
        raise registration.DeviceRefused("80180026", "This PC is not joined.")
    identity, profile = found
    mdm.check_may_enrol(tenant, bearer.user, platform="windowsRestriction", hardware=hardware)
    managed = mdm.new_managed(tenant, hardware, system="Windows", enrolled_with=profile.name)
    managed.autopilot_enrolled = True
    mdm.tie_to_entra(managed, device)
    mdm.set_person(managed, bearer.user)
    managed.enrolled_by = bearer.user.upn
    mdm.later(tenant, "autopilot_enrolled", managed, mdm.AUTOPILOT_RECORD_AFTER_SECONDS)
    target = device_policies.whom(tenant, bearer.user.id, device)
    status_page = status_page_for(tenant, target)
    event = mdm.open_event(tenant, managed, bearer.user, profile=profile.name, status_page=status_page)
    event.registered = identity.last_contacted
    if profile.kind == "activeDirectory":
        event.enrollment_type = "offlineDomainJoined"
    return mdm.Enrolled(managed, mdm.token_for(tenant, managed), orders_for(tenant, managed, target))


def status_page_for(
    tenant: tenants.Tenant, target: device_policies.Whom
) -> device_records.EnrolmentConfiguration | None:
    """The status page of a PC and its person, by the groups of either."""
    return enrolment.in_force(tenant, enrolment.STATUS_PAGE, target.person_groups | target.device_groups)


def orders_for(
    tenant: tenants.Tenant, managed: device_records.ManagedDevice, target: device_policies.Whom
) -> dict[str, Any]:
    """What policy tells a PC: which page it shows, whether it restarts, web sign-in, Hello, how a PIN is reset.

    `web_sign_in` is there at once, `web_sign_in_later` from its person's first session on.
    """
    boxed = tenant.devices.boxed.get(managed.serial.upper())
    options = boxed.options if boxed else {}
    status_page = status_page_for(tenant, target)
    shown = status_page.properties if status_page else {}
    hello, web_sign_in = device_policies.hello(tenant, target), device_policies.web_sign_in(tenant, target)
    return {
        "page": "status-page",
        "quality_updates": bool(shown.get("installQualityUpdates", False)),
        "restart_by_policy": bool(options.get("restart_by_policy", False)),
        "web_sign_in": web_sign_in == device_policies.BY_DEVICE,
        "web_sign_in_later": web_sign_in == device_policies.BY_PERSON,
        "web_sign_in_vanishes": False,
        "hello": hello.wanted,
        "hello_needs_tpm": hello.needs_tpm,
        "pin_recovery": bool(options.get("pin_recovery", True)),
    }
