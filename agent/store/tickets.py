"""The rows of tickets, and how often something was tried in the last minute."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from agent.domain import tickets
from agent.domain.claim_secrets import Seal
from agent.domain.second_facts import SecondFact
from agent.ports import Attempt
from agent.store import rows, schema
from agent.store.versioned import Table
from agent.store.work import Work

#: PostgreSQL's lock that lets one transaction count attempts at a time; any number of ours does.
_COUNTING = 0x7461_7074
_SAME = frozenset(
    field.name
    for field in dataclasses.fields(tickets.Ticket)
    if field.name not in {"wanted", "facts", "secret", "spoken", "state"}
)


def encode_ticket(ticket: tickets.Ticket) -> rows.Cells:
    """As the cells of `schema.tickets`."""
    return {name: getattr(ticket, name) for name in _SAME} | {
        "wanted": rows.canonical(dataclasses.asdict(ticket.wanted)),
        "facts": rows.canonical(list(ticket.facts)),
        "secret_salt": ticket.secret.salt,
        "secret_mac": ticket.secret.mac,
        "spoken_salt": ticket.spoken.salt,
        "spoken_mac": ticket.spoken.mac,
        "state": ticket.state.value,
    }


def decode_ticket(cells: sa.RowMapping) -> tickets.Ticket:
    """What `encode_ticket` made."""
    wanted: Mapping[str, Any] = json.loads(cells["wanted"])
    items = tuple(tickets.TicketItem(**item) for item in wanted["items"])
    return tickets.Ticket(
        **{name: cells[name] for name in _SAME},
        wanted=tickets.Wanted(**{**wanted, "items": items}),
        facts=tuple(map(SecondFact, json.loads(cells["facts"]))),
        secret=Seal(cells["secret_salt"], cells["secret_mac"]),
        spoken=Seal(cells["spoken_salt"], cells["spoken_mac"]),
        state=tickets.TicketState(cells["state"]),
    )


_TICKETS = Table(
    schema.tickets, schema.tickets.c.number, schema.tickets.c.made_at, encode_ticket, decode_ticket, "ticket"
)


@dataclass(frozen=True, slots=True)
class TicketRows:
    """Fits `ports.TicketRows`."""

    work: Work

    def add(self, ticket: tickets.Ticket) -> None:
        """A new row; Refused (`open_ticket`) when the person already has an open one."""
        _TICKETS.add(self.work, ticket)

    def get(self, number: str) -> tickets.Ticket:
        """One row, or NotFound."""
        return _TICKETS.get(self.work, number)

    def find(self, number: str) -> tickets.Ticket | None:
        """One row, or None."""
        found = _TICKETS.find(self.work, schema.tickets.c.number == number)
        return found[0] if found else None

    def save(self, ticket: tickets.Ticket) -> tickets.Ticket:
        """The row with its version raised; Stale when somebody else was first."""
        return _TICKETS.save(self.work, ticket)

    def waiting(self) -> Sequence[tickets.Ticket]:
        """Those that are open or being claimed, oldest first."""
        return _TICKETS.find(self.work, schema.TICKET_WAITS)

    def waiting_of(self, person_id: str) -> Sequence[tickets.Ticket]:
        """The open ticket of a person: none or one."""
        return _TICKETS.find(self.work, schema.tickets.c.person_id == person_id, schema.TICKET_WAITS)

    def recent(self, limit: int) -> Sequence[tickets.Ticket]:
        """The newest tickets of any state, newest first."""
        return _TICKETS.recent(self.work, limit)


@dataclass(frozen=True, slots=True)
class AttemptRows:
    """Fits `ports.AttemptRows`."""

    work: Work

    def count(self, attempt: Attempt, since: datetime) -> tuple[int, int]:
        """Keep it, forget those before `since`, and count: by the same one, and by all."""
        held = schema.attempts
        if self.work.dialect == "postgresql":
            self.work.run(sa.select(sa.func.pg_advisory_xact_lock(_COUNTING)))
        self.work.run(held.delete().where(held.c.what == attempt.what, held.c.at <= since))
        self.work.run(held.insert().values(id=attempt.id, what=attempt.what, by=attempt.by, at=attempt.at))
        own = sa.func.count().filter(held.c.by == attempt.by)
        counted: Any = self.work.run(sa.select(own, sa.func.count()).where(held.c.what == attempt.what)).one()
        return int(counted[0]), int(counted[1])
