"""The token endpoint: every grant, once the client has proven itself by secret, certificate or federation.

Assertions are judged by `assertions`, what a person signed in for by `areas.sign_in` and `areas.sign_in_device`. Errors
carry Microsoft's AADSTS numbers (learn.microsoft.com/entra/identity-platform/reference-error-codes).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import flask

from agent.sandbox import errors, records, sign_in_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import microsoft_apps, sign_in, sign_in_device
from agent.sandbox.wire import assertions

GRAPH = "https://graph.microsoft.com"
LIFE = timedelta(seconds=3599)
"""What an app-only token is given (learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow)."""


ANY_TENANT = frozenset({"common", "organizations"})
"""Names a person's sign-in may go by in place of the tenant's; an app must name its tenant."""


def blueprint(host: tenants.Tenant) -> flask.Blueprint:
    """The token endpoint below `/{tenant}`."""
    pages = flask.Blueprint("tokens", __name__)
    pages.add_url_rule("/<tenant>/oauth2/v2.0/token", "token", lambda tenant: _token(host, tenant), methods=["POST"])
    return pages


def check_tenant(host: tenants.Tenant, name: str, *, for_person: bool = False) -> None:
    """Refuse a path whose first segment is neither the tenant's id nor one of its domains (AADSTS90002)."""
    known = {host.id, *(domain.lower() for domain in host.directory.organisation.domains)}
    known |= ANY_TENANT if for_person else set()
    if name.lower() not in known:
        raise errors.TokenError(
            "invalid_request",
            f"AADSTS90002: Tenant '{name}' not found. Check to make sure you have the correct tenant.",
        )


def _token(host: tenants.Tenant, tenant: str) -> flask.Response:
    form = flask.request.form.to_dict()
    try:
        check_tenant(host, tenant, for_person=form.get("grant_type") != "client_credentials")
        return answer(host, _granted(host, form))
    except errors.TokenError as refusal:
        return refused(host, refusal)


def _granted(host: tenants.Tenant, form: Mapping[str, str]) -> dict[str, Any]:
    grant = form.get("grant_type", "")
    if grant == "client_credentials":
        return _for_app(host, _client(host, form), form.get("scope", ""))
    person_grants = {
        "authorization_code": sign_in.redeem_code,
        "refresh_token": sign_in.refresh,
        sign_in_device.GRANT: sign_in_device.redeem,
    }
    if grant not in person_grants:
        raise errors.TokenError(
            "unsupported_grant_type", f"AADSTS70003: The app requested an unsupported grant type '{grant}'."
        )
    if form.get("client_id", "").lower() not in microsoft_apps.BY_ID:
        _client(host, form, for_person=True)
    return person_grants[grant](host, form)


def known_client(host: tenants.Tenant, client_id: str) -> records.Registration:
    """The registration of that id; raises TokenError (AADSTS700016)."""
    registration = host.directory.registrations.get(client_id.lower())
    if registration is None:
        raise errors.TokenError(
            "unauthorized_client",
            f"AADSTS700016: Application with identifier '{client_id}' was not found in the directory "
            f"'{host.directory.organisation.display_name}'.",
        )
    return registration


def _client(host: tenants.Tenant, form: Mapping[str, str], *, for_person: bool = False) -> records.Registration:
    """The registration that the form proves to be; a public client need not where a person signs in."""
    registration = known_client(host, form.get("client_id", ""))
    if "client_assertion" in form:
        assertions.check(host, registration, form)
    elif "client_secret" in form:
        _check_secret(host, registration, form["client_secret"])
    elif not for_person:
        raise errors.TokenError(
            "invalid_client",
            "AADSTS7000216: 'client_assertion', 'client_secret' or 'request' is required for the "
            "'client_credentials' grant type.",
            status=401,
        )
    elif not registration.public:
        raise errors.TokenError(
            "invalid_client",
            "AADSTS7000218: The request body must contain the following parameter: "
            "'client_assertion' or 'client_secret'.",
            status=401,
        )
    return registration


def _check_secret(host: tenants.Tenant, registration: records.Registration, secret: str) -> None:
    right = None if registration.managed else registration.secret
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
    token = app_token(host, registration, audience=resource.rstrip("/"))
    seconds = int(LIFE.total_seconds())
    return {
        "token_type": "Bearer",
        "expires_in": seconds,
        "ext_expires_in": seconds,
        "access_token": token.token,
    }


def app_token(
    host: tenants.Tenant, registration: records.Registration, *, audience: str
) -> sign_in_records.AccessToken:
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
    token = sign_in_records.AccessToken(
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


def refused(host: tenants.Tenant, refusal: errors.TokenError) -> flask.Response:
    """The token endpoint's error body; a refusal that needs no number has none."""
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
    return answer(host, body, status=refusal.status)


def answer(host: tenants.Tenant, body: dict[str, Any], *, status: int = 200) -> flask.Response:
    """JSON from the login side, kept out of caches, with its ids."""
    made = flask.jsonify(body)
    request_id = str(body.get("trace_id") or host.request_id())
    made.status_code = status
    made.headers["Cache-Control"] = "no-store, no-cache"
    made.headers["x-ms-request-id"] = request_id
    made.headers["client-request-id"] = flask.request.headers.get("client-request-id", request_id)
    return made
