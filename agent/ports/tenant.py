"""What the verbs ask of the tenant: people, passes, devices, its policies and its logs.

Everything read for a decision is asked for many at once and answered as a fact: known, or not checked with the
reason. A read that found no tenant at all raises TenantUnreachable instead, because then nothing can be said.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from agent.domain import apple, device_policies, devices, passes, people
from agent.domain.facts import Fact


class People(Protocol):
    """The directory: who somebody is, and how they sign in."""

    def find(self, names: Sequence[str]) -> Mapping[str, Fact[people.Person | None]]:
        """By user name or object id, keyed as asked; Known(None) when there is none."""

    def manager(self, person_id: str) -> Fact[people.Addressee | None]:
        """Whom somebody reports to; Known(None) when the directory names nobody, or nobody with a mail address."""

    def methods(
        self, person_ids: Sequence[str], only: Mapping[str, Collection[people.MethodKind]] | None = None
    ) -> Mapping[str, Fact[tuple[people.SignInMethod, ...]]]:
        """Every registered method but the pass; Hello keys and platform credentials with their device.

        `only` names the kinds that matter of a person, where not all do: of others the answer may say nothing.
        """

    def roles(self, person_ids: Sequence[str]) -> Mapping[str, Fact[tuple[people.HeldRole, ...]]]:
        """Directory roles held directly, by group or eligible; one part unread makes all of it not checked."""

    def service_plans(self, person_ids: Sequence[str]) -> Mapping[str, Fact[frozenset[str]]]:
        """Names of the licence plans that each person may use."""

    def groups(self, person_ids: Sequence[str], among: Collection[str]) -> Mapping[str, Fact[frozenset[str]]]:
        """Of the groups `among`, those that contain the person, transitively."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A plain message: `mailbox` is the sender's object id, `to` an address."""

    mailbox: str
    to: str
    subject: str
    text: str


class Mail(Protocol):
    """Mail from the tenant's own mailboxes."""

    def send(self, letter: Letter) -> str:
        """Hand it in, once; returns Graph's id of the request. That it was taken in is no delivery.

        Raises TenantRefused, TenantThrottled or TenantUnreachable when surely nothing was sent, OutcomeUnknown without
        an answer, and Misconfigured when there is no registration `sender`.
        """


class Passes(Protocol):
    """Temporary Access Passes in the tenant."""

    def of(self, person_ids: Sequence[str]) -> Mapping[str, Fact[tuple[passes.TenantPass, ...]]]:
        """What the tenant lists (none or one each), never with a code."""

    def create(
        self, person_id: str, terms: passes.Terms, may_go: Callable[[], None] = lambda: None
    ) -> passes.MintedPass:
        """Mint one, once, never retried blindly: the tenant silently replaces a pass that is there.

        `may_go` is asked just before each request that would make it, however long it had to wait, and raises to hold
        it back.
        Raises TenantRefused, TenantThrottled or TenantUnreachable when surely nothing was made, and OutcomeUnknown
        when the request left and no whole answer came.
        """

    def ready(self) -> None:
        """Nothing, if one could be made now; raises Misconfigured, TenantUnreachable, Refused for a past sign-in."""

    def busy_for(self) -> float:
        """Seconds for which the tenant has asked us to make no passes; 0.0 when it has not."""

    def removal_due(self, until: datetime) -> None:
        """A pass will have to go until then: creations leave its deletion some of what the tenant lets us write."""

    def delete(self, person_id: str, tenant_id: str) -> str:
        """Delete one; one that is gone already is fine. Returns Graph's id of the request.

        Raises TenantRefused or TenantUnreachable.
        """


class Devices(Protocol):
    """Autopilot, Apple enrolment, Intune and Entra device records."""

    def autopilot(
        self, serials: Sequence[str], listed: Callable[[Collection[str]], None] = lambda _: None
    ) -> Mapping[str, Fact[tuple[devices.AutopilotRecord, ...]]]:
        """Exact matches (trimmed, any case) with profile and assignment, keyed as asked.

        `listed` is told the Entra deviceIds of the rows as soon as the list names them, before the rest is there.
        """

    def apple(self, serials: Sequence[str]) -> Mapping[str, Fact[tuple[devices.AppleRecord, ...]]]:
        """Exact matches over all enrolment tokens, keyed as asked."""

    def managed(self, serials: Sequence[str]) -> Mapping[str, Fact[tuple[devices.ManagedDevice, ...]]]:
        """Exact matches, each row re-checked here whatever the filter did, keyed as asked."""

    def owned(self, person_ids: Sequence[str]) -> Mapping[str, Fact[tuple[devices.EntraDevice, ...]]]:
        """The Entra devices each person owns, keyed as asked."""

    def managed_by(self, person_ids: Sequence[str]) -> Mapping[str, Fact[tuple[devices.ManagedDevice, ...]]]:
        """The devices that Intune has of each person, keyed as asked."""

    def groups_of(self, device_ids: Sequence[str]) -> Mapping[str, Fact[frozenset[str]]]:
        """The groups that contain each device, in groups too, by Entra deviceId."""

    def hardware(self, managed_ids: Sequence[str]) -> Mapping[str, Fact[devices.Hardware | None]]:
        """What each PC told Intune of itself, by the id of its row; Known(None) when the row is gone."""

    def entra(self, device_ids: Sequence[str]) -> Mapping[str, Fact[devices.EntraDevice | None]]:
        """By Entra deviceId, with registered owners; Known(None) when the object is gone."""


class Apple(Protocol):
    """What every Apple enrolment of the tenant hangs on."""

    def tokens(self) -> Fact[tuple[apple.ProgrammeToken, ...]]:
        """Intune's tokens for servers of Apple Business."""

    def push(self) -> Fact[apple.PushCertificate | None]:
        """The certificate for Apple's push service; Known(None) where there is none."""

    def volume_tokens(self) -> Fact[tuple[apple.VolumeToken, ...]]:
        """The tokens for apps bought in volume."""

    def company_portal(self) -> Fact[tuple[apple.CompanyPortal, ...]]:
        """Company Portal for iPhone and iPad, once for each volume token that it was bought with."""

    def user_enrolments(self) -> Fact[tuple[apple.UserEnrolment, ...]]:
        """How people enrol devices by themselves."""

    def platform_sso(self) -> Fact[tuple[apple.PlatformSso, ...]]:
        """The policies that set Platform SSO with Microsoft's own extension up on Macs."""


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

    def groups_missing(self, group_ids: Collection[str]) -> frozenset[str]:
        """Those of these groups that the tenant does not have; one that may not be read counts as there."""

    def status_page(self) -> Fact[passes.StatusPage]:
        """The longest enrolment status page among those assigned; defaults when there is none."""

    def join_rules(self) -> Fact[device_policies.JoinRules]:
        """Who may join devices, and how many a person may own."""

    def enrolment_rules(self) -> Fact[device_policies.EnrolmentRules]:
        """What may enrol and how: restrictions for Windows, status pages, the tenant-wide setting for Windows Hello."""

    def windows_policies(self) -> Fact[tuple[device_policies.DevicePolicy, ...]]:
        """The policies that say something of Windows Hello or of web sign-in, with their targets."""

    def organisation(self) -> Fact[Organisation]:
        """Name and id."""

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
    `address` is where it came from, `access` what Conditional Access made of it (`success`, `failure`, `notApplied`).
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
    address: str = ""
    access: str = ""

    @property
    def with_a_pass(self) -> bool:
        """Whether a Temporary Access Pass was typed; the log's words are free text.

        learn.microsoft.com/graph/api/resources/authenticationdetail
        """
        return any("temporary access pass" in method.lower() for method in self.methods)


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


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in just now, as their own checked id token says: object id (lower case) and user name."""

    id: str
    user_name: str


class Operators(Protocol):
    """Operators who prove who they are, and what may be done in their own name."""

    def identify(self, shown: Shown) -> SignedIn:
        """Wait for somebody to sign in; raises Refused (nobody did), Misconfigured and TenantUnreachable."""

    def passes_as(self, by: people.Operator, shown: Shown) -> Passes:
        """Passes made and deleted with the token of an operator who signed in a moment ago.

        Raises as `identify` does, and Refused when another person signs in now. What they make raises TenantRefused
        where Entra's own rules for the operator do not allow it.
        """


class Administrator(Protocol):
    """Somebody who signed in themselves, and what they may change with their own rights."""

    @property
    def id(self) -> str:
        """Their object id."""

    @property
    def name(self) -> str:
        """Their user name, for the audit."""

    def write_policy(self, before: passes.PassPolicy, after: passes.PassPolicy) -> str:
        """Change what differs, and nothing else; returns Graph's id of the request.

        Raises TenantRefused, TenantThrottled when surely nothing was changed, and OutcomeUnknown without an answer.
        """


class Administration(Protocol):
    """Changes that no registration of ours may make by itself."""

    def sign_in(self, shown: Shown) -> Administrator:
        """Wait for somebody to sign in; raises Refused (nobody did), Misconfigured and TenantUnreachable."""
