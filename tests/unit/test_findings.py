"""What the judge makes of facts that a story cannot easily bring about."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from agent import profile_files
from agent.domain import cases, findings, passes, scans
from agent.domain.cases import Level
from agent.domain.devices import AppleRecord, AppleSignIn, AutopilotRecord, Join
from agent.domain.facts import Known, NotChecked
from agent.domain.journeys import Journey, Observation, Sight
from agent.domain.people import MethodKind, Person, SignInMethod

PROFILES = profile_files.load_all()
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MARA = Person("mara", "mara@x", "Mara Quist")
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
PHONE = AppleRecord("p1", "PF1", profile_name="Phones", sign_in=AppleSignIn.COMPANY_PORTAL)


def known(value: object) -> Known[object]:
    return Known(value, "GET /facts", NOON)


def verdict(profile: str = "windows-autopilot", /, **changes: object) -> findings.Verdict:
    """Judge one journey whose facts are all well but for `changes` of person, device or tenant."""
    person: dict[str, object] = {
        "person": known(MARA),
        "roles": known(()),
        "methods": known(()),
        "groups": known(frozenset()),
    }
    person |= {"listed": known(()), "ours": None, "kit": ()}
    device: dict[str, object] = {"autopilot": known((READY,)), "apple": known((PHONE,)), "taken": None}
    tenant: dict[str, object] = {"policy": known(POLICY), "status_page": known(passes.StatusPage())}
    for part in (person, device, tenant):
        part |= {name: changes[name] for name in part.keys() & changes.keys()}
    facts = cases.Facts(
        cases.TenantFacts(**tenant),  # type: ignore[arg-type]
        {"mara@x": cases.PersonFacts("mara@x", **person)},  # type: ignore[arg-type]
        {"PF1": cases.DeviceFacts(scans.read("PF1"), **device)},  # type: ignore[arg-type]
    )
    asked = cases.KitAsked("mara@x", (cases.Item(PROFILES[profile], "PF1"),), sandbox=True)
    return findings.judge(facts, asked, NOON)


def codes(profile: str = "windows-autopilot", /, **changes: object) -> list[str]:
    return [finding.code for finding in verdict(profile, **changes).findings]


def test_when_all_is_well_there_is_nothing_to_say() -> None:
    assert codes() == codes("ios-company-portal") == []
    assert verdict().terms == passes.Terms(150, one_time=False)


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
    assert ([f.code for f in unread.findings], unread.refusals) == (["status_page_not_checked"], ())
    assert unread.terms == passes.Terms(190, one_time=False)
    assert codes("ios-company-portal", status_page=UNREAD) == []


def test_a_method_that_the_persons_own_kit_registered_is_no_reason_against_a_starter() -> None:
    passkey = SignInMethod("key-1", MethodKind.PASSKEY, "Phone")
    seen = Observation(Sight.METHOD, "key-1", NOON, "GET /methods", kind=MethodKind.PASSKEY)
    kit = Journey("J1", "mara", "mara@x", "Mara", "ios-company-portal", "", "F9", "P1", NOON, "Tess").with_seen([seen])
    assert codes(methods=known((passkey,))) == ["has_strong_method"]
    assert codes(methods=known((passkey,)), kit=(kit,)) == []
    assert codes(methods=known((passkey,)), kit=(dataclasses.replace(kit, baseline=frozenset({"key-1"})),)) == [
        "has_strong_method"
    ]


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


def test_a_pass_of_ours_that_was_never_printed_says_so() -> None:
    ours = passes.Pass("p1", "mara", passes.Terms(60, one_time=True), passes.PassState.UNKNOWN, NOON, "Tess")
    (finding,) = verdict(ours=ours).refusals
    assert "(unknown); slip none printed" in finding.sentence


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
