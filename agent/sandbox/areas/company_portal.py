"""Company Portal on an iPhone or iPad: Intune installs it with a licence of the volume purchase token in the profile.

"Devices will be blocked from enrolling if there aren't enough Company Portal licenses for a VPP token or if the token
expires" (learn.microsoft.com/intune/device-enrollment/apple/setup-automated-ios). Field reports say what is seen then:
"Guided Access app unavailable" in single app mode, else "Awaiting final configuration".
"""

from __future__ import annotations

from agent.sandbox import apple_records, device_records
from agent.sandbox import tenant as tenants

BUNDLE = "com.microsoft.CompanyPortal"
"""Company Portal for iOS and iPadOS, as its App Store page and Intune's app list name it."""


def app_of(tenant: tenants.Tenant, token_id: str | None) -> apple_records.StoreApp | None:
    """Company Portal as bought with this token, None where it was not."""
    apps = tenant.devices.store_apps.values()
    return next((app for app in apps if app.bundle_id == BUNDLE and app.token_id == token_id), None)


def vpp_state(tenant: tenants.Tenant, token: device_records.VppToken) -> str:
    """The token's state in Graph's words; its end counts whatever was set."""
    ended = token.expires is not None and token.expires <= tenant.now()
    return "expired" if ended else token.state


def taken(app: apple_records.StoreApp) -> int:
    """How many of its licences are in use."""
    return app.used + len(app.serials)


def hindrance(tenant: tenants.Tenant, profile: device_records.DepProfile, serial: str) -> str:
    """Why Intune cannot install Company Portal on the device with the profile's token; empty where it can.

    A profile without a token hinders nothing: then the person installs it with an Apple Account of their own.
    """
    token = tenant.devices.vpp_tokens.get(profile.vpp_token_id or "")
    if token is None:
        return "its token is gone" if profile.vpp_token_id else ""
    state = vpp_state(tenant, token)
    if state != "valid":
        return f"its token is {state}"
    app = app_of(tenant, token.id)
    if app is None:
        return "it was not bought with the token"
    if serial.upper() not in app.serials and taken(app) >= app.total:
        return "all its licences are in use"
    return ""


def take_licence(tenant: tenants.Tenant, profile: device_records.DepProfile, serial: str) -> None:
    """Install it on the device, which keeps its licence over a wipe; nothing without a token."""
    app = app_of(tenant, profile.vpp_token_id)
    if app is not None:
        app.serials.add(serial.upper())
