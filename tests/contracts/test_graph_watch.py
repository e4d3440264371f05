"""The watch itself: it sees what is wrong with an exchange, and lets the rest go by; the table it relies on."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import Client

from agent.sandbox.wire import recording
from tests.contracts import graph_slices
from tests.watching import Watch, unlisted

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PASSES = "/v1.0/users/mara@contoso.example/authentication/temporaryAccessPassMethods"
PASS = {"id": "one", "lifetimeInMinutes": 60, "isUsableOnce": True}
OURS = {"User-Agent": "Tapslip/0.1.0"}

pytestmark = graph_slices.held


class Tenant:
    """A WSGI app that always gives the same answer."""

    def __init__(self, body: Any, status: str = "200 OK") -> None:
        self.body = b"" if body is None else json.dumps(body).encode()
        self.status = status

    def __call__(self, _environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response(self.status, [("Content-Type", "application/json;odata.metadata=minimal")])
        return [self.body]


def watched(tenant: Tenant, method: str, path: str, *, body: Any = None, headers: Any = OURS) -> list[str]:
    """The faults that a watch of its own finds in one exchange; a record of the exchange tells another the same."""
    watch, reader = Watch(), Watch()
    sent = {} if body is None else {"json": body}
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "record.jsonl"
        app = recording.Overheard(watch.in_front_of(tenant), recording.Recorder(record.write_bytes))
        Client(app).open(path, method=method, headers=headers, **sent)
        reader.read(record)
    assert (reader.answers, reader.requests, reader.faults) == (watch.answers, watch.requests, watch.faults)
    return sorted(watch.faults)


def test_an_exchange_as_microsoft_describes_it_has_no_fault() -> None:
    page = {"@odata.context": "…", "@odata.count": 1, "value": [{**PASS, "@odata.type": "#microsoft.graph.x"}]}

    assert watched(Tenant(page), "GET", f"{PASSES}?$select=id,isUsable&$filter=isUsableOnce eq true") == []
    assert watched(Tenant(PASS, "201 Created"), "POST", PASSES, body={"lifetimeInMinutes": 60}) == []
    assert watched(Tenant(None, "204 No Content"), "DELETE", f"{PASSES}/one") == []
    assert watched(Tenant({"value": [PASS]}), "GET", "/v1.0/me/authentication/temporaryAccessPassMethods") == []


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"value": [{**PASS, "lifetime": 60}]}, "200 OK", "lifetime is not in the schema"),
        ({"value": [{**PASS, "lifetimeInMinutes": "60"}]}, "200 OK", "'60' is not integer or null"),
        ({"value": [{**PASS, "startDateTime": "today"}]}, "200 OK", "'today' does not match"),
        ({"value": [], "@odata.next": "…"}, "200 OK", "@odata.next is not in the schema"),
        (None, "200 OK", "status 200 without a body"),
        ({"value": []}, "302 Found", "status 302 is not among"),
        ({"message": "no"}, "403 Forbidden", "refusal 403: code or message is missing"),
        ({"error": {"code": "no", "message": "no", "advice": ""}}, "429 Wait", "advice is not in the schema"),
    ],
)
def test_an_answer_that_microsoft_would_not_give_is_a_fault(body: Any, status: str, told: str) -> None:
    faults = watched(Tenant(body, status), "GET", PASSES, headers={})

    assert any(told in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("GET", "/v1.0/nowhere", None, "neither the slices nor the route table have it"),
        ("GET", "/v1.0/deviceManagement/autopilotEvents", None, "neither the slices nor the route table have it"),
        ("GET", f"{PASSES}?$colour=blue", None, "option $colour is not among"),
        ("GET", f"{PASSES}?$select=id,lifetime", None, "$select names lifetime"),
        ("GET", "/v1.0/auditLogs/signIns?$filter=status/code eq 50126", None, "$filter names status/code"),
        ("POST", PASSES, {"lifetime": 60}, "lifetime is not in the schema"),
        ("POST", PASSES, None, "no body"),
        ("DELETE", f"{PASSES}/one", {"really": True}, "a body where none is documented"),
    ],
)
def test_a_request_that_microsoft_does_not_describe_is_a_fault_of_our_clients_alone(
    method: str, path: str, body: Any, told: str
) -> None:
    refusing = Tenant({"error": {"code": "no", "message": "no"}}, "400 Bad Request")
    faults = watched(refusing, method, path, body=body)

    assert any(told in fault for fault in faults), faults
    assert watched(refusing, method, path, body=body, headers={"User-Agent": "another program"}) == []


def test_the_items_of_a_batch_are_held_as_if_they_had_come_alone() -> None:
    items = [{"id": "1", "method": "GET", "url": f"{PASSES.removeprefix('/v1.0')}?$select=lifetime"}]
    given = {"responses": [{"id": "1", "status": 200, "body": {"value": [{**PASS, "lifetime": 60}]}}]}
    faults = watched(Tenant(given), "POST", "/v1.0/$batch", body={"requests": items})

    assert ["$select names lifetime" in fault or "lifetime is not in" in fault for fault in faults] == [True, True]


def test_every_route_that_the_slices_lack_names_the_page_it_was_built_from() -> None:
    assert [f"{version} {route.method} {route.path}" for version, route in unlisted() if not route.page] == []
