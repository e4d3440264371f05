"""Devices as the tenant knows them, each record named by its serial number.

A serial may have several records, and a record may lag behind the device; the judge decides what that means.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DeviceKind(StrEnum):
    """Where a device is known: Windows Autopilot, or Apple's enrolment through Intune."""

    WINDOWS = "windows"
    APPLE = "apple"
    NONE = "none"


class Join(StrEnum):
    """How an Autopilot profile joins the PC; hybrid join needs a password and cannot start with a pass."""

    ENTRA = "entra"
    HYBRID = "hybrid"
    UNKNOWN = "unknown"


class AppleSignIn(StrEnum):
    """Where an Apple enrolment profile asks the person to sign in (learn.microsoft.com/mem/intune/enrollment)."""

    COMPANY_PORTAL = "company_portal"
    SETUP_ASSISTANT = "setup_assistant"
    LEGACY = "legacy"
    NONE = "none"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class AutopilotRecord:
    """One windowsAutopilotDeviceIdentity with its deployment profile, as beta shows it.

    `userless_blocked` says that it may not be prepared without a person again until somebody unblocks it.
    """

    id: str
    serial: str
    model: str = ""
    user_name: str = ""
    assignment_status: str = ""
    assigned_at: datetime | None = None
    profile_name: str = ""
    profile_is_intended: bool = True
    join: Join = Join.UNKNOWN
    shared: bool = False
    enrolment_state: str = ""
    entra_device_id: str = ""
    managed_device_id: str = ""
    userless_blocked: bool = False

    @property
    def profile_ready(self) -> bool:
        """Assigned, in sync and dated: before the date is filled a PC boots into the consumer OOBE.

        `assignedUnkownSyncState` is Microsoft's spelling. learn.microsoft.com/autopilot/profiles
        """
        assigned = self.assignment_status in {"assignedInSync", "assignedUnkownSyncState"}
        return assigned and self.assigned_at is not None and self.profile_is_intended


@dataclass(frozen=True, slots=True)
class AppleRecord:
    """One importedAppleDeviceIdentity with the enrolment profile it will get (its own, else the token's default).

    `volume_token_id` and `company_portal_required` are the profile's: with which token Company Portal is installed, and
    whether it is where the person signs in earlier. `platform` is Graph's word (ios, macOS).
    """

    id: str
    serial: str
    platform: str = ""
    model: str = ""
    profile_name: str = ""
    sign_in: AppleSignIn = AppleSignIn.UNKNOWN
    single_app_mode: bool = False
    released: bool = False
    enrolment_state: str = ""
    token_id: str = ""
    token_name: str = ""
    volume_token_id: str = ""
    company_portal_required: bool = False

    @property
    def uses_company_portal(self) -> bool:
        """Whether Intune puts Company Portal on the device before the person can go on."""
        return self.sign_in is AppleSignIn.COMPANY_PORTAL or self.company_portal_required


@dataclass(frozen=True, slots=True)
class ManagedDevice:
    """One Intune managedDevice row; a serial may have several, the newest enrolment counts."""

    id: str
    serial: str
    name: str = ""
    user_name: str = ""
    user_id: str = ""
    enrolled_at: datetime | None = None
    entra_device_id: str = ""
    entra_registered: bool = False
    management_state: str = ""
    compliance: str = ""
    operating_system: str = ""
    os_version: str = ""
    enrolment_type: str = ""


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a PC told Intune of itself, "" where it did not: the version of its TPM, the edition of its Windows."""

    tpm_version: str = ""
    edition: str = ""


@dataclass(frozen=True, slots=True)
class EntraDevice:
    """One Entra device object; `device_id` is the registration id that Intune and Autopilot repeat."""

    id: str
    device_id: str
    name: str = ""
    trust_type: str = ""
    owner_ids: tuple[str, ...] = ()
    enabled: bool = True
    managed: bool | None = None
    compliant: bool | None = None
    registered_at: datetime | None = None


def newest(rows: tuple[ManagedDevice, ...]) -> ManagedDevice | None:
    """The row of the latest enrolment, or None; rows without a time come last."""
    dated = sorted(rows, key=lambda row: (row.enrolled_at is not None, row.enrolled_at or 0), reverse=True)
    return dated[0] if dated else None
