"""OData on the wire: times, entity and collection frames, `$select`, and paging by `$skiptoken` on the same origin."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from agent.sandbox import errors, tenant
from agent.sandbox.wire import exchange, filters

YEAR_ONE = "0001-01-01T00:00:00Z"
"""What Intune shows for a time that was never set in a property that may not be null."""


def timestamp(moment: datetime) -> str:
    """A time as Graph writes it: UTC, `Z`, fractions only where there are any."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def maybe_timestamp(moment: datetime | None) -> str | None:
    """`timestamp`, or None for never."""
    return None if moment is None else timestamp(moment)


def timestamp_or_year_one(moment: datetime | None) -> str:
    """`timestamp`, or Intune's year 1 for never."""
    return YEAR_ONE if moment is None else timestamp(moment)


def duration(span: timedelta) -> str:
    """An ISO 8601 duration, such as PT1H2M3S."""
    seconds = int(span.total_seconds())
    parts = ((seconds // 3600, "H"), (seconds % 3600 // 60, "M"), (seconds % 60, "S"))
    return "PT" + ("".join(f"{value}{unit}" for value, unit in parts if value) or "0S")


def moment(text: str) -> datetime:
    """The time behind Graph's text, aware, in UTC; raises ValueError when it is none."""
    parsed = datetime.fromisoformat(text)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def bad_request(message: str) -> errors.GraphError:
    """400 in the directory's words."""
    return errors.GraphError(400, "BadRequest", message)


def selected(request: exchange.GraphRequest) -> list[str]:
    """The names in `$select`, empty where it was not sent."""
    return [name.strip() for name in request.query.get("$select", "").split(",") if name.strip()]


def expanded(request: exchange.GraphRequest) -> dict[str, list[str]]:
    """What `$expand` asks for: names in lower case, each with the names of its own `$select` (none: all)."""
    parts, depth, current = [], 0, ""
    for sign in request.query.get("$expand", "") + ",":
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            parts.append(current.strip())
            current = ""
        else:
            current += sign
    return {
        name.strip().lower(): _inner_select(inner) for name, _, inner in (part.partition("(") for part in parts) if name
    }


def levels(request: exchange.GraphRequest, name: str) -> int:
    """How far `$expand=name($levels=n)` goes; 1 without it, 1,000 for "max"."""
    text = request.query.get("$expand", "").lower()
    match = re.search(rf"\b{re.escape(name)}\([^)]*\$levels=(\w+)", text)
    if match is None:
        return 1
    return 1000 if match.group(1) == "max" else int(match.group(1)) if match.group(1).isdecimal() else 1


def _inner_select(inner: str) -> list[str]:
    options = dict(option.strip().partition("=")[::2] for option in inner.rstrip(")").split(";"))
    return [name.strip() for name in options.get("$select", "").split(",") if name.strip()]


def narrow(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """`row` cut down to `names` (any letter case), annotations and expanded objects kept; all of it without names."""
    wanted = {name.lower() for name in names}
    if not wanted:
        return dict(row)
    return {key: value for key, value in row.items() if key.startswith("@") or key.lower() in wanted}


def matching(request: exchange.GraphRequest, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows that `$filter` lets through, all without one; 400 when it cannot be read."""
    text = request.query.get("$filter")
    if text is None:
        return list(rows)
    condition = parsed_filter(text)
    return [row for row in rows if condition.holds(row)]


def parsed_filter(text: str) -> filters.Condition:
    """The condition behind a `$filter`; 400 "Invalid filter clause" when it cannot be read."""
    try:
        return filters.parse(text)
    except filters.UnreadableFilter as unreadable:
        raise bad_request(f"Invalid filter clause: {unreadable}") from None


def entity(
    host: tenant.Tenant, request: exchange.GraphRequest, context: str, row: Mapping[str, Any]
) -> exchange.GraphResponse:
    """200 with one object; `context` is what follows `$metadata#`, such as "users/$entity"."""
    return exchange.GraphResponse({"@odata.context": _context(host, request, context), **row})


def collection(
    host: tenant.Tenant,
    request: exchange.GraphRequest,
    context: str,
    rows: list[dict[str, Any]],
    *,
    sizes: tuple[int, int] = (100, 999),
) -> exchange.GraphResponse:
    """200 with one page of `rows`, which are already filtered and narrowed; `@odata.nextLink` while more follow.

    `sizes` are the usual page and the largest `$top`.
    """
    size = _page_size(host, request, *sizes)
    start = _offset(request)
    body: dict[str, Any] = {"@odata.context": _context(host, request, context)}
    if request.query.get("$count", "").lower() == "true" and start == 0:
        body["@odata.count"] = len(rows)
    if start + size < len(rows):
        body["@odata.nextLink"] = _next_link(host, request, start + size)
    body["value"] = rows[start : start + size]
    return exchange.GraphResponse(body)


def _context(host: tenant.Tenant, request: exchange.GraphRequest, context: str) -> str:
    return f"{host.origin}/{request.version}/$metadata#{context}"


def _page_size(host: tenant.Tenant, request: exchange.GraphRequest, page: int, largest: int) -> int:
    top = request.query.get("$top")
    if top is None:
        return min(page, host.options.page_size or page)
    if not top.isdecimal() or not 1 <= int(top) <= largest:
        raise bad_request(f"Invalid page size specified: '{top}'. Must be between 1 and {largest} inclusive.")
    return min(int(top), host.options.page_size or int(top))


def _offset(request: exchange.GraphRequest) -> int:
    token = request.query.get("$skiptoken")
    if token is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token.encode()).decode().removeprefix("from "))
    except (ValueError, binascii.Error):
        raise bad_request("The skip token is invalid.") from None


def _next_link(host: tenant.Tenant, request: exchange.GraphRequest, start: int) -> str:
    token = base64.urlsafe_b64encode(f"from {start}".encode()).decode()
    query = {**request.query, "$skiptoken": token}
    text = "&".join(f"{quote(name, safe='$')}={quote(value, safe='')}" for name, value in query.items())
    path = quote(request.path, safe="/()'=")
    return f"{host.origin}/{request.version}{path}?{text}"
