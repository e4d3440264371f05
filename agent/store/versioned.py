"""A table whose rows carry a version: whoever saves must have read what is there."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from agent import errors
from agent.store import rows
from agent.store.work import Work


class _Saved(Protocol):
    @property
    def version(self) -> int: ...


V = TypeVar("V", bound=_Saved)


@dataclass(frozen=True, slots=True)
class Table(Generic[V]):
    """A versioned table: its key, the column its rows are ordered by, and how a row reads."""

    table: sa.Table
    key: sa.Column[Any]
    order: sa.Column[Any]
    encode: Callable[[V], rows.Cells]
    decode: Callable[[sa.RowMapping], V]
    word: str

    def add(self, work: Work, value: V) -> None:
        """A new row."""
        work.run(self.table.insert().values(self.encode(value)))

    def add_once(self, work: Work, value: V) -> bool:
        """A new row unless its key is there already; whether it is new."""
        insert = sqlite.insert if work.dialect == "sqlite" else postgresql.insert
        made = insert(self.table).values(self.encode(value)).on_conflict_do_nothing().returning(self.key)
        return work.run(made).first() is not None

    def get(self, work: Work, key: str) -> V:
        """One row, or NotFound."""
        found = self.find(work, self.key == key)
        if not found:
            raise errors.NotFound(
                f"There is no {self.word} {key}.", "Check the number, or look for it with: tapslip status"
            )
        return found[0]

    def save(self, work: Work, value: V) -> V:
        """The row with its version raised; Stale when somebody else was first."""
        cells = self.encode(value)
        key, raised = cells[self.key.name], value.version + 1
        as_read = (self.key == key) & (self.table.c.version == value.version)
        if work.run(self.table.update().where(as_read).values(cells | {"version": raised})).rowcount:
            return dataclasses.replace(value, version=raised)  # type: ignore[type-var]
        self.get(work, key)
        raise errors.Stale(
            f"The {self.word} {key} was changed by somebody else in the meantime.",
            "Look at it again, then decide again.",
        )

    def find(self, work: Work, *where: sa.ColumnElement[bool] | sa.TextClause) -> list[V]:
        """Oldest first; rows of one instant by their key, so that the order never wavers."""
        return self.read(work, sa.select(self.table).where(*where).order_by(self.order, self.key))

    def recent(self, work: Work, limit: int) -> list[V]:
        """The newest, newest first."""
        return self.read(work, sa.select(self.table).order_by(self.order.desc(), self.key.desc()).limit(limit))

    def read(self, work: Work, query: sa.Select[Any]) -> list[V]:
        """What a query over this table finds."""
        return [self.decode(cells) for cells in work.run(query).mappings()]
