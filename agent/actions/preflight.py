"""Gather facts for many people and devices, judge each kit, spend nothing.

Every other verb that may lead to a pass goes through the same two steps, so that a prediction and a refusal can never
disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from agent.domain import cases, devices, findings, passes, people, scans
from agent.domain.devices import DeviceKind
from agent.domain.facts import Fact, Known, NotChecked
from agent.domain.journeys import Journey, family
from agent.domain.profiles import Profile
from agent.ports import Agent

_NOT_FOUND = NotChecked("the person was not found")


@dataclass(frozen=True, slots=True)
class _Remembered:
    """What our own store knows about the people and devices asked for."""

    ours: Mapping[str, passes.Pass]
    slips: Mapping[str, tuple[str, ...]]
    kits: Mapping[str, tuple[Journey, ...]]
    families: Mapping[str, tuple[tuple[Journey, Profile], ...]]
    taken: Mapping[str, Journey]


def gather(agent: Agent, names: Sequence[str], items: Iterable[cases.Item]) -> cases.Facts:
    """Facts about people (by user name or id) and devices (by what was scanned), always for many at once.

    Raises TenantUnreachable, TenantThrottled or Misconfigured when the tenant cannot be asked at all, and Refused
    for a name that cannot be a user name.
    """
    asked = tuple(dict.fromkeys(names))
    wanted = tuple(dict.fromkeys((item.scanned, item.profile.device) for item in items if item.scanned))
    read = {scanned: scans.read(scanned) for scanned, _ in wanted}
    first = _first_wave(agent, asked, wanted, read)
    found = {name: fact.value for name, fact in first.people.items() if isinstance(fact, Known) and fact.value}
    second = _second_wave(agent, [person.id for person in found.values()], first.tenant)
    remembered = _remember(agent, [person.id for person in found.values()])
    return cases.Facts(
        first.tenant,
        {name: _person(name, first.people[name], second, remembered) for name in asked},
        {scanned: _device(read[scanned], first, remembered) for scanned, _ in wanted},
    )


@dataclass(frozen=True, slots=True)
class _First:
    tenant: cases.TenantFacts
    people: Mapping[str, Fact[people.Person | None]]
    autopilot: Mapping[str, Fact[tuple[devices.AutopilotRecord, ...]]]
    apple: Mapping[str, Fact[tuple[devices.AppleRecord, ...]]]


def _first_wave(
    agent: Agent,
    names: Sequence[str],
    wanted: Sequence[tuple[str, DeviceKind]],
    read: Mapping[str, scans.Scan],
) -> _First:
    windows = [c for scanned, kind in wanted if kind is DeviceKind.WINDOWS for c in read[scanned].candidates]
    apples = [c for scanned, kind in wanted if kind is DeviceKind.APPLE for c in read[scanned].candidates]
    with ThreadPoolExecutor(max_workers=7) as pool:
        name = pool.submit(_organisation, agent)
        policy = pool.submit(agent.tenant.policy)
        page = pool.submit(agent.tenant.status_page)
        skew = pool.submit(agent.tenant.skew)
        found = pool.submit(agent.people.find, names)
        autopilot = pool.submit(agent.devices.autopilot, list(dict.fromkeys(windows)))
        apple = pool.submit(agent.devices.apple, list(dict.fromkeys(apples)))
    tenant = cases.TenantFacts(policy.result(), page.result(), skew.result(), name.result())
    return _First(tenant, found.result(), autopilot.result(), apple.result())


def _organisation(agent: Agent) -> str:
    """The tenant's name where nobody set one; a slip must show what the device shows during set-up."""
    if agent.settings.organisation.named:
        return ""
    fact = agent.tenant.organisation()
    return fact.value.name if isinstance(fact, Known) else ""


@dataclass(frozen=True, slots=True)
class _Second:
    roles: Mapping[str, Fact[tuple[people.HeldRole, ...]]]
    methods: Mapping[str, Fact[tuple[people.SignInMethod, ...]]]
    groups: Mapping[str, Fact[frozenset[str]]]
    listed: Mapping[str, Fact[tuple[passes.TenantPass, ...]]]


def _second_wave(agent: Agent, ids: Sequence[str], tenant: cases.TenantFacts) -> _Second:
    named = tenant.policy.value.named_groups if isinstance(tenant.policy, Known) else frozenset[str]()
    with ThreadPoolExecutor(max_workers=4) as pool:
        roles = pool.submit(agent.people.roles, ids)
        methods = pool.submit(agent.people.methods, ids)
        groups = pool.submit(agent.people.groups, ids, named)
        listed = pool.submit(agent.passes.of, ids)
    return _Second(roles.result(), methods.result(), groups.result(), listed.result())


def _remember(agent: Agent, ids: Sequence[str]) -> _Remembered:
    ours: dict[str, passes.Pass] = {}
    slips: dict[str, tuple[str, ...]] = {}
    with agent.store.begin() as tx:
        open_journeys = tuple(tx.journeys.open())
        for person_id in ids:
            for row in tx.passes.open_of(person_id):
                ours[person_id] = row
                slips[person_id] = tuple(slip.number for slip in tx.slips.of_pass(row.id))
        kits = {person_id: tuple(j for j in open_journeys if j.person_id == person_id) for person_id in ids}
        families = {
            person_id: tuple(
                (journey, agent.profiles[journey.profile])
                for journey in family(tx.journeys.of_person(person_id), min(j.opened_at for j in kit))
                if journey.profile in agent.profiles
            )
            for person_id, kit in kits.items()
            if kit
        }
    return _Remembered(ours, slips, kits, families, {j.serial.upper(): j for j in open_journeys if j.serial})


def _person(name: str, fact: Fact[people.Person | None], second: _Second, remembered: _Remembered) -> cases.PersonFacts:
    if not isinstance(fact, Known) or fact.value is None:
        return cases.PersonFacts(name, fact, _NOT_FOUND, _NOT_FOUND, _NOT_FOUND, _NOT_FOUND)
    who = fact.value.id
    return cases.PersonFacts(
        name,
        fact,
        second.roles[who],
        second.methods[who],
        second.groups[who],
        second.listed[who],
        remembered.ours.get(who),
        remembered.slips.get(who, ()),
        remembered.kits[who],
        remembered.families.get(who, ()),
    )


def _device(scan: scans.Scan, first: _First, remembered: _Remembered) -> cases.DeviceFacts:
    autopilot = _first_match([first.autopilot[c] for c in scan.candidates if c in first.autopilot])
    apple = _first_match([first.apple[c] for c in scan.candidates if c in first.apple])
    matched = [record.serial for fact in (autopilot, apple) if isinstance(fact, Known) for record in fact.value]
    taken = (remembered.taken.get(serial.upper()) for serial in matched or scan.candidates)
    return cases.DeviceFacts(scan, autopilot, apple, next((journey for journey in taken if journey), None))


R = TypeVar("R", devices.AutopilotRecord, devices.AppleRecord)


def _first_match(found: Sequence[Fact[tuple[R, ...]]]) -> Fact[tuple[R, ...]]:
    """The records under the first candidate that matches anything; one not checked before it makes it not checked."""
    last: Fact[tuple[R, ...]] = NotChecked("nothing to look for")
    for fact in found:
        if isinstance(fact, NotChecked) or fact.value:
            return fact
        last = fact
    return last


@dataclass(frozen=True, slots=True)
class Report:
    """A preflight's answer: what was asked, the facts, and the verdict."""

    asked: cases.KitAsked
    facts: cases.Facts
    verdict: findings.Verdict


def preflight(agent: Agent, asked: cases.KitAsked) -> Report:
    """Gather and judge one kit; spends nothing and writes nothing. Raises as `gather` does."""
    return judged(agent, asked, gather(agent, [asked.person], asked.items))


def judged(agent: Agent, asked: cases.KitAsked, facts: cases.Facts) -> Report:
    """Judge one kit by facts that were gathered for many, its own among them."""
    return Report(asked, facts, findings.judge(facts, asked, agent.clock.now()))
