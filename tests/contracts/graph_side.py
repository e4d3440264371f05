"""The client's side for tests of the Graph client: a clock that waiting turns, chance in order, and odd tenants.

The tenant proper is the sandbox. What is here misbehaves on purpose, as no sandbox may: proxies that answer HTML,
servers that redirect or stop in mid-sentence.
"""

from __future__ import annotations

import http.server
import ipaddress
import json
import random
import socket
import ssl
import struct
import threading
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from requests import adapters

from agent import graph
from agent.domain import secrets
from agent.sandbox import mount
from agent.sandbox import tenant as tenants
from agent.sandbox.wire import faults
from tests import tenancies, watching, wsgi_adapter

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

TENANT_ID = "11111111-2222-4333-8444-555555555555"
PERSON_ID = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
GRAPH, LOGIN = "https://graph.test", "https://login.test"
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@dataclass
class TurnedClock:
    """Stands still until somebody waits; `waited` is how long, each time."""

    at: datetime = START
    waited: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        """The time it shows."""
        return self.at

    def wait(self, seconds: float) -> None:
        """Turn it."""
        self.waited.append(seconds)
        self.at += timedelta(seconds=seconds)

    def wait_until(self, moment: datetime) -> None:
        """Turn it to then, unless it is later already."""
        if moment > self.at:
            self.wait((moment - self.at).total_seconds())


class OrderedChance:
    """Chance that gives one thing after the other."""

    def __init__(self) -> None:
        self._count = 0

    def symbols(self, count: int) -> str:
        """So many letters."""
        return "A" * count

    def uuid(self) -> str:
        """GUIDs in order."""
        self._count += 1
        return f"00000000-0000-4000-8000-{self._count:012d}"

    def fraction(self) -> float:
        """Always the middle."""
        return 0.5

    def below(self, bound: int) -> int:
        """Always the middle."""
        return bound // 2


@dataclass(frozen=True)
class Reply:
    """What an odd tenant answers."""

    body: str = "{}"
    status: int = 200
    kind: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


Answerer = Callable[[str, str], Reply]


@dataclass
class OddTenant:
    """A WSGI app that hands out tokens properly and answers Graph's paths by `answer(method, path with query)`.

    A `$batch` is answered item by item, its paths with the version; `asked_for` are the forms of token requests.
    """

    answer: Answerer
    login: Answerer | None = None
    tokens: int = 0
    asked_for: list[dict[str, str]] = field(default_factory=list)
    whole_batch: Reply | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        path = environ["PATH_INFO"] + (f"?{environ['QUERY_STRING']}" if environ["QUERY_STRING"] else "")
        at_login = environ["HTTP_HOST"] == "login.test"
        sent = environ["wsgi.input"].read()
        if at_login:
            self.asked_for.append(dict(urllib.parse.parse_qsl(sent.decode())))
        answer = (self.login or self.sign_in) if at_login else self.answer
        batch = path.endswith("/$batch")
        reply = self.batched(path, json.loads(sent)) if batch else answer(environ["REQUEST_METHOD"], path)
        raw = reply.body.encode()
        headers = [("Content-Type", reply.kind), ("Content-Length", str(len(raw))), ("request-id", "of-graph")]
        start_response(f"{reply.status} Odd", [*headers, *reply.headers])
        return [raw]

    def batched(self, path: str, sent: dict[str, Any]) -> Reply:
        """Each item as if it had come alone, the last one first; or `whole_batch`."""
        if self.whole_batch is not None:
            return self.whole_batch
        version = path.removesuffix("/$batch")
        responses = []
        for item in reversed(sent["requests"]):
            reply = self.answer(item["method"], version + item["url"])
            headers = {"Content-Type": reply.kind, **dict(reply.headers)}
            try:
                body: Any = json.loads(reply.body)
            except (ValueError, RecursionError):
                body = reply.body
            responses.append({"id": item["id"], "status": reply.status, "headers": headers, "body": body})
        return Reply(json.dumps({"responses": responses}))

    def sign_in(self, _method: str, path: str) -> Reply:
        """Discovery, and a new token each time."""
        if path.endswith("openid-configuration"):
            return discovery(LOGIN)
        self.tokens += 1
        return granted(f"token-{self.tokens}")


def discovery(origin: str) -> Reply:
    """The OpenID document whose endpoints are at `origin`."""
    base = f"{origin}/{TENANT_ID}"
    document = {
        "issuer": f"{base}/v2.0",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "token_endpoint": f"{base}/oauth2/v2.0/token",
    }
    return Reply(json.dumps(document))


def granted(token: str) -> Reply:
    """A token endpoint's yes."""
    return Reply(json.dumps({"access_token": token, "expires_in": 3599, "token_type": "Bearer"}))


def credentials(secret: str = "a secret") -> Mapping[str, graph.Credential]:
    """Both registrations, with one secret."""
    return {name: graph.Credential(f"{name}-app", secrets.Secret(secret)) for name in ("watcher", "issuer")}


def connection(**changes: Any) -> graph.Connection:
    """A connection to the odd tenant."""
    given: dict[str, Any] = {"graph": GRAPH, "login": LOGIN, "tenant_id": TENANT_ID, "registrations": credentials()}
    return graph.Connection(**given | changes)


@dataclass(frozen=True)
class Side:
    """A connected client with the clock it waits by and the adapter it speaks through."""

    graph: graph.Graph
    clock: TurnedClock
    adapter: wsgi_adapter.WsgiAdapter

    @property
    def asked(self) -> list[str]:
        """What reached Graph, the token requests left out."""
        return [line for line in self.adapter.sent if LOGIN not in line]


@contextmanager
def connected(tenant: OddTenant, **changes: Any) -> Iterator[Side]:
    """The real client in front of an odd tenant; all of `https://` goes there, so that nothing else is reached."""
    clock, adapter = TurnedClock(), wsgi_adapter.WsgiAdapter(watching.WATCH.in_front_of_odd(tenant))
    client = graph.connect(connection(**changes), clock, OrderedChance(), {"https://": adapter})
    try:
        yield Side(client, clock, adapter)
    finally:
        client.close()


@dataclass(frozen=True)
class SandboxSide:
    """The real client in front of a sandbox tenant in this process, both by one clock."""

    graph: graph.Graph
    sandbox: mount.Sandbox
    clock: TurnedClock
    adapter: wsgi_adapter.WsgiAdapter

    def person(self, name: str) -> str:
        """The object id of a seeded person by the first part of the user name."""
        users = self.sandbox.tenant.directory.users.values()
        return next(user.id for user in users if user.upn.startswith(f"{name}@"))

    def fault(self, match: str, kind: str, *, times: int = 1, retry_after: int | None = None) -> None:
        """Script a fault for requests that match "METHOD path"."""
        self.sandbox.gate.faults.append(faults.Fault(match, kind, times, retry_after))

    def grant(self, permission: str) -> None:
        """Give a permission to the registration that reads."""
        for registration in self.sandbox.tenant.directory.registrations.values():
            if registration.name == "watcher":
                registration.permissions.add(permission)

    def deny(self, permission: str) -> None:
        """Take a permission away from the registration that reads."""
        for registration in self.sandbox.tenant.directory.registrations.values():
            if registration.name == "watcher":
                registration.permissions.discard(permission)


def sandbox_connection(sandbox: mount.Sandbox, **instead: graph.Credential) -> graph.Connection:
    """A connection from a sandbox's ready line; `instead` replaces credentials by registration."""
    line = sandbox.ready_line()
    registrations = {
        name: graph.Credential(each["client_id"], secrets.Secret(each["client_secret"]))
        for name, each in line["registrations"].items()
    }
    return graph.Connection(line["graph"], line["login"], line["tenant_id"], registrations | instead, sandbox=True)


@contextmanager
def on_sandbox(options: tenants.Options | None = None, at: datetime = START) -> Iterator[SandboxSide]:
    """A fresh sandbox with its own seed at that time, and the client connected by its least-rights registrations."""
    clock = TurnedClock(at)
    quick = mount.Surroundings(pause=clock.wait)
    seeded = random.Random(7)  # noqa: S311  the same ids every time
    sandbox = tenancies.make(clock.now, seeded, options=options, surroundings=quick)
    connected_to = sandbox_connection(sandbox)
    adapter = wsgi_adapter.WsgiAdapter(sandbox.wsgi, clock.now)
    client = graph.connect(connected_to, clock, OrderedChance(), {connected_to.graph: adapter})
    try:
        yield SandboxSide(client, sandbox, clock, adapter)
    finally:
        client.close()


class _Handler(http.server.BaseHTTPRequestHandler):
    """Reads a whole request, notes it, and answers as its server was told."""

    server: Loopback

    def do_GET(self) -> None:
        """Whatever the method."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        watching.WATCH.asked(self.command, self.path, dict(self.headers.items()), body)
        self.server.seen.append(dict(self.headers.items()))
        self.server.lines.append(self.requestline)
        if self.server.raw is None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            self.wfile.write(self.server.raw)
        self.close_connection = True

    do_POST = do_GET  # noqa: N815  the name is http.server's

    def log_message(self, *_: object) -> None:
        """Nothing."""


class Loopback(http.server.ThreadingHTTPServer):
    """A server on a real socket that gives `raw`, or resets the connection after the request when it is None."""

    def __init__(self, raw: bytes | None, certificate: Path | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.raw = raw
        self.seen: list[dict[str, str]] = []
        self.lines: list[str] = []
        self.origin = f"{'https' if certificate else 'http'}://127.0.0.1:{self.server_port}"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what some tests are about."""


def self_signed(file: Path, passphrase: bytes | None = None) -> str:
    """Write a key and a certificate for 127.0.0.1 into one PEM file; gives the certificate's text."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    begin = datetime.now(UTC) - timedelta(hours=1)
    unsigned = x509.CertificateBuilder(name, name, key.public_key(), 1, begin, begin + timedelta(days=1))
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = unsigned.add_extension(address, critical=False).sign(key, hashes.SHA256())
    text = certificate.public_bytes(serialization.Encoding.PEM)
    locked: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        locked = serialization.BestAvailableEncryption(passphrase)
    pkcs8 = serialization.PrivateFormat.PKCS8
    file.write_bytes(key.private_bytes(serialization.Encoding.PEM, pkcs8, locked) + text)
    return text.decode()


@contextmanager
def serving(server: Loopback) -> Iterator[None]:
    """Let a server answer until the block ends."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def on_loopback(raw: bytes | None, certificate: Path | None = None, **changes: Any) -> Iterator[tuple[Side, Loopback]]:
    """The real client, its tokens from the odd tenant, its Graph on a real socket, with TLS by a certificate."""
    server = Loopback(raw, certificate)
    clock, adapter = TurnedClock(), wsgi_adapter.WsgiAdapter(OddTenant(lambda _method, _path: Reply()))
    mounted: dict[str, adapters.BaseAdapter] = {LOGIN: adapter}
    if certificate is None:
        mounted[server.origin] = adapters.HTTPAdapter()
    client = graph.connect(connection(graph=server.origin, **changes), clock, OrderedChance(), mounted)
    with serving(server):
        try:
            yield Side(client, clock, adapter), server
        finally:
            client.close()
