"""Time as a column: aware and in UTC on both dialects, to the microsecond."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine


def as_text(at: datetime) -> str:
    """ISO 8601 in UTC, always with microseconds, so that the order of texts is the order of times.

    A time without a zone is a bug of ours (ValueError).
    """
    if at.tzinfo is None:
        raise ValueError("a time without a zone cannot be stored")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def from_text(text: str) -> datetime:
    """What `as_text` wrote, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


class UtcTime(TypeDecorator[datetime]):
    """Text in SQLite (which has no times), `timestamptz` in PostgreSQL; aware datetimes in UTC here."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column's type in this database."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(sa.Text())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """To the database; a time without a zone is a bug of ours (ValueError)."""
        if value is None:
            return None
        text = as_text(value)
        return value.astimezone(UTC) if dialect.name == "postgresql" else text

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """From the database."""
        if value is None:
            return None
        return from_text(value) if dialect.name == "sqlite" else value.astimezone(UTC)
