"""Which policies reach a PC and its person, and what they come to: web sign-in, Windows Hello, the MDM user scope.

A policy reaches by device (a group the PC is in, or all devices) or by person (a group of theirs, or all users); a
group that is left out takes away only of its own kind, for Intune does not relate one to the other
(learn.microsoft.com/mem/intune/configuration/device-profile-assign). What a person's policies say arrives with their
first session.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agent.sandbox import device_records, policy_records, records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import enrolment, people

WEB_SIGN_IN = "device_vendor_msft_policy_config_authentication_enablewebsignin"
"""Definition of "Enable Web Sign In"; its options end in _0 (the default), _1 (on) and _2 (off).

learn.microsoft.com/windows/client-management/mdm/policy-csp-authentication#enablewebsignin
"""

WEB_SIGN_IN_URI = "./Device/Vendor/MSFT/Policy/Config/Authentication/EnableWebSignIn"
"""The same setting in a custom profile."""

HELLO = "{kind}_vendor_msft_passportforwork_{{tenantid}}"
"""Definition of the group that Windows Hello's settings stand in, once for devices and once for users.

learn.microsoft.com/windows/client-management/mdm/passportforwork-csp
"""

BY_DEVICE, BY_PERSON = "device", "person"


@dataclass(frozen=True, slots=True)
class Whom:
    """A PC and whoever uses it, by the groups that contain them; `person_id` is empty where nobody does yet."""

    person_id: str
    person_groups: frozenset[str]
    device_groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class Hello:
    """Whether Windows Hello is to be set up, and whether only with a TPM."""

    wanted: bool
    needs_tpm: bool


def whom(tenant: tenants.Tenant, person_id: str, device: device_records.EntraDevice | None) -> Whom:
    """A PC and its person as policies see them."""
    of_person = people.group_ids_of(tenant, person_id) if person_id else frozenset[str]()
    of_device = people.group_ids_of(tenant, device.id) if device else frozenset[str]()
    return Whom(person_id, of_person, of_device)


def reaches(assignments: list[policy_records.Assignment], target: Whom) -> str:
    """`BY_DEVICE` or `BY_PERSON`, or empty: how a policy with these assignments reaches."""
    left_out = {one.target for one in assignments if one.excluded}
    included = {one.target for one in assignments if not one.excluded and one.filter_lets_in is not False}
    by_device = policy_records.ALL_DEVICES in included or bool(included & target.device_groups)
    if by_device and not left_out & target.device_groups:
        return BY_DEVICE
    everybody = records.ALL_USERS in included and bool(target.person_id)
    by_person = everybody or bool(included & target.person_groups)
    return BY_PERSON if by_person and not left_out & target.person_groups else ""


def web_sign_in(tenant: tenants.Tenant, target: Whom) -> str:
    """How web sign-in is switched on: `BY_DEVICE`, `BY_PERSON`, or empty where no policy does, or one forbids it."""
    said = [
        (policy.settings[WEB_SIGN_IN].endswith("_1"), reaches(policy.assignments, target))
        for policy in tenant.devices.configuration_policies.values()
        if policy.settings.get(WEB_SIGN_IN, "").endswith(("_1", "_2"))
    ]
    said += [
        (profile.settings[WEB_SIGN_IN_URI] == 1, reaches(profile.assignments, target))
        for profile in tenant.devices.custom_configurations.values()
        if profile.settings.get(WEB_SIGN_IN_URI) in {1, 2}
    ]
    reached = [(on, how) for on, how in said if how]
    if not reached or not all(on for on, _ in reached):
        return ""
    return BY_DEVICE if any(how == BY_DEVICE for _, how in reached) else BY_PERSON


def hello(tenant: tenants.Tenant, target: Whom) -> Hello:
    """What reaches a PC about Windows Hello: the catalogue's policies, else the tenant-wide setting, else Windows' own.

    Windows offers it on joined PCs unless told otherwise. That the catalogue counts before the tenant-wide setting,
    and that of two that differ the one that forbids wins, is our reading.
    """
    wanted = list(_chosen(tenant, target, "usepassportforwork"))
    needs_tpm = list(_chosen(tenant, target, "requiresecuritydevice"))
    tenant_wide = enrolment.in_force(tenant, enrolment.HELLO, target.person_groups)
    shown = tenant_wide.properties if tenant_wide else {}
    state = shown.get("state", "notConfigured")
    if not wanted:
        wanted = [state != "disabled"]
    if not needs_tpm and state == "enabled":
        needs_tpm = [bool(shown.get("securityDeviceRequired", True))]
    return Hello(all(wanted), any(needs_tpm))


def _chosen(tenant: tenants.Tenant, target: Whom, setting: str) -> Iterator[bool]:
    for profile in tenant.devices.custom_configurations.values():
        blocked = profile.hello_blocked if setting == "usepassportforwork" else None
        if blocked is not None and reaches(profile.assignments, target):
            yield not blocked
    for policy in tenant.devices.configuration_policies.values():
        if not reaches(policy.assignments, target):
            continue
        for kind in ("device", "user"):
            value = policy.settings.get(f"{HELLO.format(kind=kind)}_policies_{setting}")
            if value is not None:
                yield value.endswith("_true")


def enrolled_by(tenant: tenants.Tenant, person_id: str) -> list[policy_records.MobilityPolicy]:
    """The management services that would enrol this person's device by themselves; it should be exactly one."""
    groups = people.group_ids_of(tenant, person_id)
    policies = tenant.devices.mobility_policies.values()
    return [
        policy
        for policy in policies
        if policy.applies_to == "all" or (policy.applies_to == "selected" and groups.intersection(policy.group_ids))
    ]
