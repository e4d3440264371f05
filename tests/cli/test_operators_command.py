"""Operators at a terminal: on a sandbox that issues in their name, they sign in as they would on a real tenant."""

from __future__ import annotations

import dataclasses
import json

import pytest

from tests.cli.terminal import AUTOPILOT, DOMAIN, STARTER, Said, Tenancy, Terminal, refused
from tests.cli.visitor import somebody_at_the_browser

GROUP = "Role: Authentication Administrators"
TOMASZ, OMAR = f"tomasz.brandt@{DOMAIN}", f"omar.siddiq@{DOMAIN}"


@pytest.fixture
def group(tenancy: Tenancy) -> str:
    """The id of the group whose members are technicians."""
    return tenancy.group_of(TOMASZ, GROUP)


@pytest.fixture
def desk(terminal: Terminal, group: str) -> Terminal:
    """A terminal at a sandbox where operators sign in."""
    terminal.write_settings(issue_as="operator", roles={"technician": [group]})
    return terminal


def after_signing_in(said: Said) -> Said:
    """What was said once the browser had opened."""
    _, _, rest = said.err.rpartition("  https://")
    return dataclasses.replace(said, err=rest.partition("\n")[2])


def test_a_technician_issues_and_revokes_after_signing_in(desk: Terminal, tenancy: Tenancy) -> None:
    somebody_at_the_browser(tenancy, "tomasz.brandt")
    said = desk.issue(json=True)
    assert said.code == 0, said
    assert f"Signed in: {TOMASZ} (technician)" in said.err
    (journey,) = json.loads(said.out)["journeys"]
    assert len(tenancy.passes_of(STARTER)) == 1
    assert {row["by"] for row in desk.rows("audit")} == {TOMASZ}
    ended = desk.run("revoke", journey["id"], "--yes", role="technician")
    assert ended.code == 0, ended
    assert tenancy.passes_of(STARTER) == []


def test_whoever_holds_no_role_is_told_which_groups_give_one(desk: Terminal, tenancy: Tenancy, group: str) -> None:
    somebody_at_the_browser(tenancy, "omar.siddiq")
    for command in (
        ("issue", "--person", STARTER, "--for", AUTOPILOT, "--slip", "slips"),
        ("revoke", "J234567", "--yes"),
        ("close", "J234567", "--yes"),
    ):
        said = after_signing_in(desk.run(*command))
        refused(said, 3, f"{OMAR} holds no role here", f"technician: {GROUP} ({group})")
    desk.nothing_done()
    assert tenancy.writes() == []


def test_only_a_role_that_is_held_can_be_chosen(desk: Terminal, tenancy: Tenancy) -> None:
    somebody_at_the_browser(tenancy, "tomasz.brandt")
    wanted = ("issue", "--person", STARTER, "--for", AUTOPILOT, "--slip", "slips")
    said = after_signing_in(desk.run(*wanted, role="lead"))
    refused(said, 3, f"{TOMASZ} does not hold the role lead", "Roles held: technician")
    refused(desk.run("status", role="lead"), 2, "--as means nothing here", "their Entra groups")
    desk.nothing_done()


def test_what_is_wrongly_typed_is_told_before_anybody_signs_in(desk: Terminal) -> None:
    said = desk.issue(STARTER, "no-such-profile")
    refused(said, 3, "There is no profile", "windows-autopilot")
    assert "opens in your browser" not in said.err


def test_the_administrator_of_the_policy_needs_the_role_admin_too(desk: Terminal, tenancy: Tenancy, group: str) -> None:
    somebody_at_the_browser(tenancy, "ines.okafor")
    refused(desk.run("policy", "set", "--maximum", "600", "--yes"), 5, "no group for an admin", "roles.admin")
    ines = tenancy.group_of(f"ines.okafor@{DOMAIN}", "Leith Harbour House")
    desk.write_settings(issue_as="operator", roles={"technician": [group], "admin": [group]})
    said = desk.run("policy", "set", "--maximum", "600", "--yes")
    refused(said, 3, f"ines.okafor@{DOMAIN} holds no role here", f"admin: {GROUP}")
    desk.write_settings(issue_as="operator", roles={"admin": [ines]})
    assert desk.run("policy", "set", "--maximum", "600", "--yes").code == 0
