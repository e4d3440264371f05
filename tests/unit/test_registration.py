"""What holds a person up after they signed in, as far as no story brings it about."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from agent.domain.cases import Level
from agent.domain.destinations import EVERYBODY
from agent.domain.facts import NOT_READ, Known
from agent.domain.people import MethodKind, SignInMethod
from agent.domain.registration import Campaign, Reach
from tests.unit.test_findings import NOON, NOTHING_ASKED, verdict


def said(profile: str, *, held: Any = (), **of_tenant: Any) -> dict[str, Level]:
    """What is said about registration by code, where so much is known and the person has these methods."""
    tenant = dataclasses.replace(NOTHING_ASKED, **of_tenant)
    methods = held if held is NOT_READ else known(tuple(SignInMethod(kind, kind) for kind in held))
    found = verdict(profile, access=tenant, methods=methods).findings
    return {one.code: one.level for one in found if one.code.startswith(("registration_", "security_defaults"))}


def known(value: Any) -> Known[Any]:
    """A fact."""
    return Known(value, "GET /facts", NOON)


ALL, PHONED = (Campaign(reach, frozenset({EVERYBODY})) for reach in (Reach.ALL, Reach.MICROSOFT_DECIDES))
ON = known(value=True)


@pytest.mark.parametrize(
    ("campaign", "held", "asked"),
    [
        (ALL, (), True),
        (ALL, (MethodKind.AUTHENTICATOR,), False),
        (PHONED, (MethodKind.PHONE,), True),
        (PHONED, (MethodKind.EMAIL,), False),
        (PHONED, NOT_READ, True),
        (Campaign(Reach.NOBODY, frozenset({EVERYBODY})), (), False),
        (Campaign(Reach.ALL, frozenset({"other"})), (), False),
        (Campaign(Reach.ALL, frozenset({"mara"})), (), True),
        (Campaign(Reach.ALL, frozenset({EVERYBODY}), frozenset({"mara"})), (), False),
    ],
)
def test_a_campaign_asks_those_in_scope_who_have_no_authenticator(campaign: Campaign, held: Any, asked: bool) -> None:
    found = said("security-key", held=held, campaign=known(campaign))
    assert found.get("registration_campaign") == (Level.WARNING if asked else None)


@pytest.mark.parametrize("kind", [MethodKind.AUTHENTICATOR, MethodKind.SOFTWARE_OATH])
def test_security_defaults_leave_alone_who_has_what_they_want(kind: MethodKind) -> None:
    assert said("security-key", held=(kind,), security_defaults=ON) == {}
    assert said("security-key", held=(MethodKind.PHONE,), security_defaults=ON) == {"security_defaults": Level.WARNING}


def test_what_cannot_be_read_is_not_checked() -> None:
    found = said("security-key", security_defaults=NOT_READ, campaign=NOT_READ)
    names = ("security_defaults", "registration_campaign", "registration_policy")
    assert found == {f"{name}_not_checked": Level.NOT_CHECKED for name in names}


def test_only_pages_that_can_hold_somebody_up_are_spoken_of() -> None:
    of_tenant = {"security_defaults": ON, "campaign": known(ALL)}
    assert said("phone-authenticator", **of_tenant) == {"security_defaults": Level.WARNING}
    assert said("windows-autopilot", **of_tenant) == {}
