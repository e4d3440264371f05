"""Reading Graph's answers by hand: an absent or unknown member is a default, a wrong frame is no answer.

Nothing here raises an error that carries the body: a parser's own error would hold all of it.
"""

from __future__ import annotations

import email.utils
import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from agent.graph.transport import Answer

log = logging.getLogger(__name__)

Row: TypeAlias = Mapping[str, Any]

#: What Intune writes for "no device" and what a join that never happened leaves behind.
_NO_ID = "00000000-0000-0000-0000-000000000000"


def content(answer: Answer) -> Row | None:
    """The JSON object of an answer, or None when it is not one (HTML of a proxy, a body cut short, another type)."""
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        return None
    try:
        parsed = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def rows(found: Row, shape: str) -> list[Row] | None:
    """The objects of a collection, None when it is none; what is no object is skipped, and counted in the log."""
    value = found.get("value")
    if not isinstance(value, list):
        return None
    kept: list[Row] = [row for row in value if isinstance(row, dict)]
    skipped(len(value) - len(kept), shape)
    return kept


def skipped(count: int, shape: str) -> None:
    """Count rows that were left out because they are not as documented."""
    if count:
        log.warning("%d row(s) of %s skipped: not as documented", count, shape)


def text(row: Row, name: str) -> str:
    """A string, or the empty string."""
    value = row.get(name)
    return value if isinstance(value, str) else ""


def identifier(row: Row, name: str) -> str:
    """An id, or the empty string; Intune's GUID of zeros means that there is none."""
    value = text(row, name)
    return "" if value == _NO_ID else value


def flag(row: Row, name: str) -> bool | None:
    """True, False, or None when it is neither."""
    value = row.get(name)
    return value if isinstance(value, bool) else None


def number(row: Row, name: str) -> int | None:
    """A whole number, or None."""
    value = row.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def texts(row: Row, name: str) -> frozenset[str]:
    """The strings of a list inside, or none."""
    value = row.get(name)
    return frozenset(each for each in value if isinstance(each, str)) if isinstance(value, list) else frozenset()


def inner(row: Row, name: str) -> Row:
    """An object inside, or an empty one."""
    value = row.get(name)
    return value if isinstance(value, dict) else {}


def inner_rows(row: Row, name: str) -> list[Row]:
    """The objects of a list inside, or none."""
    value = row.get(name)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def time(row: Row, name: str) -> datetime | None:
    """A time in UTC, or None; Intune writes the year 1 where it has none."""
    try:
        value = datetime.fromisoformat(text(row, name))
    except ValueError:
        return None
    aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value
    return None if aware.year <= 1 else aware.astimezone(UTC)


def kind(row: Row) -> str:
    """The type's own name from `@odata.type`, without its namespace."""
    return text(row, "@odata.type").rpartition(".")[2]


def problem(answer: Answer) -> tuple[str, str]:
    """(code, message) of Graph's error, printable and short; Intune's message is JSON inside JSON.

    learn.microsoft.com/graph/errors
    """
    error = inner(content(answer) or {}, "error")
    message = text(error, "message")
    if message.startswith("{"):
        try:
            nested = json.loads(message)
        except (ValueError, RecursionError):
            nested = {}
        message = text(nested, "Message") if isinstance(nested, dict) else ""
        message = message.partition(" - Operation ID")[0]
    return re.sub(r"[^A-Za-z0-9_.]", "", text(error, "code"))[:60], re.sub(r"\s+", " ", message)[:200].strip()


def retry_after(answer: Answer, now: datetime) -> float | None:
    """Seconds that Retry-After asks for (a number, even a fraction, or a date), or None."""
    value = answer.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", value):
        return float(value)
    at = date(value)
    return None if at is None else max(0.0, (at - now).total_seconds())


def fraction(value: str) -> float | None:
    """A number such as 0.85 out of a header, or None."""
    return float(value) if re.fullmatch(r"\d{1,6}(\.\d{1,20})?", value.strip()) else None


def date(value: str) -> datetime | None:
    """An HTTP date such as that of the Date header, in UTC, or None."""
    try:
        parsed = email.utils.parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
