"""The route table's rows for devices and for the two logs; `routes` takes them in.

Permissions are Microsoft's list (microsoftgraph/microsoft-graph-devx-content, permissions.json). Two routes lack
an entry there and have what their reference page names: the registration policy and a person's managed devices.
"""

from __future__ import annotations

from agent.sandbox.wire import activity, apple, autopilot, enrolment_settings, entra_devices, managed_devices
from agent.sandbox.wire.exchange import BETA, Handler, Route

_SERVICE = ("DeviceManagementServiceConfig.Read.All", "DeviceManagementServiceConfig.ReadWrite.All")
_CONFIGURATION = ("DeviceManagementConfiguration.Read.All", "DeviceManagementConfiguration.ReadWrite.All")
_MANAGED = ("DeviceManagementManagedDevices.Read.All", "DeviceManagementManagedDevices.ReadWrite.All")
_DEVICES = ("Device.Read.All", "Device.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All")
_DEVICES_DELEGATED = ("Device.Read.All", "Directory.Read.All", "Directory.ReadWrite.All")
_OWNED = ("User.Read.All", "Directory.Read.All", "User.ReadWrite.All", "Directory.ReadWrite.All")
_JOIN_POLICY = ("Policy.Read.DeviceConfiguration", "Policy.ReadWrite.DeviceConfiguration")
_SIGN_INS = ("AuditLog.Read.All",)
_AUDITS = ("AuditLog.Read.All", "Directory.Read.All")

_IDENTITIES = "/deviceManagement/windowsAutopilotDeviceIdentities"
_PROFILES = "/deviceManagement/windowsAutopilotDeploymentProfiles"
_EVENTS = "/deviceManagement/autopilotEvents"
_TOKENS = "/deviceManagement/depOnboardingSettings"
_MANAGED_DEVICES = "/deviceManagement/managedDevices"
_CONFIGURATIONS = "/deviceManagement/deviceEnrollmentConfigurations"


def _read(path: str, permissions: tuple[str, ...], handler: Handler) -> Route:
    return Route("GET", path, permissions, handler)


def _beta(path: str, permissions: tuple[str, ...], handler: Handler) -> Route:
    return Route("GET", path, permissions, handler, versions=BETA)


def _log(path: str, permissions: tuple[str, ...], handler: Handler) -> Route:
    return Route("GET", path, permissions, handler, report=True)


def _entra(path: str, handler: Handler) -> Route:
    return Route("GET", path, _DEVICES, handler, delegated=_DEVICES_DELEGATED)


AUTOPILOT = (
    _read(_IDENTITIES, _SERVICE, autopilot.identities),
    _read(_IDENTITIES + "/{id}", _SERVICE, autopilot.identity),
    _beta(_IDENTITIES + "/{id}/deploymentProfile", _SERVICE, autopilot.assigned_profile),
    _beta(_IDENTITIES + "/{id}/intendedDeploymentProfile", _SERVICE, autopilot.intended_profile),
    _beta(_PROFILES, _SERVICE, autopilot.profiles),
    _beta(_PROFILES + "/{id}", _SERVICE, autopilot.profile),
    _beta(_EVENTS, _MANAGED, autopilot.events),
    _beta(_EVENTS + "/{id}", _MANAGED, autopilot.event),
)

APPLE = (
    _beta(_TOKENS, _SERVICE, apple.tokens),
    _beta(_TOKENS + "/{token_id}", _SERVICE, apple.token),
    _beta(_TOKENS + "/{token_id}/importedAppleDeviceIdentities", _SERVICE, apple.devices),
    _beta(_TOKENS + "/{token_id}/importedAppleDeviceIdentities/{id}", _SERVICE, apple.device),
    _beta(_TOKENS + "/{token_id}/enrollmentProfiles", _SERVICE, apple.profiles),
    _beta(_TOKENS + "/{token_id}/enrollmentProfiles/{id}", _SERVICE, apple.profile),
)

DEVICES = (
    _read(_MANAGED_DEVICES, (*_MANAGED, *_CONFIGURATION), managed_devices.devices),
    _read(_MANAGED_DEVICES + "/{id}", (*_MANAGED, *_CONFIGURATION), managed_devices.device),
    _read("/users/{id}/managedDevices", _MANAGED, managed_devices.of_user),
    _entra("/devices", entra_devices.devices),
    _entra("/devices/{id}", entra_devices.device),
    _entra("/devices(deviceId='{device_id}')", entra_devices.device),
    _entra("/devices/{id}/registeredOwners", entra_devices.registered_owners),
    _entra("/devices(deviceId='{device_id}')/registeredOwners", entra_devices.registered_owners),
    Route("GET", "/users/{id}/ownedDevices", _OWNED, entra_devices.owned_devices, delegated=(*_OWNED, "User.Read")),
    _read(_CONFIGURATIONS, (*_SERVICE, *_CONFIGURATION), enrolment_settings.configurations),
    _read(_CONFIGURATIONS + "/{id}", (*_SERVICE, *_CONFIGURATION), enrolment_settings.configuration),
    _read("/policies/deviceRegistrationPolicy", _JOIN_POLICY, enrolment_settings.registration_policy),
)

LOGS = (
    _log("/auditLogs/signIns", _SIGN_INS, activity.sign_ins),
    _log("/auditLogs/signIns/{id}", _SIGN_INS, activity.sign_in),
    _log("/auditLogs/directoryAudits", _AUDITS, activity.audits),
    _log("/auditLogs/directoryAudits/{id}", _AUDITS, activity.audit),
)

ROWS: tuple[Route, ...] = (*AUTOPILOT, *APPLE, *DEVICES, *LOGS)
"""All of the above, for `routes.TABLE`."""
