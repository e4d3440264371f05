"""Our audit against the tenant's: each pass that one of them tells of, and what only one of them knows.

The tenant's log comes late and is kept for a month at most, so a row that is missing there proves nothing until some
time has gone by; a pass made by our own app that our audit does not know is an alarm at once.
learn.microsoft.com/entra/identity/monitoring-health/reference-reports-data-retention
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

#: Microsoft promises no number for how late the log is. A working assumption: what has not shown in two hours will not.
LATE = timedelta(hours=2)
#: How far apart two clocks may put the same deed.
SLACK = timedelta(minutes=5)


class Deed(StrEnum):
    """What was done to a pass."""

    MADE = "made"
    DELETED = "deleted"


class Match(StrEnum):
    """How a deed stands in the two logs."""

    BOTH = "both"
    ONLY_OURS = "only ours"
    TOO_RECENT = "only ours so far"
    BY_OUR_APP = "by our app, and not in our audit"
    BY_OPERATOR = "by an operator, and not in our audit"
    BY_OTHERS = "by others"


@dataclass(frozen=True, slots=True)
class Told:
    """A deed as one of the logs tells it: `by` is a name in ours, an app's or a user's id in the tenant's.

    `row` is the number of our row, 0 in the tenant's. `id` is the pass's id in the tenant.
    """

    deed: Deed
    id: str
    at: datetime
    by: str
    person_id: str
    row: int = 0


@dataclass(frozen=True, slots=True)
class Pair:
    """One deed with what each log tells of it."""

    match: Match
    ours: Told | None
    theirs: Told | None

    @property
    def told(self) -> Told:
        """The deed as the tenant tells it, else as we do."""
        told = self.theirs or self.ours
        if told is None:
            raise ValueError("a pair tells of something")
        return told

    @property
    def alarming(self) -> bool:
        """Whether somebody must look at once: our app, or one of us, did what our audit knows nothing of."""
        return self.match in {Match.BY_OUR_APP, Match.BY_OPERATOR}


@dataclass(frozen=True, slots=True)
class Makers:
    """Who acts for us: our app's id in the tenant ("" where it is not known), and the object ids of operators."""

    app: str
    operators: frozenset[str]

    def judge(self, by: str) -> Match:
        """How to call a deed of theirs that our audit does not know."""
        if by and by == self.app:
            return Match.BY_OUR_APP
        return Match.BY_OPERATOR if by in self.operators else Match.BY_OTHERS


def pair(
    ours: Iterable[Told], theirs: Iterable[Told], makers: Makers, *, since: datetime, now: datetime
) -> tuple[Pair, ...]:
    """Every deed since then, oldest first."""
    left = {(told.deed, told.id): told for told in ours}
    found: list[Pair] = []
    for there in theirs:
        here = left.pop((there.deed, there.id), None)
        found.append(Pair(makers.judge(there.by) if here is None else Match.BOTH, here, there))
    for here in left.values():
        if here.at >= since + SLACK:
            recent = now - here.at < LATE
            found.append(Pair(Match.TOO_RECENT if recent else Match.ONLY_OURS, here, None))
    return tuple(sorted(found, key=lambda one: one.told.at))
