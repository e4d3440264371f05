"""Sessions and the tokens that come of them: what an authorization code or a refresh token is still worth.

A session born of a Temporary Access Pass ends with that pass, and every token of the session with it; sessions
proven by a Hello key or a passkey live on
(learn.microsoft.com/entra/identity/authentication/howto-authentication-temporary-access-pass).
The pages in front of this are `sign_in_flow`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from agent.sandbox import errors, records, sign_in_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import activity, conditional_access, microsoft_apps, passes

ACCESS_TOKEN_LIFE = timedelta(minutes=75)
"""A token lives 60 to 90 minutes (learn.microsoft.com/entra/identity-platform/access-tokens); the middle."""

SESSION_LIFE = timedelta(days=90)
CODE_LIFE = timedelta(minutes=10)
FRESH_MFA = timedelta(minutes=10)
"""Proof must be this fresh where a key is registered (learn.microsoft.com/windows/security, Hello provisioning)."""

PASS_GONE = "AADSTS130507: An access pass could not be found or verified for the user."  # noqa: S105 - a message
GRAPH = "https://graph.microsoft.com"
_OPENID = frozenset({"openid", "profile", "offline_access", "email"})


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whoever stands behind an access token that was accepted."""

    user: records.User
    session: sign_in_records.Session
    token: sign_in_records.AccessToken


def open_session(
    tenant: tenants.Tenant, user: records.User, *, amr: list[str], access_pass: records.AccessPass | None
) -> sign_in_records.Session:
    """A new session of this person; with a pass it ends when the pass does."""
    now = tenant.now()
    session = sign_in_records.Session(
        id=tenant.new_secret(32),
        user_id=user.id,
        amr=amr,
        created=now,
        mfa_at=now if "mfa" in amr else None,
        pass_id=access_pass.id if access_pass else None,
        expires=passes.end(access_pass) if access_pass else now + SESSION_LIFE,
        modes=conditional_access.modes_of(amr, one_time=access_pass is not None and access_pass.one_time),
    )
    tenant.sign_ins.sessions[session.id] = session
    return session


def problem_of(tenant: tenants.Tenant, session_id: str) -> str | None:
    """Why a session is worth nothing any more, as AADSTS text, or `None` while it lives."""
    session = tenant.sign_ins.sessions.get(session_id)
    if session is None or session.revoked:
        return "AADSTS50173: The provided grant has expired due to it being revoked, a fresh auth token is needed."
    user = tenant.directory.users.get(session.user_id)
    if user is None or not user.enabled:
        return "AADSTS50057: The user account is disabled."
    if session.pass_id is not None and not _pass_lives(tenant, session):
        return PASS_GONE
    if user.sessions_valid_from is not None and session.created < user.sessions_valid_from:
        return "AADSTS50173: The provided grant has expired due to it being revoked, a fresh auth token is needed."
    if session.expires is not None and tenant.now() >= session.expires:
        return "AADSTS700082: The refresh token has expired due to inactivity."
    return None


def _pass_lives(tenant: tenants.Tenant, session: sign_in_records.Session) -> bool:
    current = tenant.credentials.passes.get(session.user_id)
    return current is not None and current.id == session.pass_id and tenant.now() < passes.end(current)


def live_session(tenant: tenants.Tenant, session_id: str | None) -> sign_in_records.Session | None:
    """The session of that id while it is worth something."""
    if not session_id or problem_of(tenant, session_id):
        return None
    return tenant.sign_ins.sessions[session_id]


def freshly_proven(tenant: tenants.Tenant, session: sign_in_records.Session) -> bool:
    """Whether MFA was met at most 10 minutes ago, as registering a key demands."""
    return session.mfa_at is not None and tenant.now() - session.mfa_at <= FRESH_MFA


def sign_out_everywhere(tenant: tenants.Tenant, user: records.User) -> None:
    """End every session of the person and move `signInSessionsValidFromDateTime` to now."""
    user.sessions_valid_from = tenant.now()
    for session in tenant.sign_ins.sessions.values():
        if session.user_id == user.id:
            session.revoked = True


def redeem_code(tenant: tenants.Tenant, form: Mapping[str, str]) -> dict[str, Any]:
    """The token response for an authorization code, once; raises `errors.TokenError`."""
    grant = tenant.sign_ins.code_grants.pop(form.get("code", ""), None)
    if grant is None or grant.expires < tenant.now() or grant.client_id != form.get("client_id"):
        raise errors.TokenError("invalid_grant", "AADSTS70008: The provided authorization code has expired.")
    if grant.redirect_uri != form.get("redirect_uri"):
        raise errors.TokenError("invalid_grant", "AADSTS500112: The reply address does not match.")
    if grant.code_challenge and not _verifies(grant, form.get("code_verifier", "")):
        raise errors.TokenError("invalid_grant", "AADSTS501481: The Code_Verifier does not match the code_challenge.")
    return tokens(tenant, grant.session_id, client_id=grant.client_id, scope=grant.scope, nonce=grant.nonce)


def _verifies(grant: sign_in_records.CodeGrant, verifier: str) -> bool:
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    shown = verifier if grant.plain_challenge else digest
    return hmac.compare_digest(shown.encode(), (grant.code_challenge or "").encode())


def refresh(tenant: tenants.Tenant, form: Mapping[str, str]) -> dict[str, Any]:
    """The token response for a refresh token; raises `errors.TokenError`, with AADSTS130507 when its pass is gone."""
    known = tenant.sign_ins.refresh_tokens.get(form.get("refresh_token", ""))
    if known is None or known.client_id != form.get("client_id"):
        raise errors.TokenError("invalid_grant", "AADSTS9002313: Invalid request. Request is malformed or invalid.")
    problem = problem_of(tenant, known.session_id)
    if problem:
        _log_refusal(tenant, known, problem)
        raise errors.TokenError("invalid_grant", problem)
    scope = form.get("scope") or known.scope
    registration = tenant.directory.registrations.get(known.client_id)
    audience, asked = asked_scopes(scope)
    granted = {".default", *registration.delegated} if registration else asked
    if audience in graph_audiences(tenant) and asked - granted:
        raise errors.TokenError("invalid_grant", "AADSTS65001: The user or administrator has not consented.")
    _check_access(tenant, known, audience)
    return tokens(tenant, known.session_id, client_id=known.client_id, scope=scope, nonce=None)


def _check_access(tenant: tenants.Tenant, token: sign_in_records.RefreshToken, resource: str) -> None:
    """Conditional Access is asked again for each resource; raises `errors.TokenError` where the person must act."""
    session = tenant.sign_ins.sessions[token.session_id]
    scene = conditional_access.of_renewal(tenant, session, resource)
    missing = conditional_access.unmet(tenant, conditional_access.covering(tenant, scene), session.modes, scene)
    if missing:
        number = conditional_access.number_of(missing)
        raise errors.TokenError("interaction_required", f"AADSTS{number}: {activity.FAILURE_REASONS[number]}")


def _log_refusal(tenant: tenants.Tenant, token: sign_in_records.RefreshToken, problem: str) -> None:
    user = tenant.directory.users.get(token.user_id)
    app = microsoft_apps.BY_ID.get(token.client_id)
    if user is not None and problem == PASS_GONE:
        name = app.name if app else token.client_id
        attempt = activity.Attempt(user, token.client_id, name, error_code=130507, interactive=False)
        activity.record_sign_in(tenant, attempt)


def tokens(tenant: tenants.Tenant, session_id: str, *, client_id: str, scope: str, nonce: str | None) -> dict[str, Any]:
    """The token response for a session that lives; raises `errors.TokenError`. Scopes come back as they were asked."""
    problem = problem_of(tenant, session_id)
    if problem:
        raise errors.TokenError("invalid_grant", problem)
    session = tenant.sign_ins.sessions[session_id]
    user = tenant.directory.users[session.user_id]
    access = _access_token(tenant, session, client_id=client_id, scope=scope)
    answer: dict[str, Any] = {
        "token_type": "Bearer",
        "scope": _granted_words(access, scope),
        "expires_in": int((access.expires - tenant.now()).total_seconds()),
        "ext_expires_in": int((access.expires - tenant.now()).total_seconds()),
        "access_token": access.token,
    }
    words = scope.split()
    if "offline_access" in words:
        answer["refresh_token"] = _refresh_token(tenant, session, client_id=client_id, scope=scope).token
    if "openid" in words:
        answer["id_token"] = tenant.signer.sign(
            _claims(tenant, user, session, audience=client_id, expires=access.expires)
            | ({"nonce": nonce} if nonce else {})
            | {"name": user.display_name, "preferred_username": user.upn}
        )
        answer["client_info"] = _client_info(tenant, user)
    return answer


def _client_info(tenant: tenants.Tenant, user: records.User) -> str:
    raw = f'{{"uid":"{user.id}","utid":"{tenant.id}"}}'.encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _access_token(
    tenant: tenants.Tenant, session: sign_in_records.Session, *, client_id: str, scope: str
) -> sign_in_records.AccessToken:
    audience, permissions = _audience(tenant, client_id, scope)
    expires = min(tenant.now() + ACCESS_TOKEN_LIFE, session.expires or datetime.max.replace(tzinfo=tenant.now().tzinfo))
    user = tenant.directory.users[session.user_id]
    claims = _claims(tenant, user, session, audience=audience, expires=expires)
    text = tenant.signer.sign(
        claims | {"appid": client_id, "scp": " ".join(sorted(permissions)), "uti": tenant.new_secret(22)}
    )
    token = sign_in_records.AccessToken(
        token=text,
        app_id=client_id,
        kind="delegated",
        permissions=permissions,
        expires=expires,
        audience=audience,
        user_id=user.id,
        session_id=session.id,
    )
    tenant.sign_ins.access_tokens[text] = token
    return token


def _granted_words(access: sign_in_records.AccessToken, scope: str) -> str:
    """Granted scopes, the resource before each where the app asked so: clients find their tokens by these words."""
    asked = scope.split()
    prefix = next((word.rsplit("/", 1)[0] + "/" for word in asked if "/" in word), "")
    named = sorted(access.permissions - _OPENID) + ([".default"] if f"{prefix}.default" in asked else [])
    return " ".join([*(f"{prefix}{word}" for word in named), *(word for word in asked if word in _OPENID)])


def graph_audiences(tenant: tenants.Tenant) -> tuple[str, str]:
    """By what names Graph goes as a resource: Microsoft's, and the address it is really served at."""
    return GRAPH, tenant.origin


def asked_scopes(scope: str) -> tuple[str, set[str]]:
    """The resource of a scope text and the scopes asked of it, OpenID's own words apart."""
    named = [word for word in scope.split() if word not in _OPENID]
    resource = next((word.rsplit("/", 1)[0] for word in named if "/" in word), GRAPH)
    return resource.rstrip("/"), {word.rsplit("/", 1)[-1] for word in named}


def _audience(tenant: tenants.Tenant, client_id: str, scope: str) -> tuple[str, frozenset[str]]:
    resource, asked = asked_scopes(scope)
    if resource not in graph_audiences(tenant):
        return resource, frozenset()
    registration = tenant.directory.registrations.get(client_id)
    granted = registration.delegated if registration else set()
    return resource, frozenset(granted if ".default" in asked or not asked else granted & asked)


def _refresh_token(
    tenant: tenants.Tenant, session: sign_in_records.Session, *, client_id: str, scope: str
) -> sign_in_records.RefreshToken:
    expires = session.expires or tenant.now() + SESSION_LIFE
    token = sign_in_records.RefreshToken(
        tenant.new_secret(64), client_id, session.user_id, session.id, scope=scope, expires=expires
    )
    tenant.sign_ins.refresh_tokens[token.token] = token
    return token


def _claims(
    tenant: tenants.Tenant, user: records.User, session: sign_in_records.Session, *, audience: str, expires: datetime
) -> dict[str, Any]:
    issued = int(tenant.now().timestamp())
    return {
        "aud": audience,
        "iss": f"{tenant.origin}/{tenant.id}/v2.0",
        "iat": issued,
        "nbf": issued,
        "exp": int(expires.timestamp()),
        "amr": session.amr,
        "oid": user.id,
        "sub": user.id,
        "tid": tenant.id,
        "upn": user.upn,
        "ver": "2.0",
    }


def bearer(tenant: tenants.Tenant, token: str, audience: str) -> Bearer:
    """Whoever holds this access token for this audience; raises `errors.TokenError` (401) when it is worth nothing."""
    known = tenant.sign_ins.access_tokens.get(token)
    if known is None or known.audience != audience or known.session_id is None or known.user_id is None:
        raise errors.TokenError("invalid_token", "AADSTS50013: The token is not one for this service.", status=401)
    problem = problem_of(tenant, known.session_id)
    if problem:
        raise errors.TokenError("invalid_token", problem, status=401)
    if known.expires <= tenant.now():
        raise errors.TokenError("invalid_token", "AADSTS500133: The token has expired.", status=401)
    session = tenant.sign_ins.sessions[known.session_id]
    return Bearer(tenant.directory.users[known.user_id], session, known)
