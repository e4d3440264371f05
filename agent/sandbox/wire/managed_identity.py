"""Tokens for a managed identity, as the host it runs on hands them out: a virtual machine's IMDS, and App Service.

Neither asks for a tenant or a secret: being on the host is the proof, and App Service adds a header that only its own
processes are told (learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token and
/azure/app-service/overview-managed-identity).
"""

from __future__ import annotations

import hmac
from typing import Any

import flask

from agent.sandbox import records
from agent.sandbox import tenant as tenants
from agent.sandbox.wire import tokens

IMDS = "/metadata/identity/oauth2/token"
APP_SERVICE = "/msi/token"


def blueprint(host: tenants.Tenant) -> flask.Blueprint:
    """Both endpoints; `client_id` chooses among several identities, the first is the host's own."""
    pages = flask.Blueprint("managed_identity", __name__)
    pages.add_url_rule(IMDS, "imds", lambda: _imds(host))
    pages.add_url_rule(APP_SERVICE, "app_service", lambda: _app_service(host))
    return pages


def identities(host: tenants.Tenant) -> list[records.Registration]:
    """The managed identities of this tenant, the host's own first."""
    return [registration for registration in host.directory.registrations.values() if registration.managed]


def _imds(host: tenants.Tenant) -> flask.Response:
    if flask.request.headers.get("Metadata", "").lower() != "true":
        return _refused("invalid_request", "Required metadata header not specified")
    if "X-Forwarded-For" in flask.request.headers:
        return _refused("invalid_request", "The request was forwarded")
    return _token(host)


def _app_service(host: tenants.Tenant) -> flask.Response:
    shown = flask.request.headers.get("X-IDENTITY-HEADER", "").encode()
    secrets = [(identity.secret or "").encode() for identity in identities(host)]
    if not any(secret and hmac.compare_digest(secret, shown) for secret in secrets):
        return _refused("invalid_request", "The header X-IDENTITY-HEADER is missing or wrong.", status=401)
    return _token(host)


def _token(host: tenants.Tenant) -> flask.Response:
    resource = flask.request.args.get("resource", "").rstrip("/")
    wanted = flask.request.args.get("client_id", "").lower()
    if not resource:
        return _refused("invalid_request", "Required query variable 'resource' is missing")
    if "api-version" not in flask.request.args:
        return _refused("invalid_request", "Required query variable 'api-version' is missing")
    if resource not in (tokens.GRAPH, host.origin):
        return _refused("invalid_resource", f"AADSTS500011: The resource principal named {resource} was not found.")
    found = [identity for identity in identities(host) if wanted in ("", identity.app_id)]
    if not found:
        return _refused("invalid_request", "Identity not found")
    token = tokens.app_token(host, found[0], audience=resource)
    left = int((token.expires - host.now()).total_seconds())
    body: dict[str, Any] = {
        "access_token": token.token,
        "client_id": found[0].app_id,
        "expires_in": str(left),
        "expires_on": str(int(token.expires.timestamp())),
        "ext_expires_in": str(left),
        "not_before": str(int(host.now().timestamp())),
        "resource": resource,
        "token_type": "Bearer",
    }
    return flask.jsonify(body)


def _refused(error: str, description: str, *, status: int = 400) -> flask.Response:
    made = flask.jsonify({"error": error, "error_description": description})
    made.status_code = status
    return made
