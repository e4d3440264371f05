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
from typing import Any

from agent.sandbox import (
    access_records,
    apple_records,
    device_records,
    intake_records,
    policy_records,
    records,
    sign_in_records,
    signing,
    view,
)

_LETTERS_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LETTERS_LOWER = "abcdefghijklmnopqrstuvwxyz"
_DIGITS = "0123456789"
_SYMBOLS = "+!"  # the documented samples are "+drkzqAD" and "TAPRocks!"


@dataclass(slots=True)
class Options:
    """Switches for what public sources leave open, and the pace of slow things.

    `speed` divides the durations of enrolment steps and every delay; `latency` is real seconds before each answer.
    `log_delay` is how many seconds a row of the two logs needs to show, `log_details_delay` a sign-in's
    `authenticationDetails`, `membership_delay` a change of groups until it counts for passes,
    `registration_report_delay` a method until the registration report has it. `page_size` caps pages.
    The delays of devices, in seconds: `import_delay` until a hash was looked at, `import_visible_delay` until its
    Autopilot device shows, `profile_delay` until a deployment profile is assigned (a third of it "notAssigned", the
    date last), `autopilot_delete_delay`, `apple_sync_delay`. Guesses about devices: `hash_prefix_checked` (a hash that
    does not open as Microsoft's tool writes it is error 802), `assigned_domain_checked` (of an assigned user),
    `autopilot_properties_status` (204 as documented, or 200 as Microsoft's sample app expects).
    `throttling` is "on", "off" or "reports" (only the 5 in 10 s of the reports); `throttle_factor` shortens every
    window and its count alike, `limits` replaces single ones by name as (count, seconds); see
    `wire.throttling.LIMITS`. `tenant_size` is S, M or L, or empty to count the people. `methods_limit` says under which
    limit authentication methods are: "identity", or "reports" for 5 in 10 s. `intune_retry_after` is whether Intune's
    429 names a wait. `lags` says how late each kind of change shows (`view.KINDS`); `sign_ins_revised` shows wrong
    details first.
    `web_sign_in_vanishes` is a field report of pre-provisioned PCs: the first web sign-in signs straight out and the
    choice is gone. `interrupt_in_apps` has a registration policy interrupt Authenticator's own sign-in too.
    `security_defaults_hold_up_passes` has security defaults demand a registration right after a sign-in with a pass, as
    other registration policies are documented to; `security_defaults_can_wait` lets the person put it off, as in older
    tenants for 14 days. `default_campaign_runs` is whether a registration campaign left at its default reaches those
    with a phone number: Microsoft's guide says so, its reference says that the default is off.
    `platform_sso_joins` says whether Platform SSO joins a Mac (AzureAd) or registers it (Workplace).
    `compliance_blocks_enrolment` is whether a policy that wants a compliant device holds up enrolment too: Microsoft's
    pages on enrolment say to exclude it, those on Conditional Access that it is spared.
    `lapsed_apple_token_enrols` lets devices that Intune knows enrol after the end of their programme token.
    `clock_ahead` is by how many seconds the tenant's clock is ahead of this machine's, negative when behind.
    `cloud` is "global", "usgov" or "china"; the last has no passes (`wire.clouds`).
    `creation_outside_policy` is the behaviour of 2021 (created, then unusable); `scope_refusal_status` is 400 or 403.
    """

    speed: float = 1.0
    latency: float = 0.0
    clock_ahead: float = 0.0
    cloud: str = "global"
    platform_credentials_404_when_empty: bool = True
    creation_outside_policy: bool = False
    scope_refusal_status: int = 400
    past_start_refused: bool = False
    hyphen_in_contains_refused: bool = True
    late_final_event_written: bool = False
    throttling: str = "reports"
    throttle_factor: float = 1.0
    limits: dict[str, tuple[int, float]] = field(default_factory=dict)
    tenant_size: str = ""
    methods_limit: str = "identity"
    intune_retry_after: bool = True
    reports_limit_per_10_s: int = 5
    lags: dict[str, view.Lag] = field(default_factory=dict)
    sign_ins_revised: bool = False
    page_size: int | None = None
    membership_delay: float = 30.0
    log_delay: float = 20.0
    log_details_delay: float = 40.0
    registration_report_delay: float = 14400.0
    import_delay: float = 75.0
    import_visible_delay: float = 20.0
    profile_delay: float = 300.0
    autopilot_delete_delay: float = 180.0
    apple_sync_delay: float = 60.0
    hash_prefix_checked: bool = True
    assigned_domain_checked: bool = True
    autopilot_properties_status: int = 204
    web_sign_in_vanishes: bool = False
    interrupt_in_apps: bool = False
    security_defaults_hold_up_passes: bool = True
    security_defaults_can_wait: bool = False
    default_campaign_runs: bool = True
    platform_sso_joins: bool = True
    compliance_blocks_enrolment: bool = True
    lapsed_apple_token_enrols: bool = False


@dataclass(slots=True)
class Directory:
    """Who exists: people, groups, roles, registrations and the organisation."""

    organisation: records.Organisation
    users: dict[str, records.User] = field(default_factory=dict)
    groups: dict[str, records.Group] = field(default_factory=dict)
    role_assignments: dict[str, records.RoleAssignment] = field(default_factory=dict)
    role_eligibilities: dict[str, records.RoleEligibility] = field(default_factory=dict)
    registrations: dict[str, records.Registration] = field(default_factory=dict)
    units: dict[str, access_records.AdministrativeUnit] = field(default_factory=dict)


@dataclass(slots=True)
class Credentials:
    """What people sign in with; `passes` is keyed by user id, for there is one pass per person.

    `must_register` holds ids of groups (or `ALL_USERS`) in scope of a registration policy: of self-service password
    reset or of Identity Protection; `strengths` holds the tenant's own, the built-in ones apart. `campaign_shown` says
    when the registration campaign held a person up, by user id.
    """

    policy: records.PassPolicy = field(default_factory=records.PassPolicy)
    passes: dict[str, records.AccessPass] = field(default_factory=dict)
    dead_pass_ids: set[str] = field(default_factory=set)
    methods: dict[str, list[records.Method]] = field(default_factory=dict)
    conditional_access: dict[str, access_records.ConditionalAccessPolicy] = field(default_factory=dict)
    strengths: dict[str, access_records.Strength] = field(default_factory=dict)
    named_locations: dict[str, access_records.NamedLocation] = field(default_factory=dict)
    must_register: list[str] = field(default_factory=list)
    security_defaults: bool = False
    campaign_shown: dict[str, list[datetime]] = field(default_factory=dict)
    method_policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    operations: dict[str, records.Operation] = field(default_factory=dict)


@dataclass(slots=True)
class SignIns:
    """Sign-ins in progress and the tokens that came of them; `nonces` are the challenges of enrolment endpoints."""

    flows: dict[str, sign_in_records.Flow] = field(default_factory=dict)
    sessions: dict[str, sign_in_records.Session] = field(default_factory=dict)
    code_grants: dict[str, sign_in_records.CodeGrant] = field(default_factory=dict)
    device_grants: dict[str, sign_in_records.DeviceGrant] = field(default_factory=dict)
    refresh_tokens: dict[str, sign_in_records.RefreshToken] = field(default_factory=dict)
    access_tokens: dict[str, sign_in_records.AccessToken] = field(default_factory=dict)
    nonces: dict[str, datetime] = field(default_factory=dict)


@dataclass(slots=True)
class Devices:
    """Every device record, keyed by its id; `boxed` and `business_manager` by serial number in upper case.

    `autopilot_hidden` are registrations that nobody sees yet; `autopilot_elsewhere` holds serial numbers, in upper
    case, that another organisation has registered.
    """

    entra: dict[str, device_records.EntraDevice] = field(default_factory=dict)
    registration_policy: device_records.DeviceRegistrationPolicy = field(
        default_factory=device_records.DeviceRegistrationPolicy
    )
    autopilot: dict[str, device_records.AutopilotIdentity] = field(default_factory=dict)
    autopilot_profiles: dict[str, device_records.AutopilotProfile] = field(default_factory=dict)
    autopilot_events: dict[str, device_records.AutopilotEvent] = field(default_factory=dict)
    autopilot_sync: intake_records.AutopilotSync = field(default_factory=intake_records.AutopilotSync)
    autopilot_hidden: dict[str, device_records.AutopilotIdentity] = field(default_factory=dict)
    autopilot_elsewhere: set[str] = field(default_factory=set)
    imports: dict[str, intake_records.ImportedIdentity] = field(default_factory=dict)
    corporate_identifiers: dict[str, intake_records.CorporateIdentifier] = field(default_factory=dict)
    enrolment_configurations: dict[str, device_records.EnrolmentConfiguration] = field(default_factory=dict)
    managed: dict[str, device_records.ManagedDevice] = field(default_factory=dict)
    dep_tokens: dict[str, device_records.DepToken] = field(default_factory=dict)
    dep_profiles: dict[str, device_records.DepProfile] = field(default_factory=dict)
    apple: dict[str, device_records.AppleIdentity] = field(default_factory=dict)
    configuration_policies: dict[str, policy_records.ConfigurationPolicy] = field(default_factory=dict)
    custom_configurations: dict[str, policy_records.CustomConfiguration] = field(default_factory=dict)
    mobility_policies: dict[str, policy_records.MobilityPolicy] = field(default_factory=dict)
    business_manager: dict[str, intake_records.BusinessDevice] = field(default_factory=dict)
    push_certificate: intake_records.PushCertificate | None = None
    vpp_tokens: dict[str, device_records.VppToken] = field(default_factory=dict)
    store_apps: dict[str, apple_records.StoreApp] = field(default_factory=dict)
    user_enrolments: dict[str, apple_records.UserEnrolment] = field(default_factory=dict)
    troubleshooting: dict[str, device_records.TroubleshootingEvent] = field(default_factory=dict)
    boxed: dict[str, device_records.BoxedDevice] = field(default_factory=dict)
    preparation_policies: dict[str, device_records.PreparationPolicy] = field(default_factory=dict)
    scheduled: list[device_records.Scheduled] = field(default_factory=list)


@dataclass(slots=True)
class Activity:
    """The two logs and the mail that was sent, oldest first."""

    sign_ins: list[records.SignIn] = field(default_factory=list)
    audits: list[records.Audit] = field(default_factory=list)
    mails: list[records.Mail] = field(default_factory=list)


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
        self.view = view.View(self.now)
        self.apply_lags()
        self._requests = itertools.count(1)
        self.clear()

    def clear(self) -> None:
        """Forget every record, and show the present to every reader. The signing key and the switches stay."""
        self.directory = Directory(records.Organisation(tenant_id=self.new_id()))
        self.credentials = Credentials()
        self.sign_ins = SignIns()
        self.devices = Devices()
        self.activity = Activity()
        self.deltas: dict[str, dict[str, str]] = {}
        self.view.clear()

    def apply_lags(self) -> None:
        """Take the delays and `lags` of the options over into the view; to be called when they were changed."""
        delays = {
            "pass_scope": self.options.membership_delay,
            "registration_report": self.options.registration_report_delay,
            "sign_ins": self.options.log_delay,
            "sign_in_details": self.options.log_details_delay,
            "sign_in_revision": 2 * self.options.log_details_delay,
            "audits": self.options.log_delay,
        }
        for kind in view.KINDS:
            lag = self.options.lags.get(kind, view.Lag(seconds=delays.get(kind, 0.0)))
            self.view.set_lag(kind, view.Lag(lag.reads, self.pace(lag.seconds).total_seconds()))

    @property
    def id(self) -> str:
        """The tenant id, a GUID in text."""
        return self.directory.organisation.tenant_id

    @property
    def workload_issuer(self) -> str:
        """The issuer of the workload tokens that the tenant signs itself, for whoever has no issuer of their own."""
        return f"{self.origin}/{self.id}/workload"

    def now(self) -> datetime:
        """The tenant's time, aware, in UTC."""
        return self.clock() + timedelta(seconds=self.options.clock_ahead)

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
