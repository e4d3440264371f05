"""Serves a WSGI app over TLS on loopback from a thread of this process: the pages, and the sandbox tenant.

uvicorn holds the sockets and a2wsgi runs the app in threads. A request is read whole before it gets a thread, so that
clients who connect and say nothing, or stop in the middle, hold up nobody. Only loopback is listened on: until
operators can sign in, nobody else has any business here.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import io
import logging
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

import a2wsgi
import uvicorn
from uvicorn.protocols.http import h11_impl

from agent import errors
from agent.web.local_ca import Certificate

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

THREADS: Final = 32
#: Seconds for answers that are under way when the server stops.
GRACE: Final = 2
#: Seconds in which a client has to send the whole of its request.
PATIENCE: Final = 30.0
#: The largest body that any of our pages takes is a table of 20 MB.
LARGEST_BODY: Final = 20 * 1024 * 1024
_START_LIMIT: Final = 15.0
_TRIES: Final = 20

_Message = dict[str, Any]
_Asgi = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Listening:
    """Sockets bound to one port on loopback; connections queue there until `start` serves them."""

    port: int
    sockets: tuple[socket.socket, ...] = field(repr=False)

    @property
    def origin(self) -> str:
        """The address of the pages, without a trailing slash."""
        return f"https://localhost:{self.port}"

    def close(self) -> None:
        """Let the port go."""
        for one in self.sockets:
            one.close()


def listen(port: int = 0) -> Listening:
    """Bind 127.0.0.1, and ::1 where the machine has it, at `port` (0: any free one).

    Both, because `localhost` means either to a browser, and a stranger must not have the other. Raises Misconfigured
    when the port is taken or not allowed.
    """
    for _ in range(_TRIES):
        first = _bound(socket.AF_INET, "127.0.0.1", port)
        number = first.getsockname()[1]
        try:
            second = _bound(socket.AF_INET6, "::1", number) if _has_ipv6() else None
        except errors.Misconfigured:
            first.close()
            if port:
                raise
            continue
        return Listening(number, (first, second) if second else (first,))
    raise errors.Misconfigured(
        "No port was free on 127.0.0.1 and ::1 alike.", "Choose one yourself with --port, such as 8443."
    )


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def _bound(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    if sys.platform == "win32":
        # On Windows SO_REUSEADDR would let two programs share the port.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family is socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        made.bind((host, port))
        made.listen(128)
    except (OSError, OverflowError) as problem:
        made.close()
        raise _cannot_listen(port, problem) from problem
    return made


def _cannot_listen(port: int, problem: OSError | OverflowError) -> errors.Misconfigured:
    if isinstance(problem, OverflowError):
        return errors.Misconfigured(
            f"{port} is no port.", "Choose one from 1024 to 65535 with --port, or leave it out."
        )
    if problem.errno == errno.EADDRINUSE:
        return errors.Misconfigured(
            f"Port {port} is taken by another program.",
            "Stop that program, choose another port with --port, or leave --port out for a free one.",
        )
    return errors.Misconfigured(
        f"Port {port} cannot be listened on: {problem.strerror}.",
        "Choose another port from 1024 to 65535 with --port, or leave it out for a free one.",
    )


def answers(origin: str) -> bool:
    """Whether anything listens at an origin on this machine, such as "https://localhost:8443"."""
    try:
        place = urlsplit(origin)
        with socket.create_connection((place.hostname or "", place.port or 443), timeout=1.0):
            return True
    except (OSError, ValueError):
        return False


class Served:
    """A running server. `origin` is "https://localhost:PORT"; use as a context manager, or call `stop`."""

    def __init__(self, server: uvicorn.Server, listening: Listening, threads: a2wsgi.WSGIMiddleware) -> None:
        self.origin = listening.origin
        self._server = server
        self._listening = listening
        self._threads = threads
        self._wish = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"serving {listening.port}", daemon=True)

    def _run(self) -> None:
        try:
            self._server.run(sockets=list(self._listening.sockets))
        finally:
            self._wish.set()

    def begin(self) -> None:
        """Start the thread and come back when requests are answered; raises Misconfigured if that never happens."""
        self._thread.start()
        patience = threading.Event()
        for _ in range(int(_START_LIMIT / 0.02)):
            if self._server.started:
                return
            if not self._thread.is_alive():
                break
            patience.wait(0.02)
        self.stop()
        raise errors.Misconfigured(
            f"The server at {self.origin} did not start.", "Look at the lines above for the reason."
        )

    def stop(self) -> None:
        """Stop listening, let answers under way finish for 2 seconds, and cut the rest; safe to call twice."""
        self._server.should_exit = True
        self._wish.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(GRACE + 5.0)
        self._threads.executor.shutdown(wait=False, cancel_futures=True)
        self._listening.close()

    def wait(self, on_enter: Callable[[], None] | None = None) -> None:
        """Until SIGTERM, Ctrl-C, Ctrl-Break or `stop`; to be called in the main thread.

        `on_enter` runs each time Enter is pressed, if this is a terminal.
        """
        if on_enter is not None and sys.stdin is not None and sys.stdin.isatty():
            threading.Thread(target=_follow_enter, args=(on_enter,), daemon=True).start()
        with _signals(self._wish):
            # Windows delivers a signal only between two short waits.
            while not self._wish.wait(0.5):
                pass

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _follow_enter(on_enter: Callable[[], None]) -> None:
    with contextlib.suppress(OSError, ValueError):
        for _ in sys.stdin:
            on_enter()


@contextlib.contextmanager
def _signals(wish: threading.Event) -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        wish.set()

    names = [name for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)]
    earlier = {name: signal.signal(getattr(signal, name), stop) for name in names}
    try:
        yield
    finally:
        for name, handler in earlier.items():
            signal.signal(getattr(signal, name), handler)


def start(
    wsgi_app: WSGIApplication,
    *,
    certificate: Certificate,
    port: int = 0,
    listening: Listening | None = None,
    cut: type[BaseException] | None = None,
) -> Served:
    """Serve `wsgi_app` over TLS until stopped, at `listening` or else at `port` (0: any free one).

    `cut` is an exception that ends the connection where the app raises it: before `start_response` the client gets no
    answer at all, while iterating it gets what was yielded until then and no more. The app finds the path as it was
    sent, still percent-encoded, in `REQUEST_URI`. Raises Misconfigured when the port is taken or the certificate is
    unusable.
    """
    place = listening or listen(port)
    carried = _Carried(wsgi_app)
    threads = a2wsgi.WSGIMiddleware(cast("Any", carried), workers=THREADS, send_queue_size=256)
    config = uvicorn.Config(
        _Guard(threads, cut),
        http=_Protocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE,
        ssl_certfile=certificate.cert_file,
        ssl_keyfile=certificate.key_file,
    )
    # uvicorn tells of its own start and stop and of clients that do not speak HTTP; failures are logged by the guard.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    try:
        config.load()
    except (OSError, ssl.SSLError) as problem:
        place.close()
        raise errors.Misconfigured(
            f"The certificate {certificate.cert_file} and its key cannot be used: {problem.strerror or problem}.",
            "Check tls in the settings; a local certificate is made anew when its folder is deleted.",
        ) from problem
    served = Served(_Server(config, carried), place, threads)
    served.begin()
    return served


class _Carried:
    """The app as a2wsgi calls it: with the body at hand, the path as it was sent, complaints on standard error.

    Once the server is gone it lets no answer out: a2wsgi would hand it to an event loop that is closed.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self.over = threading.Event()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
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


class _Server(uvicorn.Server):
    """uvicorn, leaving no connection open behind it."""

    def __init__(self, config: uvicorn.Config, carried: _Carried) -> None:
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
        ours = [one for one in self.server_state.connections if isinstance(one, _Protocol)]
        for connection in ours:
            answering = connection.cycle is not None and not connection.cycle.response_complete
            if not idle_only or not (answering or connection.transport.get_write_buffer_size()):
                connection.transport.abort()


class _Protocol(h11_impl.H11Protocol):
    """HTTP/1.1 whose requests can reach their own connection, to cut it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.app_state = {"transport": transport}
        super().connection_made(transport)


class _Guard:
    """Reads a request whole before the app sees it, and carries out cuts."""

    def __init__(self, inner: _Asgi, cut: type[BaseException] | None) -> None:
        self._inner = inner
        self._cut: tuple[type[BaseException], ...] = (cut,) if cut else ()

    async def __call__(self, scope: _Message, receive: _Asgi, send: _Asgi) -> None:
        started = False

        async def sending(message: _Message) -> None:
            nonlocal started
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
