"""The audit: each decision is a row, and each row is sealed together with the seal of the row before it.

The seal is HMAC-SHA256 with a key that lies outside the database, over canonical JSON of everything the row stores. The
newest row's number and seal are kept, sealed too, in a head row, so that cutting the end shows; somebody
who puts back an older head with its older rows is only found by an anchor outside, for which `head` is there.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from agent import errors
from agent.ports import AuditEntry, AuditFault
from agent.store import rows, schema, times
from agent.store.work import Work

Cells = Mapping[str, Any] | sa.RowMapping
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


class _Seal:
    """The key, which never leaves here."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def row(self, cells: Cells, previous: str) -> str:
        return self._of({"previous": previous} | {name: cells[name] for name in _SEALED})

    def head(self, number: int, mac: str) -> str:
        return self._of({"head": number, "mac": mac}) if number else ""

    def _of(self, sealed: Mapping[str, Any]) -> str:
        return hmac.new(self._key, rows.canonical(sealed).encode("ascii"), hashlib.sha256).hexdigest()


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

    def verify(self) -> AuditFault | None:
        """Walk the chain and name the first row that breaks it; None when it holds."""
        self.write()
        head = self._head(sa.select(schema.audit_head))
        if head is None:
            return AuditFault(0, "The head row is missing: somebody removed it.")
        in_order = sa.select(schema.audit).order_by(schema.audit.c.row).execution_options(yield_per=1000)
        with self.work.run(in_order) as everything:
            last, mac, fault = self._walk(everything.mappings())
        return fault or self._against_head(head, last, mac)

    def _head(self, query: sa.Select[Any]) -> sa.RowMapping | None:
        return self.work.run(query).mappings().first()

    def _walk(self, found: Iterable[sa.RowMapping]) -> tuple[int, str, AuditFault | None]:
        number, mac = 0, ""
        for cells in found:
            number += 1
            if cells["row"] > number:
                return number, mac, AuditFault(number, f"Row {number} is missing: the next one is {cells['row']}.")
            if cells["row"] < number:
                return number, mac, AuditFault(cells["row"], f"Row {cells['row']} was put in: the first is 1.")
            if not hmac.compare_digest(self._seal.row(cells, mac), cells["mac"]):
                return number, mac, AuditFault(number, _broken(number))
            mac = cells["mac"]
        return number, mac, None

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
