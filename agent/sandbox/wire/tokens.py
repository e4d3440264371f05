"""The token endpoint, the OpenID discovery document and the keys.

Client credentials by secret or by certificate are judged here (assertions by `assertions`); authorization codes
and refresh tokens by `areas.sign_in`, after the client has proven itself. Errors carry Microsoft's AADSTS numbers
(learn.microsoft.com/entra/identity-platform/reference-error-codes).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import flask

from agent.sandbox import errors, records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import sign_in
from agent.sandbox.wire import assertions

GRAPH = "https://graph.microsoft.com"
LIFE = timedelta(seconds=3599)
"""What an app-only token is given (learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow)."""


def blueprint(host: tenants.Tenant) -> flask.Blueprint:
    """The token endpoint, `.well-known/openid-configuration` and `discovery/v2.0/keys`, each below `/{tenant}`."""
    pages = flask.Blueprint("tokens", __name__)
    pages.add_url_rule("/<tenant>/oauth2/v2.0/token", "token", lambda tenant: _token(host, tenant), methods=["POST"])
    pages.add_url_rule(
        "/<tenant>/v2.0/.well-known/openid-configuration", "openid", lambda tenant: _openid(host, tenant)
    )
    pages.add_url_rule("/<tenant>/discovery/v2.0/keys", "keys", lambda tenant: _keys(host, tenant))
    return pages


def check_tenant(host: tenants.Tenant, name: str) -> None:
    """Refuse a path whose first segment is neither the tenant's id nor one of its domains (AADSTS90002)."""
    known = {host.id, *(domain.lower() for domain in host.directory.organisation.domains)}
    if name.lower() not in known:
        raise errors.TokenError(
            "invalid_request",
            f"AADSTS90002: Tenant '{name}' not found. Check to make sure you have the correct tenant.",
        )


def _token(host: tenants.Tenant, tenant: str) -> flask.Response:
    form = flask.request.form.to_dict()
    try:
        check_tenant(host, tenant)
        return _json(host, _granted(host, form))
    except errors.TokenError as refusal:
        return _refused(host, refusal)


def _granted(host: tenants.Tenant, form: Mapping[str, str]) -> dict[str, Any]:
    grant = form.get("grant_type", "")
    if grant == "client_credentials":
        return _for_app(host, _client(host, form), form.get("scope", ""))
    if form.get("client_id", "").lower() in host.directory.registrations:
        _client(host, form)
    if grant == "authorization_code":
        return sign_in.redeem_code(host, form)
    if grant == "refresh_token":
        return sign_in.refresh(host, form)
    raise errors.TokenError(
        "unsupported_grant_type", f"AADSTS70003: The app requested an unsupported grant type '{grant}'."
    )


def _client(host: tenants.Tenant, form: Mapping[str, str]) -> records.Registration:
    """The registration that the form proves to be; raises TokenError."""
    client_id = form.get("client_id", "")
    registration = host.directory.registrations.get(client_id.lower())
    if registration is None:
        raise errors.TokenError(
            "unauthorized_client",
            f"AADSTS700016: Application with identifier '{client_id}' was not found in the directory "
            f"'{host.directory.organisation.display_name}'.",
        )
    if "client_assertion" in form:
        assertions.check(host, registration, form)
    elif "client_secret" in form:
        _check_secret(host, registration, form["client_secret"])
    elif registration.secret is not None or registration.certificate is not None:
        raise errors.TokenError(
            "invalid_client",
            "AADSTS7000218: The request body must contain the following parameter: "
            "'client_assertion' or 'client_secret'.",
            status=401,
        )
    return registration


def _check_secret(host: tenants.Tenant, registration: records.Registration, secret: str) -> None:
    right = registration.secret
    if right is None or not hmac.compare_digest(right.encode(), secret.encode()):
        raise errors.TokenError(
            "invalid_client",
            "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client "
            f"secret value, not the client secret ID, for a secret added to app '{registration.app_id}'.",
            status=401,
        )
    if registration.secret_expires is not None and registration.secret_expires <= host.now():
        raise errors.TokenError(
            "invalid_client",
            f"AADSTS7000222: The provided client secret keys for app '{registration.app_id}' are expired. Visit the "
            "Azure portal to create new keys for your app.",
            status=401,
        )


def _for_app(host: tenants.Tenant, registration: records.Registration, scope: str) -> dict[str, Any]:
    resource, _, last = scope.strip().rpartition("/")
    if last != ".default":
        raise errors.TokenError(
            "invalid_scope",
            f"AADSTS1002012: The provided value for scope {scope} is not valid. Client credential flows must have a "
            "scope value with /.default suffixed to the resource identifier (application ID URI).",
        )
    if resource.rstrip("/") not in (GRAPH, host.origin):
        raise errors.TokenError(
            "invalid_resource",
            f"AADSTS500011: The resource principal named {resource} was not found in the tenant named {host.id}.",
        )
    token = issue(host, registration, audience=resource.rstrip("/"))
    seconds = int(LIFE.total_seconds())
    return {
        "token_type": "Bearer",
        "expires_in": seconds,
        "ext_expires_in": seconds,
        "access_token": token.token,
    }


def issue(host: tenants.Tenant, registration: records.Registration, *, audience: str) -> records.AccessToken:
    """A fresh app-only token with `roles`, remembered by the tenant; expired ones are forgotten on the way."""
    now = host.now()
    permissions = frozenset(registration.permissions)
    claims = {
        "aud": audience,
        "iss": f"{host.origin}/{host.id}/v2.0",
        "iat": int(now.timestamp()),
        "nbf": int(now.timestamp()),
        "exp": int((now + LIFE).timestamp()),
        "appid": registration.app_id,
        "app_displayname": registration.name,
        "idtyp": "app",
        "oid": registration.app_id,
        "roles": sorted(permissions),
        "sub": registration.app_id,
        "tid": host.id,
        "uti": host.request_id(),
        "ver": "1.0",
    }
    text = host.signer.sign(claims)
    token = records.AccessToken(
        token=text,
        app_id=registration.app_id,
        kind="app",
        permissions=permissions,
        expires=now + LIFE,
        audience=audience,
    )
    known = host.sign_ins.access_tokens
    for old in [text for text, token in known.items() if token.expires < now - timedelta(hours=1)]:
        del known[old]
    known[text] = token
    return token


def _openid(host: tenants.Tenant, tenant: str) -> flask.Response:
    try:
        check_tenant(host, tenant)
    except errors.TokenError as refusal:
        return _refused(host, refusal)
    base = f"{host.origin}/{host.id}"
    return _json(
        host,
        {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_modes_supported": ["query"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "tenant_region_scope": "EU",
            "cloud_instance_name": "localhost",
        },
    )


def _keys(host: tenants.Tenant, tenant: str) -> flask.Response:
    try:
        check_tenant(host, tenant)
    except errors.TokenError as refusal:
        return _refused(host, refusal)
    return _json(host, host.signer.jwks(f"{host.origin}/{host.id}/v2.0"))


def _refused(host: tenants.Tenant, refusal: errors.TokenError) -> flask.Response:
    trace_id = host.request_id()
    correlation_id = flask.request.headers.get("client-request-id", trace_id)
    stamp = host.now().strftime("%Y-%m-%d %H:%M:%SZ")
    number = re.match(r"AADSTS(\d+)", refusal.description)
    body = {
        "error": refusal.error,
        "error_description": f"{refusal.description} Trace ID: {trace_id} Correlation ID: {correlation_id} "
        f"Timestamp: {stamp}",
        "error_codes": [int(number.group(1))] if number else [],
        "timestamp": stamp,
        "trace_id": trace_id,
        "correlation_id": correlation_id,
    }
    return _json(host, body, status=refusal.status)


def _json(host: tenants.Tenant, body: dict[str, Any], *, status: int = 200) -> flask.Response:
    answer = flask.jsonify(body)
    request_id = str(body.get("trace_id") or host.request_id())
    answer.status_code = status
    answer.headers["Cache-Control"] = "no-store, no-cache"
    answer.headers["x-ms-request-id"] = request_id
    answer.headers["client-request-id"] = flask.request.headers.get("client-request-id", request_id)
    return answer
