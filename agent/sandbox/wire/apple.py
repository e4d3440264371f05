"""Handlers for Apple enrolment (beta only): programme tokens, the devices they synced, their enrolment profiles."""

from __future__ import annotations

from typing import Any

from agent.sandbox import device_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import apple
from agent.sandbox.wire import device_shapes, exchange, odata

_TOKENS = "deviceManagement/depOnboardingSettings"
_BASE_FLAGS = (
    *("appleIdDisabled", "applePayDisabled", "diagnosticsDisabled", "displayToneSetupDisabled", "locationDisabled"),
    *("privacyPaneDisabled", "restoreBlocked", "screenTimeScreenDisabled", "siriDisabled"),
    *("termsAndConditionsDisabled", "touchIdDisabled", "waitForDeviceConfiguredConfirmation"),
)
_IOS_FLAGS = (
    *("appearanceScreenDisabled", "awaitDeviceConfiguredConfirmation", "deviceToDeviceMigrationDisabled"),
    *("enableSharedIPad", "expressLanguageScreenDisabled", "forceTemporarySession", "homeButtonScreenDisabled"),
    *("iMessageAndFaceTimeScreenDisabled", "onBoardingScreenDisabled", "passCodeDisabled", "zoomDisabled"),
    *("preferredLanguageScreenDisabled", "restoreCompletedScreenDisabled", "restoreFromAndroidDisabled"),
    *("simSetupScreenDisabled", "softwareUpdateScreenDisabled", "updateCompleteScreenDisabled"),
    *("userlessSharedAadModeEnabled", "watchMigrationScreenDisabled", "welcomeScreenDisabled"),
)
_MAC_FLAGS = (
    *("accessibilityScreenDisabled", "autoAdvanceSetupEnabled", "autoUnlockWithWatchDisabled", "passCodeDisabled"),
    *("chooseYourLockScreenDisabled", "dontAutoPopulatePrimaryAccountInfo", "enableRestrictEditing", "zoomDisabled"),
    *("fileVaultDisabled", "hideAdminAccount", "iCloudDiagnosticsDisabled", "iCloudStorageDisabled"),
    *("registrationDisabled", "requestRequiresNetworkTether", "setPrimarySetupAccountAsRegularUser"),
    *("skipPrimarySetupAccountCreation", "usePlatformSSODuringSetupAssistant"),
)


def tokens(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """The enrolment programme tokens, one for each Apple Business Manager server."""
    shapes = [_token(tenant, token) for token in tenant.devices.dep_tokens.values()]
    rows = [odata.narrow(row, odata.selected(request)) for row in shapes]
    return odata.collection(tenant, request, _TOKENS, rows)


def token(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One token; expands its default profiles."""
    held = apple.get_token(tenant, request.path_values["token_id"])
    row = odata.narrow(_token(tenant, held), odata.selected(request))
    defaults = {
        "defaultiosenrollmentprofile": ("defaultIosEnrollmentProfile", held.default_ios_profile_id),
        "defaultmacosenrollmentprofile": ("defaultMacOsEnrollmentProfile", held.default_macos_profile_id),
    }
    for name in odata.expanded(request):
        shown, profile_id = defaults.get(name, ("", None))
        profile = tenant.devices.dep_profiles.get(profile_id or "")
        if shown:
            row[shown] = _profile(profile) if profile else None
    return odata.entity(tenant, request, f"{_TOKENS}/$entity", row)


def devices(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Devices that a token has synced; a filter is obeyed where it can be read, though none is documented."""
    held = apple.get_token(tenant, request.path_values["token_id"])
    rows = odata.matching(request, (_device(tenant, device) for device in apple.devices_of(tenant, held.id)))
    narrowed = [odata.narrow(row, odata.selected(request)) for row in rows]
    context = f"{_TOKENS}('{held.id}')/importedAppleDeviceIdentities"
    return odata.collection(tenant, request, context, narrowed, sizes=(1000, 1000))


def device(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One synced device."""
    held = apple.get_token(tenant, request.path_values["token_id"])
    row = _device(tenant, apple.get_device(tenant, held.id, request.path_values["id"]))
    context = f"{_TOKENS}('{held.id}')/importedAppleDeviceIdentities/$entity"
    return odata.entity(tenant, request, context, odata.narrow(row, odata.selected(request)))


def profiles(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """The enrolment profiles under a token."""
    held = apple.get_token(tenant, request.path_values["token_id"])
    shapes = [_profile(profile) for profile in apple.profiles_of(tenant, held.id)]
    rows = [odata.narrow(row, odata.selected(request)) for row in shapes]
    return odata.collection(tenant, request, f"{_TOKENS}('{held.id}')/enrollmentProfiles", rows)


def profile(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One enrolment profile."""
    held = apple.get_token(tenant, request.path_values["token_id"])
    row = _profile(apple.get_profile(tenant, held.id, request.path_values["id"]))
    context = f"{_TOKENS}('{held.id}')/enrollmentProfiles/$entity"
    return odata.entity(tenant, request, context, odata.narrow(row, odata.selected(request)))


def _token(tenant: tenants.Tenant, held: device_records.DepToken) -> dict[str, Any]:
    return {
        "id": held.id,
        "appleIdentifier": held.apple_id,
        "tokenExpirationDateTime": odata.timestamp_or_year_one(held.expires),
        "lastModifiedDateTime": odata.timestamp_or_year_one(held.modified),
        "lastSuccessfulSyncDateTime": odata.timestamp_or_year_one(held.last_synced),
        "lastSyncTriggeredDateTime": odata.timestamp_or_year_one(held.last_sync_asked),
        "lastSyncErrorCode": held.last_sync_error,
        "shareTokenWithSchoolDataSyncService": False,
        "dataSharingConsentGranted": True,
        "tokenType": "dep",
        "tokenName": held.name,
        "syncedDeviceCount": len(apple.devices_of(tenant, held.id)),
        "roleScopeTagIds": ["0"],
    }


def _device(tenant: tenants.Tenant, held: device_records.AppleIdentity) -> dict[str, Any]:
    profile_id = f"{held.token_id}_{held.profile_id}" if held.profile_id else None
    row = {
        "id": held.id,
        "serialNumber": held.serial,
        "requestedEnrollmentProfileId": profile_id,
        "requestedEnrollmentProfileAssignmentDateTime": odata.timestamp_or_year_one(held.profile_assigned_at),
        "isSupervised": held.supervised,
        "discoverySource": held.discovery_source,
        "isDeleted": held.deleted,
        "createdDateTime": odata.timestamp_or_year_one(held.created),
        "lastContactedDateTime": odata.timestamp_or_year_one(held.last_contacted),
        "description": held.description,
        "enrollmentState": apple.enrollment_state(tenant, held),
        "platform": held.platform,
    }
    return device_shapes.laid_over(row, held.properties)


def _profile(held: device_records.DepProfile) -> dict[str, Any]:
    mac = held.platform == "macos"
    row: dict[str, Any] = {
        "@odata.type": f"#microsoft.graph.dep{'MacOS' if mac else 'IOS'}EnrollmentProfile",
        "id": f"{held.token_id}_{held.id}",
        "displayName": held.name,
        "description": held.description,
        "requiresUserAuthentication": held.requires_user,
        "configurationEndpointUrl": f"https://appleconfigurator2.manage.microsoft.com/MDMServiceConfig?id={held.id}",
        "enableAuthenticationViaCompanyPortal": held.company_portal,
        "requireCompanyPortalOnSetupAssistantEnrolledDevices": held.company_portal_required,
        "configurationWebUrl": held.web_sign_in,
        "isDefault": held.is_default,
        "supervisedModeEnabled": held.supervised,
        "isMandatory": True,
        "profileRemovalDisabled": True,
        "supportDepartment": "",
        "supportPhoneNumber": "",
        "deviceNameTemplate": "",
        "enabledSkipKeys": [],
        "enrollmentTimeAzureAdGroupIds": [],
        **dict.fromkeys(_BASE_FLAGS, False),
        **(_mac_part() if mac else _ios_part(held)),
    }
    return device_shapes.laid_over(row, held.properties)


def _ios_part(held: device_records.DepProfile) -> dict[str, Any]:
    return {
        **dict.fromkeys(_IOS_FLAGS, False),
        "carrierActivationUrl": None,
        "companyPortalVppTokenId": held.vpp_token_id,
        "enableSingleAppEnrollmentMode": held.single_app_mode,
        "iTunesPairingMode": "allow",
        "managementCertificates": [],
        "passcodeLockGracePeriodInSeconds": None,
        "sharedIPadMaximumUserCount": 0,
        "temporarySessionTimeoutInSeconds": 0,
        "userSessionTimeoutInSeconds": 0,
    }


def _mac_part() -> dict[str, Any]:
    texts = ("adminAccountFullName", "adminAccountPassword", "adminAccountUserName")
    accounts = ("primaryAccountFullName", "primaryAccountUserName", "depProfileAdminAccountPasswordRotationSetting")
    return {**dict.fromkeys(_MAC_FLAGS, False), **dict.fromkeys(texts + accounts)}
