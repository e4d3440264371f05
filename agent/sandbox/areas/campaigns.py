"""The registration campaign: after a sign-in in a browser it asks people to set up Authenticator for approvals.

It can be put off three times, then it is demanded; closing the window counts as putting it off. It asks nobody on a
phone or tablet, nobody who has Authenticator, and nobody who registered something in the same sign-in
(learn.microsoft.com/entra/identity/authentication/how-to-mfa-registration-campaign). Campaigns for passkeys ask for
what every journey here sets up, and are passed over.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from agent.sandbox import records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import allowed_methods, people

WHOLE = "policy"
"""Under this name the tenant keeps what was changed of the whole authentication methods policy."""

PUT_OFF_MOST = 3
DEMANDED = "enforceRegistrationAfterAllowedSnoozes"
_AUTHENTICATOR = "microsoftAuthenticator"
_TO_BEGIN_WITH: dict[str, Any] = {
    "snoozeDurationInDays": 1,
    DEMANDED: True,
    "state": "default",
    "excludeTargets": [],
    "includeTargets": [
        {"id": records.ALL_USERS, "targetType": "group", "targetedAuthenticationMethod": _AUTHENTICATOR}
    ],
}


def settings(tenant: tenants.Tenant) -> dict[str, Any]:
    """The campaign as beta shows it; v1.0 does not know what happens after the third time
    (learn.microsoft.com/graph/api/resources/authenticationmethodsregistrationcampaign)."""
    kept = tenant.credentials.method_policies.get(WHOLE, {}).get("registrationEnforcement", {})
    return {**_TO_BEGIN_WITH, **kept.get("authenticationMethodsRegistrationCampaign", {})}


def change(tenant: tenants.Tenant, **changes: Any) -> None:
    """Change some of it, in Graph's words."""
    kept = tenant.credentials.method_policies.setdefault(WHOLE, {}).setdefault("registrationEnforcement", {})
    kept.setdefault("authenticationMethodsRegistrationCampaign", {}).update(changes)


def asks(tenant: tenants.Tenant, user_id: str) -> bool:
    """Whether the campaign holds this person up after a sign-in now."""
    rules = settings(tenant)
    methods = {method.kind for method in tenant.credentials.methods.get(user_id, [])}
    reached = rules["state"] == "enabled" or (
        rules["state"] == "default" and tenant.options.default_campaign_runs and "phone" in methods
    )
    if not reached or _AUTHENTICATOR in methods or not _in_scope(tenant, rules, user_id):
        return False
    shown = tenant.credentials.campaign_shown.get(user_id, [])
    rest = timedelta(days=rules["snoozeDurationInDays"])
    return allowed_methods.approvals(tenant, user_id) and (not shown or tenant.now() - shown[-1] >= rest)


def can_wait(tenant: tenants.Tenant, user_id: str) -> bool:
    """Whether the page that is shown now may be put off."""
    shown = tenant.credentials.campaign_shown.get(user_id, [])
    return len(shown) <= PUT_OFF_MOST or not settings(tenant)[DEMANDED]


def show(tenant: tenants.Tenant, user_id: str) -> None:
    """Remember that the person saw the page, whatever they do about it."""
    tenant.credentials.campaign_shown.setdefault(user_id, []).append(tenant.now())


def _in_scope(tenant: tenants.Tenant, rules: dict[str, Any], user_id: str) -> bool:
    held = {*people.group_ids_of(tenant, user_id), records.ALL_USERS, user_id}
    asked = {one["id"] for one in rules["includeTargets"] if one.get("targetedAuthenticationMethod") == _AUTHENTICATOR}
    return bool(held & asked) and not held & {one["id"] for one in rules["excludeTargets"]}
