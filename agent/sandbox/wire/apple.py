"""Handlers for Apple enrolment (beta only): programme tokens, the devices they synced, their enrolment profiles."""

from __future__ import annotations

from agent.sandbox import device_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import apple, apple_sync
from agent.sandbox.wire import apple_shapes, device_shapes, exchange, odata, sent

_TOKENS = "deviceManagement/depOnboardingSettings"


def tokens(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """The enrolment programme tokens, one for each Apple Business Manager server."""
    shapes = [apple_shapes.token(tenant, token) for token in tenant.devices.dep_tokens.values()]
    rows = [odata.narrow(row, odata.selected(request)) for row in shapes]
    return odata.collection(tenant, request, _TOKENS, rows)


def token(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One token; expands its default profiles."""
    held = apple.get_token(tenant, request.path_values["token_id"])
    row = odata.narrow(apple_shapes.token(tenant, held), odata.selected(request))
    defaults = {
        "defaultiosenrollmentprofile": ("defaultIosEnrollmentProfile", held.default_ios_profile_id),
        "defaultmacosenrollmentprofile": ("defaultMacOsEnrollmentProfile", held.default_macos_profile_id),
    }
    for name in odata.expanded(request):
        shown, profile_id = defaults.get(name, ("", None))
        profile = tenant.devices.dep_profiles.get(profile_id or "")
        if shown:
            row[shown] = apple_shapes.profile(profile) if profile else None
    return odata.entity(tenant, request, f"{_TOKENS}/$entity", row)


def devices(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Devices that a token has synced; a filter is obeyed where it can be read, though none is documented."""
    held = apple.get_token(tenant, request.path_values["token_id"])
    rows = odata.matching(
        request, (apple_shapes.device(tenant, device) for device in apple.devices_of(tenant, held.id))
    )
    narrowed = [odata.narrow(row, odata.selected(request)) for row in rows]
    context = f"{_TOKENS}('{held.id}')/importedAppleDeviceIdentities"
    return odata.collection(tenant, request, context, narrowed, sizes=(1000, 1000))


def device(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One synced device."""
    held = apple.get_token(tenant, request.path_values["token_id"])
    row = apple_shapes.device(tenant, apple.get_device(tenant, held.id, request.path_values["id"]))
    context = f"{_TOKENS}('{held.id}')/importedAppleDeviceIdentities/$entity"
    return odata.entity(tenant, request, context, odata.narrow(row, odata.selected(request)))


def profiles(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """The enrolment profiles under a token."""
    held = apple.get_token(tenant, request.path_values["token_id"])
    shapes = [apple_shapes.profile(profile) for profile in apple.profiles_of(tenant, held.id)]
    rows = [odata.narrow(row, odata.selected(request)) for row in shapes]
    return odata.collection(tenant, request, f"{_TOKENS}('{held.id}')/enrollmentProfiles", rows)


def profile(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One enrolment profile."""
    held = apple.get_token(tenant, request.path_values["token_id"])
    row = apple_shapes.profile(apple.get_profile(tenant, held.id, request.path_values["id"]))
    context = f"{_TOKENS}('{held.id}')/enrollmentProfiles/$entity"
    return odata.entity(tenant, request, context, odata.narrow(row, odata.selected(request)))


def count(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """How many tokens there are."""
    del request
    return device_shapes.count(tenant.devices.dep_tokens)


def device_count(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """How many devices a token has synced."""
    held = apple.get_token(tenant, request.path_values["token_id"])
    return device_shapes.count(apple.devices_of(tenant, held.id))


def profile_count(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """How many enrolment profiles a token has."""
    held = apple.get_token(tenant, request.path_values["token_id"])
    return device_shapes.count(apple.profiles_of(tenant, held.id))


def default_profile(platform: str) -> exchange.Handler:
    """The handler for the profile that devices of "ios", "macos", ... get by themselves; 404 where there is none.

    The kinds without a person (tvOS, visionOS) never have one here.
    """

    def handler(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
        held = apple.get_token(tenant, request.path_values["token_id"])
        wanted = apple.default_profile(held, platform) if platform in ("ios", "macos") else None
        row = apple_shapes.profile(apple.get_profile(tenant, held.id, wanted or ""))
        context = f"{_TOKENS}('{held.id}')/enrollmentProfiles/$entity"
        return odata.entity(tenant, request, context, odata.narrow(row, odata.selected(request)))

    return handler


def sync(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """204, or 429 with Retry-After within 15 minutes (deponboardingsetting-syncwithappledeviceenrollmentprogram)."""
    apple_sync.sync(tenant, apple.get_token(tenant, request.path_values["token_id"]))
    return exchange.NO_CONTENT


def assign_profile(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """204; `deviceIds` are serial numbers (intune-enrollment-enrollmentprofile-updatedeviceprofileassignment)."""
    wanted = sent.texts(sent.parameters(request, ("deviceIds",)), "deviceIds")
    apple_sync.assign_profile(tenant, _profile_of(tenant, request), wanted)
    return exchange.NO_CONTENT


def make_default(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """204 (intune-enrollment-enrollmentprofile-setdefaultprofile)."""
    apple_sync.make_default(tenant, _profile_of(tenant, request))
    return exchange.NO_CONTENT


def delete_device(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """204; a full synchronisation brings the device back while Apple still holds it."""
    held = apple.get_token(tenant, request.path_values["token_id"])
    del tenant.devices.apple[apple.get_device(tenant, held.id, request.path_values["id"]).id]
    return exchange.NO_CONTENT


def _profile_of(tenant: tenants.Tenant, request: exchange.GraphRequest) -> device_records.DepProfile:
    held = apple.get_token(tenant, request.path_values["token_id"])
    return apple.get_profile(tenant, held.id, request.path_values["id"])
