"""A small browser for the virtual devices: cookies, redirects, forms; over a transport that is passed in.

A transport carries one request to the tenant: either the WSGI app in this process, or TLS to a served one.
The browser follows redirects inside the tenant and stops at any other address (an app's own redirect URI).
"""

from __future__ import annotations

import http.client
import io
import json
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote_to_bytes, urlencode, urljoin, urlsplit

from agent.sandbox import errors

PATIENCE_SECONDS = 60
MOST_REDIRECTS = 10


class Unreachable(Exception):
    """The tenant did not answer, or broke off in the middle."""


@dataclass(frozen=True)
class HttpRequest:
    """One request: method, absolute address, headers, body. The body may hold a code, so it is not in `repr`."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class HttpResponse:
    """One answer: status, headers in order (a cookie may be set twice), body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)

    def header(self, name: str) -> str:
        """The first header of that name in any letter case, or the empty string."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def json(self) -> Any:
        """The body read as JSON; an empty dict when it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return {}


Transport = Callable[[HttpRequest], HttpResponse]
WsgiApp = Callable[..., Iterable[bytes]]


def through_wsgi(app: WsgiApp) -> Transport:
    """A transport that calls a WSGI app in this process. `Unreachable` where a scripted fault cuts the connection."""

    def send(request: HttpRequest) -> HttpResponse:
        answer: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], _exc: Any = None) -> None:
            answer["status"] = int(status.split(" ", 1)[0])
            answer["headers"] = tuple(headers)

        try:
            body = _whole(app(_environ(request), start_response))
        except errors.ConnectionCut:
            raise Unreachable("The connection was cut.") from None
        return HttpResponse(answer["status"], answer["headers"], body)

    return send


def _whole(chunks: Iterable[bytes]) -> bytes:
    try:
        return b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close:
            close()


def _environ(request: HttpRequest) -> dict[str, Any]:
    parts = urlsplit(request.url)
    secure = parts.scheme == "https"
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": http_path(parts.path),
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname or "localhost",
        "SERVER_PORT": str(parts.port or (443 if secure else 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": parts.netloc,
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    return environ


def http_path(path: str) -> str:
    """The path as WSGI wants it: percent signs resolved, bytes carried as Latin-1 (PEP 3333)."""

    return unquote_to_bytes(path or "/").decode("latin-1")


def through_tls(ca_file: str | Path) -> Transport:
    """A transport over HTTPS that trusts only the certificates in `ca_file`. `Unreachable` when nobody answers."""
    trust = ssl.create_default_context(cafile=str(ca_file))

    def send(request: HttpRequest) -> HttpResponse:
        parts = urlsplit(request.url)
        line = http.client.HTTPSConnection(
            parts.hostname or "localhost", parts.port or 443, timeout=PATIENCE_SECONDS, context=trust
        )
        try:
            target = parts.path or "/"
            line.request(
                request.method,
                f"{target}?{parts.query}" if parts.query else target,
                body=request.body,
                headers=dict(request.headers),
            )
            answer = line.getresponse()
            return HttpResponse(answer.status, tuple(answer.getheaders()), answer.read())
        except (OSError, http.client.HTTPException) as cut:
            # The cause is left out: it could hold what was sent.
            raise Unreachable(f"The tenant cannot be reached ({type(cut).__name__}).") from None
        finally:
            line.close()

    return send


@dataclass
class Form:
    """A form of a page: its name (`data-form`), where it goes, and its fields with the values they came with."""

    name: str
    action: str
    method: str
    fields: dict[str, str]


@dataclass
class Page:
    """What the browser shows. `name` is the page's kind, `problem` the error shown (number and text).

    At an address outside the tenant nothing is fetched: `left_for` holds it, with `answers` its query.
    """

    url: str
    status: int
    name: str = ""
    problem_code: str = ""
    problem: str = ""
    nonce: str = ""
    forms: list[Form] = field(default_factory=list)
    rows: list[dict[str, str]] = field(default_factory=list)
    left_for: str = ""

    @property
    def answers(self) -> dict[str, str]:
        """The query of the address the page sent the browser away to."""
        return {key: values[0] for key, values in parse_qs(urlsplit(self.left_for).query).items()}

    def form(self, name: str) -> Form | None:
        """The form of that name, or `None` when the page does not offer it."""
        return next((form for form in self.forms if form.name == name), None)


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self._in_problem = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {key: value or "" for key, value in attrs}
        if "data-page" in found:
            self.page.name = found["data-page"]
            self.page.nonce = found.get("data-nonce", "")
        if "data-problem" in found:
            self.page.problem_code = found["data-problem"]
            self._in_problem = True
        if "data-row" in found:
            self.page.rows.append({key[5:]: value for key, value in found.items() if key.startswith("data-")})
        if tag == "form":
            action = urljoin(self.page.url, found.get("action", ""))
            self.page.forms.append(Form(found.get("data-form", ""), action, found.get("method", "get"), {}))
        elif tag in {"input", "button"} and self.page.forms and found.get("name"):
            self.page.forms[-1].fields[found["name"]] = found.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._in_problem:
            self.page.problem += data.strip()

    def handle_endtag(self, tag: str) -> None:
        if tag == "p":
            self._in_problem = False


class Browser:
    """One window with its own cookies. `origin` is the tenant's, `address` where it stands in the network.

    `system` is what it runs on, told to every page; empty where nothing turns on it.
    """

    def __init__(self, transport: Transport, origin: str, address: str = "", system: str = "") -> None:
        self.origin = origin.rstrip("/")
        self._address = address
        self._system = system
        self._transport = transport
        self._cookies: dict[str, str] = {}

    def open(self, path: str, query: Mapping[str, str] | None = None) -> Page:
        """The page at a path of the tenant, redirects followed."""
        address = urljoin(self.origin + "/", path)
        return self._visit("GET", f"{address}?{urlencode(query)}" if query else address, b"")

    def submit(self, form: Form, values: Mapping[str, str]) -> Page:
        """Sends a form with its own hidden fields and these values."""
        return self._visit(form.method.upper(), form.action, urlencode({**form.fields, **values}).encode())

    def call(self, path: str, body: Any, token: str = "") -> HttpResponse:
        """An app's own request with a JSON body, without cookies; `token` goes as the bearer."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        address = urljoin(self.origin + "/", path)
        return self._transport(HttpRequest("POST", address, headers, json.dumps(body).encode()))

    def token(self, tenant_id: str, form: Mapping[str, str]) -> HttpResponse:
        """A request to the tenant's token endpoint."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        address = f"{self.origin}/{tenant_id}/oauth2/v2.0/token"
        return self._transport(HttpRequest("POST", address, headers, urlencode(form).encode()))

    def _visit(self, method: str, url: str, body: bytes) -> Page:
        for _ in range(MOST_REDIRECTS):
            if not url.startswith(self.origin + "/"):
                return Page(url=self.origin, status=302, left_for=url)
            answer = self._transport(HttpRequest(method, url, self._headers(body), body))
            self._keep_cookies(answer)
            if answer.status not in {301, 302, 303, 307, 308}:
                return self._read(url, answer)
            url, method, body = urljoin(url, answer.header("Location")), "GET", b""
        raise Unreachable(f"More than {MOST_REDIRECTS} redirects in a row.")

    def _headers(self, body: bytes) -> dict[str, str]:
        headers = {"Accept": "text/html"} | ({"X-Forwarded-For": self._address} if self._address else {})
        headers |= {"User-Agent": self._system} if self._system else {}
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        return headers

    def _keep_cookies(self, answer: HttpResponse) -> None:
        for key, value in answer.headers:
            if key.lower() != "set-cookie":
                continue
            name, _, content = value.split(";", 1)[0].partition("=")
            if content and "max-age=0" not in value.lower():
                self._cookies[name.strip()] = content.strip()
            else:
                self._cookies.pop(name.strip(), None)

    @staticmethod
    def _read(url: str, answer: HttpResponse) -> Page:
        page = Page(url=url, status=answer.status)
        _Reader(page).feed(answer.body.decode(errors="replace"))
        return page
