"""Device routes that Microsoft's published data lacks, each with the reference page it was built from."""

from __future__ import annotations

_ENROLMENT = "/deviceManagement/deviceEnrollmentConfigurations"
_PROFILES = "/deviceManagement/windowsAutopilotDeploymentProfiles"
_TOKENS = "/deviceManagement/depOnboardingSettings"
_USER_ENROLMENTS = "/deviceManagement/appleUserInitiatedEnrollmentProfiles"

BUILT_FROM = {
    "/deviceAppManagement/mobileApps": "intune-apps-iosvppapp-list",
    "/deviceAppManagement/mobileApps/{item_id}": "intune-apps-iosvppapp-get",
    "/deviceAppManagement/mobileApps/{item_id}/assignments": "intune-apps-mobileappassignment-list",
    _USER_ENROLMENTS: "intune-enrollment-appleuserinitiatedenrollmentprofile-list",
    f"{_USER_ENROLMENTS}/{{item_id}}": "intune-enrollment-appleuserinitiatedenrollmentprofile-get",
    f"{_USER_ENROLMENTS}/{{item_id}}/assignments": "intune-enrollment-appleenrollmentprofileassignment-list",
    "/deviceAppManagement/vppTokens": "intune-onboarding-vpptoken-list",
    "/deviceAppManagement/vppTokens/{item_id}": "intune-onboarding-vpptoken-get",
    "/deviceManagement/applePushNotificationCertificate": "intune-devices-applepushnotificationcertificate-get",
    "/deviceManagement/configurationPolicies": "intune-deviceconfigv2-devicemanagementconfigurationpolicy-list",
    "/deviceManagement/configurationPolicies/{item_id}": (
        "intune-deviceconfigv2-devicemanagementconfigurationpolicy-get"
    ),
    "/deviceManagement/configurationPolicies/{item_id}/settings": (
        "intune-deviceconfigv2-devicemanagementconfigurationsetting-list"
    ),
    "/deviceManagement/configurationPolicies/{item_id}/assignments": (
        "intune-deviceconfigv2-devicemanagementconfigurationpolicyassignment-list"
    ),
    "/deviceManagement/deviceConfigurations": "intune-deviceconfig-windows10customconfiguration-list",
    "/deviceManagement/deviceConfigurations/{item_id}": "intune-deviceconfig-windows10customconfiguration-get",
    "/deviceManagement/deviceConfigurations/{item_id}/assignments": (
        "intune-deviceconfig-deviceconfigurationassignment-list"
    ),
    "/policies/mobileDeviceManagementPolicies": "mobiledevicemanagementpolicies-list",
    "/policies/mobileDeviceManagementPolicies/{item_id}": "mobiledevicemanagementpolicies-get",
    "/policies/mobileDeviceManagementPolicies/{item_id}/includedGroups": (
        "mobiledevicemanagementpolicies-list-includedgroups"
    ),
    f"{_ENROLMENT}/{{id}}/assignments": "intune-onboarding-enrollmentconfigurationassignment-list",
    f"{_ENROLMENT}/{{id}}/assignments/{{assignment_id}}": "intune-onboarding-enrollmentconfigurationassignment-get",
    "/deviceManagement/importedDeviceIdentities": "intune-enrollment-importeddeviceidentity-list",
    "/deviceManagement/importedDeviceIdentities/{item_id}": "intune-enrollment-importeddeviceidentity-get",
    "/deviceManagement/troubleshootingEvents": "intune-troubleshooting-enrollmenttroubleshootingevent-list",
    "/deviceManagement/troubleshootingEvents/{item_id}": "intune-troubleshooting-enrollmenttroubleshootingevent-get",
    "/users/{id}/deviceManagementTroubleshootingEvents": (
        "intune-troubleshooting-devicemanagementtroubleshootingevent-list"
    ),
    "/me/deviceManagementTroubleshootingEvents": "intune-troubleshooting-devicemanagementtroubleshootingevent-list",
    "/users/{id}/managedDevices/{managed_id}": "intune-devices-manageddevice-get",
    "/me/managedDevices/{managed_id}": "intune-devices-manageddevice-get",
}
"""Path -> reference page under learn.microsoft.com/graph/api, where the slices lack the path."""

WITHOUT_PERMISSIONS = (
    *BUILT_FROM,
    "/devices/delta()",
    "/me/managedDevices",
    "/deviceManagement/managedDevices/{id}/users",
    f"{_TOKENS}/{{token_id}}/defaultTvOSEnrollmentProfile",
    f"{_TOKENS}/{{token_id}}/defaultVisionOSEnrollmentProfile",
    f"{_PROFILES}/{{id}}/assignments",
    f"{_PROFILES}/{{id}}/assignments/{{assignment_id}}",
    f"{_PROFILES}/{{id}}/assignedDevices",
    f"{_PROFILES}/{{id}}/assignedDevices/{{device_id}}",
    "/devices/$count",
    "/deviceManagement/managedDevices/$count",
    "/deviceManagement/windowsAutopilotDeviceIdentities/$count",
    "/deviceManagement/importedWindowsAutopilotDeviceIdentities/$count",
    "/deviceManagement/autopilotEvents/$count",
    f"{_TOKENS}/$count",
    f"{_TOKENS}/{{token_id}}/enrollmentProfiles/$count",
    f"{_TOKENS}/{{token_id}}/importedAppleDeviceIdentities/$count",
    f"{_PROFILES}/$count",
    f"{_PROFILES}/{{id}}/assignedDevices/$count",
)
"""Paths whose permissions Microsoft's list lacks: those of the collection they belong to, or of their page."""
