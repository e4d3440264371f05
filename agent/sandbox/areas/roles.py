"""Directory roles: held by a person, through a role-assignable group, or only eligible; and who may act on whom."""

from __future__ import annotations

from dataclasses import dataclass

from agent.sandbox import records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import people

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
AUTHENTICATION_ADMINISTRATOR = "c4e39bd9-1100-46d3-8c65-fb160da0071f"
PRIVILEGED_AUTHENTICATION_ADMINISTRATOR = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"

_BELOW_AUTHENTICATION_ADMINISTRATOR = frozenset(
    {
        "Authentication Administrator",
        "Directory Readers",
        "Guest Inviter",
        "Message Center Reader",
        "Password Administrator",
        "Reports Reader",
        "User Experience Success Manager",
        "Usage Summary Reports Reader",
    }
)
"""Roles whose holders an Authentication Administrator may act on
(learn.microsoft.com/entra/identity/role-based-access-control/privileged-roles-permissions)."""


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A directory role in force for somebody."""

    template_id: str
    name: str


def held(tenant: tenants.Tenant, user_id: str) -> list[HeldRole]:
    """The roles somebody has now, directly or through groups, each once."""
    principals = {user_id, *(group.id for group in people.groups_of(tenant, user_id))}
    return list(
        dict.fromkeys(
            HeldRole(assignment.role_template_id, assignment.role_name)
            for assignment in tenant.directory.role_assignments.values()
            if assignment.principal_id in principals
        )
    )


def assignments(tenant: tenants.Tenant) -> list[records.RoleAssignment]:
    """Every role assignment, as made: to a person or to a group."""
    return list(tenant.directory.role_assignments.values())


def eligibilities(tenant: tenants.Tenant) -> list[records.RoleEligibility]:
    """Every eligibility in force now."""
    now = tenant.now()
    return [
        eligibility
        for eligibility in tenant.directory.role_eligibilities.values()
        if (eligibility.start is None or eligibility.start <= now)
        and (eligibility.end is None or now < eligibility.end)
    ]


def may_manage_methods(tenant: tenants.Tenant, operator_id: str, target: records.User) -> bool:
    """Whether a signed-in operator may touch the target's methods: by role, and never their own by this route."""
    if operator_id == target.id:
        return False
    operator_roles = {role.template_id for role in held(tenant, operator_id)}
    if operator_roles & {GLOBAL_ADMINISTRATOR, PRIVILEGED_AUTHENTICATION_ADMINISTRATOR}:
        return True
    if AUTHENTICATION_ADMINISTRATOR not in operator_roles:
        return False
    shielded = any(
        group.role_assignable and (target.id in group.owner_ids or group in people.groups_of(tenant, target.id))
        for group in tenant.directory.groups.values()
    )
    return not shielded and all(role.name in _BELOW_AUTHENTICATION_ADMINISTRATOR for role in held(tenant, target.id))
