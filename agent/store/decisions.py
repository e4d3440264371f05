"""The rows of what people decide and of the work behind: asks, freezes, alerts and leases."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from agent import errors
from agent.domain import alerts, asks, freezes
from agent.domain.people import Role
from agent.ports import Lease
from agent.store import rows, schema, times
from agent.store.versioned import Table
from agent.store.work import Work


def _encode_matter(matter: asks.Matter) -> str:
    cells = dataclasses.asdict(matter)
    return rows.canonical(cells | {"start": times.as_text(matter.start) if matter.start else None})


def _decode_matter(text: str) -> asks.Matter:
    cells: Mapping[str, Any] = json.loads(text)
    return asks.Matter(
        **{
            **cells,
            "items": tuple(asks.MatterItem(**item) for item in cells["items"]),
            "replaces": tuple(cells["replaces"]),
            "start": times.from_text(cells["start"]) if cells["start"] else None,
        }
    )


def encode_ask(ask: asks.Ask) -> rows.Cells:
    """As the cells of `schema.asks`."""
    return {
        "id": ask.id,
        "kind": ask.kind.value,
        "state": ask.state.value,
        "matter": _encode_matter(ask.matter),
        "why": rows.canonical(list(ask.why)),
        "roles": rows.canonical(sorted(ask.roles)),
        "user_name": ask.user_name,
        "asked_by": ask.asked_by,
        "asked_by_name": ask.asked_by_name,
        "asked_at": ask.asked_at,
        "named": ask.named,
        "answered_by": ask.answered_by,
        "answered_by_name": ask.answered_by_name,
        "answered_at": ask.answered_at,
        "note": ask.note,
        "version": ask.version,
    }


def decode_ask(cells: sa.RowMapping) -> asks.Ask:
    """What `encode_ask` made."""
    return asks.Ask(
        id=cells["id"],
        kind=asks.AskKind(cells["kind"]),
        matter=_decode_matter(cells["matter"]),
        why=tuple(json.loads(cells["why"])),
        roles=frozenset(map(Role, json.loads(cells["roles"]))),
        user_name=cells["user_name"],
        asked_by=cells["asked_by"],
        asked_by_name=cells["asked_by_name"],
        asked_at=cells["asked_at"],
        named=cells["named"],
        state=asks.AskState(cells["state"]),
        answered_by=cells["answered_by"],
        answered_by_name=cells["answered_by_name"],
        answered_at=cells["answered_at"],
        note=cells["note"],
        version=cells["version"],
    )


def encode_freeze(freeze: freezes.Freeze) -> rows.Cells:
    """As the cells of `schema.freezes`; the state is there for the index that lets one hold at a time."""
    return {
        "id": freeze.id,
        "state": "holds" if freeze.holds else "lifted",
        "at": freeze.at,
        "by": freeze.by,
        "by_name": freeze.by_name,
        "why": freeze.why,
        "lifted_at": freeze.lifted_at,
        "lifted_by": freeze.lifted_by,
        "version": freeze.version,
    }


def decode_freeze(cells: sa.RowMapping) -> freezes.Freeze:
    """What `encode_freeze` made."""
    names = [field.name for field in dataclasses.fields(freezes.Freeze)]
    return freezes.Freeze(**{name: cells[name] for name in names})


def encode_alert(alert: alerts.Alert) -> rows.Cells:
    """As the cells of `schema.alerts`."""
    cells = {field.name: getattr(alert, field.name) for field in dataclasses.fields(alert)}
    return cells | {"kind": alert.kind.value, "level": alert.level.value}


def decode_alert(cells: sa.RowMapping) -> alerts.Alert:
    """What `encode_alert` made."""
    names = [field.name for field in dataclasses.fields(alerts.Alert)]
    given = {name: cells[name] for name in names}
    return alerts.Alert(
        **{**given, "kind": alerts.AlertKind(cells["kind"]), "level": alerts.AlertLevel(cells["level"])}
    )


_ASKS = Table(schema.asks, schema.asks.c.id, schema.asks.c.asked_at, encode_ask, decode_ask, "ask")
_FREEZES = Table(schema.freezes, schema.freezes.c.id, schema.freezes.c.at, encode_freeze, decode_freeze, "freeze")
_ALERTS = Table(schema.alerts, schema.alerts.c.id, schema.alerts.c.raised_at, encode_alert, decode_alert, "alert")


@dataclass(frozen=True, slots=True)
class AskRows:
    """Fits `ports.AskRows`."""

    work: Work

    def add(self, ask: asks.Ask) -> None:
        """A new row."""
        _ASKS.add(self.work, ask)

    def get(self, ask_id: str) -> asks.Ask:
        """One row, or NotFound."""
        return _ASKS.get(self.work, ask_id)

    def save(self, ask: asks.Ask) -> asks.Ask:
        """The row with its version raised; Stale when somebody else was first."""
        return _ASKS.save(self.work, ask)

    def since(self, at: datetime) -> Sequence[asks.Ask]:
        """Those asked or answered since then, whatever their state; oldest first."""
        recent = (schema.asks.c.asked_at >= at) | (schema.asks.c.answered_at >= at)
        return _ASKS.find(self.work, recent)


@dataclass(frozen=True, slots=True)
class FreezeRows:
    """Fits `ports.FreezeRows`."""

    work: Work

    def add(self, freeze: freezes.Freeze) -> None:
        """A new row; Refused (`frozen`) while another one holds."""
        _FREEZES.add(self.work, freeze)

    def save(self, freeze: freezes.Freeze) -> freezes.Freeze:
        """The row with its version raised; Stale when somebody else was first."""
        return _FREEZES.save(self.work, freeze)

    def holding(self) -> freezes.Freeze | None:
        """The freeze that holds, if one does."""
        found = _FREEZES.find(self.work, schema.FREEZE_HOLDS)
        return found[0] if found else None


@dataclass(frozen=True, slots=True)
class AlertRows:
    """Fits `ports.AlertRows`."""

    work: Work

    def raise_once(self, alert: alerts.Alert) -> bool:
        """Keep it unless the same was raised before; whether it is new."""
        return _ALERTS.add_once(self.work, alert)

    def get(self, alert_id: str) -> alerts.Alert:
        """One row, or NotFound."""
        return _ALERTS.get(self.work, alert_id)

    def save(self, alert: alerts.Alert) -> alerts.Alert:
        """The row with its version raised; Stale when somebody else was first."""
        return _ALERTS.save(self.work, alert)

    def open(self) -> Sequence[alerts.Alert]:
        """Those that nobody has settled, oldest first."""
        return _ALERTS.find(self.work, schema.alerts.c.settled_at.is_(None))


@dataclass(frozen=True, slots=True)
class LeaseRows:
    """Fits `ports.LeaseRows`."""

    work: Work

    def take(self, name: str, holder: str, now: datetime, until: datetime) -> Lease | None:
        """The lease, with a fence of its own, when nobody holds it at `now`; None when somebody does."""
        held = schema.leases
        insert = sqlite.insert if self.work.dialect == "sqlite" else postgresql.insert
        first = insert(held).values(name=name, holder=holder, fence=1, until=until).on_conflict_do_nothing()
        if self.work.run(first.returning(held.c.name)).first():
            return Lease(name, holder, 1, until)
        row = self._row(name)
        if row is None or row["until"] > now:
            return None
        fence = row["fence"] + 1
        over = (held.c.name == name) & (held.c.fence == row["fence"]) & (held.c.until == row["until"])
        taken = self.work.run(held.update().where(over).values(holder=holder, fence=fence, until=until)).rowcount
        return Lease(name, holder, fence, until) if taken else None

    def renew(self, lease: Lease, until: datetime) -> Lease:
        """The lease for longer; Stale when somebody else took it meanwhile."""
        self.hold(lease)
        ours = (schema.leases.c.name == lease.name) & (schema.leases.c.fence == lease.fence)
        self.work.run(schema.leases.update().where(ours).values(until=until))
        return dataclasses.replace(lease, until=until)

    def release(self, lease: Lease, now: datetime) -> None:
        """Let the next one in; nothing when the lease was lost."""
        ours = (schema.leases.c.name == lease.name) & (schema.leases.c.fence == lease.fence)
        self.work.run(schema.leases.update().where(ours).values(until=now))

    def hold(self, lease: Lease) -> None:
        """Nothing while no other has taken it; Stale afterwards, so that a late save is refused with its block."""
        row = self._row(lease.name, for_update=True)
        if row is None or row["fence"] != lease.fence:
            raise errors.Stale(
                f"This work ({lease.name}) was taken over by another process in the meantime.",
                "Nothing of it was saved; the other process does it.",
            )

    def _row(self, name: str, *, for_update: bool = False) -> sa.RowMapping | None:
        query = sa.select(schema.leases).where(schema.leases.c.name == name)
        return self.work.run(query.with_for_update() if for_update else query).mappings().first()
