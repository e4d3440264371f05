"""Graph's verbs by meaning: reads and deletions may be repeated, a creation never.

Every call carries the token of one registration. A token that Graph does not accept is asked for anew, once; that is
safe even for a creation, because 401 says that nothing was done.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from agent import errors, ports
from agent.domain.facts import Fact, Known, NotChecked
from agent.graph import answers, auth, refusals, urls
from agent.graph.connection import Connection
from agent.graph.transport import Answer, Silence, Transport

#: How often a read is tried, and for how many seconds it may wait in all: a person stands at the bench.
TRIES = 3
PATIENCE_SECONDS = 30.0

#: Advanced queries of the directory (learn.microsoft.com/graph/aad-advanced-queries).
ADVANCED = {"ConsistencyLevel": "eventual"}

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Request:
    """One request to Graph; `body` becomes JSON."""

    method: str
    url: str
    shape: str
    registration: str
    headers: Mapping[str, str]
    body: Mapping[str, Any] | None = None


class Calls:
    """What the adapters say to Graph."""

    def __init__(self, connection: Connection, transport: Transport, clock: ports.Clock, chance: ports.Chance) -> None:
        self._origin = connection.graph
        self._transport = transport
        self._clock = clock
        self._chance = chance
        self.tokens = auth.Tokens(connection, transport)

    def get(
        self, address: urls.Address, registration: str = "watcher", *, headers: Mapping[str, str] | None = None
    ) -> answers.Row:
        """One object. Raises TenantRefused for 4xx (404 too), TenantThrottled and TenantUnreachable."""
        return self._content(self._read(self._request("GET", address, registration, headers)), address.shape)

    def rows(
        self, address: urls.Address, registration: str = "watcher", *, headers: Mapping[str, str] | None = None
    ) -> list[answers.Row]:
        """Every object of a collection, over all its pages; raises as `get` does."""
        request = self._request("GET", address, registration, headers)
        found: list[answers.Row] = []
        seen: set[str] = set()
        while True:
            seen.add(request.url)
            page = self._content(self._read(request), address.shape)
            of_page = answers.rows(page, address.shape)
            if of_page is None:
                raise _no_answer(address.shape)
            found += of_page
            link = page.get("@odata.nextLink")
            if not link:
                return found
            if not isinstance(link, str) or link in seen or not urls.follows(link, self._origin, address.version):
                raise errors.TenantUnreachable(
                    "Microsoft Graph named a next page that is not its own, so it was not asked for.",
                    "Check the network and its proxy; try again later.",
                )
            request = Request("GET", link, request.shape, registration, request.headers)

    def ask(self, address: urls.Address, body: Mapping[str, Any]) -> answers.Row:
        """A POST that only reads, such as checkMemberGroups; raises as `get` does."""
        return self._content(self._read(self._request("POST", address, "watcher", None, body)), address.shape)

    def head(self, address: urls.Address) -> Answer:
        """A read whose headers are wanted; raises as `get` does."""
        return self._read(self._request("GET", address, "watcher", None))

    def delete(self, address: urls.Address, registration: str) -> None:
        """Delete; repeated like a read, and what is gone already is fine. Raises as `get` does."""
        try:
            self._read(self._request("DELETE", address, registration, None))
        except errors.TenantRefused as refused:
            if refused.status != 404:
                raise

    def create(self, address: urls.Address, registration: str, body: Mapping[str, Any]) -> Answer:
        """Create, once. Gives a 2xx whose body nobody has looked at yet.

        Raises TenantRefused, TenantThrottled or TenantUnreachable when surely nothing was made, else OutcomeUnknown.
        """
        answer = self._send(self._request("POST", address, registration, None, body))
        if isinstance(answer, Silence):
            raise outcome_unknown(answer.reference) if answer.sent else auth.unreachable("Microsoft Graph", answer)
        if 200 <= answer.status < 300:
            return answer
        if answer.status >= 500 and answer.status != 501:
            raise outcome_unknown(answer.reference)
        raise refusals.error(answer, address.shape, answers.retry_after(answer, self._clock.now()))

    def fact(self, read: Callable[[], V], source: str, permission: str) -> Fact[V]:
        """What `read` gives as Known, or NotChecked when Graph says 403.

        `source` names the request without values; `permission` is the least application permission that would do.
        """
        try:
            return Known(read(), source, self._clock.now())
        except errors.TenantRefused as refused:
            if refused.status != 403:
                raise
            return NotChecked(refusals.not_checked(refused, permission), permission)

    def many(self, work: Callable[[K], V], keys: Iterable[K]) -> dict[K, V]:
        """`work` for each key at once, in the transport's threads."""
        return self._transport.many(work, keys)

    def _request(
        self,
        method: str,
        address: urls.Address,
        registration: str,
        headers: Mapping[str, str] | None,
        body: Mapping[str, Any] | None = None,
    ) -> Request:
        return Request(method, address.at(self._origin), address.shape, registration, headers or {}, body)

    def _content(self, answer: Answer, shape: str) -> answers.Row:
        found = answers.content(answer)
        if found is None:
            raise _no_answer(shape, answer.reference)
        return found

    def _send(self, request: Request) -> Answer | Silence:
        answer = self._exchange(request)
        if isinstance(answer, Answer) and answer.status == 401:
            self.tokens.forget(request.registration)
            answer = self._exchange(request)
        return answer

    def _exchange(self, request: Request) -> Answer | Silence:
        headers = {"Authorization": f"Bearer {self.tokens.bearer(request.registration)}", **request.headers}
        if request.body is None:
            return self._transport.exchange(request.method, request.url, headers)
        headers["Content-Type"] = "application/json"
        return self._transport.exchange(request.method, request.url, headers, json.dumps(request.body))

    def _read(self, request: Request) -> Answer:
        """Repeat while it may help and patience lasts; then the error of the last try."""
        left = PATIENCE_SECONDS
        for attempt in range(1, TRIES + 1):
            answer = self._send(request)
            pause = self._pause(answer, attempt)
            if pause is None or pause > left or attempt == TRIES:
                break
            left -= pause
            self._clock.wait(pause)
        if isinstance(answer, Silence):
            raise auth.unreachable("Microsoft Graph", answer)
        if 200 <= answer.status < 300:
            return answer
        raise refusals.error(answer, request.shape, answers.retry_after(answer, self._clock.now()))

    def _pause(self, answer: Answer | Silence, attempt: int) -> float | None:
        """Seconds until the next try, or None when another try would not help."""
        backoff = 2.0**attempt * (0.5 + self._chance.fraction())
        if isinstance(answer, Silence):
            return backoff if answer.sent and not answer.timed_out else None
        if answer.status in {429, 503, 504}:
            asked = answers.retry_after(answer, self._clock.now())
            return backoff if asked is None else asked
        return backoff if answer.status in {500, 502} else None


def outcome_unknown(reference: str) -> errors.OutcomeUnknown:
    """The error for a creation that left and was not answered whole."""
    return errors.OutcomeUnknown(
        "The request for a pass left, and no whole answer came back: it may have been made.",
        "Do not issue again yet: Tapslip looks whether it is there.",
        reference,
    )


def _no_answer(shape: str, reference: str = "") -> errors.TenantUnreachable:
    return errors.TenantUnreachable(
        f"What came back for {shape} is not an answer of Microsoft Graph (not JSON, or cut short).",
        "Check the network for a proxy or captive portal, and try again.",
        reference,
    )
