"""What the judge makes of facts that a story cannot easily bring about."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest

from agent import profile_files
from agent.domain import cases, destinations, findings, passes, profiles, registration, scans
from agent.domain.apple import CompanyPortal, PushCertificate, VolumeToken
from agent.domain.cases import Level
from agent.domain.device_policies import DevicePolicy, EnrolmentRules, Everything, JoinRules, JoinScope, Target
from agent.domain.devices import AppleRecord, AppleSignIn, AutopilotRecord, EntraDevice, Join
from agent.domain.facts import Known, NotChecked
from agent.domain.journeys import Journey
from agent.domain.people import MethodKind, Person, SignInMethod
from agent.domain.topics import access, apple, windows

T = TypeVar("T")

PROFILES = profile_files.load_all()
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MARA = Person("mara", "mara@x", "Mara Quist")
EVERYBODY = destinations.MethodPolicy(enabled=True, include={"all_users": frozenset({"any"})})
NOTHING_ASKED = access.TenantPart(
    Known((), "GET /facts", NOON),
    Known((), "GET /facts", NOON),
    Known(destinations.Destinations(EVERYBODY, EVERYBODY), "GET /facts", NOON),
    Known({}, "GET /facts", NOON),
    Known({}, "GET /facts", NOON),
    Known(value=False, source="GET /facts", at=NOON),
    Known(registration.Campaign(), "GET /facts", NOON),
)
UNREAD = NotChecked("Graph says no.", "Some.Permission")
POLICY = passes.PassPolicy(
    enabled=True,
    include=frozenset({"all_users"}),
    exclude=frozenset(),
    minimum=60,
    maximum=480,
    default=60,
    one_time=False,
    length=8,
)
READY = AutopilotRecord("a1", "PF1", assignment_status="assignedInSync", assigned_at=NOON, join=Join.ENTRA)
PHONE = AppleRecord("p1", "PF1", profile_name="Phones", sign_in=AppleSignIn.COMPANY_PORTAL, volume_token_id="v1")

UNUSED = Known((), "GET /managedDevices", NOON)
APPLE = apple.TenantPart(
    tokens=Known((), "GET /depOnboardingSettings", NOON),
    push=Known(PushCertificate(NOON + timedelta(days=200)), "GET /applePushNotificationCertificate", NOON),
    volume_tokens=Known((VolumeToken("v1", "Volume", "valid"),), "GET /vppTokens", NOON),
    company_portal=Known((CompanyPortal("v1", 10, 1, required=True),), "GET /mobileApps", NOON),
    user_enrolments=Known((), "GET /appleUserInitiatedEnrollmentProfiles", NOON),
    platform_sso=Known((), "GET /configurationPolicies", NOON),
)
APPLE_FACTS = frozenset(field.name for field in dataclasses.fields(APPLE))


def known(value: T) -> Known[T]:
    return Known(value, "GET /facts", NOON)


OTHER_PC = EntraDevice("e0", "d0", trust_type="AzureAd", managed=True)
LICENSED = windows.PersonPart(owned=known((OTHER_PC,)), plans=known(frozenset({"INTUNE_A"})))
KNOWN_PC = windows.DevicePart(
    entra=known(EntraDevice("e1", "d1")), groups=known(frozenset()), managed=known(()), hardware=known(None)
)
WEB_SIGN_IN = DevicePolicy("Web sign-in", (Target(everything=Everything.DEVICES),), web_sign_in=True)
OPEN_TENANT = windows.TenantPart(
    join=known(JoinRules(JoinScope.ALL)), enrolment=known(EnrolmentRules()), policies=known((WEB_SIGN_IN,))
)


def verdict(profile: str = "windows-autopilot", /, **changes: object) -> findings.Verdict:
    """Judge one journey whose facts are all well but for `changes` of person, device or tenant."""
    return judged((PROFILES[profile],), passes.Wish(), **changes)


def judged(kit: tuple[profiles.Profile, ...], wish: passes.Wish, /, **changes: object) -> findings.Verdict:
    """Judge a kit with this wish, the facts as `verdict` has them."""
    person: dict[str, object] = {
        "person": known(MARA),
        "roles": known(()),
        "methods": known(()),
        "groups": known(frozenset()),
    }
    person |= {"listed": known(()), "ours": None, "kit": (), "family": ()}
    device: dict[str, object] = {"autopilot": known((READY,)), "apple": known((PHONE,)), "taken": None}
    tenant: dict[str, object] = {"policy": known(POLICY), "status_page": known(passes.StatusPage()), "skew": known(0.0)}
    tenant |= {"staff_groups": frozenset(), "protected_groups": frozenset()}
    for part in (person, device, tenant):
        part |= {name: changes[name] for name in part.keys() & changes.keys()}
    person |= {"access": access.PersonPart(), "windows": changes.get("windows_person", LICENSED)}
    person["apple"] = changes.get("apple_person", apple.PersonPart(UNUSED))
    device |= {"windows_part": KNOWN_PC, "apple_part": changes.get("apple_part", apple.DevicePart(UNUSED))}
    tenant |= {"access": changes.get("access", NOTHING_ASKED), "windows": changes.get("windows", OPEN_TENANT)}
    of_apple: dict[str, Any] = {name: changes[name] for name in APPLE_FACTS & changes.keys()}
    tenant["apple"] = dataclasses.replace(APPLE, **of_apple)
    facts = cases.Facts(
        cases.TenantFacts(**tenant),  # type: ignore[arg-type]
        {"mara@x": cases.PersonFacts("mara@x", **person)},  # type: ignore[arg-type]
        {"PF1": cases.DeviceFacts(scans.read("PF1"), **device)},  # type: ignore[arg-type]
    )
    items = tuple(cases.Item(profile, "PF1") for profile in kit)
    asked = cases.KitAsked("mara@x", items, wish)
    return findings.judge(facts, asked, NOON)


def codes(profile: str = "windows-autopilot", /, **changes: object) -> list[str]:
    """What is not well."""
    found = verdict(profile, **changes).findings
    return [finding.code for finding in found if finding.level is not Level.OK]


def test_when_all_is_well_there_is_nothing_to_say() -> None:
    assert codes() == codes("ios-company-portal") == []
    assert verdict().terms == passes.Terms(150, one_time=False)


@pytest.mark.parametrize(("named", "code"), [("staff_groups", "tapslip_role"), ("protected_groups", "protected_group")])
def test_who_holds_a_role_here_or_is_protected_gets_no_pass(named: str, code: str) -> None:
    some = {named: frozenset({"g1"})}
    assert codes(**some, groups=known(frozenset({"g1"}))) == [code]
    assert codes(**some, groups=known(frozenset({"g2"}))) == []
    assert {"protected_not_checked", "scope_not_checked"} <= {
        finding.code for finding in verdict(**some, groups=UNREAD).refusals
    }


@pytest.mark.parametrize(
    ("fact", "code"),
    [
        ("roles", "roles_not_checked"),
        ("methods", "methods_not_checked"),
        ("groups", "scope_not_checked"),
        ("listed", "live_pass_not_checked"),
        ("policy", "policy_not_checked"),
        ("autopilot", "device_not_checked"),
    ],
)
def test_what_was_not_checked_refuses_and_names_the_permission(fact: str, code: str) -> None:
    (finding,) = verdict(**{fact: UNREAD}).refusals
    assert (finding.code, finding.level) == (code, Level.NOT_CHECKED)
    assert "Some.Permission" in finding.sentence


def test_a_status_page_that_was_not_checked_only_warns_where_it_counts() -> None:
    unread = verdict(status_page=UNREAD)
    assert codes(status_page=UNREAD) == ["status_page_not_checked"]
    assert unread.refusals == ()
    assert unread.terms == passes.Terms(190, one_time=False)
    assert codes("ios-company-portal", status_page=UNREAD) == []


def test_a_method_that_the_persons_own_kit_registered_is_no_reason_against_a_starter() -> None:
    passkey = SignInMethod("key-1", MethodKind.PASSKEY, "Phone", aaguid="90a3ccdf-635c-4729-a248-9b709135078f")
    blue = SignInMethod("key-2", MethodKind.PASSKEY, "Blue key", aaguid="2fc0579f-8113-47ea-b116-bb5a8db9202a")
    kit = Journey("J1", "mara", "mara@x", "Mara", "ios-company-portal", "", "F9", "P1", NOON, "Tess")
    phone = PROFILES["ios-company-portal"]
    assert codes(methods=known((passkey,))) == ["has_strong_method"]
    assert codes(methods=known((passkey,)), family=((kit, phone),)) == []
    assert codes(methods=known((blue,)), family=((kit, phone),)) == ["has_strong_method"]
    older = dataclasses.replace(kit, baseline=frozenset({"key-1"}))
    assert codes(methods=known((passkey,)), family=((older, phone),)) == ["has_strong_method"]


@pytest.mark.parametrize(
    ("reason", "minutes", "expected"),
    [
        ("EnabledByPolicy", 10, ["live_pass_outside"]),
        ("NotYetValid", 500, ["live_pass_outside"]),
        ("OneTimeUsed", 10, []),
        ("Expired", -70, []),
    ],
)
def test_a_pass_made_elsewhere_counts_while_it_may_still_work(reason: str, minutes: int, expected: list[str]) -> None:
    start = NOON + timedelta(minutes=minutes)
    other = passes.TenantPass("t1", NOON, start, 60, one_time=True, usable=False, reason=reason)
    assert codes(listed=known((other,))) == expected


def test_an_outcome_that_is_unknown_is_said_to_be() -> None:
    ours = passes.Pass("p1", "mara", passes.Terms(60, one_time=True), passes.PassState.UNKNOWN, NOON, "Tess")
    (finding,) = verdict(ours=ours).refusals
    assert finding.sentence == "Whether an earlier pass of ours was made for this person is unknown."
    assert "tapslip track" in finding.where


@pytest.mark.parametrize(
    ("issued", "minutes", "there", "expected"),
    [(-60, 60, True, ["live_pass"]), (-60, -1, True, []), (-60, 60, False, []), (-1, 60, False, ["live_pass"])],
)
def test_a_pass_of_ours_that_has_ended_or_is_long_gone_blocks_nobody(
    issued: int, minutes: int, there: bool, expected: list[str]
) -> None:
    made, ends = NOON + timedelta(minutes=issued), NOON + timedelta(minutes=minutes)
    terms = passes.Terms(60, one_time=True)
    ours = passes.Pass("p1", "mara", terms, passes.PassState.ISSUED, made, "Tess", made, ends, tenant_id="t1")
    held = passes.TenantPass("t1", made, made, 60 + minutes, one_time=True, usable=True, reason="EnabledByPolicy")
    assert codes(ours=ours, listed=known((held,) if there else ())) == expected


def test_a_lifetime_below_the_need_is_warned_of_with_both_numbers() -> None:
    short = judged((PROFILES["windows-autopilot"],), passes.Wish(lifetime=61))
    (finding,) = [found for found in short.findings if found.level is Level.WARNING]
    assert (finding.code, finding.forbids) == ("lifetime_short", False)
    assert "61 minutes was asked for; this kit needs 150. It may end during a restart" in finding.sentence
    assert "typed 2 times" in finding.sentence
    assert short.terms is not None
    assert short.terms.lifetime == 61


@pytest.mark.parametrize(("days", "refused"), [(-1, True), (0, False), (30, False), (31, True)])
def test_a_start_that_has_passed_or_is_too_far_away_is_refused_with_the_range(days: int, refused: bool) -> None:
    found = judged((PROFILES["windows-autopilot"],), passes.Wish(start=NOON + timedelta(days=days))).refusals
    assert [finding.code for finding in found] == ["start_out_of_range"] * refused
    assert all("from 2026-11-23 12:00 until 2026-12-23 12:00 UTC" in finding.sentence for finding in found)


@pytest.mark.parametrize(("minutes", "expected"), [(0, ["person_new"]), (14, ["person_new"]), (15, []), (600, [])])
def test_an_account_that_was_only_just_made_is_given_time(minutes: int, expected: list[str]) -> None:
    young = dataclasses.replace(MARA, created=NOON - timedelta(minutes=minutes))
    assert codes(person=known(young)) == expected


def test_a_device_that_intune_blocks_is_said_to_need_its_licence() -> None:
    blocked = dataclasses.replace(PHONE, enrolment_state="blocked")
    assert codes("ios-company-portal", apple=known((blocked,))) == ["enrolment_blocked"]


def test_a_profile_without_a_date_is_not_there_yet() -> None:
    assert codes(autopilot=known((dataclasses.replace(READY, assigned_at=None),))) == ["profile_not_assigned"]
    other = dataclasses.replace(READY, profile_is_intended=False)
    assert codes(autopilot=known((other,))) == ["profile_not_assigned"]


def test_a_device_is_judged_even_when_the_person_is_unknown() -> None:
    several = known((READY, dataclasses.replace(READY, id="a2")))
    assert codes(person=known(None), autopilot=several) == ["person_unknown", "device_several"]
    assert codes(person=UNREAD, autopilot=known((dataclasses.replace(READY, user_name="else@x"),))) == [
        "person_not_checked"
    ]


def test_a_finding_forbids_as_a_blocker_or_when_its_check_must_not_be_skipped() -> None:
    assert cases.Finding("x", Level.BLOCKER, "").forbids
    assert cases.Finding("x", Level.NOT_CHECKED, "", refuses=True).forbids
    assert not cases.Finding("x", Level.NOT_CHECKED, "").forbids
    assert not cases.Finding("x", Level.WARNING, "").forbids


@pytest.mark.parametrize("seconds", [301.0, -301.0])
def test_a_clock_that_is_off_by_more_than_five_minutes_forbids_a_pass(seconds: float) -> None:
    found = verdict(skew=known(seconds))
    assert [finding.code for finding in found.refusals] == ["clock_skew"]
    assert codes(skew=known(seconds / 301 * 300)) == []


def test_a_clock_that_was_not_checked_is_shown_and_forbids_nothing() -> None:
    found = verdict(skew=NotChecked("no Date"))
    assert codes(skew=NotChecked("no Date")) == ["clock_not_checked"]
    assert found.refusals == ()


@pytest.mark.parametrize("sign", ["\x1b", "\u202e"])
@pytest.mark.parametrize("field", ["display_name", "department", "manager"])
def test_a_name_that_no_slip_may_carry_refuses_before_the_slip_is_set(field: str, sign: str) -> None:
    odd = dataclasses.replace(MARA, **{field: f"Mara{sign}Quist"})  # type: ignore[arg-type]
    (finding,) = verdict(person=known(odd)).refusals
    assert (finding.code, finding.who) == ("unprintable", "a user administrator")
    assert f"U+{ord(sign):04X}" in finding.sentence
    assert sign not in finding.sentence
    assert "Entra admin centre › Users" in finding.where


def test_a_model_that_no_slip_may_carry_refuses_too() -> None:
    (finding,) = verdict(autopilot=known((dataclasses.replace(READY, model="Think\x1bPad"),))).refusals
    assert (finding.code, finding.who) == ("unprintable", "an Intune administrator")


def test_the_device_that_was_matched_is_named() -> None:
    record = dataclasses.replace(READY, model="ThinkPad T14")
    (finding,) = verdict(autopilot=known((record,))).findings
    assert (finding.code, finding.level) == ("device_read_as", Level.OK)
    assert "PF1" in finding.sentence
    assert "ThinkPad T14" in finding.sentence


@pytest.mark.parametrize(
    ("minimum", "lifetime", "reason"), [(120, None, "the policy allows no less"), (60, 300, "--lifetime asks for it")]
)
def test_a_long_pass_is_explained_by_what_makes_it_long(minimum: int, lifetime: int | None, reason: str) -> None:
    policy = dataclasses.replace(POLICY, minimum=minimum)
    found = judged((PROFILES["account-recovery"],), passes.Wish(lifetime=lifetime), policy=known(policy)).findings
    (finding,) = (finding for finding in found if finding.code == "long_pass")
    assert reason in finding.sentence
    assert ("no less" in finding.sentence) is (lifetime is None)


def test_a_long_pass_that_another_journey_needs_says_so() -> None:
    found = judged((PROFILES["account-recovery"], PROFILES["windows-autopilot"]), passes.Wish()).findings
    (finding,) = (finding for finding in found if finding.code == "long_pass")
    assert "the journeys of this kit need it" in finding.sentence
