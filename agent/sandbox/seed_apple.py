"""The Apple devices of a seed: programme and volume purchase tokens, profiles, and what Apple holds for them."""

from __future__ import annotations

from agent.sandbox import device_records, intake_records, seed_in_use
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import apple_sync
from agent.sandbox.seed_reading import Entry

_PLATFORMS = {"iphone": "ios", "ipad": "ios", "mac": "macOS"}
_SYSTEMS = {"iphone": ("iOS", "18.1.1"), "ipad": ("iPadOS", "18.1.1"), "mac": ("macOS", "15.1.1")}
_VPP_STATES = frozenset({"unknown", "valid", "expired", "invalid", "assignedToExternalMDM"})
_METHODS = frozenset({"none", "company_portal", "setup_assistant", "setup_assistant_legacy"})


def load(tenant: tenants.Tenant, root: Entry, keys: dict[str, str]) -> None:
    """Fill in Apple's side; `keys` are ids of people by their names in the seed. Raises SeedError."""
    vpp: dict[str, str] = {}
    for name, entry in root.named("vpp_tokens"):
        token = device_records.VppToken(
            id=tenant.new_id(),
            organisation=tenant.directory.organisation.display_name,
            apple_id=entry.text("apple_id"),
            state=entry.one_of("state", _VPP_STATES, "valid"),
            expires=entry.moment("expires", "in 300 days"),
        )
        entry.done()
        vpp[name] = token.id
        tenant.devices.vpp_tokens[token.id] = token
    for _, entry in root.named("tokens"):
        _dep_token(tenant, entry, keys, vpp)
    _push_certificate(tenant, root.entry("push_certificate"))
    root.done()


def _push_certificate(tenant: tenants.Tenant, entry: Entry) -> None:
    expires, modified = entry.moment("expires", "in 250 days"), entry.moment("modified", "115 days ago")
    if expires is not None and modified is not None:
        tenant.devices.push_certificate = intake_records.PushCertificate(
            apple_id=entry.text("apple_id", f"push@{tenant.directory.organisation.domains[0]}"),
            certificate_serial=f"{tenant.chance.getrandbits(64):016X}",
            expires=expires,
            modified=modified,
        )
    entry.done()


def _dep_token(tenant: tenants.Tenant, entry: Entry, keys: dict[str, str], vpp: dict[str, str]) -> None:
    token = device_records.DepToken(
        id=tenant.new_id(),
        name=entry.text("name"),
        apple_id=entry.text("apple_id"),
        expires=entry.moment("expires", "in 300 days"),
        modified=entry.moment("modified", "165 days ago"),
        last_synced=entry.moment("synced", "1 hour ago"),
    )
    token.last_sync_asked = token.last_synced
    token.fully_synced = entry.moment("fully_synced", "2 days ago")
    token.terms_accepted = entry.flag("terms_accepted", default=True)
    token.last_sync_error = apple_sync.hindrance(token, tenant.now())
    tenant.devices.dep_tokens[token.id] = token
    profiles: dict[str, str] = {}
    for name, below in entry.named("profiles"):
        profile = _dep_profile(tenant, token, below, vpp)
        profiles[name] = profile.id
        tenant.devices.dep_profiles[profile.id] = profile
    for key in ("default_ios_profile", "default_macos_profile"):
        wanted = entry.maybe_text(key)
        if wanted is not None:
            setattr(token, f"{key}_id", seed_in_use.known(profiles, entry, key, wanted))
    for below in entry.listed("devices"):
        _apple_device(tenant, token, below, keys | {f"profile:{name}": key for name, key in profiles.items()})
    apple_sync.keep_synced(tenant, token)
    entry.done()


def _dep_profile(
    tenant: tenants.Tenant, token: device_records.DepToken, entry: Entry, vpp: dict[str, str]
) -> device_records.DepProfile:
    method = entry.one_of("method", _METHODS, "setup_assistant")
    vpp_name = entry.maybe_text("vpp_token")
    profile = device_records.DepProfile(
        id=tenant.new_id(),
        token_id=token.id,
        name=entry.text("name"),
        platform=entry.one_of("platform", {"ios", "macos"}, "ios"),
        requires_user=method != "none",
        company_portal=method == "company_portal",
        web_sign_in=method == "setup_assistant",
        company_portal_required=entry.flag("company_portal_required", default=False),
        single_app_mode=entry.flag("single_app_mode", default=False),
        vpp_token_id=seed_in_use.known(vpp, entry, "vpp_token", vpp_name) if vpp_name else None,
        properties=entry.values("settings"),
    )
    if profile.single_app_mode and not (profile.company_portal and profile.vpp_token_id):
        raise entry.wrong("single_app_mode", "needs the company_portal method and a vpp_token.")
    entry.done()
    return profile


def _apple_device(tenant: tenants.Tenant, token: device_records.DepToken, entry: Entry, keys: dict[str, str]) -> None:
    serial, model = seed_in_use.serial(entry), entry.text("model")
    kind = entry.one_of("kind", _PLATFORMS, "iphone")
    held = intake_records.BusinessDevice(serial, token.id, _PLATFORMS[kind], model)
    tenant.devices.business_manager[serial.upper()] = held
    system, version = _SYSTEMS[kind]
    boxed = device_records.BoxedDevice(serial, kind, model, "Apple", entry.text("os", version))
    seed_in_use.box(tenant, boxed, entry)
    if entry.flag("not_synced", default=False):
        held.given = tenant.now()
        entry.done()
        return
    profile = entry.maybe_text("profile")
    identity = device_records.AppleIdentity(
        id=tenant.new_id(),
        token_id=token.id,
        serial=serial,
        platform=_PLATFORMS[kind],
        description=model,
        created=entry.moment("synced", "15 days ago"),
        deleted=entry.flag("released", default=False),
    )
    held.given = identity.created
    held.released = identity.created if identity.deleted else None
    if profile is not None:
        identity.profile_id = seed_in_use.known(keys, entry, "profile", f"profile:{profile}")
        identity.profile_assigned_at = identity.created
    tenant.devices.apple[identity.id] = identity
    if entry.has("enrolled"):
        below = entry.entry("enrolled")
        user = tenant.directory.users[seed_in_use.known(keys, below, "person", below.text("person"))]
        somebodys = seed_in_use.Enrolled(user, below, serial, model, "Apple")
        managed = seed_in_use.managed(tenant, somebodys, system=system, version=version)
        _registered(tenant, identity, managed)
    entry.done()


def _registered(
    tenant: tenants.Tenant, identity: device_records.AppleIdentity, managed: device_records.ManagedDevice
) -> None:
    profile = tenant.devices.dep_profiles.get(identity.profile_id or "")
    managed.enrollment_type, managed.join_type = "appleBulkWithUser", "azureADRegistered"
    managed.supervised = managed.encrypted = True
    managed.enrollment_profile_name = profile.name if profile else ""
    identity.enrollment_state, identity.last_contacted = "enrolled", managed.last_sync
    device = device_records.EntraDevice(
        id=tenant.new_id(),
        device_id=tenant.new_id(),
        display_name=managed.device_name,
        trust_type="Workplace",
        created=managed.enrolled,
    )
    managed.entra_device_id = device.device_id
    seed_in_use.in_use(device, managed)
    tenant.devices.entra[device.id] = device
