"""From the evidence to what it means: milestones, the stage shown, and whether the pass is still needed.

Every function is pure and reads the whole set of observations, so the order in which they came cannot matter. A
milestone always names the observation that proves it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agent.domain.devices import AppleSignIn, DeviceKind
from agent.domain.journeys import Journey, JourneyState, Observation, Sight
from agent.domain.passes import Pass
from agent.domain.people import MethodKind, SignInMethod
from agent.domain.profiles import Milestone, Profile

#: After the new credential appeared the pass may stay this long, in case its first use is never shown.
APPEARED_LONG_ENOUGH = timedelta(minutes=30)
#: After the pass has ended, evidence that came late may still arrive for this long before the journey expires.
LATE_EVIDENCE = timedelta(minutes=30)
#: How far the tenant's clock may be behind ours before a new method looks old; issuing stops beyond it.
CLOCK_SLACK = timedelta(minutes=5)
#: An observation whose reference starts so comes from the sign-in log, which names a method's kind but not its id.
SIGN_IN_ROW = "sign-in:"

#: How the sign-in log's operating systems begin (`Windows10`, `Ios 18.1`, `MacOs`), in lower case, by kind of device.
_SYSTEMS = {DeviceKind.WINDOWS: ("windows",), DeviceKind.APPLE: ("ios", "ipados", "macos", "mac os")}
_BOUND = frozenset({MethodKind.HELLO, MethodKind.PLATFORM_CREDENTIAL})
#: What may appear beside the kinds of method: a passkey inside Authenticator, and a phone that registers itself.
_PHONE_PASSKEY, _PHONE_DEVICE = "passkey in authenticator", "phone device"

_ORDER = (
    Milestone.REGISTERED,
    Milestone.PROFILE_READY,
    Milestone.SIGNED_IN,
    Milestone.JOINED,
    Milestone.ENROLLED,
    Milestone.USER_BOUND,
    Milestone.ENTRA_REGISTERED,
    Milestone.HELLO_SET_UP,
    Milestone.PASSKEY_SET_UP,
    Milestone.AUTHENTICATOR_SET_UP,
    Milestone.PLATFORM_CREDENTIAL_SET_UP,
    Milestone.STRONG_METHOD_SET_UP,
    Milestone.OLD_METHOD_GONE,
    Milestone.SESSIONS_REVOKED,
    Milestone.COMPLIANT,
    Milestone.CREDENTIAL_USED,
    Milestone.PASS_GONE,
)
_CREDENTIALS = (
    Milestone.HELLO_SET_UP,
    Milestone.PASSKEY_SET_UP,
    Milestone.AUTHENTICATOR_SET_UP,
    Milestone.PLATFORM_CREDENTIAL_SET_UP,
    Milestone.STRONG_METHOD_SET_UP,
)
_SIMPLE = {
    Sight.AUTOPILOT_RECORD: Milestone.REGISTERED,
    Sight.APPLE_RECORD: Milestone.REGISTERED,
    Sight.PROFILE_READY: Milestone.PROFILE_READY,
    Sight.ENTRA_OWNED: Milestone.JOINED,
    Sight.MANAGED: Milestone.ENROLLED,
    Sight.USER_BOUND: Milestone.USER_BOUND,
    Sight.ENTRA_REGISTERED: Milestone.ENTRA_REGISTERED,
    Sight.COMPLIANT: Milestone.COMPLIANT,
}
#: What may come at any time says nothing about how far the device is.
_ASIDE = {Milestone.OLD_METHOD_GONE, Milestone.SESSIONS_REVOKED, Milestone.COMPLIANT, Milestone.PASS_GONE}
_WAITING = {
    Milestone.REGISTERED: "the device to be registered",
    Milestone.PROFILE_READY: "the profile to be assigned",
    Milestone.SIGNED_IN: "the first sign-in",
    Milestone.JOINED: "the device to join",
    Milestone.ENROLLED: "Intune enrolment",
    Milestone.USER_BOUND: "the device to name its person",
    Milestone.ENTRA_REGISTERED: "the second sign-in and Entra registration",
    Milestone.HELLO_SET_UP: "Windows Hello",
    Milestone.PASSKEY_SET_UP: "the passkey",
    Milestone.AUTHENTICATOR_SET_UP: "Authenticator",
    Milestone.PLATFORM_CREDENTIAL_SET_UP: "the Mac's platform credential",
    Milestone.STRONG_METHOD_SET_UP: "a new strong sign-in method",
    Milestone.OLD_METHOD_GONE: "the lost method to be removed",
    Milestone.SESSIONS_REVOKED: "“Sign out everywhere”",
    Milestone.COMPLIANT: "compliance",
    Milestone.CREDENTIAL_USED: "the new credential to be used",
    Milestone.PASS_GONE: "the pass to be gone",
}


def method_seen(method: SignInMethod, source: str, now: datetime) -> tuple[Observation, ...]:
    """What a listed method shows: that it exists and, where beta tells, that it was used.

    A method without a creation time (Authenticator for push only) counts from `now`, when it was first seen.
    """
    seen = Observation(
        Sight.METHOD,
        method.id,
        method.created or now,
        source,
        f"{method.kind.value.replace('_', ' ')} {method.name}".strip(),
        kind=method.kind,
        device_id=method.device_id.lower(),
        strong=method.strong,
        elsewhere=method.usable_elsewhere,
        in_authenticator=method.in_authenticator,
    )
    if method.last_used is None:
        return (seen,)
    used = Observation(
        Sight.METHOD_USED, method.id, method.last_used, source, f"{method.kind.value} was used", kind=method.kind
    )
    return (seen, used)


def _is_new(journey: Journey, seen: Observation) -> bool:
    return seen.ref not in journey.baseline and seen.at >= journey.opened_at - CLOCK_SLACK


def own_devices(journey: Journey) -> frozenset[str]:
    """The Entra device ids that belong to this journey's serial, as any source has shown them."""
    sights = {Sight.AUTOPILOT_RECORD, Sight.MANAGED, Sight.ENTRA_REGISTERED, Sight.ENTRA_OWNED}
    return frozenset(o.device_id for o in journey.observations if o.sight in sights and o.device_id)


def _thing(seen: Observation) -> str:
    """What appeared: a passkey inside Authenticator is another thing than a security key."""
    if seen.sight is Sight.DEVICE:
        return _PHONE_DEVICE if seen.workplace else ""
    if seen.kind is MethodKind.PASSKEY and seen.in_authenticator:
        return _PHONE_PASSKEY
    return seen.kind.value if seen.kind else ""


def _things(profile: Profile) -> frozenset[str]:
    """What one journey of this profile may add, each once; only a recovery takes both sorts of passkey."""
    kinds = profile.registers - {MethodKind.PASSKEY}
    things = {kind.value for kind in kinds}
    passkey = MethodKind.PASSKEY in profile.registers
    phone = MethodKind.AUTHENTICATOR in kinds or (passkey and profile.device is DeviceKind.APPLE)
    if phone:
        things.add(_PHONE_DEVICE)
    if phone and passkey:
        things.add(_PHONE_PASSKEY)
    if passkey and (not phone or profile.guard_rails.names_lost_method):
        things.add(MethodKind.PASSKEY.value)
    return frozenset(things)


def _made_here(journey: Journey, profile: Profile, seen: Observation) -> bool:
    """Whether a sign-in was made on this journey's device; an unregistered device is told by its system only."""
    if profile.device is DeviceKind.NONE:
        return True
    if seen.device_id:
        return seen.device_id in own_devices(journey)
    return seen.system.lower().startswith(_SYSTEMS[profile.device])


def _credential(journey: Journey, profile: Profile, seen: Observation) -> Iterable[Milestone]:
    """What a new method proves for this journey: nothing, if the profile does not register such a thing."""
    if _thing(seen) not in _things(profile):
        return
    own = own_devices(journey)
    if seen.kind is MethodKind.HELLO and seen.device_id in own:
        yield Milestone.HELLO_SET_UP
    if seen.kind is MethodKind.PLATFORM_CREDENTIAL and seen.device_id in own:
        yield Milestone.PLATFORM_CREDENTIAL_SET_UP
    if seen.kind is MethodKind.PASSKEY:
        yield Milestone.PASSKEY_SET_UP
    if seen.in_authenticator:
        yield Milestone.AUTHENTICATOR_SET_UP
    must_travel = profile.apple_sign_in is AppleSignIn.COMPANY_PORTAL
    if seen.strong and seen.ref != journey.lost_method and (seen.elsewhere or not must_travel):
        yield Milestone.STRONG_METHOD_SET_UP


def _of(journey: Journey, profile: Profile, seen: Observation) -> Iterable[Milestone]:
    """The milestones that one observation proves, read beside all the others."""
    if seen.sight in _SIMPLE:
        yield _SIMPLE[seen.sight]
    elif seen.sight is Sight.METHOD and _is_new(journey, seen):
        yield from _credential(journey, profile, seen)
    elif seen.sight is Sight.SIGN_IN and seen.at >= journey.opened_at - CLOCK_SLACK:
        if _made_here(journey, profile, seen):
            yield Milestone.SIGNED_IN
    elif seen.sight is Sight.METHOD_GONE and seen.ref == journey.lost_method and seen.ref in gone(journey):
        yield Milestone.OLD_METHOD_GONE
    elif seen.sight is Sight.SESSIONS_REVOKED and seen.at >= journey.opened_at:
        yield Milestone.SESSIONS_REVOKED
    elif seen.sight is Sight.PASS_GONE and seen.ref == journey.pass_id:
        yield Milestone.PASS_GONE


def gone(journey: Journey) -> frozenset[str]:
    """Ids of methods that were missing when last spoken of: a list may lag, and be right later."""
    last: dict[str, Observation] = {}
    for seen in sorted(journey.observations, key=lambda o: (o.at, o.sight)):
        if seen.sight in {Sight.METHOD_GONE, Sight.METHOD_BACK}:
            last[seen.ref] = seen
    return frozenset(ref for ref, seen in last.items() if seen.sight is Sight.METHOD_GONE)


def _use(journey: Journey, credential: Observation) -> Observation | None:
    """The first use of the new credential: its own lastUsedDateTime, or a later sign-in that names its kind."""
    uses = [
        o
        for o in journey.observations
        if o.kind is credential.kind
        and o.at >= credential.at
        and o.sight is Sight.METHOD_USED
        and (o.ref == credential.ref or o.ref.startswith(SIGN_IN_ROW))
    ]
    return min(uses, key=lambda o: (o.at, o.ref), default=None)


def reached(journey: Journey, profile: Profile) -> Mapping[Milestone, Observation]:
    """Each milestone reached, with the earliest observation that proves it, in the order people read them."""
    proofs: dict[Milestone, Observation] = {}
    missing = gone(journey)
    for seen in sorted(journey.observations, key=lambda o: (o.at, o.sight, o.ref, o.detail)):
        if seen.sight is Sight.METHOD and seen.ref in missing:
            continue
        for milestone in _of(journey, profile, seen):
            proofs.setdefault(milestone, seen)
    for milestone in _CREDENTIALS:
        if milestone in proofs and (use := _use(journey, proofs[milestone])):
            proofs.setdefault(Milestone.CREDENTIAL_USED, use)
    return {milestone: proofs[milestone] for milestone in _ORDER if milestone in proofs}


def needed(journey: Journey, profile: Profile) -> frozenset[Milestone]:
    """What must be reached: the profile's set, and the revoked sessions when a recovery was opened for a theft."""
    return profile.done | ({Milestone.SESSIONS_REVOKED} if journey.stolen else frozenset())


def _spare(kit: Mapping[Journey, Profile]) -> Counter[str]:
    """How many of each thing a kit explains: one for each journey, none where its own device shows which it is."""
    spare: Counter[str] = Counter()
    places: dict[tuple[str, str], frozenset[str]] = {}
    for journey, profile in kit.items():
        place = (profile.name, journey.serial.upper())
        if place not in places:
            spare.update(_things(profile))
        places[place] = places.get(place, frozenset()) | own_devices(journey)
    things = {profile.name: _things(profile) for profile in kit.values()}
    for (name, _), own in places.items():
        if own:
            spare.subtract(things[name] & {_PHONE_DEVICE, *(kind.value for kind in _BOUND)})
    return spare


def _unexplained(
    kit: Mapping[Journey, Profile], appeared: Iterable[Observation], spare: Counter[str]
) -> tuple[Observation, ...]:
    """What is left when everything on the kit's own devices is taken out, and the earliest of what is spare."""
    own = frozenset[str]().union(*(own_devices(journey) for journey in kit))
    found: dict[tuple[Sight, str], list[Observation]] = {}
    for seen in sorted(appeared, key=lambda o: (o.at, o.sight, o.ref, o.detail, o.device_id)):
        found.setdefault((seen.sight, seen.ref), []).append(seen)
    registers = frozenset[MethodKind]().union(*(profile.registers for profile in kit.values()))
    rest, left = [], Counter(spare)
    for group in found.values():
        seen = group[0]
        on_own = any(o.device_id in own for o in group)
        if on_own and (seen.sight is Sight.DEVICE or seen.kind in _BOUND & registers):
            continue
        thing = _thing(seen)
        if left[thing] > 0:
            left[thing] -= 1
        else:
            rest.append(seen)
    return tuple(rest)


def unexpected(kit: Mapping[Journey, Profile]) -> tuple[Observation, ...]:
    """Methods and devices that appeared while the kit was open and that no journey of it explains.

    A key that is bound to a device is explained by that device alone; of anything else a journey explains one.
    """
    missing = frozenset[str]().union(*(gone(journey) for journey in kit))
    spare = _spare(kit)
    for kind in _BOUND:
        del spare[kind.value]
    appeared = {
        seen
        for journey in kit
        for seen in journey.observations
        if seen.sight in {Sight.METHOD, Sight.DEVICE} and _is_new(journey, seen) and seen.ref not in missing
    }
    return _unexplained(kit, appeared, spare)


def own_methods(kit: Mapping[Journey, Profile], methods: Iterable[SignInMethod], now: datetime) -> frozenset[str]:
    """Ids of those listed methods that the kit's own journeys explain, whether or not anything was tracked yet."""
    seen = {method_seen(method, "", now)[0] for method in methods}
    new = {one for one in seen if any(_is_new(journey, one) for journey in kit)}
    rest = {one.ref for one in _unexplained(kit, new, _spare(kit))}
    return frozenset(one.ref for one in new if one.ref not in rest)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a journey stands: proofs by milestone, what is missing, whether it is complete and still needs the pass.

    `complete` leaves out `pass_gone`, which Tapslip brings about itself. `use_unknown` is True when the 30 minutes
    decided because no source showed the new credential being used.
    """

    proofs: Mapping[Milestone, Observation]
    missing: tuple[Milestone, ...]
    complete: bool
    needs_pass: bool
    stage: str
    use_unknown: bool = False


def standing(journey: Journey, profile: Profile, now: datetime) -> Standing:
    """Compute it for one journey at one moment."""
    proofs = reached(journey, profile)
    wanted = needed(journey, profile)
    missing = tuple(m for m in _ORDER if m in wanted and m not in proofs)
    complete = not set(missing) - {Milestone.PASS_GONE}
    appeared = max((proofs[m].at for m in _CREDENTIALS if m in proofs), default=None)
    used = Milestone.CREDENTIAL_USED in proofs
    long_enough = appeared is not None and now >= appeared + APPEARED_LONG_ENOUGH
    return Standing(
        proofs,
        missing,
        complete,
        needs_pass=not (complete and (used or long_enough)),
        stage=_stage(journey, profile, proofs, missing),
        use_unknown=complete and long_enough and not used,
    )


def told(journey: Journey, standing: Standing, row: Pass, now: datetime) -> Standing:
    """The standing with a stage that says so when there is no pass any more to go on with."""
    over = not row.state.open or (row.ends_at is not None and now >= row.ends_at)
    if journey.state is JourneyState.OPEN and over and not standing.complete:
        return replace(standing, stage="no pass: issue again or close")
    return standing


_PATHS = {
    DeviceKind.WINDOWS: (Milestone.SIGNED_IN, Milestone.JOINED, Milestone.ENROLLED),
    DeviceKind.APPLE: (Milestone.ENROLLED,),
    DeviceKind.NONE: (),
}


def _stage(
    journey: Journey,
    profile: Profile,
    proofs: Mapping[Milestone, Observation],
    missing: tuple[Milestone, ...],
) -> str:
    if journey.state is not JourneyState.OPEN:
        return journey.state.value
    furthest = max((_ORDER.index(m) for m in proofs if m not in _ASIDE), default=-1)
    path = [m for m in _PATHS[profile.device] if m not in proofs and _ORDER.index(m) > furthest]
    ahead = [*path, *missing]
    if not set(missing) - {Milestone.PASS_GONE}:
        return (
            "waiting for the pass to be gone"
            if Milestone.CREDENTIAL_USED in proofs
            else "waiting for the new credential to be used"
        )
    return f"waiting for {_WAITING[min(ahead, key=_ORDER.index)]}"


def describe(milestone: Milestone) -> str:
    """The milestone as people read it: `hello_set_up` -> “Hello set up”."""
    return milestone.value.replace("_", " ").capitalize()
