"""One exchange with Graph held against Microsoft's description: the request's address, options and body; the answer.

Strictly: names that the description lacks are faults, in bodies, in `$select`, `$expand`, `$orderby` and `$filter`. An
operation that the slices lack is held as far as every answer of Graph's can be; `tests.watching` lists those.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from tests.contracts import graph_slices

_NOTHING = object()
_OF_NEXT_LINKS = {"$skiptoken", "$deltatoken"}
_QUOTED = re.compile(r"'(?:[^']|'')*'")
_COMPARED = re.compile(r"([A-Za-z_][\w/]*)\s+(?:eq|ne|gt|ge|lt|le|in|has)\b")
_SEARCHED = re.compile(r"(?:contains|startswith|endswith)\(\s*([A-Za-z_][\w/]*)")
_LAMBDA = re.compile(r"([A-Za-z_][\w/]*)/(?:any|all)\(\s*(\w+)\s*:")
_ERROR = {"$ref": "#/components/schemas/microsoft.graph.oDataErrors.oDataError"}

LEFT_ASIDE = {
    "/error/innerError/date:": "without a zone on the wire; learn.microsoft.com/graph/errors shows it so",
    "/error/innerError/message is not": "authentication methods repeat it there; graph/throttling shows it too",
    "/error/innerError/code is not": "of a 429: learn.microsoft.com/graph/throttling",
    "/error/innerError/status is not": "of a 429: learn.microsoft.com/graph/throttling",
}
"""How faults of refusals begin that are Microsoft's own against its description; where Microsoft shows them."""

ALSO_ANSWERED = {
    ("unassignUserFromDevice", 200): "a switch: Microsoft's own sample program expects 200",
    ("updateDeviceProperties", 200): "a switch: Microsoft's own sample program expects 200",
}
"""(last segment, status) that Microsoft gives against its description, without a body; where that is known from."""


@dataclass(frozen=True)
class Sent:
    """A request: `path` below the version as sent, `query` without "?", header names in small letters."""

    version: str
    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)

    @property
    def operation(self) -> dict[str, Any] | None:
        """What Microsoft says about it, None where the slice has no such path or method."""
        template = graph_slices.templates(self.version).find(self.path)
        return None if template is None else graph_slices.operation(self.version, self.method, template)


@dataclass(frozen=True)
class Answered:
    """An answer with its whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)


def request_faults(sent: Sent) -> list[str]:
    """What is wrong with a request that the slices have; nothing about one that they have not."""
    known = sent.operation
    if known is None:
        return []
    return [*_option_faults(sent, known), *_body_faults(sent, known)]


def answer_faults(sent: Sent, answer: Answered) -> list[str]:
    """What is wrong with the answer: status, Content-Type, every name and type in the body; refusals in any case."""
    known = sent.operation
    if answer.status >= 400:
        return _refusal_faults(sent.version, answer)
    if known is None:
        return []
    documented = known["responses"]
    said = documented.get(str(answer.status)) or (documented.get("2XX") if answer.status < 300 else None)
    if said is None and (sent.path.rpartition("/")[2], answer.status) in ALSO_ANSWERED:
        return _empty_faults(answer, may_be_full=False)
    if said is None:
        return [f"status {answer.status} is not among {', '.join(documented)}"]
    content = said.get("content", {})
    if not content or not answer.body:
        return _empty_faults(answer, may_be_full=bool(content))
    if "text/plain" in content:
        plain = answer.headers.get("content-type", "").startswith("text/plain")
        return [] if plain and answer.body.strip().isdigit() else [f"{answer.body[:40]!r} is not a plain number"]
    return _json_faults(sent.version, content["application/json"]["schema"], answer)


def inside(sent: Sent, answer: Answered | None) -> Iterator[tuple[Sent, Answered | None]]:
    """The exchanges that a `$batch` carries; none for any other request."""
    if sent.path.lower() != "/$batch":
        return
    asked, given = _read(sent.body), _read(answer.body) if answer else None
    answers = {one.get("id"): one for one in _dicts(given, "responses")}
    for item in _dicts(asked, "requests"):
        path, _, query = str(item.get("url", "")).partition("?")
        headers = {name.lower(): str(value) for name, value in (item.get("headers") or {}).items()}
        raw = json.dumps(item["body"]).encode() if "body" in item else b""
        own = Sent(sent.version, str(item.get("method")), "/" + path.lstrip("/"), query, headers, raw)
        yield own, _item_answer(answers.get(item.get("id")))


def _item_answer(item: dict[str, Any] | None) -> Answered | None:
    if item is None or not isinstance(item.get("status"), int):
        return None
    headers = {name.lower(): str(value) for name, value in (item.get("headers") or {}).items()}
    body = item.get("body")
    raw = b"" if body is None else json.dumps(body).encode()
    return Answered(item["status"], headers | {"content-type": headers.get("content-type", "application/json")}, raw)


def _dicts(body: Any, name: str) -> list[dict[str, Any]]:
    found = body.get(name) if isinstance(body, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _read(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return _NOTHING


def _refusal_faults(version: str, answer: Answered) -> list[str]:
    found = _json_faults(version, _ERROR, answer)
    error = _read(answer.body)
    told = error.get("error") if isinstance(error, dict) else None
    if not isinstance(told, dict) or not all(isinstance(told.get(name), str) for name in ("code", "message")):
        found.append("code or message is missing")
    telling = [fault for fault in found if not any(fault.startswith(known) for known in LEFT_ASIDE)]
    return [f"refusal {answer.status}: {fault}" for fault in telling]


def _empty_faults(answer: Answered, *, may_be_full: bool) -> list[str]:
    if answer.body:
        return [f"a body where none is documented: {answer.body[:60]!r}"]
    if may_be_full and answer.status not in (202, 204):
        return [f"status {answer.status} without a body"]
    return []


def _json_faults(version: str, schema: dict[str, Any], answer: Answered) -> list[str]:
    kind = answer.headers.get("content-type", "")
    if not kind.startswith("application/json"):
        return [f"Content-Type is {kind!r}"]
    value = _read(answer.body)
    if value is _NOTHING:
        return ["the body is not JSON"]
    return graph_slices.reading(version).faults(schema, value, "")


def _body_faults(sent: Sent, known: dict[str, Any]) -> list[str]:
    documented = known.get("requestBody")
    if documented is None or not sent.body:
        surplus = bool(sent.body) and documented is None
        missing = not sent.body and documented is not None and documented.get("required", False)
        return ["a body where none is documented"] if surplus else ["no body"] if missing else []
    if not sent.headers.get("content-type", "").startswith("application/json"):
        return [f"Content-Type of the request is {sent.headers.get('content-type')!r}"]
    value = _read(sent.body)
    if value is _NOTHING:
        return ["the request's body is not JSON"]
    return graph_slices.reading(sent.version).faults(documented["content"]["application/json"]["schema"], value, "")


def _option_faults(sent: Sent, known: dict[str, Any]) -> list[str]:
    allowed = {one["name"].lower() for one in known.get("parameters", ()) if one["in"] == "query"}
    options = parse_qsl(sent.query, keep_blank_values=True)
    found = [
        f"option {name} is not among {', '.join(sorted(allowed)) or 'none'}"
        for name, _ in options
        if name.lower() not in allowed | _OF_NEXT_LINKS
    ]
    content = known["responses"].get("2XX", {}).get("content", {}).get("application/json")
    if content is None:
        return found
    reading, schema = graph_slices.reading(sent.version), _row(content["schema"], sent.version)
    return found + [
        f"{option} names {name}, which is not in the schema"
        for option, text in options
        for name in _names(option.lower(), text)
        if reading.lacks(schema, name)
    ]


def _row(schema: dict[str, Any], version: str) -> dict[str, Any]:
    """The schema of a collection's items, or of the one object."""
    known = graph_slices.reading(version)
    listed = known.property(schema, "value")
    return schema if listed is None or "items" not in listed else listed


def _names(option: str, text: str) -> list[str]:
    """The properties that an option speaks of."""
    if option in ("$select", "$expand", "$orderby"):
        plain = re.sub(r"\([^)]*\)", "", text)
        return [name for part in plain.split(",") if (name := part.strip().split(" ")[0]) not in ("", "*")]
    if option != "$filter":
        return []
    plain = _QUOTED.sub("''", text)
    collections = _LAMBDA.findall(plain)
    variables = {variable for _, variable in collections}
    named = [*_COMPARED.findall(plain), *_SEARCHED.findall(plain), *(name for name, _ in collections)]
    return [name for name in named if name.split("/")[0] not in variables and not name.endswith("/$count")]
