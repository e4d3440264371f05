"""What is read of Windows devices, of their people and of the tenant's side of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

from agent.domain import cases
from agent.domain.devices import AutopilotRecord, EntraDevice, newest
from agent.domain.facts import Fact, Known, NotChecked
from agent.domain.people import Person
from agent.domain.topics.windows import DevicePart, PersonPart, TenantPart
from agent.ports import Agent

T = TypeVar("T")
_OfEntra: TypeAlias = Mapping[str, tuple[Fact[EntraDevice | None], Fact[frozenset[str]]]]

_NAMELESS = NotChecked("the Autopilot record names no object in Microsoft Entra")


@dataclass(frozen=True, slots=True)
class Looked:
    """The records under each serial asked for, and by a record's id what more is known of its device."""

    records: Mapping[str, Fact[tuple[AutopilotRecord, ...]]]
    parts: Mapping[str, DevicePart]


def tenant(agent: Agent) -> TenantPart:
    """The tenant's part, remembered for some minutes."""
    with ThreadPoolExecutor(max_workers=3) as pool:
        join = pool.submit(agent.tenant.join_rules)
        enrolment = pool.submit(agent.tenant.enrolment_rules)
        policies = pool.submit(agent.tenant.windows_policies)
    return TenantPart(join.result(), enrolment.result(), policies.result())


def people(agent: Agent, found: Sequence[Person], _tenant: cases.TenantFacts) -> Mapping[str, PersonPart]:
    """Each person's part, by object id; one wait."""
    ids = [person.id for person in found]
    with ThreadPoolExecutor(max_workers=2) as pool:
        owned = pool.submit(agent.devices.owned, ids)
        plans = pool.submit(agent.people.service_plans, ids)
    return {who: PersonPart(owned.result()[who], plans.result()[who]) for who in ids}


def devices(agent: Agent, serials: Sequence[str], _tenant: Callable[[], cases.TenantFacts]) -> Looked:
    """The records of these serials and what they lead to; three waits at most.

    Intune's rows are asked for beside Autopilot's records, and the hardware that the newest row tells of while those
    are still on their way; Entra is asked as soon as Autopilot's list names the device.
    """
    early: list[Future[_OfEntra]] = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        of_intune = pool.submit(_of_intune, agent, serials)
        records = agent.devices.autopilot(
            serials, lambda listed: early.append(pool.submit(_of_entra, agent, sorted(listed)))
        )
        of_entra = {one: seen for each in early for one, seen in each.result().items()}
        named = [record.entra_device_id for fact in records.values() for record in _values(fact)]
        of_entra |= _of_entra(agent, [one for one in dict.fromkeys(named) if one and one not in of_entra])
    parts = {
        record.id: replace(of_intune.result()[serial], entra=entra, groups=groups)
        for serial, fact in records.items()
        for record in _values(fact)
        for entra, groups in [of_entra.get(record.entra_device_id, (_NAMELESS, _NAMELESS))]
    }
    return Looked(records, parts)


def _values(fact: Fact[tuple[T, ...]]) -> tuple[T, ...]:
    return fact.value if isinstance(fact, Known) else ()


def _of_intune(agent: Agent, serials: Sequence[str]) -> Mapping[str, DevicePart]:
    """Intune's rows under each serial, and what the newest tells; two waits."""
    managed = agent.devices.managed(serials)
    rows = {serial: newest(_values(fact)) for serial, fact in managed.items()}
    hardware = agent.devices.hardware([row.id for row in rows.values() if row])
    parts = {}
    for serial, fact in managed.items():
        row = rows[serial]
        nothing = Known(None, fact.source, fact.at) if isinstance(fact, Known) else fact
        parts[serial] = DevicePart(managed=fact, hardware=hardware[row.id] if row else nothing)
    return parts


def _of_entra(agent: Agent, ids: Sequence[str]) -> _OfEntra:
    """Each device's object and groups, by Entra deviceId; one wait."""
    if not ids:
        return {}
    with ThreadPoolExecutor(max_workers=2) as pool:
        entra = pool.submit(agent.devices.entra, ids)
        groups = pool.submit(agent.devices.groups_of, ids)
    return {one: (entra.result()[one], groups.result()[one]) for one in ids}
