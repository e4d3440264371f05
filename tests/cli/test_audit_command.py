"""`tapslip audit verify`, `reconcile` and `export` at a terminal."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from contextlib import closing

import pytest

from tests.cli.terminal import Tenancy, Terminal, refused

ANCHORS = "audit-anchors.jsonl"


def issued_and_anchored(terminal: Terminal) -> int:
    """How many rows there are then."""
    assert terminal.issue().code == 0
    assert terminal.run("track", "--once").code == 0
    return len(terminal.rows("audit"))


def test_without_an_anchor_the_end_is_said_to_be_not_checked(terminal: Terminal) -> None:
    assert terminal.issue().code == 0
    said = terminal.run("audit", "verify")
    assert said.code == 0
    assert "? Whether its end was cut is not checked" in said.out


def test_tracking_anchors_the_audit_and_verify_tells_where(terminal: Terminal) -> None:
    rows = issued_and_anchored(terminal)
    said = terminal.run("audit", "verify")
    assert (said.code, "not checked" in said.out) == (0, False)
    assert f"Anchored at row {rows}" in said.out


def test_yesterday_s_database_in_place_of_today_s_is_told_by_row(terminal: Terminal) -> None:
    """The five newest rows are missing, and everything in the database fits: head, seals, numbers."""
    assert terminal.issue().code == 0
    database = terminal.state / "tapslip.db"
    shutil.copy(database, terminal.folder / "yesterday.db")
    old = len(terminal.rows("audit"))
    assert terminal.issue("alex.morgan@tallisharbour.example", "windows-autopilot=PF4TH111").code == 0
    assert terminal.run("track", "--once").code == 0
    new = len(terminal.rows("audit"))
    shutil.copy(terminal.folder / "yesterday.db", database)
    said = terminal.run("audit", "verify")
    refused(said, 3, f"The audit is broken at row {old + 1}", "Keep the database as it is")
    assert f"Rows {old + 1} to {new} are missing" in said.err


def test_the_same_is_told_by_an_export_when_the_anchors_went_too(terminal: Terminal) -> None:
    rows = issued_and_anchored(terminal)
    kept = terminal.folder / "kept.jsonl"
    assert terminal.run("audit", "export", str(kept), role="auditor").code == 0
    with closing(sqlite3.connect(terminal.state / "tapslip.db")) as store, store:
        store.execute("DELETE FROM audit")
        store.execute("UPDATE audit_head SET row = 0, mac = '', seal = ''")
        store.execute("DELETE FROM watermarks")
    (terminal.state / ANCHORS).unlink()
    assert terminal.run("audit", "verify").code == 0
    refused(terminal.run("audit", "verify", str(kept)), 3, f"Rows 1 to {rows} are missing")
    refused(terminal.run("audit", "verify", str(terminal.folder / "none")), 2, "cannot be read", "an export")


def test_vanished_anchors_are_no_green(terminal: Terminal) -> None:
    issued_and_anchored(terminal)
    (terminal.state / ANCHORS).unlink()
    refused(terminal.run("audit", "verify"), 5, "not checked", "Find out who could write to that file")


def test_an_export_is_json_lines_that_act_on_no_terminal(terminal: Terminal) -> None:
    rows = issued_and_anchored(terminal)
    with closing(sqlite3.connect(terminal.state / "tapslip.db")) as store, store:
        store.execute("UPDATE audit SET by = ? WHERE row = 1", ("\u202eeve\x1b[2J\u2028",))
    said = terminal.run("audit", "export", role="auditor")
    refused(said, 3, "The audit is broken at row 1")
    first, *told, last = (json.loads(line) for line in said.out.splitlines())
    assert first == last
    assert first["anchor"]["row"] == rows
    assert [row["row"] for row in told] == list(range(1, rows + 1))
    assert told[0]["by"] == "\u202eeve\x1b[2J\u2028"
    assert not {"\u202e", "\x1b", "\u2028"} & set(said.out)


def test_an_export_to_a_file_is_its_owner_s_and_never_overwrites(terminal: Terminal) -> None:
    issued_and_anchored(terminal)
    file = terminal.folder / "audit.jsonl"
    assert terminal.run("audit", "export", str(file), role="auditor").code == 0
    if sys.platform != "win32":
        assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_bytes()
    refused(terminal.run("audit", "export", str(file), role="auditor"), 3, "cannot be made", "not there yet")
    assert file.read_bytes() == before
    refused(terminal.run("audit", "export", str(terminal.folder / "new"), role="admin"), 3, "may not read the audit")
    assert not (terminal.folder / "new").exists()


@pytest.mark.parametrize(
    ("since", "fault"),
    [("yesterday", "is not a time"), ("2026-01-01T08:00", "has no zone"), ("2999-01-01T08:00Z", "still to come")],
)
def test_a_time_that_is_none_is_refused(terminal: Terminal, since: str, fault: str) -> None:
    for command in (("export",), ("reconcile",)):
        refused(terminal.run("audit", *command, "--since", since), 2, fault)


def test_reconcile_pairs_both_logs_and_ends_badly_when_our_app_did_what_we_do_not_know(
    terminal: Terminal, tenancy: Tenancy
) -> None:
    tenancy.door("options", "PATCH", log_delay=0)
    assert terminal.issue().code == 0
    said = terminal.run("audit", "reconcile")
    assert (said.code, "✓ both: " in said.out) == (0, True)
    assert "1 of 1 deeds" in said.out
    with closing(sqlite3.connect(terminal.state / "tapslip.db")) as store, store:
        store.execute("UPDATE audit SET facts = '{}'")
    told = terminal.run("audit", "reconcile", "--json")
    assert told.code == 3
    assert [(deed["deed"], deed["alarming"], deed["row"]) for deed in told.json()["deeds"]] == [("made", True, None)]
