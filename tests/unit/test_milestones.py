"""The same evidence in every order, in any number of sweeps and seen twice, ends in the same state."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import profile_files
from agent.domain import milestones, passes
from agent.domain.journeys import Journey, JourneyState, Observation, Sight
from agent.domain.people import MethodKind, SignInMethod
from agent.domain.profiles import Milestone, Profile

PROFILES = profile_files.load_all()
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PC, PHONE = "11111111-aaaa-4aaa-8aaa-111111111111", "22222222-bbbb-4bbb-8bbb-222222222222"


def journey(profile: str, serial: str = "PF4TH101", **more: object) -> Journey:
    plain = Journey("J1", "mara", "mara@x", "Mara", profile, "", serial, "P1", NOON, "Tess")
    return dataclasses.replace(plain, **{"baseline": frozenset({"old-push"}), **more})  # type: ignore[arg-type]


def sight(sight: Sight, ref: str, minutes: float, **more: object) -> Observation:
    return Observation(sight, ref, NOON + timedelta(minutes=minutes), "GET /somewhere", **more)  # type: ignore[arg-type]


def hello(ref: str = "hello-1", minutes: float = 60, device_id: str = PC) -> Observation:
    return sight(Sight.METHOD, ref, minutes, kind=MethodKind.HELLO, device_id=device_id, strong=True)


AUTHENTICATOR = sight(
    Sight.METHOD, "phone-1", 40, kind=MethodKind.AUTHENTICATOR, strong=True, elsewhere=True, in_authenticator=True
)
ENROLLED_PC = sight(Sight.MANAGED, "row-1", 4, device_id=PC)
BOUND_PC = sight(Sight.USER_BOUND, "row-1", 4)

#: What a sweep may meet on the way, with things that must not count: another PC's key, an old method, a failed guess.
EVIDENCE: dict[str, tuple[Observation, ...]] = {
    "windows-autopilot": (
        sight(Sight.AUTOPILOT_RECORD, "ap-1", 0),
        sight(Sight.PROFILE_READY, "ap-1", -600),
        sight(Sight.SIGN_IN, "sign-in:1", 1, system="Windows"),
        sight(Sight.ENTRA_OWNED, "entra-1", 2, device_id=PC),
        sight(Sight.DEVICE, "entra-1", 2, device_id=PC),
        ENROLLED_PC,
        BOUND_PC,
        hello(),
        hello("hello-2", 61, "99999999-cccc-4ccc-8ccc-999999999999"),
        sight(Sight.METHOD, "old-push", -9000, kind=MethodKind.AUTHENTICATOR),
        sight(Sight.METHOD_USED, "sign-in:2", 63, kind=MethodKind.HELLO),
        sight(Sight.METHOD_USED, "sign-in:0", 30, kind=MethodKind.HELLO),
        sight(Sight.COMPLIANT, "row-1", 70),
        sight(Sight.PASS_GONE, "P1", 64),
    ),
    "ios-company-portal": (
        sight(Sight.APPLE_RECORD, "apple-1", 0),
        sight(Sight.MANAGED, "row-2", 3, device_id=PHONE),
        sight(Sight.USER_BOUND, "row-2", 20),
        sight(Sight.ENTRA_REGISTERED, "row-2", 20, device_id=PHONE),
        sight(Sight.DEVICE, "entra-2", 20, device_id=PHONE, workplace=True),
        AUTHENTICATOR,
        sight(Sight.METHOD_USED, "phone-1", 45, kind=MethodKind.AUTHENTICATOR),
        hello(minutes=10),
        sight(Sight.PASS_GONE, "P0", 5),
    ),
    "account-recovery": (
        sight(Sight.SIGN_IN, "sign-in:1", 1, system="Windows"),
        sight(Sight.METHOD, "lost", -5000, kind=MethodKind.AUTHENTICATOR, strong=True, elsewhere=True),
        sight(Sight.METHOD_GONE, "lost", 6),
        sight(Sight.METHOD, "key-1", 5, kind=MethodKind.PASSKEY, strong=True, elsewhere=True),
        sight(Sight.METHOD, "key-2", 4, kind=MethodKind.PASSKEY, strong=True, elsewhere=True),
        sight(Sight.METHOD_GONE, "key-2", 7),
        sight(Sight.METHOD_USED, "key-1", 9, kind=MethodKind.PASSKEY),
        sight(Sight.SESSIONS_REVOKED, "sessions", 8),
        sight(Sight.PASS_GONE, "P1", 12),
    ),
}


def fresh(profile: str) -> Journey:
    lost = profile == "account-recovery"
    return journey(profile, "" if lost else "PF4TH101", lost_method="lost" if lost else "", stolen=lost)


@given(st.data())
@pytest.mark.parametrize("profile", EVIDENCE)
def test_the_same_evidence_in_any_order_ends_in_the_same_state(profile: str, data: st.DataObject) -> None:
    evidence = list(EVIDENCE[profile])
    shown = data.draw(st.permutations(evidence + data.draw(st.lists(st.sampled_from(evidence), max_size=5))))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(shown)), max_size=6)))
    followed = fresh(profile)
    for start, end in zip([0, *cuts], [*cuts, len(shown)], strict=True):
        followed = followed.with_seen(shown[start:end])
    at_once = fresh(profile).with_seen(evidence)
    later = NOON + timedelta(minutes=data.draw(st.integers(0, 200)))
    assert followed == at_once
    assert milestones.standing(followed, PROFILES[profile], later) == milestones.standing(
        at_once, PROFILES[profile], later
    )
    kit = {followed: PROFILES[profile]}
    assert milestones.unexpected(kit) == milestones.unexpected({at_once: PROFILES[profile]})
    assert not milestones.standing(followed, PROFILES[profile], later).missing


@given(st.sets(st.sampled_from(EVIDENCE["windows-autopilot"])))
def test_more_evidence_never_takes_a_milestone_of_a_laptop_back(seen: set[Observation]) -> None:
    before = set(milestones.reached(fresh("windows-autopilot").with_seen(seen), PROFILES["windows-autopilot"]))
    for more in EVIDENCE["windows-autopilot"]:
        grown = fresh("windows-autopilot").with_seen(seen | {more})
        assert before <= set(milestones.reached(grown, PROFILES["windows-autopilot"]))


def reached(profile: str, *seen: Observation, **more: object) -> set[Milestone]:
    return set(milestones.reached(journey(profile, **more).with_seen(seen), PROFILES[profile]))  # type: ignore[arg-type]


def test_a_hello_key_counts_only_on_this_journeys_own_device() -> None:
    assert Milestone.HELLO_SET_UP not in reached("windows-autopilot", hello())
    assert Milestone.HELLO_SET_UP in reached("windows-autopilot", hello(), ENROLLED_PC)


def test_a_method_older_than_the_journey_proves_nothing_but_a_slow_clock_is_forgiven() -> None:
    assert Milestone.HELLO_SET_UP not in reached("windows-autopilot", hello(minutes=-6), ENROLLED_PC)
    assert Milestone.HELLO_SET_UP in reached("windows-autopilot", hello(minutes=-4), ENROLLED_PC)
    assert Milestone.HELLO_SET_UP not in reached(
        "windows-autopilot", hello(), ENROLLED_PC, baseline=frozenset({"hello-1"})
    )


def test_push_alone_is_no_strong_method() -> None:
    push = SignInMethod("push-1", MethodKind.AUTHENTICATOR, "Pixel")
    (seen,) = milestones.method_seen(push, "GET /methods", NOON)
    assert (seen.at, seen.detail) == (NOON, "authenticator Pixel")
    assert reached("phone-authenticator", seen) == set()


def test_a_method_that_was_used_gives_two_observations() -> None:
    later = NOON + timedelta(minutes=3)
    method = SignInMethod("key-1", MethodKind.PASSKEY, created=NOON, last_used=later, device_id=PC.upper())
    seen, used = milestones.method_seen(method, "GET /methods", later)
    assert (seen.at, seen.device_id, used.sight, used.at) == (NOON, PC, Sight.METHOD_USED, later)
    assert {Milestone.PASSKEY_SET_UP, Milestone.CREDENTIAL_USED} <= reached("security-key", seen, used)


def test_a_macs_platform_credential_counts_on_its_own_mac() -> None:
    key = sight(Sight.METHOD, "mac-1", 9, kind=MethodKind.PLATFORM_CREDENTIAL, device_id=PC, strong=True)
    assert Milestone.PLATFORM_CREDENTIAL_SET_UP in reached("mac-platform-sso", key, ENROLLED_PC)
    assert Milestone.PLATFORM_CREDENTIAL_SET_UP not in reached("mac-platform-sso", key)


def test_a_use_before_the_credential_existed_is_not_its_use() -> None:
    early = sight(Sight.METHOD_USED, "sign-in:1", 59, kind=MethodKind.HELLO)
    other = sight(Sight.METHOD_USED, "hello-9", 70, kind=MethodKind.HELLO)
    assert Milestone.CREDENTIAL_USED not in reached("windows-autopilot", hello(), ENROLLED_PC, early, other)


def standing(profile: str, minutes: float, *seen: Observation) -> milestones.Standing:
    return milestones.standing(journey(profile).with_seen(seen), PROFILES[profile], NOON + timedelta(minutes=minutes))


def test_the_pass_is_needed_until_the_credential_was_used_or_thirty_minutes_old() -> None:
    done = (ENROLLED_PC, BOUND_PC, hello())
    assert standing("windows-autopilot", 89, *done).needs_pass
    unused = standing("windows-autopilot", 90, *done)
    assert (unused.needs_pass, unused.use_unknown) == (False, True)
    used = standing("windows-autopilot", 62, *done, sight(Sight.METHOD_USED, "hello-1", 61, kind=MethodKind.HELLO))
    assert (used.needs_pass, used.use_unknown, used.stage) == (False, False, "waiting for the pass to be gone")
    assert standing("windows-autopilot", 200, hello(), ENROLLED_PC).needs_pass


@pytest.mark.parametrize(
    ("seen", "stage"),
    [
        ((), "waiting for the first sign-in"),
        ((sight(Sight.SIGN_IN, "sign-in:1", 1, system="Windows"),), "waiting for the device to join"),
        ((ENROLLED_PC,), "waiting for the device to name its person"),
        ((ENROLLED_PC, BOUND_PC), "waiting for Windows Hello"),
        ((ENROLLED_PC, BOUND_PC, hello()), "waiting for the new credential to be used"),
        ((sight(Sight.PASS_GONE, "P1", 1),), "waiting for the first sign-in"),
        ((sight(Sight.COMPLIANT, "row-1", 1),), "waiting for the first sign-in"),
    ],
)
def test_the_stage_is_what_people_wait_for_next(seen: tuple[Observation, ...], stage: str) -> None:
    assert standing("windows-autopilot", 62, *seen).stage == stage


def test_a_closed_journey_shows_how_it_was_closed() -> None:
    closed = journey("windows-autopilot").closed(JourneyState.REVOKED, NOON, "by hand")
    assert milestones.standing(closed, PROFILES["windows-autopilot"], NOON).stage == "revoked"


def odd(*kit: tuple[str, tuple[Observation, ...]]) -> list[str]:
    pairs: dict[Journey, Profile] = {}
    for number, (profile, seen) in enumerate(kit):
        pairs[dataclasses.replace(journey(profile), id=f"J{number}").with_seen(seen)] = PROFILES[profile]
    return [seen.ref for seen in milestones.unexpected(pairs)]


def test_what_one_journey_of_a_kit_explains_is_not_unexpected_in_another() -> None:
    laptop = ("windows-autopilot", (ENROLLED_PC, hello(), AUTHENTICATOR))
    phone = ("ios-company-portal", (hello(), AUTHENTICATOR, sight(Sight.DEVICE, "entra-1", 2, device_id=PC)))
    assert odd(laptop) == ["phone-1"]
    assert odd(phone) == ["entra-1", "hello-1"]
    assert odd(laptop, phone) == []


def test_what_is_no_longer_there_is_no_longer_unexpected() -> None:
    phone = sight(Sight.METHOD, "sms-1", 20, kind=MethodKind.PHONE)
    assert odd(("windows-autopilot", (phone,))) == ["sms-1"]
    assert odd(("windows-autopilot", (phone, sight(Sight.METHOD_GONE, "sms-1", 30)))) == []


def test_a_phone_that_registers_itself_is_expected_where_authenticator_is() -> None:
    workplace = sight(Sight.DEVICE, "entra-9", 9, device_id=PHONE, workplace=True)
    assert odd(("ios-company-portal", (workplace,))) == []
    assert odd(("windows-autopilot", (workplace,))) == ["entra-9"]


def key(ref: str, minutes: float = 20, *, in_authenticator: bool = False) -> Observation:
    worth = {"strong": True, "elsewhere": True, "in_authenticator": in_authenticator}
    return sight(Sight.METHOD, ref, minutes, kind=MethodKind.PASSKEY, **worth)


def test_a_security_key_is_no_phone_and_finishes_no_iphone() -> None:
    assert reached("ios-company-portal", key("blue")) == set()
    assert Milestone.STRONG_METHOD_SET_UP in reached("ios-company-portal", key("phone", in_authenticator=True))
    assert odd(("ios-company-portal", (key("blue"),))) == ["blue"]
    assert odd(("security-key", (key("blue"),))) == []
    assert odd(("security-key", (key("phone", in_authenticator=True),))) == ["phone"]


def test_a_phone_explains_one_authenticator_its_passkey_and_one_device_and_the_rest_is_listed() -> None:
    second = dataclasses.replace(AUTHENTICATOR, ref="phone-2", at=AUTHENTICATOR.at + timedelta(minutes=1))
    passkeys = (key("passkey-1", in_authenticator=True), key("passkey-2", 21, in_authenticator=True))
    foreign = [sight(Sight.DEVICE, f"entra-{n}", n, device_id=f"device-{n}", workplace=True) for n in (8, 9)]
    seen = (AUTHENTICATOR, second, *passkeys, *foreign)
    assert odd(("ios-company-portal", seen)) == ["entra-9", "passkey-2", "phone-2"]
    enrolled = sight(Sight.MANAGED, "row-2", 3, device_id=PHONE)
    assert odd(("ios-company-portal", (*seen, enrolled))) == ["entra-8", "entra-9", "passkey-2", "phone-2"]
    assert odd(("account-recovery", (key("key-1"), key("key-2", 21)))) == ["key-2"]


@pytest.mark.parametrize(
    ("profile", "device_id", "system", "proven"),
    [
        ("windows-autopilot", "", "Windows 11", True),
        ("windows-autopilot", "", "iOS 18", False),
        ("windows-autopilot", "", "", False),
        ("ios-company-portal", "", "Windows", False),
        ("ios-company-portal", "", "Ios 18.1", True),
        ("ios-company-portal", "", "iPadOS", True),
        ("mac-platform-sso", "", "MacOs", True),
        ("windows-autopilot", PC, "", True),
        ("windows-autopilot", PHONE, "Windows", False),
        ("account-recovery", PHONE, "Linux", True),
    ],
)
def test_a_sign_in_counts_for_the_device_it_was_made_on(
    profile: str, device_id: str, system: str, *, proven: bool
) -> None:
    row = sight(Sight.SIGN_IN, "sign-in:1", 1, device_id=device_id, system=system)
    seen = reached(profile, row, ENROLLED_PC, serial="" if profile == "account-recovery" else "PF4TH101")
    assert (Milestone.SIGNED_IN in seen) is proven


def test_an_open_kit_owns_what_its_journeys_explain_even_before_anything_was_tracked() -> None:
    hello_key = SignInMethod("hello-1", MethodKind.HELLO, "PC", NOON + timedelta(hours=1), PC)
    another = dataclasses.replace(hello_key, id="hello-2", created=NOON + timedelta(hours=2), device_id=PHONE)
    blue = SignInMethod("blue", MethodKind.PASSKEY, "Blue key", NOON + timedelta(hours=1))
    laptop = journey("windows-autopilot")
    kit = {laptop: PROFILES["windows-autopilot"], journey("ios-company-portal"): PROFILES["ios-company-portal"]}
    assert milestones.own_methods(kit, [hello_key, another, blue], NOON) == {"hello-1"}
    tracked = {laptop.with_seen([sight(Sight.MANAGED, "row-1", 4, device_id=PHONE)]): PROFILES["windows-autopilot"]}
    assert milestones.own_methods(tracked, [hello_key, another], NOON) == {"hello-2"}
    old = {dataclasses.replace(laptop, baseline=frozenset({"hello-1"})): PROFILES["windows-autopilot"]}
    assert milestones.own_methods(old, [hello_key], NOON) == set()


def test_a_journey_without_its_pass_says_so_as_long_as_it_needs_one() -> None:
    open_one, profile = journey("windows-autopilot"), PROFILES["windows-autopilot"]
    waiting = milestones.standing(open_one, profile, NOON)
    held = passes.Pass("P1", "mara", passes.Terms(60, one_time=False), passes.PassState.ISSUED, NOON, "Tess")
    held = dataclasses.replace(held, ends_at=NOON + timedelta(minutes=60))
    gone = held.moved(passes.PassState.GONE)
    assert milestones.told(open_one, waiting, held, NOON) == waiting
    assert milestones.told(open_one, waiting, gone, NOON).stage == "no pass: issue again or close"
    late = NOON + timedelta(minutes=60)
    assert milestones.told(open_one, waiting, held, late).stage == "no pass: issue again or close"
    closed = open_one.closed(JourneyState.EXPIRED, NOON)
    assert milestones.told(closed, milestones.standing(closed, profile, NOON), gone, NOON).stage == "expired"


def test_every_milestone_has_words() -> None:
    assert {milestones.describe(milestone)[0].isupper() for milestone in Milestone} == {True}
    assert milestones.describe(Milestone.HELLO_SET_UP) == "Hello set up"


def test_a_method_that_one_late_list_left_out_counts_again_once_it_is_listed() -> None:
    """Graph's lists lag: what was missing at one look and there at the next was never gone."""
    plain = journey("windows-autopilot").with_seen([ENROLLED_PC, BOUND_PC, hello()])
    missed = plain.with_seen([sight(Sight.METHOD_GONE, "hello-1", 61)])
    again = missed.with_seen([sight(Sight.METHOD_BACK, "hello-1", 62)])
    profile = PROFILES["windows-autopilot"]
    assert Milestone.HELLO_SET_UP not in milestones.reached(missed, profile)
    assert Milestone.HELLO_SET_UP in milestones.reached(again, profile)
    assert Milestone.HELLO_SET_UP not in milestones.reached(
        again.with_seen([sight(Sight.METHOD_GONE, "hello-1", 63)]), profile
    )
