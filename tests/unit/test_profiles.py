"""A profile that contradicts itself cannot exist, whoever makes it."""

from __future__ import annotations

import dataclasses

import pytest

from agent import profile_files
from agent.domain.devices import AppleSignIn, DeviceKind
from agent.domain.guard_rails import GuardRails
from agent.domain.profiles import Milestone, SecondTime, SlipText, Step, TermsRule

SHIPPED = profile_files.load_all()
LAPTOP, KEY, PHONE = SHIPPED["windows-autopilot"], SHIPPED["security-key"], SHIPPED["ios-company-portal"]


@pytest.mark.parametrize(
    ("profile", "changes", "sentence"),
    [
        (LAPTOP, {"terms": TermsRule(True, LAPTOP.terms.lifetime)}, "a one-time pass cannot serve 2 sign-ins"),
        (LAPTOP, {"second_time": SecondTime.NONE}, "say how it is at hand the second time"),
        (KEY, {"second_time": SecondTime.HOLD}, "nothing may be at hand a second time"),
        (LAPTOP, {"terms": TermsRule(False, ())}, "name at least one part"),
        (LAPTOP, {"done": frozenset()}, "name the milestones"),
        (LAPTOP, {"slip": SlipText("A heading", 2, (Step("Only step."),))}, "must be a step from 1 to 1"),
        (PHONE, {"apple_sign_in": None}, "must say where the person signs in"),
        (LAPTOP, {"apple_sign_in": AppleSignIn.LEGACY}, "only an Apple journey"),
        (LAPTOP, {"device": DeviceKind.NONE, "single_app_mode": True}, "only an Apple journey"),
        (SHIPPED["account-recovery"], {"guard_rails": GuardRails()}, "must name it"),
    ],
)
def test_a_contradiction_is_refused_with_its_sentence(
    profile: object, changes: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        dataclasses.replace(profile, **changes)  # type: ignore[type-var]


def test_no_shipped_profile_counts_a_milestone_that_it_cannot_reach() -> None:
    for profile in SHIPPED.values():
        if profile.device is DeviceKind.NONE:
            assert not profile.done & {Milestone.USER_BOUND, Milestone.ENTRA_REGISTERED, Milestone.HELLO_SET_UP}
