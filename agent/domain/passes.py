"""The pass: the tenant's policy, the terms asked for, and the states in which its outcome is known.

    requested -> issuing -> issued | refused | unknown
    issued -> gone                     unknown -> refused | gone

Nothing leaves `refused` or `gone`. One pass per person is open (requested, issuing, issued, unknown) at any time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from agent import errors
from agent.domain.profiles import Condition, LifetimePart, Profile, Quantity
from agent.domain.secrets import PassCode


@dataclass(frozen=True, slots=True)
class PassPolicy:
    """The tenant's Temporary Access Pass policy; times in minutes, `length` in symbols.

    `include` holds group ids, or `all_users`; exclusion wins over inclusion.
    learn.microsoft.com/graph/api/resources/temporaryaccesspassauthenticationmethodconfiguration
    """

    enabled: bool
    include: frozenset[str]
    exclude: frozenset[str]
    minimum: int
    maximum: int
    default: int
    one_time: bool
    length: int

    def covers(self, groups: frozenset[str]) -> bool:
        """Whether a person who is in `groups` (of those the policy names) is in scope."""
        if groups & self.exclude:
            return False
        return "all_users" in self.include or bool(groups & self.include)

    @property
    def named_groups(self) -> frozenset[str]:
        """The group ids whose membership decides scope."""
        return (self.include | self.exclude) - {"all_users"}


@dataclass(frozen=True, slots=True)
class StatusPage:
    """The enrolment status page that the longest-waiting device gets: time-out in minutes, and quality updates.

    learn.microsoft.com/mem/intune/enrollment/windows-enrollment-status
    """

    timeout: int = 60
    quality_updates: bool = False


#: How far ahead a pass may begin to work: as long as a policy lets one live at most. Microsoft documents no limit
#: (learn.microsoft.com/graph/api/authentication-post-temporaryaccesspassmethods).
FURTHEST_START = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked for: `start` None means now; lifetime in minutes, counted from the start."""

    lifetime: int
    one_time: bool
    start: datetime | None = None

    def ends(self, made: datetime) -> datetime:
        """When a pass with these terms, made at `made`, stops working."""
        return (self.start or made) + timedelta(minutes=self.lifetime)


@dataclass(frozen=True, slots=True)
class TenantPass:
    """A pass as the tenant lists it: never with its code. `reason` is Graph's methodUsabilityReason."""

    id: str
    created: datetime | None
    start: datetime
    lifetime: int
    one_time: bool
    usable: bool
    reason: str
    last_used: datetime | None = None

    @property
    def end(self) -> datetime:
        """When it stops working."""
        return self.start + timedelta(minutes=self.lifetime)


@dataclass(frozen=True, slots=True)
class MintedPass:
    """What creation returned, once: the only value in the program that holds a code."""

    tenant_pass: TenantPass
    code: PassCode
    reference: str = ""


class Shown(StrEnum):
    """What became of a screen that showed the code: none did, somebody may still look, somebody noted it."""

    NONE = ""
    OPEN = "open"
    NOTED = "noted"


class PassState(StrEnum):
    """Where a pass of ours stands; see the drawing above."""

    REQUESTED = "requested"
    ISSUING = "issuing"
    ISSUED = "issued"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    GONE = "gone"

    @property
    def open(self) -> bool:
        """Counts against one pass per person."""
        return self in {PassState.REQUESTED, PassState.ISSUING, PassState.ISSUED, PassState.UNKNOWN}


_MOVES = {
    PassState.REQUESTED: {PassState.ISSUING, PassState.REFUSED},
    PassState.ISSUING: {PassState.ISSUED, PassState.REFUSED, PassState.UNKNOWN},
    PassState.ISSUED: {PassState.GONE},
    PassState.UNKNOWN: {PassState.REFUSED, PassState.GONE},
    PassState.REFUSED: set[PassState](),
    PassState.GONE: set[PassState](),
}


@dataclass(frozen=True, slots=True)
class Pass:
    """Our own record of a pass.

    `tenant_id` is Graph's id once known; `others` holds the pass ids that were there just before creation. `by` is the
    operator's name and `by_id` the object id, which alone decides.
    """

    id: str
    person_id: str
    terms: Terms
    state: PassState
    requested_at: datetime
    by: str
    issued_at: datetime | None = None
    ends_at: datetime | None = None
    gone_at: datetime | None = None
    tenant_id: str = ""
    others: tuple[str, ...] = ()
    reason: str = ""
    reference: str = ""
    by_id: str = ""
    shown: Shown = Shown.NONE
    version: int = 0

    def moved(self, state: PassState, **changes: object) -> Pass:
        """This pass in another state; a move that the drawing forbids is a bug of ours (ValueError)."""
        if state not in _MOVES[self.state]:
            raise ValueError(f"a pass cannot go from {self.state} to {state}")
        return replace(self, state=state, **changes)  # type: ignore[arg-type]


#: How late a tenant's list of passes may be.
_LIST_IS_LATE = timedelta(minutes=5)


def over(row: Pass, listed: Collection[str] | None, now: datetime) -> str:
    """Why an issued pass of ours works no more though our record says so, or "" while it may work.

    `listed` are the ids that the tenant lists for its person, None when it could not say. A list may be late by
    minutes, so a pass that is missing counts only when it was made longer ago than that.
    """
    if row.state is not PassState.ISSUED:
        return ""
    if row.ends_at is not None and row.ends_at <= now:
        return "its time was up"
    settled = row.issued_at is not None and row.issued_at + _LIST_IS_LATE <= now
    return "deleted outside Tapslip" if listed is not None and row.tenant_id not in listed and settled else ""


class SlipState(StrEnum):
    """A slip is planned before its pass is asked for, live while its code works, void once nobody may use it.

    It is destroyed once somebody says so.
    """

    PLANNED = "planned"
    LIVE = "live"
    VOID = "void"
    DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True)
class Slip:
    """The record of a paper: who had it made, where it went and whether it still counts. Never its code."""

    number: str
    journey_id: str
    pass_id: str
    state: SlipState
    variant: str
    place: str
    made_at: datetime
    by: str
    version: int = 0


def _minutes(part: LifetimePart, policy: PassPolicy, page: StatusPage) -> int:
    if part.when is Condition.QUALITY_UPDATES and not page.quality_updates:
        return 0
    if part.minutes is Quantity.STATUS_PAGE_TIMEOUT:
        return page.timeout
    if part.minutes is Quantity.POLICY_MINIMUM:
        return policy.minimum
    return int(part.minutes)


def needed_lifetime(profile: Profile, policy: PassPolicy, page: StatusPage) -> int:
    """Minutes the profile needs, never less than the policy's minimum; over its maximum, the judge blocks."""
    return max(policy.minimum, sum(_minutes(part, policy, page) for part in profile.terms.lifetime))


def reached(profile: Profile, policy: PassPolicy, page: StatusPage, lifetime: int) -> str:
    """During which part of the set-up a pass of so many minutes ends when each part takes as long as it may."""
    spent = 0
    for part in profile.terms.lifetime:
        spent += _minutes(part, policy, page)
        if spent > lifetime:
            return part.needed_for
    return profile.terms.lifetime[-1].needed_for


def needs_status_page(profiles: Iterable[Profile]) -> bool:
    """Whether any of the formulas reads the enrolment status page."""
    parts = [part for profile in profiles for part in profile.terms.lifetime]
    return any(part.minutes is Quantity.STATUS_PAGE_TIMEOUT or part.when is not Condition.ALWAYS for part in parts)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the operator asked for beyond the profile: a start (aware) and a lifetime in minutes, or neither."""

    start: datetime | None = None
    lifetime: int | None = None


def kit_need(profiles: Iterable[Profile], policy: PassPolicy, page: StatusPage) -> int:
    """Minutes that the longest of a kit's journeys needs."""
    return max(needed_lifetime(profile, policy, page) for profile in profiles)


def kit_terms(profiles: tuple[Profile, ...], policy: PassPolicy, page: StatusPage, wish: Wish) -> Terms:
    """One pass for the whole kit: multi-use if any journey needs it, the lifetime wished for or else the longest need.

    Raises Refused, with the allowed range, when that lifetime lies outside the policy: it is never clamped, because a
    pass that dies in mid-enrolment strands a person. A wish below `kit_need` is taken as it is; the judge warns of it.
    """
    lifetime = wish.lifetime if wish.lifetime is not None else kit_need(profiles, policy, page)
    allowed = f"The policy allows {policy.minimum} to {policy.maximum} minutes."
    if not policy.minimum <= lifetime <= policy.maximum:
        raise errors.Refused(
            f"A pass of {lifetime} minutes is needed or asked for. {allowed}",
            "Choose a --lifetime inside the range, or have the policy's maximum raised in the Entra admin centre.",
            codes=("lifetime_out_of_range",),
        )
    one_time = all(profile.terms.one_time for profile in profiles)
    if policy.one_time and not one_time:
        raise errors.Refused(
            "The tenant's policy makes every pass one-time, and this kit needs the code more than once.",
            "Have “Require one-time use” switched off in the Temporary Access Pass policy, "
            "or issue for a journey with one sign-in.",
            codes=("one_time_forced",),
        )
    return Terms(lifetime, one_time, wish.start)
