"""Many small reads in few exchanges: Graph's `$batch`, twenty at a time. Only for reads, never for passes' codes.

Each item has its own status and is throttled by itself. What was throttled goes into the next round, when its gate is
open again; what is left then is asked for one by one by whoever wants it.
learn.microsoft.com/graph/json-batching
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeVar

from requests.structures import CaseInsensitiveDict

from agent import errors
from agent.graph import answers
from agent.graph.sending import Request, Sender
from agent.graph.transport import Answer, Transport

ITEMS_AT_ONCE = 20
#: One exchange for fewer than these saves nothing that a person could feel.
LEAST = 3
_ROUNDS = 3

K = TypeVar("K", bound=Hashable)


class Batches:
    """Asks for many at once."""

    def __init__(self, origin: str, sender: Sender, transport: Transport) -> None:
        self._origin = origin
        self._sender = sender
        self._transport = transport

    def answered(self, asked: Mapping[K, Request]) -> dict[K, Answer]:
        """The answers that came: successes and refusals; no answer for what was throttled or broken to the end.

        Raises TenantUnreachable, TenantThrottled or Misconfigured when a whole exchange failed.
        """
        left, found = dict(asked), dict[K, Answer]()
        for _ in range(_ROUNDS):
            if len(left) < LEAST:
                break
            for came in self._round(left):
                found |= came
            left = {key: request for key, request in left.items() if key not in found}
        return found

    def _round(self, asked: Mapping[K, Request]) -> list[dict[K, Answer]]:
        chunks = [chunk for alike in _alike(asked) for chunk in _chunks(alike)]
        return list(self._transport.many(lambda at: self._exchange(chunks[at], asked), range(len(chunks))).values())

    def _exchange(self, keys: Sequence[K], asked: Mapping[K, Request]) -> dict[K, Answer]:
        first = asked[keys[0]]
        version = first.shape.split("/")[1]
        prefix = f"{self._origin}/{version}"
        items = [_item(str(at), asked[key], prefix) for at, key in enumerate(keys)]
        whole = Request("POST", f"{prefix}/$batch", first.shape, first.registration, body={"requests": items})
        try:
            answer = self._sender.read(whole)
        except errors.TenantRefused:
            return {}
        responses = answers.inner_rows(answers.content(answer) or {}, "responses")
        found: dict[K, Answer] = {}
        for row in responses:
            at = answers.text(row, "id")
            if at.isascii() and at.isdecimal() and int(at) < len(keys):
                key = keys[int(at)]
                item = _answer(row, answer)
                if item is not None and self._stands(asked[key], item):
                    found[key] = item
        return found

    def _stands(self, request: Request, item: Answer) -> bool:
        """Whether this is the answer, or it has to be asked again."""
        if item.status == 429 or item.status >= 500:
            self._sender.closes(self._sender.gate(request), item)
            return item.status == 501
        return item.status != 401


def _alike(asked: Mapping[K, Request]) -> list[list[K]]:
    """Those that may share an exchange: one registration, one version, one limit."""
    groups: dict[tuple[str, ...], list[K]] = {}
    for key, request in asked.items():
        area = request.shape.split("/")[1:3]
        groups.setdefault((request.registration, *area), []).append(key)
    return list(groups.values())


def _chunks(keys: Sequence[K]) -> list[Sequence[K]]:
    return [keys[at : at + ITEMS_AT_ONCE] for at in range(0, len(keys), ITEMS_AT_ONCE)]


def _item(name: str, request: Request, prefix: str) -> dict[str, Any]:
    item: dict[str, Any] = {"id": name, "method": request.method, "url": request.url.removeprefix(prefix)}
    headers = dict(request.headers)
    if request.body is not None:
        item["body"] = dict(request.body)
        headers["Content-Type"] = "application/json"
    if headers:
        item["headers"] = headers
    return item


def _answer(row: answers.Row, whole: Answer) -> Answer | None:
    """An item as if it had come alone; None for one that is no answer."""
    status = answers.number(row, "status")
    if status is None:
        return None
    headers = {name: value for name, value in answers.inner(row, "headers").items() if isinstance(value, str)}
    body = row.get("body")
    if isinstance(body, dict):
        headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
        headers["Content-Type"] = "application/json"
    own = CaseInsensitiveDict(headers)
    return Answer(status, own, json.dumps(body).encode(), own.get("request-id") or whole.reference)
