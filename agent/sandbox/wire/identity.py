"""Handlers for people: lists, single ones, managers, and what groups hold them."""

from __future__ import annotations

from typing import Any

from agent.sandbox import errors, records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import activity, people
from agent.sandbox.wire import delta, device_shapes, directory_query, exchange, odata
from agent.sandbox.wire import directory_shapes as shapes

MOST_IDS = 20
"""Groups that `checkMemberGroups` takes (learn.microsoft.com/graph/api/directoryobject-checkmembergroups)."""

MOST_OBJECTS = 1000
"""Ids that `getByIds` takes (learn.microsoft.com/graph/api/directoryobject-getbyids)."""

_EXPANDED_AT_MOST = 20


def list_users(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /users (learn.microsoft.com/graph/api/user-list)."""
    _check_names(tenant, request, single=False)
    rows = [{**row, **_expanded(tenant, request, row["id"])} for row in _rows(tenant, request)]
    return directory_query.answer(tenant, request, "users", rows, names=_defaults(request))


def count_users(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /users/$count."""
    return directory_query.count(request, _rows(tenant, request))


def users_delta(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /users/delta: everybody, then by the last page's link what changed since
    (learn.microsoft.com/graph/api/user-delta)."""
    _check_names(tenant, request, single=False)
    return delta.answer(tenant, request, "users", _rows(tenant, request), names=shapes.USER_DEFAULTS)


def get_user(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /users/{id|upn} and /me; `$expand` takes manager (by levels), memberOf, transitiveMemberOf, directReports."""
    user = people.find(tenant, request.path_values["id"])
    _check_names(tenant, request, single=True)
    row = shapes.laid_over({**shapes.SINGLE_ONLY, **shapes.user_row(tenant, user)}, user.properties)
    row |= _expanded(tenant, request, user.id) | _activity(tenant, request, row)
    shown = odata.narrow(row, directory_query.kept_names(request) or _defaults(request))
    return odata.entity(tenant, request, "users/$entity", shown)


def get_manager(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /users/{id}/manager; 404 when there is none (learn.microsoft.com/graph/api/user-list-manager)."""
    user = people.find(tenant, request.path_values["id"])
    if user.manager_id not in tenant.directory.users:
        raise people.not_found("manager")
    row = shapes.user_row(tenant, tenant.directory.users[user.manager_id])
    view = shapes.typed("user", odata.narrow(row, odata.selected(request) or shapes.USER_DEFAULTS))
    return odata.entity(tenant, request, "directoryObjects/$entity", view)


def check_member_groups(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """POST /users/{id}/checkMemberGroups: which of at most 20 groups hold the person, transitively."""
    user = people.find(tenant, request.path_values["id"])
    asked = _texts(request, "groupIds", MOST_IDS)
    held = {group.id for group in people.groups_seen(tenant, user.id)}
    return _strings(tenant, request, [group_id for group_id in asked if group_id.lower() in held])


def get_member_groups(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """POST /users/{id}/getMemberGroups: the ids of every group that holds the person, transitively
    (learn.microsoft.com/graph/api/directoryobject-getmembergroups)."""
    user = people.find(tenant, request.path_values["id"])
    only = request.body.get("securityEnabledOnly") if isinstance(request.body, dict) else None
    if not isinstance(only, bool):
        raise errors.GraphError(400, "Request_BadRequest", "The parameter 'securityEnabledOnly' is missing.")
    rows = [shapes.group_row(tenant, group) for group in people.groups_seen(tenant, user.id)]
    return _strings(tenant, request, [row["id"] for row in rows if row["securityEnabled"] or not only])


def get_by_ids(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """POST /directoryObjects/getByIds: people, groups and devices by their ids, unknown ones left out
    (learn.microsoft.com/graph/api/directoryobject-getbyids)."""
    wanted = [key.lower() for key in _texts(request, "ids", MOST_OBJECTS)]
    types = {str(name).lower() for name in request.body.get("types") or ()}
    found: list[dict[str, Any]] = []
    for key in wanted:
        user, group = tenant.directory.users.get(key), tenant.directory.groups.get(key)
        if user is not None and _asked(types, "user"):
            found.append(shapes.typed("user", odata.narrow(shapes.user_row(tenant, user), shapes.USER_DEFAULTS)))
        if group is not None and _asked(types, "group"):
            found.append(shapes.typed("group", odata.narrow(shapes.group_row(tenant, group), shapes.GROUP_DEFAULTS)))
        if key in tenant.devices.entra and _asked(types, "device"):
            found.append(shapes.typed("device", device_shapes.entra_device(tenant.devices.entra[key])))
    rows = [odata.narrow(row, ["id", *odata.selected(request)] if odata.selected(request) else ()) for row in found]
    return odata.collection(tenant, request, "directoryObjects", rows, sizes=(MOST_OBJECTS, MOST_OBJECTS))


def _asked(types: set[str], kind: str) -> bool:
    return not types or bool(types & {kind, "directoryobject"})


def _rows(tenant: tenants.Tenant, request: exchange.GraphRequest) -> list[dict[str, Any]]:
    rows = [shapes.user_row(tenant, user) for user in people.everybody(tenant)]
    return [{**row, **_activity(tenant, request, row)} for row in rows]


def _activity(tenant: tenants.Tenant, request: exchange.GraphRequest, row: dict[str, Any]) -> dict[str, Any]:
    """`signInActivity`, which is there only for who names it."""
    asked = f"{request.query.get('$select', '')} {request.query.get('$filter', '')}".lower()
    if "signinactivity" not in asked or row["signInActivity"] is not None:
        return {}
    seen = [item for item in activity.visible_sign_ins(tenant) if item["userId"] == row["id"]]
    if not seen:
        return {}
    moment, request_id = odata.timestamp(seen[0]["createdDateTime"]), seen[0]["id"]
    names = ("lastSignIn", "lastNonInteractiveSignIn", "lastSuccessfulSignIn")
    found = {f"{name}DateTime": moment for name in names} | {f"{name}RequestId": request_id for name in names}
    return {"signInActivity": found}


def _defaults(request: exchange.GraphRequest) -> list[str]:
    return [*shapes.USER_DEFAULTS, *odata.expanded(request)]


def _check_names(tenant: tenants.Tenant, request: exchange.GraphRequest, *, single: bool) -> None:
    """501 for what a list cannot return, 400 for a name that users do not have."""
    alone = {name.lower() for name in shapes.SINGLE_ONLY}
    known = shapes.known_user_names(tenant) | alone
    for name in odata.selected(request):
        if name.lower() in alone and not single:
            raise errors.GraphError(501, "notImplemented", f"The property user.{name} is not returned in a list.")
        if name.lower().partition("/")[0] not in known and not name.lower().startswith("extension_"):
            raise odata.bad_request(f"Could not find a property named '{name}' on type 'microsoft.graph.user'.")


def _expanded(tenant: tenants.Tenant, request: exchange.GraphRequest, user_id: str) -> dict[str, Any]:
    """What `$expand` adds to a person."""
    user = tenant.directory.users[user_id]
    found: dict[str, Any] = {}
    for name, inner in odata.expanded(request).items():
        if name == "manager":
            manager = _manager(tenant, user, inner, odata.levels(request, name))
            found |= {} if manager is None else {"manager": manager}
        elif name in ("memberof", "transitivememberof"):
            held = people.direct_groups_of if name == "memberof" else people.groups_of
            rows = [shapes.typed("group", shapes.group_row(tenant, group)) for group in held(tenant, user.id)]
            key = "memberOf" if name == "memberof" else "transitiveMemberOf"
            found[key] = [odata.narrow(row, inner or shapes.GROUP_DEFAULTS) for row in rows[:_EXPANDED_AT_MOST]]
        elif name == "directreports":
            reports = [person for person in tenant.directory.users.values() if person.manager_id == user.id]
            rows = [shapes.typed("user", shapes.user_row(tenant, person)) for person in reports]
            found["directReports"] = [odata.narrow(row, inner or shapes.USER_DEFAULTS) for row in rows[:20]]
        elif name == "extensions":
            found[name] = []
        else:
            raise odata.bad_request(f"Could not find a property named '{name}' on type 'microsoft.graph.user'.")
    return found


def _manager(tenant: tenants.Tenant, user: records.User, names: list[str], levels: int) -> dict[str, Any] | None:
    manager = tenant.directory.users.get(user.manager_id or "")
    if manager is None or levels < 1:
        return None
    row = shapes.typed("user", odata.narrow(shapes.user_row(tenant, manager), names or shapes.USER_DEFAULTS))
    above = _manager(tenant, manager, names, levels - 1)
    return row if above is None else {**row, "manager": above}


def _texts(request: exchange.GraphRequest, name: str, most: int) -> list[str]:
    asked = request.body.get(name) if isinstance(request.body, dict) else None
    if not isinstance(asked, list) or not all(isinstance(item, str) for item in asked):
        raise errors.GraphError(400, "Request_BadRequest", f"The parameter '{name}' is missing or not a collection.")
    if len(asked) > most:
        raise errors.GraphError(
            400, "Request_BadRequest", f"The number of elements in the input collection '{name}' exceeds {most}."
        )
    return list(asked)


def _strings(tenant: tenants.Tenant, request: exchange.GraphRequest, found: list[str]) -> exchange.GraphResponse:
    context = f"{tenant.origin}/{request.version}/$metadata#Collection(Edm.String)"
    return exchange.GraphResponse({"@odata.context": context, "value": found})
