"""Reads for many people in few exchanges: what goes into a batch, what is asked again, and what never does."""

from __future__ import annotations

import json

import pytest

from agent import errors
from agent.domain import facts, passes
from tests.contracts import graph_side
from tests.contracts.graph_side import GRAPH, OddTenant, Reply

NO_ROWS = Reply('{"value": []}')
BUSY = Reply('{"error": {"code": "TooManyRequests", "message": "Later."}}', 429, headers=(("Retry-After", "3"),))
BATCH = f"POST {GRAPH}/v1.0/$batch"


def persons(count: int) -> list[str]:
    return [f"{number:08d}-0000-4000-8000-000000000000" for number in range(count)]


def listed(person: str) -> Reply:
    row = {"id": person, "startDateTime": "2026-11-23T09:00:00Z", "lifetimeInMinutes": 60, "isUsable": True}
    return Reply(json.dumps({"value": [row]}))


def own(_method: str, path: str) -> Reply:
    """Each person's pass has the person's own id, so that a mix-up shows."""
    return listed(path.split("/")[3])


def test_many_people_are_asked_for_twenty_at_a_time_and_each_gets_their_own_answer() -> None:
    wanted = persons(45)
    with graph_side.connected(OddTenant(own)) as side:
        found = side.graph.passes.of(wanted)
        assert side.asked == [BATCH] * 3
    for person, fact in found.items():
        assert isinstance(fact, facts.Known)
        assert [each.id for each in fact.value] == [person]


def test_two_people_need_no_batch() -> None:
    with graph_side.connected(OddTenant(own)) as side:
        side.graph.passes.of(persons(2))
        assert BATCH not in side.asked


def test_items_that_are_throttled_are_asked_again_when_their_time_has_come() -> None:
    wanted = persons(8)
    busy = dict.fromkeys(wanted[:5], 1)

    def answer(method: str, path: str) -> Reply:
        person = path.split("/")[3]
        if busy.pop(person, 0):
            return BUSY
        return own(method, path)

    with graph_side.connected(OddTenant(answer)) as side:
        found = side.graph.passes.of(wanted)
        assert side.asked == [BATCH] * 2
        assert side.clock.waited == [3.0]
    assert all(isinstance(fact, facts.Known) and len(fact.value) == 1 for fact in found.values())


def test_an_item_with_a_further_page_or_a_refusal_is_as_if_it_had_come_alone() -> None:
    wanted = persons(4)
    second = Reply('{"value": []}')

    def answer(method: str, path: str) -> Reply:
        if "page=2" in path:
            return second
        if wanted[1] in path:
            return Reply('{"error": {"code": "accessDenied", "message": "No."}}', 403)
        if wanted[2] in path:
            return Reply('{"error": {"code": "notFound", "message": "Nobody."}}', 404)
        if wanted[3] in path:
            return Reply(json.dumps({"value": [], "@odata.nextLink": f"{GRAPH}/v1.0/users?page=2"}))
        return own(method, path)

    with graph_side.connected(OddTenant(answer)) as side:
        found = list(side.graph.passes.of(wanted).values())
        assert side.asked == [BATCH, f"GET {GRAPH}/v1.0/users?page=2"]
    assert isinstance(found[1], facts.NotChecked)
    assert [fact.value for fact in found[2:] if isinstance(fact, facts.Known)] == [(), ()]


@pytest.mark.parametrize(
    "said",
    [
        {"responses": []},
        {
            "responses": [
                {"id": "7", "status": 200, "body": {"value": []}},
                {"id": "x"},
                5,
                {"id": "0", "status": "200"},
            ]
        },
        {"value": "none"},
    ],
)
def test_a_batch_that_answers_nothing_of_use_is_asked_one_by_one(said: object) -> None:
    tenant = OddTenant(lambda _method, _path: NO_ROWS)
    tenant.whole_batch = Reply(json.dumps(said))
    with graph_side.connected(tenant) as side:
        found = side.graph.passes.of(persons(3))
        assert len([line for line in side.asked if line.startswith("GET")]) == 3
    assert all(isinstance(fact, facts.Known) for fact in found.values())


def test_a_tenant_that_knows_no_batches_is_asked_one_by_one() -> None:
    tenant = OddTenant(own)
    tenant.whole_batch = Reply('{"error": {"code": "notImplemented"}}', 501)
    with graph_side.connected(tenant) as side:
        assert len(side.graph.passes.of(persons(3))) == 3


def test_nobody_is_forgotten_when_a_whole_batch_cannot_be_had() -> None:
    tenant = OddTenant(own)
    tenant.whole_batch = Reply("<html>hotel</html>", 502, "text/html")
    with graph_side.connected(tenant) as side, pytest.raises(errors.TenantUnreachable):
        side.graph.passes.of(persons(3))


def test_a_creation_never_goes_into_a_batch() -> None:
    with graph_side.connected(OddTenant(lambda *_: Reply("{}", 201))) as side:
        for person in persons(5):
            with pytest.raises(errors.OutcomeUnknown):
                side.graph.passes.create(person, passes.Terms(lifetime=60, one_time=False))
        assert BATCH not in side.asked
