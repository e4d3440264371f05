"""Situations that turn on what a person must register before they can do what they came for."""

from __future__ import annotations

from typing import Any

from agent.sandbox import records
from agent.sandbox.areas import campaigns
from tests.situations.people import lost
from tests.situations.seed import HOME, RECOVERY
from tests.situations.situation import Situation, works
from tests.world import World

RUTH = "ruth.adeyemi"
AUTHENTICATOR, KEY, PHONE = "phone-authenticator", "security-key", "OWNPH601"
DEFAULTS, CAMPAIGN = "warning security_defaults", "warning registration_campaign"
UNSEEN = "not checked registration_policy_not_checked"
ADDED, STUCK = ("added",), ("private-window",)
USED_UP = "the code was used up at a page that wants something else registered"


def defaults(w: World, **options: bool) -> None:
    """Security defaults are on, and no Conditional Access policy stands beside them."""
    w.sandbox.tenant.credentials.conditional_access.clear()
    w.sandbox.tenant.credentials.security_defaults = True
    for name, value in options.items():
        setattr(w.sandbox.tenant.options, name, value)


def campaign(w: World, **changes: Any) -> None:
    """A registration campaign for everybody, but as these changes say."""
    campaigns.change(w.sandbox.tenant, **{"state": "enabled", **changes})


def put_off_three_times(w: World) -> None:
    """Mara has seen the page before, on three days."""
    campaign(w, snoozeDurationInDays=0)
    for _ in range(campaigns.PUT_OFF_MOST):
        campaigns.show(w.sandbox.tenant, w.user("mara.quist").id)


def demanded(w: World) -> None:
    """Password reset wants everybody to register."""
    w.sandbox.tenant.credentials.must_register = [records.ALL_USERS]


SECURITY_DEFAULTS: tuple[Situation, ...] = (
    works(
        "Security defaults, a security key, and no phone at hand",
        KEY,
        arrange=defaults,
        ends=STUCK,
        minutes=60,
        findings=(DEFAULTS,),
        doubt=USED_UP,
    ),
    works(
        "Security defaults, a security key, and a phone for Authenticator",
        KEY,
        arrange=defaults,
        plays={"approve_on": PHONE},
        ends=ADDED,
        minutes=60,
        findings=(DEFAULTS,),
    ),
    works(
        "Security defaults of an older tenant, which can be put off",
        KEY,
        arrange=lambda w: defaults(w, security_defaults_can_wait=True),
        asked=lambda _w: {"lifetime": 65},
        plays={"puts_off": "yes"},
        ends=ADDED,
        minutes=65,
        findings=(DEFAULTS,),
    ),
    works(
        "Security defaults, and Authenticator on a phone",
        AUTHENTICATOR,
        arrange=defaults,
        ends=HOME,
        minutes=60,
        findings=(DEFAULTS,),
    ),
    works(
        "Security defaults that hold Authenticator up as well",
        AUTHENTICATOR,
        arrange=lambda w: defaults(w, interrupt_in_apps=True),
        ends=("authenticator",),
        minutes=60,
        findings=(DEFAULTS,),
        doubt="what security defaults do inside Authenticator is not documented",
    ),
)

CAMPAIGNS: tuple[Situation, ...] = (
    works(
        "A registration campaign, and the person skips it",
        KEY,
        arrange=campaign,
        plays={"puts_off": "yes"},
        ends=ADDED,
        minutes=60,
        findings=(CAMPAIGN,),
    ),
    works(
        "A registration campaign, and the person closes the window",
        KEY,
        arrange=campaign,
        ends=STUCK,
        minutes=60,
        findings=(CAMPAIGN,),
        doubt=USED_UP,
    ),
    works(
        "A registration campaign that was put off three times",
        KEY,
        arrange=put_off_three_times,
        asked=lambda _w: {"lifetime": 70},
        plays={"puts_off": "yes"},
        ends=STUCK,
        minutes=70,
        findings=(CAMPAIGN,),
        doubt=USED_UP,
    ),
    works(
        "A registration campaign from which the person is excluded",
        KEY,
        arrange=lambda w: campaign(w, excludeTargets=[{"id": w.user("mara.quist").id, "targetType": "user"}]),
        asked=lambda _w: {"lifetime": 75},
        ends=ADDED,
        minutes=75,
    ),
    works(
        "A registration campaign where the lost phone still holds Authenticator",
        RECOVERY,
        person=RUTH,
        asked=lambda w: {**lost(w), "lifetime": 62},
        arrange=campaign,
        ends=("recovered",),
        minutes=62,
        findings=("warning approval_needed", "warning long_pass"),
    ),
)

POLICIES: tuple[Situation, ...] = (
    works(
        "Password reset wants something registered, which nobody can see",
        KEY,
        arrange=demanded,
        unsaid=frozenset(),
        ends=STUCK,
        minutes=60,
        findings=(UNSEEN,),
        doubt=USED_UP,
    ),
    works(
        "Password reset wants something registered, and the person gives a number",
        KEY,
        arrange=demanded,
        unsaid=frozenset(),
        plays={"phone_number": "+32 470000191"},
        ends=ADDED,
        minutes=60,
        findings=(UNSEEN,),
    ),
)

SITUATIONS = (*SECURITY_DEFAULTS, *CAMPAIGNS, *POLICIES)
