"""Anchors lie outside the database: what they say is sealed, what was lost with a restore is counted, not hidden."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from agent import errors, ports
from agent.store.anchors import AnchorFile
from agent.store.store import Store
from tests.contracts import stores


@pytest.fixture
def store() -> Iterator[Store]:
    with stores.opened("sqlite://") as made:
        yield made


def write(store: Store, *numbers: int) -> None:
    with store.begin() as tx:
        for number in numbers:
            tx.audit.append(stores.an_entry(number))


def anchor(store: Store, minutes: int = 0, kept: int | None = None) -> str:
    with store.begin() as tx:
        return tx.audit.anchor(stores.NOON + timedelta(minutes=minutes), kept=kept)


def test_an_anchor_reads_back_and_no_other_key_makes_it(store: Store) -> None:
    write(store, 1, 2)
    line = anchor(store)
    with store.begin() as tx:
        read = tx.audit.read_anchor(line)
        assert read is not None
        assert (read.at, read.row, read.epoch, read.kept) == (stores.NOON, 2, 0, None)
        for name, value in (("row", 1), ("at", "2020-01-01T00:00:00.000000+00:00"), ("kept", 1), ("epoch", 4)):
            changed = json.loads(line)
            changed["anchor"][name] = value
            assert tx.audit.read_anchor(json.dumps(changed)) is None
            assert "does not fit its seal" in str(tx.audit.check([json.dumps(changed)]).fault)
        for nonsense in ("", "{}", "[1]", '{"anchor": 3, "seal": 4}', '{"anchor": {}, "seal": ""}'):
            assert tx.audit.read_anchor(nonsense) is None
    with stores.opened("sqlite://", audit_key=b"another key, quite as long") as other, other.begin() as tx:
        assert tx.audit.read_anchor(line) is None


def test_what_a_restore_took_is_counted_and_the_new_rows_are_held_against_new_anchors(store: Store) -> None:
    """Anchored at 2 and at 5, put back to 3, then 4 and 5 are other rows."""
    write(store, 1, 2)
    lines = [anchor(store)]
    write(store, 3)
    with stores.opened("sqlite://") as earlier:
        write(earlier, 1, 2, 3, 4, 5)
        lines.append(anchor(earlier, 60))
    with store.begin() as tx:
        assert tx.audit.check(lines).fault is not None
    write(store, 40, 50, 60)
    with store.begin() as tx:
        tx.epochs.open(1, stores.NOON)
        assert tx.epochs.present() == ports.Epoch(1, stores.NOON)
    lines.append(anchor(store, 120, kept=3))
    with store.begin() as tx:
        check = tx.audit.check(lines)
    assert (check.fault, check.rows, check.lost) == (None, 6, 2)
    assert check.newest is not None
    assert (check.newest.row, check.newest.kept) == (6, 3)


@pytest.mark.skipif(sys.platform == "win32", reason="rights are the folder's on Windows")
def test_the_file_is_its_owner_s_alone_and_only_grows(tmp_path: Path) -> None:
    file = AnchorFile(tmp_path / "kept" / "anchors.jsonl")
    assert (file.lines(), file.newest()) == ([], "")
    before = b""
    for number in range(40):
        file.add(json.dumps({"number": number, "filling": "x" * 300}))
        now = (tmp_path / "kept" / "anchors.jsonl").read_bytes()
        assert now.startswith(before)
        before = now
    assert json.loads(file.newest())["number"] == 39
    assert [json.loads(line)["number"] for line in file.lines()] == list(range(40))
    assert (tmp_path / "kept" / "anchors.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_line_that_a_power_cut_tore_is_passed_over(tmp_path: Path) -> None:
    file, path = AnchorFile(tmp_path / "anchors.jsonl"), tmp_path / "anchors.jsonl"
    file.add('{"number":1}')
    with path.open("ab") as torn:
        torn.write(b'{"number":')
    assert (file.lines(), file.newest()) == (['{"number":1}'], '{"number":1}')
    file.add('{"number":2}')
    assert file.lines() == ['{"number":1}', '{"number":2}']


def test_a_place_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    file = AnchorFile(tmp_path / "folder")
    for use in (file.lines, file.newest, lambda: file.add("{}")):
        with pytest.raises(errors.Misconfigured, match="folder") as refused:
            use()
        assert "audit_anchor" in refused.value.advice
    assert list((tmp_path / "folder").iterdir()) == []
