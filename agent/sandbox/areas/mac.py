"""A Mac's Platform SSO: once enrolled it is joined to its person, and a key in its Secure Enclave becomes a credential.

A policy of the settings catalogue must reach the Mac, and name the key as its way of signing in: with the password
there is no credential to make (learn.microsoft.com/mem/intune/configuration/platform-sso-macos,
/entra/identity/devices/macos-psso, and /graph/api/resources/platformcredentialauthenticationmethod).
"""

from __future__ import annotations

from agent.sandbox import records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import device_policies, enrolment, entra_devices, mdm, registration, sign_in

SSO = "com.apple.extensiblesso"
"""Opens every definition of the payload; "_platformsso" follows in those of Platform SSO."""

EXTENSION = f"{SSO}_extensionidentifier"
METHOD = f"{SSO}_platformsso_authenticationmethod"
COMPANY_PORTAL = "com.microsoft.CompanyPortalMac.ssoextension"
"""Microsoft's own extension, which alone makes a credential in Entra."""

WAYS = {f"{METHOD}_0": "password", f"{METHOD}_1": "key", f"{METHOD}_2": "smart_card"}
"""How a policy has people sign in, by the option chosen."""


def way(tenant: tenants.Tenant, device_token: str) -> str:
    """How Platform SSO has this Mac's person sign in: key, password, smart_card; empty where none reaches it."""
    managed = mdm.of_token(tenant, device_token)
    device = entra_devices.find_by_device_id(tenant, managed.entra_device_id)
    target = device_policies.whom(tenant, managed.user_id, device)
    for policy in tenant.devices.configuration_policies.values():
        ours = policy.settings.get(EXTENSION) == COMPANY_PORTAL and "macOS" in policy.platforms
        if ours and METHOD in policy.settings and device_policies.reaches(policy.assignments, target):
            return WAYS[policy.settings[METHOD]]
    return ""


def register(
    tenant: tenants.Tenant,
    bearer: sign_in.Bearer,
    device_token: str,
    hardware: registration.Hardware,
    *,
    public_key: str,
) -> records.Method:
    """Join the Mac and register its key for the person who enrolled it; MFA must be fresh. Raises `DeviceRefused`."""
    managed = mdm.of_token(tenant, device_token)
    if managed.user_id != bearer.user.id:
        raise registration.DeviceRefused("assigned_to_another", "This Mac belongs to another person.")
    if way(tenant, device_token) != "key":
        raise registration.DeviceRefused("no_platform_sso", "No Platform SSO policy with a key reaches this Mac.")
    registration.check_fresh(tenant, bearer.session)
    joins = tenant.options.platform_sso_joins
    may = enrolment.may_join if joins else enrolment.may_register
    if not may(tenant, bearer.user.id):
        sentence = "This person may not join devices, or has too many (801c03ed)."
        raise registration.DeviceRefused(registration.JOIN_NOT_ALLOWED, sentence)
    trust_type = "AzureAd" if joins else "Workplace"
    device = registration.new_object(tenant, bearer, hardware, system="MacMDM", trust_type=trust_type)
    device.is_managed, device.enrollment_profile_name = True, managed.enrollment_profile_name
    managed.entra_device_id, managed.entra_registered = device.device_id, True
    managed.registration_state = "registered"
    managed.join_type = "azureADJoined" if joins else "azureADRegistered"
    managed.last_sync = tenant.now()
    mdm.later(tenant, "compliant", managed, mdm.COMPLIANT_AFTER_SECONDS)
    method = records.Method(
        id=tenant.new_id(),
        user_id=bearer.user.id,
        kind="platformCredential",
        display_name=device.display_name,
        created=tenant.now(),
        device_id=device.id,
        properties={"platform": "macOS", "keyStrength": "normal"},
        public_key=public_key,
    )
    return registration.add_method(tenant, bearer.user, method, named="Platform Credential")
