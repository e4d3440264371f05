"""One HTTPS exchange at a time over the one Session, shared by Graph and by MSAL's token requests.

Nothing of the machine's own settings is read (no proxy, `.netrc` or certificate variables), redirects are refused, an
answer has a largest size and a last moment, and nothing leaves while a unit of work is open. What went wrong is told
as a value, `Silence`, and not as an exception, so that no foreign error can carry a body (which may hold a code).
"""

from __future__ import annotations

import contextvars
import http.cookiejar
import importlib.metadata
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent import futures
from dataclasses import dataclass, field
from typing import TypeVar

import requests
import requests.adapters
import urllib3.exceptions

from agent import errors, ports
from agent.graph.connection import Connection
from agent.graph.deadline import Deadline, WatchedAdapter

CONNECT_SECONDS = 5.0
#: Without a byte for so long there is no answer; for the whole of it there is `Connection.whole_seconds`.
READ_SECONDS = 20.0
#: Graph's largest pages have some hundred kilobytes; whoever sends more than this is not Graph.
LARGEST_ANSWER = 16 * 1024 * 1024
THREADS = 16
#: Connections kept: our own threads, and beside them whoever asks from theirs (pages, a sweep, many kits at once).
KEPT = 8 * THREADS

_CHUNK = 64 * 1024
#: Where Azure gives managed identities their tokens; nothing else is asked without TLS.
_MACHINE = ("http://169.254.", "http://127.0.0.1", "http://localhost")
_NO_PROXIES: dict[str, str] = {"http": "", "https": ""}
_NOT_ACCEPTED, _REFUSED = "the connection was not accepted in time", "the connection was refused"
_PASSING = {_NOT_ACCEPTED, _REFUSED}

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; `reference` is Graph's request id, or ours where it gave none. The body never shows."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """No whole answer. `sent` False: surely nothing reached the tenant; `passing`: another try may well be answered."""

    sent: bool
    why: str
    passing: bool = False
    reference: str = ""


class Transport:
    """The Session, its adapters and its pool of threads; `close` it when done."""

    def __init__(
        self,
        connection: Connection,
        chance: ports.Chance,
        adapters: Mapping[str, requests.adapters.BaseAdapter] | None = None,
    ) -> None:
        self._chance = chance
        self._verify: str | bool = connection.ca_file or True
        self._seconds = connection.whole_seconds
        self._agent = f"Tapslip/{importlib.metadata.version('tapslip')}"
        self._session = _session(connection, adapters or {})
        self._pool = futures.ThreadPoolExecutor(THREADS, thread_name_prefix="graph")
        self._inside = threading.local()

    def exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: str | bytes | None = None,
        *,
        direct: bool = False,
    ) -> Answer | Silence:
        """Send one request and read its whole answer; never repeated, never redirected. `direct`: past any proxy.

        Raises RuntimeError while a unit of work is open (a bug of ours) and Misconfigured when the CA file is missing.
        """
        refuse_inside_transaction()
        own = self._chance.uuid()
        sent = {"User-Agent": self._agent, "client-request-id": own, "Accept": "application/json", **headers}
        with Deadline(self._seconds) as deadline:
            try:
                response = self._session.request(
                    method,
                    url,
                    headers=sent,
                    data=body,
                    timeout=(CONNECT_SECONDS, READ_SECONDS),
                    verify=self._verify,
                    allow_redirects=False,
                    stream=True,
                    proxies=_NO_PROXIES if direct else None,
                )
                whole = _whole(response)
            except requests.RequestException as failure:
                return _too_late(own) if deadline.passed else _silence(failure, own)
            except OSError:
                pass
            else:
                return _too_late(own) if deadline.passed else _answer(response, whole, own)
        raise errors.Misconfigured(
            "The file with the certificate authorities cannot be read.", "Check the path of ca_file in the settings."
        )

    def many(self, work: Callable[[K], V], keys: Iterable[K]) -> dict[K, V]:
        """`work` for each key at once, at most 16 together; the first error stops what has not begun and is raised."""
        refuse_inside_transaction()
        wanted = list(dict.fromkeys(keys))
        if len(wanted) <= 1 or getattr(self._inside, "yes", False):
            return {key: work(key) for key in wanted}
        running = {key: self._pool.submit(contextvars.copy_context().run, self._within, work, key) for key in wanted}
        done, waiting = futures.wait(running.values(), return_when=futures.FIRST_EXCEPTION)
        if waiting:
            for future in waiting:
                future.cancel()
            futures.wait(waiting)
            next(future for future in done if future.exception()).result()
        return {key: future.result() for key, future in running.items()}

    def close(self) -> None:
        """Let go of threads and connections."""
        self._pool.shutdown()
        self._session.close()

    def _within(self, work: Callable[[K], V], key: K) -> V:
        # A worker that waited for other workers could wait for ever: inside, many() goes one by one.
        self._inside.yes = True
        return work(key)


def refuse_inside_transaction() -> None:
    """Raise RuntimeError while a unit of work is open: nobody may hold the store while waiting for a tenant."""
    if ports.transaction_open.get():
        raise RuntimeError("a unit of work is open: finish it before asking the tenant")


def _whole(response: requests.Response) -> bytes | None:
    """The body, or None when it is larger than any answer of Graph's; the connection is given back or closed."""
    parts: list[bytes] = []
    size = 0
    try:
        for part in response.iter_content(_CHUNK):
            size += len(part)
            if size > LARGEST_ANSWER:
                return None
            parts.append(part)
        return b"".join(parts)
    finally:
        response.close()


def _answer(response: requests.Response, whole: bytes | None, own: str) -> Answer | Silence:
    reference = response.headers.get("request-id") or own
    if whole is None:
        why = f"the answer is larger than {LARGEST_ANSWER // (1024 * 1024)} MB"
        return Silence(sent=True, why=why, reference=reference)
    return Answer(response.status_code, response.headers, whole, reference)


def _too_late(own: str) -> Silence:
    return Silence(sent=True, why="the answer did not come to an end in time", passing=True, reference=own)


def _session(connection: Connection, adapters: Mapping[str, requests.adapters.BaseAdapter]) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    session.proxies = {"http": connection.proxy, "https": connection.proxy} if connection.proxy else {}
    session.adapters.clear()
    session.mount("https://", WatchedAdapter(pool_maxsize=KEPT))
    if any(credential.managed_identity for credential in connection.registrations.values()):
        for prefix in _MACHINE:
            session.mount(prefix, WatchedAdapter())
    for prefix, adapter in adapters.items():
        session.mount(prefix, adapter)
    return session


def _silence(failure: requests.RequestException, reference: str) -> Silence:
    """What a failure says about whether the request reached the tenant; in doubt it did."""
    unsent = _unsent(failure)
    if unsent:
        return Silence(sent=False, why=unsent, passing=unsent in _PASSING, reference=reference)
    timed_out = isinstance(failure, requests.Timeout)
    broken = "no answer came in time" if timed_out else "the connection broke before the whole answer came"
    return Silence(sent=True, why=broken, passing=True, reference=reference)


def _unsent(failure: requests.RequestException) -> str:
    """Why the request surely never left, or nothing."""
    if isinstance(failure, requests.ConnectTimeout):
        return _NOT_ACCEPTED
    if isinstance(failure, requests.exceptions.InvalidSchema | requests.exceptions.InvalidURL):
        return "the address is not one that may be used"
    reason = getattr(failure.args[0] if failure.args else None, "reason", None)
    if isinstance(reason, urllib3.exceptions.NameResolutionError):
        return "the name of the host cannot be resolved"
    if isinstance(reason, urllib3.exceptions.NewConnectionError):
        return _REFUSED
    if isinstance(reason, urllib3.exceptions.ProxyError):
        return "the proxy did not connect"
    if isinstance(reason, urllib3.exceptions.SSLError) and _untrusted(reason):
        return "the certificate of the host is not trusted"
    return ""


def _untrusted(reason: urllib3.exceptions.SSLError) -> bool:
    return any(isinstance(part, ssl.SSLCertVerificationError) for part in reason.args)
