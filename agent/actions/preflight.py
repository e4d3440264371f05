"""Gather facts for many people and devices, judge each kit, spend nothing.

Every other verb that may lead to a pass goes through the same two steps, so that a prediction and a refusal can never
disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

from agent.actions import tenant_part, whole_kits
from agent.actions.reading import access, apple, directory, windows
from agent.domain import cases, devices, findings, passes, people, scans
from agent.domain.devices import DeviceKind
from agent.domain.facts import Fact, Known, NotChecked
from agent.domain.journeys import Journey, family
from agent.domain.profiles import Profile
from agent.domain.topics import access as access_topic
from agent.domain.topics import apple as apple_topic
from agent.domain.topics import windows as windows_topic
from agent.ports import Agent

_NOT_FOUND = NotChecked("the person was not found")

R = TypeVar("R", devices.AutopilotRecord, devices.AppleRecord)
P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class _Remembered:
    """What our own store knows about the people and devices asked for."""

    ours: Mapping[str, passes.Pass]
    slips: Mapping[str, tuple[str, ...]]
    kits: Mapping[str, tuple[Journey, ...]]
    families: Mapping[str, tuple[tuple[Journey, Profile], ...]]
    taken: Mapping[str, Journey]


def gather(
    agent: Agent,
    names: Sequence[str],
    items: Iterable[cases.Item],
    *,
    no_older_than: timedelta = tenant_part.LOOKING,
) -> cases.Facts:
    """Facts about people (by user name or id) and devices (by what was scanned), always for many at once.

    `no_older_than` is what may be remembered of the tenant part. People and devices are read side by side, in three
    waits at most (`reading`). Raises TenantUnreachable, TenantThrottled or Misconfigured when the tenant cannot be
    asked at all, and Refused for a name that cannot be a user name.
    """
    asked = tuple(dict.fromkeys(names))
    wanted = tuple(dict.fromkeys((item.scanned, item.profile.device) for item in items if item.scanned))
    read = {scanned: scans.read(scanned) for scanned, _ in wanted}
    with ThreadPoolExecutor(max_workers=3, thread_name_prefix="gather") as pool:
        tenant = pool.submit(tenant_part.gather, agent, no_older_than)
        serials = {kind: _candidates(wanted, read, kind) for kind in DeviceKind}
        pcs = pool.submit(windows.devices, agent, serials[DeviceKind.WINDOWS], lambda: tenant.result()[0])
        apples = pool.submit(apple.devices, agent, serials[DeviceKind.APPLE], lambda: tenant.result()[0])
        found = agent.people.find(asked)
        known = [fact.value for fact in found.values() if isinstance(fact, Known) and fact.value]
        second = _second_wave(agent, known, tenant.result()[0])
    remembered = _remember(agent, [person.id for person in known])
    return cases.Facts(
        tenant.result()[0],
        {name: _person(name, found[name], second, remembered) for name in asked},
        {scanned: _device(read[scanned], pcs.result(), apples.result(), remembered) for scanned, _ in wanted},
        remembered=tenant.result()[1],
    )


def _candidates(
    wanted: Sequence[tuple[str, DeviceKind]], read: Mapping[str, scans.Scan], kind: DeviceKind
) -> list[str]:
    return list(dict.fromkeys(c for scanned, of_kind in wanted if of_kind is kind for c in read[scanned].candidates))


@dataclass(frozen=True, slots=True)
class _Second:
    """What is known of people by object id."""

    directory: directory.Directory
    access: Mapping[str, access_topic.PersonPart]
    windows: Mapping[str, windows_topic.PersonPart]
    apple: Mapping[str, apple_topic.PersonPart]


def _second_wave(agent: Agent, known: Sequence[people.Person], tenant: cases.TenantFacts) -> _Second:
    with ThreadPoolExecutor(max_workers=4) as pool:
        of_all = pool.submit(directory.people_of, agent, [person.id for person in known], tenant.named_groups)
        of_access = pool.submit(access.people, agent, known, tenant)
        of_windows = pool.submit(windows.people, agent, known, tenant)
        of_apple = pool.submit(apple.people, agent, known, tenant)
    return _Second(of_all.result(), of_access.result(), of_windows.result(), of_apple.result())


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
        second.directory.roles[who],
        second.directory.methods[who],
        second.directory.groups[who],
        second.directory.listed[who],
        remembered.ours.get(who),
        remembered.slips.get(who, ()),
        remembered.kits[who],
        remembered.families.get(who, ()),
        access=second.access[who],
        windows=second.windows[who],
        apple=second.apple[who],
    )


def _device(scan: scans.Scan, pcs: windows.Looked, apples: apple.Looked, remembered: _Remembered) -> cases.DeviceFacts:
    autopilot = _first_match([pcs.records[c] for c in scan.candidates if c in pcs.records])
    of_apple = _first_match([apples.records[c] for c in scan.candidates if c in apples.records])
    matched = [record.serial for fact in (autopilot, of_apple) if isinstance(fact, Known) for record in fact.value]
    taken = (remembered.taken.get(serial.upper()) for serial in matched or scan.candidates)
    return cases.DeviceFacts(
        scan,
        autopilot,
        of_apple,
        next((journey for journey in taken if journey), None),
        windows_part=_part(autopilot, pcs.parts, windows_topic.DevicePart()),
        apple_part=_part(of_apple, apples.parts, apple_topic.DevicePart()),
    )


def _part(fact: Fact[tuple[R, ...]], parts: Mapping[str, P], unread: P) -> P:
    """What more is known of the one device that was meant."""
    return parts.get(fact.value[0].id, unread) if isinstance(fact, Known) and len(fact.value) == 1 else unread


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
    """A preflight's answer: what was asked with the kit it belongs to, the facts, and the verdict."""

    asked: cases.KitAsked
    facts: cases.Facts
    verdict: findings.Verdict


def preflight(agent: Agent, asked: cases.KitAsked, *, no_older_than: timedelta = tenant_part.LOOKING) -> Report:
    """Gather and judge one kit; spends nothing and writes nothing. Raises as `gather` does."""
    return judged(agent, asked, gather(agent, [asked.person], asked.items, no_older_than=no_older_than))


def judged(agent: Agent, asked: cases.KitAsked, facts: cases.Facts) -> Report:
    """Judge one kit by facts that were gathered for many, its own among them; raises as `gather` does.

    The person's other open journeys are judged with it. A refusal that a remembered tenant part may have caused is
    looked at once more, with a part read for it.
    """
    kit = whole_kits.whole(agent, asked, facts)
    if kit != asked:
        age = tenant_part.LOOKING if facts.remembered else tenant_part.SAME_ISSUE
        asked, facts = kit, gather(agent, [kit.person], kit.items, no_older_than=age)
    verdict = findings.judge(facts, asked, agent.clock.now())
    if verdict.refusals and facts.remembered:
        facts = _looked_again(agent, asked, facts)
        verdict = findings.judge(facts, asked, agent.clock.now())
    return Report(asked, facts, verdict)


def _looked_again(agent: Agent, asked: cases.KitAsked, facts: cases.Facts) -> cases.Facts:
    """The same facts where the tenant is as it was; else new ones, because what was asked followed from it."""
    tenant, _ = tenant_part.gather(agent, tenant_part.NOW)
    if tenant == facts.tenant:
        return replace(facts, tenant=tenant, remembered=False)
    return gather(agent, [asked.person], asked.items, no_older_than=tenant_part.SAME_ISSUE)
