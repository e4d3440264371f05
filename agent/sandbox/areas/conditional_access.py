"""Conditional Access: which enabled policies cover a person and an app, and whether what was proven satisfies them.

A Temporary Access Pass satisfies "mfa" and the strength of that name, but neither the passwordless nor the
phishing-resistant strength
(learn.microsoft.com/entra/identity/authentication/concept-authentication-strengths).
"""

from __future__ import annotations

from collections.abc import Iterable

from agent.sandbox import records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import people

ALL = "All"
PHISHING_RESISTANT = frozenset({"whfb", "fido", "platform"})
PASSWORDLESS = PHISHING_RESISTANT | {"phoneapp"}
BEYOND_MFA = frozenset({"passwordless", "phishing_resistant"})
"""Grants that a second factor besides does not satisfy."""


def covering(tenant: tenants.Tenant, user_id: str, app_id: str) -> tuple[records.ConditionalAccessPolicy, ...]:
    """The enabled policies that cover this person at this app."""
    groups = people.group_ids_of(tenant, user_id)
    return tuple(
        policy
        for policy in tenant.credentials.conditional_access.values()
        if policy.state == "enabled"
        and _covers(policy, user_id, groups)
        and (ALL in policy.apps or app_id in policy.apps)
    )


def _covers(policy: records.ConditionalAccessPolicy, user_id: str, groups: frozenset[str]) -> bool:
    if user_id in policy.exclude_users or groups.intersection(policy.exclude_groups):
        return False
    return (
        ALL in policy.include_users
        or user_id in policy.include_users
        or bool(groups.intersection(policy.include_groups))
    )


def unmet(policies: Iterable[records.ConditionalAccessPolicy], amr: Iterable[str]) -> set[str]:
    """The grants these policies demand and the proofs in `amr` do not give: in a policy's own words."""
    proven = set(amr)
    met = {"mfa", "mfa_strength"} if "mfa" in proven else set()
    if proven & PASSWORDLESS:
        met |= {"mfa", "mfa_strength", "passwordless"}
    if proven & PHISHING_RESISTANT:
        met |= {"phishing_resistant"}
    return {policy.grant for policy in policies} - met
