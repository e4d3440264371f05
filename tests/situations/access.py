"""Situations that turn on Conditional Access: strengths, terms of use, devices, places, filters, exceptions."""

from __future__ import annotations

from typing import Any

from agent.sandbox import access_records
from agent.sandbox.areas import conditional_access, microsoft_apps
from agent.sandbox.virtual.fleet import TRUSTED_PC
from tests.situations.people import lost
from tests.situations.seed import DESKTOP, HOME, IPAD, IPHONE, LAPTOP, RECOVERED, RECOVERY
from tests.situations.situation import Situation, fails, works
from tests.world import World

RUTH = "ruth.adeyemi"
CAME_TRUE = "the policy was named, and nobody did anything about it"
OFFICE, HOME_LINE = "203.0.113.10", "198.51.100.4"
SET_UP = ("windowsHelloForBusiness", "deviceBasedPush", "fido2")
OUTSIDE = {"grants": ["block"], "locations": ["All"], "exclude_locations": ["AllTrusted"]}
ACTION = {"apps": [], "actions": [conditional_access.REGISTER_SECURITY_INFO]}
JOINED = ("include", 'device.trustType -eq "AzureAD"')
WITH = {"device_filter": ("exclude", 'device.model -startsWith "ThinkPad"')}
OTHER_MODEL = {"device_filter": ("include", 'device.model -eq "Surface Laptop"')}


def want(w: World, **terms: Any) -> None:
    """One more Conditional Access policy, for everybody and everything unless the terms say otherwise."""
    made = access_records.ConditionalAccessPolicy(w.sandbox.tenant.new_id(), "One more", **terms)
    w.sandbox.tenant.credentials.conditional_access[made.id] = made


def want_own_strength(w: World, *combinations: str) -> None:
    """A policy that wants a strength of the tenant's own."""
    made = access_records.Strength(w.sandbox.tenant.new_id(), "Our own", list(combinations))
    w.sandbox.tenant.credentials.strengths[made.id] = made
    want(w, grants=[f"strength:{made.id}"])


def sitting(w: World, serial: str, address: str, **terms: Any) -> None:
    """A policy, a trusted office, and the device in some network."""
    tenant = w.sandbox.tenant
    office = access_records.NamedLocation(tenant.new_id(), "Harbour House", ["203.0.113.0/24"], trusted=True)
    tenant.credentials.named_locations[office.id] = office
    tenant.devices.boxed[serial].options["address"] = address
    want(w, **terms)


def enrolment_spared(w: World) -> None:
    """A compliant device is wanted everywhere, and enrolment is not held up by that."""
    w.sandbox.tenant.options.compliance_blocks_enrolment = False
    want(w, grants=["compliantDevice"])


def excused(w: World) -> None:
    """The harbour house is left out of the policy that wants MFA, from the days before passes."""
    groups = w.sandbox.tenant.directory.groups.values()
    (policy,) = w.sandbox.tenant.credentials.conditional_access.values()
    policy.exclude_groups = [group.id for group in groups if group.name == "Leith Harbour House"]


def unseen(w: World, **terms: Any) -> None:
    """A policy, and Conditional Access may not be read."""
    want(w, **terms)
    watcher = next(one for one in w.sandbox.tenant.directory.registrations.values() if one.name == "watcher")
    watcher.permissions.add("Policy.Read.AuthenticationMethod")
    w.door("deny", registration="watcher", permission="Policy.Read.All")


STRENGTHS: tuple[Situation, ...] = (
    fails(
        "Everything wants phishing-resistant sign-ins",
        LAPTOP,
        arrange=lambda w: want(w, grants=["phishing_resistant"]),
        ends=("oobe",),
        findings=("blocker access_strength",),
    ),
    fails(
        "Everything wants passwordless sign-ins",
        IPHONE,
        arrange=lambda w: want(w, grants=["passwordless"]),
        ends=("company-portal",),
        findings=("blocker access_strength",),
    ),
    fails(
        "A strength of the tenant's own that takes only one-time passes",
        IPAD,
        arrange=lambda w: want_own_strength(w, "temporaryAccessPassOneTime", "fido2"),
        ends=("remote-management",),
        findings=("blocker access_strength",),
    ),
    works(
        "A strength of the tenant's own that takes passes",
        *(LAPTOP, IPAD),
        arrange=lambda w: want_own_strength(w, "temporaryAccessPassMultiUse", *SET_UP),
        asked=lambda _w: {"lifetime": 200},
        ends=DESKTOP + HOME,
        minutes=200,
    ),
    fails(
        "Registering security info wants phishing-resistant sign-ins, which ends a tablet at Authenticator",
        IPAD,
        arrange=lambda w: want(w, grants=["phishing_resistant"], **ACTION),
        ends=("authenticator",),
        findings=("blocker access_strength",),
    ),
    fails(
        "Registering security info wants phishing-resistant sign-ins, and the phone is lost",
        RECOVERY,
        person=RUTH,
        asked=lost,
        arrange=lambda w: want(w, grants=["phishing_resistant"], **ACTION),
        ends=("private-window",),
        findings=("blocker access_strength", "warning approval_needed"),
    ),
)

DEVICES: tuple[Situation, ...] = (
    fails(
        "Terms of use before a laptop enrols",
        LAPTOP,
        arrange=lambda w: want(w, grants=["terms:house rules"], apps=[microsoft_apps.INTUNE_ENROLMENT]),
        ends=("oobe",),
        findings=("blocker access_terms",),
    ),
    fails(
        "Terms of use before a tablet enrols",
        IPAD,
        arrange=lambda w: want(w, grants=["terms:house rules"]),
        ends=("remote-management",),
        findings=("blocker access_terms",),
    ),
    works(
        "A compliant device is wanted before it is enrolled",
        LAPTOP,
        arrange=lambda w: want(w, grants=["compliantDevice"]),
        ends=("oobe",),
        minutes=190,
        findings=("warning access_device",),
        doubt=CAME_TRUE,
    ),
    works(
        "A compliant device is wanted, and enrolment is spared",
        LAPTOP,
        arrange=enrolment_spared,
        ends=DESKTOP,
        minutes=190,
        findings=("warning access_device",),
    ),
    works(
        "A compliant device or MFA is wanted",
        LAPTOP,
        arrange=lambda w: want(w, grants=["compliantDevice", "mfa"]),
        asked=lambda _w: {"lifetime": 241},
        ends=DESKTOP,
        minutes=241,
    ),
    works(
        "A compliant device is wanted where the phone was lost",
        RECOVERY,
        person=RUTH,
        asked=lost,
        arrange=lambda w: want(w, grants=["compliantDevice"], exclude_apps=[microsoft_apps.INTUNE_ENROLMENT]),
        ends=("private-window",),
        minutes=60,
        findings=("warning access_device", "warning approval_needed"),
        doubt=CAME_TRUE,
    ),
    works(
        "Another provider's check is wanted as well",
        LAPTOP,
        arrange=lambda w: want(w, grants=["mfa", "custom:Other provider"], operator="AND"),
        ends=("oobe",),
        minutes=190,
        findings=("warning access_other_provider",),
        doubt=CAME_TRUE,
    ),
    works(
        "Only protected apps are let in",
        IPAD,
        arrange=lambda w: want(w, grants=["compliantApplication"], platforms=["iOS"]),
        ends=("remote-management",),
        minutes=120,
        findings=("warning access_app",),
        doubt=CAME_TRUE,
    ),
    fails(
        "Everything is blocked but for ThinkPads, which nobody knows before they join",
        LAPTOP,
        arrange=lambda w: want(w, grants=["block"], **WITH),
        ends=("oobe",),
        findings=("blocker access_block", "warning access_by_filter"),
    ),
    works(
        "Joined devices are blocked",
        LAPTOP,
        arrange=lambda w: want(w, grants=["block"], apps=[microsoft_apps.DEVICE_REGISTRATION], device_filter=JOINED),
        ends=("lock-screen",),
        minutes=190,
        findings=("warning access_by_filter",),
        doubt=CAME_TRUE,
    ),
    works(
        "Another model is blocked",
        LAPTOP,
        arrange=lambda w: want(w, grants=["block"], **OTHER_MODEL),
        ends=DESKTOP,
        minutes=190,
        findings=("warning access_by_filter",),
    ),
)

PLACES: tuple[Situation, ...] = (
    fails(
        "Everything is blocked for phones of this make",
        IPHONE,
        arrange=lambda w: want(w, grants=["block"], platforms=["iOS"]),
        ends=("company-portal",),
        findings=("blocker access_block",),
    ),
    fails(
        "Only trusted places are let in, and there is none",
        LAPTOP,
        arrange=lambda w: want(w, **OUTSIDE),
        ends=("oobe",),
        findings=("blocker access_block",),
    ),
    works(
        "Only trusted places are let in, and the laptop is set up in one",
        LAPTOP,
        arrange=lambda w: sitting(w, "PF4TH101", OFFICE, **OUTSIDE),
        ends=DESKTOP,
        minutes=190,
        findings=("warning access_by_place",),
    ),
    works(
        "Only trusted places are let in, and the laptop is set up at home",
        LAPTOP,
        arrange=lambda w: sitting(w, "PF4TH101", HOME_LINE, **OUTSIDE),
        ends=("oobe",),
        minutes=190,
        findings=("warning access_by_place",),
        doubt=CAME_TRUE,
    ),
    works(
        "Security info is registered at trusted places only, and the PC is in one",
        RECOVERY,
        person=RUTH,
        asked=lost,
        arrange=lambda w: sitting(w, TRUSTED_PC, OFFICE, **OUTSIDE, **ACTION),
        ends=RECOVERED,
        minutes=60,
        findings=("warning access_by_place", "warning approval_needed"),
    ),
    works(
        "Security info is registered at trusted places only, and the PC is elsewhere",
        RECOVERY,
        person=RUTH,
        asked=lost,
        arrange=lambda w: sitting(w, TRUSTED_PC, HOME_LINE, **OUTSIDE, **ACTION),
        ends=("private-window",),
        minutes=60,
        findings=("warning access_by_place", "warning approval_needed"),
        doubt=CAME_TRUE,
    ),
)

EXCEPTIONS: tuple[Situation, ...] = (
    works(
        "Somebody still sits in the old exception from MFA",
        LAPTOP,
        arrange=excused,
        ends=DESKTOP,
        minutes=190,
        findings=("warning access_excused",),
    ),
    works(
        "A policy that only reports",
        IPHONE,
        arrange=lambda w: want(w, grants=["block"], state="enabledForReportingButNotEnforced"),
        asked=lambda _w: {"lifetime": 95},
        ends=HOME,
        minutes=95,
    ),
    works(
        "Conditional Access may not be read, and wants nothing more",
        LAPTOP,
        arrange=lambda w: unseen(w, grants=["mfa"]),
        ends=DESKTOP,
        minutes=190,
        findings=("not checked access_not_checked",),
    ),
    works(
        "Conditional Access may not be read, and blocks",
        LAPTOP,
        arrange=lambda w: unseen(w, grants=["block"]),
        ends=("oobe",),
        minutes=190,
        findings=("not checked access_not_checked",),
        doubt="nobody could see the policy",
    ),
)

SITUATIONS = (*STRENGTHS, *DEVICES, *PLACES, *EXCEPTIONS)
