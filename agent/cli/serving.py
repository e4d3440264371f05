"""Serves a WSGI app over TLS on loopback from a thread of this process: the pages, and the sandbox tenant.

uvicorn holds the sockets and a2wsgi runs the app in threads; `agent.cli.carrying` is what lies between. Only loopback
is listened on: until operators can sign in, nobody else has any business here.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

import a2wsgi
import uvicorn

from agent import errors
from agent.cli import carrying
from agent.web.local_ca import Certificate

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

THREADS: Final = 32
#: Seconds for answers that are under way when the server stops.
GRACE: Final = 2
_START_LIMIT: Final = 15.0
_TRIES: Final = 20


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
    # asyncio switches Nagle's algorithm off only where the protocol is named; else an answer's second part waits 40 ms.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
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

    def wait(self, on_enter: Callable[[], None] | None = None, *, announce: Callable[[], None] | None = None) -> None:
        """Until SIGTERM, Ctrl-C, Ctrl-Break or `stop`; to be called in the main thread.

        `on_enter` runs each time Enter is pressed, if this is a terminal; `announce` runs once, when a signal already
        means a clean end: whoever reads it may send one at once.
        """
        if on_enter is not None and sys.stdin is not None and sys.stdin.isatty():
            threading.Thread(target=_follow_enter, args=(on_enter,), daemon=True).start()
        with _signals(self._wish):
            if announce is not None:
                announce()
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
    carried = carrying.Carried(wsgi_app)
    threads = a2wsgi.WSGIMiddleware(cast("Any", carried), workers=THREADS, send_queue_size=256)
    config = uvicorn.Config(
        carrying.Guard(threads, cut),
        http=carrying.Protocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
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
    served = Served(carrying.Server(config, carried), place, threads)
    served.begin()
    return served
