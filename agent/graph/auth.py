"""Tokens for each registration, through MSAL over our own Session.

MSAL keeps the tokens. It also replays a refused token request from memory for a minute, which would hide a secret that
has been mended: so after any failure its application object is thrown away, and with it that memory.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import msal

from agent import errors
from agent.graph import answers
from agent.graph.connection import Connection, Credential
from agent.graph.transport import Answer, Silence, Transport, refuse_inside_transaction

#: learn.microsoft.com/entra/identity-platform/reference-error-codes: what happened, and what to do about it.
_ADVICE = {
    7000215: ("its client secret is wrong", "Copy the secret's value, not its id, into the settings."),
    7000222: (
        "its client secret has expired",
        "Make a new secret or certificate in Entra and put it into the settings.",
    ),
    700016: ("Entra does not know its client id in this tenant", "Check client id and tenant id in the settings."),
    700027: ("its certificate is not the one that Entra knows", "Upload the public certificate to the registration."),
    90002: ("Entra does not know the tenant", "Check the tenant id and the cloud in the settings."),
    900023: ("the tenant id is neither a GUID nor a domain", "Check the tenant id in the settings."),
    7000112: ("the registration is switched off", "Enable its enterprise application in Entra."),
    53003: ("a Conditional Access policy blocks it", "Allow this workload identity in Conditional Access."),
}


class Tokens:
    """Bearer tokens by the registration's name; safe to share among threads."""

    def __init__(self, connection: Connection, transport: Transport) -> None:
        self._connection = connection
        self._login = _Login(connection.login, transport)
        self._applications: dict[str, Any] = {}
        self._locks = {name: threading.Lock() for name in connection.registrations}

    def bearer(self, registration: str) -> str:
        """A token for Graph.

        Raises Misconfigured (no such registration, wrong or expired credential, unknown tenant) and TenantUnreachable.
        """
        refuse_inside_transaction()
        credential = self.credential(registration)
        with self._locks[registration]:
            try:
                application = self._applications.get(registration) or self._application(registration, credential)
                found = application.acquire_token_for_client([f"{self._connection.graph}/.default"])
            except errors.AgentError:
                self._applications.pop(registration, None)
                raise
            except Exception as failure:  # noqa: BLE001  MSAL raises ValueError, KeyError and its own, with bodies in them
                found = {"error_description": str(failure)}
            token = found.get("access_token")
            if isinstance(token, str):
                return token
            self._applications.pop(registration, None)
        raise _refusal(registration, found)

    def client_id(self, registration: str) -> str:
        """The app id of a registration; raises Misconfigured when the settings name none."""
        return self.credential(registration).client_id

    def forget(self, registration: str) -> None:
        """Ask for a new token next time: Graph did not accept this one."""
        with self._locks[registration]:
            self._applications.pop(registration, None)

    def credential(self, registration: str) -> Credential:
        """The credential of a registration; raises Misconfigured when the settings name none."""
        credential = self._connection.registrations.get(registration)
        if credential is None:
            raise errors.Misconfigured(
                f"The settings name no registration “{registration}”.",
                f"Add its client id and one credential under registrations: {registration}.",
            )
        return credential

    def _application(self, registration: str, credential: Credential) -> Any:
        application = msal.ConfidentialClientApplication(
            credential.client_id,
            client_credential=_proof(registration, credential),
            authority=f"{self._connection.login}/{self._connection.tenant_id}",
            instance_discovery=False,
            http_client=self._login,
        )
        self._applications[registration] = application
        return application


class _Login:
    """What MSAL takes for an HTTP client: our transport, held to the login origin."""

    def __init__(self, origin: str, transport: Transport) -> None:
        self._origin = _origin(origin)
        self._transport = transport

    def get(
        self, url: str, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None, **_: Any
    ) -> _LoginAnswer:
        """A discovery document."""
        return self._send("GET", url + (f"?{urlencode(params)}" if params else ""), headers or {}, None)

    def post(
        self, url: str, data: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None, **_: Any
    ) -> _LoginAnswer:
        """A token request; MSAL may leave `params` empty, which adds nothing."""
        form = urlencode({key: value for key, value in (data or {}).items() if value is not None})
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._send("POST", url, {**kind, **(headers or {})}, form)

    def close(self) -> None:
        """Nothing: the transport is closed by its owner."""

    def _send(self, method: str, url: str, headers: Mapping[str, str], body: str | None) -> _LoginAnswer:
        if _origin(url) != self._origin:
            raise errors.TenantUnreachable(
                "The sign-in service named another host for its tokens.", "Check login and tenant in the settings."
            )
        answer = self._transport.exchange(method, url, {k: v for k, v in headers.items() if v is not None}, body)
        if isinstance(answer, Silence):
            raise unreachable("The sign-in service of the tenant", answer)
        if answer.status == 429 or answer.status >= 500:
            raise errors.TenantUnreachable(
                f"The sign-in service of the tenant answered {answer.status}.",
                "Try again in a few minutes.",
                answer.reference,
            )
        if answer.status < 400 and (answer.status >= 300 or answers.content(answer) is None):
            raise errors.TenantUnreachable(
                "What answered is not the sign-in service of the tenant, but perhaps a captive portal.",
                "Check the network, and proxy in the settings.",
                answer.reference,
            )
        return _LoginAnswer(answer)


class _LoginAnswer:
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


def _proof(registration: str, credential: Credential) -> str | dict[str, str]:
    """The credential in MSAL's form: a secret, or private key and certificate out of one PEM file."""
    if credential.secret is not None:
        return credential.secret.expose()
    pem = _pem(registration, credential.certificate_file or "")
    key = re.search(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", pem, re.DOTALL)
    certificate = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", pem, re.DOTALL)
    if key is None or certificate is None:
        raise errors.Misconfigured(
            f"The certificate file of the registration “{registration}” lacks its private key or its certificate.",
            "Put both, in PEM, into the one file.",
        )
    proof = {"private_key": key.group(), "public_certificate": certificate.group()}
    if credential.passphrase is not None:
        proof["passphrase"] = credential.passphrase.expose()
    return proof


def _pem(registration: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii")
    except (OSError, ValueError):
        pass
    raise errors.Misconfigured(
        f"The certificate file of the registration “{registration}” cannot be read.",
        "Give it a client secret, or a readable PEM file with private key and certificate.",
    )


def _refusal(registration: str, found: Mapping[str, Any]) -> errors.Misconfigured:
    """What the sign-in service or MSAL said, as ours; only the AADSTS number is taken from its text."""
    said = str(found.get("error_description") or found.get("error") or "")
    numbers = [int(number) for number in re.findall(r"AADSTS(\d+)", said)]
    what, advice = next(
        (_ADVICE[number] for number in numbers if number in _ADVICE),
        ("its credential was not accepted", "Check its client id and credential in the settings."),
    )
    number = f" (AADSTS{numbers[0]})" if numbers else ""
    reference = str(found.get("correlation_id") or "")
    return errors.Misconfigured(f"The registration “{registration}” gets no token: {what}{number}.", advice, reference)
