"""What a profile demands of whoever asks: proof, approval, and evidence that Tapslip can read."""

from __future__ import annotations

from collections.abc import Iterator

from agent.domain.cases import Case, Finding, Level
from agent.domain.facts import NotChecked
from agent.domain.milestones import CLOCK_SLACK
from agent.domain.rules import places, saying
from agent.domain.rules.places import Place


def proof(case: Case) -> Iterator[Finding]:
    """What the journey's guard rails ask for."""
    rails, person = case.profile.guard_rails, case.known_person
    if case.profile.proof_missing:
        yield Finding(
            "proof_not_gathered",
            Level.NOT_CHECKED,
            f"Tapslip cannot yet prove that {case.profile.title} worked: {case.profile.proof_missing}",
            who="nobody yet",
            where="use another profile",
            refuses=True,
        )
    if rails.proof_of_identity and not case.asked.proof:
        yield saying.blocker(
            "proof_of_identity_missing",
            "This journey needs a recorded proof of who the person is.",
            who=saying.YOU,
            place=Place("--proof KIND:NOTE, such as --proof photo-id:checked at the desk"),
        )
    if rails.approver and not case.asked.sandbox:
        yield saying.blocker(
            "approval_not_available",
            "This journey needs an approver, and approvals are not part of this version.",
            who="a Privileged Authentication Administrator",
            place=places.methods_of(person) if person else places.USERS,
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
