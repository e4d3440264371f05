"""What the verbs need from outside, as small Protocols, and the frozen Agent that carries them.

Each adapter in `graph` and `store` fits one of these; the verbs know nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from agent.domain import profiles
from agent.domain.claim_secrets import Sealer
from agent.ports.access import Access
from agent.ports.memory import TenantMemory
from agent.ports.store import (
    ANCHORED,
    AlertRows,
    Anchor,
    Anchors,
    AskRows,
    AuditCheck,
    AuditEntry,
    AuditFault,
    AuditRow,
    AuditTrail,
    Epoch,
    Epochs,
    FreezeRows,
    JourneyRows,
    Lease,
    LeaseRows,
    PassRows,
    SlipRows,
    Store,
    Transaction,
    Watermarks,
    transaction_open,
)
from agent.ports.tenant import (
    Activity,
    Administration,
    Administrator,
    Apple,
    Devices,
    Letter,
    Mail,
    Operators,
    Organisation,
    PassAudit,
    Passes,
    People,
    Shown,
    SignedIn,
    SignIn,
    Tenant,
)
from agent.ports.tickets import Attempt, AttemptRows, TicketRows
from agent.settings import Settings

__all__ = [
    "ANCHORED",
    "Access",
    "Activity",
    "Administration",
    "Administrator",
    "Agent",
    "AlertRows",
    "Anchor",
    "Anchors",
    "Apple",
    "AskRows",
    "Attempt",
    "AttemptRows",
    "AuditCheck",
    "AuditEntry",
    "AuditFault",
    "AuditRow",
    "AuditTrail",
    "Chance",
    "Clock",
    "Devices",
    "Epoch",
    "Epochs",
    "FreezeRows",
    "JourneyRows",
    "Lease",
    "LeaseRows",
    "Letter",
    "Mail",
    "Operators",
    "Organisation",
    "Paper",
    "PassAudit",
    "PassRows",
    "Passes",
    "People",
    "Shown",
    "SignIn",
    "SignedIn",
    "SlipRows",
    "Store",
    "Tenant",
    "TenantMemory",
    "TicketRows",
    "Transaction",
    "Watermarks",
    "transaction_open",
]


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """The time, aware, in UTC."""

    def wait(self, seconds: float) -> None:
        """Let so many seconds go by."""

    def wait_until(self, moment: datetime) -> None:
        """Let the time go by until then; threads that wait for one moment wait together."""


class Chance(Protocol):
    """The only source of chance."""

    def symbols(self, count: int) -> str:
        """So many of A-Z and 2-9 without look-alikes: for journey and slip numbers."""

    def uuid(self) -> str:
        """A random GUID, lower case."""

    def fraction(self) -> float:
        """From 0 to below 1, for jitter."""

    def below(self, bound: int) -> int:
        """A whole number from 0 to below this, each as likely as any other; fit for secrets."""


@dataclass(frozen=True, slots=True)
class Agent:
    """Everything a verb needs, made once by `wiring.build`."""

    settings: Settings
    profiles: Mapping[str, profiles.Profile]
    clock: Clock
    chance: Chance
    store: Store
    people: People
    passes: Passes
    devices: Devices
    apple: Apple
    tenant: Tenant
    activity: Activity
    administration: Administration
    mail: Mail
    access: Access
    operators: Operators
    sealer: Sealer
    closers: tuple[Callable[[], None], ...] = ()
    tenant_memory: TenantMemory = field(default_factory=TenantMemory)

    def close(self) -> None:
        """Let go of connections and threads; safe to call twice."""
        for closer in self.closers:
            closer()


class Paper(Protocol):
    """Where finished slips go."""

    def check(self, numbers: Iterable[str]) -> None:
        """Prove, before anything is minted, that the slips can be written; raises Refused."""

    def place(self, number: str) -> str:
        """Where it will lie."""

    def put(self, number: str, pdf: bytes) -> str:
        """Write one with owner-only rights; returns where it lies."""

    def withdraw(self, number: str) -> None:
        """Take one back after a failure."""
