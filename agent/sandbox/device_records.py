"""What the pretend tenant remembers about devices: Entra objects, Autopilot, Intune and Apple enrolment.

Plain mutable records without behaviour, like `records`. `properties` holds further Graph properties by their Graph
names, laid over what the record's own fields say. A time that was never set is None here; where Graph shows the year 1
instead, the wire says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any


@dataclass(slots=True)
class EntraDevice:
    """A device object of the directory (learn.microsoft.com/graph/api/resources/device).

    `id` is the object id, `device_id` the one that Intune and Autopilot know. `trust_type` is AzureAd, ServerAd,
    Workplace, or None while only Autopilot has made the object.
    """

    id: str
    device_id: str
    display_name: str
    trust_type: str | None = None
    operating_system: str | None = None
    os_version: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    is_managed: bool | None = None
    is_compliant: bool | None = None
    registered: datetime | None = None
    created: datetime | None = None
    owner_ids: list[str] = field(default_factory=list)
    physical_ids: list[str] = field(default_factory=list)
    enabled: bool = True
    enrollment_profile_name: str | None = None
    last_sign_in: datetime | None = None
    public_key: str | None = None
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class AutopilotIdentity:
    """A Windows device known to Autopilot
    (learn.microsoft.com/graph/api/resources/intune-enrollment-windowsautopilotdeviceidentity).

    `profile_id` is what the device has, `intended_profile_id` what it should have. `assignment_status`
    uses Graph's words ("assignedUnkownSyncState" is spelled that way). `entra_device_id` is the `device_id` of the
    Entra object.
    """

    id: str
    serial: str
    group_tag: str = ""
    purchase_order: str = ""
    manufacturer: str = ""
    model: str = ""
    enrollment_state: str = "notContacted"
    last_contacted: datetime | None = None
    addressable_user_name: str = ""
    user_principal_name: str = ""
    display_name: str = ""
    entra_device_id: str | None = None
    managed_device_id: str | None = None
    profile_id: str | None = None
    intended_profile_id: str | None = None
    assignment_status: str = "notAssigned"
    assigned_at: datetime | None = None
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class AutopilotProfile:
    """An Autopilot profile: `kind` is azureAD or activeDirectory (hybrid), `device_usage` singleUser or shared.

    It is meant for devices with one of the group tags `tags` (the dynamic group `group_id`), or, with `everybody`, for
    all that no other profile is meant for.
    """

    id: str
    name: str
    kind: str = "azureAD"
    device_usage: str = "singleUser"
    description: str = ""
    device_name_template: str = ""
    language: str = "os-default"
    created: datetime | None = None
    modified: datetime | None = None
    tags: list[str] = field(default_factory=list)
    group_id: str | None = None
    everybody: bool = False
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class EnrolmentConfiguration:
    """One device enrolment configuration; `kind` is one of `enrolment.KINDS`, `group_ids` whom it is assigned to."""

    id: str
    kind: str
    name: str
    priority: int = 0
    version: int = 1
    description: str = ""
    created: datetime | None = None
    modified: datetime | None = None
    group_ids: list[str] = field(default_factory=list)
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class PreparationPolicy:
    """An Autopilot device preparation policy, user-driven (learn.microsoft.com/autopilot/device-preparation).

    It meets the people of `user_group_ids`; their PCs land in the group `device_group_id` when they enrol.
    """

    id: str
    name: str
    user_group_ids: list[str]
    device_group_id: str


@dataclass(slots=True)
class DeviceRegistrationPolicy:
    """Who may join and register devices (learn.microsoft.com/graph/api/resources/deviceregistrationpolicy).

    `join_allowed` and `register_allowed` are "all", "none", or lists of user and group ids.
    """

    user_device_quota: int = 50
    join_allowed: str | list[str] = "all"
    register_allowed: str | list[str] = "all"
    mfa_required: bool = False


@dataclass(slots=True)
class ManagedDevice:
    """A device under Intune's management (learn.microsoft.com/graph/api/resources/intune-devices-manageddevice).

    `entra_device_id` is the `device_id` of the Entra object. `user_id` and `user_principal_name` are the primary user,
    `enrolled_by` the user name of who enrolled it (beta shows it). `tpm_version` and `edition` are what a PC reported,
    "" where it did not.
    """

    id: str
    serial: str
    device_name: str
    operating_system: str
    os_version: str = ""
    manufacturer: str = ""
    model: str = ""
    user_id: str = ""
    user_principal_name: str = ""
    user_display_name: str = ""
    email: str = ""
    enrolled_by: str = ""
    enrolled: datetime | None = None
    last_sync: datetime | None = None
    compliance_state: str = "unknown"
    management_state: str = "managed"
    enrollment_type: str = "unknown"
    registration_state: str = "notRegistered"
    entra_registered: bool | None = None
    entra_device_id: str | None = None
    owner_type: str = "company"
    supervised: bool = False
    encrypted: bool = False
    enrollment_profile_name: str = ""
    join_type: str = "unknown"
    autopilot_enrolled: bool = False
    tpm_version: str = ""
    edition: str = ""
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class AutopilotEvent:
    """One deployment as Autopilot's monitor shows it (beta autopilotEvents)."""

    id: str
    device_id: str
    serial: str
    user_id: str
    user_principal_name: str
    event_time: datetime
    registered: datetime | None = None
    enrolment_start: datetime | None = None
    deployment_start: datetime | None = None
    deployment_end: datetime | None = None
    deployment_state: str = "inProgress"
    device_setup_status: str = "inProgress"
    account_setup_status: str = "notAttempted"
    enrollment_type: str = "azureADJoinedWithAutopilotProfile"
    enrollment_state: str = "enrolled"
    managed_device_name: str = ""
    os_version: str = ""
    profile_name: str = ""
    status_page_name: str = ""
    status_page_id: str = ""
    device_setup_duration: timedelta = timedelta()
    account_setup_duration: timedelta = timedelta()
    deployment_duration: timedelta = timedelta()
    total_duration: timedelta = timedelta()
    failure: str = ""


@dataclass(slots=True)
class DepToken:
    """Intune's token for one server of Apple Business Manager (beta depOnboardingSetting).

    `last_sync_asked` is the last synchronisation by hand, `fully_synced` the last that was not just of changes.
    Without `terms_accepted` (Apple's, which change with each system) Apple gives Intune nothing new.
    """

    id: str
    name: str
    apple_id: str
    expires: datetime | None = None
    modified: datetime | None = None
    last_synced: datetime | None = None
    last_sync_asked: datetime | None = None
    last_sync_error: int = 0
    fully_synced: datetime | None = None
    terms_accepted: bool = True
    default_ios_profile_id: str | None = None
    default_macos_profile_id: str | None = None


@dataclass(slots=True)
class DepProfile:
    """An enrolment profile under a token; `platform` is ios or macos.

    The four authentication choices show in the five Boolean fields and `vpp_token_id`
    (learn.microsoft.com/graph/api/resources/intune-enrollment-depiosenrollmentprofile).
    """

    id: str
    token_id: str
    name: str
    platform: str = "ios"
    description: str = ""
    requires_user: bool = True
    company_portal: bool = False
    web_sign_in: bool = False
    company_portal_required: bool = False
    single_app_mode: bool = False
    vpp_token_id: str | None = None
    supervised: bool = True
    is_default: bool = False
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class AppleIdentity:
    """An Apple device that a token has synced (beta importedAppleDeviceIdentity).

    What Apple holds is `Devices.business_manager`: a device released there is `deleted` from the next sync on.
    `activated_with` is the profile it took when it was switched on; only a wipe makes it ask again.
    """

    id: str
    token_id: str
    serial: str
    platform: str = "ios"
    description: str = ""
    profile_id: str | None = None
    profile_assigned_at: datetime | None = None
    supervised: bool = True
    discovery_source: str = "deviceEnrollmentProgram"
    deleted: bool = False
    created: datetime | None = None
    last_contacted: datetime | None = None
    enrollment_state: str = "notContacted"
    activated_with: str | None = None
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class VppToken:
    """A volume purchase token, as far as Company Portal's installation depends on it."""

    id: str
    organisation: str
    apple_id: str
    state: str = "valid"
    expires: datetime | None = None
    last_synced: datetime | None = None


@dataclass(slots=True)
class TroubleshootingEvent:
    """An enrolment that failed at the management stage (enrollmentTroubleshootingEvent)."""

    id: str
    event_time: datetime
    user_id: str
    failure_category: str
    failure_reason: str
    operating_system: str = ""
    os_version: str = ""
    device_id: str = ""
    enrollment_type: str = "unknown"


@dataclass(slots=True)
class BoxedDevice:
    """The pretend hardware: what a virtual device is made of before anybody switches it on.

    `kind` is windows, iphone, ipad, mac, phone (a person's own), security-key, or browser (a trusted PC for somebody
    who lost a phone); `options` are hints for the virtual device that plays it (names agreed between seed and fleet).
    """

    serial: str
    kind: str
    model: str
    manufacturer: str = ""
    os_version: str = ""
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Scheduled:
    """A change that shows by itself later: `kind` names what happens (`areas.mdm` knows them all), `id` to which."""

    when: datetime
    kind: str
    id: str
