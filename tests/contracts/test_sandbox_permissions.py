"""Which permission opens which route of the sandbox, held against Microsoft's own list."""

from __future__ import annotations

import pytest

from agent.sandbox.wire import exchange, routes
from tests.contracts import graph_slices
from tests.contracts.sandbox_side import Side

LISTED_ELSEWHERE = {
    "GET /policies/deviceregistrationpolicy",
    "GET /rolemanagement/directory/roleeligibilityscheduleinstances",
    "GET /users/{}/manageddevices",
    "GET /users/{}/transitivememberof/graph.directoryrole",
    "GET /users/{}/transitivememberof/graph.group",
}
"""Routes without an entry in Microsoft's list: their permissions are those of their reference pages."""


def operation(route: exchange.Route) -> str:
    return f"{route.method} {graph_slices.shape(route.path)}"


def sufficient(scheme: str) -> dict[str, set[str]]:
    """Operation to the permissions of which any one is enough."""
    found = {}
    for known, schemes in graph_slices.permissions().items():
        method, _, path = known.partition(" ")
        found[f"{method} {graph_slices.shape(path)}"] = set(schemes.get(scheme, {}).get("sufficient", []))
    return found


@graph_slices.held
def test_no_route_opens_to_an_app_by_a_permission_that_microsoft_does_not_list() -> None:
    known = sufficient("Application")
    too_much = {
        operation(route): set(route.permissions) - known[operation(route)]
        for route in routes.TABLE
        if operation(route) in known and not set(route.permissions) <= known[operation(route)]
    }
    assert too_much == {}


@graph_slices.held
def test_no_route_opens_to_a_person_by_a_permission_that_microsoft_does_not_list() -> None:
    known = sufficient("DelegatedWork")
    too_much = {
        operation(route): allowed - known[operation(route)]
        for route in routes.TABLE
        if operation(route) in known
        for allowed in [set(route.permissions if route.delegated is None else route.delegated)]
        if not allowed <= known[operation(route)]
    }
    assert too_much == {}


@graph_slices.held
def test_every_route_is_in_microsofts_list_or_named_here_as_missing() -> None:
    known = sufficient("Application")
    assert {operation(route) for route in routes.TABLE} - set(known) <= LISTED_ELSEWHERE


@graph_slices.held
def test_every_route_exists_in_the_versions_it_is_served_in() -> None:
    absent = [
        f"{version} {route.method} {route.path}"
        for route in routes.TABLE
        for version in route.versions
        if graph_slices.operation(version, route.method, route.path) is None
    ]
    outside_the_slices = ("roleEligibilityScheduleInstances", "authentication/methods", "deviceRegistrationPolicy")
    assert [name for name in absent if not any(part in name for part in outside_the_slices)] == []


def test_rows_of_the_table_are_unique_and_each_names_a_permission() -> None:
    rows = [(route.method, route.path.lower(), version) for route in routes.TABLE for version in route.versions]

    assert len(rows) == len(set(rows))
    assert all(route.permissions for route in routes.TABLE)


@pytest.fixture
def side() -> Side:
    return Side()


def grant(side: Side, *permissions: str) -> None:
    """Speak as the watcher with nothing but these."""
    side.who = "watcher"
    side.registration("watcher").permissions = set(permissions)


@pytest.mark.parametrize(
    ("permission", "opens"),
    [
        ("UserAuthMethod-WindowsHello.Read.All", {"windowsHelloForBusinessMethods"}),
        ("UserAuthMethod-TAP.Read.All", {"temporaryAccessPassMethods"}),
        ("UserAuthMethod-Passkey.Read.All", {"fido2Methods"}),
        (
            "UserAuthenticationMethod.Read.All",
            {"methods", "windowsHelloForBusinessMethods", "temporaryAccessPassMethods"},
        ),
    ],
)
def test_a_granular_permission_opens_its_own_collection_and_not_the_aggregate(
    side: Side, permission: str, opens: set[str]
) -> None:
    grant(side, permission)
    base = f"/v1.0/users/{side.person('helen.strand').id}/authentication"
    segments = ("methods", "windowsHelloForBusinessMethods", "temporaryAccessPassMethods", "fido2Methods")
    found = {segment for segment in segments if side.send("GET", f"{base}/{segment}").status_code == 200}

    assert found == opens


def test_reading_passes_does_not_allow_making_or_deleting_one(side: Side) -> None:
    made = side.make_pass("mara.quist", {})
    grant(side, "UserAuthMethod-TAP.Read.All")

    refused = side.send("POST", side.passes_of("mara.quist"), {})
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (403, "accessDenied")
    assert refused.get_json()["error"]["message"] == "Request Authorization failed"
    assert side.send("DELETE", f"{side.passes_of('mara.quist')}/{made['id']}").status_code == 403


def test_an_app_may_make_a_pass_for_an_administrator(side: Side) -> None:
    side.who = "issuer"
    side.make_pass("ines.okafor", {})


def test_the_directory_refuses_in_its_own_words(side: Side) -> None:
    side.who = "issuer"
    error = side.get("/v1.0/users", status=403)["error"]

    assert error["code"] == "Authorization_RequestDenied"
    assert error["message"] == "Insufficient privileges to complete the operation."


def test_a_permission_that_is_taken_away_is_missing_at_once(side: Side) -> None:
    side.who = "watcher"
    path = "/v1.0/roleManagement/directory/roleAssignments"
    side.get(path)

    side.door("POST", "deny", {"registration": "watcher", "permission": "RoleManagement.Read.Directory"})
    side.get(path, status=403)


@pytest.mark.parametrize(
    "path",
    [
        "/users",
        "/organization",
        "/roleManagement/directory/roleAssignments",
        "/roleManagement/directory/roleEligibilityScheduleInstances",
        "/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/TemporaryAccessPass",
        "/policies/deviceRegistrationPolicy",
        "/deviceManagement/managedDevices",
        "/deviceManagement/windowsAutopilotDeviceIdentities",
        "/deviceManagement/deviceEnrollmentConfigurations",
        "/devices",
        "/auditLogs/directoryAudits",
    ],
)
def test_the_watchers_least_rights_open_what_tapslip_reads(side: Side, path: str) -> None:
    side.who = "watcher"
    side.get(f"/v1.0{path}")
