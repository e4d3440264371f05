"""A freeze: from its first moment nothing is minted, in any process, until two people of different offices lift it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from agent import errors
from agent.domain.people import Role

#: Who may lift a freeze, together: one of them asks, the other answers.
LIFTED_BY = frozenset({Role.LEAD, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Freeze:
    """One freeze: who ordered it and why; `lifted_by` names both humans once it is over."""

    id: str
    at: datetime
    by: str
    by_name: str
    why: str
    lifted_at: datetime | None = None
    lifted_by: str = ""
    version: int = 0

    @property
    def holds(self) -> bool:
        """Whether nothing may be minted."""
        return self.lifted_at is None

    def lifted(self, at: datetime, by: str) -> Freeze:
        """This freeze, over; lifting it twice is a bug of ours (ValueError)."""
        if self.lifted_at is not None:
            raise ValueError(f"the freeze {self.id} was lifted already")
        return replace(self, lifted_at=at, lifted_by=by)


def refuse(freeze: Freeze | None) -> None:
    """Raise Refused (code `frozen`) while a freeze holds."""
    if freeze is None or not freeze.holds:
        return
    why = f": {freeze.why}" if freeze.why else ""
    raise errors.Refused(
        f"Everything is frozen since {freeze.at:%Y-%m-%d %H:%M} UTC, by {freeze.by_name}{why}. No pass is made.",
        "A lead and an admin lift it together: `tapslip unfreeze`.",
        codes=("frozen",),
    )
