"""Microsoft's documented request and response pairs, replayed against a sandbox seeded for each.

`pairs()` reads them; `out_of_scope(pair)` names the rule that leaves one out, or None; `replay(pair)` gives the faults,
one sentence each. A replay finds the route of the documented address, makes the object that each of its keys and the
documented answer speak of, asks with a token that has exactly the route's rights, and compares status, Content-Type,
Location and the shape of the body: each documented member must be there with its JSON type, but for those that
Microsoft's own description lacks.

To bring in an area, add to three tables (`documented_devices` does): `KEYS` (segment before a key -> the key, the
object being made where it is missing), `SEEDERS` (the collection's segment -> lay the documented items onto records),
and `OUT_OF_SCOPE`. Each function gets the `Stage`, whose `items` are the documented objects.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from werkzeug.test import TestResponse

from agent.sandbox import records, sign_in_records
from agent.sandbox.wire import exchange, matching, routes
from tests.contracts import graph_slices
from tests.contracts.sandbox_side import Side

Pair = dict[str, Any]

OUT_OF_SCOPE: list[tuple[str, str]] = [
    (
        r"(POST|PATCH|DELETE) /(users|groups|devices|organization|directoryRoles)(/[^/]+)?",
        "directory objects: read only",
    ),
    (r"(POST|PATCH|DELETE) /identity/.*", "Conditional Access: read only"),
    (r"(POST|PATCH|DELETE) /roleManagement/.*", "roles: read only"),
    (r"POST /auditLogs/.*", "risk is not judged"),
]
"""("METHOD path" as a pattern for the whole of it, version left out; why it is left out)."""


def pairs() -> list[Pair]:
    """All documented pairs, each with id, version, method, url, request, response and slice_check."""
    text = (Path(graph_slices.FOLDER or "") / "examples.json").read_text(encoding="utf-8")
    found: list[Pair] = json.loads(text)["examples"]
    return found


def address(pair: Pair) -> tuple[str, str, str]:
    """(version, path below it, query) of a documented address, its slips mended."""
    url = re.sub(r"^https://graph\.microsoft\.com", "", pair["url"]).replace("/v1/", f"/{pair['version']}/")
    match = re.match(r"/(v1\.0|beta)(/.*)", url)
    version, rest = match.groups() if match else (pair["version"], url)
    path, _, query = rest.partition("?")
    return version, path, query.lstrip("&")


def out_of_scope(pair: Pair) -> str | None:
    """Why the pair is not replayed, None where it is."""
    line = f"{pair['method']} {address(pair)[1]}"
    return next((why for pattern, why in OUT_OF_SCOPE if re.fullmatch(pattern, line, re.IGNORECASE)), None)


@dataclass
class Stage:
    """One replay: the sandbox, the documented pair, and who is spoken of (`person`, who also asks under `/me`)."""

    side: Side
    pair: Pair
    items: list[dict[str, Any]] = field(default_factory=list)
    _kept: dict[str, Any] = field(default_factory=dict)

    @property
    def person(self) -> records.User:
        """Whose methods, devices and groups the pair is about."""
        return self.side.person("helen.strand")

    @property
    def version(self) -> str:
        """Of the address, which isn't always that of the page."""
        return address(self.pair)[0]

    def wanted_name(self, given: object) -> str:
        """The documented `displayName`, or one that the documented `$filter` or `$search` finds."""
        asked = unquote(address(self.pair)[2])
        match = re.search(r'displayName, ?\'(.+?)\'|"displayName:(.+?)"', asked, re.IGNORECASE)
        part = next((text for text in match.groups() if text), "") if match else ""
        name = str(given or "Some name")
        found = name.lower().startswith(part.lower()) or f" {part}".lower() in f" {name}".lower().replace("-", " ")
        return name if found else f"{part} {name}"


Key = Callable[[Stage], str]
Seeder = Callable[[Stage], None]
KEYS: dict[str, Key] = {}
SEEDERS: dict[str, Seeder] = {}
CHANGED_BODY: dict[str, Callable[[Stage, Any], Any]] = {}
"""Last segment of the route -> the body to send in place of the documented one, whose ids mean nothing here."""


def replay(pair: Pair) -> list[str]:
    """What disagrees with the page, one sentence per fault."""
    stage = Stage(Side(), pair, documented_items(pair))
    version, path, query = address(pair)
    route, values = matching.find(routes.TABLE, version, pair["method"], _plain(path))
    _seed(stage, route)
    target = _filled(stage, path, route, values)
    body = pair["request"].get("body")
    change = CHANGED_BODY.get(route.path.rpartition("/")[2].lower())
    if change is not None:
        body = change(stage, body)
    address_sent = f"/{version}{target}" + (f"?{quote(unquote(query), safe='$&=(),/:')}" if query else "")
    answer = _send(stage, route, address_sent, body)
    return disagreements(pair, answer)


def documented_items(pair: Pair) -> list[dict[str, Any]]:
    """The objects of the documented answer: the items of a list, or the one object, unwrapped where it is wrapped;
    without what Microsoft's own description lacks."""
    body = pair["response"].get("body")
    inner = body.get("value", body) if isinstance(body, dict) else None
    found = inner if isinstance(inner, list) else [inner]
    return [_without(item, _not_in_slice(pair)) for item in found if isinstance(item, dict)]


def _without(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, list):
        return [_without(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: _without(item, names) for name, item in value.items() if name not in names}


def _plain(path: str) -> str:
    """Placeholders of the page become one plain segment each."""
    return re.sub(r"\{[^}]*\}", "key", unquote(path))


def _filled(stage: Stage, path: str, route: exchange.Route, values: Mapping[str, str]) -> str:
    """The address with every documented key exchanged for one that exists here."""
    sent = matching.segments(_plain(path))
    template = matching.segments(route.path)
    filled = []
    for at, (wanted, given) in enumerate(zip(template, sent, strict=True)):
        maker = KEYS.get(template[at - 1].lower()) if wanted.startswith("{") else None
        filled.append(quote(maker(stage), safe="") if maker else given)
    return "/" + "/".join(filled) if values else "/" + "/".join(sent)


def _seed(stage: Stage, route: exchange.Route) -> None:
    """Lay the documented objects down: by the last segment of the route that has a seeder."""
    names = [segment.lower() for segment in matching.segments(route.path) if not segment.startswith("{")]
    for name in reversed(names):
        if name in SEEDERS:
            SEEDERS[name](stage)
            return


def _send(stage: Stage, route: exchange.Route, path: str, body: Any) -> TestResponse:
    named = {
        name: value
        for name, value in stage.pair["request"]["headers"].items()
        if name.lower() not in ("content-length", "content-type", "authorization")
    }
    named["Authorization"] = f"Bearer {_token(stage, route)}"
    extra = {} if body is None else {"json": body}
    side = stage.side
    return side.client.open(path, method=stage.pair["method"], headers=named, base_url=side.tenant.origin, **extra)


def _token(stage: Stage, route: exchange.Route) -> str:
    """A token with the route's rights: an app's, or the person's own where the address begins with `/me`."""
    side = stage.side
    personal = route.path.lower().startswith(("/me", "/$batch")) or not route.permissions
    rights = route.permissions if route.delegated is None or not personal else route.delegated
    token = sign_in_records.AccessToken(
        token="documented",
        app_id=side.registration("full").app_id,
        kind="delegated" if personal else "app",
        permissions=frozenset(rights) | side.registration("full").permissions,
        expires=side.clock.now + timedelta(hours=1),
        audience="https://graph.microsoft.com",
        user_id=stage.person.id if personal else None,
    )
    side.tenant.sign_ins.access_tokens[token.token] = token
    return token.token


def disagreements(pair: Pair, answer: TestResponse) -> list[str]:
    """How an answer differs from the documented one."""
    wanted = pair["response"]
    found = []
    if answer.status_code != wanted["status"]:
        found.append(
            f"status {answer.status_code}, documented {wanted['status']}: {answer.get_data(as_text=True)[:300]}"
        )
        return found
    headers = {name.lower(): value for name, value in wanted["headers"].items()}
    documented_type = headers.get("content-type", "").partition(";")[0].strip()
    if documented_type and answer.data and not answer.headers.get("Content-Type", "").startswith(documented_type):
        found.append(f"Content-Type {answer.headers.get('Content-Type')}, documented {documented_type}")
    if "location" in headers and "Location" not in answer.headers:
        found.append("no Location")
    body = wanted.get("body")
    if body is None:
        return found + ([f"a body where none is documented: {answer.data[:80]!r}"] if answer.data else [])
    given = answer.get_json(force=True, silent=True) if answer.data else None
    if isinstance(body, dict) and isinstance(body.get("value"), dict):
        body = body["value"]
    return found + shape_faults(body, given, "", _not_in_slice(pair))


def _not_in_slice(pair: Pair) -> frozenset[str]:
    """Names that Microsoft's own description lacks at this place: old members of careless or aged pages."""
    remarks = pair["slice_check"] if isinstance(pair["slice_check"], list) else []
    paths = [part for remark in remarks if "not in slice" in remark for part in re.findall(r"/[\w@.#/-]+", remark)]
    return frozenset(path.rpartition("/")[2] for path in paths)


_ANY = ("@odata.context", "@odata.nextLink", "@odata.deltaLink", "@odata.id", "@microsoft.graph.tips")


def shape_faults(wanted: Any, given: Any, where: str, left_out: frozenset[str]) -> list[str]:
    """Members of `wanted` that `given` lacks or has with another JSON type; a documented null allows anything."""
    if wanted is None:
        return []
    if isinstance(wanted, bool) or isinstance(given, bool):
        return [] if isinstance(wanted, bool) and isinstance(given, bool) else [_differs(wanted, given, where)]
    if isinstance(wanted, int | float):
        return [] if isinstance(given, int | float) else [_differs(wanted, given, where)]
    if isinstance(wanted, str):
        return [] if isinstance(given, str) else [_differs(wanted, given, where)]
    if isinstance(wanted, list):
        return _list_faults(wanted, given, where, left_out)
    if not isinstance(given, dict):
        return [_differs(wanted, given, where)]
    faults = []
    for name, value in wanted.items():
        if name in left_out or name in _ANY or name.endswith("@odata.context") or name == "@odata.type":
            continue
        if name not in given:
            faults.append(f"{where}/{name} is missing")
        else:
            faults += shape_faults(value, given[name], f"{where}/{name}", left_out)
    return faults


def _list_faults(wanted: list[Any], given: Any, where: str, left_out: frozenset[str]) -> list[str]:
    """Each documented item needs one of ours that has its shape; the nearest one's faults are told."""
    if not isinstance(given, list):
        return [_differs(wanted, given, where)]
    if wanted and not given:
        return [f"{where} is empty"]
    faults = []
    for at, item in enumerate(wanted):
        tries = [shape_faults(item, ours, f"{where}/{at}", left_out) for ours in _of_type(item, given)]
        faults += sorted(tries, key=len)[0] if tries else [f"{where}/{at}: nothing of its type"]
    return faults


def _of_type(item: Any, given: list[Any]) -> list[Any]:
    wanted = item.get("@odata.type", "") if isinstance(item, dict) else ""
    same = [ours for ours in given if isinstance(ours, dict) and ours.get("@odata.type", wanted) == wanted]
    return same if wanted and same else given


def _differs(wanted: Any, given: Any, where: str) -> str:
    return f"{where}: {given!r} for the documented {wanted!r}"[:240]
