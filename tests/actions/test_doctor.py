"""The doctor says what is out of order, with its remedy, and what it could not look at."""

from __future__ import annotations

import dataclasses

import pytest

from agent import errors, settings
from agent.actions import doctor, issue
from agent.actions.doctor import Health
from tests.world import World


def line(w: World, name: str) -> doctor.Line:
    """One line of an examination."""
    return next(line for line in doctor.examine(w.agent) if line.name == name)


def test_a_fresh_installation_is_in_order(w: World) -> None:
    lines = doctor.examine(w.agent)
    assert [line for line in lines if line.health is not Health.OK] == []
    assert {"keys file", "database", "audit", "clock", "fonts and paper", "printers"} <= {line.name for line in lines}
    assert {"sign-in service", "Microsoft Graph", "exclusions"} <= {line.name for line in lines}
    for registration in ("watcher", "issuer", "writer", "operators", "sender"):
        assert {f"registration {registration}", f"rights of {registration}"} <= {line.name for line in lines}
    assert "lives from 60 to 480 minutes" in line(w, "pass policy").sentence
    assert doctor.worst(lines) is Health.OK


@pytest.mark.parametrize(
    ("path", "body", "name", "health"),
    [
        ("policy", {"state": "disabled"}, "pass policy", Health.FAILED),
        ("policy", {"includeTargets": []}, "pass policy", Health.WARNING),
        (
            *("deny", {"registration": "watcher", "permission": "Policy.Read.All"}),
            *("pass policy", Health.NOT_CHECKED),
        ),
        (
            *("deny", {"registration": "watcher", "permission": "Policy.Read.All"}),
            *("exclusions", Health.NOT_CHECKED),
        ),
        ("policy", {"excludeTargets": []}, "exclusions", Health.WARNING),
        ("policy", {"isUsableOnce": True}, "profiles under the policy", Health.WARNING),
        ("expire-secret", {"registration": "issuer"}, "registration issuer", Health.FAILED),
        ("expire-secret", {"registration": "issuer"}, "rights of issuer", Health.NOT_CHECKED),
        (
            *("deny", {"registration": "issuer", "permission": "UserAuthMethod-TAP.ReadWrite.All"}),
            *("rights of issuer", Health.FAILED),
        ),
        (
            *("deny", {"registration": "watcher", "permission": "AuditLog.Read.All"}),
            *("rights of watcher", Health.WARNING),
        ),
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
    w.fault("GET */authenticationMethodConfigurations/*", "unreachable", times=20)
    assert line(w, "pass policy").health is Health.NOT_CHECKED


@pytest.mark.parametrize(("minutes", "health"), [(4, Health.OK), (6, Health.FAILED), (-6, Health.FAILED)])
def test_a_clock_that_is_off_by_more_than_five_minutes_is_said(w: World, minutes: int, health: Health) -> None:
    ours = dataclasses.replace(w.clock)
    ours.pass_minutes(minutes)
    with w.another_agent(ours) as agent:
        found = next(line for line in doctor.examine(agent) if line.name == "clock")
    assert found.health is health


def grant(w: World, registration: str, permission: str) -> None:
    """Somebody grants a registration more than it needs."""
    held = w.sandbox.tenant.directory.registrations.values()
    next(one for one in held if one.name == registration).permissions.add(permission)


def test_who_may_issue_and_write_policies_is_failed_and_broader_rights_are_said(w: World) -> None:
    grant(w, "watcher", "User.ReadWrite.All")
    grant(w, "issuer", "Policy.ReadWrite.AuthenticationMethod")
    assert line(w, "rights of watcher").health is Health.WARNING
    assert "User.ReadWrite.All" in line(w, "rights of watcher").sentence
    found = line(w, "rights of issuer")
    assert found.health is Health.FAILED
    assert "they take over any account" in found.sentence
    assert doctor.worst(doctor.examine(w.agent)) is Health.FAILED


@pytest.mark.parametrize(
    ("match", "name"), [("POST */oauth2/v2.0/token", "sign-in service"), ("GET */organization*", "Microsoft Graph")]
)
def test_whoever_is_out_of_reach_is_failed_and_the_rest_is_not_asked(w: World, match: str, name: str) -> None:
    w.fault(match, "unreachable", times=20)
    lines = doctor.examine(w.agent)
    assert next(line for line in lines if line.name == name).health is Health.FAILED
    unasked = {line.name for line in lines if line.health is Health.NOT_CHECKED}
    assert {"tokens", "clock", "pass policy", "exclusions", "rights"} <= unasked
    assert doctor.worst(lines) is Health.FAILED


@pytest.mark.parametrize("minutes", [6, -6])
def test_with_a_clock_that_is_off_nothing_is_issued(w: World, minutes: int) -> None:
    before, ours = w.left_behind(), dataclasses.replace(w.clock)
    ours.pass_minutes(minutes)
    with w.another_agent(ours) as agent, pytest.raises(errors.Refused, match="clock is 360 seconds") as refused:
        issue.issue(agent, w.request("mara.quist", "windows-autopilot=PF4TH101"))
    assert refused.value.codes == ("clock_skew",)
    assert w.left_behind() == before


def test_a_real_tenant_is_told_to_name_its_organisation(w: World) -> None:
    app = settings.Registration("11111111-2222-4333-8444-555555555555")
    real = settings.Tenant(
        settings.Cloud.GLOBAL, "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", settings.Registrations(watcher=app, issuer=app)
    )

    def said(organisation: settings.Organisation) -> list[doctor.Line]:
        known = dataclasses.replace(w.agent.settings, tenant=real, organisation=organisation)
        lines = doctor.examine(dataclasses.replace(w.agent, settings=known))
        return [line for line in lines if line.name == "organisation"]

    (line,) = said(settings.Organisation())
    assert line.health is Health.WARNING
    assert "organisation.name" in line.remedy
    assert said(settings.Organisation(name="Quay Nine Ltd")) == []
