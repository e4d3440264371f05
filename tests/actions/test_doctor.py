"""The doctor says what is out of order, with its remedy, and what it could not look at."""

from __future__ import annotations

import dataclasses

import pytest

from agent.actions import doctor
from agent.actions.doctor import Health
from tests.world import World


def line(w: World, name: str) -> doctor.Line:
    """One line of an examination."""
    return next(line for line in doctor.examine(w.agent) if line.name == name)


def test_a_fresh_installation_is_in_order_and_its_rights_are_not_checked(w: World) -> None:
    lines = doctor.examine(w.agent)
    assert {line.name for line in lines if line.health is not Health.OK} == {"rights"}
    assert {"keys file", "database", "audit", "clock", "fonts and paper"} <= {line.name for line in lines}


@pytest.mark.parametrize(
    ("path", "body", "name", "health"),
    [
        ("policy", {"state": "disabled"}, "pass policy", Health.FAILED),
        ("policy", {"includeTargets": []}, "pass policy", Health.WARNING),
        (
            *("deny", {"registration": "watcher", "permission": "Policy.Read.AuthenticationMethod"}),
            *("pass policy", Health.NOT_CHECKED),
        ),
        ("expire-secret", {"registration": "issuer"}, "registration issuer", Health.FAILED),
    ],
)
def test_what_is_wrong_in_the_tenant_is_said(
    w: World, path: str, body: dict[str, object], name: str, health: Health
) -> None:
    w.door(path, **body)
    found = line(w, name)
    assert found.health is health
    assert found.sentence


def test_a_keys_file_that_is_open_or_missing_is_said(w: World) -> None:
    keys = w.agent.settings.keys_file
    keys.chmod(0o644)
    assert line(w, "keys file").remedy == f"chmod 600 {keys}"
    keys.unlink()
    assert "is missing" in line(w, "keys file").sentence


def test_a_tenant_out_of_reach_is_not_checked(w: World) -> None:
    w.fault("GET */authenticationMethodConfigurations/*", "unreachable")
    assert line(w, "policy").health is Health.NOT_CHECKED


@pytest.mark.parametrize(("minutes", "health"), [(4, Health.OK), (6, Health.FAILED), (-6, Health.FAILED)])
def test_a_clock_that_is_off_by_more_than_five_minutes_is_said(w: World, minutes: int, health: Health) -> None:
    ours = dataclasses.replace(w.clock)
    ours.pass_minutes(minutes)
    with w.another_agent(ours) as agent:
        found = next(line for line in doctor.examine(agent) if line.name == "clock")
    assert found.health is health
