"""Holds JSON against Microsoft's own description of Graph, strictly: a name that the schema lacks is a fault.

The data is outside this repository: `TAPSLIP_GRAPH_DATA` names its folder. Where it is unset, `held` skips
the test with a reason that names the variable.
"""

from __future__ import annotations

import functools
import json
import os
import re
from pathlib import Path
from typing import Any

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


def operation(version: str, method: str, path: str) -> dict[str, Any] | None:
    """The operation for a template such as "/users/{id}/manager", None where the data has none."""
    for known, item in document(version)["paths"].items():
        if shape(known) == shape(path) and method.lower() in item:
            found: dict[str, Any] = item[method.lower()]
            return found
    return None


def answer_faults(version: str, method: str, path: str, body: Any) -> list[str]:
    """What is wrong with an answer's body, one sentence per fault; the operation must be in the data."""
    known = operation(version, method, path)
    assert known is not None, f"{version} {method} {path} is not in the data"
    schema = known["responses"]["2XX"]["content"]["application/json"]["schema"]
    return Reading(document(version)["components"]["schemas"]).faults(schema, body, "")


def type_faults(version: str, type_name: str, body: Any) -> list[str]:
    """What is wrong with an object of a named type, such as "microsoft.graph.unifiedRoleDefinition"."""
    schemas = document(version)["components"]["schemas"]
    return Reading(schemas).faults(schemas[type_name], body, "")


class Reading:
    """A walk of a value beside its schema."""

    def __init__(self, schemas: dict[str, Any]) -> None:
        self._schemas = schemas

    def faults(self, schema: dict[str, Any], value: Any, where: str) -> list[str]:
        """Every fault of `value`, each with its place."""
        parts = self._parts(schema, value)
        found = [fault for part in parts for fault in self._own_faults(part, value, where)]
        if isinstance(value, dict):
            found += self._object_faults(parts, value, where)
        if isinstance(value, list):
            items: dict[str, Any] = next((part["items"] for part in parts if "items" in part), {})
            for at, item in enumerate(value):
                found += self.faults(items, item, f"{where}/{at}")
        return found

    def _parts(self, schema: dict[str, Any], value: Any) -> list[dict[str, Any]]:
        """The plain schemas that together apply to `value`: references, allOf, the named type and anyOf resolved."""
        if "$ref" in schema:
            return self._parts(self._schemas[schema["$ref"].rpartition("/")[2]], value)
        if "allOf" in schema:
            return [part for one in schema["allOf"] for part in self._parts(one, value)]
        if "anyOf" in schema:
            return self._parts(min(schema["anyOf"], key=lambda one: len(self.faults(one, value, ""))), value)
        if "if" in schema:
            wanted = schema["if"]["properties"]["@odata.type"]["const"]
            named = isinstance(value, dict) and value.get("@odata.type") == wanted
            return self._parts(schema["then"], value) if named else []
        return [schema]

    def _own_faults(self, part: dict[str, Any], value: Any, where: str) -> list[str]:
        allowed = part.get("type")
        if allowed is not None:
            names = [allowed] if isinstance(allowed, str) else allowed
            if not any(_is_a(value, name) for name in names):
                return [f"{where}: {value!r} is not {' or '.join(names)}"]
        if "enum" in part and value not in part["enum"]:
            return [f"{where}: {value!r} is not one of {part['enum']}"]
        if isinstance(value, str) and "pattern" in part and not re.search(part["pattern"], value):
            return [f"{where}: {value!r} does not match {part['pattern']}"]
        if _is_a(value, "integer") and not part.get("minimum", value) <= value <= part.get("maximum", value):
            return [f"{where}: {value!r} is out of range"]
        return [f"{where}/{name} is missing" for name in part.get("required", []) if name not in (value or {})]

    def _object_faults(self, parts: list[dict[str, Any]], value: dict[str, Any], where: str) -> list[str]:
        open_ended = any("additionalProperties" in part or "x-pruned-type" in part for part in parts)
        found = []
        for name, inner in value.items():
            known = [part["properties"][name] for part in parts if name in part.get("properties", {})]
            for schema in known[:1]:
                found += self.faults(schema, inner, f"{where}/{name}")
            if not known and "@" not in name and not open_ended:
                found.append(f"{where}/{name} is not in the schema")
        return found


def _is_a(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _TYPES[name])
