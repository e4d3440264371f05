"""Handlers for device objects of the directory, their owners, and the devices that a person owns."""

from __future__ import annotations

from typing import Any

from agent.sandbox import device_records, errors
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import entra_devices, people
from agent.sandbox.wire import device_shapes, exchange, filters, odata

_ADVANCED = frozenset({"ne"})


def devices(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Device objects, filtered; `ne` and `$count` need `ConsistencyLevel: eventual` (graph/aad-advanced-queries)."""
    _refuse_unless_advanced(request)
    rows = odata.matching(request, (device_shapes.entra_device(device) for device in tenant.devices.entra.values()))
    shown = [_shown(tenant, request, row) for row in rows]
    return odata.collection(tenant, request, "devices", shown)


def device(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One device object, by object id or by the alternate key `deviceId`."""
    row = device_shapes.entra_device(_wanted(tenant, request))
    return odata.entity(tenant, request, "devices/$entity", _shown(tenant, request, row))


def registered_owners(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Who joined or registered the device; empty while only Autopilot knows it."""
    rows = [odata.narrow(row, odata.selected(request)) for row in _owners(tenant, _wanted(tenant, request))]
    return odata.collection(tenant, request, "directoryObjects", rows)


def owned_devices(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """The devices that a person owns, as directory objects."""
    user = people.find(tenant, request.path_values["id"])
    typed = {"@odata.type": "#microsoft.graph.device"}
    rows = [typed | device_shapes.entra_device(item) for item in entra_devices.owned_by(tenant, user.id)]
    narrowed = [odata.narrow(row, odata.selected(request)) for row in rows]
    return odata.collection(tenant, request, "directoryObjects", narrowed)


def _wanted(tenant: tenants.Tenant, request: exchange.GraphRequest) -> device_records.EntraDevice:
    values = request.path_values
    if "device_id" in values:
        return entra_devices.get_by_device_id(tenant, values["device_id"])
    return entra_devices.get(tenant, values["id"])


def _owners(tenant: tenants.Tenant, found: device_records.EntraDevice) -> list[dict[str, Any]]:
    users = tenant.directory.users
    return [device_shapes.owner(users[user_id]) for user_id in found.owner_ids if user_id in users]


def _shown(tenant: tenants.Tenant, request: exchange.GraphRequest, row: dict[str, Any]) -> dict[str, Any]:
    narrowed = odata.narrow(row, odata.selected(request))
    if "registeredowners" in odata.expanded(request):
        narrowed["registeredOwners"] = _owners(tenant, tenant.devices.entra[row["id"]])
    return narrowed


def _refuse_unless_advanced(request: exchange.GraphRequest) -> None:
    if "$search" in request.query:
        raise errors.GraphError(501, "notImplemented", "The sandbox tenant does not search devices; use $filter.")
    text = request.query.get("$filter")
    asked = filters.comparisons(odata.parsed_filter(text)) if text else []
    needed = "$count" in request.query or any(operator in _ADVANCED for _, operator in asked)
    headers = {name.lower(): value.lower() for name, value in request.headers.items()}
    if needed and headers.get("consistencylevel") != "eventual":
        raise errors.GraphError(400, "Request_UnsupportedQuery", "Unsupported Query.")
