"""What is read of Conditional Access and of whatever else decides whether a sign-in is let through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.domain import cases
from agent.domain.people import Person
from agent.domain.topics.access import PersonPart, TenantPart
from agent.ports import Agent


def tenant(_agent: Agent) -> TenantPart:
    """The tenant's part, remembered for some minutes."""
    return TenantPart()


def people(_agent: Agent, found: Sequence[Person], _tenant: cases.TenantFacts) -> Mapping[str, PersonPart]:
    """Each person's part, by object id; two waits at most."""
    return {person.id: PersonPart() for person in found}
