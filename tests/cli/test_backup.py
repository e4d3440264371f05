"""`tapslip backup` and `restore`: whole, without keys, never over something or another tenant's, and never silent."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from agent import wiring
from agent.store import store as stores
from tests.cli.terminal import AUTOPILOT, STARTER, Terminal, refused

OTHER = ("alex.morgan@tallisharbour.example", "windows-autopilot=PF4TH111")


@pytest.fixture
def kept(terminal: Terminal) -> Path:
    """Yesterday's backup, after which another pass was made, and the audit anchored twice."""
    assert terminal.issue().code == 0
    assert terminal.run("track", "--once").code == 0
    backup = terminal.folder / "backup.db"
    assert terminal.run("backup", str(backup)).code == 0
    assert terminal.issue(*OTHER).code == 0
    return backup


def rows(database: Path, table: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database)) as held:
        return held.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608  a name of ours


def test_a_backup_is_whole_its_owner_s_and_holds_no_key(terminal: Terminal, kept: Path) -> None:
    if sys.platform != "win32":
        assert kept.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in terminal.folder.glob("backup*")] == ["backup.db"], "no journal beside it"
    assert len(rows(kept, "journeys")) == 1
    key = json.loads((terminal.state / "keys.json").read_text("ascii"))["audit"]
    content = kept.read_bytes()
    assert key.encode() not in content
    assert bytes.fromhex(key) not in content
    assert [row["outcome"] for row in terminal.rows("audit") if row["action"] == "database.backup"] == ["done"]


def test_a_backup_overwrites_nothing(terminal: Terminal, kept: Path) -> None:
    before = kept.read_bytes()
    refused(terminal.run("backup", str(kept)), 3, "cannot be made", "not there yet")
    assert kept.read_bytes() == before
    refused(terminal.run("backup", str(terminal.folder / "no" / "folder.db")), 3, "cannot be made")


def test_on_postgresql_its_own_tool_is_named(terminal: Terminal, tmp_path: Path) -> None:
    made = stores.Store("postgresql://nobody@127.0.0.1:1/none", b"sixteen bytes, at least")
    with pytest.raises(Exception, match="PostgreSQL") as told:
        made.backup(tmp_path / "backup.db")
    assert "pg_dump" in told.value.advice  # type: ignore[attr-defined]
    assert not (tmp_path / "backup.db").exists()
    terminal.write_settings(database_url="postgresql://nobody@127.0.0.1:1/none")
    (terminal.state / "keys.json").write_text(json.dumps({"audit": "00" * 32}))
    refused(terminal.run("restore", str(tmp_path / "backup.db"), "--yes"), 3, "PostgreSQL", "pg_restore")


def test_a_restore_keeps_what_was_there_says_what_is_lost_and_opens_an_epoch(terminal: Terminal, kept: Path) -> None:
    now, then = len(terminal.rows("audit")), len(rows(kept, "audit"))
    said = terminal.run("restore", str(kept), "--yes")
    assert said.code == 0, said.err
    assert f"{now - then} newer rows of the audit are not in it" in said.out
    assert "epoch 1 begins" in said.out
    assert "audit reconcile" in said.out
    (aside,) = terminal.state.glob("tapslip-before-*.db")
    assert str(aside) in said.out
    assert len(rows(aside, "journeys")) == 2
    assert len(terminal.rows("journeys")) == 1
    last = terminal.rows("audit")[-1]
    assert (last["row"], last["action"]) == (then + 1, "database.restore")
    facts = json.loads(last["facts"])
    assert (facts["epoch"], facts["kept"], facts["lost"]) == ("1", str(then), str(now - then))
    assert {stamp["name"]: stamp["value"] for stamp in terminal.rows("stamps")}["epoch"] == "1"


def test_after_a_restore_the_audit_holds_and_goes_on_telling_of_the_loss(terminal: Terminal, kept: Path) -> None:
    """One anchor tells of a row that the backup does not have."""
    (terminal.state / "audit-anchors.jsonl").unlink()
    assert terminal.run("track", "--once").code == 0
    assert terminal.run("restore", str(kept), "--yes").code == 0
    for _ in range(2):
        said = terminal.run("audit", "verify")
        assert said.code == 0, said.err
        assert "rows were lost when a backup was restored" in said.out
        assert terminal.run("track", "--once").code == 0
    assert terminal.run("restore", str(kept), "--yes").code == 0
    assert terminal.run("audit", "verify").code == 0
    assert {stamp["name"]: stamp["value"] for stamp in terminal.rows("stamps")}["epoch"] == "2"


def test_a_restore_lifts_no_freeze(terminal: Terminal, kept: Path) -> None:
    """Two people of different offices lift it; the backup is from before."""
    assert terminal.run("freeze", "--why", "codes on a photo", "--yes").code == 0
    assert terminal.run("restore", str(kept), "--yes").code == 0
    refused(terminal.issue(*OTHER), 3, "codes on a photo", "tapslip unfreeze")
    assert terminal.run("audit", "verify").code == 0


def test_an_answer_of_no_changes_nothing(terminal: Terminal, kept: Path) -> None:
    before = terminal.rows("audit")
    said = terminal.run("restore", str(kept), typed="n\n")
    assert (said.code, "nothing was changed" in said.err) == (3, True)
    assert terminal.rows("audit") == before
    assert list(terminal.state.glob("*before*")) == []


def edited(kept: Path, statement: str) -> str:
    changed = kept.with_name("changed.db")
    shutil.copy(kept, changed)
    with closing(sqlite3.connect(changed)) as held, held:
        held.execute(statement)
    return str(changed)


@pytest.mark.parametrize(
    ("statement", "happened", "advice"),
    [
        ("UPDATE stamps SET value = 'another' WHERE name = 'tenant_id'", "belongs to the tenant another", "Restore it"),
        ("UPDATE alembic_version SET version_num = '9999'", "newer than this program's", "Update Tapslip"),
        ("UPDATE audit SET by = 'mallory' WHERE row = 2", "audit is broken at row 2", "another backup"),
        ("DELETE FROM audit WHERE row = (SELECT max(row) FROM audit)", "audit is broken at row", "another backup"),
        ("DROP TABLE audit", "not a backup of Tapslip's", "`tapslip backup` made"),
    ],
)
def test_a_backup_that_must_not_be_restored_is_refused_and_changes_nothing(
    terminal: Terminal, kept: Path, statement: str, happened: str, advice: str
) -> None:
    before = terminal.rows("audit")
    refused(terminal.run("restore", edited(kept, statement), "--yes"), 3, happened, advice)
    assert terminal.rows("audit") == before
    assert sorted(path.name for path in terminal.state.glob("*.db*")) == ["tapslip.db"]


def test_what_is_no_database_is_refused(terminal: Terminal, kept: Path) -> None:
    (kept.with_name("text")).write_text("no database " * 500)
    cut = kept.with_name("cut")
    cut.write_bytes(kept.read_bytes()[:5000])
    for name in ("text", "cut", "absent"):
        refused(terminal.run("restore", str(kept.with_name(name)), "--yes"), 3, name)


def test_a_database_in_use_is_not_replaced(terminal: Terminal, kept: Path) -> None:
    with closing(sqlite3.connect(terminal.state / "tapslip.db")) as other:
        other.execute("SELECT count(*) FROM audit").fetchone()
        refused(terminal.run("restore", str(kept), "--yes"), 3, "Another program has the database open", "serve")


def test_a_database_that_is_gone_or_broken_can_be_restored(terminal: Terminal, kept: Path) -> None:
    database = terminal.state / "tapslip.db"
    database.write_bytes(b"this was a database once" * 300)
    said = terminal.run("restore", str(kept), "--yes")
    assert said.code == 0, said.err
    (aside,) = terminal.state.glob("tapslip-before-*.db")
    assert aside.read_bytes().startswith(b"this was a database once")
    database.unlink()
    assert terminal.run("restore", str(kept), "--yes").code == 0
    assert terminal.run("audit", "verify").code == 0
    assert terminal.run("status").code == 0


def test_without_the_keys_file_nothing_is_restored(terminal: Terminal, kept: Path) -> None:
    (terminal.state / "keys.json").unlink()
    refused(terminal.run("restore", str(kept), "--yes"), 5, "The keys file", "Put it back first")
    assert not (terminal.state / "keys.json").exists()
    wiring.write_private(terminal.state / "keys.json", json.dumps({"audit": "11" * 32}))
    refused(terminal.run("restore", str(kept), "--yes"), 3, "broken at row 1")
    assert terminal.issue(STARTER, AUTOPILOT).code == 3
