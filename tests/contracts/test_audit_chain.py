"""Whoever changes the audit behind the program's back is found, and where."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from agent import errors, ports
from agent.store import schema
from agent.store.store import Store
from tests.contracts import stores

LENGTH = 30
EVERY = range(1, LENGTH + 1)
FIELDS = [column.name for column in schema.audit.c if column.name != "row"]


@pytest.fixture(params=stores.SHARED_PLACES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with request.param(tmp_path) as made:
        yield made


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with stores.opened(url) as made:
        for first in range(1, LENGTH, 3):
            with made.begin() as tx:
                for number in range(first, first + 3):
                    tx.audit.append(stores.an_entry(number))
        yield made


def at(number: int) -> sa.ColumnElement[bool]:
    return schema.audit.c.row == number


def verdict(store: Store, *tampering: sa.UpdateBase) -> ports.AuditFault:
    """What `verify` says after the tampering, which is then undone."""
    with stores.undone(store) as tx:
        for statement in tampering:
            tx.audit.work.run(statement)
        fault = tx.audit.verify()
    assert fault is not None
    return fault


def cells_of(store: Store, number: int) -> dict[str, Any]:
    with store.begin() as tx:
        return dict(tx.audit.work.run(sa.select(schema.audit).where(at(number))).mappings().one())


def test_an_untouched_audit_holds_and_reads_newest_first(store: Store) -> None:
    with store.begin() as tx:
        assert (tx.audit.verify(), tx.audit.length()) == (None, LENGTH)
        assert tx.audit.recent(2) == [stores.an_entry(LENGTH), stores.an_entry(LENGTH - 1)]
    assert (LENGTH, cells_of(store, LENGTH)["mac"]) == _head(store)


def _head(store: Store) -> tuple[int, str]:
    with store.begin() as tx:
        return tx.audit.head()


def test_rows_of_one_block_are_written_in_order_and_seen_inside_it(store: Store) -> None:
    with store.begin() as tx:
        for number in (LENGTH + 1, LENGTH + 2):
            tx.audit.append(stores.an_entry(number))
        assert tx.audit.recent(1) == [stores.an_entry(LENGTH + 2)]
        tx.audit.append(stores.an_entry(LENGTH + 3))
    with store.begin() as tx:
        assert [entry.person_id for entry in tx.audit.recent(3)] == ["person-33", "person-32", "person-31"]
        assert tx.audit.verify() is None


@pytest.mark.parametrize("field", FIELDS)
def test_an_edit_of_any_field_of_any_row_is_placed(store: Store, field: str) -> None:
    changed = schema.audit.c[field] + " "
    for number in EVERY:
        fault = verdict(store, schema.audit.update().where(at(number)).values({field: changed}))
        assert fault.row == number
        assert f"Row {number} does not fit its seal" in fault.sentence


def test_a_deleted_row_is_placed_wherever_it_was(store: Store) -> None:
    for number in EVERY:
        fault = verdict(store, schema.audit.delete().where(at(number)))
        assert fault.row == number
        assert "missing" in fault.sentence


def test_a_row_deleted_with_the_others_moved_up_is_placed(store: Store) -> None:
    for number in EVERY:
        moved_up = [schema.audit.update().where(at(later)).values(row=later - 1) for later in EVERY if later > number]
        fault = verdict(store, schema.audit.delete().where(at(number)), *moved_up)
        assert fault.row == number


def test_a_row_put_in_is_placed(store: Store) -> None:
    for number in EVERY:
        copy = cells_of(store, number)
        moved_down = [schema.audit.update().where(at(later)).values(row=later + 1) for later in reversed(EVERY)]
        fault = verdict(
            store, *moved_down[: LENGTH - number + 1], schema.audit.insert().values(copy | {"by": "mallory"})
        )
        assert fault.row == number


@pytest.mark.parametrize(
    ("number", "sentence"), [(0, "put in"), (-3, "put in"), (LENGTH + 1, "seal"), (LENGTH + 5, "")]
)
def test_a_row_put_in_before_or_after_the_others_is_placed(store: Store, number: int, sentence: str) -> None:
    fault = verdict(store, schema.audit.insert().values(cells_of(store, LENGTH) | {"row": number}))
    assert fault.row == min(number, LENGTH + 1)
    assert sentence in fault.sentence


def test_a_swap_of_any_two_rows_is_placed_at_the_first(store: Store) -> None:
    for first in EVERY:
        for second in (other for other in EVERY if other > first and other % 5 == first % 5):
            aside = [(first, 0), (second, first), (0, second)]
            swap = [schema.audit.update().where(at(old)).values(row=new) for old, new in aside]
            fault = verdict(store, *swap)
            assert fault.row == first


@pytest.mark.parametrize("left", [0, 1, 25, LENGTH - 1])
def test_a_cut_end_is_placed_even_when_the_head_is_moved_too(store: Store, left: int) -> None:
    cut = schema.audit.delete().where(schema.audit.c.row > left)
    fault = verdict(store, cut)
    assert fault == ports.AuditFault(left + 1, f"The end is cut off: rows {left + 1} to {LENGTH} are missing.")
    mac = cells_of(store, left)["mac"] if left else ""
    moved = verdict(store, cut, schema.audit_head.update().values(row=left or 1, mac=mac))
    assert "head row does not fit its seal" in moved.sentence


def test_a_head_row_that_was_removed_is_told_and_nothing_more_is_recorded(store: Store) -> None:
    fault = verdict(store, schema.audit_head.delete())
    assert "head row is missing" in fault.sentence
    with store.begin() as tx:
        tx.audit.work.run(schema.audit_head.delete())
    with pytest.raises(errors.Misconfigured, match="head row is missing") as refused, store.begin() as tx:
        _decide(tx)
    assert "tapslip audit verify" in refused.value.advice
    with store.begin() as tx:
        assert tx.passes.open() == []


def _decide(tx: ports.Transaction) -> None:
    tx.passes.add(stores.a_pass())
    tx.audit.append(stores.an_entry())


def test_an_older_head_with_newer_rows_is_placed_after_the_end(store: Store) -> None:
    with store.begin() as tx:
        old = dict(tx.audit.work.run(sa.select(schema.audit_head)).mappings().one())
        tx.audit.append(stores.an_entry(LENGTH + 1))
    fault = verdict(store, schema.audit_head.update().values(old))
    assert fault == ports.AuditFault(LENGTH + 1, f"Row {LENGTH + 1} was put in after the end.")


def test_another_key_is_named_as_what_it_may_be(url: str, store: Store) -> None:
    del store
    with stores.opened(url, audit_key=b"another key, quite as long") as other, other.begin() as tx:
        fault = tx.audit.verify()
    assert fault is not None
    assert fault.row == 1
    assert "keys file" in fault.sentence
