"""Query options as the directory takes them: advanced mode, `$search`, `$orderby`, `$count`, and pages.

Some queries need the header `ConsistencyLevel: eventual`, most of those `$count=true` besides; without them Graph
refuses (learn.microsoft.com/graph/aad-advanced-queries). A `$count=true` without the header is ignored in silence.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Sequence
from typing import Any

from agent.sandbox import errors, tenant
from agent.sandbox.wire import exchange, filters, odata

Row = dict[str, Any]

LONGEST_LIST = 15
"""Values that `in` takes (learn.microsoft.com/graph/known-issues)."""

LONGEST_VALUE = 120
"""Signs of a value in `$filter` on the directory (learn.microsoft.com/graph/known-issues)."""

_ADVANCED = {"ne": "NotEqual", "not": "Not", "endswith": "EndsWith"}
_KNOWN = frozenset({"eq", "ne", "not", "ge", "le", "gt", "lt", "in", "startswith", "endswith", "any"})
_TOKEN = re.compile(r"[^\W_]+")
_CLAUSE = re.compile(r'"([^":]+):([^"]*)"|(AND|OR|\(|\))', re.IGNORECASE)
_REFERENCE = "Refer to https://aka.ms/graph-docs/advanced-queries for more information"


def answer(
    host: tenant.Tenant,
    request: exchange.GraphRequest,
    context: str,
    rows: Sequence[Row],
    *,
    names: Sequence[str] = (),
) -> exchange.GraphResponse:
    """200 with a page of `rows` (every property), found, put in order and cut to `$select`, or to `names` without it.

    `names` empty shows every property. Raises GraphError 400 as the directory does.
    """
    found = ordered(request, found_in(request, rows))
    shown = [odata.narrow(row, kept_names(request) or names) for row in found]
    return odata.collection(host, without_idle_count(request), context, shown)


def count(request: exchange.GraphRequest, rows: Sequence[Row]) -> exchange.GraphResponse:
    """200 with the bare number of rows as text, for a `$count` segment; 400 without ConsistencyLevel."""
    if not is_eventual(request):
        raise errors.GraphError(400, "Request_BadRequest", "$count is not currently supported.")
    return exchange.GraphResponse(len(found_in(request, rows, counted=True)), headers={"Content-Type": "text/plain"})


def found_in(request: exchange.GraphRequest, rows: Sequence[Row], *, counted: bool = False) -> list[Row]:
    """The rows that `$filter` and `$search` let through; `counted` where the path itself is a `$count`."""
    if "$skip" in request.query:
        raise errors.GraphError(400, "Request_BadRequest", "'$skip' is not supported by the service.")
    _check_filter(request, counted=counted)
    found = odata.matching(request, rows)
    if "$search" not in request.query:
        return found
    if not is_eventual(request):
        raise _unsupported(
            "Request with $search query parameter only works through MSGraph with a special request header: "
            "'ConsistencyLevel: eventual'"
        )
    return [row for row in found if _searched(request.query["$search"], row)]


def require_advanced(request: exchange.GraphRequest) -> None:
    """Refuse what needs `ConsistencyLevel: eventual` and `$count=true` where one of them is missing."""
    counted = request.query.get("$count", "").lower() == "true" or request.path.lower().endswith("/$count")
    if not is_eventual(request) or not counted:
        raise _unsupported(
            "The specified filter or cast needs the header 'ConsistencyLevel:eventual' and the query '$count=true'."
        )


def is_eventual(request: exchange.GraphRequest) -> bool:
    """Whether the caller lets the index answer."""
    return request.headers.get("ConsistencyLevel", "").lower() == "eventual"


def without_idle_count(request: exchange.GraphRequest) -> exchange.GraphRequest:
    """The request without a `$count=true` that lacks its header, and is therefore ignored."""
    if is_eventual(request) or "$count" not in request.query:
        return request
    query = {name: value for name, value in request.query.items() if name != "$count"}
    return dataclasses.replace(request, query=query)


def ordered(request: exchange.GraphRequest, rows: Sequence[Row]) -> list[Row]:
    """The rows as `$orderby` wants them; with `$filter` or `$search` beside it that is an advanced query."""
    text = request.query.get("$orderby", "")
    found = list(rows)
    if not text.strip():
        return found
    if "$filter" in request.query and not is_eventual(request):
        raise _unsupported("Sorting not supported for current query.")
    for term in reversed(text.split(",")):
        name, _, direction = term.strip().partition(" ")
        if rows and name.lower() not in {known.lower() for known in rows[0]}:
            raise odata.bad_request(f"Could not find a property named '{name}'.")
        found.sort(key=functools.partial(_sortable, name), reverse=direction.strip().lower() == "desc")
    return found


def kept_names(request: exchange.GraphRequest) -> list[str]:
    """What `$select` keeps, expanded objects too; empty without it."""
    names = odata.selected(request)
    return [*names, *odata.expanded(request)] if names else []


def _check_filter(request: exchange.GraphRequest, *, counted: bool) -> None:
    text = request.query.get("$filter")
    if text is None:
        return
    condition = odata.parsed_filter(text)
    for path, operator in filters.comparisons(condition):
        if operator not in _KNOWN:
            raise _unsupported(f"Unsupported Query: '{operator}' on '{path}'.")
        if path.lower().endswith("/$count"):
            _check_advanced(request, "Count", counted=counted)
        if operator in _ADVANCED:
            _check_advanced(request, _ADVANCED[operator], counted=counted)
    if filters.longest_list(condition) > LONGEST_LIST:
        raise _unsupported(f"Too many child clauses specified in search filter expression: at most {LONGEST_LIST}.")
    if any(isinstance(value, str) and len(value) > LONGEST_VALUE for value in filters.literals(condition)):
        raise _unsupported(f"A value in the filter is longer than {LONGEST_VALUE} characters.")


def _check_advanced(request: exchange.GraphRequest, operator: str, *, counted: bool) -> None:
    if not is_eventual(request):
        raise _unsupported(
            f"Operator '{operator}' is not supported because the 'ConsistencyLevel:eventual' header is missing. "
            f"{_REFERENCE}"
        )
    if not counted and request.query.get("$count", "").lower() != "true":
        raise _unsupported(
            f"Operator '{operator}' is not supported because the required parameters might be missing. Try adding "
            f"$count=true query parameter and ConsistencyLevel:eventual header. {_REFERENCE}"
        )


def _unsupported(message: str) -> errors.GraphError:
    return errors.GraphError(400, "Request_UnsupportedQuery", message)


def _sortable(name: str, row: Row) -> tuple[bool, str]:
    value = next((value for key, value in row.items() if key.lower() == name.lower()), None)
    return value is not None, str(value).lower()


def _searched(text: str, row: Row) -> bool:
    """`"property:words"` clauses joined by AND or OR, taken from left to right
    (learn.microsoft.com/graph/search-query-parameter)."""
    result, joined = True, "and"
    seen = 0
    for name, words, sign in _CLAUSE.findall(text):
        if sign:
            joined = sign.lower() if sign.lower() in ("and", "or") else joined
            continue
        seen += 1
        holds = _holds_words(row, name, words)
        result = (result and holds) if joined == "and" or seen == 1 else (result or holds)
    if not seen:
        raise odata.bad_request(f"Syntax error: character '{text[:1]}' is not valid at position 0 in '{text}'.")
    return result


def _holds_words(row: Row, name: str, words: str) -> bool:
    """Names and descriptions are compared word by word, everything else from its beginning."""
    value = next((value for key, value in row.items() if key.lower() == name.strip().lower()), None)
    texts = [str(item) for item in value] if isinstance(value, list) else [str(value or "")]
    if name.strip().lower() not in ("displayname", "description"):
        return any(text.lower().startswith(words.strip().lower()) for text in texts)
    known = [token.lower() for text in texts for token in _TOKEN.findall(text)]
    wanted = [token.lower() for token in _TOKEN.findall(words)]
    return all(any(token.startswith(part) for token in known) for part in wanted)
