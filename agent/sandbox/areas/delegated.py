"""What a signed-in person may do through Graph besides what the app was granted: by directory role, and to whom.

The app's delegated permission opens a route, the person's own role decides on it; an eligible role that was not
activated counts for nothing (learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.sandbox import records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import roles

EVERY_ROLE = "Global Administrator"
READER = "Global Reader"
_METHODS_READ = frozenset({READER, "Authentication Administrator", "Privileged Authentication Administrator"})
_LOGS = frozenset({READER, "Reports Reader", "Security Administrator", "Security Operator", "Security Reader"})
_SECURITY = frozenset({READER, "Security Administrator", "Security Reader", "Conditional Access Administrator"})
_DIRECTORY_READ = frozenset({READER, "Directory Readers", "Privileged Role Administrator"})
_INTUNE = frozenset({"Intune Administrator"})
_SESSIONS = frozenset(
    {
        "Authentication Administrator",
        "Helpdesk Administrator",
        "Privileged Authentication Administrator",
        "User Administrator",
    }
)


@dataclass(frozen=True, slots=True)
class _Rule:
    """Requests whose "METHOD /path" fits need one of these roles; the reference page of each area names them."""

    fits: re.Pattern[str]
    needs: frozenset[str]


def _rule(pattern: str, needs: frozenset[str]) -> _Rule:
    return _Rule(re.compile(pattern, re.IGNORECASE), needs)


_RULES = (
    _rule(r"GET /policies/authenticationMethodsPolicy", frozenset({READER, "Authentication Policy Administrator"})),
    _rule(r"\w+ /policies/authenticationMethodsPolicy", frozenset({"Authentication Policy Administrator"})),
    _rule(r"GET /policies/deviceRegistrationPolicy", frozenset({READER, "Cloud Device Administrator"}) | _INTUNE),
    _rule(r"GET /identity/conditionalAccess", _SECURITY),
    _rule(
        r"\w+ /identity/conditionalAccess", frozenset({"Conditional Access Administrator", "Security Administrator"})
    ),
    _rule(r"GET /auditLogs/", _LOGS),
    _rule(r"GET /reports/", _LOGS),
    _rule(r"GET /roleManagement/", _DIRECTORY_READ),
    _rule(r"GET /(deviceManagement|deviceAppManagement)/", _INTUNE | {READER}),
    _rule(r"\w+ /(deviceManagement|deviceAppManagement)/", _INTUNE),
    _rule(r"POST /users/[^/]+/(revokeSignInSessions|invalidateAllRefreshTokens)", _SESSIONS),
)
_METHODS = re.compile(r"/users[/(][^/]+/authentication/", re.IGNORECASE)
_OWN = re.compile(r"User(AuthenticationMethod|AuthMethod-\w+)?\.(Read|ReadWrite)$")


def may(tenant: tenants.Tenant, operator_id: str, method: str, path: str, *, target: records.User | None) -> bool:
    """Whether this signed-in person may send `method` to `path` (below the version); `target` is whose path it is.

    One's own methods may be read, and changed by `/me` only; other directory reads are open to every member.
    """
    held = {role.name for role in roles.held(tenant, operator_id)}
    if _METHODS.match(path) and target is not None:
        return _may_touch_methods(tenant, operator_id, held, reading=method == "GET", target=target)
    if target is not None and target.id == operator_id:
        return True
    needed = next((rule.needs for rule in _RULES if rule.fits.match(f"{method} {path}")), None)
    return needed is None or EVERY_ROLE in held or bool(needed & held)


def _may_touch_methods(
    tenant: tenants.Tenant, operator_id: str, held: set[str], *, reading: bool, target: records.User
) -> bool:
    if reading and (operator_id == target.id or READER in held):
        return True
    if reading and not held & (_METHODS_READ | {EVERY_ROLE}):
        return False
    return roles.may_manage_methods(tenant, operator_id, target)


def own_only(permission: str) -> bool:
    """Whether a delegated permission reaches no further than the person who signed in ("User.Read")."""
    return _OWN.match(permission) is not None
