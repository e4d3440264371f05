"""What every answer of the sandbox has in common, its faults, and its control door."""

from __future__ import annotations

import random
from typing import Any

import pytest

from agent.sandbox import mount, tenant
from tests import tenancies
from tests.contracts.sandbox_caller import Clock
from tests.contracts.sandbox_side import Side


@pytest.fixture
def side() -> Side:
    return Side()


def test_every_graph_answer_carries_both_ids(side: Side) -> None:
    for path in ("/v1.0/organization", "/v1.0/nowhere", "/v1.0/users/nobody"):
        answer = side.send("GET", path, client_request_id="mine")
        assert answer.headers["client-request-id"] == "mine"
        if answer.status_code != 200:
            inner = answer.get_json()["error"]["innerError"]
            assert inner["request-id"] == answer.headers["request-id"]
            assert inner["client-request-id"] == "mine"
            assert inner["date"] == "2026-11-23T09:00:00"
    assert side.send("GET", "/v1.0/organization").headers["client-request-id"]


def test_what_the_sandbox_does_not_know_is_refused_loudly(side: Side) -> None:
    for method, path in (("GET", "/v1.0/sites"), ("PUT", "/v1.0/users"), ("GET", "/v1.0/users/x/drive"), ("GET", "/x")):
        answer = side.send(method, path)
        assert answer.status_code == 501
        assert path in answer.get_data(as_text=True)
    assert side.send("GET", "/v1.0/users?$select=id,aboutMe").status_code == 501


def test_what_only_beta_has_is_an_unknown_segment_in_v1(side: Side) -> None:
    answer = side.get("/v1.0/deviceManagement/depOnboardingSettings/x/enrollmentProfiles", status=400)

    assert answer["error"]["code"] == "BadRequest"
    assert answer["error"]["message"] == "Resource not found for the segment 'depOnboardingSettings'."


def test_a_broken_body_is_a_bad_request(side: Side) -> None:
    path = f"/v1.0/users/{side.person('mara.quist').id}/checkMemberGroups"
    headers = {"Authorization": f"Bearer {side.token()}"}
    answer = side.client.post(path, data="{", headers=headers)

    assert answer.status_code == 400


def test_resource_units_are_told_as_microsoft_counts_them(side: Side) -> None:
    costs = {
        "/v1.0/users": "2",
        "/v1.0/users?$select=id": "1",
        "/v1.0/users?$expand=manager": "3",
        "/v1.0/users?$top=5": "1",
    }
    assert {path: side.send("GET", path).headers["x-ms-resource-unit"] for path in costs} == costs


def test_the_sixth_report_in_ten_seconds_is_throttled_and_coming_back_early_is_counted(side: Side) -> None:
    for _ in range(5):
        side.get("/v1.0/auditLogs/directoryAudits")
    side.clock.move(seconds=4)
    refused = side.send("GET", "/v1.0/auditLogs/directoryAudits")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "6")

    side.clock.move(seconds=2)
    side.send("GET", "/v1.0/auditLogs/directoryAudits")
    assert side.door("GET", "counters").get_json()["early_returns"] == 1
    side.clock.move(seconds=20)
    side.get("/v1.0/auditLogs/directoryAudits")
    assert side.door("GET", "counters").get_json()["early_returns"] == 1


def fault(side: Side, kind: str, **more: Any) -> None:
    body = {"match": "POST */temporaryAccessPassMethods", "kind": kind, **more}
    assert side.door("POST", "faults", body).status_code == 201


def listed(side: Side) -> int:
    return len(side.get(side.passes_of("mara.quist"))["value"])


@pytest.mark.parametrize(("kind", "status"), [("429", 429), ("500", 500), ("503", 503)])
def test_a_refusing_fault_happens_once_and_does_nothing(side: Side, kind: str, status: int) -> None:
    fault(side, kind, retry_after=7)
    answer = side.send("POST", side.passes_of("mara.quist"), {}, client_request_id="mine")

    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "7")
    assert answer.headers["client-request-id"] == "mine"
    assert listed(side) == 0
    side.make_pass("mara.quist", {})


def test_an_unreachable_tenant_does_nothing_and_a_lost_answer_was_carried_out(side: Side) -> None:
    fault(side, "unreachable")
    with pytest.raises(mount.ConnectionCut):
        side.send("POST", side.passes_of("mara.quist"), {})
    assert listed(side) == 0

    fault(side, "lost")
    with pytest.raises(mount.ConnectionCut):
        side.send("POST", side.passes_of("mara.quist"), {})
    assert listed(side) == 1


def test_a_truncated_answer_breaks_off_in_the_middle(side: Side) -> None:
    fault(side, "truncated")
    parts = iter(side.send("POST", side.passes_of("mara.quist"), {}).iter_encoded())

    assert next(parts).startswith(b'{"@odata.context"')
    with pytest.raises(mount.ConnectionCut):
        next(parts)
    assert listed(side) == 1


def test_slow_answers_wait_and_after_a_minute_the_gateway_gives_up(side: Side) -> None:
    fault(side, "slow", seconds=3)
    side.make_pass("mara.quist", {})
    fault(side, "slow", seconds=90)
    answer = side.send("POST", side.passes_of("jonas.ferreira"), {})

    assert answer.status_code == 504
    assert side.waited == [3, 60]
    assert side.get(side.passes_of("jonas.ferreira"))["value"] == []


def test_latency_is_waited_for_on_each_request() -> None:
    side = Side(tenant.Options(latency=0.1))
    side.get("/v1.0/organization")

    assert side.waited == [0.1, 0.1]


def test_faults_can_be_taken_back_and_wrong_ones_are_refused(side: Side) -> None:
    fault(side, "500", times=3)
    assert side.door("DELETE", "faults").status_code == 204
    side.make_pass("mara.quist", {})

    for wrong in ({"match": "*", "kind": "gremlins"}, {"kind": "500"}, {"match": "*", "kind": "500", "often": 2}):
        assert side.door("POST", "faults", wrong).status_code == 422


def test_the_control_door_wants_its_token_and_this_machine(side: Side) -> None:
    assert side.door("GET", "counters", token="guess").status_code == 401
    assert side.door("GET", "counters", token=side.token()).status_code == 401
    foreign = side.client.get(
        "/control/counters",
        headers={"Authorization": f"Bearer {side.sandbox.control_token}"},
        base_url="https://sandbox.example:8443",
    )
    assert foreign.status_code == 403


def test_requests_are_counted_by_route(side: Side) -> None:
    side.get(f"/v1.0/users/{side.person('mara.quist').id}")
    side.get(f"/v1.0/users/{side.person('ines.okafor').id}")

    assert side.door("GET", "counters").get_json()["requests"] == {"GET /users/{id}": 2}


def test_a_reset_brings_back_the_same_company_with_the_same_ids(side: Side) -> None:
    before = side.sandbox.ready_line()
    people = sorted(side.tenant.directory.users)
    made = side.make_pass("mara.quist", {})["id"]

    assert side.door("POST", "reset").status_code == 204
    assert side.sandbox.ready_line() == before
    assert sorted(side.tenant.directory.users) == people
    assert side.tenant.credentials.passes == {}
    again = Side()
    again.clock, again.client, again.tenant = side.clock, side.client, side.tenant
    assert again.make_pass("mara.quist", {})["id"] != made


def test_a_wrong_seed_is_refused_with_a_sentence_and_leaves_the_company_as_it_was(side: Side) -> None:
    before = side.sandbox.ready_line()
    headers = {"Authorization": f"Bearer {side.sandbox.control_token}"}
    for text in ("company: [", "company: {name: X}"):
        answer = side.client.post("/control/seed", data=text, headers=headers)
        assert answer.status_code == 422
        assert answer.get_json()["error"]
    assert side.sandbox.ready_line() == before


def test_a_policy_the_tenant_would_refuse_is_refused_at_the_door_too(side: Side) -> None:
    assert side.door("POST", "policy", {"minimumLifetimeInMinutes": 5}).status_code == 422
    assert side.door("POST", "deny", {"registration": "nobody", "permission": "x"}).status_code == 422


def test_the_ready_line_says_where_everything_is(side: Side) -> None:
    line = side.sandbox.ready_line()

    assert set(line) == {
        *("graph", "login", "tenant_id", "client_id", "client_secret", "registrations", "control", "control_token"),
        "managed_identity",
    }
    assert set(line["registrations"]) == {"watcher", "issuer", "writer", "operators", "sender"}
    assert all(set(item) == {"client_id", "client_secret"} for item in line["registrations"].values())


def test_one_seed_makes_one_company_and_another_makes_another() -> None:
    first, same, other = (
        tenancies.make(Clock(), random.Random(seed)).ready_line()  # noqa: S311 - ids only
        for seed in (1, 1, 2)
    )
    assert first == same
    assert first["tenant_id"] != other["tenant_id"]


def test_devices_are_listed_and_an_unknown_one_cannot_be_moved(side: Side) -> None:
    devices = side.door("GET", "devices").get_json()["devices"]
    assert {"serial", "kind", "model", "screen", "message", "asks", "person", "finished"} <= set(devices[0])

    refused = side.door("POST", "devices/NOSUCH1/power-on")
    assert refused.status_code == 422
    assert "NOSUCH1" in refused.get_json()["error"]
