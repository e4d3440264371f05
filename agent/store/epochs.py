"""How often this database was put back from a backup, and when: what was open before may have been used since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from agent.ports import Epoch
from agent.store import schema, times
from agent.store.work import Work

_NUMBER, _OPENED_AT = "epoch", "epoch_opened_at"


@dataclass(frozen=True, slots=True)
class Epochs:
    """Fits `ports.Epochs`."""

    work: Work

    def present(self) -> Epoch:
        """The epoch that the database is in; 0 while it was never restored."""
        stamps = schema.stamps
        wanted = sa.select(stamps.c.name, stamps.c.value).where(stamps.c.name.in_([_NUMBER, _OPENED_AT]))
        held = {row["name"]: row["value"] for row in self.work.run(wanted).mappings()}
        if _NUMBER not in held:
            return Epoch()
        return Epoch(int(held[_NUMBER]), times.from_text(held[_OPENED_AT]))

    def open(self, number: int, at: datetime) -> Epoch:
        """Begin the epoch of this number."""
        stamps = schema.stamps
        self.work.run(stamps.delete().where(stamps.c.name.in_([_NUMBER, _OPENED_AT])))
        for name, value in ((_NUMBER, str(number)), (_OPENED_AT, times.as_text(at))):
            self.work.run(stamps.insert().values(name=name, value=value))
        return Epoch(number, at)
