"""What Conditional Access says to a pass: whom and what a policy covers, what is certain, and what it wants."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from agent.domain import access
from agent.domain.access import AccessPolicy, NamedPlace, Strength, Who
from agent.domain.cases import Level
from agent.domain.facts import NOT_READ
from agent.domain.people import PersonKind
from tests.unit.test_findings import MARA, NOTHING_ASKED, known, verdict

RESISTANT = Strength("Phishing-resistant MFA", frozenset({"fido2", "windowsHelloForBusiness"}))
MULTI_USE = Strength("Passes", frozenset({"temporaryAccessPassMultiUse"}))
OFFICE = NamedPlace("office", "Harbour House", trusted=True)
BLOCK = AccessPolicy("p", "Ours", controls=frozenset({"block"}))
AROUND = frozenset({access.ALL})


def found(
    profile: str = "windows-autopilot", *, named: object = None, groups: Any = frozenset(), **terms: Any
) -> list[tuple[str, Level]]:
    """Code and level of what one policy with these terms leads to; it blocks unless they say otherwise."""
    policies, places = known((dataclasses.replace(BLOCK, **terms),)), known((OFFICE,)) if named is None else named
    part = dataclasses.replace(NOTHING_ASKED, policies=policies, places=places)  # type: ignore[arg-type]
    said = verdict(profile, access=part, groups=known(groups)).findings
    return [(one.code, one.level) for one in said if one.code.startswith("access_")]


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({}, ("access_block", Level.BLOCKER)),
        ({"controls": frozenset(), "strength": RESISTANT}, ("access_strength", Level.BLOCKER)),
        ({"controls": frozenset(), "terms_of_use": True}, ("access_terms", Level.BLOCKER)),
        ({"controls": frozenset(), "other_providers": True}, ("access_other_provider", Level.WARNING)),
        ({"controls": frozenset({"compliantDevice"})}, ("access_device", Level.WARNING)),
        ({"controls": frozenset({"approvedApplication"})}, ("access_app", Level.WARNING)),
        ({"controls": frozenset({"riskRemediation"})}, ("access_unknown", Level.WARNING)),
    ],
)
def test_each_demand_that_a_pass_cannot_meet_is_named(terms: dict[str, Any], expected: tuple[str, Level]) -> None:
    assert found(**terms) == [expected]


@pytest.mark.parametrize(
    "terms",
    [
        {"controls": frozenset({"mfa"})},
        {"controls": frozenset({"mfa", "compliantDevice"})},
        {"controls": frozenset(), "strength": MULTI_USE},
        {"controls": frozenset()},
        {"apart": True},
        {"clients": frozenset({"exchangeActiveSync"})},
        {"resources": frozenset({"office365"})},
        {"include": Who(groups=frozenset({"others"}))},
        {"systems": frozenset({"iOS"})},
        {"without_systems": frozenset({"windows"})},
        {"places": AROUND, "without_places": AROUND},
        {"filter_mode": "exclude", "filter_rule": 'device.model -ne "X"', "resources": frozenset({access.MY_SIGN_INS})},
    ],
)
def test_a_policy_that_a_pass_meets_or_that_covers_no_sign_in_of_the_journey_says_nothing(
    terms: dict[str, Any],
) -> None:
    assert found(**terms) == []


def test_with_and_each_demand_counts_and_the_worst_is_named() -> None:
    both: dict[str, Any] = {
        "controls": frozenset({"mfa", "compliantDevice"}),
        "strength": RESISTANT,
        "every_control": True,
    }
    assert found(**both) == [("access_strength", Level.BLOCKER)]


@pytest.mark.parametrize(
    ("terms", "named", "expected"),
    [
        ({"places": AROUND, "without_places": frozenset({"AllTrusted"})}, None, [("access_by_place", Level.WARNING)]),
        ({"places": AROUND, "without_places": frozenset({"AllTrusted"})}, known(()), [("access_block", Level.BLOCKER)]),
        (
            {"places": AROUND, "without_places": frozenset({"AllTrusted"})},
            NOT_READ,
            [("access_by_place", Level.WARNING)],
        ),
        ({"places": frozenset({"AllTrusted"})}, known(()), []),
        ({"places": frozenset({"office"})}, None, [("access_by_place", Level.WARNING)]),
    ],
)
def test_where_the_person_will_sit_is_not_known_so_a_place_makes_a_warning(
    terms: dict[str, Any], named: object, expected: list[tuple[str, Level]]
) -> None:
    assert found(named=named, **terms) == expected


@pytest.mark.parametrize(
    ("mode", "rule", "expected"),
    [
        ("exclude", 'device.model -startsWith "Think"', ["access_block", "access_by_filter"]),
        ("include", 'device.trustType -ne "ServerAD"', ["access_block", "access_by_filter"]),
        ("include", 'device.trustType -eq "AzureAD"', ["access_by_filter"]),
        ("exclude", 'device.model -eq "X" -or device.isCompliant -ne "True"', ["access_by_filter"]),
    ],
)
def test_a_filter_is_certain_only_for_a_device_that_has_no_object_yet(
    mode: str, rule: str, expected: list[str]
) -> None:
    assert [code for code, _ in found(filter_mode=mode, filter_rule=rule)] == expected


def test_a_phone_of_the_persons_own_may_be_of_any_system() -> None:
    assert found("phone-authenticator", systems=frozenset({"android"})) == [("access_by_system", Level.WARNING)]


def test_terms_of_use_trouble_only_an_enrolment() -> None:
    terms: dict[str, Any] = {"controls": frozenset(), "terms_of_use": True}
    assert found("account-recovery", **terms) == []
    assert found("ios-company-portal", **terms) == [("access_terms", Level.BLOCKER)]


@pytest.mark.parametrize("profile", ["account-recovery", "phone-authenticator", "ios-setup-assistant"])
def test_the_action_of_registering_security_info_covers_those_who_register_it(profile: str) -> None:
    action: dict[str, Any] = {"resources": frozenset[str](), "actions": frozenset({access.REGISTER_SECURITY_INFO})}
    assert found(profile, **action) == [("access_block", Level.BLOCKER)]
    assert found("windows-autopilot", **action) == []


def test_somebody_left_out_of_a_policy_that_a_pass_meets_is_reported_and_nobody_else() -> None:
    out: dict[str, Any] = {"exclude": Who(groups=frozenset({"old way"})), "groups": frozenset({"old way"})}
    assert found(controls=frozenset({"mfa"}), **out) == [("access_excused", Level.WARNING)]
    assert found(controls=frozenset(), strength=RESISTANT, **out) == []
    assert found(**out) == []


def test_a_guest_of_this_tenant_is_covered_by_the_words_for_guests() -> None:
    guest = dataclasses.replace(MARA, kind=PersonKind.INTERNAL_GUEST)
    for who in (Who(frozenset({access.GUESTS})), Who(guests=frozenset({"internalGuest"}))):
        assert who.holds(guest, frozenset())
        assert not who.holds(MARA, frozenset())


def test_a_strength_that_takes_one_kind_of_pass_does_not_take_the_other() -> None:
    one_time = Strength("Once", frozenset({"temporaryAccessPassOneTime"}))
    terms: dict[str, Any] = {"controls": frozenset(), "strength": one_time}
    assert found("windows-autopilot", **terms) == [("access_strength", Level.BLOCKER)]
    assert found("account-recovery", **terms) == []


def test_what_could_not_be_read_is_said_and_is_no_ok() -> None:
    said = verdict(access=dataclasses.replace(NOTHING_ASKED, policies=NOT_READ)).findings
    (finding,) = (one for one in said if one.code == "access_not_checked")
    assert (finding.level, finding.forbids) == (Level.NOT_CHECKED, False)
