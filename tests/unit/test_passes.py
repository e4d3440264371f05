"""What each profile's formula comes to, and the terms of a whole kit."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from agent import errors, profile_files
from agent.domain import passes, profiles
from agent.domain.passes import PassPolicy, PassState, StatusPage, Terms, Wish

#: Microsoft's defaults: learn.microsoft.com/entra/identity/authentication/howto-authentication-temporary-access-pass
DEFAULT = PassPolicy(
    enabled=True,
    include=frozenset({"all_users"}),
    exclude=frozenset(),
    minimum=60,
    maximum=480,
    default=60,
    one_time=False,
    length=8,
)
SHORT = dataclasses.replace(DEFAULT, minimum=10)
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def shipped() -> dict[str, profiles.Profile]:
    """The ten."""
    return profile_files.load_all()


@pytest.mark.parametrize(
    ("name", "page", "minutes"),
    [
        ("windows-autopilot", StatusPage(60, quality_updates=True), 190),
        ("windows-autopilot", StatusPage(60, quality_updates=False), 150),
        ("windows-autopilot", StatusPage(120, quality_updates=True), 250),
        ("windows-pre-provisioned", StatusPage(60, quality_updates=True), 190),
        ("windows-device-preparation", StatusPage(120, quality_updates=True), 150),
        ("windows-joined", StatusPage(), 60),
        ("ios-company-portal", StatusPage(), 90),
        ("ios-setup-assistant", StatusPage(), 120),
        ("mac-platform-sso", StatusPage(), 180),
        ("phone-authenticator", StatusPage(), 10),
        ("security-key", StatusPage(), 10),
        ("account-recovery", StatusPage(), 15),
    ],
)
def test_a_profile_needs_what_its_formula_says(
    shipped: dict[str, profiles.Profile], name: str, page: StatusPage, minutes: int
) -> None:
    assert passes.needed_lifetime(shipped[name], SHORT, page) == minutes


@pytest.mark.parametrize("name", ["phone-authenticator", "security-key", "account-recovery", "windows-joined"])
def test_no_profile_asks_for_less_than_the_policys_minimum(shipped: dict[str, profiles.Profile], name: str) -> None:
    policy = dataclasses.replace(DEFAULT, minimum=75)
    assert passes.needed_lifetime(shipped[name], policy, StatusPage()) == 75


def test_only_windows_formulas_read_the_status_page(shipped: dict[str, profiles.Profile]) -> None:
    assert {name for name, profile in shipped.items() if passes.needs_status_page([profile])} == {
        *("windows-autopilot", "windows-pre-provisioned"),
    }


def test_a_recovery_longer_than_an_hour_is_to_be_warned_of(shipped: dict[str, profiles.Profile]) -> None:
    assert shipped["account-recovery"].terms.warn_over == 60


def test_a_kit_gets_one_pass_for_its_longest_journey_and_multi_use_if_any_needs_it(
    shipped: dict[str, profiles.Profile],
) -> None:
    kit = (shipped["security-key"], shipped["ios-company-portal"], shipped["windows-autopilot"])
    assert passes.kit_terms(kit, DEFAULT, StatusPage(), Wish()) == Terms(150, one_time=False)
    assert passes.kit_terms(kit[:1], DEFAULT, StatusPage(), Wish()) == Terms(60, one_time=True)


def test_a_need_beyond_the_policys_maximum_is_refused_and_never_clamped(shipped: dict[str, profiles.Profile]) -> None:
    policy = dataclasses.replace(DEFAULT, maximum=120)
    with pytest.raises(errors.Refused) as refusal:
        passes.kit_terms((shipped["windows-autopilot"],), policy, StatusPage(), Wish())
    assert "60 to 120 minutes" in refusal.value.summary
    assert refusal.value.codes == ("lifetime_out_of_range",)


@pytest.mark.parametrize("lifetime", [59, 481, 0, -5])
def test_a_wish_outside_the_policy_is_refused_with_the_range(
    shipped: dict[str, profiles.Profile], lifetime: int
) -> None:
    with pytest.raises(errors.Refused, match="60 to 480 minutes"):
        passes.kit_terms((shipped["ios-company-portal"],), DEFAULT, StatusPage(), Wish(lifetime=lifetime))


def test_a_forced_one_time_policy_refuses_a_kit_that_types_the_code_twice(
    shipped: dict[str, profiles.Profile],
) -> None:
    policy = dataclasses.replace(DEFAULT, one_time=True)
    with pytest.raises(errors.Refused) as refusal:
        passes.kit_terms((shipped["windows-autopilot"],), policy, StatusPage(), Wish())
    assert refusal.value.codes == ("one_time_forced",)
    assert passes.kit_terms((shipped["security-key"],), policy, StatusPage(), Wish()).one_time


def test_a_pass_ends_its_lifetime_after_its_start_or_after_it_was_made() -> None:
    assert Terms(90, one_time=True).ends(NOON) == NOON + timedelta(minutes=90)
    later = NOON + timedelta(days=1)
    assert Terms(90, one_time=True, start=later).ends(NOON) == later + timedelta(minutes=90)


def test_exclusion_wins_over_inclusion() -> None:
    policy = dataclasses.replace(DEFAULT, include=frozenset({"staff"}), exclude=frozenset({"admins"}))
    assert policy.covers(frozenset({"staff"}))
    assert not policy.covers(frozenset({"staff", "admins"}))
    assert not policy.covers(frozenset())
    assert DEFAULT.covers(frozenset())
    assert policy.named_groups == {"staff", "admins"}


def test_a_pass_moves_only_as_drawn() -> None:
    made = passes.Pass("p1", "ada", Terms(60, one_time=False), PassState.REQUESTED, NOON, "op")
    issued = made.moved(PassState.ISSUING).moved(PassState.ISSUED, issued_at=NOON)
    assert issued.state.open
    assert issued.issued_at == NOON
    assert not issued.moved(PassState.GONE).state.open
    for state in PassState:
        with pytest.raises(ValueError, match="cannot go from gone"):
            issued.moved(PassState.GONE).moved(state)
