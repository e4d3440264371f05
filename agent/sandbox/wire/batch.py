"""`POST /$batch`: up to 20 requests in one, each answered as if it had come alone
(learn.microsoft.com/graph/json-batching).

What is wrong with the whole is 400; what is wrong with one item stands in its own answer. Answers come in another order
than was asked. Only three shapes of `dependsOn` work (learn.microsoft.com/graph/known-issues): none, each on the one
before it, or all on the same one.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from werkzeug import datastructures

from agent.sandbox import errors
from agent.sandbox.wire import exchange

MOST_ITEMS = 20
_WITH_BODY = ("POST", "PATCH", "PUT")
_VERBS = (*_WITH_BODY, "GET", "DELETE")


@dataclass(frozen=True, slots=True)
class Item:
    """One request of a batch; `path` is below the version, `query` without the "?", `after` the id it waits for."""

    id: str
    method: str
    path: str
    query: str
    headers: datastructures.Headers = field(repr=False)
    body: bytes = field(repr=False)
    after: str | None = None


Answer = Callable[[Item], exchange.GraphResponse]


def is_batch(method: str, path: str) -> bool:
    """Whether a request to `path` below the version is a batch."""
    return method == "POST" and path.rstrip("/").lower() == "/$batch"


def answer(payload: Any, carry_out: Answer, *, order: str) -> exchange.GraphResponse:
    """200 with an answer for each item; `order` is any text, the same text shuffles alike. Raises GraphError 400."""
    items = _items(payload)
    answers: dict[str, dict[str, Any]] = {}
    for item in items:
        before = answers.get(item.after or "")
        failed = before is not None and before["status"] >= 400
        response = _dependency_failed() if failed else carry_out(item)
        answers[item.id] = _row(item, response)
    shuffled = sorted(answers.values(), key=lambda row: hashlib.sha256(f"{order} {row['id']}".encode()).digest())
    return exchange.GraphResponse({"responses": shuffled})


def _row(item: Item, response: exchange.GraphResponse) -> dict[str, Any]:
    headers = dict(response.headers)
    row: dict[str, Any] = {"id": item.id, "status": response.status, "headers": headers}
    if response.body is not None:
        headers.setdefault("Content-Type", "application/json")
        row["body"] = response.body
    return row


def _items(payload: Any) -> list[Item]:
    sent = payload.get("requests") if isinstance(payload, dict) else None
    if not isinstance(sent, list) or not sent or not all(isinstance(item, dict) for item in sent):
        raise _bad("Invalid batch payload format.")
    if len(sent) > MOST_ITEMS:
        raise errors.GraphError(
            400, "MaximumValueExceeded", f"Number of batch request steps exceeds the maximum value of {MOST_ITEMS}."
        )
    items = [_item(item) for item in sent]
    known = [item.id.lower() for item in items]
    if len(set(known)) != len(known):
        raise _bad("Invalid batch payload format: the id of each request must be unique.")
    _check_shape(items)
    return items


def _item(sent: dict[str, Any]) -> Item:
    item_id, method, url = sent.get("id"), sent.get("method"), sent.get("url")
    if not isinstance(item_id, str) or not item_id or not isinstance(method, str) or not isinstance(url, str):
        raise _bad("Invalid batch payload format: each request needs an id, a method and a url.")
    if method.upper() not in _VERBS:
        raise _bad(f"Write request id : {item_id} has the unknown method '{method}'.")
    if "://" in url.partition("?")[0]:
        raise _bad(f"Invalid URL format specified in batch request id : {item_id}; it must be relative.")
    named = sent.get("headers") or {}
    if not isinstance(named, dict):
        raise _bad(f"The headers of request id : {item_id} are not an object.")
    headers = datastructures.Headers({str(name): str(value) for name, value in named.items()})
    path, _, query = url.partition("?")
    return Item(
        id=item_id,
        method=method.upper(),
        path="/" + path.strip("/"),
        query=query,
        headers=headers,
        body=_body(sent, item_id, method.upper(), headers),
        after=_after(sent, item_id),
    )


def _body(sent: dict[str, Any], item_id: str, method: str, headers: datastructures.Headers) -> bytes:
    """A write needs a body, if an empty one, and a body that holds something its Content-Type."""
    if method not in _WITH_BODY:
        return b""
    if "body" not in sent or (sent["body"] and "Content-Type" not in headers):
        raise _bad(f"Write request id : {item_id} does not contain Content-Type header or body.")
    return json.dumps(sent["body"]).encode()


def _after(sent: dict[str, Any], item_id: str) -> str | None:
    named = sent.get("dependsOn") or []
    if not isinstance(named, list) or len(named) > 1:
        raise _bad(f"Request id : {item_id} depends on more than one request, which is not supported.")
    return str(named[0]) if named else None


def _check_shape(items: list[Item]) -> None:
    waited_for = {item.after for item in items if item.after is not None}
    if not waited_for:
        return
    known = [item.id for item in items]
    if not waited_for <= set(known):
        raise _bad(
            f"Invalid batch payload format: dependsOn names unknown requests: {sorted(waited_for - set(known))}."
        )
    serial = all(item.after == before.id for before, item in itertools.pairwise(items))
    serial = serial and items[0].after is None
    first = next(iter(waited_for))
    same = len(waited_for) == 1 and items[0].id == first and all(item.after == first for item in items[1:])
    if not (serial or (same and items[0].after is None)):
        raise _bad("The shape of dependsOn is not supported: parallel, serial, or all on the same request.")


def _dependency_failed() -> exchange.GraphResponse:
    message = "The request could not be completed because a request that it depends on failed."
    return exchange.GraphResponse({"error": {"code": "FailedDependency", "message": message}}, 424)


def _bad(message: str) -> errors.GraphError:
    return errors.GraphError(400, "BadRequest", message)
