"""An end to answers that never end: however slowly bytes drip in, one exchange is over after its seconds.

The time-outs of a socket begin anew with every byte, so a server that sends one now and then would hold a thread for
hours. Here a timer shuts the socket of the exchange instead, and its reader sees a broken connection.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Any

import requests.adapters
import urllib3
from urllib3 import connection

_running = threading.local()


class Deadline:
    """A block that may take so many seconds; when they are over the socket it reads from is shut."""

    def __init__(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self.passed = False

    def __enter__(self) -> Deadline:
        _running.deadline = self
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self._timer.cancel()
        _running.deadline = None
        with self._lock:
            self._socket = None

    def seize(self, used: socket.socket) -> None:
        """Remember the socket that the answer will come from."""
        with self._lock:
            self._socket = used

    def _cut(self) -> None:
        with self._lock:
            self.passed = True
            if self._socket is not None:
                # Not SSLSocket's own shutdown: it would take the TLS state away from under the reader.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class _Watched:
    """A connection that tells the deadline of its thread which socket to shut."""

    sock: socket.socket | None

    def getresponse(self) -> Any:
        deadline: Deadline | None = getattr(_running, "deadline", None)
        if deadline is not None and self.sock is not None:
            deadline.seize(self.sock)
        return super().getresponse()  # type: ignore[misc]  # of the class that this one is mixed into


class _HttpConnection(_Watched, connection.HTTPConnection):
    pass


class _HttpsConnection(_Watched, connection.HTTPSConnection):
    pass


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection


_POOLS = {"http": _HttpPool, "https": _HttpsPool}


class WatchedAdapter(requests.adapters.HTTPAdapter):
    """requests' own adapter over connections that a `Deadline` can shut."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """As requests does, with our pools."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """As requests does, with our pools."""
        made = super().proxy_manager_for(*args, **kwargs)
        made.pool_classes_by_scheme = _POOLS
        return made
