"""Where MSAL's requests go: through our one Session, to the sign-in service or to this machine's identity endpoint.

MSAL takes these for HTTP clients. Neither lets a credential go to another host than it is meant for, and what is no
answer of theirs (a captive portal, an error page) becomes our error here and never reaches MSAL's parser.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from agent import errors
from agent.graph import answers
from agent.graph.transport import Answer, Silence, Transport

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Login:
    """What MSAL takes for an HTTP client: our transport, held to the login origin."""

    who = "The sign-in service of the tenant"

    def __init__(self, origin: str, transport: Transport) -> None:
        self._origin = _origin(origin)
        self._transport = transport

    def get(
        self, url: str, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None, **_: Any
    ) -> LoginAnswer:
        """A discovery document."""
        return self._send("GET", url + (f"?{urlencode(params)}" if params else ""), headers or {}, None)

    def post(
        self, url: str, data: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None, **_: Any
    ) -> LoginAnswer:
        """A token request; MSAL may leave `params` empty, which adds nothing."""
        form = urlencode({key: value for key, value in (data or {}).items() if value is not None})
        return self._send("POST", url, {**_FORM, **(headers or {})}, form)

    def close(self) -> None:
        """Nothing: the transport is closed by its owner."""

    def _exchange(self, method: str, url: str, headers: Mapping[str, str], body: str | None) -> Answer | Silence:
        if _origin(url) != self._origin:
            raise errors.TenantUnreachable(
                "The sign-in service named another host for its tokens.", "Check login and tenant in the settings."
            )
        return self._transport.exchange(method, url, headers, body)

    def _send(self, method: str, url: str, headers: Mapping[str, str], body: str | None) -> LoginAnswer:
        answer = self._exchange(method, url, {k: v for k, v in headers.items() if v is not None}, body)
        if isinstance(answer, Silence):
            raise unreachable(self.who, answer)
        if answer.status == 429 or answer.status >= 500:
            raise errors.TenantUnreachable(
                f"{self.who} answered {answer.status}.", "Try again in a few minutes.", answer.reference
            )
        if answer.status < 400 and (answer.status >= 300 or answers.content(answer) is None):
            raise errors.TenantUnreachable(
                f"What answered is not {self.who[0].lower()}{self.who[1:]}, but perhaps a captive portal.",
                "Check the network, and proxy in the settings.",
                answer.reference,
            )
        return LoginAnswer(answer)


class Machine(Login):
    """What MSAL asks for a managed identity: an endpoint of this machine, past any proxy, and nowhere else.

    learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token and
    learn.microsoft.com/azure/app-service/overview-managed-identity: link-local or loopback addresses.
    """

    who = "The identity endpoint of this machine"

    def __init__(self, transport: Transport) -> None:
        super().__init__("", transport)

    def _exchange(self, method: str, url: str, headers: Mapping[str, str], body: str | None) -> Answer | Silence:
        if not _is_near(urlsplit(url).hostname or ""):
            raise errors.Misconfigured(
                "The environment names an identity endpoint that is not on this machine.",
                "Managed identities work on Azure's machines only; use another credential elsewhere.",
            )
        return self._transport.exchange(method, url, headers, body, direct=True)


class LoginAnswer:
    """What MSAL takes for an HTTP response."""

    def __init__(self, answer: Answer) -> None:
        self.status_code = answer.status
        self.headers = answer.headers
        self.text = answer.body.decode("utf-8", errors="replace")


def unreachable(who: str, silence: Silence) -> errors.TenantUnreachable:
    """The error for a tenant or sign-in service that cannot be reached; `who` begins the sentence."""
    return errors.TenantUnreachable(
        f"{who} cannot be reached: {silence.why}.",
        "Check network, proxy and addresses in the settings; start the sandbox, if it is that, with: tapslip sandbox",
        silence.reference,
    )


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or 443


def _is_near(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_link_local
