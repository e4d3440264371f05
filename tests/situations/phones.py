"""Situations that turn on an Apple device's record and its enrolment profile."""

from __future__ import annotations

from tests.situations.seed import DESKTOP, HOME, LAPTOP
from tests.situations.situation import Situation, fails
from tests.world import World

OTHER_STEPS = "the slip tells another way through the set-up than the device goes"


def apple_unread(w: World) -> None:
    """No enrolment token may be read."""
    w.deny("DeviceManagementServiceConfig.Read.All")


SITUATIONS: tuple[Situation, ...] = (
    fails(
        "A phone without an enrolment profile",
        "ios-company-portal=H4TH303QLM",
        ends=("no-management",),
        findings=("blocker profile_not_assigned",),
    ),
    fails(
        "A phone that Apple Business Manager has released",
        "ios-company-portal=H4TH304QLM",
        ends=("no-management",),
        findings=("blocker device_released",),
    ),
    fails(
        "A phone that Intune has not heard of",
        "ios-company-portal=H4TH307QLM",
        ends=("no-management",),
        findings=("blocker device_unknown",),
    ),
    fails(
        "A tablet with Setup Assistant on a slip for Company Portal",
        "ios-company-portal=DMTH401PWX",
        ends=HOME,
        findings=("blocker other_sign_in",),
        danger=OTHER_STEPS,
    ),
    fails(
        "A good laptop, and a phone without an enrolment profile",
        *(LAPTOP, "ios-company-portal=H4TH303QLM"),
        ends=(*DESKTOP, "no-management"),
        findings=("blocker profile_not_assigned",),
    ),
    fails(
        "A phone without an enrolment profile, and nobody may see that",
        "ios-company-portal=H4TH303QLM",
        arrange=apple_unread,
        ends=("no-management",),
        findings=("not checked device_not_checked",),
    ),
)
