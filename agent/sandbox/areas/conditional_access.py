"""Conditional Access: which enabled policies cover a sign-in, and which of their demands what was proven leaves open.

A Temporary Access Pass is MFA and the strength of that name, neither the passwordless nor the phishing-resistant one;
a strength of the tenant's own takes it where it names it
(learn.microsoft.com/entra/identity/authentication/concept-authentication-strengths). A policy's apps are resources,
not clients. Policies that look at risk cover nobody here: nobody is at risk; report-only ones cover nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from agent.sandbox import access_records, device_records, sign_in_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import device_filters, entra_devices, microsoft_apps, people, places, strengths

ALL = "All"
REGISTER_SECURITY_INFO = "urn:user:registersecurityinfo"
_GRAPH = "00000003-0000-0000-c000-000000000000"

_MODES = {
    "pwd": "password",
    "whfb": "windowsHelloForBusiness",
    "platform": "windowsHelloForBusiness",
    "fido": "fido2",
    "phoneapp": "deviceBasedPush",
}
"""What a proof is called in a strength; a platform credential goes with Windows Hello
(learn.microsoft.com/entra/identity/authentication/concept-authentication-strengths)."""

_SYSTEMS = {"Windows": "windows", "iOS": "iOS", "iPadOS": "iOS", "MacOs": "macOS", "Android": "android"}
_REGISTERS = frozenset({microsoft_apps.MY_SIGN_INS.id, microsoft_apps.AUTHENTICATOR.id})
"""Apps whose sign-in is for registering security info; Windows Hello's and Platform SSO's count only by the switch."""

_DEVICE_STATES = frozenset({"compliantDevice", "domainJoinedDevice"})
CURED_BY_MFA = frozenset({"mfa", "mfa_strength"})
"""Grants that a second factor besides satisfies."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One sign-in as policies see it: whose, at which resources, for which action, from where and on what.

    `system` is a platform in Graph's words, "" where it cannot be told; `device` is None unless it is registered.
    """

    user_id: str
    resources: frozenset[str]
    actions: frozenset[str] = frozenset()
    address: str = ""
    system: str = ""
    device: device_records.EntraDevice | None = None
    browser: bool = False


def of_flow(tenant: tenants.Tenant, flow: sign_in_records.Flow) -> Scene:
    """What a flow's sign-in looks like, once its person is known."""
    parameters, app = flow.parameters, flow.client_id
    resource = parameters.get("scope", "").split("/", 1)[0]
    named = resource if resource in microsoft_apps.RESOURCE_NAMES else _GRAPH
    own = microsoft_apps.MY_SIGN_INS.id if app in _REGISTERS else named
    device_id = parameters.get("device_id")
    return Scene(
        flow.user_id or "",
        frozenset({own if app == microsoft_apps.MY_SIGN_INS.id else named, own}),
        frozenset({REGISTER_SECURITY_INFO}) if app in _REGISTERS else frozenset(),
        parameters.get("network_address", ""),
        _SYSTEMS.get(parameters.get("device_os", ""), ""),
        entra_devices.find_by_device_id(tenant, device_id) if device_id else None,
        browser=app == microsoft_apps.MY_SIGN_INS.id or app in tenant.directory.registrations,
    )


def of_security_info(session: sign_in_records.Session, address: str) -> Scene:
    """My Security Info in a browser that is signed in already."""
    here = frozenset({microsoft_apps.MY_SIGN_INS.id})
    return Scene(session.user_id, here, frozenset({REGISTER_SECURITY_INFO}), address, browser=True)


def of_renewal(tenant: tenants.Tenant, session: sign_in_records.Session, resource: str) -> Scene:
    """Tokens of another resource for a session that lives."""
    device = entra_devices.find_by_device_id(tenant, session.device_id) if session.device_id else None
    named = resource if resource in microsoft_apps.RESOURCE_NAMES else _GRAPH
    system = _SYSTEMS.get(session.system, "")
    return Scene(session.user_id, frozenset({named}), address=session.address, system=system, device=device)


def covering(tenant: tenants.Tenant, scene: Scene) -> tuple[access_records.ConditionalAccessPolicy, ...]:
    """The enabled policies that cover this sign-in."""
    groups = people.group_ids_of(tenant, scene.user_id)
    policies = tenant.credentials.conditional_access.values()
    return tuple(
        policy
        for policy in policies
        if policy.state == "enabled"
        and not policy.risks
        and _covers_person(policy, scene.user_id, groups)
        and _covers_target(policy, scene)
        and _covers_place(tenant, policy, scene)
        and _covers_device(policy, scene)
    )


def _covers_person(policy: access_records.ConditionalAccessPolicy, user_id: str, groups: frozenset[str]) -> bool:
    if user_id in policy.exclude_users or groups.intersection(policy.exclude_groups):
        return False
    included = {ALL, user_id} & set(policy.include_users)
    return bool(included or groups.intersection(policy.include_groups))


def _covers_target(policy: access_records.ConditionalAccessPolicy, scene: Scene) -> bool:
    if scene.actions.intersection(policy.actions):
        return True
    resources = scene.resources - set(policy.exclude_apps)
    return bool(resources) and (ALL in policy.apps or bool(resources.intersection(policy.apps)))


def _covers_place(tenant: tenants.Tenant, policy: access_records.ConditionalAccessPolicy, scene: Scene) -> bool:
    if policy.locations and not places.within(tenant, scene.address, policy.locations):
        return False
    return not places.within(tenant, scene.address, policy.exclude_locations)


def _covers_device(policy: access_records.ConditionalAccessPolicy, scene: Scene) -> bool:
    client = "browser" if scene.browser else "mobileAppsAndDesktopClients"
    if not {"all", client} & set(policy.clients):
        return False
    if policy.platforms and not {"all", scene.system} & set(policy.platforms):
        return False
    if scene.system in policy.exclude_platforms:
        return False
    if policy.device_filter is None:
        return True
    mode, rule = policy.device_filter
    return device_filters.fits(rule, scene.device) is (mode == "include")


def modes_of(amr: Collection[str], *, one_time: bool = False) -> frozenset[str]:
    """What a session proved, in the words of strengths; a pass by whether it is `one_time`."""
    modes = {_MODES[proof] for proof in amr if proof in _MODES}
    if "tap" in amr:
        modes.add("temporaryAccessPassOneTime" if one_time else "temporaryAccessPassMultiUse")
    if "pwd" in amr and "mfa" in amr:
        modes.add("microsoftAuthenticatorPush")
    return frozenset(modes)


def unmet(
    tenant: tenants.Tenant,
    policies: Iterable[access_records.ConditionalAccessPolicy],
    modes: Collection[str],
    scene: Scene,
) -> set[str]:
    """The grants that these policies demand and this sign-in does not satisfy, in their own words."""
    found: set[str] = set()
    for policy in policies:
        lacking = {grant for grant in policy.grants if not _met(tenant, grant, modes, scene)}
        if policy.operator == "AND" or len(lacking) == len(policy.grants):
            found |= lacking
    return found


def _met(tenant: tenants.Tenant, grant: str, modes: Collection[str], scene: Scene) -> bool:
    if grant == "mfa":
        return bool(set(modes) - {"password"})
    if grant in _DEVICE_STATES:
        return _is_in_state(tenant, grant, scene)
    if grant.startswith("terms:"):
        # The agreement is shown where a page can be, not while a device enrols.
        # learn.microsoft.com/entra/identity/conditional-access/terms-of-use
        return microsoft_apps.INTUNE_ENROLMENT not in scene.resources
    strength = strengths.of_grant(tenant, grant)
    return strength is not None and strengths.accepts(strength, modes)


def _is_in_state(tenant: tenants.Tenant, grant: str, scene: Scene) -> bool:
    """Registering a device never waits for its state; enrolling it does where the switch says so."""
    enrolling = {microsoft_apps.DEVICE_REGISTRATION}
    if not tenant.options.compliance_blocks_enrolment:
        enrolling.add(microsoft_apps.INTUNE_ENROLMENT)
    if scene.resources <= enrolling:
        return True
    device = scene.device
    if device is None:
        return False
    return device.trust_type == "ServerAd" if grant == "domainJoinedDevice" else bool(device.is_compliant)


def curable(tenant: tenants.Tenant, missing: Iterable[str]) -> set[str]:
    """Those of the grants that a further proof may satisfy: MFA and strengths."""
    return {grant for grant in missing if grant == "mfa" or strengths.of_grant(tenant, grant) is not None}


_NUMBERS = {
    "mfa": 50076,
    "mfa_strength": 50076,
    "compliantDevice": 53000,
    "domainJoinedDevice": 53001,
    "approvedApplication": 53009,
    "compliantApplication": 53009,
}


def number_of(missing: Collection[str]) -> int:
    """The AADSTS number of a page that cannot go on for these grants: a block or a strength says most."""
    outside = ("terms:", "custom:")
    numbers = {50158 if grant.startswith(outside) else _NUMBERS.get(grant, 53003) for grant in missing}
    return 53003 if 53003 in numbers else max(numbers)
