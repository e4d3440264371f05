"""Every read of people, groups, roles, policies and methods in the table answers, and fits Microsoft's description."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from agent.sandbox import access_records, records, sign_in_records
from agent.sandbox.wire import exchange, identity_routes, method_routes
from tests.contracts import graph_slices
from tests.contracts.sandbox_side import Side

ROWS = [route for route in (*identity_routes.ROWS, *method_routes.ROWS) if route.method == "GET"]
NOT_FOUND = ("qrCodePinMethod", "passwordlessMicrosoftAuthenticator")


@pytest.fixture(scope="module")
def side() -> Side:
    """A company in which Helen holds one of every kind of method, and which has a named place and a unit."""
    made = Side()
    made.tenant.options.throttling = "off"
    helen = made.person("helen.strand")
    for kind in ("fido2", "platformCredential", "email", "softwareOath", "hardwareOath", "external", "phone"):
        method = records.Method(f"the {kind}", helen.id, kind, "Some name", created=made.clock.now)
        method.device_id = next(iter(made.tenant.devices.entra))
        made.tenant.credentials.methods[helen.id].append(method)
    operation = records.Operation("an operation", helen.id, "succeeded", made.clock.now, made.clock.now)
    made.tenant.credentials.operations[operation.id] = operation
    place = access_records.NamedLocation("a place", "Harbour House", ["203.0.113.0/24"], trusted=True)
    made.tenant.credentials.named_locations[place.id] = place
    unit = access_records.AdministrativeUnit(made.tenant.new_id(), "Board")
    made.tenant.directory.units[unit.id] = unit
    made.make_pass("helen.strand", {})
    return made


def everything(side: Side, route: exchange.Route) -> str:
    """A token of Helen's where the row is for people only, else of an app, with the row's own rights."""
    personal = not route.permissions or route.path.startswith("/me")
    allowed = route.permissions if route.delegated is None or not personal else route.delegated
    held = sign_in_records.AccessToken(
        token=f"{personal} {sorted(allowed)}",
        app_id=side.registration("full").app_id,
        kind="delegated" if personal else "app",
        permissions=frozenset(allowed),
        expires=side.clock.now + timedelta(hours=1),
        audience="https://graph.microsoft.com",
        user_id=side.person("helen.strand").id if personal else None,
    )
    side.tenant.sign_ins.access_tokens[held.token] = held
    return f"Bearer {held.token}"


def filled(side: Side, route: exchange.Route) -> str:
    """The row's path with keys that exist."""
    directory, helen = side.tenant.directory, side.person("helen.strand")
    keys = {
        "/users": helen.id,
        "/users(": helen.upn,
        "/groups": next(iter(directory.groups)),
        "/organization": side.tenant.id,
        "/identity": next(iter(side.tenant.credentials.conditional_access)),
        "/reports": helen.id,
        "/directory": next(iter(directory.units)),
    }
    start = "/users(" if route.path.startswith("/users(") else "/" + route.path.split("/")[1]
    if "namedLocations" in route.path:
        keys["/identity"] = next(iter(side.tenant.credentials.named_locations))
    path = route.path.replace("{id}", keys.get(start, "?"))
    held = side.tenant.credentials.methods[helen.id]
    kinds = {name.lower(): method.id for method in held for name in [f"/{method.kind}Methods"]}
    kinds["/externalauthenticationmethods"] = "the external"
    kinds["/temporaryaccesspassmethods"] = side.tenant.credentials.passes[helen.id].id
    for name, key in kinds.items():
        if name in path.lower():
            path = path.replace("{method_id}", key)
    path = path.replace("{method_id}", held[0].id).replace("{operation_id}", "an operation")
    path = path.replace("{object_id}", next(group.id for group in directory.groups.values() if "Leith" in group.name))
    path = path.replace("{template_id}", "62e90394-69f5-4237-9190-012177145e10")
    return path.replace("{configuration}", "fido2")


def first_id(side: Side, version: str, path: str, token: str) -> str:
    """The id of the first item of the collection that a path ends under."""
    body: Any = side.get(f"/{version}{path.rpartition('/')[0]}", Authorization=token)
    return str(body["value"][0]["id"])


@graph_slices.held
@pytest.mark.parametrize("version", ["v1.0", "beta"])
@pytest.mark.parametrize("route", ROWS, ids=lambda route: route.path)
def test_a_read_answers_and_fits(side: Side, route: exchange.Route, version: str) -> None:
    if version not in route.versions:
        return
    path, token = filled(side, route), everything(side, route)
    if path.endswith("?"):
        path = path[:-1] + first_id(side, version, path, token)
    query = "?$count=true" if "microsoft.graph." in path and not path.endswith("$count") else ""
    if path.endswith("transitiveRoleAssignments"):
        query = f"?$count=true&$filter=principalId eq '{side.person('ines.okafor').id}'"
    answer = side.send("GET", f"/{version}{path}{query}", Authorization=token, ConsistencyLevel="eventual")

    assert answer.status_code == (404 if any(name in path for name in NOT_FOUND) else 200), answer.get_data(
        as_text=True
    )
    if answer.status_code == 200 and graph_slices.operation(version, "GET", in_slices(route.path)) is not None:
        if path.endswith("$count"):
            assert answer.headers["Content-Type"].startswith("text/plain")
            return
        assert graph_slices.answer_faults(version, "GET", in_slices(route.path), answer.get_json()) == []


def in_slices(path: str) -> str:
    return "/users/{id}" + path.removeprefix("/me") if path.startswith("/me") else path


def test_an_app_is_told_that_me_is_for_people(side: Side) -> None:
    answer = side.send("GET", "/v1.0/me/authentication/methods")

    assert (answer.status_code, answer.get_json()["error"]["code"]) == (400, "BadRequest")
