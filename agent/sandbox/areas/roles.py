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
class Definition:
    """A built-in role; `privileged` as beta's `isPrivileged` has it."""

    template_id: str
    name: str
    description: str
    privileged: bool = False


DEFINITIONS = (
    Definition(
        GLOBAL_ADMINISTRATOR, "Global Administrator", "Can manage everything in the directory.", privileged=True
    ),
    Definition(
        PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
        "Privileged Authentication Administrator",
        "Can see, set and reset the authentication methods of any user.",
        privileged=True,
    ),
    Definition(
        AUTHENTICATION_ADMINISTRATOR,
        "Authentication Administrator",
        "Can see, set and reset the authentication methods of users without an administrator's role.",
        privileged=True,
    ),
    Definition(
        "0526716b-113d-4c15-b2c8-68e3c22b9f80",
        "Authentication Policy Administrator",
        "Can manage the authentication methods policy and password protection.",
    ),
    Definition(
        "e8611ab8-c189-46e8-94e1-60213ab1f814",
        "Privileged Role Administrator",
        "Can manage role assignments and Privileged Identity Management.",
        privileged=True,
    ),
    Definition(
        "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9",
        "Conditional Access Administrator",
        "Can manage Conditional Access.",
        privileged=True,
    ),
    Definition(
        "3a2c62db-5318-420d-8d74-23affee5d9d5", "Intune Administrator", "Can manage all of Intune.", privileged=True
    ),
    Definition(
        "7698a772-787b-4ac8-901f-60d6b08affd2", "Cloud Device Administrator", "Can manage devices.", privileged=True
    ),
    Definition(
        "9f06204d-73c1-4d4c-880a-6edb90606fd8",
        "Azure AD Joined Device Local Administrator",
        "Becomes a local administrator of every joined device.",
    ),
    Definition(
        "fe930be7-5e62-47db-91af-98c3a49a38b1", "User Administrator", "Can manage users and groups.", privileged=True
    ),
    Definition(
        "729827e3-9c14-49f7-bb1b-9608f156bbb8", "Helpdesk Administrator", "Can reset some passwords.", privileged=True
    ),
    Definition(
        "966707d0-3269-4727-9be2-8c3a10f19b9d", "Password Administrator", "Can reset some passwords.", privileged=True
    ),
    Definition(
        "f2ef992c-3afb-46b9-b7cf-a126ee74c451", "Global Reader", "Can read what administrators can.", privileged=True
    ),
    Definition(
        "5d6b6bb7-de71-4623-b4af-96380a352509", "Security Reader", "Can read security reports.", privileged=True
    ),
    Definition("4a5d8f65-41da-4de4-8968-e035b65339cf", "Reports Reader", "Can read sign-in and audit reports."),
    Definition("88d8e3e3-8f55-4a1e-953a-9b9898b8876b", "Directory Readers", "Can read basic directory objects."),
    Definition("fdd7a751-b60b-444a-984c-02652fe8fa1c", "Groups Administrator", "Can manage groups."),
    Definition("95e79109-95c0-4d8e-aee3-d01accf2d47b", "Guest Inviter", "Can invite guests."),
)
"""Built-in roles by their template ids
(learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference)."""


def definition(template_id: str) -> Definition | None:
    """The built-in role of that template, or None."""
    return next((known for known in DEFINITIONS if known.template_id == template_id.lower()), None)


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


def held_directly(tenant: tenants.Tenant, user_id: str) -> list[HeldRole]:
    """The roles somebody was given by name, groups apart."""
    given = [item for item in tenant.directory.role_assignments.values() if item.principal_id == user_id]
    return list(dict.fromkeys(HeldRole(item.role_template_id, item.role_name) for item in given))


def activated(tenant: tenants.Tenant) -> list[HeldRole]:
    """The roles that are in use: Global Administrator, Directory Readers, and each that somebody was given."""
    always = [GLOBAL_ADMINISTRATOR, "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"]
    known = [HeldRole(role.template_id, role.name) for role in DEFINITIONS if role.template_id in always]
    given = [HeldRole(item.role_template_id, item.role_name) for item in tenant.directory.role_assignments.values()]
    return list({role.template_id: role for role in [*known, *given]}.values())


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
