"""The yes of another human that a pass may need: asked for, found again, and used up with the pass it was given for.

What was approved is the whole matter: person, devices, profiles as they stood, terms and what dies. Anything else is
another question.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from agent import errors
from agent.actions import asks as asking
from agent.actions import preflight
from agent.domain import asks, cases, findings, passes
from agent.domain.facts import Known
from agent.domain.people import Operator, Role
from agent.domain.rules.devices import matched
from agent.ports import Agent


def matter(kit: tuple[cases.Case, ...], terms: passes.Terms) -> asks.Matter:
    """Exactly what a kit's pass would be; `kit` has a case for each journey, of one person."""
    asked, facts = kit[0].asked, kit[0].person
    person = kit[0].known_person
    items = []
    for case in kit:
        record = matched(case)
        items.append(asks.MatterItem(case.profile.name, case.profile.digest, record.serial if record else ""))
    listed = facts.listed.value if isinstance(facts.listed, Known) else ()
    return asks.Matter(
        person_id=person.id if person else "",
        items=tuple(sorted(items, key=lambda item: (item.profile, item.serial))),
        lifetime=terms.lifetime,
        one_time=terms.one_time,
        start=terms.start,
        lost_method=asked.lost_method,
        proof=asked.proof,
        stolen=asked.stolen,
        by_phone=asked.by_phone,
        replaces=tuple(sorted(found.id for found in listed)) if asked.replace else (),
    )


def cover(agent: Agent, given: Iterable[asks.Ask], report: preflight.Report) -> bool:
    """Whether every one of these yeses was said to this, of which a part may be done by now (what was to die is)."""
    terms = report.verdict.terms
    if terms is None:
        return False
    wanted = matter(findings.cases(report.facts, report.asked, agent.clock.now()), terms)
    return all(replace(ask.matter, about="").covers(wanted) for ask in given)


def require(agent: Agent, by: Operator, report: preflight.Report) -> asks.Ask | None:
    """The yes that this pass needs, or None where it needs none; Refused (`approval_needed`) once it is asked for."""
    verdict, kit = report.verdict, findings.cases(report.facts, report.asked, agent.clock.now())
    why = tuple(dict.fromkeys(finding.code for finding in verdict.findings if finding.asks))
    person, terms = kit[0].known_person, verdict.terms
    if not why or person is None or terms is None:
        return None
    wanted = matter(kit, terms)
    given = asking.standing(agent, asks.AskKind.APPROVAL, wanted, by.id)
    if given is not None:
        return given
    put = asking.put(
        agent,
        asks.Ask(
            id="A" + agent.chance.symbols(6),
            kind=asks.AskKind.APPROVAL,
            matter=wanted,
            why=why,
            roles=frozenset({Role.APPROVER}),
            user_name=person.user_name,
            asked_by=by.id,
            asked_by_name=by.name,
            asked_at=agent.clock.now(),
        ),
    )
    sentences = " ".join(dict.fromkeys(finding.sentence for finding in verdict.findings if finding.asks))
    raise errors.Refused(
        f"An approver has to say yes first. {sentences}",
        f"It is asked for: an approver runs `tapslip ask approve {put.id}` before {put.ends_at:%H:%M} UTC.\n"
        "Then run the same command again; nothing was minted so far.",
        codes=tuple(dict.fromkeys(("approval_needed", *why))),
    )
