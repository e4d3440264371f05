"""Watches every exchange with a sandbox tenant, and holds it against Microsoft's description of Graph.

A sandbox in this process is watched from in front, one in a process of its own by the record that it keeps.

Every answer is held, whoever asked; requests only where our client sent them, for tests send wrong ones on purpose.
`tests.tenancies` stands the watch in front of each sandbox, `tests.conftest` ends the session with what it found. A
path that the slices lack must be in the route table, whose row names the page that it was built from.
"""

from __future__ import annotations

import functools
import json
import os
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.sandbox.wire import exchange, recording, routes
from tests.contracts import graph_exchanges, graph_slices
from tests.contracts.graph_exchanges import Answered, Sent

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

OURS = "Tapslip/"
_REMEMBERED = 50_000
_ONE_OF_MANY = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/)\d+(?=[/:])")
_NEXT_LINK = re.compile(rb'"@odata\.nextLink":\s*"([^"]+)"')


def unlisted() -> list[tuple[str, exchange.Route]]:
    """(version, route) wherever a route is served that Microsoft's slice of the version lacks."""
    return [
        (version, route)
        for route in routes.TABLE
        for version in route.versions
        if graph_slices.operation(version, route.method, route.path) is None
    ]


@functools.cache
def _unlisted_paths(version: str, method: str) -> graph_slices.Templates:
    return graph_slices.Templates(
        route.path for served, route in unlisted() if (served, route.method) == (version, method)
    )


def _unlisted_rows() -> dict[tuple[str, str, str], list[str]]:
    rows: dict[tuple[str, str, str], list[str]] = {}
    for version, route in unlisted():
        rows.setdefault((route.method, route.path, route.page), []).append(version)
    return rows


@dataclass
class Watch:
    """What was held, and what was wrong: a sentence with the test that met it first."""

    answers: int = 0
    requests: int = 0
    programs: int = 0
    faults: dict[str, str] = field(default_factory=dict)
    _led: set[str] = field(default_factory=set)
    _seen: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def in_front_of(self, app: WSGIApplication) -> WSGIApplication:
        """A sandbox's app, every exchange with it watched."""
        return recording.Overheard(app, self._overheard) if graph_slices.FOLDER else app

    def in_front_of_odd(self, app: WSGIApplication) -> WSGIApplication:
        """A misbehaving tenant's app: only what our client asks of it is watched, and not where its links lead."""
        return recording.Overheard(app, self._overheard_odd) if graph_slices.FOLDER else app

    def asked(self, method: str, address: str, headers: Mapping[str, str], body: bytes) -> None:
        """Hold a request as a server on a socket got it."""
        sent = _to_graph(method, address, headers, body)
        if graph_slices.FOLDER and sent is not None:
            self.hold(sent, None)

    def read(self, record: Path) -> None:
        """Hold what a sandbox in a process of its own has recorded; raises FileNotFoundError where it has not."""
        lines = record.read_bytes().splitlines()
        self.programs += 1
        for line in map(json.loads, lines) if graph_slices.FOLDER else ():
            asked, given = line["request"], line["response"]
            sent = _to_graph(asked["method"], asked["path"], asked["headers"], _recorded(asked))
            assert sent is not None, line
            answer = Answered(given["status"], given["headers"], _recorded(given)) if given else None
            self.hold(sent, answer)

    def hold(self, sent: Sent, answer: Answered | None) -> None:
        """Hold an answer (None where there is none to hold), the request where it is ours, and each item of a batch."""
        ours = sent.headers.get("user-agent", "").startswith(OURS)
        with self._lock:
            self._hold(sent, answer, ours=ours)
            for item, item_answer in graph_exchanges.inside(sent, answer):
                self._hold(item, item_answer, ours=ours)

    def lead(self, body: bytes) -> None:
        """Remember where the links of an odd answer go: it, and not our client, chose these addresses."""
        links = {link.decode("utf-8", "replace") for link in _NEXT_LINK.findall(body)}
        with self._lock:
            self._led |= {link.partition("//")[2].partition("/")[2].partition("/")[2] for link in links}

    def lines(self) -> Iterator[str]:
        """What to print at the end: how much was held, each fault, what was left aside, and paths that it lacks."""
        if not graph_slices.FOLDER:
            yield "not held against it: TAPSLIP_GRAPH_DATA is not set"
            return
        yield f"{self.answers} answers of the sandbox and {self.requests} requests of the client were held against it"
        yield f"{self.programs} sandboxes among them ran in processes of their own, and were held by their records"
        yield from (f"WRONG {fault} (first in {test or 'no test'})" for fault, test in sorted(self.faults.items()))
        yield from (f"left aside: {fault} ({why})" for fault, why in graph_exchanges.LEFT_ASIDE.items())
        for (segment, status), why in graph_exchanges.ALSO_ANSWERED.items():
            yield f"left aside: {status} of {segment} ({why})"
        for (method, path, page), versions in _unlisted_rows().items():
            yield f"not in it: {method} {path} ({', '.join(versions)}), built from learn.microsoft.com/graph/api/{page}"

    def _hold(self, sent: Sent, answer: Answered | None, *, ours: bool) -> None:
        self.requests += ours
        self.answers += answer is not None
        given = answer and (answer.status, answer.headers.get("content-type"), answer.body)
        key = hash((sent.version, sent.method, sent.path, sent.query, sent.body, ours, given))
        if key in self._seen:
            # The same bytes at the same place were held before: seeds repeat, so many do.
            return
        if len(self._seen) < _REMEMBERED:
            self._seen.add(key)
        found = _request_faults(sent) if ours and self._chosen(sent) else []
        for fault in [*found, *(_answer_faults(sent, answer) if answer else [])]:
            line = f"{_place(sent)}: {_ONE_OF_MANY.sub('…', fault)}"
            self.faults.setdefault(line, os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0])

    def _overheard(self, exchange: recording.Exchange) -> None:
        sent = _to_graph(exchange.method, exchange.address, exchange.headers, exchange.body)
        if sent is None:
            return
        whole = exchange.status is not None and not exchange.cut
        answer = Answered(exchange.status or 0, exchange.answer_headers, exchange.answer_body)
        self.hold(sent, answer if whole else None)

    def _overheard_odd(self, exchange: recording.Exchange) -> None:
        self.lead(exchange.answer_body)
        self.asked(exchange.method, exchange.address, exchange.headers, exchange.body)

    def _chosen(self, sent: Sent) -> bool:
        return f"{sent.path}?{sent.query}".lstrip("/") not in self._led


WATCH = Watch()
"""This session's."""


def _request_faults(sent: Sent) -> list[str]:
    if sent.operation is None and _unlisted_template(sent) is None:
        return ["asked by our client, but neither the slices nor the route table have it"]
    return [f"asked by our client: {fault}" for fault in graph_exchanges.request_faults(sent)]


def _answer_faults(sent: Sent, answer: Answered) -> list[str]:
    if answer.status < 400 and sent.operation is None and _unlisted_template(sent) is None:
        return ["answered, but neither the slices nor the route table have it"]
    return [f"answered: {fault}" for fault in graph_exchanges.answer_faults(sent, answer)]


def _place(sent: Sent) -> str:
    known = graph_slices.templates(sent.version).find(sent.path)
    return f"{sent.method} /{sent.version}{known or _unlisted_template(sent) or sent.path}"


def _unlisted_template(sent: Sent) -> str | None:
    return _unlisted_paths(sent.version, sent.method).find(sent.path)


def _to_graph(method: str, address: str, headers: Mapping[str, str], body: bytes) -> Sent | None:
    """A request as it is held; `address` is path and query as sent. None for what is not Graph's."""
    if not address.startswith(recording.GRAPH):
        return None
    whole, _, query = address.partition("?")
    version, _, path = whole.lstrip("/").partition("/")
    return Sent(version, method, f"/{path}", query, {name.lower(): text for name, text in headers.items()}, body)


def _recorded(part: Mapping[str, Any]) -> bytes:
    """A body as the record has it; one that is not JSON is still none here."""
    return json.dumps(part["json"]).encode() if "json" in part else b"\xff" * part.get("bytes", 0)
