"""An operator's own sign-in, in their own browser: who they are, or a token that acts in their name.

    `operators`  identifies and no more: its id token is checked and thrown away
    `issuer`     (or another registration) gives a delegated token, so that Entra's own rules for the operator hold

The browser's way is an authorization code with PKCE that comes back to http://localhost on a free port; a device code
is used only where the settings say so, because it can be phished.
learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow and /v2-oauth2-device-code
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msal

from agent import errors, ports
from agent.graph import answers, auth, id_tokens, login, loopback, urls
from agent.graph.connection import Connection
from agent.graph.transport import Transport, refuse_inside_transaction

OPERATORS = "operators"
#: So long a person may take over it.
PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signed in, as a checked id token says; `roles` are the registration's app roles."""

    object_id: str
    user_name: str
    name: str
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delegated:
    """Who signed in, and the token in their name: `bearer` gives it, renewed while Entra allows."""

    identity: Identity
    bearer: Callable[[], str] = field(repr=False)


class SignIns:
    """The operators' ways in."""

    def __init__(self, connection: Connection, transport: Transport, clock: ports.Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._login = login.Login(connection.login, transport)
        base = f"{connection.login}/{connection.tenant_id}"
        self._issuer = f"{base}/v2.0"
        self._keys = id_tokens.Keys(f"{base}/discovery/v2.0/keys", transport, clock)

    def identify(self, shown: ports.Shown) -> Identity:
        """Who sits there, by the registration `operators`, which has no rights in Graph.

        Raises Refused (nobody signed in, or a token that cannot be trusted), Misconfigured and TenantUnreachable.
        """
        return self._signed_in(OPERATORS, (), shown).identity

    def delegated(
        self, registration: str, permissions: Sequence[str], shown: ports.Shown, *, known: str = ""
    ) -> Delegated:
        """A token with these delegated permissions in the operator's name; raises as `identify` does.

        `known` is the user name of somebody who signed in a moment ago: their browser then asks them nothing. Who
        answered is for the caller to compare.
        """
        scopes = tuple(f"{self._connection.graph}/{permission}" for permission in permissions)
        return self._signed_in(registration, scopes, shown, known)

    def _signed_in(self, registration: str, scopes: Sequence[str], shown: ports.Shown, known: str = "") -> Delegated:
        refuse_inside_transaction()
        application = self._application(registration, renewable=bool(scopes))
        try:
            if self._connection.sign_in == "device_code":
                found, nonce = self._by_device_code(application, list(scopes), shown)
            else:
                found, nonce = self._by_browser(application, list(scopes), shown, known)
        except errors.AgentError:
            raise
        except Exception:  # noqa: BLE001  MSAL raises ValueError, KeyError and its own, with answers in them
            found, nonce = None, None
        if found is None:
            raise errors.Refused(
                "What came back belongs to another sign-in, or is none.", "Sign in again.", codes=("sign_in",)
            )
        identity = self._identity(registration, found, nonce)
        return Delegated(identity, lambda: _renewed(application, scopes))

    def _application(self, registration: str, *, renewable: bool) -> Any:
        held = self._connection.registrations.get(registration)
        if held is None or held.managed_identity is not None:
            raise errors.Misconfigured(
                f"Nobody can sign in by the registration “{registration}”: "
                + ("a managed identity is no app of its own." if held else "the settings name none."),
                f"Give {registration} a client id and a certificate, a secret or a federated token.",
            )
        more: dict[str, Any] = {} if renewable else {"exclude_scopes": ["offline_access"]}
        if self._connection.sign_in != "device_code":
            return auth.application(self._connection, registration, self._login, **more)
        authority = f"{self._connection.login}/{self._connection.tenant_id}"
        return msal.PublicClientApplication(
            held.client_id, authority=authority, instance_discovery=False, http_client=self._login, **more
        )

    def _by_browser(
        self, application: Any, scopes: list[str], shown: ports.Shown, known: str
    ) -> tuple[Mapping[str, Any], str | None]:
        """(what came of it, the nonce that its id token must repeat)."""
        asks = {"login_hint": known} if known else {"prompt": "select_account"}
        with loopback.Landing() as landing:
            flow = application.initiate_auth_code_flow(
                scopes, redirect_uri=landing.address, response_mode="form_post", **asks
            )
            nonce = parse_qs(urlsplit(flow["auth_uri"]).query).get("nonce", [""])[0]
            shown.browser(flow["auth_uri"])
            answer = landing.wait(PATIENCE_SECONDS)
        return application.acquire_token_by_auth_code_flow(flow, answer), nonce

    def _by_device_code(
        self, application: Any, scopes: list[str], shown: ports.Shown
    ) -> tuple[Mapping[str, Any], None]:
        flow = application.initiate_device_flow(scopes)
        if "user_code" not in flow:
            return flow, None
        shown.device_code(str(flow.get("verification_uri", "")), str(flow["user_code"]))
        return self._polled(application, flow), None

    def _polled(self, application: Any, flow: dict[str, Any]) -> Mapping[str, Any]:
        """Ask until the person has typed the code; by our clock, so MSAL is let ask once at a time."""
        interval, waited = float(flow.get("interval", 5)), 0.0
        while True:
            found: Mapping[str, Any] = application.acquire_token_by_device_flow(flow, exit_condition=lambda _: True)
            if found.get("error") not in {"authorization_pending", "slow_down"} or waited > PATIENCE_SECONDS:
                return found
            self._clock.wait(interval)
            waited += interval

    def _identity(self, registration: str, found: Mapping[str, Any], nonce: str | None) -> Identity:
        token = found.get("id_token")
        if not isinstance(token, str):
            raise _not_signed_in(registration, found)
        audience = self._connection.registrations[registration].client_id
        expected = id_tokens.Expected(self._issuer, audience, self._connection.tenant_id, nonce)
        claims = id_tokens.checked(token, expected, self._keys, self._clock.now())
        object_id = answers.text(claims, "oid")
        if not urls.is_guid(object_id):
            raise errors.Refused(
                "The sign-in does not say who signed in.",
                "Sign in with an account of this tenant.",
                codes=("id_token",),
            )
        return Identity(
            object_id.lower(),
            answers.text(claims, "preferred_username"),
            answers.text(claims, "name"),
            _texts(claims, "roles"),
            _texts(claims, "groups"),
        )


def _renewed(application: Any, scopes: Sequence[str]) -> str:
    """The token, from MSAL's memory or by its refresh token; raises Refused when Entra wants to see the person."""
    accounts = application.get_accounts()
    found = application.acquire_token_silent(list(scopes), accounts[0]) if accounts else None
    token = (found or {}).get("access_token")
    if not isinstance(token, str):
        raise errors.Refused(
            "Your sign-in has ended.",
            "Sign in again.",
            str((found or {}).get("correlation_id", "")),
            codes=("sign_in",),
        )
    return token


def _texts(claims: answers.Row, name: str) -> tuple[str, ...]:
    value = claims.get(name)
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _not_signed_in(registration: str, found: Mapping[str, Any]) -> errors.AgentError:
    """Why there is no id token: the person's doing, or the registration's."""
    gone = {"access_denied", "authorization_declined", "expired_token", "authorization_pending", "consent_required"}
    if found.get("error") in gone:
        return errors.Refused("Nobody signed in.", "Start again, and agree when Microsoft asks.", codes=("sign_in",))
    return auth.refusal(registration, found)
