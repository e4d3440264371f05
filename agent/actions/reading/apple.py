"""What is read of Apple devices, of their people and of the tenant's side of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from agent.domain import cases
from agent.domain.devices import AppleRecord
from agent.domain.facts import Fact, Known
from agent.domain.people import Person
from agent.domain.topics.apple import DevicePart, PersonPart, TenantPart
from agent.ports import Agent


@dataclass(frozen=True, slots=True)
class Looked:
    """The records under each serial asked for, and by a record's id what more is known of its device."""

    records: Mapping[str, Fact[tuple[AppleRecord, ...]]]
    parts: Mapping[str, DevicePart]


def tenant(agent: Agent) -> TenantPart:
    """The tenant's part, remembered for some minutes."""
    with ThreadPoolExecutor(max_workers=6) as pool:
        tokens = pool.submit(agent.apple.tokens)
        push = pool.submit(agent.apple.push)
        volume = pool.submit(agent.apple.volume_tokens)
        portal = pool.submit(agent.apple.company_portal)
        own = pool.submit(agent.apple.user_enrolments)
        sso = pool.submit(agent.apple.platform_sso)
    return TenantPart(tokens.result(), push.result(), volume.result(), portal.result(), own.result(), sso.result())


def people(agent: Agent, found: Sequence[Person], _tenant: cases.TenantFacts) -> Mapping[str, PersonPart]:
    """Each person's part, by object id; one wait."""
    managed = agent.devices.managed_by([person.id for person in found])
    return {who: PersonPart(rows) for who, rows in managed.items()}


def devices(agent: Agent, serials: Sequence[str], _tenant: Callable[[], cases.TenantFacts]) -> Looked:
    """The records of these serials and what they lead to; two waits.

    What is under management is asked for by serial at the same time: every candidate that a scan may mean.
    """
    with ThreadPoolExecutor(max_workers=2) as pool:
        found = pool.submit(agent.devices.apple, serials)
        managed = pool.submit(agent.devices.managed, serials)
    parts = {
        record.id: DevicePart(managed.result()[serial])
        for serial, fact in found.result().items()
        if isinstance(fact, Known)
        for record in fact.value
    }
    return Looked(found.result(), parts)
