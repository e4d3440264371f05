"""What the authentication methods policy lets a person register: which passkeys, and what in Authenticator.

Exclusion wins over inclusion. Where passkey profiles are used, a person's profiles are those of the targets that hold
them, and one that admits a passkey is enough
(learn.microsoft.com/graph/api/resources/fido2authenticationmethodconfiguration).
"""

from __future__ import annotations

from typing import Any

from agent.sandbox import records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import methods_policy, people

_PHONE_SIGN_IN = frozenset({"any", "deviceBasedPush"})
_APPROVALS = frozenset({"any", "push"})


def passkey(tenant: tenants.Tenant, user_id: str, aaguid: str) -> bool:
    """Whether this person may register a passkey of this make."""
    policy = methods_policy.find(tenant, "Fido2", beta=False)
    targets = _targets_of(tenant, policy, user_id)
    if not targets or not policy["isSelfServiceRegistrationAllowed"]:
        return False
    profiles = {one["id"]: one["keyRestrictions"] for one in policy.get("passkeyProfiles", [])}
    wanted = [name for target in targets for name in target.get("allowedPasskeyProfiles", [])]
    rules = [profiles[name] for name in wanted if name in profiles] if profiles else [policy["keyRestrictions"]]
    return any(_admits(rule, aaguid) for rule in rules)


def phone_sign_in(tenant: tenants.Tenant, user_id: str) -> bool:
    """Whether this person may sign in with Authenticator alone."""
    return _authenticator(tenant, user_id, _PHONE_SIGN_IN)


def approvals(tenant: tenants.Tenant, user_id: str) -> bool:
    """Whether this person may approve sign-ins in Authenticator."""
    return _authenticator(tenant, user_id, _APPROVALS)


def _authenticator(tenant: tenants.Tenant, user_id: str, modes: frozenset[str]) -> bool:
    policy = methods_policy.find(tenant, "MicrosoftAuthenticator", beta=False)
    return any(target.get("authenticationMode", "any") in modes for target in _targets_of(tenant, policy, user_id))


def _targets_of(tenant: tenants.Tenant, policy: dict[str, Any], user_id: str) -> list[dict[str, Any]]:
    """The targets of an enabled method that hold this person; none where one excludes them."""
    groups = {*people.group_ids_of(tenant, user_id), records.ALL_USERS}
    if policy["state"] != "enabled" or any(target["id"] in groups for target in policy["excludeTargets"]):
        return []
    return [target for target in policy["includeTargets"] if target["id"] in groups]


def _admits(rule: dict[str, Any], aaguid: str) -> bool:
    if not rule["isEnforced"]:
        return True
    return (aaguid in rule["aaGuids"]) is (rule["enforcementType"] == "allow")
