"""Between the socket and the app: requests read whole, answers carried or cut, nothing left open at the end.

Used by `agent.cli.serving` alone. A request gets one of the app's threads only when it is there to its end, so clients
who stop in the middle hold up nobody.
"""

from __future__ import annotations

import asyncio
import io
import logging
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from uvicorn.protocols.http import h11_impl

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

#: Seconds in which a client has to send the whole of its request.
PATIENCE: Final = 30.0
#: The largest body that any of our pages takes is a table of 20 MB.
LARGEST_BODY: Final = 20 * 1024 * 1024

_Message = dict[str, Any]
_Asgi = Callable[..., Any]


class Carried:
    """The app as a2wsgi calls it: with the body at hand, the path as it was sent, complaints on standard error.

    Once the server is gone it lets no answer out: a2wsgi would hand it to an event loop that is closed.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self.over = threading.Event()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        """Call the app at once; its answer comes part by part."""
        scope = environ["asgi.scope"]
        query = scope["query_string"].decode("latin-1")
        environ["REQUEST_URI"] = scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")
        environ["wsgi.input"] = io.BytesIO(scope["state"]["body"])
        environ["wsgi.errors"] = sys.stderr
        environ["wsgi.multiprocess"] = False

        def starting(*status_and_headers: Any) -> Callable[[bytes], object]:
            self._check()
            return start_response(*status_and_headers)

        return self._parts(self._app(environ, starting))

    def _parts(self, answer: Iterable[bytes]) -> Iterator[bytes]:
        try:
            for part in answer:
                self._check()
                yield part
            self._check()
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()

    def _check(self) -> None:
        if self.over.is_set():
            raise ConnectionAbortedError


class Server(uvicorn.Server):
    """uvicorn, leaving no connection open behind it."""

    def __init__(self, config: uvicorn.Config, carried: Carried) -> None:
        super().__init__(config)
        self._carried = carried

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, wait for what is under way, then cut the rest."""
        self._abort(idle_only=True)
        await super().shutdown(sockets)
        self._carried.over.set()
        self._abort(idle_only=False)
        await asyncio.sleep(0)

    def _abort(self, *, idle_only: bool) -> None:
        """A client that keeps a connection for later would not answer TLS's goodbye, and be waited for."""
        ours = [one for one in self.server_state.connections if isinstance(one, Protocol)]
        for connection in ours:
            answering = connection.cycle is not None and not connection.cycle.response_complete
            if not idle_only or not (answering or connection.transport.get_write_buffer_size()):
                connection.transport.abort()


class Protocol(h11_impl.H11Protocol):
    """HTTP/1.1 whose requests can reach their own connection, to cut it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Keep the connection where each request's scope is made from."""
        self.app_state = {"transport": transport}
        super().connection_made(transport)


class Guard:
    """Reads a request whole before the app sees it, carries out cuts, and dates what the app has not dated itself."""

    def __init__(self, inner: _Asgi, cut: type[BaseException] | None) -> None:
        self._inner = inner
        self._cut: tuple[type[BaseException], ...] = (cut,) if cut else ()

    async def __call__(self, scope: _Message, receive: _Asgi, send: _Asgi) -> None:
        """Serve one request: 408 or 413 without the app where it is too slow or too large."""
        started = False

        async def sending(message: _Message) -> None:
            nonlocal started
            if not started and all(name.lower() != b"date" for name, _ in message["headers"]):
                message["headers"] = [*message["headers"], (b"date", formatdate(usegmt=True).encode())]
            started = True
            await send(message)

        try:
            body = await asyncio.wait_for(_whole(receive), PATIENCE)
        except TimeoutError:
            await _plain(send, 408, b"The request did not come to its end in time.")
            return
        if body is None:
            return
        if len(body) > LARGEST_BODY:
            await _plain(send, 413, b"The request is larger than 20 MB.")
            return
        scope["state"]["body"] = body
        try:
            await self._inner(scope, receive, sending)
        except self._cut:
            transport = scope["state"]["transport"]
            # A started answer is flushed first; one that was never given is a reset.
            transport.close() if started else transport.abort()
            await _until_gone(receive)
        except Exception:
            log.exception("%s %s failed", scope["method"], scope["path"])
            raise


async def _whole(receive: _Asgi) -> bytes | None:
    """The body, given up as soon as it is too large; None when the client left before it had sent everything."""
    body = bytearray()
    while len(body) <= LARGEST_BODY:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return bytes(body)


async def _plain(send: _Asgi, status: int, text: bytes) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})


async def _until_gone(receive: _Asgi) -> None:
    """uvicorn would answer 500 for an app that returns without an answer, unless the connection is known to be lost."""
    while (await receive())["type"] != "http.disconnect":
        pass
