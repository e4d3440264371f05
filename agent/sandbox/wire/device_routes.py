"""The route table's rows for devices and for the two logs; `routes` takes them in.

Permissions are Microsoft's list (microsoftgraph/microsoft-graph-devx-content, permissions.json). A route that lacks an
entry there has what its reference page names; `unassignUserFromDevice` is listed with a right to read, which is taken
for a slip.
"""

from __future__ import annotations

from agent.sandbox.wire import (
    activity,
    apple,
    autopilot,
    autopilot_imports,
    autopilot_profiles,
    device_policies,
    enrolment_settings,
    entra_devices,
    intune_lists,
    managed_devices,
    mobile_apps,
    user_enrolments,
)
from agent.sandbox.wire.exchange import BETA, Handler, Route

_SERVICE_WRITE = ("DeviceManagementServiceConfig.ReadWrite.All",)
_SERVICE = ("DeviceManagementServiceConfig.Read.All", *_SERVICE_WRITE)
_APPS = ("DeviceManagementApps.Read.All", "DeviceManagementApps.ReadWrite.All")
_CONFIGURATION = ("DeviceManagementConfiguration.Read.All", "DeviceManagementConfiguration.ReadWrite.All")
_MANAGED = ("DeviceManagementManagedDevices.Read.All", "DeviceManagementManagedDevices.ReadWrite.All")
_DEVICES = ("Device.Read.All", "Device.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All")
_DEVICES_DELEGATED = ("Device.Read.All", "Directory.Read.All", "Directory.ReadWrite.All")
_OWNED = ("User.Read.All", "Directory.Read.All", "User.ReadWrite.All", "Directory.ReadWrite.All")
_JOIN_POLICY = ("Policy.Read.DeviceConfiguration", "Policy.ReadWrite.DeviceConfiguration")
_SIGN_INS = ("AuditLog.Read.All",)
_AUDITS = ("AuditLog.Read.All", "Directory.Read.All")

_IDENTITIES = "/deviceManagement/windowsAutopilotDeviceIdentities"
_IMPORTS = "/deviceManagement/importedWindowsAutopilotDeviceIdentities"
_SETTINGS = "/deviceManagement/windowsAutopilotSettings"
_PROFILES = "/deviceManagement/windowsAutopilotDeploymentProfiles"
_EVENTS = "/deviceManagement/autopilotEvents"
_TOKENS = "/deviceManagement/depOnboardingSettings"
_SYNCED = _TOKENS + "/{token_id}/importedAppleDeviceIdentities"
_ENROLMENT_PROFILES = _TOKENS + "/{token_id}/enrollmentProfiles"
_MANAGED_DEVICES = "/deviceManagement/managedDevices"
_CONFIGURATIONS = "/deviceManagement/deviceEnrollmentConfigurations"
_FAILURES = "/deviceManagement/troubleshootingEvents"
_IDENTIFIERS = "/deviceManagement/importedDeviceIdentities"
_POLICIES = "/deviceManagement/configurationPolicies"
_DEVICE_PROFILES = "/deviceManagement/deviceConfigurations"
_VPP_TOKENS = "/deviceAppManagement/vppTokens"
_MOBILE_APPS = "/deviceAppManagement/mobileApps"
_USER_ENROLMENTS = "/deviceManagement/appleUserInitiatedEnrollmentProfiles"
_KEYED = ("/devices/{id}", "/devices(deviceId='{device_id}')")


def _read(path: str, permissions: tuple[str, ...], handler: Handler, *, page: str = "") -> Route:
    return Route("GET", path, permissions, handler, page=page)


def _beta(path: str, permissions: tuple[str, ...], handler: Handler, *, page: str = "") -> Route:
    return Route("GET", path, permissions, handler, versions=BETA, page=page)


def _write(method: str, path: str, handler: Handler) -> Route:
    return Route(method, path, _SERVICE_WRITE, handler)


def _beta_write(method: str, path: str, handler: Handler) -> Route:
    return Route(method, path, _SERVICE_WRITE, handler, versions=BETA)


def _log(path: str, permissions: tuple[str, ...], handler: Handler) -> Route:
    return Route("GET", path, permissions, handler, report=True)


def _entra(path: str, handler: Handler) -> Route:
    return Route("GET", path, _DEVICES, handler, delegated=_DEVICES_DELEGATED)


def _keyed(tail: str, handler: Handler) -> tuple[Route, ...]:
    """The same below the object id and below the alternate key."""
    return tuple(_entra(key + tail, handler) for key in _KEYED)


def _owned(name: str) -> tuple[Route, Route]:
    """A person's devices, and one's own."""
    delegated = (*_OWNED, "User.Read")
    return (
        Route("GET", f"/users/{{id}}/{name}", _OWNED, entra_devices.owned_devices, delegated=delegated),
        Route("GET", f"/me/{name}", (), entra_devices.owned_devices, delegated=delegated),
    )


def _persons(tail: str, handler: Handler, *, page: str = "") -> tuple[Route, Route]:
    """What Intune knows of a person, and of oneself."""
    return (
        _read(f"/users/{{id}}/{tail}", _MANAGED, handler, page=page),
        Route("GET", f"/me/{tail}", (), handler, delegated=_MANAGED, page=page),
    )


AUTOPILOT = (
    _read(_IDENTITIES, _SERVICE, autopilot.identities),
    _read(_IDENTITIES + "/$count", _SERVICE, autopilot.count),
    _read(_IDENTITIES + "/{id}", _SERVICE, autopilot.identity),
    _write("DELETE", _IDENTITIES + "/{id}", autopilot.delete),
    _write("POST", _IDENTITIES + "/{id}/assignUserToDevice", autopilot.assign_person),
    _write("POST", _IDENTITIES + "/{id}/unassignUserFromDevice", autopilot.unassign_person),
    _write("POST", _IDENTITIES + "/{id}/updateDeviceProperties", autopilot.update),
    _beta(_IDENTITIES + "/{id}/deploymentProfile", _SERVICE, autopilot_profiles.of_device("profile_id")),
    _beta(
        _IDENTITIES + "/{id}/intendedDeploymentProfile", _SERVICE, autopilot_profiles.of_device("intended_profile_id")
    ),
    _read(_IMPORTS, _SERVICE, autopilot_imports.imports),
    _read(_IMPORTS + "/$count", _SERVICE, autopilot_imports.count),
    _read(_IMPORTS + "/{id}", _SERVICE, autopilot_imports.one),
    _write("POST", _IMPORTS, autopilot_imports.create),
    _write("POST", _IMPORTS + "/import", autopilot_imports.import_many),
    _write("DELETE", _IMPORTS + "/{id}", autopilot_imports.delete),
    _beta(_SETTINGS, _SERVICE, autopilot_imports.settings),
    _beta_write("POST", _SETTINGS + "/sync", autopilot_imports.sync),
    _beta(_PROFILES, _SERVICE, autopilot_profiles.profiles),
    _beta(_PROFILES + "/$count", _SERVICE, autopilot_profiles.count),
    _beta(_PROFILES + "/{id}", _SERVICE, autopilot_profiles.profile),
    _beta(_PROFILES + "/{id}/assignments", _SERVICE, autopilot_profiles.assignments),
    _beta(_PROFILES + "/{id}/assignments/{assignment_id}", _SERVICE, autopilot_profiles.assignment),
    _beta(_PROFILES + "/{id}/assignedDevices", _SERVICE, autopilot.assigned_devices),
    _beta(_PROFILES + "/{id}/assignedDevices/$count", _SERVICE, autopilot.assigned_count),
    _beta(_PROFILES + "/{id}/assignedDevices/{device_id}", _SERVICE, autopilot.assigned_device),
    _beta(_EVENTS, _MANAGED, autopilot.events),
    _beta(_EVENTS + "/$count", _MANAGED, autopilot.event_count),
    _beta(_EVENTS + "/{id}", _MANAGED, autopilot.event),
)

APPLE = (
    _beta(_TOKENS, _SERVICE, apple.tokens),
    _beta(_TOKENS + "/$count", _SERVICE, apple.count),
    _beta(_TOKENS + "/{token_id}", _SERVICE, apple.token),
    _beta(_TOKENS + "/{token_id}/defaultIosEnrollmentProfile", _SERVICE, apple.default_profile("ios")),
    _beta(_TOKENS + "/{token_id}/defaultMacOsEnrollmentProfile", _SERVICE, apple.default_profile("macos")),
    _beta(_TOKENS + "/{token_id}/defaultTvOSEnrollmentProfile", _SERVICE, apple.default_profile("tvos")),
    _beta(_TOKENS + "/{token_id}/defaultVisionOSEnrollmentProfile", _SERVICE, apple.default_profile("visionos")),
    _beta_write("POST", _TOKENS + "/{token_id}/syncWithAppleDeviceEnrollmentProgram", apple.sync),
    _beta(_SYNCED, _SERVICE, apple.devices),
    _beta(_SYNCED + "/$count", _SERVICE, apple.device_count),
    _beta(_SYNCED + "/{id}", _SERVICE, apple.device),
    _beta_write("DELETE", _SYNCED + "/{id}", apple.delete_device),
    _beta(_ENROLMENT_PROFILES, _SERVICE, apple.profiles),
    _beta(_ENROLMENT_PROFILES + "/$count", _SERVICE, apple.profile_count),
    _beta(_ENROLMENT_PROFILES + "/{id}", _SERVICE, apple.profile),
    _beta_write("POST", _ENROLMENT_PROFILES + "/{id}/setDefaultProfile", apple.make_default),
    _beta_write("POST", _ENROLMENT_PROFILES + "/{id}/updateDeviceProfileAssignment", apple.assign_profile),
    _read(_VPP_TOKENS, _SERVICE, intune_lists.vpp_tokens, page="intune-onboarding-vpptoken-list"),
    _read(_VPP_TOKENS + "/{item_id}", _SERVICE, intune_lists.vpp_token, page="intune-onboarding-vpptoken-get"),
    _read(
        "/deviceManagement/applePushNotificationCertificate",
        _SERVICE,
        intune_lists.push_certificate,
        page="intune-devices-applepushnotificationcertificate-get",
    ),
    _read(_MOBILE_APPS, _APPS, mobile_apps.apps, page="intune-apps-iosvppapp-list"),
    _read(_MOBILE_APPS + "/{item_id}", _APPS, mobile_apps.app, page="intune-apps-iosvppapp-get"),
    _read(
        _MOBILE_APPS + "/{item_id}/assignments",
        _APPS,
        mobile_apps.assignments,
        page="intune-apps-mobileappassignment-list",
    ),
    _beta(
        _USER_ENROLMENTS,
        _SERVICE,
        user_enrolments.profiles,
        page="intune-enrollment-appleuserinitiatedenrollmentprofile-list",
    ),
    _beta(
        _USER_ENROLMENTS + "/{item_id}",
        _SERVICE,
        user_enrolments.profile,
        page="intune-enrollment-appleuserinitiatedenrollmentprofile-get",
    ),
    _beta(
        _USER_ENROLMENTS + "/{item_id}/assignments",
        _SERVICE,
        user_enrolments.assignments,
        page="intune-enrollment-appleenrollmentprofileassignment-list",
    ),
)

DEVICES = (
    _read(_MANAGED_DEVICES, (*_MANAGED, *_CONFIGURATION), managed_devices.devices),
    _read(_MANAGED_DEVICES + "/$count", (*_MANAGED, *_CONFIGURATION), managed_devices.count),
    _read(_MANAGED_DEVICES + "/{id}", (*_MANAGED, *_CONFIGURATION), managed_devices.device),
    _read(_MANAGED_DEVICES + "/{id}/users", (*_MANAGED, *_CONFIGURATION), managed_devices.users),
    *_persons("managedDevices", managed_devices.of_user),
    *_persons("managedDevices/{managed_id}", managed_devices.device, page="intune-devices-manageddevice-get"),
    _entra("/devices", entra_devices.devices),
    _entra("/devices/$count", entra_devices.count),
    _entra("/devices/delta()", entra_devices.delta),
    *_keyed("", entra_devices.device),
    *_keyed("/registeredOwners", entra_devices.registered_owners),
    *_keyed("/registeredUsers", entra_devices.registered_users),
    *_keyed("/memberOf", entra_devices.groups_of(transitive=False)),
    *_keyed("/transitiveMemberOf", entra_devices.groups_of(transitive=True)),
    *_owned("ownedDevices"),
    *_owned("registeredDevices"),
    _read(
        "/policies/deviceRegistrationPolicy",
        _JOIN_POLICY,
        enrolment_settings.registration_policy,
        page="deviceregistrationpolicy-get",
    ),
)

ENROLMENT = (
    _read(_CONFIGURATIONS, (*_SERVICE, *_CONFIGURATION), enrolment_settings.configurations),
    _read(_CONFIGURATIONS + "/{id}", (*_SERVICE, *_CONFIGURATION), enrolment_settings.configuration),
    _read(
        _CONFIGURATIONS + "/{id}/assignments",
        (*_SERVICE, *_CONFIGURATION),
        enrolment_settings.assignments,
        page="intune-onboarding-enrollmentconfigurationassignment-list",
    ),
    _read(
        _CONFIGURATIONS + "/{id}/assignments/{assignment_id}",
        (*_SERVICE, *_CONFIGURATION),
        enrolment_settings.assignment,
        page="intune-onboarding-enrollmentconfigurationassignment-get",
    ),
    _beta(_IDENTIFIERS, _SERVICE, intune_lists.identifiers, page="intune-enrollment-importeddeviceidentity-list"),
    _beta(
        _IDENTIFIERS + "/{item_id}",
        _SERVICE,
        intune_lists.identifier,
        page="intune-enrollment-importeddeviceidentity-get",
    ),
    _read(
        _FAILURES,
        _MANAGED,
        intune_lists.troubleshooting_events,
        page="intune-troubleshooting-devicemanagementtroubleshootingevent-list",
    ),
    _read(
        _FAILURES + "/{item_id}",
        _MANAGED,
        intune_lists.troubleshooting_event,
        page="intune-troubleshooting-devicemanagementtroubleshootingevent-get",
    ),
    *_persons(
        "deviceManagementTroubleshootingEvents",
        intune_lists.troubleshooting_events_of,
        page="intune-troubleshooting-devicemanagementtroubleshootingevent-list",
    ),
)

_CATALOGUE = "intune-deviceconfigv2-devicemanagementconfiguration"
_SCOPE_READERS = ("Policy.Read.All", "Policy.ReadWrite.MobilityManagement")


def _scope(tail: str, handler: Handler, page: str) -> Route:
    """The MDM user scope opens to a signed-in administrator only: "Application: not supported"."""
    path = "/policies/mobileDeviceManagementPolicies" + tail
    return Route("GET", path, (), handler, versions=BETA, delegated=_SCOPE_READERS, page=page)


POLICIES = (
    _beta(_POLICIES, _CONFIGURATION, device_policies.policies, page=f"{_CATALOGUE}policy-list"),
    _beta(_POLICIES + "/{item_id}", _CONFIGURATION, device_policies.policy, page=f"{_CATALOGUE}policy-get"),
    _beta(
        _POLICIES + "/{item_id}/settings",
        _CONFIGURATION,
        device_policies.policy_settings,
        page=f"{_CATALOGUE}setting-list",
    ),
    _beta(
        _POLICIES + "/{item_id}/assignments",
        _CONFIGURATION,
        device_policies.policy_assignments,
        page=f"{_CATALOGUE}policyassignment-list",
    ),
    _read(
        _DEVICE_PROFILES,
        _CONFIGURATION,
        device_policies.profiles,
        page="intune-deviceconfig-windows10customconfiguration-list",
    ),
    _read(
        _DEVICE_PROFILES + "/{item_id}",
        _CONFIGURATION,
        device_policies.profile,
        page="intune-deviceconfig-windows10customconfiguration-get",
    ),
    _read(
        _DEVICE_PROFILES + "/{item_id}/assignments",
        _CONFIGURATION,
        device_policies.profile_assignments,
        page="intune-deviceconfig-deviceconfigurationassignment-list",
    ),
    _scope("", device_policies.scopes, "mobiledevicemanagementpolicies-list"),
    _scope("/{item_id}", device_policies.scope, "mobiledevicemanagementpolicies-get"),
    _scope(
        "/{item_id}/includedGroups",
        device_policies.scope_groups,
        "mobiledevicemanagementpolicies-list-includedgroups",
    ),
)

LOGS = (
    _log("/auditLogs/signIns", _SIGN_INS, activity.sign_ins),
    _log("/auditLogs/signIns/{id}", _SIGN_INS, activity.sign_in),
    _log("/auditLogs/directoryAudits", _AUDITS, activity.audits),
    _log("/auditLogs/directoryAudits/{id}", _AUDITS, activity.audit),
)

ROWS: tuple[Route, ...] = (*AUTOPILOT, *APPLE, *DEVICES, *ENROLMENT, *POLICIES, *LOGS)
"""All of the above, for `routes.TABLE`."""
