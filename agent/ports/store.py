"""What the verbs ask of the store: units of work over rows with versions, and the keyed audit.

No unit of work is open while the tenant, a printer or the typesetter is asked; the transport refuses.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from agent.domain import alerts, asks, freezes, journeys, passes
from agent.ports.tickets import AttemptRows, TicketRows

#: True while a unit of work is open in this thread: the transport refuses to leave the house then.
transaction_open: ContextVar[bool] = ContextVar("transaction_open", default=False)

#: The watermark that says when the audit was anchored last, wherever that was.
ANCHORED: Final = "audit_anchor"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One decision: who did what, for whom, with which outcome. Never a code."""

    at: datetime
    by: str
    action: str
    outcome: str
    person_id: str = ""
    journey_id: str = ""
    pass_id: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditFault:
    """Where the chain first breaks: the row's number and what is wrong with it."""

    row: int
    sentence: str


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A row as it stands in the chain: its number from 1, its seal, and what it says."""

    number: int
    mac: str
    entry: AuditEntry


@dataclass(frozen=True, slots=True)
class Anchor:
    """The audit's newest row at some moment, kept outside the database: what was there then must still be there.

    `epoch` counts the restores that came before. The first anchor after a restore says how many rows were `kept`: what
    earlier anchors tell of later rows was lost with them. None anywhere else.
    """

    at: datetime
    row: int
    mac: str
    epoch: int = 0
    kept: int | None = None


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """What a walk along the chain found: the first `fault` if any, its length, and what the anchors told.

    `newest` is the youngest anchor that was held against the chain; `lost` how many rows restores took away.
    """

    fault: AuditFault | None
    rows: int
    newest: Anchor | None = None
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Epoch:
    """Restores from a backup, counted; `opened_at` is the last one's time, None while there was none.

    What the database held open before that time may have been used since the backup was made.
    """

    number: int = 0
    opened_at: datetime | None = None


class JourneyRows(Protocol):
    """Journeys, saved by version: a stale save raises Stale, a missing row NotFound."""

    def add(self, journey: journeys.Journey) -> None:
        """A new row."""

    def get(self, journey_id: str) -> journeys.Journey:
        """One row, or NotFound."""

    def save(self, journey: journeys.Journey) -> journeys.Journey:
        """The row as it now stands (version raised); Stale when somebody else was first."""

    def open(self) -> Sequence[journeys.Journey]:
        """Every open journey, oldest first."""

    def of_person(self, person_id: str) -> Sequence[journeys.Journey]:
        """Every journey of a person, oldest first."""

    def recent(self, limit: int) -> Sequence[journeys.Journey]:
        """The newest journeys of any state, newest first."""


class PassRows(Protocol):
    """Passes of ours, saved by version. A second open pass for one person raises Refused (code `live_pass`)."""

    def add(self, row: passes.Pass) -> None:
        """A new row."""

    def get(self, pass_id: str) -> passes.Pass:
        """One row, or NotFound."""

    def save(self, row: passes.Pass) -> passes.Pass:
        """The row as it now stands (version raised); Stale when somebody else was first."""

    def open(self) -> Sequence[passes.Pass]:
        """Every open pass, oldest first."""

    def open_of(self, person_id: str) -> Sequence[passes.Pass]:
        """The open pass of a person: none or one."""

    def begun_by(self, operator_id: str, since: datetime) -> int:
        """How many passes this operator began since then, whatever became of them."""

    def near(self, person_id: str, since: datetime, until: datetime) -> Sequence[passes.Pass]:
        """Those of a person that were begun in that time, open or over, oldest first."""

    def since(self, at: datetime) -> Sequence[passes.Pass]:
        """Those that were begun or went since then, or are open, oldest first."""

    def with_tenant_ids(self, tenant_ids: Collection[str]) -> Sequence[passes.Pass]:
        """Those passes of ours, open or over, that the tenant knows by these ids; oldest first."""


class SlipRows(Protocol):
    """Slips, saved by version."""

    def add(self, slip: passes.Slip) -> None:
        """A new row."""

    def get(self, number: str) -> passes.Slip:
        """One row, or NotFound."""

    def save(self, slip: passes.Slip) -> passes.Slip:
        """The row as it now stands; Stale when somebody else was first."""

    def of_journey(self, journey_id: str) -> Sequence[passes.Slip]:
        """Every slip of this journey, void ones too, oldest first."""

    def of_pass(self, pass_id: str) -> Sequence[passes.Slip]:
        """The slips that carry this pass, oldest first."""


class Watermarks(Protocol):
    """How far each source has been read; also the highest time ever seen."""

    def get(self, name: str) -> datetime | None:
        """The mark, or None at first."""

    def set(self, name: str, at: datetime) -> None:
        """Move the mark; it never goes back."""

    def starting(self, prefix: str) -> Mapping[str, datetime]:
        """Every mark whose name begins so, by the rest of its name."""

    def forget(self, name: str) -> None:
        """Take a mark away whose subject is no longer of interest; one that is not there is fine."""


class AuditTrail(Protocol):
    """The keyed chain of decisions."""

    def append(self, entry: AuditEntry) -> None:
        """One more row, in the same unit of work as the change it tells of."""

    def recent(self, limit: int) -> Sequence[AuditEntry]:
        """The newest rows, newest first."""

    def page(self, after: int, limit: int, since: datetime | None = None) -> Sequence[AuditRow]:
        """So many rows from the one after this number on, oldest first; `since`: only those of that time and later."""

    def verify(self) -> AuditFault | None:
        """Walk the chain; None when it holds."""

    def check(self, anchors: Sequence[str] = (), *, recent: bool = False) -> AuditCheck:
        """Walk the chain and hold it against anchors, as lines; `recent`: only what came after the newest of them."""

    def anchor(self, at: datetime, *, kept: int | None = None) -> str:
        """The newest row as one sealed line of JSON, for `Anchors`."""

    def read_anchor(self, line: str) -> Anchor | None:
        """What `anchor` made; None for a line that it did not make with this key."""

    def length(self) -> int:
        """How many rows there are."""


class AskRows(Protocol):
    """Asks, saved by version."""

    def add(self, ask: asks.Ask) -> None:
        """A new row."""

    def get(self, ask_id: str) -> asks.Ask:
        """One row, or NotFound."""

    def save(self, ask: asks.Ask) -> asks.Ask:
        """The row as it now stands; Stale when somebody else was first."""

    def since(self, at: datetime) -> Sequence[asks.Ask]:
        """Those asked or answered since then, whatever their state; oldest first."""


class FreezeRows(Protocol):
    """Freezes; one holds at a time."""

    def add(self, freeze: freezes.Freeze) -> None:
        """A new row; Refused (`frozen`) while another one holds."""

    def save(self, freeze: freezes.Freeze) -> freezes.Freeze:
        """The row as it now stands; Stale when somebody else was first."""

    def holding(self) -> freezes.Freeze | None:
        """The freeze that holds, if one does."""


class AlertRows(Protocol):
    """Alerts, each raised once."""

    def raise_once(self, alert: alerts.Alert) -> bool:
        """Keep it unless the same was raised before; whether it is new."""

    def get(self, alert_id: str) -> alerts.Alert:
        """One row, or NotFound."""

    def save(self, alert: alerts.Alert) -> alerts.Alert:
        """The row as it now stands; Stale when somebody else was first."""

    def open(self) -> Sequence[alerts.Alert]:
        """Those that nobody has settled, oldest first."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A piece of work that one process holds until then; whoever takes it later has a higher `fence`."""

    name: str
    holder: str
    fence: int
    until: datetime


class LeaseRows(Protocol):
    """Who does a piece of work that only one may do at a time."""

    def take(self, name: str, holder: str, now: datetime, until: datetime) -> Lease | None:
        """The lease when nobody holds it at `now`; None when somebody does."""

    def renew(self, lease: Lease, until: datetime) -> Lease:
        """The lease for longer; Stale when somebody else took it meanwhile."""

    def release(self, lease: Lease, now: datetime) -> None:
        """Let the next one in; nothing when the lease was lost."""

    def hold(self, lease: Lease) -> None:
        """Nothing while no other has taken it; Stale afterwards, so that a late save is refused with its block."""


class Epochs(Protocol):
    """Restores from a backup, counted."""

    def present(self) -> Epoch:
        """The one the database is in; whoever claims something holds what was open before `opened_at`."""

    def open(self, number: int, at: datetime) -> Epoch:
        """Begin the epoch of this number."""


class Anchors(Protocol):
    """Where the audit's anchors lie, outside the database: lines that are added and never changed."""

    @property
    def place(self) -> str:
        """Where that is, for people; empty where none are kept."""

    def lines(self) -> Sequence[str]:
        """Every line, oldest first; none where there are none yet. Raises Misconfigured when they cannot be read."""

    def newest(self) -> str:
        """The last line, or "" while there is none; raises as `lines` does."""

    def add(self, line: str) -> None:
        """One more; raises Misconfigured when it cannot be written."""


class Transaction(Protocol):
    """One unit of work: commits at the end of its block, rolls back on any exception."""

    @property
    def journeys(self) -> JourneyRows:
        """Journeys."""

    @property
    def passes(self) -> PassRows:
        """Passes."""

    @property
    def slips(self) -> SlipRows:
        """Slips."""

    @property
    def watermarks(self) -> Watermarks:
        """Watermarks."""

    @property
    def asks(self) -> AskRows:
        """Asks."""

    @property
    def freezes(self) -> FreezeRows:
        """Freezes."""

    @property
    def alerts(self) -> AlertRows:
        """Alerts."""

    @property
    def leases(self) -> LeaseRows:
        """Leases."""

    @property
    def tickets(self) -> TicketRows:
        """Tickets."""

    @property
    def attempts(self) -> AttemptRows:
        """Attempts."""

    @property
    def epochs(self) -> Epochs:
        """Epochs."""

    @property
    def audit(self) -> AuditTrail:
        """The audit."""


class Store(Protocol):
    """The only way to what Tapslip remembers."""

    @property
    def anchors(self) -> Anchors:
        """Where the audit is anchored, outside the database."""

    def begin(self) -> AbstractContextManager[Transaction]:
        """A unit of work; sets `transaction_open` for its length."""

    def stamp(self, tenant_id: str) -> None:
        """Mark the database with its tenant, or raise Misconfigured when it has seen another."""

    def revision(self) -> tuple[str, str]:
        """(the schema's revision in the database, the newest one); equal when migrated."""

    def migrate(self) -> None:
        """Bring the schema to the newest revision."""

    def backup(self, target: Path) -> None:
        """Copy the database, in use as it is, into a new file of its owner's.

        Raises Refused on PostgreSQL, and for a file that is there or cannot be written.
        """
