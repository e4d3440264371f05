"""People, groups and who belongs to what, directly and through groups in groups."""

from __future__ import annotations

from agent.sandbox import errors, records
from agent.sandbox import tenant as tenants

MEMBERSHIP_KIND = "pass_scope"
"""Kind of the view through which changes of groups reach the Temporary Access Pass policy late."""


def not_found(key: str) -> errors.GraphError:
    """404 in the directory's words (the code is certain on /users, likely elsewhere)."""
    return errors.GraphError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{key}' does not exist or one of its queried reference-property objects are not present.",
    )


def find(tenant: tenants.Tenant, key: str) -> records.User:
    """The person with this object id or user name (any letter case); raises GraphError 404."""
    user = tenant.directory.users.get(key.lower()) or by_upn(tenant, key)
    if user is None:
        raise not_found(key)
    return user


def by_upn(tenant: tenants.Tenant, upn: str) -> records.User | None:
    """The person with exactly this user name, in any letter case."""
    wanted = upn.lower()
    return next((user for user in tenant.directory.users.values() if user.upn.lower() == wanted), None)


def find_group(tenant: tenants.Tenant, group_id: str) -> records.Group:
    """The group with this id; raises GraphError 404."""
    group = tenant.directory.groups.get(group_id.lower())
    if group is None:
        raise not_found(group_id)
    return group


def is_external_guest(user: records.User) -> bool:
    """Whether the person's credentials live elsewhere; an internal guest's live here.

    External: invited, or a federated identity, or #EXT# in the user name
    (learn.microsoft.com/entra/external-id/user-properties).
    """
    federated = any(identity.get("signInType") == "federated" for identity in user.identities)
    return user.creation_type == "Invitation" or federated or "#ext#" in user.upn.lower()


def groups_of(tenant: tenants.Tenant, principal_id: str) -> list[records.Group]:
    """Every group the person (or group) belongs to, directly or through other groups."""
    found: dict[str, records.Group] = {}
    waiting = [principal_id]
    while waiting:
        member_id = waiting.pop()
        for group in tenant.directory.groups.values():
            if member_id in group.member_ids and group.id not in found:
                found[group.id] = group
                waiting.append(group.id)
    return list(found.values())


def set_members(tenant: tenants.Tenant, group_id: str, member_ids: list[str]) -> None:
    """Replace a group's members; for the pass policy the change counts after `options.membership_delay`."""
    group = find_group(tenant, group_id)
    for user_id in tenant.directory.users:
        tenant.view.before_change(MEMBERSHIP_KIND, user_id, group_ids_of(tenant, user_id))
    group.member_ids = list(member_ids)


def group_ids_of(tenant: tenants.Tenant, user_id: str) -> frozenset[str]:
    """The ids of `groups_of`."""
    return frozenset(group.id for group in groups_of(tenant, user_id))
