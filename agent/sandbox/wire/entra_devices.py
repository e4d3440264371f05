"""Handlers for device objects of the directory, their people and groups, and the devices that a person has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.sandbox import device_records, records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import entra_devices, people
from agent.sandbox.wire import delta as change_tracking
from agent.sandbox.wire import device_shapes, directory_query, directory_shapes, exchange, odata

Row = dict[str, Any]


def devices(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Device objects, 100 to a page (learn.microsoft.com/graph/api/device-list)."""
    found = directory_query.ordered(request, directory_query.found_in(request, _all(tenant)))
    shown = [_shown(tenant, request, row) for row in found]
    return odata.collection(tenant, directory_query.without_idle_count(request), _context("devices", request), shown)


def count(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """How many device objects a filter finds; needs ConsistencyLevel."""
    return directory_query.count(request, _all(tenant))


def delta(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """What changed about devices since a link was given out (learn.microsoft.com/graph/api/device-delta)."""
    rows = [_of_version(row, request) for row in _all(tenant)]
    names = list(rows[0]) if rows else []
    return change_tracking.answer(tenant, request, "devices", rows, names=names)


def device(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One device object, by object id or by the alternate key `deviceId`."""
    row = device_shapes.entra_device(_wanted(tenant, request), beta=True)
    return odata.entity(tenant, request, f"{_context('devices', request)}/$entity", _shown(tenant, request, row))


def registered_owners(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Who joined or registered the device; empty while only Autopilot knows it."""
    return _people_of(tenant, request, directory_shapes.USER_DEFAULTS)


def registered_users(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Who uses the device; set with the owner (learn.microsoft.com/graph/api/device-list-registeredusers)."""
    return _people_of(tenant, request, (*directory_shapes.USER_DEFAULTS, "mailNickname"))


def owned_devices(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """The devices that a person owns, as directory objects."""
    user = people.find(tenant, request.path_values["id"])
    rows = [
        directory_shapes.typed("device", _of_version(device_shapes.entra_device(item, beta=True), request))
        for item in entra_devices.owned_by(tenant, user.id)
    ]
    return directory_query.answer(tenant, request, "directoryObjects", rows)


def groups_of(*, transitive: bool) -> exchange.Handler:
    """The handler for the groups a device is in, direct or through other groups too."""

    def handler(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
        device_id = _wanted(tenant, request).id
        found = people.groups_of(tenant, device_id) if transitive else people.direct_groups_of(tenant, device_id)
        rows = [directory_shapes.typed("group", directory_shapes.group_row(tenant, group)) for group in found]
        names = directory_shapes.GROUP_DEFAULTS
        return directory_query.answer(tenant, request, "directoryObjects", rows, names=names)

    return handler


def _all(tenant: tenants.Tenant) -> list[Row]:
    """Every property of every device; v1.0 finds by those it doesn't show, such as `extensionAttributes`."""
    return [device_shapes.entra_device(item, beta=True) for item in tenant.devices.entra.values()]


def _of_version(row: Row, request: exchange.GraphRequest) -> Row:
    return row if request.beta else {name: row[name] for name in row if name not in device_shapes.BETA_ONLY}


def _context(name: str, request: exchange.GraphRequest) -> str:
    names = odata.selected(request)
    return f"{name}({','.join(names)})" if names else name


def _wanted(tenant: tenants.Tenant, request: exchange.GraphRequest) -> device_records.EntraDevice:
    values = request.path_values
    if "device_id" in values:
        return entra_devices.get_by_device_id(tenant, values["device_id"])
    return entra_devices.get(tenant, values["id"])


def _people(tenant: tenants.Tenant, ids: Sequence[str]) -> list[records.User]:
    return [tenant.directory.users[user_id] for user_id in ids if user_id in tenant.directory.users]


def _people_of(tenant: tenants.Tenant, request: exchange.GraphRequest, names: Sequence[str]) -> exchange.GraphResponse:
    found = _people(tenant, _wanted(tenant, request).owner_ids)
    rows = [directory_shapes.typed("user", directory_shapes.user_row(tenant, user)) for user in found]
    return directory_query.answer(tenant, request, "directoryObjects", rows, names=names)


def _shown(tenant: tenants.Tenant, request: exchange.GraphRequest, row: Row) -> Row:
    narrowed = odata.narrow(_of_version(row, request), odata.selected(request))
    owners = _people(tenant, tenant.devices.entra[row["id"]].owner_ids)
    for name, names in odata.expanded(request).items():
        wanted = names or directory_shapes.USER_DEFAULTS
        shown = [
            directory_shapes.typed("user", odata.narrow(directory_shapes.user_row(tenant, user), wanted))
            for user in owners
        ]
        if name == "registeredowners":
            narrowed["registeredOwners"] = shown
        elif name == "registeredusers":
            narrowed["registeredUsers"] = shown
    return narrowed
