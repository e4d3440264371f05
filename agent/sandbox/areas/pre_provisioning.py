"""Autopilot pre-provisioning: a technician has a PC join and enrol without a person, who takes it over later.

The technician's phase makes the managed device and the row of the deployment report; the person's makes neither, and
sets compliance back (learn.microsoft.com/autopilot/pre-provision, /autopilot/profiles).
"""

from __future__ import annotations

from datetime import timedelta

from agent.sandbox import device_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import (
    device_policies,
    entra_devices,
    managed_devices,
    mdm,
    registration,
    sign_in,
    windows_enrolment,
)

WITHOUT_A_PERSON = "windowsAzureADJoinUsingDeviceAuth"
TAKEN_OVER_WITHIN = timedelta(days=183)
"""The person's phase must come within 6 months (learn.microsoft.com/autopilot/pre-provision)."""


def prepare(tenant: tenants.Tenant, hardware: registration.Hardware) -> mdm.Enrolled:
    """The technician's phase: the PC joins and enrols by its own TPM.

    Raises `DeviceRefused` 807 or 815 (no profile), 80180005 (the profile does not allow it), 801c03f3 (no Entra
    object) or 80180014 (done before, and Intune still has the record).
    """
    found = registration.at_first_run(tenant, hardware.serial)
    if found is None:
        raise registration.unprofiled(tenant, hardware.serial) or registration.DeviceRefused("815", "No profile.")
    identity, profile = found
    if not _allowed(profile):
        raise registration.DeviceRefused(
            "80180005", "Something went wrong (0x80180005): the profile does not allow pre-provisioning."
        )
    if any(item.enrollment_type == WITHOUT_A_PERSON for item in managed_devices.by_serial(tenant, hardware.serial)):
        raise registration.DeviceRefused(
            "80180014",
            "Something went wrong (0x80180014): it was pre-provisioned before; delete its Intune record.",
        )
    device = entra_devices.find_by_device_id(tenant, identity.entra_device_id)
    if device is None or not device.enabled:
        raise registration.DeviceRefused(
            registration.ANCHOR_GONE, "Something went wrong (801c03F3): the PC's object in Entra is gone or disabled."
        )
    return _prepared(tenant, hardware, profile=profile, device=device)


def _allowed(profile: device_records.AutopilotProfile) -> bool:
    """Two generations of the setting stand beside each other."""
    settings = profile.properties
    return bool(settings.get("preprovisioningAllowed") or settings.get("enableWhiteGlove"))


def _prepared(
    tenant: tenants.Tenant,
    hardware: registration.Hardware,
    *,
    profile: device_records.AutopilotProfile,
    device: device_records.EntraDevice,
) -> mdm.Enrolled:
    device.trust_type = "AzureAd"
    registration.describe(tenant, device, hardware, system="Windows")
    managed = mdm.new_managed(tenant, hardware, system="Windows", enrolled_with=profile.name)
    managed.autopilot_enrolled = True
    mdm.tie_to_entra(managed, device)
    managed.enrollment_type = WITHOUT_A_PERSON
    mdm.later(tenant, "autopilot_enrolled", managed, mdm.AUTOPILOT_RECORD_AFTER_SECONDS)
    target = device_policies.whom(tenant, "", device)
    status_page = windows_enrolment.status_page_for(tenant, target)
    event = mdm.open_event(tenant, managed, None, profile=profile.name, status_page=status_page)
    event.enrollment_type = "azureADJoinedWithWhiteGlove"
    orders = windows_enrolment.orders_for(tenant, managed, target)
    return mdm.Enrolled(managed, mdm.token_for(tenant, managed), orders)


def awaiting_person(tenant: tenants.Tenant, serial: str) -> device_records.ManagedDevice | None:
    """The record of a PC that a technician has prepared and nobody has taken over, or `None`."""
    return next(
        (
            managed
            for managed in managed_devices.by_serial(tenant, serial)
            if managed.enrollment_type == WITHOUT_A_PERSON and not managed.user_id
        ),
        None,
    )


def take_over(
    tenant: tenants.Tenant,
    bearer: sign_in.Bearer,
    hardware: registration.Hardware,
    managed: device_records.ManagedDevice,
) -> mdm.Enrolled:
    """The person's phase, once they have joined: the record gets its person, compliance starts again at "noncompliant".

    Raises `DeviceRefused` 80180018 (licence), 80180014 (platform), or "expired" after 6 months.
    """
    mdm.check_may_enrol(tenant, bearer.user, platform="windowsRestriction", hardware=hardware)
    if managed.enrolled is not None and tenant.now() - managed.enrolled > TAKEN_OVER_WITHIN:
        raise registration.DeviceRefused(
            "expired", "This PC was pre-provisioned more than 6 months ago: a technician must do it again."
        )
    mdm.set_person(managed, bearer.user)
    managed.enrolled_by = bearer.user.upn
    managed.last_sync, managed.compliance_state = tenant.now(), "noncompliant"
    device = entra_devices.get_by_device_id(tenant, managed.entra_device_id or "")
    device.is_compliant = False
    scheduled = tenant.devices.scheduled
    scheduled[:] = [entry for entry in scheduled if (entry.kind, entry.id) != ("compliant", managed.id)]
    orders = windows_enrolment.orders_for(tenant, managed, device_policies.whom(tenant, bearer.user.id, device))
    orders["web_sign_in_vanishes"] = tenant.options.web_sign_in_vanishes
    return mdm.Enrolled(managed, mdm.token_for(tenant, managed), orders)
