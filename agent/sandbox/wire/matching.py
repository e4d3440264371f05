"""From a path below the version to a row of the route table.

Segments match in any letter case; `/users('x')` is `/users/x`, `/devices(deviceId='x')` an alternate key of its own,
`/users/delta()` is `/users/delta`, and `graph.user` is `microsoft.graph.user`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import unquote

from agent.sandbox.wire import errors as wire_errors
from agent.sandbox.wire import exchange

_CAST = re.compile(r"^graph\.", re.IGNORECASE)
_KEY = re.compile(r"([\w.]+)\((?:(\w+)=)?'?(.*?)'?\)$", re.DOTALL)


def segments(path: str) -> list[str]:
    """The decoded segments of a path as sent; a key in brackets becomes a segment, an alternate key two."""
    found: list[str] = []
    for raw in path.strip("/").split("/"):
        segment = unquote(raw)
        key = _KEY.match(segment)
        if key is None:
            found.append(segment)
            continue
        name, alternate, value = key.groups()
        found += [name, *([f"({alternate})"] if alternate else []), *([value.replace("''", "'")] if value else [])]
    return [_CAST.sub("microsoft.graph.", segment) for segment in found]


def find(
    table: Iterable[exchange.Route], version: str, method: str, path: str
) -> tuple[exchange.Route, Mapping[str, str]]:
    """The route and the values of its template's names.

    Raises GraphError: 400 for a path that only beta has, 501 for a path or method nobody here knows.
    """
    parts = segments(path)
    matches = [(route, values) for route in table if (values := _values(route, parts)) is not None]
    matches.sort(key=lambda match: len(match[1]))
    here = [match for match in matches if version in match[0].versions]
    for route, values in here:
        if route.method == method:
            return route, values
    if matches and not here:
        raise wire_errors.unknown_segment(_first_unknown(table, version, parts))
    raise wire_errors.not_implemented(method, f"/{version}{path}")


@functools.cache
def _template(path: str) -> list[str]:
    return segments(path)


def _values(route: exchange.Route, parts: Sequence[str]) -> dict[str, str] | None:
    template = _template(route.path)
    if len(template) != len(parts):
        return None
    values: dict[str, str] = {}
    for wanted, sent in zip(template, parts, strict=True):
        if wanted.startswith("{"):
            values[wanted[1:-1]] = sent
        elif wanted.lower() != sent.lower():
            return None
    return values


def _first_unknown(table: Iterable[exchange.Route], version: str, parts: Sequence[str]) -> str:
    """The first segment at which no route of this version goes on."""
    known = [_template(route.path) for route in table if version in route.versions]
    for at, part in enumerate(parts):
        known = [
            template
            for template in known
            if len(template) > at and (template[at].startswith("{") or template[at].lower() == part.lower())
        ]
        if not known:
            return part
    return parts[-1]
