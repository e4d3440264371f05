"""The audit: each decision is a row, and each row is sealed together with the seal of the row before it.

The seal is HMAC-SHA256 with a key that lies outside the database, over canonical JSON of everything the row stores. The
newest row's number and seal are kept, sealed too, in a head row, so that cutting the end shows; somebody
who puts back an older head with its older rows is found by an anchor outside, which says what was there at its time.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from agent import errors
from agent.ports import Anchor, AuditCheck, AuditEntry, AuditFault, AuditRow
from agent.store import epochs, rows, schema, times
from agent.store.work import Work

Cells = Mapping[str, Any] | sa.RowMapping
#: Rows fetched together on a walk.
_AT_ONCE = 200
_SEALED = tuple(column.name for column in schema.audit.c if column.name != "mac")


def _cells(number: int, entry: AuditEntry) -> dict[str, Any]:
    return {
        "row": number,
        "at": times.as_text(entry.at),
        "by": entry.by,
        "action": entry.action,
        "outcome": entry.outcome,
        "person_id": entry.person_id,
        "journey_id": entry.journey_id,
        "pass_id": entry.pass_id,
        "facts": rows.canonical(dict(entry.facts)),
    }


def _entry(cells: sa.RowMapping) -> AuditEntry:
    return AuditEntry(
        at=times.from_text(cells["at"]),
        by=cells["by"],
        action=cells["action"],
        outcome=cells["outcome"],
        person_id=cells["person_id"],
        journey_id=cells["journey_id"],
        pass_id=cells["pass_id"],
        facts=json.loads(cells["facts"]),
    )


@dataclass(frozen=True, slots=True)
class _Held:
    """The anchors that this chain must fit, by row; those of rows that a restore took away are only counted."""

    by_row: Mapping[int, Anchor]
    newest: Anchor | None
    lost: int

    @classmethod
    def of(cls, anchors: Iterable[Anchor]) -> _Held:
        """In the order of time: what lies beyond the last row that a restore kept is no longer there."""
        in_order = sorted(anchors, key=lambda one: (one.epoch, one.at))
        by_row: dict[int, Anchor] = {}
        lost = 0
        for anchor in in_order:
            if anchor.kept is not None:
                gone = [row for row in by_row if row > anchor.kept]
                lost += max(gone, default=anchor.kept) - anchor.kept
                by_row = {row: one for row, one in by_row.items() if row <= anchor.kept}
            by_row[anchor.row] = anchor
        return cls(by_row, by_row[max(by_row)] if by_row else None, lost)


class _Seal:
    """The key, which never leaves here."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def row(self, cells: Cells, previous: str) -> str:
        return self._of({"previous": previous} | {name: cells[name] for name in _SEALED})

    def head(self, number: int, mac: str) -> str:
        return self._of({"head": number, "mac": mac}) if number else ""

    def anchor(self, told: Mapping[str, Any]) -> str:
        return self._of({"anchor": dict(told)})

    def opened(self, line: str) -> Anchor | None:
        try:
            read = json.loads(line)
            told, seal = read["anchor"], read["seal"]
            anchor = Anchor(times.from_text(told["at"]), told["row"], told["mac"], told["epoch"], told["kept"])
        except (ValueError, KeyError, TypeError):
            return None
        return anchor if hmac.compare_digest(self.anchor(told), str(seal)) else None

    def _of(self, sealed: Mapping[str, Any]) -> str:
        return hmac.new(self._key, rows.canonical(sealed).encode("ascii"), hashlib.sha256).hexdigest()


def read_anchor(line: str, key: bytes) -> Anchor | None:
    """What `AuditTrail.anchor` made, without a database; None for a line that it did not make with this key."""
    return _Seal(key).opened(line)


class AuditTrail:
    """Fits `ports.AuditTrail`. Rows are written at the end of the unit of work, which is when the head is locked.

    So units of work that are under way together write one after the other and never wait in a circle.
    """

    def __init__(self, work: Work, key: bytes) -> None:
        self.work = work
        self._seal = _Seal(key)
        self._waiting: list[AuditEntry] = []

    def append(self, entry: AuditEntry) -> None:
        """One more row, at the end of this unit of work."""
        self._waiting.append(entry)

    def recent(self, limit: int) -> Sequence[AuditEntry]:
        """The newest rows, newest first."""
        self.write()
        newest = sa.select(schema.audit).order_by(schema.audit.c.row.desc()).limit(limit)
        return [_entry(cells) for cells in self.work.run(newest).mappings()]

    def length(self) -> int:
        """How many rows there are."""
        self.write()
        return int(self.work.run(sa.select(sa.func.count()).select_from(schema.audit)).scalar_one())

    def head(self) -> tuple[int, str]:
        """The newest row's number and seal, for an anchor outside; (0, "") while there is none."""
        self.write()
        head = self._head(sa.select(schema.audit_head))
        if head is None:
            raise _headless()
        return head["row"], head["mac"]

    def write(self) -> None:
        """Seal and write what waits; the head is locked from here to the end of the unit of work."""
        if not self._waiting:
            return
        head = self._head(sa.select(schema.audit_head).with_for_update())
        if head is None:
            raise _headless()
        number, mac = head["row"], head["mac"]
        for entry in self._waiting:
            number += 1
            cells = _cells(number, entry)
            mac = self._seal.row(cells, mac)
            self.work.run(schema.audit.insert().values(cells | {"mac": mac}))
        self._waiting.clear()
        self.work.run(schema.audit_head.update().values(row=number, mac=mac, seal=self._seal.head(number, mac)))

    def page(self, after: int, limit: int, since: datetime | None = None) -> Sequence[AuditRow]:
        """So many rows from the one after this number on, oldest first; `since`: only those of that time and later."""
        self.write()
        found = sa.select(schema.audit).where(schema.audit.c.row > after).order_by(schema.audit.c.row).limit(limit)
        if since is not None:
            found = found.where(schema.audit.c.at >= times.as_text(since))
        return [AuditRow(cells["row"], cells["mac"], _entry(cells)) for cells in self.work.run(found).mappings()]

    def anchor(self, at: datetime, *, kept: int | None = None) -> str:
        """The newest row as one sealed line of JSON."""
        number, mac = self.head()
        epoch = epochs.Epochs(self.work).present().number
        told = {"at": times.as_text(at), "row": number, "mac": mac, "epoch": epoch, "kept": kept}
        return rows.canonical({"anchor": told, "seal": self._seal.anchor(told)})

    def read_anchor(self, line: str) -> Anchor | None:
        """What `anchor` made; None for a line that it did not make with this key."""
        return self._seal.opened(line)

    def verify(self) -> AuditFault | None:
        """Walk the chain and name the first row that breaks it; None when it holds."""
        return self.check().fault

    def check(self, anchors: Sequence[str] = (), *, recent: bool = False) -> AuditCheck:
        """Walk the chain and hold it against anchors; `recent`: only what came after the newest of them.

        Lines that are no anchors at all are passed over, so that a whole export may be given.
        """
        self.write()
        held, fault = self._anchors(anchors)
        head = self._head(sa.select(schema.audit_head))
        if fault or head is None:
            return AuditCheck(fault or AuditFault(0, "The head row is missing: somebody removed it."), self.length())
        start = held.newest.row if recent and held.newest else 0
        later = sa.select(schema.audit).order_by(schema.audit.c.row).execution_options(yield_per=_AT_ONCE)
        with self.work.run(later.where(schema.audit.c.row >= start) if start else later) as found:
            last, mac, fault = self._walk(found.mappings(), start, held.by_row)
        fault = fault or self._against_anchors(held, last) or self._against_head(head, last, mac)
        if start and fault and fault.row <= start:
            return self.check(anchors)
        return AuditCheck(fault, self.length(), held.newest, held.lost)

    def _anchors(self, lines: Sequence[str]) -> tuple[_Held, AuditFault | None]:
        read: list[Anchor] = []
        for line in lines:
            if '"anchor"' not in line:
                continue
            anchor = self.read_anchor(line)
            if anchor is None:
                return _Held.of(()), AuditFault(0, "An anchor does not fit its seal: somebody changed it.")
            read.append(anchor)
        return _Held.of(read), None

    def _head(self, query: sa.Select[Any]) -> sa.RowMapping | None:
        return self.work.run(query).mappings().first()

    def _walk(
        self, found: Iterable[sa.RowMapping], start: int, anchors: Mapping[int, Anchor]
    ) -> tuple[int, str, AuditFault | None]:
        """(the last row, its seal, the first fault), from the first row or from one that is anchored."""
        number, mac = max(start - 1, 0), ""
        for cells in found:
            number += 1
            if cells["row"] > number:
                return number, mac, AuditFault(number, f"Row {number} is missing: the next one is {cells['row']}.")
            if cells["row"] < number:
                return number, mac, AuditFault(cells["row"], f"Row {cells['row']} was put in: the first is 1.")
            if number != start and not hmac.compare_digest(self._seal.row(cells, mac), cells["mac"]):
                return number, mac, AuditFault(number, _broken(number))
            mac = cells["mac"]
            if number in anchors and not hmac.compare_digest(anchors[number].mac, mac):
                return number, mac, AuditFault(number, _rewritten(anchors, number))
        return number, mac, None

    def _against_anchors(self, held: _Held, last: int) -> AuditFault | None:
        if held.newest is None or held.newest.row <= last:
            return None
        newest = held.newest
        return AuditFault(
            last + 1,
            f"Rows {last + 1} to {newest.row} are missing: they were there on {newest.at:%Y-%m-%d at %H:%M} UTC. "
            "The end is cut off, or an older database was put in place of the right one.",
        )

    def _against_head(self, head: sa.RowMapping, last: int, mac: str) -> AuditFault | None:
        if not hmac.compare_digest(self._seal.head(head["row"], head["mac"]), head["seal"]):
            return AuditFault(last, "The head row does not fit its seal: somebody changed it.")
        if last < head["row"]:
            return AuditFault(last + 1, f"The end is cut off: rows {last + 1} to {head['row']} are missing.")
        if last > head["row"]:
            return AuditFault(head["row"] + 1, f"Row {head['row'] + 1} was put in after the end.")
        if mac != head["mac"]:
            return AuditFault(last, f"Row {last} is not the one the head row tells of.")
        return None


def _rewritten(anchors: Mapping[int, Anchor], number: int) -> str:
    first, at = max((row for row in anchors if row < number), default=0) + 1, anchors[number].at
    return (
        f"Row {number} is not the one that was anchored on {at:%Y-%m-%d at %H:%M} UTC: an older database was put in "
        f"place of the right one, or somebody who has the key wrote rows {first} to {number} anew."
    )


def _broken(number: int) -> str:
    sentence = f"Row {number} does not fit its seal: it was changed, put in, or moved."
    if number == 1:
        return sentence + " Or the audit key is not the one it was written with: look at the keys file first."
    return sentence


def _headless() -> errors.Misconfigured:
    return errors.Misconfigured(
        "The audit's head row is missing from the database, so nothing more can be recorded.",
        "Somebody changed the database by hand: run tapslip audit verify, then restore a backup.",
    )
