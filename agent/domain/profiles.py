"""A profile: the journey kind, the terms of its pass, its slip and what counts as done.

Files in `provisioning_profiles/` are read by `agent.profile_files`; the rules that a file cannot break live here,
so that every reader is bound by them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from agent.domain import guard_rails, second_facts
from agent.domain.devices import AppleSignIn, DeviceKind
from agent.domain.guard_rails import GuardRails
from agent.domain.people import MethodKind
from agent.domain.second_facts import SecondFact


class Milestone(StrEnum):
    """Something that was seen to have happened; a journey holds a set of them, in any order."""

    REGISTERED = "registered"
    PROFILE_READY = "profile_ready"
    SIGNED_IN = "signed_in"
    JOINED = "joined"
    ENROLLED = "enrolled"
    USER_BOUND = "user_bound"
    ENTRA_REGISTERED = "entra_registered"
    HELLO_SET_UP = "hello_set_up"
    PASSKEY_SET_UP = "passkey_set_up"
    AUTHENTICATOR_SET_UP = "authenticator_set_up"
    PLATFORM_CREDENTIAL_SET_UP = "platform_credential_set_up"
    STRONG_METHOD_SET_UP = "strong_method_set_up"
    OLD_METHOD_GONE = "old_method_gone"
    SESSIONS_REVOKED = "sessions_revoked"
    CREDENTIAL_USED = "credential_used"
    PASS_GONE = "pass_gone"  # noqa: S105  a milestone's name
    COMPLIANT = "compliant"


class SecondTime(StrEnum):
    """How a code that is needed twice is at hand the second time."""

    KEPT_SLIP = "kept_slip"
    HOLD = "hold"
    SECOND_CLAIM = "second_claim"
    NONE = "none"


class Notice(StrEnum):
    """Who is told by mail that a pass was made: nobody, or the person's manager as the directory names them."""

    NONE = "none"
    MANAGER = "manager"


class Quantity(StrEnum):
    """A number of minutes that a tenant decides, not a profile."""

    STATUS_PAGE_TIMEOUT = "enrolment_status_page_timeout"
    POLICY_MINIMUM = "policy_minimum"


class Condition(StrEnum):
    """When a part of the lifetime counts at all."""

    ALWAYS = "always"
    QUALITY_UPDATES = "quality_updates"


Minutes: TypeAlias = int | Quantity


@dataclass(frozen=True, slots=True)
class LifetimePart:
    """A summand of the lifetime: so many `minutes`, what it is `needed_for`, and `when` it counts."""

    minutes: Minutes
    needed_for: str
    when: Condition = Condition.ALWAYS


@dataclass(frozen=True, slots=True)
class TermsRule:
    """The pass that a profile asks for: the lifetime is the sum of its parts, never less than the policy's minimum.

    `warn_over` minutes: above it the judge warns (a long pass for a short errand).
    """

    one_time: bool
    lifetime: tuple[LifetimePart, ...]
    warn_over: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered instruction on the slip; `use` marks where the user name or the code is typed."""

    text: str
    use: str = ""


@dataclass(frozen=True, slots=True)
class SlipText:
    """What the paper of this journey says: its heading, numbered steps and until which step it is kept."""

    heading: str
    keep_until_step: int
    steps: tuple[Step, ...]
    start_page: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """One journey kind, complete.

    `device` says where the serial is known (NONE: no device). `sign_ins` is how often the code is typed. `registers`
    are the kinds of method this journey may add: any other that appears is unexpected. `done` is the set of milestones
    that end it. `apple_sign_in` is the enrolment profile it fits. `prepared` says that a technician has set the PC up
    before its person signs in. `proof_gathered` is False while Tapslip cannot yet read the evidence: such a profile is
    shipped and refused as not checked when used; `proof_missing` says what. `stuck_after` minutes without anything new,
    somebody has to look. `notice` is who is told of a pass by mail. `second_facts` are all needed, beside the paper,
    before a ticket for this journey is claimed.
    """

    name: str
    title: str
    device: DeviceKind
    terms: TermsRule
    second_time: SecondTime
    sign_ins: int
    done: frozenset[Milestone]
    registers: frozenset[MethodKind]
    slip: SlipText
    guard_rails: GuardRails = field(default_factory=GuardRails)
    apple_sign_in: AppleSignIn | None = None
    single_app_mode: bool = False
    prepared: bool = False
    proof_missing: str = ""
    stuck_after: int = 90
    notice: Notice = Notice.NONE
    second_facts: tuple[SecondFact, ...] = (SecondFact.TECHNICIAN,)
    digest: str = ""

    @property
    def enrols(self) -> bool:
        """Whether this journey joins a PC and puts it under management, rather than finding it so."""
        return self.device is DeviceKind.WINDOWS and Milestone.USER_BOUND in self.done

    @property
    def wants_hello(self) -> bool:
        """Whether it ends with Windows Hello."""
        return Milestone.HELLO_SET_UP in self.done

    def __post_init__(self) -> None:
        faults = contradictions(self)
        if faults:
            raise ValueError("; ".join(sentence for _, sentence in faults))


def contradictions(profile: Profile) -> tuple[tuple[str, str], ...]:
    """(key, sentence) for each way in which a profile contradicts itself; empty when it does not."""
    found: list[tuple[str, str]] = []
    if profile.terms.one_time and profile.sign_ins > 1:
        found.append(("terms.one_time", f"a one-time pass cannot serve {profile.sign_ins} sign-ins"))
    if profile.sign_ins > 1 and profile.second_time is SecondTime.NONE:
        found.append(("second_time", "the code is needed twice, so say how it is at hand the second time"))
    if profile.sign_ins == 1 and profile.second_time is not SecondTime.NONE:
        found.append(("second_time", "the code is needed once, so nothing may be at hand a second time"))
    if not profile.terms.lifetime:
        found.append(("terms.lifetime", "name at least one part, such as {minutes: 60, needed_for: set-up}"))
    if not profile.done:
        found.append(("done", "name the milestones that end this journey"))
    if not 1 <= profile.slip.keep_until_step <= len(profile.slip.steps):
        found.append(("slip.keep_until_step", f"must be a step from 1 to {len(profile.slip.steps)}"))
    if profile.device is DeviceKind.APPLE and profile.apple_sign_in is None:
        found.append(("apple_sign_in", "an Apple journey must say where the person signs in"))
    if profile.device is not DeviceKind.APPLE and (profile.apple_sign_in or profile.single_app_mode):
        found.append(("apple_sign_in", "only an Apple journey has an Apple sign-in"))
    found += [("second_facts", sentence) for sentence in second_facts.contradictions(profile.second_facts)]
    found += [(f"guard_rails.{key}", sentence) for key, sentence in guard_rails.contradictions(profile.guard_rails)]
    if Milestone.OLD_METHOD_GONE in profile.done and not profile.guard_rails.names_lost_method:
        found.append(("guard_rails.names_lost_method", "a journey that ends with the old method gone must name it"))
    return tuple(found)
