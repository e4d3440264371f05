"""What a claim needs beside the paper: whether it can be had at all when a ticket is made, and the yeses of others.

A PIN and a staff number are said by the person and compared at the claim; a technician and the manager are asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from agent import errors
from agent.actions import approvals, preflight
from agent.actions import asks as asking
from agent.domain import asks, findings
from agent.domain.people import Operator, Person, Role
from agent.domain.profiles import Profile
from agent.domain.second_facts import SecondFact
from agent.ports import Agent

#: The ones that another human answers, in the order in which they are asked.
ASKED = (SecondFact.TECHNICIAN, SecondFact.MANAGER)
#: Who looks at a photo ID.
_LOOK = frozenset({Role.TECHNICIAN, Role.LEAD})


def of(kit: Iterable[Profile]) -> tuple[SecondFact, ...]:
    """What a kit's ticket needs: all that any of its profiles wants."""
    wanted = {fact for profile in kit for fact in profile.second_facts}
    return tuple(fact for fact in SecondFact if fact in wanted)


def refuse_impossible(agent: Agent, facts: Iterable[SecondFact], person: Person) -> None:
    """Refused (`second_fact_missing`) for a fact that nobody could ever show, before a ticket is printed."""
    if SecondFact.ASSET_TAG in facts:
        raise _missing(
            "This profile wants an asset tag, and the directory that Tapslip reads has none.",
            "Take asset_tag out of the profile's second_facts.",
        )
    if SecondFact.STAFF_NUMBER in facts and not person.staff_number:
        raise _missing(
            f"The directory has no staff number for {person.display_name}.",
            "Have employeeId filled in, or take staff_number out of the profile's second_facts.",
        )
    if SecondFact.MANAGER in facts and not person.manager_id:
        raise _missing(
            f"The directory names no manager for {person.display_name}.",
            "Have the manager filled in, or use a profile whose second_facts need none.",
        )
    if SecondFact.MANAGER in facts and not agent.settings.operators_sign_in:
        raise _missing(
            "The manager answers after an Entra sign-in of their own, and here roles are played instead.",
            "Set issue_as: operator; then people sign in on the sandbox with `tapslip sandbox person sign-in`.",
        )


def _missing(summary: str, advice: str) -> errors.Refused:
    return errors.Refused(summary, f"{advice} No ticket was made.", codes=("second_fact_missing",))


def require(
    agent: Agent, by: Operator, report: preflight.Report, needed: tuple[str, tuple[SecondFact, ...]]
) -> tuple[asks.Ask, ...]:
    """The yeses that the claim of a ticket (its number, its facts) needs; Refused once they are asked for."""
    number, facts = needed
    kit = findings.cases(report.facts, report.asked, agent.clock.now())
    person, terms = kit[0].known_person, report.verdict.terms
    if person is None or terms is None:
        raise ValueError("a claim is asked about once it is planned")
    refuse_impossible(agent, facts, person)
    given, lacking = [], []
    for fact in (fact for fact in ASKED if fact in facts):
        matter = replace(approvals.matter(kit, terms), about=f"{number} {fact}")
        yes = asking.standing(agent, asks.AskKind.SECOND_FACT, matter, by.id)
        if yes is not None:
            given.append(yes)
        else:
            lacking.append((fact, asking.put(agent, _draft(agent, by, person, (fact, matter)))))
    if lacking:
        raise _asked_for(lacking, person)
    return tuple(given)


def _draft(agent: Agent, by: Operator, person: Person, wanted: tuple[SecondFact, asks.Matter]) -> asks.Ask:
    fact, matter = wanted
    return asks.Ask(
        id="A" + agent.chance.symbols(6),
        kind=asks.AskKind.SECOND_FACT,
        matter=matter,
        why=(fact.value,),
        roles=_LOOK if fact is SecondFact.TECHNICIAN else frozenset(),
        user_name=person.user_name,
        asked_by=by.id,
        asked_by_name=by.name,
        asked_at=agent.clock.now(),
        named=person.manager_id if fact is SecondFact.MANAGER else "",
    )


def _asked_for(lacking: list[tuple[SecondFact, asks.Ask]], person: Person) -> errors.Refused:
    who = {
        SecondFact.TECHNICIAN: "another technician or a lead looks at a photo ID, then",
        SecondFact.MANAGER: f"the manager, {person.manager}, signs in as themselves:",
    }
    lines = [f"{who[fact]} `tapslip ask approve {ask.id}` before {ask.ends_at:%H:%M} UTC." for fact, ask in lacking]
    return errors.Refused(
        "The paper alone is not enough: somebody else has to say yes to this claim.",
        "\n".join([*lines, "Then claim the ticket again; nothing was minted so far."]),
        codes=("second_fact_needed", *(fact.value for fact, _ in lacking)),
    )
