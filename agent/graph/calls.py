"""Graph's verbs by meaning: reads and deletions may be repeated, a creation only where surely nothing was made.

Every call carries the token of one registration. How each leaves, and when it is sent again, is `sending`'s matter.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from agent import errors, ports
from agent.domain.facts import Fact, Known, NotChecked
from agent.graph import answers, auth, batches, flights, refusals, urls
from agent.graph.connection import Connection
from agent.graph.pacing import Kind, Scope
from agent.graph.sending import Request, Sender
from agent.graph.transport import Answer, Silence, Transport

#: Advanced queries of the directory (learn.microsoft.com/graph/aad-advanced-queries).
ADVANCED = {"ConsistencyLevel": "eventual"}

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class First:
    """The request that a piece of work begins with, so that many can be asked for in few exchanges."""

    address: urls.Address
    registration: str = "watcher"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None


#: What was asked for ahead, for the piece of work that runs in this context.
_ahead: ContextVar[tuple[Request, Answer] | None] = ContextVar("_ahead", default=None)


class Calls:
    """What the adapters say to Graph."""

    def __init__(self, connection: Connection, transport: Transport, clock: ports.Clock, chance: ports.Chance) -> None:
        self._origin = connection.graph
        self._transport = transport
        self._clock = clock
        self._sender = Sender(connection, transport, clock, chance)
        self._batches = batches.Batches(connection.graph, self._sender, transport)
        self._flights = flights.Flights()
        self.tokens = self._sender.tokens

    def acting(self, registration: str, bearer: Callable[[], str]) -> Calls:
        """The same calls under the same limits, with somebody's own token in a registration's place.

        Graph then allows what both allow: the registration's delegated permission and the person's own role.
        """
        mine = copy.copy(self)
        mine._sender = self._sender.acting(registration, bearer)
        mine._batches = batches.Batches(self._origin, mine._sender, self._transport)
        mine.tokens = mine._sender.tokens
        return mine

    def get(
        self, address: urls.Address, registration: str = "watcher", *, headers: Mapping[str, str] | None = None
    ) -> answers.Row:
        """One object. Raises TenantRefused for 4xx (404 too), TenantThrottled and TenantUnreachable."""
        return self._content(self._read(self._request_of(First(address, registration, headers or {}))), address.shape)

    def shared_rows(self, address: urls.Address) -> list[answers.Row]:
        """As `rows`, asked once for all who want it at this moment: for lists that nobody of us writes."""
        return self._flights.join(address.shape, lambda: self.rows(address))

    def rows(
        self, address: urls.Address, registration: str = "watcher", *, headers: Mapping[str, str] | None = None
    ) -> list[answers.Row]:
        """Every object of a collection, over all its pages; raises as `get` does."""
        request = self._request_of(First(address, registration, headers or {}))
        found: list[answers.Row] = []
        seen: set[str] = set()
        while True:
            seen.add(request.url)
            answer = self._read(request)
            page = self._content(answer, address.shape)
            of_page = answers.rows(page, address.shape)
            if of_page is None:
                raise _no_answer(address.shape, answer.reference)
            found += of_page
            link = page.get("@odata.nextLink")
            if not link:
                return found
            if not isinstance(link, str) or link in seen or not urls.follows(link, self._origin, address.version):
                raise errors.TenantUnreachable(
                    "Microsoft Graph named a next page that is not its own, so it was not asked for.",
                    "Check the network and its proxy; try again later.",
                    answer.reference,
                )
            request = Request("GET", link, request.shape, registration, request.headers)

    def ask(self, address: urls.Address, body: Mapping[str, Any]) -> answers.Row:
        """A POST that only reads, such as checkMemberGroups; raises as `get` does."""
        return self._content(self._read(self._request_of(First(address, body=body))), address.shape)

    def head(self, address: urls.Address) -> Answer:
        """A read whose headers are wanted; raises as `get` does."""
        return self._read(self._request_of(First(address)))

    def delete(self, address: urls.Address, registration: str) -> str:
        """Delete; repeated like a read, and what is gone already is fine. Gives the request's id, raises as `get`."""
        try:
            return self._sender.read(self._request("DELETE", First(address, registration), Kind.DELETE)).reference
        except errors.TenantRefused as refused:
            if refused.status != 404:
                raise
            return refused.reference

    def closed_for(self, registration: str) -> float:
        """Seconds for which Graph wants no writes of a registration; 0.0 when it takes them."""
        return self._sender.gates.gate(registration, Scope.IDENTITY_WRITES).closed_for()

    def removal_due(self, registration: str, until: datetime) -> None:
        """A deletion will follow until then: creations leave it room."""
        self._sender.gates.gate(registration, Scope.IDENTITY_WRITES).removal_due(until)

    def create(
        self, address: urls.Address, registration: str, body: Mapping[str, Any], may_go: Callable[[], None]
    ) -> Answer:
        """Create, once. Gives a 2xx whose body nobody has looked at yet.

        `may_go` is asked each time before the request leaves: what it raises comes through, and nothing was made then.
        Raises TenantRefused, TenantThrottled or TenantUnreachable when surely nothing was made, else OutcomeUnknown.
        """
        asked = self._request("POST", First(address, registration, body=body), Kind.CREATE)
        request = replace(asked, may_go=may_go)
        answer = self._sender.create(request)
        if isinstance(answer, Silence):
            raise outcome_unknown(answer.reference) if answer.sent else auth.unreachable("Microsoft Graph", answer)
        if 200 <= answer.status < 300:
            return answer
        if answer.status >= 500 and answer.status != 501:
            raise outcome_unknown(answer.reference)
        raise self._sender.refusal(request, answer)

    def change(self, address: urls.Address, registration: str, body: Mapping[str, Any]) -> str:
        """A PATCH to given values; repeated like a read, because twice is as good as once.

        Gives the request's id, raises as `get` does.
        """
        return self._sender.read(self._request("PATCH", First(address, registration, body=body), Kind.CREATE)).reference

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

    def many(self, work: Callable[[K], V], keys: Iterable[K], first: Callable[[K], First] | None = None) -> dict[K, V]:
        """`work` for each key at once, in the transport's threads.

        `first` tells the read that the work for a key begins with: for many keys these are asked for in `$batch`es.
        """
        wanted = list(dict.fromkeys(keys))
        if first is None or len(wanted) < batches.LEAST:
            return self._transport.many(work, wanted)
        asked = {key: self._request_of(first(key)) for key in wanted}
        came = self._batches.answered(asked)

        def after_first(key: K) -> V:
            token = _ahead.set((asked[key], came[key]) if key in came else None)
            try:
                return work(key)
            finally:
                _ahead.reset(token)

        return self._transport.many(after_first, wanted)

    def _request_of(self, first: First) -> Request:
        return self._request("GET" if first.body is None else "POST", first)

    def _request(self, method: str, ask: First, kind: Kind = Kind.READ) -> Request:
        url, shape = ask.address.at(self._origin), ask.address.shape
        return Request(method, url, shape, ask.registration, ask.headers, ask.body, kind)

    def _content(self, answer: Answer, shape: str) -> answers.Row:
        found = answers.content(answer)
        if found is None:
            raise _no_answer(shape, answer.reference)
        return found

    def _read(self, request: Request) -> Answer:
        """The answer that was asked for ahead, once, or a new one."""
        ahead = _ahead.get()
        if ahead is None or ahead[0] != request:
            return self._sender.read(request)
        _ahead.set(None)
        if 200 <= ahead[1].status < 300:
            return ahead[1]
        raise self._sender.refusal(request, ahead[1])


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
