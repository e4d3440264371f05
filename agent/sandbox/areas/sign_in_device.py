"""Device codes: an app without a browser shows a short code, a person types it in at another window and signs in.

There is no `verification_uri_complete`: the code is typed by hand
(learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from agent.sandbox import errors, sign_in_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import sign_in

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
LIFE = timedelta(minutes=15)
INTERVAL = timedelta(seconds=5)
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowels, so that no word is made by chance."""


def begin(tenant: tenants.Tenant, client_id: str, scope: str) -> dict[str, Any]:
    """The answer to `/devicecode`, and a grant that waits for a person."""
    user_code = "".join(tenant.chance.choice(_LETTERS) for _ in range(9))
    grant = sign_in_records.DeviceGrant(tenant.new_secret(60), user_code, client_id, scope, tenant.now() + LIFE)
    tenant.sign_ins.device_grants[grant.device_code] = grant
    address = f"{tenant.origin}/devicelogin"
    return {
        "user_code": user_code,
        "device_code": grant.device_code,
        "verification_uri": address,
        "expires_in": int(LIFE.total_seconds()),
        "interval": int(INTERVAL.total_seconds()),
        "message": f"To sign in, use a web browser to open the page {address} and enter the code {user_code} "
        "to authenticate.",
    }


def typed(tenant: tenants.Tenant, user_code: str) -> sign_in_records.DeviceGrant | None:
    """The grant that waits for this code, in any letter case; `None` for a wrong, an old or a used one."""
    wanted = user_code.strip().upper()
    for grant in tenant.sign_ins.device_grants.values():
        if grant.user_code == wanted and grant.state == "pending" and tenant.now() < grant.expires:
            return grant
    return None


def decide(tenant: tenants.Tenant, device_code: str, session: sign_in_records.Session, *, approved: bool) -> None:
    """The person's answer to "are you trying to sign in to this app?"."""
    grant = tenant.sign_ins.device_grants.get(device_code)
    if grant is not None and grant.state == "pending":
        grant.state, grant.session_id = ("approved" if approved else "declined"), session.id


def redeem(tenant: tenants.Tenant, form: Mapping[str, str]) -> dict[str, Any]:
    """The token response for a device code, once; until then TokenError with OAuth's own word."""
    grant = tenant.sign_ins.device_grants.get(form.get("device_code", ""))
    if grant is None or grant.client_id != form.get("client_id", "").lower():
        raise errors.TokenError("bad_verification_code", "AADSTS70007: The device code was not recognised.")
    if grant.state == "declined":
        raise errors.TokenError("authorization_declined", "AADSTS70018: The person declined to sign in.")
    if tenant.now() >= grant.expires:
        raise errors.TokenError(
            "expired_token", "AADSTS70020: The provided value for the input parameter 'device_code' is not valid."
        )
    polled, grant.polled = grant.polled, tenant.now()
    if grant.state == "pending" and polled is not None and tenant.now() - polled < INTERVAL * 0.8:
        raise errors.TokenError("slow_down", "AADSTS70022: The client polls too often.")
    if grant.state == "pending" or grant.session_id is None:
        raise errors.TokenError(
            "authorization_pending",
            "AADSTS70016: OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
        )
    del tenant.sign_ins.device_grants[grant.device_code]
    return sign_in.tokens(tenant, grant.session_id, client_id=grant.client_id, scope=grant.scope, nonce=None)
