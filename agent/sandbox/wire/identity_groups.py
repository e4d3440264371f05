"""Handlers for groups, their members, and what a person is a member of, straight or through other groups.

A cast such as `/microsoft.graph.group` needs `ConsistencyLevel: eventual` and `$count=true`, and so does a filter here
(learn.microsoft.com/graph/aad-advanced-queries).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agent.sandbox import tenant as tenants
from agent.sandbox.areas import people, roles
from agent.sandbox.wire import device_shapes, directory_query, exchange, odata
from agent.sandbox.wire import directory_shapes as shapes

CASTS = {
    "user": "microsoft.graph.user",
    "group": "microsoft.graph.group",
    "device": "microsoft.graph.device",
    "directoryRole": "microsoft.graph.directoryRole",
    "administrativeUnit": "microsoft.graph.administrativeUnit",
}
"""Kinds of directory object by the segment that asks for one kind alone."""

_CONTEXTS = {"user": "users", "group": "groups", "device": "devices", "directoryRole": "directoryRoles"}


def list_groups(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /groups (learn.microsoft.com/graph/api/group-list)."""
    rows = [{**row, **_expanded(tenant, request, row["id"])} for row in _all(tenant)]
    if "/$count" in request.query.get("$filter", "").lower():
        rows = [{**row, **_numbers(tenant, row["id"])} for row in rows]
    names = (*shapes.GROUP_DEFAULTS, *odata.expanded(request))
    return directory_query.answer(tenant, request, "groups", rows, names=names)


def count_groups(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /groups/$count."""
    return directory_query.count(request, _all(tenant))


def get_group(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /groups/{id} (learn.microsoft.com/graph/api/group-get); `$expand` takes members and owners, at most 20."""
    group = people.find_group(tenant, request.path_values["id"])
    row = shapes.group_row(tenant, group)
    shown = odata.narrow(row, odata.selected(request) or shapes.GROUP_DEFAULTS)
    shown |= _expanded(tenant, request, group.id)
    return odata.entity(tenant, request, "groups/$entity", shown)


def members(cast: str | None, *, transitive: bool, counted: bool) -> exchange.Handler:
    """GET of a group's members, all of them or those of one kind; `counted` for the `$count` segment."""

    def handler(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
        group = people.find_group(tenant, request.path_values["id"])
        ids = people.transitive_member_ids(tenant, group) if transitive else group.member_ids
        rows = [row for key in ids if (row := _object(tenant, key)) is not None]
        return _answer(tenant, request, rows, cast=cast, counted=counted)

    return handler


def member_of(cast: str | None, *, transitive: bool, counted: bool) -> exchange.Handler:
    """GET of the groups and roles that hold a person, all or of one kind; `counted` for the `$count` segment."""

    def handler(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
        user = people.find(tenant, request.path_values["id"])
        rows = _holders(tenant, user.id, transitive=transitive)
        return _answer(tenant, request, rows, cast=cast, counted=counted)

    return handler


def one_holder(*, transitive: bool) -> exchange.Handler:
    """GET /users/{id}/memberOf/{object}: one group or role that holds the person; 404 for another."""

    def handler(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
        user = people.find(tenant, request.path_values["id"])
        wanted = request.path_values["object_id"]
        for row in _holders(tenant, user.id, transitive=transitive):
            if row["id"] == wanted.lower():
                shown = odata.narrow(_short(row), odata.selected(request))
                return odata.entity(tenant, request, "directoryObjects/$entity", shown)
        raise people.not_found(wanted)

    return handler


def objects(tenant: tenants.Tenant, request: exchange.GraphRequest, ids: Iterable[str]) -> exchange.GraphResponse:
    """200 with a page of the directory objects behind these ids."""
    rows = [row for key in ids if (row := _object(tenant, key)) is not None]
    return _answer(tenant, request, rows, cast=None, counted=False)


def _expanded(tenant: tenants.Tenant, request: exchange.GraphRequest, group_id: str) -> dict[str, Any]:
    """Members and owners as `$expand` asks for them: at most 20."""
    group, wanted = tenant.directory.groups[group_id], odata.expanded(request)
    found = {}
    for name, ids in (("members", group.member_ids), ("owners", group.owner_ids)):
        if name in wanted:
            objects = [item for key in ids if (item := _object(tenant, key)) is not None]
            found[name] = [odata.narrow(_short(item), wanted[name]) for item in objects[:20]]
    return found


def _numbers(tenant: tenants.Tenant, group_id: str) -> dict[str, Any]:
    """What `owners/$count` and `members/$count` in a filter count; needs ConsistencyLevel, checked with the filter."""
    group = tenant.directory.groups[group_id]
    return {"owners": list(group.owner_ids), "members": list(group.member_ids)}


def _all(tenant: tenants.Tenant) -> list[dict[str, Any]]:
    return [shapes.group_row(tenant, group) for group in tenant.directory.groups.values()]


def _holders(tenant: tenants.Tenant, user_id: str, *, transitive: bool) -> list[dict[str, Any]]:
    groups = people.groups_seen(tenant, user_id, transitive=transitive)
    held = roles.held(tenant, user_id) if transitive else roles.held_directly(tenant, user_id)
    return [
        *(shapes.typed("group", shapes.group_row(tenant, group)) for group in groups),
        *(shapes.typed("directoryRole", shapes.role_row(tenant, role)) for role in held),
        *(
            shapes.typed("administrativeUnit", shapes.unit_row(unit))
            for unit in tenant.directory.units.values()
            if user_id in unit.member_ids
        ),
    ]


def _object(tenant: tenants.Tenant, key: str) -> dict[str, Any] | None:
    """A person, device or group with every property and its type, None for an id that is none of them."""
    user, group = tenant.directory.users.get(key), tenant.directory.groups.get(key)
    if user is not None:
        return shapes.typed("user", shapes.user_row(tenant, user))
    device = tenant.devices.entra.get(key)
    if device is not None:
        return shapes.typed("device", device_shapes.entra_device(device))
    return None if group is None else shapes.typed("group", shapes.group_row(tenant, group))


def _answer(
    tenant: tenants.Tenant,
    request: exchange.GraphRequest,
    rows: list[dict[str, Any]],
    *,
    cast: str | None,
    counted: bool,
) -> exchange.GraphResponse:
    if counted:
        return directory_query.count(request, _of_kind(rows, cast))
    if cast is not None or "$filter" in request.query:
        directory_query.require_advanced(request)
    found = directory_query.found_in(request, _of_kind(rows, cast))
    names = odata.selected(request)
    ordered = directory_query.ordered(request, found)
    shown = [odata.narrow(row, ["id", *names]) if names else _short(row) for row in ordered]
    context = _CONTEXTS.get(cast or "", "directoryObjects")
    return odata.collection(tenant, directory_query.without_idle_count(request), context, shown)


def _of_kind(rows: list[dict[str, Any]], cast: str | None) -> list[dict[str, Any]]:
    return [row for row in rows if cast is None or row["@odata.type"] == f"#microsoft.graph.{cast}"]


def _short(row: dict[str, Any]) -> dict[str, Any]:
    """A directory object with what its kind shows unless asked."""
    names = {"#microsoft.graph.user": shapes.USER_DEFAULTS, "#microsoft.graph.group": shapes.GROUP_DEFAULTS}
    return odata.narrow(row, names.get(row["@odata.type"], ()))
