"""A thousand rows: every single edit, deletion, insertion and swap, and every cut of the end, is found and placed.

A chain's walk carries one seal from row to row, so what it says of row k depends on the rows before k only through the
seal of row k - 1. That seal is anchored here after each row: each tampering with row k is judged by a walk from the row
before it, and for every fiftieth row by the whole walk too, which must say the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from agent import ports
from agent.store import schema
from agent.store.store import Store
from tests.contracts import stores

LENGTH, WHOLE = 1000, 50
PLACES = [pytest.param((stores.in_memory, 1), id="memory"), pytest.param((stores.in_file, 97), id="file")]
PLACES.append(pytest.param((stores.in_postgres, 97), id="postgres", marks=pytest.mark.postgres))
FIELDS = [column.name for column in schema.audit.c if column.name != "row"]
column = schema.audit.c.row


@dataclass
class Thousand:
    """The store, an anchor after each row (the first one stands for none), which rows are tampered with."""

    store: Store
    anchors: list[str]
    rows: range
    old_head: dict[str, Any]

    def placed(self, number: int, *tampering: sa.UpdateBase) -> ports.AuditFault:
        """What the walk from the row before says after the tampering, which is then undone."""
        with stores.undone(self.store) as tx:
            for statement in tampering:
                tx.audit.work.run(statement)
            fault = tx.audit.check(self.anchors[number - 1 : number], recent=True).fault
            if number % WHOLE == 0:
                assert tx.audit.check().fault == fault
        assert fault is not None, number
        return fault

    def cells(self, number: int) -> dict[str, Any]:
        with self.store.begin() as tx:
            return dict(tx.audit.work.run(sa.select(schema.audit).where(column == number)).mappings().one())


@pytest.fixture(scope="module", params=PLACES)
def thousand(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Thousand]:
    place, step = request.param
    folder: Path = tmp_path_factory.mktemp("thousand")
    with place(folder) as url, stores.opened(url) as store:
        anchors = [""]
        with store.begin() as tx:
            for number in range(1, LENGTH + 1):
                tx.audit.append(stores.an_entry(number))
                anchors.append(tx.audit.anchor(stores.NOON))
                if number == LENGTH - 5:
                    old_head = dict(tx.audit.work.run(sa.select(schema.audit_head)).mappings().one())
        yield Thousand(store, anchors, range(1, LENGTH + 1, step), old_head)


def edit(number: int, **values: Any) -> sa.UpdateBase:
    return schema.audit.update().where(column == number).values(**values)


def put_aside(first: int, by: int) -> list[sa.UpdateBase]:
    """The rows from `first` on, moved by so many without ever meeting each other."""
    return [
        schema.audit.update().where(column >= first).values(row=column + 10 * LENGTH),
        schema.audit.update().where(column > 5 * LENGTH).values(row=column - 10 * LENGTH + by),
    ]


def test_every_edit_is_placed(thousand: Thousand) -> None:
    for number in thousand.rows:
        field = FIELDS[number % len(FIELDS)]
        fault = thousand.placed(number, edit(number, **{field: schema.audit.c[field] + " "}))
        assert (fault.row, "does not fit its seal" in fault.sentence) == (number, True), field


def test_every_deletion_is_placed(thousand: Thousand) -> None:
    for number in thousand.rows:
        gap = schema.audit.delete().where(column == number)
        assert thousand.placed(number, gap).row == number
        assert thousand.placed(number, gap, *put_aside(number + 1, -1)).row == number


def test_every_insertion_is_placed(thousand: Thousand) -> None:
    for number in thousand.rows:
        forged = thousand.cells(number) | {"by": "mallory"}
        fault = thousand.placed(number, *put_aside(number, 1), schema.audit.insert().values(forged))
        assert fault.row == number


def test_every_swap_is_placed_at_the_first(thousand: Thousand) -> None:
    """With its neighbour, and with one far away."""
    for number in thousand.rows:
        for other in {min(number + 1, LENGTH), number + (LENGTH - number) // 2, LENGTH} - {number}:
            aside = [(number, -1), (other, number), (-1, other)]
            fault = thousand.placed(number, *(edit(old, row=new) for old, new in aside))
            assert fault.row == number, other


def test_every_cut_of_the_end_is_placed(thousand: Thousand) -> None:
    for number in thousand.rows:
        fault = thousand.placed(number, schema.audit.delete().where(column >= number))
        assert fault.row == number
        assert f"rows {number} to {LENGTH} are missing" in fault.sentence


@pytest.mark.parametrize("anchored", [LENGTH - 4, LENGTH])
def test_the_last_five_rows_cut_with_the_head_of_that_time_put_back_are_placed_by_an_anchor(
    thousand: Thousand, anchored: int
) -> None:
    """Rows and head as an older database has them: the chain alone cannot tell."""
    with stores.undone(thousand.store) as tx:
        tx.audit.work.run(schema.audit.delete().where(column > LENGTH - 5))
        tx.audit.work.run(schema.audit_head.update().values(thousand.old_head))
        assert tx.audit.verify() is None
        for recent in (False, True):
            fault = tx.audit.check([thousand.anchors[anchored]], recent=recent).fault
            assert fault is not None
            assert fault.row == LENGTH - 4
            assert f"Rows {LENGTH - 4} to {anchored} are missing" in fault.sentence


def test_other_rows_in_place_of_the_last_five_are_found_by_an_anchor(thousand: Thousand) -> None:
    """As a process writes them that goes on with an older database, with the right key."""
    with stores.undone(thousand.store) as tx:
        tx.audit.work.run(schema.audit.delete().where(column > LENGTH - 5))
        tx.audit.work.run(schema.audit_head.update().values(thousand.old_head))
        for number in range(1, 10):
            tx.audit.append(stores.an_entry(number))
        assert tx.audit.verify() is None
        fault = tx.audit.check(thousand.anchors[1 : LENGTH + 1]).fault
    assert fault is not None
    assert fault.row == LENGTH - 4
    assert "an older database was put in place" in fault.sentence


def test_all_anchors_vouch_for_an_untouched_thousand(thousand: Thousand) -> None:
    with thousand.store.begin() as tx:
        check = tx.audit.check(thousand.anchors)
    assert (check.fault, check.rows, check.lost) == (None, LENGTH, 0)
    assert check.newest is not None
    assert check.newest.row == LENGTH
