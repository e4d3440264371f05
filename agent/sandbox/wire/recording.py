"""Each exchange with Graph as one line of JSON, so that other programs can hold it against a contract of theirs.

No code and no token gets into a line: they are masked before there is one, by the names they go under, and whatever was
masked once is masked wherever else it appears. Sign-in pages, token endpoints and the control door are left out whole.
"""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from agent.sandbox import errors

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

GRAPH: Final = ("/v1.0/", "/beta/")
MASK: Final = "********"
SECRET_HEADERS: Final = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie", "x-identity-header"})
SECRET_NAMES: Final = SECRET_HEADERS | {
    *("temporaryaccesspass", "password", "newpassword", "oldpassword", "currentpassword"),
    *("secretkey", "secrettext", "clientsecret", "client_secret", "client_assertion"),
    *("access_token", "refresh_token", "id_token"),
}
"""Names of JSON members and headers whose values are masked, in small letters."""

_SHORTEST: Final = 8
"""What is shorter is masked under its name only: as a part of other words it means nothing."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request to Graph and its answer: `address` is path and query as sent, header names are in small letters.

    `cut`: the connection was cut before the answer's end, `status` is None where it had not even begun.
    """

    method: str
    address: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    status: int | None
    answer_headers: Mapping[str, str] = field(repr=False)
    answer_body: bytes = field(repr=False)
    cut: bool


@dataclass(frozen=True, slots=True)
class Overheard:
    """A WSGI layer that tells of each exchange with Graph when the answer is whole, before anybody gets it."""

    app: WSGIApplication
    tell: Callable[[Exchange], None]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass one request on, and its answer back as it came."""
        plain = environ["PATH_INFO"] + (f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else "")
        address = environ.get("REQUEST_URI") or environ.get("RAW_URI") or plain
        if not address.startswith(GRAPH):
            return self.app(environ, start_response)
        asked = environ["REQUEST_METHOD"], address, _headers(environ), _body(environ)
        begun: list[tuple[str, Mapping[str, str]]] = []

        def note(status: str, headers: list[tuple[str, str]], problem: Any = None) -> Any:
            begun.append((status, {name.lower(): value for name, value in headers}))
            return start_response(status, headers, problem) if problem else start_response(status, headers)

        parts: list[bytes] = []
        cut = None
        try:
            _read_into(parts, self.app(environ, note))
        except errors.ConnectionCut as problem:
            cut = problem
        if cut and not begun:
            self.tell(Exchange(*asked, None, {}, b"", cut=True))
            raise cut
        status, headers = begun[-1]
        self.tell(Exchange(*asked, int(status.split(" ", 1)[0]), headers, b"".join(parts), cut=cut is not None))
        return _passed_on(parts, cut)


def _headers(environ: WSGIEnvironment) -> Mapping[str, str]:
    sent = {name[5:].replace("_", "-").lower(): str(environ[name]) for name in environ if name.startswith("HTTP_")}
    return sent | {"content-type": environ.get("CONTENT_TYPE", "")}


def _body(environ: WSGIEnvironment) -> bytes:
    """The request's body, put back for the app."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if not length:
        return b""
    body: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _read_into(parts: list[bytes], answer: Iterable[bytes]) -> None:
    """All of it at once: somebody who looks at the status alone would leave the body unread, and untold."""
    try:
        parts.extend(answer)
    finally:
        close = getattr(answer, "close", None)
        if close is not None:
            close()


def _passed_on(parts: list[bytes], cut: Exception | None) -> Iterator[bytes]:
    yield from parts
    if cut is not None:
        raise cut


class Recorder:
    """Writes each exchange it is told of as a line (ASCII, with its end) in one call of `write`.

    ``{"request": {"method", "path", "headers"}, "response": {"status", "headers"} | null}``, null where the connection
    was cut. Both have ``"json"`` where the body is JSON (the plain number of a `$count` is), ``"bytes"`` (how many) for
    any other body, which is left out, and neither where there is no body.
    """

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._masked: dict[str, re.Pattern[str]] = {}
        self._lock = threading.Lock()

    def __call__(self, exchange: Exchange) -> None:
        """Write one."""
        with self._lock:
            self._write(self._line(exchange).encode("ascii") + b"\n")

    def _line(self, exchange: Exchange) -> str:
        request = {"method": exchange.method, "path": exchange.address, **self._sent(exchange.headers, exchange.body)}
        answer = {"status": exchange.status, **self._sent(exchange.answer_headers, exchange.answer_body)}
        line = json.dumps({"request": request, "response": None if exchange.cut else answer})
        for secret in self._masked.values():
            line = secret.sub(MASK, line)
        return line

    def _sent(self, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        secret = SECRET_HEADERS & headers.keys()
        shown: dict[str, Any] = {"headers": {**headers, **{name: self._header(headers[name]) for name in secret}}}
        if not body:
            return shown
        try:
            value = json.loads(body)
            return shown | {"json": self._mask(value) if isinstance(value, str) else self._without_secrets(value)}
        except (ValueError, RecursionError):
            return shown | {"bytes": len(body)}

    def _header(self, value: str) -> str:
        """Masked but for the scheme of an Authorization header."""
        scheme, blank, rest = value.partition(" ")
        return f"{scheme} {self._mask(rest)}" if blank and scheme.isalpha() else str(self._mask(value))

    def _without_secrets(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._without_secrets(one) for one in value]
        if not isinstance(value, dict):
            return value
        return {
            name: self._mask(one) if name.lower() in SECRET_NAMES else self._without_secrets(one)
            for name, one in value.items()
        }

    def _mask(self, value: Any) -> Any:
        """Something of the same type that says nothing."""
        if isinstance(value, str):
            if len(value) >= _SHORTEST:
                self._masked.setdefault(value, _written(value))
            return MASK
        if isinstance(value, list):
            return [self._mask(one) for one in value]
        if isinstance(value, dict):
            return {name: self._mask(one) for name, one in value.items()}
        return value if value is None or isinstance(value, bool) else 0


def _written(secret: str) -> re.Pattern[str]:
    """It in a line of JSON, any of its signs percent-encoded, or not."""
    signs = []
    for sign in secret:
        encoded = "".join(f"%(?:25)*(?i:{byte:02x})" for byte in sign.encode("utf-8", "surrogatepass"))
        signs.append(f"(?:{re.escape(json.dumps(sign)[1:-1])}|{encoded})")
    return re.compile("".join(signs))
