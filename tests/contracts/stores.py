"""The databases that one conformance suite runs against, and values to put into them."""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import pytest
import sqlalchemy as sa

from agent import ports
from agent.domain import journeys, passes
from agent.store import store

AUDIT_KEY = b"the audit key of a test, 32 long"
NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
#: Read here, at import: a test that cleans the environment of our variables comes later.
POSTGRES = os.environ.get("TAPSLIP_TEST_POSTGRES", "")

Place: TypeAlias = Callable[[Path], AbstractContextManager[str]]
_numbers = itertools.count(1)


@contextmanager
def in_memory(_folder: Path) -> Iterator[str]:
    """The address of a SQLite database that ends with its store."""
    yield "sqlite://"


@contextmanager
def in_file(folder: Path) -> Iterator[str]:
    """The address of a SQLite file that is not there yet."""
    yield f"sqlite:///{folder / f'store{next(_numbers)}.db'}"


@contextmanager
def in_postgres(_folder: Path) -> Iterator[str]:
    """The address of an empty schema of its own, dropped at the end."""
    if not POSTGRES:
        pytest.skip("PostgreSQL: TAPSLIP_TEST_POSTGRES is not set")
    url = sa.make_url(POSTGRES).set(drivername="postgresql+psycopg")
    name = f"tapslip_{os.getpid()}_{next(_numbers)}"
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    try:
        with engine.begin() as connection:
            connection.execute(sa.schema.CreateSchema(name))
        yield url.update_query_dict({"options": f"-csearch_path={name}"}).render_as_string(hide_password=False)
    finally:
        with engine.begin() as connection:
            connection.execute(sa.schema.DropSchema(name, cascade=True, if_exists=True))


POSTGRES_PLACE = pytest.param(in_postgres, id="postgres", marks=pytest.mark.postgres)
SHARED_PLACES = [pytest.param(in_file, id="file"), POSTGRES_PLACE]
PLACES = [pytest.param(in_memory, id="memory"), *SHARED_PLACES]


@contextmanager
def opened(url: str, *, audit_key: bytes = AUDIT_KEY) -> Iterator[store.Store]:
    """A migrated store, closed at the end."""
    made = store.Store(url, audit_key)
    try:
        made.migrate()
        yield made
    finally:
        made.close()


class Undone(Exception):
    """Ends a block that is to leave nothing behind."""


@contextmanager
def undone(made: store.Store) -> Iterator[store.Transaction]:
    """A unit of work that is rolled back at its end."""
    with suppress(Undone), made.begin() as tx:
        yield tx
        raise Undone


@contextmanager
def by_hand(url: str) -> Iterator[sa.Connection]:
    """A way in past the store, as somebody with the database's file or password has it; commits."""
    engine = sa.create_engine(sa.make_url(url), poolclass=sa.NullPool)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def a_pass(name: str = "pass-1", person: str = "person-1", **changes: object) -> passes.Pass:
    """A pass that is being issued."""
    terms = passes.Terms(lifetime=60, one_time=True)
    made = passes.Pass(name, person, terms, passes.PassState.ISSUING, NOON, by="local:test")
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def a_journey(name: str = "J1", person: str = "person-1", *, minutes: int = 0, pass_id: str = "") -> journeys.Journey:
    """An open journey, opened so many minutes after noon."""
    return journeys.Journey(
        id=name,
        person_id=person,
        user_name="ada@example.com",
        person_name="Ada",
        profile="windows",
        profile_digest="d1",
        serial="PF1234",
        pass_id=pass_id,
        opened_at=NOON + timedelta(minutes=minutes),
        opened_by="local:test",
    )


def a_slip(number: str = "S1", *, journey: str = "J1", pass_id: str = "pass-1", minutes: int = 0) -> passes.Slip:
    """A live slip."""
    made_at = NOON + timedelta(minutes=minutes)
    return passes.Slip(
        number, journey, pass_id, passes.SlipState.LIVE, "hand-over", "slips/S1.pdf", made_at, "local:test"
    )


def an_entry(number: int = 1) -> ports.AuditEntry:
    """A decision, different for each number."""
    at = NOON + timedelta(seconds=number)
    return ports.AuditEntry(
        at, "local:test", "issue", "done", person_id=f"person-{number}", facts={"serial": f"PF{number}"}
    )
