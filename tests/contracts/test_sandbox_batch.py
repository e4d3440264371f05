"""`$batch` in the sandbox: what spoils the whole, what spoils one item, and that each item is let in alone."""

from __future__ import annotations

from typing import Any

import pytest

from agent.sandbox import tenant
from tests.contracts.sandbox_side import Side

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def side() -> Side:
    return Side()


def batch(side: Side, *items: dict[str, Any], status: int = 200, version: str = "v1.0") -> dict[str, dict[str, Any]]:
    """The answers by id."""
    answer = side.send("POST", f"/{version}/$batch", {"requests": list(items)})
    assert answer.status_code == status, answer.get_data(as_text=True)
    return {row["id"]: row for row in answer.get_json().get("responses", [])}


def get(item_id: str, url: str, **more: Any) -> dict[str, Any]:
    return {"id": item_id, "method": "GET", "url": url, **more}


def test_each_item_is_answered_by_its_id_with_status_headers_and_body(side: Side) -> None:
    mara = side.person("mara.quist").id
    found = batch(
        side,
        get("1", f"/users/{mara}?$select=displayName"),
        get("2", "users/nobody@tallisharbour.example"),
        get("3", "/users/$count", headers={"ConsistencyLevel": "eventual"}),
        get("4", "/sites"),
    )

    assert found["1"]["body"]["displayName"] == "Mara Quist"
    assert found["1"]["headers"]["request-id"] != found["2"]["headers"]["request-id"]
    assert (found["2"]["status"], found["2"]["body"]["error"]["code"]) == (404, "Request_ResourceNotFound")
    assert found["3"]["body"] == len(side.tenant.directory.users)
    assert found["4"]["status"] == 501


def test_twenty_items_are_allowed_and_twenty_one_are_not(side: Side) -> None:
    items = [get(str(number), "/organization?$select=id") for number in range(21)]

    assert len(batch(side, *items[:20])) == 20
    batch(side, *items, status=400)


@pytest.mark.parametrize(
    "items",
    [
        [],
        [get("a", "/organization"), get("A", "/organization")],
        [{"method": "GET", "url": "/organization"}],
        [get("1", "https://graph.microsoft.com/v1.0/organization")],
        [{"id": "1", "method": "POST", "url": "/users/x/revokeSignInSessions"}],
        [{"id": "1", "method": "PATCH", "url": "/policies/authenticationMethodsPolicy", "body": {"a": 1}}],
        [get("1", "/organization", dependsOn=["9"])],
        [get("1", "/organization"), get("2", "/organization"), get("3", "/organization", dependsOn=["1", "2"])],
        [get("1", "/organization"), get("2", "/organization"), get("3", "/organization", dependsOn=["1"])],
    ],
)
def test_what_is_malformed_spoils_the_whole(side: Side, items: list[dict[str, Any]]) -> None:
    batch(side, *items, status=400)


def test_batches_do_not_nest_and_versions_do_not_mix(side: Side) -> None:
    nested = {"id": "1", "method": "POST", "url": "/$batch", "headers": JSON, "body": {"requests": []}}
    found = batch(side, nested, get("2", "/beta/organization"), get("3", "/deviceManagement/autopilotEvents"))

    assert found["1"]["status"] == 400
    assert found["2"]["status"] == 501
    assert found["3"]["status"] == 400
    assert batch(side, get("3", "/deviceManagement/autopilotEvents"), version="beta")["3"]["status"] == 200


def test_a_write_without_payload_needs_an_empty_body(side: Side) -> None:
    mara = side.person("mara.quist").id
    item = {"id": "1", "method": "POST", "url": f"/users/{mara}/revokeSignInSessions", "headers": JSON, "body": {}}

    assert batch(side, item)["1"]["body"]["value"] is True
    assert side.person("mara.quist").sessions_valid_from == side.clock.now


def test_what_waits_for_a_failed_item_fails_with_424(side: Side) -> None:
    serial = batch(
        side,
        get("1", "/organization"),
        get("2", "/users/nobody@tallisharbour.example", dependsOn=["1"]),
        get("3", "/organization", dependsOn=["2"]),
        get("4", "/organization", dependsOn=["3"]),
    )
    same = batch(
        side,
        get("1", "/organization"),
        get("2", "/users/nobody@tallisharbour.example", dependsOn=["1"]),
        get("3", "/organization", dependsOn=["1"]),
    )

    assert {key: row["status"] for key, row in serial.items()} == {"1": 200, "2": 404, "3": 424, "4": 424}
    assert {key: row["status"] for key, row in same.items()} == {"1": 200, "2": 404, "3": 200}


def test_answers_come_in_another_order_than_was_asked(side: Side) -> None:
    items = [get(str(number), "/organization?$select=id") for number in range(20)]
    answer = side.send("POST", "/v1.0/$batch", {"requests": items}).get_json()["responses"]

    assert [row["id"] for row in answer] != [item["id"] for item in items]


def test_items_are_throttled_one_by_one() -> None:
    side = Side(tenant.Options(throttling="on"))
    found = batch(side, *(get(str(number), "/auditLogs/directoryAudits") for number in range(6)))
    statuses = [row["status"] for row in found.values()]

    assert sorted(statuses) == [200] * 5 + [429]
    refused = next(row for row in found.values() if row["status"] == 429)
    assert int(refused["headers"]["Retry-After"]) > 0


def test_a_scripted_fault_reaches_the_item_it_fits(side: Side) -> None:
    side.door("POST", "faults", {"match": "GET */organization", "kind": "429", "retry_after": 7})
    found = batch(side, get("1", "/organization"), get("2", "/subscribedSkus"))

    assert (found["1"]["status"], found["1"]["headers"]["Retry-After"]) == (429, "7")
    assert found["2"]["status"] == 200


def test_rights_hold_for_each_item_and_a_bad_token_for_the_whole(side: Side) -> None:
    side.who = "issuer"
    mara = side.person("mara.quist").id
    passes = f"/users/{mara}/authentication/temporaryAccessPassMethods"
    found = batch(side, get("1", "/users"), get("2", passes))

    assert (found["1"]["status"], found["2"]["status"]) == (403, 200)
    answer = side.send("POST", "/v1.0/$batch", {"requests": [get("1", "/users")]}, Authorization="Bearer none")
    assert answer.status_code == 401
