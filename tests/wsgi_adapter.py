"""A requests adapter that carries requests to a WSGI app in this process, as a server on a socket would.

The sandbox tenant stands so under the real client. Connections that the app cuts become what urllib3 makes of them:
refused before anything was sent, reset after it, or a body that ends too early.
"""

from __future__ import annotations

import io
import urllib.parse
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import requests
import urllib3
import urllib3.exceptions
from requests import adapters

from agent.sandbox import errors as sandbox_errors

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_BAD_REQUEST_BODY = "a WSGI app takes a body of bytes or text"


class WsgiAdapter(adapters.HTTPAdapter):
    """Mount it at an origin. `sent` is what went out: method and address; `headers` the headers of each.

    `now` gives the Date header that a server adds; without it there is none.
    """

    def __init__(self, app: WSGIApplication, now: Callable[[], datetime] | None = None) -> None:
        super().__init__()
        self._app = app
        self._now = now
        self.sent: list[str] = []
        self.headers: list[Mapping[str, str]] = []

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Carry one request to the app and read its answer to the end."""
        self.sent.append(f"{request.method} {request.url}")
        self.headers.append({name: str(value) for name, value in request.headers.items()})
        started: list[tuple[str, list[tuple[str, str]]]] = []
        body = b""
        try:
            parts = self._app(_environ(request), lambda status, headers, _=None: started.append((status, headers)))  # type: ignore[arg-type]
            for part in parts:
                body += part
            close = getattr(parts, "close", None)
            if close is not None:
                close()
        except sandbox_errors.ConnectionCut as cut:
            if not started:
                raise _broken(request, before="unreachable" in str(cut)) from None
        return self._response(request, *started[0], body)

    def _response(
        self, request: requests.PreparedRequest, status: str, headers: list[tuple[str, str]], body: bytes
    ) -> requests.Response:
        if self._now is not None:
            headers = [*headers, ("Date", format_datetime(self._now(), usegmt=True))]
        raw = urllib3.HTTPResponse(
            io.BytesIO(body),
            headers=urllib3.HTTPHeaderDict(headers),
            status=int(status.split(maxsplit=1)[0]),
            preload_content=False,
            request_method=request.method,
            enforce_content_length=True,
        )
        return self.build_response(request, raw)


def _broken(request: requests.PreparedRequest, *, before: bool) -> requests.ConnectionError:
    """What requests raises for a connection that is refused, or one that is reset once the request has gone."""
    if not before:
        reset = urllib3.exceptions.ProtocolError("Connection aborted.", ConnectionResetError(104, "reset by peer"))
        return requests.ConnectionError(reset, request=request)
    pool = urllib3.HTTPConnectionPool("localhost")
    refused = urllib3.exceptions.NewConnectionError(pool, "refused")  # type: ignore[arg-type]
    return requests.ConnectionError(urllib3.exceptions.MaxRetryError(pool, request.url or "", refused), request=request)


def _environ(request: requests.PreparedRequest) -> dict[str, Any]:
    parts = urllib.parse.urlsplit(request.url or "")
    body = request.body or b""
    raw = body.encode() if isinstance(body, str) else body
    if not isinstance(raw, bytes):
        raise TypeError(_BAD_REQUEST_BODY)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": urllib.parse.unquote(parts.path, encoding="latin-1"),
        "QUERY_STRING": parts.query,
        "REQUEST_URI": request.path_url,
        "SERVER_NAME": parts.hostname,
        "SERVER_PORT": str(parts.port or 443),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": parts.netloc,
        "CONTENT_LENGTH": str(len(raw)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": io.BytesIO(raw),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = str(value)
    return environ
