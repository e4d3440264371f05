"""What a client reads before it signs in: the OpenID documents, the keys, and which hosts belong together."""

from __future__ import annotations

from urllib.parse import urlsplit

import flask

from agent.sandbox import errors
from agent.sandbox import tenant as tenants
from agent.sandbox.wire import tokens


def blueprint(host: tenants.Tenant) -> flask.Blueprint:
    """`.well-known/openid-configuration` and `discovery/v2.0/keys` below `/{tenant}`, and instance discovery."""
    pages = flask.Blueprint("discovery", __name__)
    pages.add_url_rule("/common/discovery/instance", "instance", lambda: _instance(host))
    pages.add_url_rule(
        "/<tenant>/v2.0/.well-known/openid-configuration", "openid", lambda tenant: _openid(host, tenant)
    )
    pages.add_url_rule("/<tenant>/discovery/v2.0/keys", "keys", lambda tenant: _keys(host, tenant))
    return pages


def _openid(host: tenants.Tenant, tenant: str) -> flask.Response:
    """learn.microsoft.com/entra/identity-platform/v2-protocols-oidc; the issuer is this tenant's by any name."""
    try:
        tokens.check_tenant(host, tenant, for_person=True)
    except errors.TokenError as refusal:
        return tokens.refused(host, refusal)
    base = f"{host.origin}/{host.id}"
    return tokens.answer(
        host,
        {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": f"{base}/v2.0",
            "request_uri_parameter_supported": False,
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid"],
            "tenant_region_scope": "EU",
            "cloud_instance_name": "localhost",
        },
    )


def _keys(host: tenants.Tenant, tenant: str) -> flask.Response:
    try:
        tokens.check_tenant(host, tenant, for_person=True)
    except errors.TokenError as refusal:
        return tokens.refused(host, refusal)
    return tokens.answer(host, host.signer.jwks(f"{host.origin}/{host.id}/v2.0"))


def _instance(host: tenants.Tenant) -> flask.Response:
    """The answer MSAL expects where it is told to ask: this host is an authority, known by no other name."""
    name = urlsplit(host.origin).netloc
    return tokens.answer(
        host,
        {
            "tenant_discovery_endpoint": f"{host.origin}/{host.id}/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [{"preferred_network": name, "preferred_cache": name, "aliases": [name]}],
        },
    )
