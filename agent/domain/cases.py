"""What the judge is given and what it answers: gathered facts, what was asked for, and findings.

Gathering is always for many people and devices at once; a `Case` is one journey's view of those facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from agent.domain import devices, milestones, passes, people
from agent.domain.facts import Fact, Known
from agent.domain.guard_rails import GuardRails, InForce
from agent.domain.journeys import Journey
from agent.domain.profiles import Profile
from agent.domain.scans import Scan
from agent.domain.topics import access as access_topic
from agent.domain.topics import apple as apple_topic
from agent.domain.topics import windows as windows_topic


class Level(StrEnum):
    """How a finding weighs; `not checked` is never shown as ok."""

    OK = "ok"
    WARNING = "warning"
    BLOCKER = "blocker"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about what was found, `who` can mend it, `where`, on what `evidence`, `about` which journey.

    `refuses` marks a finding below blocker that still forbids a pass: a check that must not be skipped. `asks` marks
    one that another human has to say yes to. `link` is the page of an admin centre where it is mended, an https
    address, or empty where none is known.
    """

    code: str
    level: Level
    sentence: str
    who: str = ""
    where: str = ""
    evidence: str = ""
    refuses: bool = False
    about: str = ""
    link: str = ""
    asks: bool = False

    @property
    def forbids(self) -> bool:
        """Whether no pass may be made while this stands."""
        return self.refuses or self.level is Level.BLOCKER


@dataclass(frozen=True, slots=True)
class TenantFacts:
    """What holds for everyone; `skew` is by how many seconds our clock is ahead of the tenant's.

    `organisation` is the tenant's own name where the settings have none and it could be read, else empty. `rail_groups`
    are those that guard rails name, `staff_groups` those whose members hold a role here, `protected_groups` those whose
    members get no pass. The other topics have a part each.
    """

    policy: Fact[passes.PassPolicy]
    status_page: Fact[passes.StatusPage]
    skew: Fact[float]
    organisation: str = ""
    rail_groups: frozenset[str] = frozenset()
    staff_groups: frozenset[str] = frozenset()
    protected_groups: frozenset[str] = frozenset()
    access: access_topic.TenantPart = field(default_factory=access_topic.TenantPart)
    windows: windows_topic.TenantPart = field(default_factory=windows_topic.TenantPart)
    apple: apple_topic.TenantPart = field(default_factory=apple_topic.TenantPart)

    @property
    def named_groups(self) -> frozenset[str]:
        """Ids of the groups of which a person's membership is asked: the policy's and those of every topic."""
        of_policy = self.policy.value.named_groups if isinstance(self.policy, Known) else frozenset[str]()
        return (
            of_policy
            | self.rail_groups
            | self.staff_groups
            | self.protected_groups
            | self.access.named_groups
            | self.windows.named_groups
            | self.apple.named_groups
        )


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """What is known about one person; `asked` is the name as given, `groups` those of the tenant part that hold them.

    `listed` are the passes the tenant shows, `ours` is our open one, `our_slips` the numbers that carry it, `kit` the
    open journeys, `family` those and the ones closed since the first of them was opened, each with its profile. Where
    the person was not found the rest is not checked.
    """

    asked: str
    person: Fact[people.Person | None]
    roles: Fact[tuple[people.HeldRole, ...]]
    methods: Fact[tuple[people.SignInMethod, ...]]
    groups: Fact[frozenset[str]]
    listed: Fact[tuple[passes.TenantPass, ...]]
    ours: passes.Pass | None = None
    our_slips: tuple[str, ...] = ()
    kit: tuple[Journey, ...] = ()
    family: tuple[tuple[Journey, Profile], ...] = ()
    access: access_topic.PersonPart = field(default_factory=access_topic.PersonPart)
    windows: windows_topic.PersonPart = field(default_factory=windows_topic.PersonPart)
    apple: apple_topic.PersonPart = field(default_factory=apple_topic.PersonPart)

    def own_methods(self, now: datetime) -> frozenset[str]:
        """Ids of those of `methods` that this person's own kit explains, tracked or not."""
        methods = self.methods.value if isinstance(self.methods, Known) else ()
        return milestones.own_methods(dict(self.family), methods, now)


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What is known about one scanned serial, looked for under each of the scan's candidates."""

    scan: Scan
    autopilot: Fact[tuple[devices.AutopilotRecord, ...]]
    apple: Fact[tuple[devices.AppleRecord, ...]]
    taken: Journey | None = None
    windows_part: windows_topic.DevicePart = field(default_factory=windows_topic.DevicePart)
    apple_part: apple_topic.DevicePart = field(default_factory=apple_topic.DevicePart)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything gathered for one question: people by name as asked, devices by text as scanned.

    `remembered` says that the tenant part was read for an earlier question.
    """

    tenant: TenantFacts
    people: Mapping[str, PersonFacts]
    devices: Mapping[str, DeviceFacts]
    remembered: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One journey of a kit as asked for: a profile, and the serial as scanned or typed ("" where it has no device)."""

    profile: Profile
    scanned: str = ""

    @property
    def label(self) -> str:
        """How messages name it: `windows-autopilot=5CD1234XYZ`."""
        return f"{self.profile.name}={self.scanned}" if self.scanned else self.profile.name


@dataclass(frozen=True, slots=True)
class Desk:
    """Who asks, and the guard rails around them.

    `by` None is nobody in particular: somebody only looks. `local` is the time at the site, `begun` how many passes the
    operator began in the last hour, `everywhere` the rails of the settings, `real` False on the pretend tenant.
    """

    by: people.Operator | None = None
    local: datetime | None = None
    begun: int = 0
    everywhere: GuardRails = field(default_factory=GuardRails)
    real: bool = False


@dataclass(frozen=True, slots=True)
class KitAsked:
    """What the operator wants for one person: journeys, terms beyond the profile's, and what goes with a recovery.

    `desk_number` is the service desk's; `by_phone` says that the code will be read out by telephone.
    """

    person: str
    items: tuple[Item, ...]
    wish: passes.Wish = field(default_factory=passes.Wish)
    replace: bool = False
    lost_method: str = ""
    proof: str = ""
    stolen: bool = False
    desk_number: str = ""
    by_phone: bool = False
    desk: Desk = field(default_factory=Desk)


@dataclass(frozen=True, slots=True)
class Case:
    """One journey's view of the facts."""

    tenant: TenantFacts
    person: PersonFacts
    device: DeviceFacts | None
    item: Item
    asked: KitAsked
    now: datetime

    @property
    def profile(self) -> Profile:
        """The profile in question."""
        return self.item.profile

    @property
    def rails(self) -> InForce:
        """The guard rails of the settings and of the profile."""
        return InForce(self.asked.desk.everywhere, self.profile.guard_rails)

    @property
    def known_person(self) -> people.Person | None:
        """The person, or None where there is nobody of that name or nobody could look."""
        return self.person.person.value if isinstance(self.person.person, Known) else None

    @property
    def pc(self) -> devices.AutopilotRecord | None:
        """The one PC that is meant, where its profile has a person sign in to Microsoft Entra; else None."""
        found = self.autopilot.value if self.autopilot else ()
        fits = len(found) == 1 and found[0].join is not devices.Join.HYBRID and not found[0].shared
        return found[0] if fits and self.profile.device is devices.DeviceKind.WINDOWS else None

    @property
    def device_under_way(self) -> bool:
        """Whether a journey of this person with this device is open: then what is there may be its own doing."""
        serials = {record.serial.upper() for look in (self.autopilot, self.apple) if look for record in look.value}
        return any(journey.serial.upper() in serials for journey in self.person.kit if journey.serial)

    @property
    def autopilot(self) -> Known[tuple[devices.AutopilotRecord, ...]] | None:
        """The look at Windows Autopilot, or None where there was none."""
        return self.device.autopilot if self.device and isinstance(self.device.autopilot, Known) else None

    @property
    def apple(self) -> Known[tuple[devices.AppleRecord, ...]] | None:
        """The look at Apple's enrolment, or None where there was none."""
        return self.device.apple if self.device and isinstance(self.device.apple, Known) else None


#: What a rule is: everything that it finds in one case, nothing where all is well.
Rule: TypeAlias = Callable[[Case], Iterable[Finding]]
