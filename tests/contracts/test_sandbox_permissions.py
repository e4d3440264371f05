"""Which permission opens which route of the sandbox, held against Microsoft's own list."""

from __future__ import annotations

import re

import pytest

from agent.sandbox.wire import exchange, routes
from tests.contracts import device_pages, graph_slices
from tests.contracts.sandbox_side import Side

LISTED_ELSEWHERE = (
    r"POST /directoryobjects/getbyids",
    r"GET /(users/{}|me)/transitivememberof/{}",
    r"GET /rolemanagement/directory/(transitiveroleassignments|roleeligibilityscheduleinstances(/{})?)",
    r"GET /policies/(deviceregistrationpolicy|authenticationmethodspolicy/authenticationmethodconfigurations)",
    r"DELETE /(users/{}|me)/authentication/passwordmethods/{}",
    r"PUT /(users/{}|me)/authentication/(phone|email)methods/{}",
    r"(GET|DELETE) /me/authentication/externalauthenticationmethods(/{})?",
    r"GET /(users/{}|me)/authentication/(qrcodepinmethod|operations(/{})?)",
    r"GET /identity/conditionalaccess/namedlocations(/{})?",
    r"GET /policies/authenticationstrengthpolicies(/{})?",
    r"GET /policies/identitysecuritydefaultsenforcementpolicy",
    r"GET /groups/{}/owners",
    r"GET /domains(/{}(/federationconfiguration)?)?",
    r"GET /directory/administrativeunits(/{})?",
    r"GET /(users/{}|me)/manageddevices(/{})?",
    r"POST /users/{}/sendmail",
)
"""Routes without an entry in Microsoft's list, as patterns (those of devices are in `device_pages`): their permissions
are those of their reference pages."""

NARROWER = {"POST /devicemanagement/windowsautopilotdeviceidentities/{}/unassignuserfromdevice"}
"""Microsoft's list lets a Read permission write here; the reference page does not, nor do we."""


def operation(route: exchange.Route) -> str:
    """A route in the list's words: of a number, a cast, a device or a delta those of what they are taken from."""
    full = f"{route.method} {graph_slices.shape(route.path)}"
    return re.sub(r"(/\$count|/graph\.\w+|/delta\(\)|/device)+$", "", full)


def held_elsewhere(route: exchange.Route) -> bool:
    listed = any(re.fullmatch(pattern, operation(route)) for pattern in LISTED_ELSEWHERE)
    return listed or route.path in device_pages.WITHOUT_PERMISSIONS


def sufficient(scheme: str) -> dict[str, set[str]]:
    """Operation to the permissions of which any one is enough."""
    found = {}
    for known, schemes in graph_slices.permissions().items():
        method, _, path = known.partition(" ")
        found[f"{method} {graph_slices.shape(path)}"] = set(schemes.get(scheme, {}).get("sufficient", []))
    return found


def differing(scheme: str) -> dict[str, tuple[set[str], set[str]]]:
    """Operation to (permissions that only we take, permissions that only Microsoft lists)."""
    known = sufficient(scheme)
    found = {}
    for route in routes.TABLE:
        name = operation(route)
        alike = scheme == "Application" or route.delegated is None
        allowed = set(route.permissions if alike else route.delegated or ())
        if name in known and name not in NARROWER and allowed != known[name]:
            found[name] = (allowed - known[name], known[name] - allowed)
    return found


@graph_slices.held
def test_each_route_opens_to_an_app_by_exactly_the_permissions_that_microsoft_lists() -> None:
    assert differing("Application") == {}


@graph_slices.held
def test_each_route_opens_to_a_person_by_exactly_the_permissions_that_microsoft_lists() -> None:
    assert differing("DelegatedWork") == {}


@graph_slices.held
def test_every_route_is_in_microsofts_list_or_named_here_as_missing() -> None:
    known = sufficient("Application")
    absent = [route for route in routes.TABLE if operation(route) not in known]

    assert [operation(route) for route in absent if not held_elsewhere(route)] == []


@graph_slices.held
def test_every_route_is_in_the_slices_or_names_the_page_it_was_built_from() -> None:
    absent = [
        f"{version} {route.method} {route.path}"
        for route in routes.TABLE
        for version in route.versions
        if graph_slices.operation(version, route.method, route.path) is None
        and not (
            route.page or route.path in device_pages.BUILT_FROM or route.path == "/policies/deviceRegistrationPolicy"
        )
    ]
    assert absent == []


def test_rows_of_the_table_are_unique_and_each_names_a_permission() -> None:
    rows = [(route.method, route.path.lower(), version) for route in routes.TABLE for version in route.versions]

    assert len(rows) == len(set(rows))
    assert all(route.permissions or route.delegated for route in routes.TABLE)


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
