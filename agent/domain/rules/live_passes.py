"""A pass that is live already: ours, or made elsewhere; a new one would silently kill it."""

from __future__ import annotations

from collections.abc import Iterator

from agent.domain import passes
from agent.domain.cases import Case, Finding, Level
from agent.domain.facts import Known, NotChecked
from agent.domain.rules import places, saying


def live(case: Case) -> Iterator[Finding]:
    """What is live; a blocker, or with --replace a warning."""
    ours, fact, person = case.person.ours, case.person.listed, case.known_person
    level = Level.WARNING if case.asked.replace else Level.BLOCKER
    listed = {found.id for found in fact.value} if isinstance(fact, Known) else None
    if ours is not None and not passes.over(ours, listed, case.now):
        yield _our_pass(case, ours, level)
    if isinstance(fact, NotChecked):
        yield saying.unchecked("live_pass", "Whether a pass is live already", fact)
        return
    known = ours.tenant_id if ours else ""
    place = places.methods_of(person) if person else places.USERS
    for found in fact.value:
        if found.id != known and found.end > case.now and found.reason.lower() != "onetimeused":
            yield Finding(
                "live_pass_outside",
                level,
                f"A pass made elsewhere is there until {found.end:%Y-%m-%d %H:%M} UTC; a new one would kill it.",
                who="you, with whoever made it",
                where=f"{place.name}; or add --replace",
                evidence=f"{fact.evidence}, pass {found.id}",
                link=place.link,
            )


def _our_pass(case: Case, ours: passes.Pass, level: Level) -> Finding:
    if ours.state is passes.PassState.ISSUED:
        until = f" until {ours.ends_at:%Y-%m-%d %H:%M} UTC" if ours.ends_at else ""
        slips = ", ".join(case.person.our_slips)
        carried = f"slip {slips} carries it" if slips else "its code was shown on a screen"
        sentence = f"This person has a pass of ours ({ours.state}{until}); {carried}."
        where = "wait, `tapslip revoke` its journey, or add --replace, which makes that slip void"
    elif ours.state is passes.PassState.UNKNOWN:
        why = f": {ours.reason}" if ours.reason else ""
        sentence = f"Whether an earlier pass of ours was made for this person is unknown{why}."
        where = "`tapslip track` looks until it is settled; then issue again, or add --replace, which looks at once"
    else:
        sentence = f"A pass of ours is being made for this person ({ours.state})."
        where = "wait for it; `tapslip track` settles what a program left behind"
    return Finding("live_pass", level, sentence, who=saying.YOU, where=where, evidence=f"our record {ours.id}")
