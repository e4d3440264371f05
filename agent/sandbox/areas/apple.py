"""Apple devices bought through Apple Business Manager, as Intune sees them: tokens, profiles, synced devices."""

from __future__ import annotations

from agent.sandbox import device_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import company_portal, intune


def get_token(tenant: tenants.Tenant, token_id: str) -> device_records.DepToken:
    """The enrolment programme token with this id; raises GraphError 404 in Intune's envelope."""
    token = tenant.devices.dep_tokens.get(token_id.lower())
    if token is None:
        raise intune.missing(f"Token {token_id} not found")
    return token


def devices_of(tenant: tenants.Tenant, token_id: str) -> list[device_records.AppleIdentity]:
    """Devices that this token has synced, released ones too (they stay up to 45 days)."""
    return [device for device in tenant.devices.apple.values() if device.token_id == token_id]


def profiles_of(tenant: tenants.Tenant, token_id: str) -> list[device_records.DepProfile]:
    """Enrolment profiles under this token."""
    return [profile for profile in tenant.devices.dep_profiles.values() if profile.token_id == token_id]


def get_profile(tenant: tenants.Tenant, token_id: str, profile_id: str) -> device_records.DepProfile:
    """One profile, by its own id or by "{token}_{profile}" as devices name it; raises GraphError 404."""
    wanted = profile_id.lower().removeprefix(f"{token_id}_")
    profile = tenant.devices.dep_profiles.get(wanted)
    if profile is None or profile.token_id != token_id:
        raise intune.missing(f"Profile {profile_id} not found")
    return profile


def get_device(tenant: tenants.Tenant, token_id: str, device_id: str) -> device_records.AppleIdentity:
    """One synced device by its id; raises GraphError 404."""
    device = tenant.devices.apple.get(device_id.lower())
    if device is None or device.token_id != token_id:
        raise intune.missing(f"Device {device_id} not found")
    return device


def row_of(tenant: tenants.Tenant, serial: str, token_id: str) -> device_records.AppleIdentity | None:
    """The device of this serial that a token has synced, a released one too, or None."""
    wanted = serial.strip().lower()
    return next((device for device in devices_of(tenant, token_id) if device.serial.lower() == wanted), None)


def find_device(tenant: tenants.Tenant, serial: str) -> device_records.AppleIdentity | None:
    """The synced device of this serial that was not released, as far as Intune knows, or None."""
    wanted = serial.strip().lower()
    devices = tenant.devices.apple.values()
    return next((device for device in devices if device.serial.lower() == wanted and not device.deleted), None)


def released(tenant: tenants.Tenant, serial: str) -> bool:
    """Whether Apple no longer holds the device, known to Intune or not: then nobody manages it at its first run."""
    held = tenant.devices.business_manager.get(serial.strip().upper())
    return held is None or held.released is not None


def given_to(tenant: tenants.Tenant, serial: str) -> str:
    """The id of the token to whose server Apple gives the device; no token's where that is another service."""
    held = tenant.devices.business_manager.get(serial.strip().upper())
    return held.token_id if held else ""


def profile_for(tenant: tenants.Tenant, device: device_records.AppleIdentity) -> device_records.DepProfile | None:
    """The profile the device enrols with: its own, else the token's default; None means that enrolment fails.

    learn.microsoft.com/mem/intune/enrollment/device-enrollment-program-enroll-ios
    """
    token = tenant.devices.dep_tokens[device.token_id]
    default = default_profile(token, device.platform)
    return tenant.devices.dep_profiles.get(device.profile_id or default or "")


def default_profile(token: device_records.DepToken, platform: str) -> str | None:
    """The id of the profile that devices of this platform get by themselves, None where there is none."""
    return token.default_macos_profile_id if platform.lower() == "macos" else token.default_ios_profile_id


def enrollment_state(tenant: tenants.Tenant, device: device_records.AppleIdentity) -> str:
    """The state Intune shows: "blocked" while Company Portal can't be installed with the profile's token.

    learn.microsoft.com/mem/intune/enrollment/manage-device-tokens-apple
    """
    profile = profile_for(tenant, device)
    if profile is None or device.enrollment_state == "enrolled":
        return device.enrollment_state
    hindered = company_portal.hindrance(tenant, profile, device.serial)
    return "blocked" if hindered else device.enrollment_state
