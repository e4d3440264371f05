"""One suite that each database passes: SQLite in memory, a SQLite file, PostgreSQL."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent import errors, ports
from agent.domain import journeys, passes, people
from agent.store import schema
from agent.store.store import Store
from tests.contracts import stores

T = TypeVar("T")


@pytest.fixture(params=stores.PLACES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with request.param(tmp_path) as made:
        yield made


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with stores.opened(url) as made:
        yield made


def keep(store: ports.Store, *rows: passes.Pass | journeys.Journey) -> None:
    with store.begin() as tx:
        for row in rows:
            if isinstance(row, passes.Pass):
                tx.passes.add(row)
            else:
                tx.journeys.add(row)


def test_a_block_that_ends_is_kept_and_one_that_raises_leaves_nothing(store: Store) -> None:
    keep(store, stores.a_pass("kept", "person-1"))
    with stores.undone(store) as tx:
        tx.passes.add(stores.a_pass("lost", "person-2"))
        tx.journeys.save(_added(tx, stores.a_journey(pass_id="lost")))
        tx.watermarks.set("clock", stores.NOON)
        tx.audit.append(stores.an_entry())
        assert tx.audit.length() == 1
    with store.begin() as tx:
        assert [row.id for row in tx.passes.open()] == ["kept"]
        assert tx.journeys.open() == []
        assert tx.watermarks.get("clock") is None
        assert (tx.audit.length(), tx.audit.head(), tx.audit.verify()) == (0, (0, ""), None)


def _added(tx: ports.Transaction, journey: journeys.Journey) -> journeys.Journey:
    tx.journeys.add(journey)
    return journey


DIES_INSIDE = """
import os, sys
from tests.contracts import stores
with stores.opened(sys.stdin.read()) as store, store.begin() as tx:
    tx.passes.add(stores.a_pass("lost", "person-2"))
    tx.audit.append(stores.an_entry())
    assert tx.audit.length() == 1
    os._exit(9)
"""


def test_a_program_that_dies_inside_a_block_leaves_nothing(url: str, store: Store) -> None:
    if url == "sqlite://":
        return  # it dies with the program
    command = [sys.executable, "-c", DIES_INSIDE]
    died = subprocess.run(command, input=url, text=True, cwd=Path(__file__).parents[2], check=False)  # noqa: S603
    assert died.returncode == 9
    with store.begin() as tx:
        assert (tx.passes.open(), tx.audit.length(), tx.audit.verify()) == ([], 0, None)


def test_the_thread_is_marked_while_a_block_is_open_and_only_then(store: Store) -> None:
    assert not ports.transaction_open.get()
    with store.begin():
        assert ports.transaction_open.get()
        with ThreadPoolExecutor(1) as elsewhere:
            assert not elsewhere.submit(ports.transaction_open.get).result()
    with pytest.raises(ZeroDivisionError), store.begin():
        raise ZeroDivisionError
    assert not ports.transaction_open.get()


def test_a_block_inside_a_block_is_a_bug(store: Store) -> None:
    with store.begin() as tx:
        tx.passes.add(stores.a_pass())
        for nested in (lambda: store.begin().__enter__(), store.migrate, store.revision, lambda: store.stamp("t")):
            with pytest.raises(RuntimeError, match="open in this thread already"):
                nested()
    with store.begin() as tx:
        assert tx.passes.get("pass-1")


def test_a_refusal_of_the_database_cannot_be_swallowed(store: Store) -> None:
    """PostgreSQL would undo the whole block without a word, SQLite only the one statement."""
    keep(store, stores.a_pass())
    with pytest.raises(RuntimeError, match="swallowed"), store.begin() as tx:
        _swallow_a_refusal(tx)
    with store.begin() as tx:
        assert tx.journeys.open() == []


def _swallow_a_refusal(tx: ports.Transaction) -> None:
    tx.journeys.add(stores.a_journey())
    with suppress(errors.Refused):
        tx.passes.add(stores.a_pass("pass-2"))


def test_a_save_raises_the_version_and_a_stale_one_is_refused(store: Store) -> None:
    keep(store, stores.a_pass(), stores.a_journey())
    with store.begin() as tx:
        read = tx.journeys.get("J1")
        first = tx.journeys.save(dataclasses.replace(read, note="first"))
        assert first == dataclasses.replace(read, note="first", version=1)
        with pytest.raises(errors.Stale, match="journey J1 was changed by somebody else") as stale:
            tx.journeys.save(dataclasses.replace(read, note="second"))
        assert stale.value.advice == "Look at it again, then decide again."
    with store.begin() as tx:
        assert tx.journeys.get("J1") == first
        assert tx.passes.save(stores.a_pass(reason="x")).version == 1
        with pytest.raises(errors.Stale):
            tx.passes.save(stores.a_pass(reason="y"))


def test_a_row_that_is_not_there_is_not_found(store: Store) -> None:
    with store.begin() as tx:
        for missing, sentence in (
            (lambda: tx.journeys.get("J9"), "There is no journey J9."),
            (lambda: tx.journeys.save(stores.a_journey("J9")), "There is no journey J9."),
            (lambda: tx.passes.get("P9"), "There is no pass P9."),
            (lambda: tx.slips.save(stores.a_slip("S9")), "There is no slip S9."),
        ):
            with pytest.raises(errors.NotFound) as refused:
                missing()
            assert (refused.value.summary, refused.value.exit_code) == (sentence, 3)
            assert "tapslip status" in refused.value.advice


def test_journeys_come_oldest_first_and_the_recent_ones_newest_first(store: Store) -> None:
    rows = [stores.a_journey(f"J{minutes}", minutes=minutes) for minutes in (3, 1, 2)]
    other = stores.a_journey("other", "person-2", minutes=9)
    done = rows[0].closed(journeys.JourneyState.DONE, stores.NOON, "well")
    keep(store, *rows, other)
    with store.begin() as tx:
        tx.journeys.save(done)
        assert [row.id for row in tx.journeys.open()] == ["J1", "J2", "other"]
        assert [row.id for row in tx.journeys.of_person("person-1")] == ["J1", "J2", "J3"]
        assert [row.id for row in tx.journeys.recent(3)] == ["other", "J3", "J2"]
        assert tx.journeys.of_person("nobody") == []


def test_slips_are_found_by_their_pass(store: Store) -> None:
    keep(store, stores.a_pass(), stores.a_pass("pass-2", "person-2"), stores.a_journey())
    with store.begin() as tx:
        for slip in (
            stores.a_slip("B", minutes=2),
            stores.a_slip("A", minutes=3),
            stores.a_slip("C", pass_id="pass-2"),
        ):
            tx.slips.add(slip)
        void = dataclasses.replace(stores.a_slip("A", minutes=3), state=passes.SlipState.VOID)
        assert tx.slips.save(void).version == 1
        assert tx.slips.of_pass("pass-1") == [stores.a_slip("B", minutes=2), dataclasses.replace(void, version=1)]


def test_rows_may_come_in_any_order_but_must_belong_together(store: Store) -> None:
    with store.begin() as tx:
        tx.slips.add(stores.a_slip())
        tx.journeys.add(stores.a_journey(pass_id="pass-1"))
        tx.passes.add(stores.a_pass())
    with pytest.raises(errors.AgentError, match="contradict each other") as refused, store.begin() as tx:
        tx.slips.add(stores.a_slip("S2", journey="nowhere"))
    assert refused.value.exit_code == 1


def test_a_watermark_never_goes_back(store: Store) -> None:
    later = stores.NOON + timedelta(microseconds=1)
    with store.begin() as tx:
        assert tx.watermarks.get("clock") is None
        tx.watermarks.set("clock", later)
        tx.watermarks.set("clock", stores.NOON)
        tx.watermarks.set("sign_ins", stores.NOON)
        assert (tx.watermarks.get("clock"), tx.watermarks.get("sign_ins")) == (later, stores.NOON)
        tx.watermarks.set("clock", (later + timedelta(days=1)).astimezone(timezone(timedelta(hours=-9))))
        assert tx.watermarks.get("clock") == later + timedelta(days=1)


def test_watermarks_are_found_by_how_their_names_begin_and_taken_away_by_name(store: Store) -> None:
    later = stores.NOON + timedelta(minutes=1)
    with store.begin() as tx:
        for name, at in (("turn a_b", stores.NOON), ("turn a%", later), ("turning", later)):
            tx.watermarks.set(name, at)
    with store.begin() as tx:
        assert tx.watermarks.starting("turn ") == {"a_b": stores.NOON, "a%": later}
        assert tx.watermarks.starting("turn a_") == {"b": stores.NOON}
        tx.watermarks.forget("turn a%")
        tx.watermarks.forget("turn of nobody")
    with store.begin() as tx:
        assert tx.watermarks.starting("turn ") == {"a_b": stores.NOON}
        assert tx.watermarks.get("turning") == later


def test_a_time_without_a_zone_is_a_bug(store: Store) -> None:
    naive = datetime(2026, 3, 2, 12)  # noqa: DTZ001  the mistake itself
    with pytest.raises(ValueError, match="without a zone"), store.begin() as tx:
        tx.watermarks.set("clock", naive)


OPEN = [state for state in passes.PassState if state.open]
ENDED = [state for state in passes.PassState if not state.open]


@pytest.mark.parametrize("first", OPEN)
def test_a_second_open_pass_for_one_person_is_refused(store: Store, first: passes.PassState) -> None:
    keep(store, stores.a_pass(state=first), *(stores.a_pass(f"ended-{state}", state=state) for state in ENDED))
    for second in OPEN:
        with pytest.raises(errors.Refused, match="already has an open pass") as refused:
            keep(store, stores.a_pass("pass-2", state=second))
        assert refused.value.codes == ("live_pass",)
        assert "replaced" in refused.value.advice
    keep(store, stores.a_pass("pass-3", "person-2", state=first))
    with store.begin() as tx:
        assert [row.id for row in tx.passes.open_of("person-1")] == ["pass-1"]
        assert [row.id for row in tx.passes.open()] == ["pass-1", "pass-3"]


def test_once_the_pass_has_ended_the_next_may_come_and_the_old_one_cannot_rise_again(store: Store) -> None:
    keep(store, stores.a_pass(state=passes.PassState.ISSUED))
    with store.begin() as tx:
        old = tx.passes.save(tx.passes.get("pass-1").moved(passes.PassState.GONE, gone_at=stores.NOON))
        tx.passes.add(stores.a_pass("pass-2"))
    with pytest.raises(errors.Refused) as refused, store.begin() as tx:
        tx.passes.save(dataclasses.replace(old, state=passes.PassState.ISSUED))
    assert refused.value.codes == ("live_pass",)


def test_a_database_that_has_seen_one_tenant_refuses_another(store: Store) -> None:
    store.stamp("tenant-a")
    store.stamp("tenant-a")
    with pytest.raises(errors.Misconfigured, match="belongs to the tenant tenant-a") as refused:
        store.stamp("tenant-b")
    assert "database_url" in refused.value.advice


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("postgresql://tapslip:hunter2@127.0.0.1:1/shop?sslpassword=hunter2", "PostgreSQL database shop on 127.0.0.1"),
        ("sqlite:////nowhere/at/all.db", "SQLite database /nowhere/at/all.db"),
        ("sqlite:///pyproject.toml", "file is not a database"),
        ("mysql://tapslip:hunter2@host/shop", "not the address of a database"),
        ("hunter2", "not the address of a database"),
    ],
)
def test_a_database_out_of_reach_is_told_without_the_password(address: str, sentence: str) -> None:
    with pytest.raises(errors.Misconfigured) as refused:
        with_closed(Store, address)
    told = "".join([str(refused.value), refused.value.advice, repr(refused.value.__cause__)])
    assert sentence in told
    assert refused.value.advice
    assert "hunter2" not in told


def with_closed(make: Callable[[str, bytes], Store], address: str) -> None:
    made = make(address, stores.AUDIT_KEY)
    try:
        made.revision()
    finally:
        made.close()


def test_a_short_audit_key_is_refused() -> None:
    with pytest.raises(errors.Misconfigured, match="4 bytes"):
        Store("sqlite://", b"four")


def test_sqlite_keeps_what_it_said_it_kept(tmp_path: Path) -> None:
    """A commit survives power loss, and references hold."""
    with stores.opened(f"sqlite:///{tmp_path / 'store.db'}") as store, store.begin() as tx:
        told = {
            pragma: tx.journeys.work.run(sa.text(f"PRAGMA {pragma}")).scalar()
            for pragma in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert told == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@pytest.mark.skipif(sys.platform == "win32", reason="rights are the folder's on Windows")
def test_a_sqlite_file_and_its_journal_are_the_owner_s_alone(tmp_path: Path) -> None:
    with stores.opened(f"sqlite:///{tmp_path / 'store.db'}"):
        rights = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert rights == {"store.db": 0o600, "store.db-wal": 0o600, "store.db-shm": 0o600}


def test_open_journeys_are_found_by_their_index(tmp_path: Path) -> None:
    with stores.opened(f"sqlite:///{tmp_path / 'store.db'}") as store, store.begin() as tx:
        query = sa.select(schema.journeys.c.id).where(schema.JOURNEY_IS_OPEN).order_by(schema.journeys.c.opened_at)
        plan = tx.journeys.work.run(sa.text(f"EXPLAIN QUERY PLAN {query}")).mappings().all()
    assert "open_journeys" in str(plan)


def at_once(*work: Callable[[], T]) -> list[T | errors.AgentError]:
    """Start each in its own thread at the same instant; the outcomes, in order."""
    start = threading.Barrier(len(work))

    def run(one: Callable[[], T]) -> T | errors.AgentError:
        start.wait(5)
        try:
            return one()
        except errors.AgentError as error:
            return error

    with ThreadPoolExecutor(len(work)) as threads:
        return [future.result() for future in [threads.submit(run, one) for one in work]]


@pytest.fixture
def pair(url: str, store: Store) -> Iterator[tuple[Store, Store]]:
    """Two processes' stores on one database; in memory there can only be one."""
    with ExitStack() as stack:
        yield store, store if url == "sqlite://" else stack.enter_context(stores.opened(url))


def test_two_at_once_open_one_pass_for_one_person(pair: tuple[Store, Store]) -> None:
    def attempt(store: Store, name: str, person: str) -> str:
        with store.begin() as tx:
            tx.audit.append(stores.an_entry())
            tx.passes.add(stores.a_pass(name, person))
            tx.journeys.add(stores.a_journey(name, person, pass_id=name))
        return name

    for turn in range(10):
        person = f"person-{turn}"
        names = [f"{turn}-{letter}" for letter in "abcd"]
        jobs = [(pair[place % 2], name) for place, name in enumerate(names)]
        outcomes = at_once(*(partial(attempt, store, name, person) for store, name in jobs))
        won = [outcome for outcome in outcomes if isinstance(outcome, str)]
        assert len(won) == 1
        assert [error.codes for error in outcomes if isinstance(error, errors.Refused)] == [("live_pass",)] * 3
        with pair[0].begin() as tx:
            assert [row.id for row in tx.passes.open_of(person)] == won
            assert [row.id for row in tx.journeys.of_person(person)] == won
            assert (tx.audit.length(), tx.audit.verify()) == (turn + 1, None)


def test_two_saves_of_one_version_leave_one_stale(pair: tuple[Store, Store]) -> None:
    keep(pair[0], stores.a_journey())

    def save(store: Store, read: journeys.Journey, note: str) -> journeys.Journey:
        with store.begin() as tx:
            return tx.journeys.save(dataclasses.replace(read, note=note))

    for turn in range(10):
        with pair[0].begin() as tx:
            read = tx.journeys.get("J1")
        outcomes = at_once(partial(save, pair[0], read, "left"), partial(save, pair[1], read, "right"))
        [won] = [outcome for outcome in outcomes if isinstance(outcome, journeys.Journey)]
        assert [type(error) for error in outcomes if isinstance(error, errors.AgentError)] == [errors.Stale]
        with pair[1].begin() as tx:
            assert tx.journeys.get("J1") == won
        assert won.version == turn + 1


def test_audit_rows_written_at_once_stand_in_one_chain_without_gaps(pair: tuple[Store, Store]) -> None:
    def write(store: Store, first: int) -> None:
        for number in range(first, first + 10):
            with store.begin() as tx:
                tx.audit.append(stores.an_entry(number))
                tx.watermarks.set(f"source-{number % 3}", stores.NOON + timedelta(seconds=number))

    jobs = [(pair[place % 2], 100 * place) for place in range(4)]
    outcomes = at_once(*(partial(write, store, first) for store, first in jobs))
    assert outcomes == [None] * 4
    with pair[0].begin() as tx:
        assert (tx.audit.length(), tx.audit.verify(), tx.audit.head()[0]) == (40, None, 40)


# PostgreSQL's text holds no NUL, and UTF-8 no lone surrogate.
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
instants = st.datetimes(datetime(1900, 1, 1), datetime(2900, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001


ANY: dict[str, st.SearchStrategy[Any]] = {
    "str": texts,
    "bool": st.booleans(),
    "int": st.integers(0, 50_000),
    "datetime": instants,
    "datetime | None": st.none() | instants,
    "frozenset[str]": st.frozensets(texts, max_size=3),
    "tuple[str, ...]": st.lists(texts, max_size=3).map(tuple),
    "MethodKind | None": st.none() | st.sampled_from(people.MethodKind),
    "Sight": st.sampled_from(journeys.Sight),
    "JourneyState": st.sampled_from(journeys.JourneyState),
    "PassState": st.sampled_from(passes.PassState),
    "Shown": st.sampled_from(passes.Shown),
    "SlipState": st.sampled_from(passes.SlipState),
}


def arbitrary(kind: type[T]) -> st.SearchStrategy[T]:
    """Values of a dataclass with every field drawn, those with a default too."""
    fields = dataclasses.fields(kind)  # type: ignore[arg-type]
    return st.builds(kind, **{field.name: ANY[str(field.type)] for field in fields})


ANY["Terms"] = arbitrary(passes.Terms)
ANY["frozenset[Observation]"] = st.frozensets(arbitrary(journeys.Observation), max_size=3)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(row=arbitrary(passes.Pass), journey=arbitrary(journeys.Journey), slip=arbitrary(passes.Slip))
def test_arbitrary_rows_come_back_as_they_were(
    store: Store, row: passes.Pass, journey: journeys.Journey, slip: passes.Slip
) -> None:
    journey = dataclasses.replace(journey, pass_id=row.id)
    slip = dataclasses.replace(slip, pass_id=row.id or "none", journey_id=journey.id)
    with stores.undone(store) as tx:
        tx.passes.add(row)
        tx.journeys.add(journey)
        tx.slips.add(slip)
        assert (tx.passes.get(row.id), tx.journeys.get(journey.id)) == (row, journey)
        assert tx.slips.of_pass(slip.pass_id) == [slip]
        times = [tx.journeys.get(journey.id).opened_at, tx.passes.get(row.id).ends_at]
        assert {time.tzinfo for time in times if time} == {UTC}
