"""One request to Graph with its token and its turn; repeated only where repeating is safe.

    reads, deletions     on 429, 5xx, resets and time-outs, while patience lasts
    creations            on 429 and refused connections, which say that nothing was made; on nothing else
    any                  once with a new token after 401, which says that nothing was done

Retry-After closes the gate of its limit for everybody; without it the pause grows, with jitter.
"""

from __future__ import annotations

import base64
import copy
import itertools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from agent import errors, ports
from agent.graph import answers, auth, pacing, refusals
from agent.graph.connection import Connection
from agent.graph.pacing import Gate, Kind, Sign
from agent.graph.transport import Answer, Silence, Transport

#: For how many seconds one call may go on asking: a person stands at the bench.
PATIENCE_SECONDS = 30.0
#: How often it may ask when Graph does not say when to come back.
TRIES = 4
#: A host that refuses connections is most often not there at all.
REFUSED_TRIES = 2


@dataclass(frozen=True, slots=True)
class Request:
    """One request to Graph; `body` becomes JSON. `shape` is the path without values.

    `may_go` is asked each time just before the request leaves, and raises to hold it back.
    """

    method: str
    url: str
    shape: str
    registration: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    kind: Kind = Kind.READ
    may_go: Callable[[], None] | None = None


class Sender:
    """What every call leaves through."""

    def __init__(self, connection: Connection, transport: Transport, clock: ports.Clock, chance: ports.Chance) -> None:
        self._transport = transport
        self._clock = clock
        self._chance = chance
        self.tokens = auth.Tokens(connection, transport)
        self.gates = pacing.Gates(clock)

    def acting(self, registration: str, bearer: Callable[[], str]) -> Sender:
        """The same sender under the same limits, with somebody's own token in a registration's place."""
        mine = copy.copy(self)
        mine.tokens = self.tokens.acting(registration, bearer)
        return mine

    def read(self, request: Request) -> Answer:
        """Repeat while it may help and patience lasts; then the error of the last try."""
        return self._checked(request, self._last(request, self._pause))

    def create(self, request: Request) -> Answer | Silence:
        """Repeat only while nothing can have been made; the last answer, whatever it is. Raises TenantThrottled."""
        return self._last(request, self._pause_unmade)

    def gate(self, request: Request) -> Gate:
        """The gate that a request has to pass."""
        scope = pacing.scope_of(request.shape, writes=request.kind is not Kind.READ)
        return self.gates.gate(request.registration, scope)

    def closes(self, gate: Gate, answer: Answer, attempt: int = 1) -> float | None:
        """Shut a gate as an answer demands that did not pass it itself (an item of a batch); the seconds."""
        sign = self._sign(answer, attempt)
        gate.close(sign.closed_for)
        return sign.closed_for

    def _last(self, request: Request, pause_after: Any) -> Answer | Silence:
        until = self._clock.now() + timedelta(seconds=PATIENCE_SECONDS)
        answer: Answer | Silence
        for attempt in itertools.count(1):
            answer = self._once(request, until, attempt)
            pause = pause_after(answer, attempt)
            if pause is None or self._clock.now() + timedelta(seconds=pause) > until:
                break
            if not (isinstance(answer, Answer) and answer.status == 429):
                self._clock.wait(pause)
        return answer

    def _once(self, request: Request, until: datetime, attempt: int) -> Answer | Silence:
        """One exchange in its turn, and a second one when the token was not accepted."""
        answer = self._exchange(request, until, attempt)
        if isinstance(answer, Answer) and answer.status == 401:
            self.tokens.forget(request.registration, _claims(answer))
            answer = self._exchange(request, until, attempt)
        return answer

    def _exchange(self, request: Request, until: datetime, attempt: int) -> Answer | Silence:
        headers = {"Authorization": f"Bearer {self.tokens.bearer(request.registration)}", **request.headers}
        body = None
        if request.body is not None:
            headers["Content-Type"], body = "application/json", json.dumps(request.body)
        gate = self.gate(request)
        turn = gate.enter(request.kind, until)
        if turn is None:
            raise refusals.throttled("", gate.closed_for() or None)
        sign = Sign()
        try:
            if request.may_go is not None:
                request.may_go()
            answer = self._transport.exchange(request.method, request.url, headers, body)
            if isinstance(answer, Answer):
                sign = self._sign(answer, attempt)
        finally:
            gate.leave(turn, sign)
        return answer

    def _sign(self, answer: Answer, attempt: int) -> Sign:
        asked = answers.retry_after(answer, self._clock.now()) if answer.status in {429, 503, 504} else None
        if answer.status == 429 and asked is None:
            asked = self._backoff(attempt)
        return Sign(asked, answers.fraction(answer.headers.get("x-ms-throttle-limit-percentage", "")))

    def _pause(self, answer: Answer | Silence, attempt: int) -> float | None:
        """Seconds until the next try, or None when another try would not help."""
        if isinstance(answer, Silence):
            tries = TRIES if answer.sent else REFUSED_TRIES
            return self._backoff(attempt) if answer.passing and attempt < tries else None
        asked = answers.retry_after(answer, self._clock.now())
        if answer.status == 429:
            return (asked or 0.0) if asked is not None or attempt < TRIES else None
        if answer.status in {500, 502, 503, 504} and attempt < TRIES:
            return self._backoff(attempt) if asked is None else asked
        return None

    def _pause_unmade(self, answer: Answer | Silence, attempt: int) -> float | None:
        unmade = answer.status == 429 if isinstance(answer, Answer) else not answer.sent
        return self._pause(answer, attempt) if unmade else None

    def _backoff(self, attempt: int) -> float:
        return 2.0**attempt * (0.5 + self._chance.fraction()) / 2

    def _checked(self, request: Request, answer: Answer | Silence) -> Answer:
        if isinstance(answer, Silence):
            raise auth.unreachable("Microsoft Graph", answer)
        if 200 <= answer.status < 300:
            return answer
        raise self.refusal(request, answer)

    def refusal(self, request: Request, answer: Answer) -> errors.AgentError:
        """The error for an answer that is no success."""
        return refusals.error(answer, request.shape, answers.retry_after(answer, self._clock.now()))


def _claims(answer: Answer) -> str | None:
    """What a claims challenge asks for, as JSON; learn.microsoft.com/entra/identity-platform/claims-challenge."""
    found = re.search(r'claims="([A-Za-z0-9+/=_-]{1,4000})"', answer.headers.get("WWW-Authenticate", ""))
    if found is None or "insufficient_claims" not in answer.headers["WWW-Authenticate"]:
        return None
    try:
        text = base64.b64decode(found.group(1) + "==", altchars=None if "+" in found.group(1) else b"-_")
        return json.dumps(json.loads(text))
    except (ValueError, RecursionError):
        return None
