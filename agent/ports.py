"""What the verbs need from outside, as small Protocols, and the frozen Agent that carries them.

Each adapter in `graph` and `store` fits one of these; the verbs know nothing else. Everything read for a decision is
asked for many at once and answered as a fact: known, or not checked with the reason. A read that found no tenant at
all raises TenantUnreachable instead, because then nothing can be said about anything.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from agent.domain import devices, journeys, passes, people, profiles
from agent.domain.facts import Fact
from agent.settings import Settings

#: True while a unit of work is open in this thread: the transport refuses to leave the house then.
transaction_open: ContextVar[bool] = ContextVar("transaction_open", default=False)


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """The time, aware, in UTC."""

    def wait(self, seconds: float) -> None:
        """Let so many seconds go by."""


class Chance(Protocol):
    """The only source of chance."""

    def symbols(self, count: int) -> str:
        """So many of A-Z and 2-9 without look-alikes: for journey and slip numbers."""

    def uuid(self) -> str:
        """A random GUID, lower case."""

    def fraction(self) -> float:
        """From 0 to below 1, for jitter."""


class People(Protocol):
    """The directory: who somebody is, and how they sign in."""

    def find(self, names: Sequence[str]) -> Mapping[str, Fact[people.Person | None]]:
        """By user name or object id, keyed as asked; Known(None) when there is none."""

    def methods(self, person_ids: Sequence[str]) -> Mapping[str, Fact[tuple[people.SignInMethod, ...]]]:
        """Every registered method but the pass; Hello keys and platform credentials with their device."""

    def roles(self, person_ids: Sequence[str]) -> Mapping[str, Fact[tuple[people.HeldRole, ...]]]:
        """Directory roles held directly, by group or eligible; one part unread makes all of it not checked."""

    def groups(self, person_ids: Sequence[str], among: Collection[str]) -> Mapping[str, Fact[frozenset[str]]]:
        """Of the groups `among`, those that contain the person, transitively."""


class Passes(Protocol):
    """Temporary Access Passes in the tenant."""

    def of(self, person_ids: Sequence[str]) -> Mapping[str, Fact[tuple[passes.TenantPass, ...]]]:
        """What the tenant lists (none or one each), never with a code."""

    def create(self, person_id: str, terms: passes.Terms) -> passes.MintedPass:
        """Mint one, once, never retried blindly: the tenant silently replaces a pass that is there.

        Raises TenantRefused, TenantThrottled or TenantUnreachable when surely nothing was made, and OutcomeUnknown
        when the request left and no whole answer came.
        """

    def busy_for(self) -> float:
        """Seconds for which the tenant has asked us to make no passes; 0.0 when it has not."""

    def removal_due(self, until: datetime) -> None:
        """A pass will have to go until then: creations leave its deletion some of what the tenant lets us write."""

    def delete(self, person_id: str, tenant_id: str) -> None:
        """Delete one; one that is gone already is fine. Raises TenantRefused or TenantUnreachable."""


class Devices(Protocol):
    """Autopilot, Apple enrolment, Intune and Entra device records."""

    def autopilot(self, serials: Sequence[str]) -> Mapping[str, Fact[tuple[devices.AutopilotRecord, ...]]]:
        """Exact matches (trimmed, any case) with profile and assignment, keyed as asked."""

    def apple(self, serials: Sequence[str]) -> Mapping[str, Fact[tuple[devices.AppleRecord, ...]]]:
        """Exact matches over all enrolment tokens, keyed as asked."""

    def managed(self, serials: Sequence[str]) -> Mapping[str, Fact[tuple[devices.ManagedDevice, ...]]]:
        """Exact matches, each row re-checked here whatever the filter did, keyed as asked."""

    def owned(self, person_ids: Sequence[str]) -> Mapping[str, Fact[tuple[devices.EntraDevice, ...]]]:
        """The Entra devices each person owns, keyed as asked."""

    def entra(self, device_ids: Sequence[str]) -> Mapping[str, Fact[devices.EntraDevice | None]]:
        """By Entra deviceId, with registered owners; Known(None) when the object is gone."""


@dataclass(frozen=True, slots=True)
class Organisation:
    """The tenant itself: its id and the name people know."""

    id: str
    name: str


class Tenant(Protocol):
    """What holds for the whole tenant."""

    def policy(self) -> Fact[passes.PassPolicy]:
        """The Temporary Access Pass policy."""

    def group_names(self, group_ids: Collection[str]) -> Mapping[str, str]:
        """The names of those groups that can be read; the others are left out."""

    def status_page(self) -> Fact[passes.StatusPage]:
        """The longest enrolment status page among those assigned; defaults when there is none."""

    def organisation(self) -> Fact[Organisation]:
        """Name and id."""

    def require_token(self, registration: str) -> None:
        """Nothing, if the registration gets a token; raises Misconfigured or TenantUnreachable, with what to do."""

    def token(self, registration: str) -> Fact[str]:
        """That a registration (`watcher`, `issuer`, …) gets a token: Known(its app id), or why not."""

    def rights(self, registration: str) -> Fact[frozenset[str]]:
        """The permissions that a registration's token carries."""

    def certificate_ends(self, registration: str) -> datetime | None:
        """When a registration's certificate ends; None when it uses none."""

    def skew(self) -> Fact[float]:
        """Seconds by which our clock is ahead of Graph's Date header."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """One sign-in row: which method answered, whether it succeeded, and on what.

    `device_id` (lower case) is "" where the device is not registered, `operating_system` free text such as `Windows10`.
    """

    id: str
    person_id: str
    at: datetime
    succeeded: bool
    methods: tuple[str, ...]
    application: str = ""
    error_code: int = 0
    device_id: str = ""
    operating_system: str = ""


@dataclass(frozen=True, slots=True)
class PassAudit:
    """One directory audit row about a pass: made or deleted, by which app or user."""

    at: datetime
    person_id: str
    made: bool
    app_id: str
    pass_id: str


class Activity(Protocol):
    """What the tenant's logs show; late, and only with the right licence."""

    def sign_ins(self, person_ids: Sequence[str], since: datetime) -> Mapping[str, Fact[tuple[SignIn, ...]]]:
        """Interactive sign-ins since then, with the method used (beta), newest first."""

    def pass_audits(self, since: datetime) -> Fact[tuple[PassAudit, ...]]:
        """Passes made and deleted since then."""


@dataclass(frozen=True, slots=True)
class Shown:
    """How somebody is told to sign in: `browser` opens an address, `device_code` says (address, code)."""

    browser: Callable[[str], None]
    device_code: Callable[[str, str], None]


class Administrator(Protocol):
    """Somebody who signed in themselves, and what they may change with their own rights."""

    @property
    def id(self) -> str:
        """Their object id."""

    @property
    def name(self) -> str:
        """Their user name, for the audit."""

    def write_policy(self, before: passes.PassPolicy, after: passes.PassPolicy) -> None:
        """Change what differs, and nothing else.

        Raises TenantRefused, TenantThrottled when surely nothing was changed, and OutcomeUnknown without an answer.
        """


class Administration(Protocol):
    """Changes that no registration of ours may make by itself."""

    def sign_in(self, shown: Shown) -> Administrator:
        """Wait for somebody to sign in; raises Refused (nobody did), Misconfigured and TenantUnreachable."""


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


class SlipRows(Protocol):
    """Slips, saved by version."""

    def add(self, slip: passes.Slip) -> None:
        """A new row."""

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


class AuditTrail(Protocol):
    """The keyed chain of decisions."""

    def append(self, entry: AuditEntry) -> None:
        """One more row, in the same unit of work as the change it tells of."""

    def recent(self, limit: int) -> Sequence[AuditEntry]:
        """The newest rows, newest first."""

    def verify(self) -> AuditFault | None:
        """Walk the chain; None when it holds."""

    def length(self) -> int:
        """How many rows there are."""


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
    def audit(self) -> AuditTrail:
        """The audit."""


class Store(Protocol):
    """The only way to what Tapslip remembers."""

    def begin(self) -> AbstractContextManager[Transaction]:
        """A unit of work; sets `transaction_open` for its length."""

    def stamp(self, tenant_id: str) -> None:
        """Mark the database with its tenant, or raise Misconfigured when it has seen another."""

    def revision(self) -> tuple[str, str]:
        """(the schema's revision in the database, the newest one); equal when migrated."""

    def migrate(self) -> None:
        """Bring the schema to the newest revision."""


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
    tenant: Tenant
    activity: Activity
    administration: Administration
    closers: tuple[Callable[[], None], ...] = ()

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
