"""Conditional Access as it bites a person who holds nothing but a pass: policies, demands, and a journey's sign-ins.

Only what is certain counts as certain: where a person will sit, what a filter makes of a device that does not exist
yet and whose phone it will be cannot be known beforehand. Policies that look at risk, at device codes or at apps'
own identities do not bite an ordinary sign-in and are passed over; so are directory roles, whose holders get no pass.
learn.microsoft.com/graph/api/resources/conditionalaccesspolicy
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from agent.domain.devices import AppleSignIn, DeviceKind
from agent.domain.people import Person, PersonKind
from agent.domain.profiles import Milestone, Profile

ALL = "All"
ALL_TRUSTED = "AllTrusted"
GUESTS = "GuestsOrExternalUsers"
REGISTER_SECURITY_INFO = "urn:user:registersecurityinfo"

#: Resources that a journey signs in to (learn.microsoft.com/entra/identity/conditional-access).
DEVICE_REGISTRATION = "01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9"
INTUNE_ENROLMENT = "d4ebce55-015a-49b5-a083-c84d1797ae8c"
MY_SIGN_INS = "19db86c3-b2b9-44cc-b339-36da233a3be2"

#: Controls that a pass does not satisfy, by what they ask for.
_DEVICE_STATES = frozenset({"compliantDevice", "domainJoinedDevice"})
_APPS = frozenset({"approvedApplication", "compliantApplication"})
_NEGATIVE = re.compile(r"-(?:ne|notin|notcontains|notstartswith|notendswith)\b", re.IGNORECASE)
_POSITIVE = re.compile(r"-(?:eq|in|contains|startswith|endswith)\b", re.IGNORECASE)


class Demand(StrEnum):
    """What a policy still wants of somebody who signed in with a pass, the worst first."""

    BLOCK = "block"
    STRENGTH = "strength"
    TERMS = "terms"
    OTHER_PROVIDER = "other_provider"
    DEVICE = "device"
    APP = "app"
    UNKNOWN = "unknown"


class Certainty(IntEnum):
    """Whether a policy's conditions will hold at a sign-in."""

    NEVER = 0
    PERHAPS = 1
    ALWAYS = 2


@dataclass(frozen=True, slots=True)
class Strength:
    """An authentication strength: its name, and the combinations of ways that satisfy it, in Graph's words.

    learn.microsoft.com/graph/api/resources/authenticationstrengthpolicy
    """

    name: str
    combinations: frozenset[str]

    def takes_pass(self, *, one_time: bool) -> bool:
        """Whether a Temporary Access Pass alone satisfies it."""
        return ("temporaryAccessPassOneTime" if one_time else "temporaryAccessPassMultiUse") in self.combinations


@dataclass(frozen=True, slots=True)
class Who:
    """Whom a policy names: ids of people and groups, or its words for everybody and for guests."""

    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    guests: frozenset[str] = frozenset()

    def holds(self, person: Person, groups: frozenset[str]) -> bool:
        """Whether it names this person, who is in `groups` of those that policies name."""
        guest = person.kind is PersonKind.INTERNAL_GUEST
        by_name = {ALL, person.id, *({GUESTS} if guest else set())} & self.users
        return bool(by_name or self.groups & groups or (guest and "internalGuest" in self.guests))


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """One enabled policy. Lists are in Graph's words; ids in lower case; `filter_mode` include, exclude or empty.

    `apart` says that it looks at risk, at device codes or at apps' own identities, which no journey brings about.
    """

    id: str
    name: str
    include: Who = Who(frozenset({ALL}))
    exclude: Who = Who()
    resources: frozenset[str] = frozenset({ALL})
    without: frozenset[str] = frozenset()
    actions: frozenset[str] = frozenset()
    clients: frozenset[str] = frozenset({"all"})
    places: frozenset[str] = frozenset()
    without_places: frozenset[str] = frozenset()
    systems: frozenset[str] = frozenset()
    without_systems: frozenset[str] = frozenset()
    filter_mode: str = ""
    filter_rule: str = ""
    controls: frozenset[str] = frozenset()
    strength: Strength | None = None
    terms_of_use: bool = False
    other_providers: bool = False
    every_control: bool = False
    apart: bool = False


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A named location; only places of addresses can be trusted."""

    id: str
    name: str
    trusted: bool


@dataclass(frozen=True, slots=True)
class SignInAt:
    """One sign-in of a journey: `what` in words, where it goes, and what the tenant sees of the device.

    `system` is a platform in Graph's words, empty where it is the person's choice; `registered` says that the device
    has an object in Entra by then; `enrols` that it is on its way into management.
    """

    what: str
    resources: frozenset[str]
    actions: frozenset[str] = frozenset()
    system: str = ""
    registered: bool = False
    browser: bool = False

    @property
    def enrols(self) -> bool:
        """Whether this sign-in is the one that enrols the device."""
        return INTUNE_ENROLMENT in self.resources


def sign_ins(profile: Profile) -> tuple[SignInAt, ...]:
    """The sign-ins of a journey in the order in which they come."""
    if profile.device is DeviceKind.WINDOWS:
        return _windows(enrols=Milestone.USER_BOUND in profile.done)
    if profile.device is DeviceKind.APPLE:
        return _apple(profile)
    action = frozenset({REGISTER_SECURITY_INFO})
    if Milestone.AUTHENTICATOR_SET_UP in profile.done:
        return (SignInAt("adding the account to Authenticator", frozenset({DEVICE_REGISTRATION, MY_SIGN_INS}), action),)
    return (SignInAt("My Security Info", frozenset({MY_SIGN_INS}), action, browser=True),)


def _windows(*, enrols: bool) -> tuple[SignInAt, ...]:
    join, enrol = frozenset({DEVICE_REGISTRATION}), frozenset({INTUNE_ENROLMENT})
    first = (
        SignInAt("the sign-in at first run", join, system="windows"),
        SignInAt("enrolment", enrol, system="windows", registered=True),
    )
    return (
        *(first if enrols else ()),
        SignInAt("the lock screen and Windows Hello", join, system="windows", registered=True),
    )


def _apple(profile: Profile) -> tuple[SignInAt, ...]:
    mac = Milestone.PLATFORM_CREDENTIAL_SET_UP in profile.done
    system, enrol = ("macOS" if mac else "iOS"), frozenset({INTUNE_ENROLMENT})
    assistant = profile.apple_sign_in is AppleSignIn.SETUP_ASSISTANT
    found = [SignInAt("Setup Assistant", enrol, system=system)] if assistant else []
    if mac:
        register = frozenset({DEVICE_REGISTRATION})
        return (*found, SignInAt("Platform SSO", register, system=system, registered=True))
    authenticator = frozenset({DEVICE_REGISTRATION, MY_SIGN_INS})
    return (
        *found,
        SignInAt("Company Portal", enrol, system=system),
        SignInAt("Authenticator", authenticator, frozenset({REGISTER_SECURITY_INFO}), system, registered=True),
    )


def targets(policy: AccessPolicy, sign_in: SignInAt) -> bool:
    """Whether the policy is about where this sign-in goes, or about what it is for."""
    if policy.actions & sign_in.actions:
        return True
    left = sign_in.resources - policy.without
    return bool(left) and (ALL in policy.resources or bool(left & policy.resources))


@dataclass(frozen=True, slots=True)
class Holds:
    """Whether conditions hold, and the first that cannot be known: `place`, `system` or `filter`."""

    certainty: Certainty
    doubt: str = ""


def conditions(policy: AccessPolicy, sign_in: SignInAt, *, trusted: bool) -> Holds:
    """Whether a policy's conditions will hold at a sign-in; `trusted`: whether there is a trusted place at all."""
    if policy.apart or not {"all", "browser" if sign_in.browser else "mobileAppsAndDesktopClients"} & policy.clients:
        return Holds(Certainty.NEVER)
    found = {
        "place": _place(policy, trusted=trusted),
        "system": _system(policy, sign_in),
        "filter": _filter(policy, sign_in),
    }
    if Certainty.NEVER in found.values():
        return Holds(Certainty.NEVER)
    doubts = [name for name, certainty in found.items() if certainty is Certainty.PERHAPS]
    return Holds(Certainty.PERHAPS, doubts[0]) if doubts else Holds(Certainty.ALWAYS)


def _place(policy: AccessPolicy, *, trusted: bool) -> Certainty:
    left_out = policy.without_places if trusted else policy.without_places - {ALL_TRUSTED}
    included = policy.places if trusted else policy.places - {ALL_TRUSTED}
    if policy.places and not included:
        return Certainty.NEVER
    if ALL in left_out:
        return Certainty.NEVER
    everywhere = not policy.places or ALL in included
    return Certainty.ALWAYS if everywhere and not left_out else Certainty.PERHAPS


def _system(policy: AccessPolicy, sign_in: SignInAt) -> Certainty:
    wanted = policy.systems - {"all"} if "all" not in policy.systems else frozenset[str]()
    if not wanted and not policy.without_systems:
        return Certainty.ALWAYS
    if not sign_in.system:
        return Certainty.PERHAPS
    out = sign_in.system in policy.without_systems or bool(wanted and sign_in.system not in wanted)
    return Certainty.NEVER if out else Certainty.ALWAYS


def _filter(policy: AccessPolicy, sign_in: SignInAt) -> Certainty:
    """Of a device without an object every attribute is null: what wants a value does not fit, what forbids one does.

    learn.microsoft.com/entra/identity/conditional-access/concept-condition-filters-for-devices
    """
    if not policy.filter_mode:
        return Certainty.ALWAYS
    positive, negative = bool(_POSITIVE.search(policy.filter_rule)), bool(_NEGATIVE.search(policy.filter_rule))
    if sign_in.registered or positive == negative:
        return Certainty.PERHAPS
    return Certainty.ALWAYS if negative is (policy.filter_mode == "include") else Certainty.NEVER


def demands(policy: AccessPolicy, sign_in: SignInAt, *, one_time: bool) -> tuple[Demand, ...]:
    """What the policy wants beyond a pass at this sign-in, the worst first; empty where the pass is enough."""
    wanted = {control: _of_control(control, sign_in) for control in policy.controls}
    if policy.strength is not None:
        wanted["strength"] = None if policy.strength.takes_pass(one_time=one_time) else Demand.STRENGTH
    if policy.terms_of_use:
        wanted["terms"] = Demand.TERMS if sign_in.enrols else None
    if policy.other_providers:
        wanted["other"] = Demand.OTHER_PROVIDER
    left = {demand for demand in wanted.values() if demand is not None}
    if not policy.every_control and None in wanted.values():
        return ()
    return tuple(demand for demand in Demand if demand in left)


def _of_control(control: str, sign_in: SignInAt) -> Demand | None:
    if control == "mfa":
        return None
    if control == "block":
        return Demand.BLOCK
    if control in _DEVICE_STATES:
        # Registering a device does not wait for the state of a device.
        return None if sign_in.resources <= {DEVICE_REGISTRATION} else Demand.DEVICE
    return Demand.APP if control in _APPS else Demand.UNKNOWN
