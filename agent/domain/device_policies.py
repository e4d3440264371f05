"""What Intune and Entra decide about a PC before anybody signs in: who may join, what may enrol, which policy reaches.

Values only, as the tenant has them; `rules` says what follows. A policy reaches by the groups of the PC or of the
person, and a group that it leaves out takes away only of its own kind: Intune does not relate one to the other
(learn.microsoft.com/mem/intune/configuration/device-profile-assign).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")


class JoinScope(StrEnum):
    """Who may join devices to Entra (learn.microsoft.com/graph/api/resources/deviceregistrationpolicy)."""

    ALL = "all"
    SELECTED = "selected"
    NOBODY = "nobody"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class JoinRules:
    """Who may join, by object ids in lower case, and how many devices a person may own (None where it is not shown)."""

    scope: JoinScope
    people: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    quota: int | None = None

    def lets_in(self, person_id: str, groups: Collection[str]) -> bool:
        """Whether a member of `groups` may join; a scope that is not known forbids nothing."""
        if self.scope is JoinScope.SELECTED:
            return person_id in self.people or not self.groups.isdisjoint(groups)
        return self.scope is not JoinScope.NOBODY


class Everything(StrEnum):
    """A target of an assignment that is no group."""

    PEOPLE = "all users"
    DEVICES = "all devices"


@dataclass(frozen=True, slots=True)
class Target:
    """One target of a policy: a group (`group`, lower case) or everything of a kind, included or left out.

    `filtered` says that an assignment filter narrows it, which nobody here can evaluate.
    """

    group: str = ""
    everything: Everything | None = None
    left_out: bool = False
    filtered: bool = False


class Reach(StrEnum):
    """How a policy comes to a PC: with the device, later with the person's first session, perhaps, or not at all."""

    BY_DEVICE = "device"
    BY_PERSON = "person"
    PERHAPS = "perhaps"
    NOT = "not"


@dataclass(frozen=True, slots=True)
class DevicePolicy:
    """A policy for Windows as far as it matters here; None where it says nothing of a setting."""

    name: str
    targets: tuple[Target, ...]
    hello: bool | None = None
    needs_tpm: bool | None = None
    web_sign_in: bool | None = None

    @property
    def named_groups(self) -> frozenset[str]:
        """The groups among its targets."""
        return frozenset(target.group for target in self.targets if target.group)

    def reach(self, person_groups: Collection[str], device_groups: Collection[str]) -> Reach:
        """How it comes to a person of these groups on a PC of these."""
        return reach(self.targets, person_groups, device_groups)


def reach(targets: Iterable[Target], person_groups: Collection[str], device_groups: Collection[str]) -> Reach:
    """How what has these targets comes to a person of these groups on a device of these."""
    known = tuple(targets)
    by_device = _included(known, Everything.DEVICES, device_groups)
    by_person = _included(known, Everything.PEOPLE, person_groups)
    if by_device is True:
        return Reach.BY_DEVICE
    if by_person is True:
        return Reach.BY_PERSON
    return Reach.PERHAPS if by_device is None or by_person is None else Reach.NOT


def _included(targets: Iterable[Target], everything: Everything, groups: Collection[str]) -> bool | None:
    """True, False, or None where a filter decides."""
    met = [target for target in targets if target.everything is everything or target.group in groups]
    if any(target.left_out for target in met) or not met:
        return False
    return None if all(target.filtered for target in met) else True


@dataclass(frozen=True, slots=True)
class Ranked:
    """An enrolment configuration's name, its rank (0: the default, for everybody; else 1 counts first) and groups."""

    name: str
    rank: int
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Restriction:
    """Which devices of one platform may enrol for the people of `of` (deviceEnrollmentPlatformRestriction)."""

    of: Ranked
    blocked: bool = False
    personal_blocked: bool = False
    oldest: str = ""
    newest: str = ""


@dataclass(frozen=True, slots=True)
class DeviceLimit:
    """How many devices each person of `of` may have in Intune; Autopilot does not count them, Apple's programme does.

    learn.microsoft.com/mem/intune/device-enrollment/limits-intune-entra
    """

    of: Ranked
    most: int


@dataclass(frozen=True, slots=True)
class StatusPageRule:
    """An enrolment status page: for the people or PCs of `of`; whether it installs quality updates, and restarts."""

    of: Ranked
    quality_updates: bool = False


@dataclass(frozen=True, slots=True)
class TenantHello:
    """The tenant-wide setting for Windows Hello: its state in Graph's words, and whether it demands a TPM."""

    state: str = "notConfigured"
    needs_tpm: bool = True


@dataclass(frozen=True, slots=True)
class EnrolmentRules:
    """The enrolment configurations that matter here; `hello` is None where there is none at all.

    `restrictions` are those for Windows, `ios` and `mac_os` those of Apple's platforms.

    learn.microsoft.com/graph/api/resources/intune-onboarding-deviceenrollmentconfiguration
    """

    restrictions: tuple[Restriction, ...] = ()
    pages: tuple[StatusPageRule, ...] = ()
    hello: TenantHello | None = None
    ios: tuple[Restriction, ...] = ()
    mac_os: tuple[Restriction, ...] = ()
    limits: tuple[DeviceLimit, ...] = ()

    @property
    def named_groups(self) -> frozenset[str]:
        """The groups that any of them is assigned to."""
        restrictions = (*self.restrictions, *self.ios, *self.mac_os)
        of_whom = (
            [rule.of for rule in restrictions] + [rule.of for rule in self.limits] + [page.of for page in self.pages]
        )
        return frozenset(group for ranked in of_whom for group in ranked.groups)

    def restriction(self, groups: Collection[str]) -> Restriction | None:
        """The one in force for a person of these groups."""
        return _first([(rule.of, rule) for rule in self.restrictions], groups)

    def for_apple(self, groups: Collection[str], *, mac: bool) -> Restriction | None:
        """The one in force for a person of these groups and a Mac, or an iPhone or iPad."""
        return _first([(rule.of, rule) for rule in (self.mac_os if mac else self.ios)], groups)

    def limit(self, groups: Collection[str]) -> DeviceLimit | None:
        """How many devices a person of these groups may have in Intune."""
        return _first([(rule.of, rule) for rule in self.limits], groups)

    def page(self, groups: Collection[str]) -> StatusPageRule | None:
        """The status page in force for a person and a PC that together are in these groups."""
        return _first([(page.of, page) for page in self.pages], groups)


def _first(held: Iterable[tuple[Ranked, T]], groups: Collection[str]) -> T | None:
    """The one of highest rank that reaches; the default comes last."""
    reaching = [(of.rank or 10**9, one) for of, one in held if not of.rank or not of.groups.isdisjoint(groups)]
    return min(reaching, key=lambda pair: pair[0])[1] if reaching else None


#: Plans that let a person enrol devices in Intune; MDM for Office 365 (INTUNE_O365) is another product.
#: learn.microsoft.com/entra/identity/users/licensing-service-plan-reference
INTUNE_PLANS = frozenset({"INTUNE_A", "INTUNE_EDU", "INTUNE_SMBIZ"})

#: Windows 11 22H2 with KB5030310, the oldest that has web sign-in
#: (learn.microsoft.com/windows/security/identity-protection/web-sign-in).
WEB_SIGN_IN_SINCE = (10, 0, 22621, 2361)


def version(text: str) -> tuple[int, ...]:
    """The numbers of a Windows version such as 10.0.22621.1848; empty where there are none."""
    return tuple(int(part) for part in text.split(".") if part.isdigit())
