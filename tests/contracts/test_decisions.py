"""Asks, freezes, alerts and leases, on each database alike."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from agent import errors, ports
from agent.domain import alerts, asks, freezes, people
from agent.store.store import Store
from tests.contracts import stores

MINUTE = timedelta(minutes=1)


@pytest.fixture(params=stores.PLACES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with request.param(tmp_path) as url, stores.opened(url) as made:
        yield made


def an_ask(**changes: object) -> asks.Ask:
    matter = asks.Matter(
        "person-1",
        (asks.MatterItem("windows-autopilot", "d" * 64, "5CD1"), asks.MatterItem("account-recovery", "e" * 64)),
        90,
        one_time=True,
        start=stores.NOON,
        lost_method="m-1",
        proof="photo-id:seen",
        stolen=True,
        by_phone=True,
        replaces=("tp-1", "tp-2"),
        about="S1",
    )
    roles = frozenset({people.Role.APPROVER, people.Role.LEAD})
    why = ("holds_pass", "has_methods")
    ask = asks.Ask("A1", asks.AskKind.APPROVAL, matter, why, roles, "mara@x", "op-1", "Tom", stores.NOON, "manager-1")
    return dataclasses.replace(ask, **changes)  # type: ignore[arg-type]


def a_freeze(**changes: object) -> freezes.Freeze:
    return dataclasses.replace(freezes.Freeze("F1", stores.NOON, "op-1", "Tom", "a stolen laptop"), **changes)  # type: ignore[arg-type]


def an_alert() -> alerts.Alert:
    kind, level = alerts.AlertKind.STRAY_PASS, alerts.AlertLevel.CRITICAL
    return alerts.Alert("stray:tp-1", kind, level, "person-1", "tp-1", "A pass.", "Look.", stores.NOON, "https://x")


def test_an_ask_comes_back_as_it_was_and_is_answered_once(store: Store) -> None:
    with store.begin() as tx:
        tx.asks.add(an_ask())
    approver = people.Operator("op-2", "Ann", people.Role.APPROVER)
    with store.begin() as tx:
        kept = tx.asks.get("A1")
        assert kept == an_ask()
        tx.asks.save(dataclasses.replace(kept, named="").answered(approver, stores.NOON + MINUTE, yes=True, note="ok"))
    with pytest.raises(errors.Stale), store.begin() as tx:
        tx.asks.save(dataclasses.replace(kept, note="late"))
    with store.begin() as tx:
        assert [ask.state for ask in tx.asks.since(stores.NOON + MINUTE)] == [asks.AskState.APPROVED]
        assert tx.asks.since(stores.NOON + 2 * MINUTE) == []


def test_one_freeze_holds_at_a_time(store: Store) -> None:
    with store.begin() as tx:
        assert tx.freezes.holding() is None
        tx.freezes.add(a_freeze())
    with pytest.raises(errors.Refused) as refused, store.begin() as tx:
        tx.freezes.add(a_freeze(id="F2"))
    assert refused.value.codes == ("frozen",)
    with store.begin() as tx:
        held = tx.freezes.holding()
        assert held == a_freeze()
        assert held is not None
        tx.freezes.save(held.lifted(stores.NOON + MINUTE, "op-2 op-3"))
    with store.begin() as tx:
        assert tx.freezes.holding() is None
        tx.freezes.add(a_freeze(id="F2"))


def test_an_alert_is_raised_once_and_open_until_it_is_settled(store: Store) -> None:
    with store.begin() as tx:
        assert [tx.alerts.raise_once(an_alert()), tx.alerts.raise_once(an_alert())] == [True, False]
    with store.begin() as tx:
        assert tx.alerts.open() == [an_alert()]
        tx.alerts.save(tx.alerts.get("stray:tp-1").settled(stores.NOON + MINUTE, "op-1", "ours, by hand"))
    with store.begin() as tx:
        assert tx.alerts.open() == []
        assert not tx.alerts.raise_once(an_alert())


def test_a_lease_goes_to_one_and_whoever_held_it_before_can_save_no_more(store: Store) -> None:
    start = threading.Barrier(4)

    def take(holder: str) -> object:
        start.wait()
        with store.begin() as tx:
            return tx.leases.take("sweep", holder, stores.NOON, stores.NOON + MINUTE)

    with ThreadPoolExecutor(4) as pool:
        won = [lease for lease in pool.map(take, "abcd") if lease]
    assert len(won) == 1
    with store.begin() as tx:
        first = tx.leases.renew(won[0], stores.NOON + 2 * MINUTE)  # type: ignore[arg-type]
        assert tx.leases.take("sweep", "e", stores.NOON + MINUTE, stores.NOON + 3 * MINUTE) is None
        second = tx.leases.take("sweep", "e", stores.NOON + 2 * MINUTE, stores.NOON + 3 * MINUTE)
    assert second is not None
    assert second.fence == first.fence + 1
    with pytest.raises(errors.Stale):
        _save_late(store, first)
    with store.begin() as tx:
        assert tx.watermarks.get("saved late") is None
        tx.leases.release(first, stores.NOON)
        tx.leases.hold(second)
        tx.leases.release(second, stores.NOON)
        assert tx.leases.take("sweep", "f", stores.NOON, stores.NOON + MINUTE) is not None


def _save_late(store: Store, lease: ports.Lease) -> None:
    with store.begin() as tx:
        tx.watermarks.set("saved late", stores.NOON)
        tx.leases.hold(lease)


def test_passes_are_counted_by_the_operator_who_began_them(store: Store) -> None:
    with store.begin() as tx:
        for number, by in enumerate(("op-1", "op-1", "op-2")):
            row = dataclasses.replace(
                stores.a_pass(f"p{number}", f"person-{number}"), by_id=by, tenant_id=f"tp-{number}"
            )
            tx.passes.add(dataclasses.replace(row, requested_at=stores.NOON + number * MINUTE))
    with store.begin() as tx:
        assert tx.passes.begun_by("op-1", stores.NOON) == 2
        assert tx.passes.begun_by("op-1", stores.NOON + MINUTE) == 1
        assert [row.id for row in tx.passes.with_tenant_ids(["tp-2", "tp-9", "tp-0"])] == ["p0", "p2"]
        assert tx.passes.with_tenant_ids([]) == []
