"""The pass policy in sentences, and wished changes held against what Microsoft takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent import errors, profile_files
from agent.domain import passes, policy_changes
from agent.domain.policy_changes import Change, Difference

POLICY = passes.PassPolicy(
    enabled=True,
    include=frozenset({"g1"}),
    exclude=frozenset(),
    minimum=60,
    maximum=480,
    default=60,
    one_time=False,
    length=8,
)
PROFILES = profile_files.load_all()
PAGE = passes.StatusPage()


@pytest.mark.parametrize(
    "change",
    [
        Change(minimum=10, maximum=43_200, default=10, length=48),
        Change(minimum=480, default=480),
        Change(maximum=60),
        Change(length=8),
    ],
)
def test_the_ends_of_each_range_are_possible(change: Change) -> None:
    policy_changes.apply(POLICY, change)


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        (Change(minimum=9), "from 10 to 43200 minutes"),
        (Change(maximum=43_201), "from 10 to 43200 minutes"),
        (Change(default=0), "from 10 to 43200 minutes"),
        (Change(default=59), "from 60 to 480 minutes"),
        (Change(default=481), "from 60 to 480 minutes"),
        (Change(maximum=59), "from 10 to 59 minutes"),
        (Change(length=7), "from 8 to 48 symbols"),
        (Change(length=49), "from 8 to 48 symbols"),
    ],
)
def test_what_microsoft_would_not_take_is_refused_with_the_range(change: Change, allowed: str) -> None:
    with pytest.raises(errors.Refused) as refused:
        policy_changes.apply(POLICY, change)
    assert allowed in refused.value.advice
    assert refused.value.codes == ("policy_range",)


def test_what_is_not_wished_stays_and_an_empty_list_is_a_wish() -> None:
    assert policy_changes.apply(POLICY, Change()) == POLICY
    emptied = policy_changes.apply(POLICY, Change(include=frozenset(), enabled=False))
    assert emptied == replace(POLICY, include=frozenset(), enabled=False)


def test_the_difference_names_groups_and_is_silent_about_what_stays() -> None:
    after = policy_changes.apply(POLICY, Change(include=frozenset({"all_users"}), exclude=frozenset({"g2"}), length=9))
    assert policy_changes.difference(POLICY, after, {"g1": "Starters", "g2": "Administrators"}) == (
        Difference("for", "Starters (g1)", "everybody"),
        Difference("except", "nobody", "Administrators (g2)"),
        Difference("length", "8 symbols", "9 symbols"),
    )
    assert policy_changes.difference(POLICY, POLICY, {}) == ()


def test_the_sentences_say_who_how_long_and_how_often() -> None:
    said = " ".join(policy_changes.sentences(POLICY, {"g1": "Starters"}))
    for part in (
        "for Starters (g1)",
        "nobody in particular",
        "from 60 to 480 minutes",
        "may be multi-use",
        "8 symbols",
    ):
        assert part in said
    assert "Every pass is one-time" in " ".join(policy_changes.sentences(replace(POLICY, one_time=True), {}))
    assert "switched off" in policy_changes.sentences(replace(POLICY, enabled=False), {})[0]


@pytest.mark.parametrize(
    ("policy", "possible", "said"),
    [
        (POLICY, True, "multi-use, 150 minutes"),
        (replace(POLICY, enabled=False), False, "switched off"),
        (replace(POLICY, one_time=True), False, "every pass is one-time"),
        (replace(POLICY, maximum=100), False, "needs 150 minutes; raise the maximum lifetime (100)"),
    ],
)
def test_each_profile_is_told_what_the_policy_means_for_it(
    policy: passes.PassPolicy, possible: bool, said: str
) -> None:
    effect = policy_changes.effect(PROFILES["windows-autopilot"], policy, PAGE)
    assert effect.possible is possible
    assert said in effect.sentence


def test_a_pass_that_must_live_longer_than_it_needs_is_said() -> None:
    short = next(profile for profile in PROFILES.values() if profile.terms.warn_over)
    limit = short.terms.warn_over or 0
    wide = replace(POLICY, minimum=limit + 1, default=limit + 1, maximum=43_200)
    assert "because of the minimum" in policy_changes.effect(short, wide, PAGE).sentence
