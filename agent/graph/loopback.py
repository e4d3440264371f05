"""The one page that a browser comes back to after a sign-in: on this machine, for one answer, for five minutes.

Listens on 127.0.0.1 and ::1 alike, because `localhost` is either to a browser and a stranger must not have the other.
The answer is not shown, logged or kept; whether it belongs to the sign-in is told by its state, which MSAL compares.
"""

from __future__ import annotations

import errno
import http.server
import socket
import threading
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl

from agent import errors

_PAGE = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Tapslip</title>
<p>Signed in. You can close this page and go back to Tapslip.</p></html>"""
_LONGEST_ANSWER = 16 * 1024
_TRIES = 20


class _Page(http.server.BaseHTTPRequestHandler):
    """Takes the first request that is an answer; everything else gets nothing."""

    server: _Server
    timeout = 10.0
    server_version, sys_version = "Tapslip", ""

    def do_POST(self) -> None:
        """The browser comes back with the answer as a form, so that no address and no history holds it."""
        length = self.headers.get("Content-Length") or ""
        here = (self.headers.get("Host") or "") == f"localhost:{self.server.server_port}"
        if not here or self.path != "/" or not length.isdecimal() or int(length) > _LONGEST_ANSWER:
            self.send_error(404)
            return
        answer = dict(parse_qsl(self.rfile.read(int(length)).decode("ascii", errors="replace")))
        if not {"code", "error"} & set(answer):
            self.send_error(404)
            return
        self.send_response(200)
        for name, value in (
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(_PAGE))),
            ("Cache-Control", "no-store"),
            ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
            ("Referrer-Policy", "no-referrer"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(_PAGE)
        self.server.landing.take(answer)

    def log_message(self, *_: object) -> None:
        """Nothing: the address holds a code."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, landing: Landing, family: int, host: str, port: int) -> None:
        self.landing = landing
        self.address_family = family
        super().__init__((host, port), _Page)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up is no matter."""


class Landing:
    """A block in which `address` can be come back to."""

    def __init__(self) -> None:
        self._answer: dict[str, str] | None = None
        self._came = threading.Event()
        self._servers = _both(self)
        self.address = f"http://localhost:{self._servers[0].server_port}"

    def __enter__(self) -> Landing:
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def take(self, answer: dict[str, str]) -> None:
        """The first answer counts."""
        if not self._came.is_set():
            self._answer = answer
            self._came.set()

    def wait(self, seconds: float) -> dict[str, str]:
        """The answer's parameters; raises Refused when none comes in time."""
        # In short steps: on Windows, Ctrl-C is delivered only between two waits.
        for _ in range(int(seconds / 0.5) + 1):
            if self._came.wait(0.5):
                break
        if self._answer is None:
            raise errors.Refused(
                "Nobody signed in.",
                "Start again, and sign in on the page that opens in your browser.",
                codes=("sign_in",),
            )
        return self._answer


def _both(landing: Landing) -> tuple[_Server, ...]:
    """One port on both addresses, or on 127.0.0.1 alone where the machine has no IPv6."""
    for _ in range(_TRIES):
        first = _Server(landing, socket.AF_INET, "127.0.0.1", 0)
        if not socket.has_ipv6:
            return (first,)
        try:
            return first, _Server(landing, socket.AF_INET6, "::1", first.server_port)
        except OSError as problem:
            if problem.errno != errno.EADDRINUSE:
                return (first,)
            first.server_close()
    raise errors.Misconfigured("No port was free on 127.0.0.1 and ::1 alike.", "Close other programs and try again.")
