"""How a policy reaches a PC, whatever its assignments."""

from __future__ import annotations

import pytest

from agent.domain import device_policies
from agent.domain.device_policies import (
    DevicePolicy,
    EnrolmentRules,
    Everything,
    JoinRules,
    JoinScope,
    Ranked,
    Reach,
    StatusPageRule,
    Target,
)

STAFF, LAPTOPS = "staff", "laptops"
ALL_DEVICES, ALL_PEOPLE = Target(everything=Everything.DEVICES), Target(everything=Everything.PEOPLE)


@pytest.mark.parametrize(
    ("targets", "reach"),
    [
        ((), Reach.NOT),
        ((ALL_DEVICES,), Reach.BY_DEVICE),
        ((ALL_PEOPLE,), Reach.BY_PERSON),
        ((ALL_PEOPLE, Target(group=LAPTOPS)), Reach.BY_DEVICE),
        ((Target(group="another"),), Reach.NOT),
        ((Target(group=STAFF),), Reach.BY_PERSON),
        ((ALL_DEVICES, Target(group=LAPTOPS, left_out=True)), Reach.NOT),
        ((ALL_DEVICES, Target(group=STAFF, left_out=True)), Reach.BY_DEVICE),
        ((ALL_PEOPLE, Target(group=LAPTOPS, left_out=True)), Reach.BY_PERSON),
        ((Target(everything=Everything.DEVICES, filtered=True),), Reach.PERHAPS),
        ((Target(everything=Everything.DEVICES, filtered=True), Target(group=LAPTOPS)), Reach.BY_DEVICE),
        ((Target(everything=Everything.DEVICES, filtered=True), ALL_PEOPLE), Reach.BY_PERSON),
        ((Target(group="", everything=None),), Reach.NOT),
    ],
)
def test_a_policy_reaches_by_the_groups_of_its_own_kind(targets: tuple[Target, ...], reach: Reach) -> None:
    assert DevicePolicy("policy", targets).reach({STAFF}, {LAPTOPS}) is reach


def test_the_configuration_of_highest_rank_that_reaches_counts_and_the_default_last() -> None:
    pages = (
        StatusPageRule(Ranked("default", 0), quality_updates=False),
        StatusPageRule(Ranked("second", 2, frozenset({STAFF})), quality_updates=False),
        StatusPageRule(Ranked("first", 1, frozenset({STAFF, LAPTOPS})), quality_updates=True),
    )
    rules = EnrolmentRules(pages=pages)
    assert [page.of.name for page in (rules.page({STAFF}), rules.page(())) if page] == ["first", "default"]
    assert EnrolmentRules().page({STAFF}) is None
    assert EnrolmentRules().restriction({STAFF}) is None


def test_a_scope_that_nobody_can_read_forbids_nothing() -> None:
    assert JoinRules(JoinScope.UNKNOWN).lets_in("mara", ())


@pytest.mark.parametrize(("text", "numbers"), [("10.0.22621.2361", (10, 0, 22621, 2361)), ("", ()), ("beta", ())])
def test_a_version_is_its_numbers(text: str, numbers: tuple[int, ...]) -> None:
    assert device_policies.version(text) == numbers
