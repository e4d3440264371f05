"""Handlers for what enrolment obeys: enrolment configurations (v1.0 thin, beta full) and the registration policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.sandbox import device_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import enrolment, intune
from agent.sandbox.wire import device_policies, device_shapes, exchange, odata

_CONTEXT = "deviceManagement/deviceEnrollmentConfigurations"
_TYPES = {
    enrolment.STATUS_PAGE: "windows10EnrollmentCompletionPageConfiguration",
    enrolment.LIMIT: "deviceEnrollmentLimitConfiguration",
    enrolment.PLATFORM_RESTRICTIONS: "deviceEnrollmentPlatformRestrictionsConfiguration",
    enrolment.PLATFORM_RESTRICTION: "deviceEnrollmentPlatformRestrictionConfiguration",
    enrolment.HELLO: "deviceEnrollmentWindowsHelloForBusinessConfiguration",
    enrolment.CO_MANAGEMENT: "deviceComanagementAuthorityConfiguration",
    enrolment.NOTIFICATION: "deviceEnrollmentNotificationConfiguration",
}
_WORDS = {
    enrolment.STATUS_PAGE: "windows10EnrollmentCompletionPageConfiguration",
    enrolment.LIMIT: "limit",
    enrolment.PLATFORM_RESTRICTIONS: "platformRestrictions",
    enrolment.PLATFORM_RESTRICTION: "singlePlatformRestriction",
    enrolment.HELLO: "windowsHelloForBusiness",
    enrolment.CO_MANAGEMENT: "deviceComanagementAuthorityConfiguration",
    enrolment.NOTIFICATION: "enrollmentNotificationsConfiguration",
}
_WITHOUT_DEFAULT = enrolment.BETA_KINDS
_NOTHING: dict[str, Any] = {
    "platformBlocked": False,
    "personalDeviceEnrollmentBlocked": False,
    "osMinimumVersion": "",
    "osMaximumVersion": "",
}


def configurations(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Every enrolment configuration, with its assignments where they are expanded; v1.0 leaves out nearly all of the
    status page."""
    served = {item.id: item for item in _served(tenant, request)}
    shapes = odata.matching(request, (_row(item, beta=request.beta) for item in served.values()))
    rows = [{**odata.narrow(row, odata.selected(request)), **_expanded(served[row["id"]], request)} for row in shapes]
    return odata.collection(tenant, request, _CONTEXT, rows)


def assignments(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Whom a configuration is assigned to; the slices lack it (intune-onboarding-enrollmentconfigurationassignment)."""
    item = enrolment.get(tenant, request.path_values["id"])
    rows = device_policies.enrolment_assignments(item, beta=request.beta)
    return odata.collection(tenant, request, f"{_CONTEXT}('{item.id}')/assignments", rows)


def assignment(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One assignment of a configuration."""
    item = enrolment.get(tenant, request.path_values["id"])
    wanted = request.path_values["assignment_id"]
    for row in device_policies.enrolment_assignments(item, beta=request.beta):
        if row["id"].lower() == wanted.lower():
            return odata.entity(tenant, request, f"{_CONTEXT}('{item.id}')/assignments/$entity", row)
    raise intune.missing(f"Assignment {wanted} not found")


def _served(tenant: tenants.Tenant, request: exchange.GraphRequest) -> list[device_records.EnrolmentConfiguration]:
    found = tenant.devices.enrolment_configurations.values()
    return [item for item in found if request.beta or item.kind not in enrolment.BETA_KINDS]


def configuration(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One enrolment configuration."""
    item = enrolment.get(tenant, request.path_values["id"])
    if item not in _served(tenant, request):
        raise intune.missing(f"Enrollment configuration {item.id} not found")
    row = odata.narrow(_row(item, beta=request.beta), odata.selected(request))
    return odata.entity(tenant, request, f"{_CONTEXT}/$entity", {**row, **_expanded(item, request)})


def _expanded(item: device_records.EnrolmentConfiguration, request: exchange.GraphRequest) -> dict[str, Any]:
    if "assignments" not in odata.expanded(request):
        return {}
    return {"assignments": device_policies.enrolment_assignments(item, beta=request.beta)}


def registration_policy(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Who may join and register devices (learn.microsoft.com/graph/api/resources/deviceregistrationpolicy)."""
    policy = tenant.devices.registration_policy
    row = {
        "id": "deviceRegistrationPolicy",
        "displayName": "Device Registration Policy",
        "description": "Tenant-wide policy that manages initial provisioning controls",
        "userDeviceQuota": policy.user_device_quota,
        "multiFactorAuthConfiguration": "required" if policy.mfa_required else "notRequired",
        "azureADRegistration": {
            "isAdminConfigurable": False,
            "allowedToRegister": _membership(tenant, policy.register_allowed),
        },
        "azureADJoin": {
            "isAdminConfigurable": True,
            "allowedToJoin": _membership(tenant, policy.join_allowed),
            "localAdmins": {"enableGlobalAdmins": True, "registeringUsers": _membership(tenant, "none")},
        },
        "localAdminPassword": {"isEnabled": False},
    }
    return odata.entity(tenant, request, "policies/deviceRegistrationPolicy/$entity", row)


def _membership(tenant: tenants.Tenant, scope: str | list[str]) -> dict[str, Any]:
    if scope == "all":
        return {"@odata.type": "#microsoft.graph.allDeviceRegistrationMembership"}
    if isinstance(scope, str):
        return {"@odata.type": "#microsoft.graph.noDeviceRegistrationMembership"}
    users = [member for member in scope if member in tenant.directory.users]
    groups = [member for member in scope if member in tenant.directory.groups]
    return {
        "@odata.type": "#microsoft.graph.enumeratedDeviceRegistrationMembership",
        "users": users,
        "groups": groups,
    }


def _row(item: device_records.EnrolmentConfiguration, *, beta: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "@odata.type": f"#microsoft.graph.{_TYPES[item.kind]}",
        "id": item.id,
        "displayName": item.name,
        "description": item.description,
        "priority": item.priority,
        "createdDateTime": odata.timestamp_or_year_one(item.created),
        "lastModifiedDateTime": odata.timestamp_or_year_one(item.modified),
        "version": item.version,
        **_settings(item.kind, beta=beta),
    }
    if beta:
        row |= {"roleScopeTagIds": ["0"], "deviceEnrollmentConfigurationType": _type_word(item)}
    return _laid_over(row, item.properties)


def _laid_over(row: dict[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    """`device_shapes.laid_over`, but a restriction that sets one thing leaves its others as they are."""
    merged = {
        name: {**row[name], **value} if isinstance(value, dict) and isinstance(row.get(name), dict) else value
        for name, value in properties.items()
    }
    return device_shapes.laid_over(row, merged)


def _type_word(item: device_records.EnrolmentConfiguration) -> str:
    word = _WORDS[item.kind]
    default = item.priority == 0 and item.kind not in _WITHOUT_DEFAULT
    return f"default{word[0].upper()}{word[1:]}" if default else word


def _settings(kind: str, *, beta: bool) -> dict[str, Any]:
    """What a configuration of this kind says when nothing was set, in this version of Graph."""
    if kind == enrolment.LIMIT:
        return {"limit": 5}
    if kind == enrolment.HELLO:
        return _hello(beta=beta)
    if kind == enrolment.PLATFORM_RESTRICTIONS:
        return _restrictions(beta=beta)
    if kind in enrolment.BETA_KINDS:
        return _beta_kind(kind)
    return _status_page() if beta else {"allowNonBlockingAppInstallation": False}


def _status_page() -> dict[str, Any]:
    return {
        "showInstallationProgress": True,
        "blockDeviceSetupRetryByUser": True,
        "allowDeviceResetOnInstallFailure": False,
        "allowLogCollectionOnInstallFailure": True,
        "customErrorMessage": "",
        "installProgressTimeoutInMinutes": 60,
        "allowDeviceUseOnInstallFailure": False,
        "selectedMobileAppIds": [],
        "allowNonBlockingAppInstallation": False,
        "installQualityUpdates": False,
        "trackInstallProgressForAutopilotOnly": True,
        "disableUserStatusTrackingAfterFirstUser": True,
    }


def _hello(*, beta: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "state": "notConfigured",
        "enhancedBiometricsState": "notConfigured",
        "pinMinimumLength": 6,
        "pinMaximumLength": 127,
        "pinUppercaseCharactersUsage": "disallowed",
        "pinLowercaseCharactersUsage": "disallowed",
        "pinSpecialCharactersUsage": "disallowed",
        "pinPreviousBlockCount": 0,
        "pinExpirationInDays": 0,
        "securityDeviceRequired": True,
        "unlockWithBiometricsEnabled": True,
        "remotePassportEnabled": False,
    }
    return row | ({"enhancedSignInSecurity": 0, "securityKeyForSignIn": "notConfigured"} if beta else {})


def _restrictions(*, beta: bool) -> dict[str, Any]:
    platforms = ["android", "ios", "macOS", "windows", "windowsMobile"]
    platforms += ["androidForWork", "mac", "tvos", "visionOS", "windowsHomeSku"] if beta else []
    nothing = _NOTHING | ({"blockedManufacturers": [], "blockedSkus": []} if beta else {})
    return {f"{platform}Restriction": dict(nothing) for platform in platforms}


def _beta_kind(kind: str) -> dict[str, Any]:
    if kind == enrolment.PLATFORM_RESTRICTION:
        nothing = _NOTHING | {"blockedManufacturers": [], "blockedSkus": []}
        return {"platformType": "allPlatforms", "platformRestriction": nothing}
    if kind == enrolment.CO_MANAGEMENT:
        return {
            "managedDeviceAuthority": 0,
            "installConfigurationManagerAgent": False,
            "configurationManagerAgentCommandLineArgument": "",
        }
    return {
        "platformType": "allPlatforms",
        "templateType": "push",
        "notificationMessageTemplateId": device_shapes.NO_ID,
        "notificationTemplates": [],
        "brandingOptions": "none",
        "defaultLocale": "en-US",
    }
