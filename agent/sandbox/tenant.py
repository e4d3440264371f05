"""The pretend tenant itself: its records, clock, chance, switches, and the lock that serialises requests.

Everything a tenant knows hangs on one `Tenant` object, so many can live in one process. Areas change it; the wire
holds `lock` for each Graph, login and enrolment request. The control door must not hold it while a virtual device
moves: those call back over HTTP.
"""

from __future__ import annotations

import hashlib
import itertools
import random
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent.sandbox import device_records, records, signing, view

_LETTERS_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LETTERS_LOWER = "abcdefghijklmnopqrstuvwxyz"
_DIGITS = "0123456789"
_SYMBOLS = "+!"  # the documented samples are "+drkzqAD" and "TAPRocks!"


@dataclass(slots=True)
class Options:
    """Switches for what public sources leave open, and the pace of slow things.

    `speed` divides the durations of enrolment steps and every delay; `latency` is real seconds before each answer.
    `log_delay` is how many seconds a row of the two logs needs to show, `log_details_delay` a sign-in's
    `authenticationDetails`, `membership_delay` a change of groups until it counts for passes. `page_size` caps pages.
    `creation_outside_policy` is the behaviour of 2021 (created, then unusable); `scope_refusal_status` is 400 or 403.
    """

    speed: float = 1.0
    latency: float = 0.0
    platform_credentials_404_when_empty: bool = True
    creation_outside_policy: bool = False
    scope_refusal_status: int = 400
    past_start_refused: bool = False
    hyphen_in_contains_refused: bool = True
    late_final_event_written: bool = False
    reports_limit_per_10_s: int = 5
    page_size: int | None = None
    membership_delay: float = 30.0
    log_delay: float = 20.0
    log_details_delay: float = 40.0


@dataclass(slots=True)
class Directory:
    """Who exists: people, groups, roles, registrations and the organisation."""

    organisation: records.Organisation
    users: dict[str, records.User] = field(default_factory=dict)
    groups: dict[str, records.Group] = field(default_factory=dict)
    role_assignments: dict[str, records.RoleAssignment] = field(default_factory=dict)
    role_eligibilities: dict[str, records.RoleEligibility] = field(default_factory=dict)
    registrations: dict[str, records.Registration] = field(default_factory=dict)


@dataclass(slots=True)
class Credentials:
    """What people sign in with; `passes` is keyed by user id, for there is one pass per person."""

    policy: records.PassPolicy = field(default_factory=records.PassPolicy)
    passes: dict[str, records.AccessPass] = field(default_factory=dict)
    dead_pass_ids: set[str] = field(default_factory=set)
    methods: dict[str, list[records.Method]] = field(default_factory=dict)
    conditional_access: dict[str, records.ConditionalAccessPolicy] = field(default_factory=dict)


@dataclass(slots=True)
class SignIns:
    """Sign-ins in progress and the tokens that came of them; `nonces` are the challenges of enrolment endpoints."""

    flows: dict[str, records.Flow] = field(default_factory=dict)
    sessions: dict[str, records.Session] = field(default_factory=dict)
    code_grants: dict[str, records.CodeGrant] = field(default_factory=dict)
    refresh_tokens: dict[str, records.RefreshToken] = field(default_factory=dict)
    access_tokens: dict[str, records.AccessToken] = field(default_factory=dict)
    nonces: dict[str, datetime] = field(default_factory=dict)


@dataclass(slots=True)
class Devices:
    """Every device record, keyed by its id; `boxed` by serial number in upper case."""

    entra: dict[str, device_records.EntraDevice] = field(default_factory=dict)
    registration_policy: device_records.DeviceRegistrationPolicy = field(
        default_factory=device_records.DeviceRegistrationPolicy
    )
    autopilot: dict[str, device_records.AutopilotIdentity] = field(default_factory=dict)
    autopilot_profiles: dict[str, device_records.AutopilotProfile] = field(default_factory=dict)
    autopilot_events: dict[str, device_records.AutopilotEvent] = field(default_factory=dict)
    autopilot_synced: datetime | None = None
    enrolment_configurations: dict[str, device_records.EnrolmentConfiguration] = field(default_factory=dict)
    managed: dict[str, device_records.ManagedDevice] = field(default_factory=dict)
    dep_tokens: dict[str, device_records.DepToken] = field(default_factory=dict)
    dep_profiles: dict[str, device_records.DepProfile] = field(default_factory=dict)
    apple: dict[str, device_records.AppleIdentity] = field(default_factory=dict)
    vpp_tokens: dict[str, device_records.VppToken] = field(default_factory=dict)
    troubleshooting: dict[str, device_records.TroubleshootingEvent] = field(default_factory=dict)
    boxed: dict[str, device_records.BoxedDevice] = field(default_factory=dict)
    scheduled: list[device_records.Scheduled] = field(default_factory=list)


@dataclass(slots=True)
class Activity:
    """The two logs, oldest first."""

    sign_ins: list[records.SignIn] = field(default_factory=list)
    audits: list[records.Audit] = field(default_factory=list)


class Tenant:
    """One pretend organisation.

    `clock` gives aware UTC time, `chance` every id and code; the same seed gives the same ids. `origin` is
    where login and Graph are served, such as "https://localhost:8443", without a trailing slash.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        chance: random.Random,
        *,
        origin: str = "https://localhost:8443",
        options: Options | None = None,
    ) -> None:
        self.clock = clock
        self.chance = chance
        self.origin = origin.rstrip("/")
        self.options = options or Options()
        self.lock = threading.RLock()
        self.signer = signing.Signer()
        self.view = view.View(clock)
        self.view.set_lag("pass_scope", view.Lag(seconds=self.pace(self.options.membership_delay).total_seconds()))
        self._requests = itertools.count(1)
        self.clear()

    def clear(self) -> None:
        """Forget every record, and show the present to every reader. The signing key and the switches stay."""
        self.directory = Directory(records.Organisation(tenant_id=self.new_id()))
        self.credentials = Credentials()
        self.sign_ins = SignIns()
        self.devices = Devices()
        self.activity = Activity()
        self.view.clear()

    @property
    def id(self) -> str:
        """The tenant id, a GUID in text."""
        return self.directory.organisation.tenant_id

    def now(self) -> datetime:
        """The tenant's time, aware, in UTC."""
        return self.clock()

    def pace(self, seconds: float) -> timedelta:
        """How long a step that really takes `seconds` takes here."""
        return timedelta(seconds=seconds / self.options.speed)

    def new_id(self) -> str:
        """A fresh GUID in lower-case text, from the seed."""
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def request_id(self) -> str:
        """A GUID for one request; counted, not drawn, so that polling does not move the seed."""
        digest = hashlib.sha256(f"{self.id} {next(self._requests)}".encode()).digest()
        return str(uuid.UUID(bytes=digest[:16], version=4))

    def new_secret(self, length: int = 40) -> str:
        """A fresh opaque text of letters and digits, for tokens, codes of grants and client secrets."""
        return "".join(self.chance.choice(_LETTERS_UPPER + _LETTERS_LOWER + _DIGITS) for _ in range(length))

    def new_code(self, length: int) -> str:
        """A fresh pass code: mixed case, digits and symbols, at least one of each."""
        classes = (_LETTERS_UPPER, _LETTERS_LOWER, _DIGITS, _SYMBOLS)
        signs = [self.chance.choice(letters) for letters in classes]
        signs += [self.chance.choice("".join(classes)) for _ in range(length - len(signs))]
        self.chance.shuffle(signs)
        return "".join(signs)
