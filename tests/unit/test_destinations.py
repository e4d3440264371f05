"""Which ends of a journey are open to whom: by switch, group, make of key, passkey profile and mode."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from agent.domain.cases import Level
from agent.domain.destinations import EVERYBODY, Destinations, Door, KeyRule, MethodPolicy, Openness, openness
from agent.domain.facts import NOT_READ
from agent.domain.people import AUTHENTICATOR_AAGUIDS
from tests.unit.test_findings import NOTHING_ASKED, verdict

OURS = "2fc0579f-8113-47ea-b116-bb5a8db9202a"
ALL = MethodPolicy(enabled=True, include={EVERYBODY: frozenset()})
ANY = MethodPolicy(enabled=True, include={EVERYBODY: frozenset({"any"})})
OPEN, SOME, SHUT = Openness.OPEN, Openness.SOME, Openness.SHUT


def rule(kind: str, *aaguids: str) -> KeyRule:
    """An enforced rule."""
    return KeyRule(enforced=True, allow=kind == "allow", aaguids=frozenset(aaguids))


@pytest.mark.parametrize(
    ("changes", "keys", "in_app"),
    [
        ({}, OPEN, OPEN),
        ({"self_service": False}, SHUT, SHUT),
        ({"passkeys": dataclasses.replace(ALL, enabled=False)}, SHUT, SHUT),
        ({"passkeys": MethodPolicy(enabled=True, include={"others": frozenset()})}, SHUT, SHUT),
        ({"passkeys": dataclasses.replace(ALL, exclude=frozenset({"ours"}))}, SHUT, SHUT),
        ({"rule": rule("allow", OURS)}, SOME, SHUT),
        ({"rule": rule("allow", *AUTHENTICATOR_AAGUIDS)}, SHUT, OPEN),
        ({"rule": rule("allow", min(AUTHENTICATOR_AAGUIDS))}, SHUT, SOME),
        ({"rule": rule("block", OURS)}, SOME, OPEN),
        ({"rule": rule("block", *AUTHENTICATOR_AAGUIDS)}, OPEN, SHUT),
        ({"rule": dataclasses.replace(rule("allow"), enforced=False)}, OPEN, OPEN),
        ({"profiles": {"keys": rule("allow", OURS)}}, SHUT, SHUT),
    ],
)
def test_passkeys_are_open_by_switch_group_and_make(changes: dict[str, Any], keys: Openness, in_app: Openness) -> None:
    allowed = dataclasses.replace(Destinations(ALL, ANY), **changes)
    found = [openness(door, allowed, {"ours"}) for door in (Door.SECURITY_KEY, Door.AUTHENTICATOR_PASSKEY)]
    assert found == [keys, in_app]


def test_of_several_passkey_profiles_one_that_admits_the_key_is_enough() -> None:
    target = MethodPolicy(enabled=True, include={"ours": frozenset({"keys"}), EVERYBODY: frozenset({"app"})})
    profiles = {"keys": rule("allow", OURS), "app": rule("allow", *AUTHENTICATOR_AAGUIDS)}
    allowed = Destinations(target, ANY, profiles=profiles)
    assert openness(Door.SECURITY_KEY, allowed, {"ours"}) is SOME
    assert openness(Door.SECURITY_KEY, allowed, set()) is SHUT


@pytest.mark.parametrize(("mode", "found"), [("any", OPEN), ("deviceBasedPush", OPEN), ("push", SHUT)])
def test_phone_sign_in_needs_a_mode_that_has_it(mode: str, found: Openness) -> None:
    app = MethodPolicy(enabled=True, include={EVERYBODY: frozenset({mode})})
    assert openness(Door.PHONE_SIGN_IN, Destinations(ALL, app), set()) is found


def test_what_cannot_be_read_is_not_checked_and_a_laptop_does_not_ask() -> None:
    part = dataclasses.replace(NOTHING_ASKED, destinations=NOT_READ)
    said = [one for one in verdict("security-key", access=part).findings if one.code.startswith("destination")]
    assert [(one.code, one.level) for one in said] == [("destination_not_checked", Level.NOT_CHECKED)]
    assert not [one for one in verdict(access=part).findings if one.code.startswith("destination")]
