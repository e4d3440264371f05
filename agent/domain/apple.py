"""What an Apple device's first day hangs on beside its own record: tokens, a certificate, licences, people's own way.

All of it as Intune shows it, for the whole tenant. A time is None where Intune gives none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from agent.domain.device_policies import Target

#: What stands for everybody among the groups that something is assigned to; no object id looks like it.
EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class ProgrammeToken:
    """Intune's token for one server of Apple Business (depOnboardingSetting).

    `sync_error` is any number but 0 when the last synchronisation failed; `synced_at` is when the last one did not.
    """

    id: str
    name: str = ""
    ends_at: datetime | None = None
    sync_error: int = 0
    synced_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PushCertificate:
    """The certificate under which Intune speaks to every Apple device; nothing enrols without it."""

    ends_at: datetime | None = None
    apple_account: str = ""


@dataclass(frozen=True, slots=True)
class VolumeToken:
    """A token for apps bought in volume; `state` in Graph's words (valid, expired, invalid, assignedToExternalMDM)."""

    id: str
    name: str = ""
    state: str = ""
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CompanyPortal:
    """Company Portal for iPhone and iPad, as bought with one volume token.

    `required` says that it is assigned to somebody or something as required, with licences for devices.
    """

    token_id: str
    total: int = 0
    used: int = 0
    required: bool = False


class SsoWay(StrEnum):
    """How Platform SSO has a Mac's person sign in; only the key becomes a credential that needs no password.

    learn.microsoft.com/mem/intune/configuration/platform-sso-macos
    """

    KEY = "key"
    PASSWORD = "password"  # noqa: S105 - a way of signing in, not a secret
    SMART_CARD = "smart card"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PlatformSso:
    """A policy that sets Platform SSO up on Macs, and whom it is assigned to."""

    name: str
    targets: tuple[Target, ...]
    way: SsoWay = SsoWay.UNKNOWN


@dataclass(frozen=True, slots=True)
class UserEnrolment:
    """How some people enrol a device by themselves; the smallest `priority` among theirs counts.

    `kind` is Graph's word; `groups` are ids, or `EVERYBODY`.
    """

    name: str
    kind: str
    priority: int = 0
    groups: frozenset[str] = field(default_factory=frozenset)

    @property
    def account_driven(self) -> bool:
        """Enrolment that begins with a managed Apple Account, which Company Portal refuses to take part in."""
        return self.kind == "accountDrivenUserEnrollment"
