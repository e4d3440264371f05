"""What must hold for any journey: evidence that Tapslip can read, and a clock that is right."""

from __future__ import annotations

from collections.abc import Iterator

from agent.domain.cases import Case, Finding, Level
from agent.domain.facts import NotChecked
from agent.domain.milestones import CLOCK_SLACK
from agent.domain.rules import saying
from agent.domain.rules.places import Place


def proof(case: Case) -> Iterator[Finding]:
    """A profile whose proof cannot be gathered yet is refused as not checked."""
    if case.profile.proof_missing:
        yield Finding(
            "proof_not_gathered",
            Level.NOT_CHECKED,
            f"Tapslip cannot yet prove that {case.profile.title} worked: {case.profile.proof_missing}",
            who="nobody yet",
            where="use another profile",
            refuses=True,
        )


def clock(case: Case) -> Iterator[Finding]:
    """A machine whose clock is off prints wrong times; five minutes are allowed."""
    fact = case.tenant.skew
    if isinstance(fact, NotChecked):
        yield saying.unchecked("clock", "Whether this machine's clock is right", fact, refuses=False)
    elif abs(fact.value) > CLOCK_SLACK.total_seconds():
        way = "ahead of" if fact.value > 0 else "behind"
        yield saying.blocker(
            "clock_skew",
            f"This machine's clock is {abs(fact.value):.0f} seconds {way} Microsoft's: when a pass works and ends "
            "would be wrong on paper.",
            who="whoever looks after this machine",
            place=Place("set its clock; five minutes are allowed"),
            fact=fact,
        )
