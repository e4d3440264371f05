"""How the client keeps within Graph's limits: nobody early, narrower under pressure, deletions before creations."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from concurrent import futures
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from agent import graph
from agent.domain import passes
from agent.graph import pacing
from agent.graph.pacing import Gate, Kind, Scope, Sign
from tests import wsgi_adapter
from tests.contracts import graph_side
from tests.contracts.graph_side import PERSON_ID, OddTenant, Reply, TurnedClock

SOON = graph_side.START + timedelta(seconds=30)
TERMS = passes.Terms(lifetime=60, one_time=False)


def turn(gate: Gate, sign: Sign | None = None, kind: Kind = Kind.READ) -> bool:
    """One request that is answered at once."""
    taken = gate.enter(kind, SOON)
    if taken is not None:
        gate.leave(taken, sign or Sign())
    return taken is not None


def test_a_gate_widens_slowly_and_narrows_once_for_all_that_were_under_way() -> None:
    gate = Gate(TurnedClock())
    under_way = [gate.enter(Kind.READ, SOON) for _ in range(8)]
    for taken in under_way:
        assert taken is not None
        gate.leave(taken, Sign(used=0.9))
    assert gate.width == 4
    for _ in range(4):
        turn(gate)
    assert gate.width == 4
    turn(gate)
    turn(gate)
    assert gate.width == 5
    for _ in range(500):
        turn(gate)
    assert gate.width == pacing.MOST


def test_a_closed_gate_lets_nobody_through_before_its_time_and_opens_half_as_wide() -> None:
    clock = TurnedClock()
    gate = Gate(clock)
    turn(gate, Sign(closed_for=12.5))
    assert gate.closed_for() == 12.5
    assert turn(gate)
    assert clock.waited == [12.5]
    assert gate.width == 4
    turn(gate, Sign(closed_for=40))
    assert not turn(gate)


def test_a_used_up_limit_is_asked_about_just_after_a_whole_second_of_its_window() -> None:
    clock = TurnedClock()
    gate = Gate(clock)
    turn(gate, Sign(used=0.5))
    clock.at += timedelta(seconds=2.4)
    turn(gate, Sign(used=1.0))
    assert turn(gate, Sign(closed_for=3))
    assert clock.waited == [pytest.approx(0.75)]
    assert turn(gate)
    assert clock.waited == [pytest.approx(0.75), 3.0]


def test_while_a_removal_is_due_the_last_fifth_is_kept_for_deletions() -> None:
    clock = TurnedClock()
    gate = Gate(clock)
    gate.removal_due(graph_side.START + timedelta(seconds=20))
    turn(gate, Sign(used=0.5), Kind.CREATE)
    assert clock.waited == []
    turn(gate, Sign(used=0.85), Kind.CREATE)
    assert turn(gate, Sign(used=0.85), Kind.DELETE)
    assert clock.waited == []
    assert turn(gate, Sign(used=0.85), Kind.CREATE)
    assert sum(clock.waited) == 20
    assert turn(gate, kind=Kind.CREATE)
    assert sum(clock.waited) == 20


def test_a_deletion_that_waits_goes_before_every_creation() -> None:
    gate = Gate(graph_side.TurnedClock(), most=1.0)
    order: list[Kind] = []
    first = gate.enter(Kind.CREATE, SOON)
    assert first is not None

    def go(kind: Kind) -> None:
        taken = gate.enter(kind, SOON)
        assert taken is not None
        order.append(kind)
        gate.leave(taken, Sign())

    threads = [threading.Thread(target=go, args=(kind,)) for kind in (Kind.CREATE, Kind.CREATE, Kind.DELETE)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    gate.leave(first, Sign())
    for thread in threads:
        thread.join()
    assert order == [Kind.DELETE, Kind.CREATE, Kind.CREATE]


@pytest.mark.parametrize(
    ("shape", "writes", "scope"),
    [
        ("/v1.0/users/{id}/authentication/temporaryAccessPassMethods", False, Scope.IDENTITY_READS),
        ("/v1.0/users/{id}/authentication/temporaryAccessPassMethods", True, Scope.IDENTITY_WRITES),
        ("/beta/auditLogs/signIns", False, Scope.REPORTS),
        ("/v1.0/identity/conditionalAccess/policies", False, Scope.CONDITIONAL_ACCESS),
        ("/beta/deviceManagement/managedDevices", False, Scope.INTUNE_READS),
        ("/beta/deviceManagement/managedDevices/{id}", True, Scope.INTUNE_WRITES),
        ("/v1.0/devices(deviceId='{id}')", False, Scope.IDENTITY_READS),
    ],
)
def test_a_request_counts_against_the_limit_of_its_area(shape: str, writes: bool, scope: Scope) -> None:
    assert pacing.scope_of(shape, writes=writes) is scope


class RunningClock:
    """The machine's own."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def wait_until(self, moment: datetime) -> None:
        self.wait(max(0.0, (moment - self.now()).total_seconds()))


@dataclass
class Window:
    """A tenant that takes so many writes in a fixed window, tells from four fifths on, and watches who comes early."""

    limit: int
    seconds: float
    taken: dict[str, int] = field(default_factory=dict)
    early: int = 0
    _used: int = 0
    _ends: float = 0.0
    _closed: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer_as(self, client: str) -> Callable[[str, str], Reply]:
        def answer(method: str, path: str) -> Reply:
            time.sleep(0.01)
            with self._lock:
                return self._answer(client, method, path)

        return answer

    def _answer(self, client: str, method: str, path: str) -> Reply:
        if method == "GET":
            return Reply('{"value": []}')
        now = time.monotonic()
        self.early += self._closed.pop(f"{client}{path}", 0.0) > now
        if now >= self._ends:
            self._ends, self._used = now + self.seconds, 0
        self._used += 1
        share = self._used / self.limit
        told = (("x-ms-throttle-limit-percentage", f"{share:.2f}"),) if share > 0.8 else ()
        if share > 1:
            wait = self._ends - now
            self._closed[f"{client}{path}"] = self._ends
            error = json.dumps({"error": {"code": "TooManyRequests", "message": "Please retry again later."}})
            return Reply(error, 429, headers=(("Retry-After", f"{wait:.6f}"), *told))
        self.taken[client] = self.taken.get(client, 0) + 1
        return Reply(json.dumps(_minted(path)), 201, headers=told)


def _minted(path: str) -> dict[str, object]:
    return {
        "id": path.split("/")[3],
        "temporaryAccessPass": "a code",
        "createdDateTime": "2026-11-23T09:00:00Z",
        "startDateTime": "2026-11-23T09:00:00Z",
        "lifetimeInMinutes": 60,
        "isUsableOnce": False,
    }


def persons(count: int) -> list[str]:
    return [f"{number:08d}-0000-4000-8000-000000000000" for number in range(count)]


def test_two_processes_on_one_tenant_share_its_limit_and_neither_comes_early() -> None:
    window = Window(limit=60, seconds=0.6)
    began = time.monotonic()

    def work(client: str) -> None:
        adapter = wsgi_adapter.WsgiAdapter(OddTenant(window.answer_as(client)))
        side = graph.connect(graph_side.connection(), RunningClock(), graph_side.OrderedChance(), {"https://": adapter})
        with futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda person: side.passes.create(person, TERMS), persons(120)))
        side.close()

    with futures.ThreadPoolExecutor(2) as both:
        list(both.map(work, ("one", "other")))
    assert window.early == 0
    assert window.taken == {"one": 120, "other": 120}
    assert time.monotonic() - began < 6 * 0.6 + 3


def test_one_told_to_wait_holds_back_all_of_the_registration_and_no_other_limit() -> None:
    window = Window(limit=1, seconds=0.5)
    adapter = wsgi_adapter.WsgiAdapter(OddTenant(window.answer_as("one")))
    side = graph.connect(graph_side.connection(), RunningClock(), graph_side.OrderedChance(), {"https://": adapter})
    first, second, third = persons(3)
    side.passes.create(first, TERMS)
    waiting = threading.Thread(target=side.passes.create, args=(second, TERMS))
    waiting.start()
    time.sleep(0.2)
    assert 0 < side.passes.busy_for() <= 0.5
    sent = len(adapter.sent)
    side.passes.of([PERSON_ID])
    assert len(adapter.sent) > sent
    side.passes.create(third, TERMS)
    waiting.join()
    assert window.early == 0
    side.close()
