"""How the person can sign in already: starters cannot, and a recovery names what was lost."""

from __future__ import annotations

from collections.abc import Iterator

from agent.domain.cases import Case, Finding
from agent.domain.facts import NotChecked
from agent.domain.rules import saying
from agent.domain.rules.places import Place


def methods(case: Case) -> Iterator[Finding]:
    """A starter has no strong method but those of their own kit; a lost method is one they have."""
    fact = case.person.methods
    starter, recovery = case.rails.demands("starter"), case.rails.demands("names_lost_method")
    if not (starter or recovery):
        return
    if isinstance(fact, NotChecked):
        yield saying.unchecked("methods", "Which sign-in methods this person has", fact)
        return
    own = case.person.own_methods(case.now)
    strong = [method for method in fact.value if method.strong and method.id not in own]
    if starter and strong:
        names = ", ".join(f"{m.kind.value.replace('_', ' ')} {m.name}".strip() for m in strong)
        yield saying.blocker(
            "has_strong_method",
            f"This person can already sign in without a password ({names}), and {case.profile.title} is for starters.",
            who="you, or an approver",
            place=Place("let them sign in with what they have, or issue account-recovery if it is lost"),
            fact=fact,
        )
    if recovery:
        yield from _lost_method(case, {method.id for method in fact.value})


def _lost_method(case: Case, listed: set[str]) -> Iterator[Finding]:
    """What an open recovery names is gone once it is deleted, and still the method it named."""
    known = {journey.lost_method for journey in case.person.kit if journey.lost_method}
    listing = ", ".join(sorted(listed)) or "there are none"
    if not case.asked.lost_method:
        yield saying.blocker(
            "lost_method_not_named",
            "A recovery must name the method that was lost, so that it is gone when the recovery is done.",
            who=saying.YOU,
            place=Place(f"--lost METHOD_ID; `tapslip preflight` lists the ids: {listing}"),
        )
    elif case.asked.lost_method not in listed | known:
        yield saying.blocker(
            "lost_method_unknown",
            f"This person has no method {case.asked.lost_method}.",
            who=saying.YOU,
            place=Place(f"choose one of: {listing}"),
        )
