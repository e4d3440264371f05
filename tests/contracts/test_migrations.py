"""The numbered steps lead to exactly the schema that the program reads and writes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import config, script

from agent import errors
from agent.store import schema
from agent.store.store import Store
from tests.contracts import stores


@pytest.fixture(params=stores.SHARED_PLACES)
def place(request: pytest.FixtureRequest) -> stores.Place:
    made: stores.Place = request.param
    return made


@pytest.fixture
def url(place: stores.Place, tmp_path: Path) -> Iterator[str]:
    with place(tmp_path) as made:
        yield made


def steps() -> list[script.Script]:
    """Oldest first, as Alembic walks them."""
    settings = config.Config()
    settings.set_main_option("script_location", "agent.store:migrations")
    return list(script.ScriptDirectory.from_config(settings).walk_revisions())[::-1]


def shape(connection: sa.Connection) -> dict[str, Any]:
    """Tables, columns, keys, references and indices, as the database itself tells them."""
    look = sa.inspect(connection)
    return {
        table: {
            "columns": {column["name"]: str(column) for column in look.get_columns(table)},
            "key": look.get_pk_constraint(table),
            "references": sorted(map(str, look.get_foreign_keys(table))),
            "unique": sorted(map(str, look.get_unique_constraints(table))),
            "checks": sorted(map(str, look.get_check_constraints(table))),
            "indices": sorted(map(str, look.get_indexes(table))),
        }
        for table in look.get_table_names()
    }


def test_a_migrated_database_equals_a_fresh_one(place: stores.Place, tmp_path: Path) -> None:
    with place(tmp_path) as migrated, place(tmp_path) as fresh:
        with stores.opened(migrated), stores.by_hand(migrated) as connection:
            by_steps = shape(connection)
        with stores.by_hand(fresh) as connection:
            schema.metadata.create_all(connection)
            at_once = shape(connection)
    neutral = {table: {part: _neutral(seen) for part, seen in parts.items()} for table, parts in by_steps.items()}
    assert neutral == {
        table: {part: _neutral(seen) for part, seen in parts.items()} for table, parts in at_once.items()
    }


def _neutral(seen: Any) -> str:
    """Without the name of the schema and the addresses of objects."""
    return re.sub(r"tapslip_\d+_\d+|0x[0-9a-f]+", "", str(seen))


def test_the_comparison_sees_the_partial_unique_index(url: str) -> None:
    with stores.opened(url), stores.by_hand(url) as connection:
        seen = shape(connection)["passes"]["indices"]
    seen = [index for index in seen if "'one_open_pass'" in index]
    assert len(seen) == 1
    assert "'unique': 1" in seen[0] or "'unique': True" in seen[0]
    assert "_where" in seen[0]


def test_steps_are_numbered_without_gaps_and_the_last_is_the_program_s() -> None:
    numbers = [f"{number:04}" for number in range(1, len(steps()) + 1)]
    assert [Path(step.path).name[:5] for step in steps()] == [f"{number}_" for number in numbers]
    assert [step.revision for step in steps()] == numbers
    assert numbers[-1] == schema.REVISION


def test_an_empty_database_is_refused_until_it_is_migrated(url: str) -> None:
    store = Store(url, stores.AUDIT_KEY)
    try:
        assert store.revision() == ("", schema.REVISION)
        for use in (lambda: store.begin().__enter__(), lambda: store.stamp("tenant")):
            with pytest.raises(errors.Misconfigured, match="nothing yet") as refused:
                use()
            assert "run tapslip migrate" in refused.value.advice
        store.migrate()
        assert store.revision() == (schema.REVISION, schema.REVISION)
        with store.begin() as tx:
            assert tx.journeys.open() == []
    finally:
        store.close()


def test_migrating_twice_changes_nothing(url: str) -> None:
    with stores.opened(url) as store:
        with store.begin() as tx:
            tx.passes.add(stores.a_pass())
            tx.audit.append(stores.an_entry())
        store.migrate()
        with store.begin() as tx:
            assert tx.passes.get("pass-1") == stores.a_pass()
            assert tx.audit.verify() is None


def test_a_database_newer_than_the_program_is_refused(url: str) -> None:
    with stores.opened(url):
        with stores.by_hand(url) as connection:
            connection.execute(schema.alembic_version.update().values(version_num="9999"))
        late = Store(url, stores.AUDIT_KEY)
        try:
            for use in (lambda: late.begin().__enter__(), late.migrate):
                with pytest.raises(errors.Misconfigured, match="newer than this program's") as refused:
                    use()
                assert "Update Tapslip" in refused.value.advice
        finally:
            late.close()
