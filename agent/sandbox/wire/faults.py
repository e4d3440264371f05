"""Scripted faults and counters, in front of everything but the control door; and the tenant's lock.

A WSGI layer, because two of the faults are about bytes: "lost" carries the request out and answers nothing, "truncated"
breaks the body off in the middle. A cut connection is `errors.ConnectionCut`, raised out of the app.
"""

from __future__ import annotations

import fnmatch
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote

from agent.sandbox import errors, tenant
from agent.sandbox.wire import errors as wire_errors
from agent.sandbox.wire import throttling

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

KINDS = ("429", "500", "502", "503", "504", "expired_token", "lost", "truncated", "unreachable", "slow")
GATEWAY_LIMIT = 60.0
"""Seconds after which Graph's methods and policy APIs give up with 504."""


@dataclass(slots=True)
class Fault:
    """What happens to the next `times` requests whose "METHOD path" fits `match` ("*" stands for anything).

    `retry_after` is in seconds, None for no header; `seconds` is how long "slow" takes.
    """

    match: str
    kind: str
    times: int = 1
    retry_after: int | None = None
    seconds: float = 5.0

    def fits(self, request_line: str) -> bool:
        """Whether it is still to happen, and to this request."""
        return self.times > 0 and fnmatch.fnmatchcase(request_line.lower(), self.match.lower())


@dataclass(slots=True)
class Counters:
    """Requests per "METHOD path template" or login path, and clients that came back before Retry-After was over."""

    requests: Counter[str] = field(default_factory=Counter)
    early_returns: int = 0


@dataclass(slots=True)
class Gate:
    """The layer itself; `pause` waits for real seconds, `throttle` holds the published limits."""

    host: tenant.Tenant
    inner: WSGIApplication
    pause: Callable[[float], None]
    faults: list[Fault] = field(default_factory=list)
    counters: Counters = field(default_factory=Counters)
    throttle: throttling.Throttle = field(init=False)
    _closed_until: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.throttle = throttling.Throttle(self.host)

    def clear(self) -> None:
        """Forget faults, counters and what is left of every window."""
        self.faults.clear()
        self.counters.requests.clear()
        self.counters.early_returns = 0
        self._closed_until.clear()
        self.throttle.clear()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request, with whatever fault awaits it."""
        path = environ.get("PATH_INFO", "")
        if path == "/control" or path.startswith("/control/"):
            return self.inner(environ, start_response)
        self.watch_early_return(_key(environ))
        fault = self._next_fault(f"{environ['REQUEST_METHOD']} {path}")
        if self.host.options.latency:
            self.pause(self.host.options.latency)
        if fault is None:
            return self._serve(environ, start_response)
        return self._carry_out(fault, environ, start_response)

    def _serve(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with self.host.lock:
            return self.inner(environ, self._dated(start_response))

    def _dated(self, start_response: StartResponse) -> StartResponse:
        """With the tenant's own Date where its clock was put wrong; else whoever serves it adds one."""
        if not self.host.options.clock_ahead:
            return start_response
        date = ("Date", format_datetime(self.host.now(), usegmt=True))
        return lambda status, headers, *problem: start_response(status, [*headers, date], *problem)

    def close(self, caller_and_path: str, retry_after: int) -> None:
        """Remember that this caller was answered 429 here, and when it may come again."""
        self._closed_until[caller_and_path] = self.host.now() + timedelta(seconds=retry_after)

    def refusal_of_item(self, request_line: str) -> errors.GraphError | None:
        """What a scripted fault answers an item of a `$batch`; None where none awaits it, or it cuts connections."""
        kinds = ("429", "500", "502", "503", "504", "expired_token")
        refusing = [fault for fault in self.faults if fault.kind in kinds and fault.fits(request_line)]
        if not refusing:
            return None
        refusing[0].times -= 1
        return _refusal(refusing[0], self.host.origin)

    def watch_early_return(self, caller_and_path: str) -> None:
        """Count whoever comes back before the wait it was told is over."""
        with self.host.lock:
            until = self._closed_until.pop(caller_and_path, None) if self._closed_until else None
            if until is not None and self.host.now() < until:
                self.counters.early_returns += 1

    def _next_fault(self, request_line: str) -> Fault | None:
        with self.host.lock:
            fault = next((fault for fault in self.faults if fault.fits(request_line)), None)
            if fault is not None:
                fault.times -= 1
            return fault

    def _carry_out(self, fault: Fault, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if fault.kind == "unreachable":
            raise errors.ConnectionCut("unreachable")
        if fault.kind == "lost":
            _exhaust(self._serve(environ, lambda _status, _headers, _error=None: lambda _part: None))
            raise errors.ConnectionCut("answer lost")
        if fault.kind == "truncated":
            return _broken_off(_exhaust(self._serve(environ, start_response)))
        if fault.kind == "slow":
            self.pause(min(fault.seconds, GATEWAY_LIMIT))
            if fault.seconds < GATEWAY_LIMIT:
                return self._serve(environ, start_response)
        return self._refuse(fault, environ, start_response)

    def _refuse(self, fault: Fault, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        refusal = _refusal(fault, self.host.origin)
        if fault.kind == "429" and fault.retry_after is not None:
            self.close(_key(environ), fault.retry_after)
        request_id = self.host.request_id()
        client_request_id = environ.get("HTTP_CLIENT_REQUEST_ID", request_id)
        body = wire_errors.body(
            refusal, request_id=request_id, client_request_id=client_request_id, now=self.host.now()
        )
        raw = json.dumps(body).encode()
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(raw))),
            ("request-id", request_id),
            ("client-request-id", client_request_id),
            *refusal.headers.items(),
        ]
        start_response(f"{refusal.status} {refusal.code}", headers)
        return [raw]


def caller_and_path(authorization: str, method: str, path: str) -> str:
    """By what a client is known that comes back: its token and where it goes, "path?query", percent-encoded or not.

    The query belongs to it: two different questions to one path may well be under way together.
    """
    return f"{authorization} {method} {unquote(path).lower()}"


def _key(environ: WSGIEnvironment) -> str:
    path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
    place = f"{path}?{environ.get('QUERY_STRING', '')}"
    return caller_and_path(environ.get("HTTP_AUTHORIZATION", ""), environ["REQUEST_METHOD"], place)


def _refusal(fault: Fault, origin: str) -> errors.GraphError:
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    if fault.kind == "429":
        return wire_errors.throttled(fault.retry_after)
    if fault.kind == "expired_token":
        return wire_errors.unauthenticated("Lifetime validation failed, the token is expired.", origin=origin)
    if fault.kind == "502":
        return errors.GraphError(502, "BadGateway", "The gateway got no valid answer.", headers=headers)
    if fault.kind == "504":
        return errors.GraphError(504, "UnknownError", "The request timed out.", headers=headers)
    if fault.kind == "503":
        return errors.GraphError(503, "serviceNotAvailable", "The service is unavailable.", headers=headers)
    if fault.kind == "slow":
        return errors.GraphError(504, "UnknownError", "The request timed out.")
    return errors.GraphError(500, "InternalServerError", "An internal server error occurred.", headers=headers)


def _exhaust(parts: Iterable[bytes]) -> bytes:
    body = b"".join(parts)
    close = getattr(parts, "close", None)
    if close is not None:
        close()
    return body


def _broken_off(body: bytes) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    raise errors.ConnectionCut("answer truncated")
