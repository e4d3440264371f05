"""What comes after a pass was made: status, track, revoke and close, and who may do so."""

from __future__ import annotations

import pytest

from agent.cli import reading
from tests.cli.terminal import AUTOPILOT, COMPANY_PORTAL, IPHONE, LAPTOP, STARTER, Tenancy, Terminal, refused

ISSUE = ("issue", "--person", STARTER, "--for", AUTOPILOT)
ROW_KEYS = {
    *("id", "person", "name", "profile", "serial", "state", "stage", "opened_at", "closed_at", "note", "pass"),
    *("slips", "milestones", "missing", "unexpected"),
}


@pytest.fixture
def kit(terminal: Terminal) -> list[str]:
    """The journeys of a laptop and an iPhone that share one pass, the laptop's first."""
    made = terminal.issue(STARTER, AUTOPILOT, COMPANY_PORTAL, variant="technician", json=True).json()
    ids = {journey["serial"]: journey["id"] for journey in made["journeys"]}
    return [ids[LAPTOP], ids[IPHONE]]


def test_an_empty_status_says_what_to_do_first(terminal: Terminal) -> None:
    said = terminal.run("status")
    assert (said.code, said.err) == (0, "")
    assert "tapslip issue" in said.out
    assert terminal.run("status", "--json").json() == []
    assert "tapslip issue" in terminal.run("track", "--once").out


def test_status_lists_journeys_and_shows_the_evidence_of_one(terminal: Terminal, kit: list[str]) -> None:
    said = terminal.run("status").out
    assert all(journey in said for journey in kit)
    assert terminal.run("track", "--once").code == 0
    one = terminal.run("status", kit[0].lower())
    assert one.code == 0
    assert "✓ Registered" in one.out
    assert "· Hello set up" in one.out
    assert kit[1] not in one.out


def test_status_says_since_when_a_pass_is_gone(terminal: Terminal, kit: list[str]) -> None:
    assert "pass works until" in terminal.run("status", kit[0]).out
    assert terminal.run("revoke", kit[0], "--yes").code == 0
    said = terminal.run("status", kit[0]).out
    assert "pass gone since" in said
    assert "until" not in said


def test_status_in_json_is_a_list_and_one_journey_is_an_object(terminal: Terminal, kit: list[str]) -> None:
    listed = terminal.run("status", "--json").json()
    assert {row["id"] for row in listed} == set(kit)
    one = terminal.run("status", kit[0], "--json").json()
    assert set(one) == ROW_KEYS
    assert one["pass"]["state"] == "issued"
    assert [slip["state"] for slip in one["slips"]] == ["live"]


def test_status_works_while_the_tenant_is_away(terminal: Terminal, kit: list[str]) -> None:
    (terminal.state / "sandbox.json").unlink()
    said = terminal.run("status", kit[0])
    assert said.code == 0
    assert kit[0] in said.out


@pytest.mark.parametrize("command", [("status", "JXXXXXX"), ("revoke", "JXXXXXX"), ("close", "JXXXXXX", "--yes")])
def test_an_unknown_journey_is_refused(terminal: Terminal, command: tuple[str, ...]) -> None:
    refused(terminal.run(*command), 3, "JXXXXXX", "tapslip status")


def test_revoking_names_the_kit_and_does_nothing_unless_confirmed(
    terminal: Terminal, tenancy: Tenancy, kit: list[str]
) -> None:
    said = terminal.run("revoke", kit[0], typed="n\n")
    assert said.code != 0
    assert all(journey in said.out for journey in kit)
    assert len(tenancy.passes_of(STARTER)) == 1
    assert {row["state"] for row in terminal.rows("journeys")} == {"open"}


@pytest.mark.parametrize(("options", "typed"), [((), "y\n"), (("--yes",), "")])
def test_revoking_takes_the_pass_from_the_whole_kit(
    terminal: Terminal, tenancy: Tenancy, kit: list[str], options: tuple[str, ...], typed: str
) -> None:
    said = terminal.run("revoke", kit[1].lower(), *options, typed=typed)
    assert said.code == 0, said
    assert all(f"✓ {journey} is closed: revoked." in said.out for journey in kit)
    assert "The pass is gone; the tenant was asked." in said.out
    assert tenancy.passes_of(STARTER) == []
    assert {row["state"] for row in terminal.rows("slips")} == {"void"}
    refused(terminal.run("revoke", kit[0], "--yes"), 3, "is closed already (revoked)", "Nothing needs to be done")


def test_revoking_with_nobody_to_ask_does_nothing(terminal: Terminal, tenancy: Tenancy, kit: list[str]) -> None:
    assert terminal.run("revoke", kit[0], typed="").code != 0
    assert len(tenancy.passes_of(STARTER)) == 1


def test_a_revocation_the_tenant_does_not_confirm_closes_nothing(
    terminal: Terminal, tenancy: Tenancy, kit: list[str]
) -> None:
    tenancy.fault("DELETE *temporaryAccessPassMethods*", "unreachable", times=20)
    said = terminal.run("revoke", kit[0], "--yes")
    assert said.code in {4, 6}
    assert said.err
    assert {row["state"] for row in terminal.rows("journeys")} == {"open"}
    tenancy.door("faults", "DELETE")
    assert terminal.run("revoke", kit[0], "--yes").code == 0
    assert tenancy.passes_of(STARTER) == []


def test_closing_one_journey_leaves_the_pass_to_the_other(terminal: Terminal, tenancy: Tenancy, kit: list[str]) -> None:
    assert terminal.run("close", kit[0], typed="n\n").code != 0
    assert "is closed: abandoned" in terminal.run("close", kit[0], typed="y\n").out
    assert len(tenancy.passes_of(STARTER)) == 1
    said = terminal.run("close", kit[1], "--yes")
    assert "The pass is gone" in said.out
    assert tenancy.passes_of(STARTER) == []


def test_a_device_is_walked_to_done_by_commands_alone(terminal: Terminal, tenancy: Tenancy) -> None:
    """The code goes in by standard input, as `sandbox device` demands, and shows up in nothing that is printed."""
    journey = terminal.issue(STARTER, COMPANY_PORTAL, variant="technician", json=True).json()["journeys"][0]["id"]
    code = reading.code_on(terminal.papers()[0]).expose()
    spoken = [device(terminal, "power-on")]
    for _ in range(400):
        row = screen(terminal)
        if row["finished"]:
            break
        if row["asks"]:
            spoken.append(device(terminal, "sign-in", "--person", STARTER, typed=f"{code}\n"))
    spoken.append(device(terminal, "unlock"))
    for _ in range(60):
        spoken.append(terminal.run("track", "--once").out)
        if terminal.run("status", journey, "--json").json()["state"] == "done":
            break
    assert "done" in terminal.run("status", journey).out
    assert tenancy.passes_of(STARTER) == []
    assert code not in "".join(spoken)


def device(terminal: Terminal, action: str, *options: str, typed: str = "") -> str:
    said = terminal.run("sandbox", "device", action, IPHONE, *options, typed=typed)
    assert said.code == 0, said
    return said.out + said.err


def screen(terminal: Terminal) -> dict[str, object]:
    rows: list[dict[str, object]] = terminal.run("sandbox", "device", "list", "--json").json()
    return next(row for row in rows if row["serial"] == IPHONE)


@pytest.mark.parametrize("role", ["auditor", "admin"])
def test_a_role_that_may_not_touch_passes_may_still_look(
    terminal: Terminal, tenancy: Tenancy, kit: list[str], role: str
) -> None:
    for command in (("revoke", kit[0]), ("close", kit[0], "--yes")):
        said = terminal.run(*command, role=role)
        refused(said, 3, f"The role {role} may not withdraw", "A lead, an approver or a technician may")
    said = terminal.run(*ISSUE, "--slip", str(terminal.slips), role=role)
    refused(said, 3, f"The role {role} may not issue", "A lead or a technician may")
    assert terminal.run("status", role=role).code == 0
    assert terminal.run("preflight", *ISSUE[1:], role=role).code == 3
    assert len(tenancy.passes_of(STARTER)) == 1


def test_an_approver_may_withdraw_what_an_approver_may_not_make(
    terminal: Terminal, tenancy: Tenancy, kit: list[str]
) -> None:
    said = terminal.run(*ISSUE, "--slip", str(terminal.slips), role="approver")
    refused(said, 3, "The role approver may not issue", "A lead or a technician may")
    assert terminal.run("revoke", kit[0], "--yes", role="approver").code == 0
    assert tenancy.passes_of(STARTER) == []


def test_the_audit_names_the_role_that_was_played(terminal: Terminal) -> None:
    command = ("issue", "--person", STARTER, "--for", AUTOPILOT, "--slip", str(terminal.slips))
    assert terminal.run(*command, role="lead").code == 0
    assert all("(lead)" in row["by"] for row in terminal.rows("audit"))


def test_an_unknown_role_or_command_is_wrong_usage(terminal: Terminal) -> None:
    assert terminal.run("status", role="king").code == 2
    assert terminal.run("issues").code == 2
    assert terminal.run("issue").code == 2
