"""Microsoft's published limits as the sandbox keeps them: fixed windows, headers, scopes, and clients that hurry."""

from __future__ import annotations

import time
from typing import Any

import pytest

from agent.sandbox import tenant
from agent.sandbox.wire import throttling
from tests.contracts.sandbox_side import Side

REPORT = "/v1.0/auditLogs/directoryAudits"


def limited(**limits: tuple[int, float]) -> Side:
    """A sandbox that keeps Microsoft's limits, some of them smaller."""
    return Side(tenant.Options(throttling="on", limits=dict(limits)))


def statuses(side: Side, method: str, path: str, times: int, body: Any = None) -> list[int]:
    return [side.send(method, path, body).status_code for _ in range(times)]


def test_writes_are_refused_until_the_window_ends_and_reads_go_on() -> None:
    side = limited(writes=(3, 15))
    assert statuses(side, "POST", side.passes_of("mara.quist"), 3, {}) == [201, 201, 201]
    side.clock.move(seconds=4.5)
    refused = side.send("POST", side.passes_of("mara.quist"), {})

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "11")
    app_id = side.registration("full").app_id
    assert refused.headers["x-ms-throttle-scope"] == f"Tenant_Application/ReadWrite/{app_id}/{side.tenant.id}"
    assert refused.headers["x-ms-throttle-information"] == "WriteLimitExceeded"
    side.get(side.passes_of("mara.quist"))
    side.clock.move(seconds=11)
    side.make_pass("mara.quist", {})


def test_a_refusal_says_what_microsofts_page_says_and_makes_nothing() -> None:
    side = limited(writes=(1, 150))
    side.make_pass("mara.quist", {})
    error = side.make_pass("chidi.eze", {}, status=429)["error"]

    assert (error["code"], error["message"]) == ("TooManyRequests", "Please retry again later.")
    inner = {name: error["innerError"][name] for name in ("code", "status", "message")}
    assert inner == {"code": "429", "status": "429", "message": "Please retry after"}
    assert side.get(side.passes_of("chidi.eze"))["value"] == []


def test_each_app_has_its_own_writes_and_the_tenant_one_for_all() -> None:
    side = limited(writes=(2, 150), tenant_writes=(3, 300))
    assert statuses(side, "POST", side.passes_of("mara.quist"), 3, {}) == [201, 201, 429]
    side.who = "issuer"
    refused = side.send("POST", side.passes_of("mara.quist"), {})
    assert refused.headers["x-ms-throttle-scope"] == f"Tenant/ReadWrite/{side.tenant.id}"


def test_resource_units_are_counted_by_cost_and_the_share_is_told_above_four_fifths() -> None:
    side = limited(units=(10, 10))
    shares = [side.send("GET", "/v1.0/users").headers.get("x-ms-throttle-limit-percentage") for _ in range(5)]
    assert shares == [None, None, None, None, "1.00"]
    over = side.send("GET", "/v1.0/users")
    assert over.headers["x-ms-throttle-information"] == "ResourceUnitLimitExceeded"
    assert over.headers["x-ms-throttle-limit-percentage"] == "1.20"


@pytest.mark.parametrize(("size", "units"), [("S", 3500), ("M", 5000), ("L", 8000)])
def test_resource_units_follow_the_size_of_the_tenant(size: str, units: int) -> None:
    side = Side(tenant.Options(throttling="on", tenant_size=size))
    assert side.sandbox.gate.throttle.limit("units") == (units, 10)
    assert Side(tenant.Options(throttling="on")).sandbox.gate.throttle.limit("units") == (3500, 10)


def test_a_factor_shortens_windows_and_counts_alike_and_never_below_one_request() -> None:
    throttle = Side(tenant.Options(throttling="on", throttle_factor=0.1)).sandbox.gate.throttle
    assert throttle.limit("writes") == (300, 15)
    assert throttle.limit("conditional_access") == (1, 1)
    count, seconds = throttle.limit("intune_enrolment_writes")
    assert (count, seconds) == (10, 2)


def test_intune_throttles_apart_from_the_directory_and_may_leave_out_when_to_come_back() -> None:
    side = limited(intune_enrolment=(1, 20), intune_devices=(1, 20))
    assert statuses(side, "GET", "/v1.0/deviceManagement/managedDevices", 2) == [200, 429]
    refused = [side.send("GET", "/v1.0/deviceManagement/windowsAutopilotDeviceIdentities") for _ in range(2)][1]
    assert refused.headers["Retry-After"] == "20"
    assert "An error has occurred." in refused.get_json()["error"]["message"]
    side.get("/v1.0/organization")

    side.tenant.options.intune_retry_after = False
    silent = side.send("GET", "/v1.0/deviceManagement/managedDevices")
    assert (silent.status_code, "Retry-After" in silent.headers) == (429, False)


def test_conditional_access_takes_one_a_second_from_all_apps_and_names_no_wait() -> None:
    side = Side(tenant.Options(throttling="on"))
    charge = throttling.Charge("any", "GET", "/identity/conditionalAccess/policies")
    side.sandbox.gate.throttle.charge(charge)
    refused = side.send("GET", "/v1.0/identity/conditionalAccess/policies")

    assert (refused.status_code, "Retry-After" in refused.headers) == (429, False)
    side.clock.move(seconds=1)
    side.get("/v1.0/identity/conditionalAccess/policies")


def test_the_pessimistic_reading_counts_authentication_methods_with_the_reports() -> None:
    side = Side(tenant.Options(throttling="on", methods_limit="reports"))
    assert statuses(side, "GET", side.passes_of("mara.quist"), 6) == [200] * 5 + [429]
    usual = Side(tenant.Options(throttling="on"))
    assert statuses(usual, "GET", usual.passes_of("mara.quist"), 6) == [200] * 6


def test_a_client_that_comes_back_too_early_is_throttled_again_and_counted_each_time() -> None:
    side = limited(writes=(1, 20))
    path = side.passes_of("mara.quist")
    assert statuses(side, "POST", path, 3, {}) == [201, 429, 429]
    assert statuses(side, "POST", side.passes_of("chidi.eze"), 1, {}) == [429]
    counted = side.door("GET", "counters").get_json()
    assert (counted["early_returns"], counted["throttled"]) == (1, {"writes": 3})

    side.clock.move(seconds=20)
    assert statuses(side, "POST", path, 1, {}) == [201]
    assert side.door("GET", "counters").get_json()["early_returns"] == 1


def test_the_switches_turn_it_off_and_to_the_reports_alone() -> None:
    side = limited(writes=(1, 20))
    side.door("PATCH", "options", {"throttling": "off"})
    assert statuses(side, "GET", REPORT, 7) == [200] * 7
    side.door("PATCH", "options", {"throttling": "reports"})
    assert statuses(side, "GET", REPORT, 6) == [200] * 5 + [429]
    assert statuses(side, "POST", side.passes_of("mara.quist"), 2, {}) == [201, 201]


def test_counting_costs_next_to_nothing() -> None:
    side = limited()
    charge = throttling.Charge("app", "POST", "/users/x/authentication/temporaryAccessPassMethods")
    side.tenant.options.limits["writes"] = (10**6, 150)
    side.tenant.options.limits["tenant_writes"] = side.tenant.options.limits["units"] = (10**6, 150)
    began = time.perf_counter()
    for _ in range(5000):
        side.sandbox.gate.throttle.charge(charge)
    assert (time.perf_counter() - began) / 5000 < 50e-6
