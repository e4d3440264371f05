"""Holds JSON against Microsoft's own description of Graph, strictly: a name that the schema lacks is a fault.

The data is outside this repository: `TAPSLIP_GRAPH_DATA` names its folder. Where it is unset, `held` skips
the test with a reason that names the variable.
"""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

FOLDER = os.environ.get("TAPSLIP_GRAPH_DATA")

held = pytest.mark.skipif(FOLDER is None, reason="the contract data is not there: TAPSLIP_GRAPH_DATA is not set")
"""Marks a test that needs the data."""

_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "array": list,
    "object": dict,
    "null": type(None),
}

_KEY = re.compile(r"([\w.]+)\((?:(\w+)=)?'?(.*?)'?\)$", re.DOTALL)
_ANNOTATION = re.compile(
    r"(?P<of>.*)@(odata\.(context|type|count|nextLink|deltaLink|id|etag|editLink|readLink|navigationLink"
    r"|associationLink|bind)|removed|microsoft\.graph\.tips)"
)


@functools.cache
def document(version: str) -> dict[str, Any]:
    """The OpenAPI slice of "v1.0" or "beta"."""
    return _read(f"graph-{version}.slice.json")


@functools.cache
def permissions() -> dict[str, Any]:
    """Operation ("GET /users/{user-id}") to scheme to `sufficient` permissions."""
    operations: dict[str, Any] = _read("graph-permissions.json")["operations"]
    return operations


def _read(name: str) -> dict[str, Any]:
    text = (Path(FOLDER or "") / name).read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def shape(path: str) -> str:
    """A path template without the names of its values; keys in brackets are segments, casts as the data has them."""
    nameless = re.sub(r"\{[^}]*\}", "{}", path).replace("microsoft.graph.", "graph.")
    return re.sub(r"\(\w+='\{\}'\)", "/{}", nameless).lower()


def segments(path: str) -> tuple[str, ...]:
    """A path's segments, decoded, in small letters; a key is "{}" in a template, `/me` is a person's `/users/me`."""
    found: list[str] = []
    for raw in path.strip("/").split("/"):
        segment = unquote(raw)
        key = _KEY.match(segment)
        name, alternate, value = key.groups() if key else (segment, None, None)
        found += [name, *([f"({alternate})"] if alternate else []), *([value] if value else [])]
    plain = ["{}" if re.fullmatch(r"\{[\w-]+\}", one) else one.lower() for one in found]
    return ("users", *plain) if plain[0] == "me" else tuple(plain)


class Templates:
    """Path templates, found again by a path as it was sent; words win over keys."""

    def __init__(self, templates: Iterable[str]) -> None:
        self._known: dict[tuple[str, int], list[tuple[tuple[str, ...], str]]] = {}
        for template in templates:
            parts = segments(template.replace("microsoft.graph.", "graph."))
            self._known.setdefault((parts[0], len(parts)), []).append((parts, template))
        for known in self._known.values():
            known.sort(key=lambda one: one[0].count("{}"))

    def find(self, path: str) -> str | None:
        """The template of a path below the version; what is below an alternate key is found below the key too."""
        sent = segments(path.replace("microsoft.graph.", "graph."))
        return self._find(sent) or self._find(tuple(part for part in sent if not part.startswith("(")))

    def _find(self, sent: tuple[str, ...]) -> str | None:
        for parts, template in self._known.get((sent[0], len(sent)), ()):
            if all(part in ("{}", given) for part, given in zip(parts, sent, strict=True)):
                return template
        return None


@functools.cache
def templates(version: str) -> Templates:
    """The paths that the slice has."""
    return Templates(document(version)["paths"])


@functools.cache
def _operations(version: str) -> dict[tuple[str, str], dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for known, item in document(version)["paths"].items():
        for method in item.keys() & {"get", "post", "patch", "put", "delete"}:
            found.setdefault((method, shape(known)), item[method])
    return found


def operation(version: str, method: str, path: str) -> dict[str, Any] | None:
    """The operation for a template such as "/users/{id}/manager", None where the data has none."""
    personal = re.sub(r"^/me(?=/|$)", "/users/{}", path)
    return _operations(version).get((method.lower(), shape(personal)))


def answer_faults(version: str, method: str, path: str, body: Any) -> list[str]:
    """What is wrong with an answer's body, one sentence per fault; the operation must be in the data."""
    known = operation(version, method, path)
    assert known is not None, f"{version} {method} {path} is not in the data"
    schema = known["responses"]["2XX"]["content"]["application/json"]["schema"]
    return reading(version).faults(schema, body, "")


def type_faults(version: str, type_name: str, body: Any) -> list[str]:
    """What is wrong with an object of a named type, such as "microsoft.graph.unifiedRoleDefinition"."""
    return reading(version).faults(document(version)["components"]["schemas"][type_name], body, "")


@functools.cache
def reading(version: str) -> Reading:
    """The schemas of a version, ready to be held against values."""
    return Reading(document(version)["components"]["schemas"])


@dataclass(frozen=True, slots=True)
class Known:
    """What the plain schemas say together that apply to a value."""

    parts: tuple[dict[str, Any], ...]
    properties: dict[str, dict[str, Any]]
    items: dict[str, Any]
    open_ended: bool


class Reading:
    """A walk of a value beside its schema."""

    def __init__(self, schemas: dict[str, Any]) -> None:
        self._schemas = schemas
        self._known: dict[tuple[int, object], Known] = {}

    def faults(self, schema: dict[str, Any], value: Any, where: str) -> list[str]:
        """Every fault of `value`, each with its place."""
        known = self._known_of(schema, value)
        found = [fault for part in known.parts for fault in _own_faults(part, value, where)]
        if isinstance(value, dict):
            for name, inner in value.items():
                if name in known.properties:
                    found += self.faults(known.properties[name], inner, f"{where}/{name}")
                elif not known.open_ended and not _is_annotation(name, known):
                    found.append(f"{where}/{name} is not in the schema")
        elif isinstance(value, list):
            for at, item in enumerate(value):
                found += self.faults(known.items, item, f"{where}/{at}")
        return found

    def property(self, schema: dict[str, Any], name: str) -> dict[str, Any] | None:
        """The schema of a property, of whichever type that may stand here has it first."""
        return next(
            (part["properties"][name] for part in self._branches(schema) if name in part.get("properties", {})), None
        )

    def lacks(self, schema: dict[str, Any], name: str) -> bool:
        """Whether no type that may stand here has a property such as "status/errorCode"; casts are passed over."""
        here = [schema]
        for step in name.split("/"):
            parts = [part for one in here for part in self._branches(one)]
            if "." in step or any("x-pruned-type" in part for part in parts):
                continue
            here = [part["properties"][step] for part in parts if step in part.get("properties", {})]
            if not here:
                return True
        return False

    def _known_of(self, schema: dict[str, Any], value: Any) -> Known:
        kind = value.get("@odata.type", "") if isinstance(value, dict) else value is None
        key = (id(schema), kind if isinstance(kind, str | bool) else "")
        if key not in self._known:
            parts = tuple(self._parts(schema, value))
            properties: dict[str, dict[str, Any]] = {}
            for part in reversed(parts):
                properties |= part.get("properties", {})
            items: dict[str, Any] = next((part["items"] for part in parts if "items" in part), {})
            open_ended = any("additionalProperties" in part or "x-pruned-type" in part for part in parts)
            self._known[key] = Known(parts, properties, items, open_ended or not any(parts))
        return self._known[key]

    def _parts(self, schema: dict[str, Any], value: Any) -> list[dict[str, Any]]:
        """The plain schemas that together apply to `value`: references, allOf, the named type and anyOf resolved."""
        if "$ref" in schema:
            return self._parts(self._schemas[schema["$ref"].rpartition("/")[2]], value)
        if "allOf" in schema:
            return [part for one in schema["allOf"] for part in self._parts(one, value)]
        if "anyOf" in schema:
            fitting = (one for one in schema["anyOf"] if (one.get("type") == "null") is (value is None))
            return self._parts(next(fitting), value)
        if "if" in schema:
            wanted = schema["if"]["properties"]["@odata.type"]["const"]
            named = isinstance(value, dict) and value.get("@odata.type") == wanted
            return self._parts(schema["then"], value) if named else []
        return [schema]

    def _branches(self, schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The plain schemas of every type that may stand here; of a list, those of its items."""
        if "$ref" in schema:
            yield from self._branches(self._schemas[schema["$ref"].rpartition("/")[2]])
        elif "items" in schema:
            yield from self._branches(schema["items"])
        elif "if" in schema:
            yield from self._branches(schema["then"])
        elif "allOf" in schema or "anyOf" in schema:
            for one in schema.get("allOf") or schema["anyOf"]:
                yield from self._branches(one)
        else:
            yield schema


#: A member of authenticationMethodModes, whose values are flags: several stand in one text, joined by commas.
_MODES_HAVE = "temporaryAccessPassOneTime"


def _is_member(value: Any, members: list[Any]) -> bool:
    if isinstance(value, str) and _MODES_HAVE in members:
        return set(value.split(",")) <= set(members)
    return value in members


def _own_faults(part: dict[str, Any], value: Any, where: str) -> list[str]:
    allowed = part.get("type")
    if allowed is not None:
        names = (allowed,) if isinstance(allowed, str) else allowed
        if not any(_is_a(value, name) for name in names):
            return [f"{where}: {value!r} is not {' or '.join(names)}"]
    if "enum" in part and not _is_member(value, part["enum"]):
        return [f"{where}: {value!r} is not one of {part['enum']}"]
    if isinstance(value, str) and "pattern" in part and not re.search(part["pattern"], value):
        return [f"{where}: {value!r} does not match {part['pattern']}"]
    if _is_a(value, "integer") and not part.get("minimum", value) <= value <= part.get("maximum", value):
        return [f"{where}: {value!r} is out of range"]
    return [f"{where}/{name} is missing" for name in part.get("required", ()) if name not in (value or {})]


def _is_annotation(name: str, known: Known) -> bool:
    """Whether OData or Graph knows it, and what it is about is known too."""
    match = _ANNOTATION.fullmatch(name)
    return match is not None and (not match["of"] or match["of"] in known.properties)


def _is_a(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _TYPES[name])
