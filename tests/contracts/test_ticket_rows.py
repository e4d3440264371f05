"""Tickets and attempts, on each database alike."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from agent import errors, ports
from agent.domain import tickets
from agent.domain.claim_secrets import Seal
from agent.domain.second_facts import SecondFact
from agent.domain.tickets import TicketState
from agent.store.store import Store
from tests.contracts import stores

MINUTE = timedelta(minutes=1)


@pytest.fixture(params=stores.PLACES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with request.param(tmp_path) as url, stores.opened(url) as made:
        yield made


def a_ticket(**changes: object) -> tickets.Ticket:
    """Every field filled with something of its own."""
    items = (tickets.TicketItem("windows-autopilot", "d" * 64, "PF1"), tickets.TicketItem("account-recovery", "e" * 64))
    made = tickets.Ticket(
        number="K7Q2MX",
        person_id="person-1",
        user_name="mara@x",
        person_name="Mara",
        wanted=tickets.Wanted(items, 90, "m-1", "photo-id:seen", stolen=True, desk_number="INC1"),
        facts=(SecondFact.TECHNICIAN, SecondFact.PIN),
        secret=Seal("s1", "m1"),
        spoken=Seal("s2", "m2"),
        made_at=stores.NOON,
        made_by="op-1",
        made_by_name="Tess",
        expires_at=stores.NOON + timedelta(days=2),
        place="slips/x.pdf",
        epoch=1,
        misses=3,
        rests_until=stores.NOON + MINUTE,
        fence=4,
        lease_until=stores.NOON + MINUTE,
        claimed_by="op-2",
        claimed_at=stores.NOON,
        claims=2,
        pass_id="pass-1",
        reason="why",
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def test_a_ticket_comes_back_as_it_was_and_is_saved_by_version(store: Store) -> None:
    with store.begin() as tx:
        tx.tickets.add(a_ticket())
    with store.begin() as tx:
        kept = tx.tickets.get("K7Q2MX")
        assert kept == a_ticket()
        assert tx.tickets.find("NOBODY") is None
        assert [tx.tickets.waiting(), tx.tickets.waiting_of("person-1"), tx.tickets.recent(9)] == [[kept]] * 3
        tx.tickets.save(kept.voided("by hand"))
    with pytest.raises(errors.Stale), store.begin() as tx:
        tx.tickets.save(kept.missed(stores.NOON))
    with store.begin() as tx:
        assert (tx.tickets.waiting(), tx.tickets.waiting_of("person-1")) == ([], [])
        assert tx.tickets.recent(9)[0].state is TicketState.VOID


def test_a_person_has_one_open_ticket(store: Store) -> None:
    with store.begin() as tx:
        tx.tickets.add(a_ticket(state=TicketState.CLAIMING))
    with pytest.raises(errors.Refused) as refused, store.begin() as tx:
        tx.tickets.add(a_ticket(number="SECOND"))
    assert refused.value.codes == ("open_ticket",)
    with store.begin() as tx:
        tx.tickets.add(a_ticket(number="OTHERS", person_id="person-2"))
        tx.tickets.save(tx.tickets.get("K7Q2MX").claimed(4, stores.NOON))
        tx.tickets.add(a_ticket(number="SECOND"))


def test_one_of_many_claims_at_once_has_the_ticket(store: Store) -> None:
    with store.begin() as tx:
        tx.tickets.add(a_ticket())
        open_one = tx.tickets.get("K7Q2MX")
    start = threading.Barrier(4)

    def take(number: int) -> bool:
        start.wait()
        try:
            with store.begin() as tx:
                tx.tickets.save(dataclasses.replace(open_one, state=TicketState.CLAIMING, claimed_by=f"op-{number}"))
        except errors.Stale:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(take, range(4))) == [False, False, False, True]


def test_attempts_are_counted_by_whom_and_in_all_and_forgotten_in_time(store: Store) -> None:
    def tried(number: int, by: str, minutes: int) -> tuple[int, int]:
        at = stores.NOON + minutes * MINUTE
        with store.begin() as tx:
            return tx.attempts.count(ports.Attempt(f"a{number}", "claim", by, at), at - MINUTE)

    assert [tried(1, "x", 0), tried(2, "x", 0), tried(3, "y", 0)] == [(1, 1), (2, 2), (1, 3)]
    assert tried(4, "x", 1) == (1, 1)


def test_no_attempt_is_missed_when_many_try_at_once(store: Store) -> None:
    start = threading.Barrier(4)

    def try_often(who: int) -> list[int]:
        start.wait()
        counted = []
        for number in range(5):
            with store.begin() as tx:
                attempt = ports.Attempt(f"{who}-{number}", "claim", str(who), stores.NOON)
                counted.append(tx.attempts.count(attempt, stores.NOON - MINUTE)[1])
        return counted

    with ThreadPoolExecutor(4) as pool:
        assert sorted(n for counted in pool.map(try_often, range(4)) for n in counted) == list(range(1, 21))
