"""Situations that turn on the tenant's pass policy, the status page, terms and the clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.situations.seed import DESKTOP, IPHONE, LAPTOP
from tests.situations.situation import Situation, fails, works
from tests.world import World

SLOW_LINE = 0.3


def policy(w: World, **changes: Any) -> None:
    """Change the pass policy, in Graph's words."""
    w.door("policy", **changes)


def switched_off_unseen(w: World) -> None:
    """Passes are switched off, and the policy may not be read."""
    policy(w, state="disabled")
    w.deny("Policy.Read.AuthenticationMethod")


def short_and_slow(w: World) -> None:
    """No pass of more than two hours, on a line that makes every step three times as long."""
    policy(w, maximumLifetimeInMinutes=120)
    w.sandbox.tenant.options.speed = SLOW_LINE


def status_page(w: World, **settings: Any) -> None:
    """The status page of staff laptops, in Graph's words."""
    for found in w.sandbox.tenant.devices.enrolment_configurations.values():
        if found.kind == "status_page" and found.priority == 1:
            found.properties |= settings


def as_in_2021(w: World) -> None:
    """The tenant makes passes for those outside the policy, and lets none of them in."""
    w.sandbox.tenant.options.creation_outside_policy = True


def tenant_clock_ahead(w: World) -> None:
    """This machine's clock is ten minutes behind."""
    w.sandbox.tenant.options.clock_ahead = 600


SITUATIONS: tuple[Situation, ...] = (
    fails(
        "Passes are switched off",
        LAPTOP,
        arrange=lambda w: policy(w, state="disabled"),
        ends=("oobe",),
        findings=("blocker policy_off",),
    ),
    fails(
        "Passes are switched off, for a phone in single app mode",
        IPHONE,
        arrange=lambda w: policy(w, state="disabled"),
        ends=("mfa-loop",),
        findings=("blocker policy_off",),
    ),
    fails(
        "Passes are switched off, and nobody may see that",
        LAPTOP,
        arrange=switched_off_unseen,
        ends=("oobe",),
        findings=("not checked policy_not_checked", "not checked access_not_checked"),
    ),
    fails(
        "Somebody outside the policy",
        LAPTOP,
        person="peter.ashdown",
        ends=("oobe",),
        findings=("blocker out_of_scope",),
    ),
    fails(
        "Somebody outside the policy, with a phone",
        IPHONE,
        person="peter.ashdown",
        ends=("company-portal",),
        findings=("blocker out_of_scope",),
        arrange=as_in_2021,
    ),
    fails(
        "Somebody whom the policy excludes",
        LAPTOP,
        person="lena.novak",
        ends=("oobe",),
        findings=("blocker excluded_from_policy",),
    ),
    fails(
        "Everybody is included, and somebody is excluded from passes that are switched off",
        LAPTOP,
        person="lena.novak",
        arrange=lambda w: policy(w, state="disabled", includeTargets=[{"targetType": "group", "id": "all_users"}]),
        ends=("oobe",),
        findings=("blocker policy_off", "blocker excluded_from_policy"),
    ),
    fails(
        "Every pass is one-time, and the laptop restarts",
        LAPTOP,
        arrange=lambda w: policy(w, isUsableOnce=True),
        ends=("lock-screen",),
        findings=("blocker one_time_forced",),
    ),
    fails(
        "Every pass is one-time, and Authenticator asks again",
        IPHONE,
        arrange=lambda w: policy(w, isUsableOnce=True),
        ends=("authenticator",),
        findings=("blocker one_time_forced",),
    ),
    fails(
        "No pass lives as long as the set-up of a laptop on a slow line",
        LAPTOP,
        arrange=short_and_slow,
        minutes=120,
        ends=("lock-screen",),
        findings=("blocker lifetime_out_of_range",),
    ),
    fails(
        "A pass shorter than the policy allows",
        LAPTOP,
        asked=lambda _w: {"lifetime": 59},
        minutes=59,
        ends=("oobe",),
        findings=("blocker lifetime_out_of_range",),
    ),
    fails(
        "A pass that begins to work in two months",
        LAPTOP,
        asked=lambda w: {"start": w.clock.at + timedelta(days=60)},
        ends=("oobe",),
        findings=("blocker start_out_of_range",),
    ),
    works(
        "A pass that just reaches",
        LAPTOP,
        asked=lambda _w: {"lifetime": 61},
        minutes=61,
        ends=DESKTOP,
        findings=("warning lifetime_short",),
    ),
    works(
        "No pass is shorter than four hours",
        LAPTOP,
        arrange=lambda w: policy(w, minimumLifetimeInMinutes=240, defaultLifetimeInMinutes=240),
        minutes=240,
        ends=DESKTOP,
    ),
    works(
        "A patient status page without updates",
        LAPTOP,
        arrange=lambda w: status_page(w, installProgressTimeoutInMinutes=90, installQualityUpdates=False),
        minutes=180,
        ends=DESKTOP,
    ),
    fails(
        "A clock that is slow prints a time when the pass is over",
        LAPTOP,
        arrange=tenant_clock_ahead,
        minutes=60,
        wait=65,
        ends=("oobe",),
        findings=("blocker clock_skew",),
    ),
)
