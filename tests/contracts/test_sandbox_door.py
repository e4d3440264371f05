"""The control door beyond devices and faults: who may open it, the switches, the people with keys, dying tokens."""

from __future__ import annotations

import pytest

from agent.sandbox import tenant
from tests.contracts.operators import authorize, returned
from tests.contracts.sandbox_side import Side


@pytest.fixture
def side() -> Side:
    return Side()


def knock(side: Side, host: str, remote: str = "127.0.0.1") -> int:
    headers = {"Authorization": f"Bearer {side.sandbox.control_token}", "Host": host}
    around = {"REMOTE_ADDR": remote}
    return side.client.get("/control/counters", headers=headers, environ_overrides=around).status_code


def test_the_door_opens_to_this_machine_by_its_own_names_only(side: Side) -> None:
    assert [knock(side, host) for host in ("localhost:8443", "127.0.0.1", "[::1]:8443")] == [200, 200, 200]
    for host in ("evil.example", "localhost.evil.example", "localhost:8443@evil.example", "127.0.0.1.nip.io"):
        assert knock(side, host) == 403
    assert knock(side, "localhost", remote="192.0.2.7") == 403


def test_nothing_of_the_door_is_on_graphs_routes(side: Side) -> None:
    for path in ("/v1.0/control/counters", "/beta/control/options", "/v1.0/options"):
        assert side.send("GET", path).status_code == 501
    for path in ("counters", "options", "people"):
        assert side.client.get(f"/control/{path}", base_url=side.tenant.origin).status_code == 401


def test_the_switches_can_be_read_and_turned(side: Side) -> None:
    changed = side.door("PATCH", "options", {"scope_refusal_status": 403, "page_size": 2, "speed": 3}).get_json()
    assert (changed["scope_refusal_status"], changed["page_size"], changed["speed"]) == (403, 2, 3.0)
    assert len(side.get("/v1.0/users")["value"]) == 2
    assert side.make_pass("peter.ashdown", {}, status=403)["error"]["code"] == "accessDenied"


def test_a_seed_may_turn_switches_and_a_wrong_one_is_named(side: Side) -> None:
    def load(text: str) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {side.sandbox.control_token}"}
        address = {"headers": headers, "base_url": side.tenant.origin}
        answer = side.client.post("/control/seed", data=text, **address)
        return answer.status_code, answer.get_data(as_text=True)

    small = "company: {name: Small, domain: small.example}\npass_policy: {include: [all_users]}\n"
    assert load(small + "options: {throttling: 'on', limits: {writes: [3, 15]}}")[0] == 204
    assert side.sandbox.gate.throttle.limit("writes") == (3, 15.0)
    status, said = load(small + "options: {lags: {passes: 3}}")
    assert status == 422
    assert "options.lags: 'passes' takes reads and seconds." in said


def test_staff_with_a_key_are_listed_and_others_cannot_sign_in_for_you(side: Side) -> None:
    people = {row["person"].partition("@")[0] for row in side.door("GET", "people").get_json()["people"]}
    assert people == {"ines.okafor", "omar.siddiq", "priya.venkat", "tomasz.brandt"}
    address = authorize(side, "operators")
    stands = side.door("POST", f"people/{side.person('omar.siddiq').upn}/sign-in", {"address": address}).get_json()
    assert returned(stands)["code"]
    refused = side.door("POST", f"people/{side.person('mara.quist').upn}/sign-in", {"address": address})
    assert (refused.status_code, "holds a key" in refused.get_json()["error"]) == (422, True)
    elsewhere = {"address": "https://evil.example/authorize"}
    assert side.door("POST", f"people/{side.person('omar.siddiq').upn}/sign-in", elsewhere).status_code == 422


def test_a_token_can_be_made_to_expire_for_one_request_or_for_good(side: Side) -> None:
    side.door("POST", "faults", {"match": "GET /v1.0/users*", "kind": "expired_token"})
    refused = side.send("GET", "/v1.0/users")
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assert "WWW-Authenticate" in refused.headers
    side.get("/v1.0/users")

    side.door("POST", "expire-tokens")
    side.get("/v1.0/users", status=401)


@pytest.mark.parametrize(("kind", "status"), [("502", 502), ("504", 504)])
def test_a_gateway_can_fail_too(side: Side, kind: str, status: int) -> None:
    side.door("POST", "faults", {"match": "GET /v1.0/users", "kind": kind})
    side.get("/v1.0/users", status=status)


def test_a_registration_takes_a_certificate_and_refuses_what_is_none(side: Side) -> None:
    wrong = {"registration": "watcher", "certificate": "no certificate"}
    assert side.door("POST", "certificate", wrong).status_code == 422


def test_reset_brings_switches_windows_and_counters_back(side: Side) -> None:
    side.door("PATCH", "options", {"throttling": "on", "limits": {"writes": [1, 600]}})
    side.make_pass("mara.quist", {})
    side.make_pass("mara.quist", {}, status=429)
    side.door("POST", "reset")

    assert side.tenant.options == tenant.Options()
    counted = side.door("GET", "counters").get_json()
    assert counted == {"requests": {}, "early_returns": 0, "throttled": {}}
