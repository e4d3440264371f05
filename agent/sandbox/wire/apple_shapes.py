"""How Apple's tokens, devices and enrolment profiles look on the wire (beta, intune-enrollment-dep...)."""

from __future__ import annotations

from typing import Any

from agent.sandbox import device_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import apple
from agent.sandbox.wire import device_shapes, odata

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


def token(tenant: tenants.Tenant, held: device_records.DepToken) -> dict[str, Any]:
    """An enrolment programme token."""
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


def device(tenant: tenants.Tenant, held: device_records.AppleIdentity) -> dict[str, Any]:
    """A synced device."""
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


def profile(held: device_records.DepProfile) -> dict[str, Any]:
    """An enrolment profile under a token, of its platform's type."""
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
        "carrierActivationUrl": "",
        "companyPortalVppTokenId": held.vpp_token_id,
        "enableSingleAppEnrollmentMode": held.single_app_mode,
        "iTunesPairingMode": "allow",
        "managementCertificates": [],
        "passcodeLockGracePeriodInSeconds": 0,
        "sharedIPadMaximumUserCount": 0,
        "temporarySessionTimeoutInSeconds": 0,
        "userSessionTimeoutInSeconds": 0,
    }


def _mac_part() -> dict[str, Any]:
    texts = ("adminAccountFullName", "adminAccountPassword", "adminAccountUserName")
    accounts = ("primaryAccountFullName", "primaryAccountUserName")
    return {
        **dict.fromkeys(_MAC_FLAGS, False),
        **dict.fromkeys(texts + accounts, ""),
        "depProfileAdminAccountPasswordRotationSetting": None,
    }
