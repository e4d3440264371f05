"""An Apple device's first day with Intune: what Remote Management offers it, its enrolment, and the person it gets."""

from __future__ import annotations

from agent.sandbox import apple_records, device_records, records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import apple, company_portal, enrolment, managed_devices, mdm, people, registration, sign_in


def offered(tenant: tenants.Tenant, serial: str) -> tuple[device_records.AppleIdentity, device_records.DepProfile]:
    """What Remote Management offers an Apple device at activation. Raises `DeviceRefused` without a profile."""
    identity = apple.find_device(tenant, serial)
    if identity is None or apple.released(tenant, serial):
        raise registration.DeviceRefused("not_managed", "Apple does not know this device as yours.", status=404)
    if apple.given_to(tenant, serial) != identity.token_id:
        sentence = "Remote Management names another device management service."
        raise registration.DeviceRefused("other_service", sentence, status=404)
    profile = apple.profile_for(tenant, identity)
    if profile is None:
        raise registration.DeviceRefused("no_profile", "No enrolment profile is assigned to this device.", status=404)
    _check_token(tenant, identity)
    identity.last_contacted, identity.activated_with = tenant.now(), profile.id
    return identity, profile


def _check_token(tenant: tenants.Tenant, identity: device_records.AppleIdentity) -> None:
    """Microsoft does not say what a device meets whose token has lapsed; `lapsed_apple_token_enrols` is the choice."""
    token = tenant.devices.dep_tokens[identity.token_id]
    ended = token.expires is not None and token.expires <= tenant.now()
    if ended and not tenant.options.lapsed_apple_token_enrols:
        sentence = "Remote Management could not be reached: the organisation's programme token has expired."
        raise registration.DeviceRefused("token_expired", sentence)


def _activated(tenant: tenants.Tenant, serial: str) -> tuple[device_records.AppleIdentity, device_records.DepProfile]:
    """The device and the profile it took when it was switched on: another assigned since counts after a wipe."""
    identity = apple.find_device(tenant, serial)
    taken = tenant.devices.dep_profiles.get(identity.activated_with or "") if identity else None
    return (identity, taken) if identity and taken else offered(tenant, serial)


def enrol(
    tenant: tenants.Tenant, hardware: registration.Hardware, *, system: str, user: records.User | None
) -> mdm.Enrolled:
    """Automated device enrolment; `user` is set where Setup Assistant asked for a sign-in. Raises `DeviceRefused`.

    With the Company Portal method the device is under management before anybody has signed in
    (learn.microsoft.com/mem/intune/enrollment/automated-device-enrollment-authentication).
    """
    identity, profile = _activated(tenant, hardware.serial)
    check_push(tenant)
    if profile.web_sign_in and user is None:
        raise registration.DeviceRefused("sign_in_needed", "Remote Management asks for a sign-in first.", status=401)
    if user is not None:
        platform = "macOSRestriction" if system == "macOS" else "iosRestriction"
        mdm.check_may_enrol(tenant, user, platform=platform, hardware=hardware)
        _check_limit(tenant, user, hardware.serial)
    managed = mdm.new_managed(tenant, hardware, system=system, enrolled_with=profile.name)
    managed.enrollment_type = "appleBulkWithUser" if profile.requires_user else "appleBulkWithoutUser"
    managed.supervised, managed.entra_registered = profile.supervised, False
    if user is not None:
        mdm.set_person(managed, user)
        managed.enrolled_by = user.upn
    identity.enrollment_state = "enrolled"
    return mdm.Enrolled(managed, mdm.token_for(tenant, managed), {})


def check_push(tenant: tenants.Tenant) -> None:
    """Without a certificate for Apple's push service, or after its end, nothing enrols (troubleshoot-ios-enrollment-
    errors, NoEnrollmentPolicy)."""
    held = tenant.devices.push_certificate
    if held is None or held.expires <= tenant.now():
        sentence = "No enrolment policy was found: the certificate for Apple's push service is missing or has expired."
        raise registration.DeviceRefused("NoEnrollmentPolicy", sentence)


def install_company_portal(tenant: tenants.Tenant, device_token: str) -> None:
    """Intune sends Company Portal to a device that just enrolled, with a licence; raises `DeviceRefused`.

    "apple_account" is the App Store asking for one, because the profile names no volume purchase token; "app_missing"
    may pass once the token is in order again.
    """
    managed = mdm.of_token(tenant, device_token)
    _identity, profile = _activated(tenant, managed.serial)
    if not (profile.company_portal or profile.company_portal_required):
        return
    if profile.vpp_token_id is None:
        raise registration.DeviceRefused("apple_account", "The App Store asks for an Apple Account.")
    hindered = company_portal.hindrance(tenant, profile, managed.serial)
    if hindered:
        raise registration.DeviceRefused("app_missing", f"Company Portal does not come: {hindered}.")
    company_portal.take_licence(tenant, profile, managed.serial)


def _check_account(tenant: tenants.Tenant, user: records.User) -> None:
    """Company Portal turns away whoever is meant to enrol by their own account (learn.microsoft.com/mem/intune/
    enrollment/automated-device-enrollment-authentication, option 1)."""
    if company_portal_closed(tenant, user):
        sentence = "Your account doesn't support enrolment through the Company Portal app: use its website."
        raise registration.DeviceRefused("account_driven", sentence)


def company_portal_closed(tenant: tenants.Tenant, user: records.User) -> bool:
    """Whether the person's first user enrolment by rank is driven by their account."""
    groups = {apple_records.ALL_USERS, *people.group_ids_of(tenant, user.id)}
    reaching = [one for one in tenant.devices.user_enrolments.values() if groups.intersection(one.group_ids)]
    first = min(reaching, key=lambda one: one.priority, default=None)
    return first is not None and first.kind == "accountDrivenUserEnrollment"


def _check_limit(tenant: tenants.Tenant, user: records.User, serial: str) -> None:
    """Rows of the same device do not count: it enrols in their place."""
    limit = enrolment.in_force(tenant, enrolment.LIMIT, people.group_ids_of(tenant, user.id))
    most = int(limit.properties.get("limit", 15)) if limit else 15
    others = [row for row in managed_devices.of_user(tenant, user.id) if row.serial.lower() != serial.lower()]
    if len(others) >= most:
        raise registration.DeviceRefused("device_limit", "This person has reached the limit of enrolled devices.")


def bind_person(
    tenant: tenants.Tenant, bearer: sign_in.Bearer, device_token: str, hardware: registration.Hardware
) -> device_records.EntraDevice:
    """Company Portal's sign-in: gives the device its person, registers it with Entra. Raises `DeviceRefused`."""
    managed = mdm.of_token(tenant, device_token)
    if managed.user_id and managed.user_id != bearer.user.id:
        raise registration.DeviceRefused("assigned_to_another", "This device belongs to another person.")
    mdm.check_may_enrol(tenant, bearer.user, platform="iosRestriction", hardware=hardware)
    if not managed.user_id:
        _check_account(tenant, bearer.user)
        _check_limit(tenant, bearer.user, managed.serial)
    system = managed.operating_system
    device = registration.register_phone(tenant, bearer, hardware, system="iPad" if system == "iPadOS" else "iPhone")
    mdm.set_person(managed, bearer.user)
    managed.enrolled_by = managed.enrolled_by or bearer.user.upn
    managed.entra_device_id, managed.entra_registered = device.device_id, True
    managed.registration_state, managed.join_type = "registered", "azureADRegistered"
    managed.last_sync = tenant.now()
    device.is_managed, device.enrollment_profile_name = True, managed.enrollment_profile_name
    mdm.later(tenant, "compliant", managed, mdm.COMPLIANT_AFTER_SECONDS)
    return device
