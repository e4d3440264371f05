"""From facts to findings: what stands in the way of this pass for this person on this device, and who can mend it.

`judge` is pure and says everything it finds, not only the first thing. What it goes by stands in `rules`, one module
per topic. A fact that could not be read is reported as not checked with the permission that would allow it; on
privilege, scope, kind of account, strong methods and live pass that alone refuses.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from agent.domain import passes
from agent.domain.cases import Case, Facts, Finding, KitAsked, Rule
from agent.domain.rules import (
    access,
    apple,
    demands,
    devices,
    live_passes,
    methods,
    persons,
    policy,
    protected,
    rails,
    terms,
    windows,
)

#: Asked once of the person, and once for each journey: whoever they are, or only where they are known.
_ALWAYS: tuple[Rule, ...] = (persons.known, demands.clock)
_OF_THE_PERSON: tuple[Rule, ...] = (
    *(persons.new, persons.roles, protected.by_group, policy.scope, live_passes.live),
    *access.OF_THE_PERSON,
)
_OF_THE_JOURNEY: tuple[Rule, ...] = (
    *(methods.methods, demands.proof, *rails.OF_THE_JOURNEY),
    *(*access.OF_THE_JOURNEY, *windows.OF_THE_JOURNEY, *apple.OF_THE_JOURNEY),
)
_OF_THE_DEVICE: tuple[Rule, ...] = (devices.judge,)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge says of a kit: every finding, and the terms of its one pass where they are possible."""

    findings: tuple[Finding, ...]
    terms: passes.Terms | None

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """The findings that forbid a pass."""
        return tuple(finding for finding in self.findings if finding.forbids)


def cases(facts: Facts, asked: KitAsked, now: datetime) -> tuple[Case, ...]:
    """One case for each journey asked for."""
    person = facts.people[asked.person]
    return tuple(Case(facts.tenant, person, facts.devices.get(item.scanned), item, asked, now) for item in asked.items)


def judge(facts: Facts, asked: KitAsked, now: datetime) -> Verdict:
    """Every finding about a kit; the terms are for all its journeys together, or None when there can be none.

    `facts` must hold `asked.person` and each item's serial; `now` is aware, UTC.
    """
    kit = cases(facts, asked, now)
    known = kit[0].known_person is not None
    of_person = (*_ALWAYS, *_OF_THE_PERSON) if known else _ALWAYS
    of_journey = (*_OF_THE_JOURNEY, *_OF_THE_DEVICE) if known else _OF_THE_DEVICE
    found = [finding for rule in of_person for finding in rule(kit[0])]
    for case in kit:
        found.extend(replace(finding, about=case.item.label) for rule in of_journey for finding in rule(case))
    found.extend(devices.twice(kit))
    possible, said = terms.judge(facts.tenant, asked, now)
    return Verdict((*found, *said), possible)
