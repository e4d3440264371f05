"""Look at the tenant for many journeys at once, and say what was seen.

First come the sources that tell much with few requests, for everybody of a group (`look`); then, for a portion of
them, what costs requests for each person: the pass and the sign-in methods (`look_closer`). Nothing is decided here:
each source yields observations, a source that cannot be read yields a sentence, and the domain works out what they
mean in whatever order they come.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from agent import errors
from agent.domain import devices, milestones, passes, people
from agent.domain.devices import DeviceKind
from agent.domain.facts import Fact, Known, NotChecked
from agent.domain.journeys import Journey, Observation, Sight
from agent.domain.people import MethodKind
from agent.domain.profiles import Profile
from agent.ports import Agent, SignIn

#: How far before a journey's opening the sign-in log is read: the tenant's clock may be behind ours.
_OVERLAP = timedelta(minutes=5)
#: Words that the sign-in log uses for a method, and the kind they mean; matched inside the text, any case.
#: learn.microsoft.com/graph/api/resources/authenticationdetail (free text: other words are simply not understood)
_LOG_WORDS = (
    ("windows hello", MethodKind.HELLO),
    ("platform credential", MethodKind.PLATFORM_CREDENTIAL),
    ("authenticator", MethodKind.AUTHENTICATOR),
    ("passkey", MethodKind.PASSKEY),
    ("fido2", MethodKind.PASSKEY),
)


#: What a look at all of a person's methods has asked for.
EVERY_KIND = frozenset(MethodKind)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class View:
    """One look at the tenant: what each source answered about each person or serial.

    Who is not in `methods` was not looked at closely; `kinds` says which kinds were asked for of those who were.
    `trouble` is why a source gave no answer at all.
    """

    at: datetime
    persons: Mapping[str, Fact[people.Person | None]]
    sign_ins: Mapping[str, Fact[tuple[SignIn, ...]]]
    owned: Mapping[str, Fact[tuple[devices.EntraDevice, ...]]]
    autopilot: Mapping[str, Fact[tuple[devices.AutopilotRecord, ...]]]
    apple: Mapping[str, Fact[tuple[devices.AppleRecord, ...]]]
    managed: Mapping[str, Fact[tuple[devices.ManagedDevice, ...]]]
    methods: Mapping[str, Fact[tuple[people.SignInMethod, ...]]] = field(default_factory=dict)
    kinds: Mapping[str, Collection[MethodKind]] = field(default_factory=dict)
    listed: Mapping[str, Fact[tuple[passes.TenantPass, ...]]] = field(default_factory=dict)
    trouble: errors.AgentError | None = None

    def whole(self, person_id: str) -> bool:
        """Whether all the methods of a person were asked for."""
        return frozenset(self.kinds.get(person_id, ())) >= EVERY_KIND

    def unread(self) -> tuple[str, ...]:
        """Each source that could not be read, once, as a sentence."""
        answers: Iterable[Mapping[str, Fact[object]]] = (
            self.persons,
            self.methods,
            self.listed,
            self.sign_ins,
            self.owned,
            self.autopilot,
            self.apple,
            self.managed,
        )
        reasons = (
            f"{fact.reason} ({fact.permission})" if fact.permission else fact.reason
            for facts in answers
            for fact in facts.values()
            if isinstance(fact, NotChecked)
        )
        return tuple(dict.fromkeys(reasons))


def look(agent: Agent, journeys: Sequence[Journey], profiles: Mapping[str, Profile]) -> View:
    """Ask the sources that answer for many, side by side. One that the tenant did not answer is left empty.

    Raises Misconfigured.
    """
    ids = list(dict.fromkeys(j.person_id for j in journeys))
    windows = _serials(journeys, profiles, DeviceKind.WINDOWS)
    apples = _serials(journeys, profiles, DeviceKind.APPLE)
    since = min((j.opened_at for j in journeys), default=agent.clock.now()) - _OVERLAP
    trouble: list[errors.AgentError] = []
    with ThreadPoolExecutor(max_workers=6) as pool:
        found = pool.submit(lambda: agent.people.find(ids))
        sign_ins = pool.submit(lambda: agent.activity.sign_ins(ids, since))
        owned = pool.submit(lambda: agent.devices.owned(ids))
        autopilot = pool.submit(lambda: agent.devices.autopilot(windows))
        apple = pool.submit(lambda: agent.devices.apple(apples))
        managed = pool.submit(lambda: agent.devices.managed(windows + apples))
    return View(
        agent.clock.now(),
        _answered(found, trouble),
        _answered(sign_ins, trouble),
        _answered(owned, trouble),
        _answered(autopilot, trouble),
        _answered(apple, trouble),
        _answered(managed, trouble),
        trouble=next(iter(trouble), None),
    )


def _answered(source: Future[Mapping[str, T]], trouble: list[errors.AgentError]) -> Mapping[str, T]:
    """What one source told; what another one has told is not lost because this one failed."""
    try:
        return source.result()
    except (errors.TenantUnreachable, errors.TenantRefused) as problem:
        trouble.append(problem)
        return {}


def look_closer(
    agent: Agent, view: View, wanted: Mapping[str, Collection[MethodKind]], holding: Collection[str]
) -> View:
    """The same view with the methods of some people, those kinds that are `wanted` of each, added to what is there.

    Of those `holding` a pass of ours it is asked whether the tenant lists it. Raises TenantUnreachable,
    TenantThrottled, TenantRefused or Misconfigured; then nobody of them was looked at.
    """
    at, persons = agent.clock.now(), list(wanted)
    only = {person: kinds for person, kinds in wanted.items() if not frozenset(kinds) >= EVERY_KIND}
    with ThreadPoolExecutor(max_workers=2) as pool:
        asked = pool.submit(agent.passes.of, [person for person in persons if person in holding])
        methods = agent.people.methods(persons, only)
    listed = asked.result()
    kinds = {person: frozenset(view.kinds.get(person, ())) | frozenset(wanted[person]) for person in persons}
    both = {person: _with(view.methods.get(person), methods[person]) for person in persons}
    return replace(
        view,
        at=at,
        methods={**view.methods, **both},
        kinds={**view.kinds, **kinds},
        listed={**view.listed, **listed},
    )


def _with(
    before: Fact[tuple[people.SignInMethod, ...]] | None, more: Fact[tuple[people.SignInMethod, ...]]
) -> Fact[tuple[people.SignInMethod, ...]]:
    """Two lists of one person's methods as one; what may not be read in one of them makes the whole not checked."""
    if before is None or isinstance(more, NotChecked):
        return more
    if isinstance(before, NotChecked):
        return before
    all_of_them = {method.id: method for method in (*before.value, *more.value)}
    return replace(more, value=tuple(all_of_them.values()))


def _serials(journeys: Sequence[Journey], profiles: Mapping[str, Profile], kind: DeviceKind) -> list[str]:
    return list(dict.fromkeys(j.serial for j in journeys if j.serial and profiles[j.profile].device is kind))


def seen(view: View, journey: Journey) -> frozenset[Observation]:
    """What one look shows for one journey."""
    return frozenset(
        [
            *_of_methods(view, journey),
            *_of_person(view, journey),
            *_of_sign_ins(view, journey),
            *_of_registration(view, journey),
            *_of_management(view, journey),
            *_of_ownership(view, journey),
        ]
    )


def _of_methods(view: View, journey: Journey) -> Iterator[Observation]:
    fact = view.methods.get(journey.person_id)
    if not isinstance(fact, Known):
        return
    for method in fact.value:
        earlier = next((o for o in journey.observations if o.sight is Sight.METHOD and o.ref == method.id), None)
        first_seen = earlier.at if earlier else view.at
        yield from milestones.method_seen(method, fact.source, first_seen)
    listed = {method.id for method in fact.value}
    known = _listed_before(journey, view.kinds.get(journey.person_id, ()))
    gone = milestones.gone(journey)
    for back in listed & gone:
        yield Observation(Sight.METHOD_BACK, back, view.at, fact.source, "a method is listed again")
    for missing in known - listed - gone:
        yield Observation(Sight.METHOD_GONE, missing, view.at, fact.source, "a method is no longer registered")


def _listed_before(journey: Journey, kinds: Collection[MethodKind]) -> frozenset[str]:
    """Ids of the methods that were there once and would be listed still, had they not gone: of those kinds only.

    The kind of a method that was there from the beginning is known when it was seen; until then all must be asked for.
    """
    known = {o.ref: o.kind for o in journey.observations if o.sight is Sight.METHOD}
    every = frozenset(kinds) >= EVERY_KIND
    return frozenset(ref for ref, kind in known.items() if kind in kinds) | (journey.baseline if every else frozenset())


def _of_person(view: View, journey: Journey) -> Iterator[Observation]:
    fact = view.persons.get(journey.person_id)
    if isinstance(fact, Known) and fact.value and fact.value.sessions_valid_from:
        at = fact.value.sessions_valid_from
        yield Observation(Sight.SESSIONS_REVOKED, "sessions", at, fact.source, "older sessions are no longer valid")


def _of_sign_ins(view: View, journey: Journey) -> Iterator[Observation]:
    fact = view.sign_ins.get(journey.person_id)
    if not isinstance(fact, Known):
        return
    for row in fact.value:
        if not row.succeeded or row.at < journey.opened_at - _OVERLAP:
            continue
        named = " ".join(row.methods).lower()
        ref = milestones.SIGN_IN_ROW + row.id
        if row.with_a_pass:
            yield Observation(
                Sight.SIGN_IN,
                ref,
                row.at,
                fact.source,
                f"signed in to {row.application} with the pass",
                device_id=row.device_id,
                system=row.operating_system,
            )
        for words, kind in _LOG_WORDS:
            if words in named:
                said = f"signed in to {row.application} with {kind.value.replace('_', ' ')}"
                yield Observation(Sight.METHOD_USED, ref, row.at, fact.source, said, kind=kind)


def _of_registration(view: View, journey: Journey) -> Iterator[Observation]:
    autopilot = view.autopilot.get(journey.serial)
    for record in autopilot.value if isinstance(autopilot, Known) else ():
        source = autopilot.source if isinstance(autopilot, Known) else ""
        device_id = record.entra_device_id.lower()
        at = record.assigned_at or journey.opened_at
        yield Observation(
            Sight.AUTOPILOT_RECORD, record.id, journey.opened_at, source, "registered", device_id=device_id
        )
        if record.profile_ready:
            yield Observation(Sight.PROFILE_READY, record.id, at, source, f"profile {record.profile_name}")
    apple = view.apple.get(journey.serial)
    for identity in apple.value if isinstance(apple, Known) else ():
        source = apple.source if isinstance(apple, Known) else ""
        yield Observation(Sight.APPLE_RECORD, identity.id, journey.opened_at, source, "synced from Apple")
        if identity.profile_name:
            said = f"profile {identity.profile_name}"
            yield Observation(Sight.PROFILE_READY, identity.id, journey.opened_at, source, said)


def _of_management(view: View, journey: Journey) -> Iterator[Observation]:
    fact = view.managed.get(journey.serial)
    row = devices.newest(fact.value) if isinstance(fact, Known) else None
    if row is None or row.management_state not in {"", "managed"} or not isinstance(fact, Known):
        return
    at = row.enrolled_at or journey.opened_at
    device_id = row.entra_device_id.lower()
    yield Observation(Sight.MANAGED, row.id, at, fact.source, f"enrolled as {row.name}", device_id=device_id)
    if row.user_id == journey.person_id:
        yield Observation(Sight.USER_BOUND, row.id, at, fact.source, f"belongs to {row.user_name}")
    if row.entra_registered and row.user_id == journey.person_id:
        yield Observation(Sight.ENTRA_REGISTERED, row.id, at, fact.source, "registered", device_id=device_id)
    if row.compliance == "compliant":
        yield Observation(Sight.COMPLIANT, row.id, at, fact.source, "compliant")


def _of_ownership(view: View, journey: Journey) -> Iterator[Observation]:
    fact = view.owned.get(journey.person_id)
    if not isinstance(fact, Known):
        return
    own = milestones.own_devices(journey) | _device_ids(view, journey.serial)
    for device in fact.value:
        device_id = device.device_id.lower()
        at = device.registered_at or journey.opened_at
        workplace = device.trust_type.lower() == "workplace"
        if device_id in own and workplace:
            continue
        if device_id in own:
            yield Observation(
                Sight.ENTRA_OWNED, device.id, at, fact.source, f"joined as {device.name}", device_id=device_id
            )
        else:
            yield Observation(
                Sight.DEVICE, device.id, at, fact.source, device.name, device_id=device_id, workplace=workplace
            )


def _device_ids(view: View, serial: str) -> frozenset[str]:
    autopilot, managed = view.autopilot.get(serial), view.managed.get(serial)
    ids = [record.entra_device_id for record in autopilot.value] if isinstance(autopilot, Known) else []
    row = devices.newest(managed.value) if isinstance(managed, Known) else None
    return frozenset(i.lower() for i in [*ids, row.entra_device_id if row else ""] if i)
