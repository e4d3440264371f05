"""When the tenant fails while a pass is made: what is said, what is left, and how it ends."""

from __future__ import annotations

import pytest

from tests.cli.terminal import STARTER, Tenancy, Terminal, refused

CREATE = "POST *temporaryAccessPassMethods"


def nothing_live(terminal: Terminal, tenancy: Tenancy) -> None:
    """No pass in the tenant, no paper, no journey open."""
    assert tenancy.passes_of(STARTER) == []
    assert terminal.papers() == []
    assert {row["state"] for row in terminal.rows("slips")} <= {"void"}
    assert {row["state"] for row in terminal.rows("passes")} == {"refused"}
    assert {row["state"] for row in terminal.rows("journeys")} == {"abandoned"}


@pytest.mark.parametrize("kind", ["lost", "truncated"])
def test_a_lost_answer_is_settled_at_once_when_the_tenant_can_be_asked(
    terminal: Terminal, tenancy: Tenancy, kind: str
) -> None:
    tenancy.door("deny", registration="watcher", permission="AuditLog.Read.All")
    tenancy.fault(CREATE, kind)
    said = terminal.issue()
    refused(said, 6, "answer was lost on the way, so nobody has the code", "Nothing is live. Issue again.")
    nothing_live(terminal, tenancy)
    assert terminal.issue().code == 0


def test_a_lost_answer_that_cannot_be_settled_is_unknown_until_it_is(terminal: Terminal, tenancy: Tenancy) -> None:
    tenancy.door("deny", registration="watcher", permission="AuditLog.Read.All")
    tenancy.fault(CREATE, "lost")
    tenancy.fault("DELETE *temporaryAccessPassMethods*", "unreachable", times=20)
    said = terminal.issue()
    refused(said, 4, "", "tapslip track")
    (row,) = terminal.rows("passes")
    assert row["state"] == "unknown"
    assert terminal.issue().code == 3
    tenancy.door("faults", "DELETE")
    assert terminal.run("track", "--once").code == 0
    assert tenancy.passes_of(STARTER) == []
    assert terminal.rows("passes")[0]["state"] in {"refused", "gone"}


def test_an_issuer_without_its_right_is_told_which_is_missing(terminal: Terminal, tenancy: Tenancy) -> None:
    tenancy.door("deny", registration="issuer", permission="UserAuthMethod-TAP.ReadWrite.All")
    said = terminal.issue()
    refused(said, 3, "Microsoft Graph does not allow", "admin consent", "Reference:")
    nothing_live(terminal, tenancy)


def test_a_tenant_that_asks_for_long_patience_is_throttled(terminal: Terminal, tenancy: Tenancy) -> None:
    tenancy.door("faults", match=CREATE, kind="429", times=20, retry_after=3600)
    refused(terminal.issue(), 6, "asked for too much", "Try again in 3600 seconds")
    nothing_live(terminal, tenancy)


def test_a_server_error_on_creation_is_not_repeated_blindly(terminal: Terminal, tenancy: Tenancy) -> None:
    tenancy.fault(CREATE, "500", times=5)
    assert terminal.issue().code in {4, 6}
    tenancy.door("faults", "DELETE")
    assert tenancy.passes_of(STARTER) == []
    assert terminal.papers() == []
