"""People, groups and who belongs to what, directly and through groups in groups."""

from __future__ import annotations

from collections.abc import Iterable

from agent.sandbox import errors, records
from agent.sandbox import tenant as tenants

MEMBERSHIP_KIND = "pass_scope"
"""Kind of the view through which changes of groups reach the Temporary Access Pass policy late."""

GROUPS_KIND = "groups"
USERS_KIND = "users"


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
    if user is None or not _seen(tenant, user):
        raise not_found(key)
    return user


def add(tenant: tenants.Tenant, user: records.User, group_ids: Iterable[str] = ()) -> None:
    """A new person, with a password nobody knows yet; readers may see them late."""
    tenant.view.before_change(USERS_KIND, user.id, None)
    user.created = user.sessions_valid_from = tenant.now()
    tenant.directory.users[user.id] = user
    tenant.credentials.methods[user.id] = [
        records.Method(records.PASSWORD_METHOD_ID, user.id, "password", created=user.created)
    ]
    for group_id in group_ids:
        set_members(tenant, group_id, [*find_group(tenant, group_id).member_ids, user.id])


def _seen(tenant: tenants.Tenant, user: records.User) -> bool:
    return tenant.view.read(USERS_KIND, user.id, user) is not None


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


def direct_groups_of(tenant: tenants.Tenant, principal_id: str) -> list[records.Group]:
    """The groups that name the person (or group) among their members."""
    return [group for group in tenant.directory.groups.values() if principal_id in group.member_ids]


def everybody(tenant: tenants.Tenant) -> list[records.User]:
    """Everybody that a reader of lists sees."""
    return [user for user in tenant.directory.users.values() if _seen(tenant, user)]


def transitive_member_ids(tenant: tenants.Tenant, group: records.Group) -> list[str]:
    """The ids of a group's members and of the members of groups among them, each once."""
    found: dict[str, None] = {}
    waiting = list(group.member_ids)
    while waiting:
        key = waiting.pop(0)
        if key in found or key == group.id:
            continue
        found[key] = None
        if key in tenant.directory.groups:
            waiting += tenant.directory.groups[key].member_ids
    return list(found)


def groups_seen(tenant: tenants.Tenant, principal_id: str, *, transitive: bool = True) -> list[records.Group]:
    """The groups of a person (or group) as a reader sees them, which may lag."""
    found: dict[str, records.Group] = {}
    waiting = [principal_id]
    while waiting:
        member_id = waiting.pop()
        for group_id in tenant.view.read(GROUPS_KIND, member_id, _direct_ids(tenant, member_id)):
            if group_id in tenant.directory.groups and group_id not in found:
                found[group_id] = tenant.directory.groups[group_id]
                waiting += [group_id] if transitive else []
    return [group for group in tenant.directory.groups.values() if group.id in found]


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
    for member_id in {*tenant.directory.users, *tenant.directory.groups}:
        tenant.view.before_change(GROUPS_KIND, member_id, _direct_ids(tenant, member_id))
    group.member_ids = list(member_ids)


def _direct_ids(tenant: tenants.Tenant, principal_id: str) -> frozenset[str]:
    return frozenset(group.id for group in tenant.directory.groups.values() if principal_id in group.member_ids)


def group_ids_of(tenant: tenants.Tenant, user_id: str) -> frozenset[str]:
    """The ids of `groups_of`."""
    return frozenset(group.id for group in groups_of(tenant, user_id))
