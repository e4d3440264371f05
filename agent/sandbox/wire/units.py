"""Handlers for administrative units, and for who owns a group."""

from __future__ import annotations

from agent.sandbox import tenant as tenants
from agent.sandbox.areas import people
from agent.sandbox.wire import directory_query, exchange, identity_groups, odata
from agent.sandbox.wire import directory_shapes as shapes

_UNITS = "directory/administrativeUnits"


def list_units(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /directory/administrativeUnits (learn.microsoft.com/graph/api/directory-list-administrativeunits)."""
    rows = [shapes.unit_row(unit) for unit in tenant.directory.units.values()]
    return directory_query.answer(tenant, request, _UNITS, rows)


def get_unit(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /directory/administrativeUnits/{id}."""
    unit = tenant.directory.units.get(request.path_values["id"].lower())
    if unit is None:
        raise people.not_found(request.path_values["id"])
    row = odata.narrow(shapes.unit_row(unit), odata.selected(request))
    return odata.entity(tenant, request, f"{_UNITS}/$entity", row)


def group_owners(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /groups/{id}/owners (learn.microsoft.com/graph/api/group-list-owners)."""
    group = people.find_group(tenant, request.path_values["id"])
    return identity_groups.objects(tenant, request, group.owner_ids)
