"""The tables as the verbs see them: versioned, so that nobody overwrites what they have not read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from agent.domain import journeys, passes
from agent.store import rows, schema
from agent.store.versioned import Table
from agent.store.work import Work

_JOURNEYS = Table(
    schema.journeys,
    schema.journeys.c.id,
    schema.journeys.c.opened_at,
    rows.encode_journey,
    rows.decode_journey,
    "journey",
)
_PASSES = Table(
    schema.passes, schema.passes.c.id, schema.passes.c.requested_at, rows.encode_pass, rows.decode_pass, "pass"
)
_SLIPS = Table(schema.slips, schema.slips.c.number, schema.slips.c.made_at, rows.encode_slip, rows.decode_slip, "slip")


@dataclass(frozen=True, slots=True)
class JourneyRows:
    """Fits `ports.JourneyRows`."""

    work: Work

    def add(self, journey: journeys.Journey) -> None:
        """A new row."""
        _JOURNEYS.add(self.work, journey)

    def get(self, journey_id: str) -> journeys.Journey:
        """One row, or NotFound."""
        return _JOURNEYS.get(self.work, journey_id)

    def save(self, journey: journeys.Journey) -> journeys.Journey:
        """The row with its version raised; Stale when somebody else was first."""
        return _JOURNEYS.save(self.work, journey)

    def open(self) -> Sequence[journeys.Journey]:
        """Every open journey, oldest first."""
        return _JOURNEYS.find(self.work, schema.JOURNEY_IS_OPEN)

    def of_person(self, person_id: str) -> Sequence[journeys.Journey]:
        """Every journey of a person, oldest first."""
        return _JOURNEYS.find(self.work, schema.journeys.c.person_id == person_id)

    def recent(self, limit: int) -> Sequence[journeys.Journey]:
        """The newest journeys of any state, newest first."""
        return _JOURNEYS.recent(self.work, limit)


@dataclass(frozen=True, slots=True)
class PassRows:
    """Fits `ports.PassRows`."""

    work: Work

    def add(self, row: passes.Pass) -> None:
        """A new row; Refused (`live_pass`) when the person already has an open one."""
        _PASSES.add(self.work, row)

    def get(self, pass_id: str) -> passes.Pass:
        """One row, or NotFound."""
        return _PASSES.get(self.work, pass_id)

    def save(self, row: passes.Pass) -> passes.Pass:
        """The row with its version raised; Stale when somebody else was first."""
        return _PASSES.save(self.work, row)

    def open(self) -> Sequence[passes.Pass]:
        """Every open pass, oldest first."""
        return _PASSES.find(self.work, schema.PASS_IS_OPEN)

    def open_of(self, person_id: str) -> Sequence[passes.Pass]:
        """The open pass of a person: none or one."""
        return _PASSES.find(self.work, schema.passes.c.person_id == person_id, schema.PASS_IS_OPEN)

    def begun_by(self, operator_id: str, since: datetime) -> int:
        """How many passes this operator began since then, whatever became of them."""
        of_theirs = (schema.passes.c.by_id == operator_id) & (schema.passes.c.requested_at >= since)
        counted = sa.select(sa.func.count()).select_from(schema.passes).where(of_theirs)
        return int(self.work.run(counted).scalar_one())

    def near(self, person_id: str, since: datetime, until: datetime) -> Sequence[passes.Pass]:
        """Those of a person that were begun in that time, open or over, oldest first."""
        begun = schema.passes.c.requested_at.between(since, until)
        return _PASSES.find(self.work, schema.passes.c.person_id == person_id, begun)

    def since(self, at: datetime) -> Sequence[passes.Pass]:
        """Those that were begun or went since then, or are open, oldest first."""
        lately = (schema.passes.c.requested_at >= at) | (schema.passes.c.gone_at >= at)
        return _PASSES.find(self.work, lately | schema.PASS_IS_OPEN)

    def with_tenant_ids(self, tenant_ids: Collection[str]) -> Sequence[passes.Pass]:
        """Those passes of ours, open or over, that the tenant knows by these ids; oldest first."""
        return _PASSES.find(self.work, schema.passes.c.tenant_id.in_(sorted(tenant_ids)))


@dataclass(frozen=True, slots=True)
class SlipRows:
    """Fits `ports.SlipRows`."""

    work: Work

    def add(self, slip: passes.Slip) -> None:
        """A new row."""
        _SLIPS.add(self.work, slip)

    def get(self, number: str) -> passes.Slip:
        """One row, or NotFound."""
        return _SLIPS.get(self.work, number)

    def save(self, slip: passes.Slip) -> passes.Slip:
        """The row with its version raised; Stale when somebody else was first."""
        return _SLIPS.save(self.work, slip)

    def of_journey(self, journey_id: str) -> Sequence[passes.Slip]:
        """Every slip of this journey, void ones too, oldest first."""
        return _SLIPS.find(self.work, schema.slips.c.journey_id == journey_id)

    def of_pass(self, pass_id: str) -> Sequence[passes.Slip]:
        """The slips that carry this pass, oldest first."""
        return _SLIPS.find(self.work, schema.slips.c.pass_id == pass_id)


@dataclass(frozen=True, slots=True)
class Watermarks:
    """Fits `ports.Watermarks`."""

    work: Work

    def get(self, name: str) -> datetime | None:
        """The mark, or None at first."""
        marks = schema.watermarks
        return self.work.run(sa.select(marks.c.at).where(marks.c.name == name)).scalar()

    def set(self, name: str, at: datetime) -> None:
        """Move the mark forward; an earlier time leaves it where it is."""
        insert = sqlite.insert if self.work.dialect == "sqlite" else postgresql.insert
        marks = schema.watermarks
        mark = insert(marks).values(name=name, at=at)
        forward = mark.on_conflict_do_update(
            index_elements=[marks.c.name], set_={"at": mark.excluded.at}, where=marks.c.at < mark.excluded.at
        )
        self.work.run(forward)

    def starting(self, prefix: str) -> Mapping[str, datetime]:
        """Every mark whose name begins so, by the rest of its name."""
        marks = schema.watermarks
        found = self.work.run(sa.select(marks).where(marks.c.name.startswith(prefix, autoescape=True)))
        return {cells["name"].removeprefix(prefix): cells["at"] for cells in found.mappings()}

    def forget(self, name: str) -> None:
        """Take a mark away; one that is not there is fine."""
        self.work.run(schema.watermarks.delete().where(schema.watermarks.c.name == name))
