"""What the verbs ask of the store about tickets, and about how often something was tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from agent.domain import tickets


class TicketRows(Protocol):
    """Tickets, saved by version. A second open one for a person raises Refused (code `open_ticket`)."""

    def add(self, ticket: tickets.Ticket) -> None:
        """A new row."""

    def get(self, number: str) -> tickets.Ticket:
        """One row, or NotFound."""

    def find(self, number: str) -> tickets.Ticket | None:
        """One row, or None."""

    def save(self, ticket: tickets.Ticket) -> tickets.Ticket:
        """The row as it now stands; Stale when somebody else was first."""

    def waiting(self) -> Sequence[tickets.Ticket]:
        """Those that are open or being claimed, oldest first."""

    def waiting_of(self, person_id: str) -> Sequence[tickets.Ticket]:
        """The open ticket of a person: none or one."""

    def recent(self, limit: int) -> Sequence[tickets.Ticket]:
        """The newest tickets of any state, newest first."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Something that was tried: `what`, by whom (an operator's or a station's id), when; `id` is any unused one."""

    id: str
    what: str
    by: str
    at: datetime


class AttemptRows(Protocol):
    """What was tried lately, to limit it among all processes."""

    def count(self, attempt: Attempt, since: datetime) -> tuple[int, int]:
        """Keep it, forget those before `since`, and count: by the same one, and by all."""
