"""Tokens for each registration, through MSAL over our own Session.

MSAL keeps the tokens. It also replays a refused token request from memory for a minute, which would hide a secret that
has been mended: so after any failure its application object is thrown away, and with it that memory.
"""

from __future__ import annotations

import copy
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

import msal

from agent import errors
from agent.graph import login, proofs
from agent.graph.connection import Connection, Credential
from agent.graph.transport import Transport, refuse_inside_transaction

unreachable = login.unreachable

#: learn.microsoft.com/entra/identity-platform/reference-error-codes: what happened, and what to do about it.
_ADVICE = {
    7000215: ("its client secret is wrong", "Copy the secret's value, not its id, into the settings."),
    7000222: (
        "its client secret has expired",
        "Make a new secret or certificate in Entra and put it into the settings.",
    ),
    700016: ("Entra does not know its client id in this tenant", "Check client id and tenant id in the settings."),
    700024: ("the times of its token or certificate are not now", "Check the clock, and that the token is renewed."),
    700027: ("its certificate is not the one that Entra knows", "Upload the public certificate to the registration."),
    700211: ("Entra trusts no token from that issuer", "Check the federated credential of the registration in Entra."),
    700212: ("Entra trusts no token for that audience", "Check the federated credential of the registration in Entra."),
    700213: ("Entra trusts no token of that subject", "Check the federated credential of the registration in Entra."),
    90002: ("Entra does not know the tenant", "Check the tenant id and the cloud in the settings."),
    900023: ("the tenant id is neither a GUID nor a domain", "Check the tenant id in the settings."),
    7000112: ("the registration is switched off", "Enable its enterprise application in Entra."),
    53003: ("a Conditional Access policy blocks it", "Allow this workload identity in Conditional Access."),
}
_NO_IDENTITY = (
    "this machine has no such managed identity",
    "Assign the identity to the machine in Azure, and check client_id in the settings.",
)


class Tokens:
    """Bearer tokens by the registration's name; safe to share among threads."""

    def __init__(self, connection: Connection, transport: Transport) -> None:
        self._connection = connection
        self._login = login.Login(connection.login, transport)
        self._machine = login.Machine(transport)
        self._applications: dict[str, Any] = {}
        self._challenges: dict[str, str] = {}
        self._lent: dict[str, Callable[[], str]] = {}
        self._locks = {name: threading.Lock() for name in connection.registrations}

    def bearer(self, registration: str) -> str:
        """A token for Graph.

        Raises Misconfigured (no such registration, wrong or expired credential, unknown tenant) and TenantUnreachable.
        """
        refuse_inside_transaction()
        if registration in self._lent:
            return self._lent[registration]()
        credential = self.credential(registration)
        with self._locks[registration]:
            try:
                found = self._acquire(registration, credential)
            except errors.AgentError:
                self._applications.pop(registration, None)
                raise
            except Exception as failure:  # noqa: BLE001  MSAL raises ValueError, KeyError and its own, with bodies in them
                found = {"error_description": str(failure)}
            token = found.get("access_token")
            if isinstance(token, str):
                return token
            self._applications.pop(registration, None)
        raise refusal(registration, found, machine=credential.managed_identity is not None)

    def client_id(self, registration: str) -> str:
        """The app id of a registration; raises Misconfigured when the settings name none."""
        return self.credential(registration).client_id

    def forget(self, registration: str, claims: str | None = None) -> None:
        """Ask for a new token next time: Graph did not accept this one. `claims` is what it asked for, as JSON."""
        if registration not in self._locks or registration in self._lent:
            return
        with self._locks[registration]:
            self._applications.pop(registration, None)
            if claims is not None:
                self._challenges[registration] = claims

    def acting(self, registration: str, bearer: Callable[[], str]) -> Tokens:
        """The same tokens, but in a registration's place somebody's own, as `bearer` gives it."""
        mine = copy.copy(self)
        mine._lent = {**self._lent, registration: bearer}
        return mine

    def credential(self, registration: str) -> Credential:
        """The credential of a registration; raises Misconfigured when the settings name none."""
        credential = self._connection.registrations.get(registration)
        if credential is None:
            raise errors.Misconfigured(
                f"The settings name no registration “{registration}”.",
                f"Add its client id and one credential under registrations: {registration}.",
            )
        return credential

    def _acquire(self, registration: str, credential: Credential) -> Mapping[str, Any]:
        application = self._applications.get(registration)
        if application is None:
            application = self._applications[registration] = self._application(registration, credential)
        claims = self._challenges.pop(registration, None)
        if credential.managed_identity is not None:
            found = application.acquire_token_for_client(resource=self._connection.graph, claims_challenge=claims)
        else:
            scopes = [f"{self._connection.graph}/.default"]
            found = application.acquire_token_for_client(scopes, claims_challenge=claims)
        return found if isinstance(found, dict) else {}

    def _application(self, registration: str, credential: Credential) -> Any:
        if credential.managed_identity is None:
            return application(self._connection, registration, self._login)
        one = msal.SystemAssignedManagedIdentity()
        if credential.managed_identity == "user":
            one = msal.UserAssignedManagedIdentity(client_id=credential.client_id)
        return msal.ManagedIdentityClient(one, http_client=self._machine)


def application(connection: Connection, registration: str, http_client: login.Login, **more: Any) -> Any:
    """MSAL's object for a registration with a secret, a certificate or a federated token.

    Raises Misconfigured for a credential that cannot be read, TenantUnreachable when nobody answers.
    """
    credential = connection.registrations[registration]
    return msal.ConfidentialClientApplication(
        credential.client_id,
        client_credential=proofs.of(registration, credential),
        authority=f"{connection.login}/{connection.tenant_id}",
        instance_discovery=False,
        http_client=http_client,
        **more,
    )


def refusal(registration: str, found: Mapping[str, Any], *, machine: bool = False) -> errors.Misconfigured:
    """What the sign-in service or MSAL said, as ours; only the AADSTS number is taken from its text."""
    said = str(found.get("error_description") or found.get("error") or "")
    numbers = [int(number) for number in re.findall(r"AADSTS(\d{1,9})", said)]
    otherwise = ("its credential was not accepted", "Check its client id and credential in the settings.")
    what, advice = next(
        (_ADVICE[number] for number in numbers if number in _ADVICE), _NO_IDENTITY if machine else otherwise
    )
    number = f" (AADSTS{numbers[0]})" if numbers else ""
    reference = str(found.get("correlation_id") or "")
    return errors.Misconfigured(f"The registration “{registration}” gets no token: {what}{number}.", advice, reference)
