"""The devices of a seed: Autopilot, Apple enrolment, what enrolled long ago, and the hardware of virtual devices."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.sandbox import device_records, records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import autopilot, enrolment, entra_devices, managed_devices
from agent.sandbox.seed_reading import Entry

_SERIAL = re.compile(r"[A-Za-z0-9]{4,20}$")
_STATUSES = autopilot.ASSIGNED_STATES | {"unknown", "notAssigned", "pending", "failed"}
_COMPLIANCE = frozenset({"unknown", "compliant", "noncompliant", "inGracePeriod"})
_WINDOWS = "10.0.26100.2314"
_APPLE_PLATFORMS = {"iphone": "ios", "ipad": "ios", "mac": "macOS"}
_APPLE_SYSTEMS = {"iphone": ("iOS", "18.1.1"), "ipad": ("iPadOS", "18.1.1"), "mac": ("macOS", "15.1.1")}
_METHODS = frozenset({"none", "company_portal", "setup_assistant", "setup_assistant_legacy"})
_STATUS_PAGE_SUFFIX = {
    enrolment.STATUS_PAGE: "Windows10EnrollmentCompletionPageConfiguration",
    enrolment.LIMIT: "Limit",
    enrolment.PLATFORM_RESTRICTIONS: "PlatformRestrictions",
    enrolment.HELLO: "WindowsHelloForBusiness",
}


@dataclass(frozen=True, slots=True)
class _Enrolled:
    """What the seed says of a device that somebody has already."""

    user: records.User
    entry: Entry
    serial: str
    model: str
    maker: str


def load(tenant: tenants.Tenant, root: Entry, keys: dict[str, str]) -> None:
    """Fill the tenant's devices; `keys` are ids of people and groups by their names in the seed. Raises SeedError."""
    _registration_policy(tenant, root.entry("device_registration"), keys)
    for entry in root.listed("enrolment"):
        _configuration(tenant, entry)
    _autopilot(tenant, root.entry("autopilot"), keys)
    _apple(tenant, root.entry("apple"), keys)
    for entry in root.listed("boxes"):
        kind = entry.one_of("kind", {"windows", "iphone", "ipad", "mac", "browser"}, "browser")
        _box(tenant, device_records.BoxedDevice(_serial(entry), kind, entry.text("model")), entry)
        entry.done()


def entra_id_of(tenant: tenants.Tenant, serial: str) -> str | None:
    """The object id of the Entra device of an enrolled device, by its serial number."""
    for managed in managed_devices.by_serial(tenant, serial):
        device = entra_devices.find_by_device_id(tenant, managed.entra_device_id)
        if device is not None:
            return device.id
    return None


def _registration_policy(tenant: tenants.Tenant, entry: Entry, keys: dict[str, str]) -> None:
    policy = tenant.devices.registration_policy
    policy.user_device_quota = entry.number("quota", 50)
    policy.mfa_required = entry.flag("mfa_required", default=False)
    groups = entry.texts("join_groups")
    if groups:
        policy.join_allowed = [_known(keys, entry, "join_groups", group) for group in groups]
    entry.done()


def _configuration(tenant: tenants.Tenant, entry: Entry) -> None:
    kind = entry.one_of("kind", enrolment.KINDS, "")
    priority = entry.number("priority", 0)
    default = "" if priority else "Default"
    configuration = device_records.EnrolmentConfiguration(
        id=f"{tenant.new_id()}_{default}{_STATUS_PAGE_SUFFIX[kind]}",
        kind=kind,
        name=entry.text("name"),
        priority=priority,
        created=entry.moment("created", "800 days ago"),
        modified=entry.moment("modified", "100 days ago"),
        properties=entry.values("settings"),
    )
    entry.done()
    tenant.devices.enrolment_configurations[configuration.id] = configuration


def _autopilot(tenant: tenants.Tenant, root: Entry, keys: dict[str, str]) -> None:
    profiles: dict[str, str] = {}
    for name, entry in root.named("profiles"):
        profile = device_records.AutopilotProfile(
            id=tenant.new_id(),
            name=entry.text("name"),
            kind=entry.one_of("kind", {"azureAD", "activeDirectory"}, "azureAD"),
            device_usage=entry.one_of("usage", {"singleUser", "shared"}, "singleUser"),
            device_name_template=entry.text("name_template", ""),
            created=entry.moment("created", "500 days ago"),
            modified=entry.moment("modified", "90 days ago"),
            properties=entry.values("settings"),
        )
        entry.done()
        profiles[name] = profile.id
        tenant.devices.autopilot_profiles[profile.id] = profile
    for entry in root.listed("devices"):
        _windows(tenant, entry, keys, profiles)
    root.done()


def _windows(tenant: tenants.Tenant, entry: Entry, keys: dict[str, str], profiles: dict[str, str]) -> None:
    serial, model, maker = _serial(entry), entry.text("model"), entry.text("maker", "LENOVO")
    person = entry.maybe_text("person")
    user = tenant.directory.users[_known(keys, entry, "person", person)] if person else None
    identity = autopilot.register(
        tenant,
        autopilot.Registration(
            serial,
            maker,
            model,
            group_tag=entry.text("group_tag", ""),
            person=user.upn if user else "",
            addressable_name=user.display_name if user else "",
        ),
    )
    anchor = entra_devices.get_by_device_id(tenant, identity.entra_device_id or "")
    anchor.created = entry.moment("registered", "20 days ago")
    _assign(identity, entry, profiles)
    box = device_records.BoxedDevice(serial, "windows", model, maker, entry.text("os", _WINDOWS))
    if entry.has("enrolled"):
        below = entry.entry("enrolled")
        holder = tenant.directory.users[_known(keys, below, "person", below.text("person"))]
        managed = _managed_windows(tenant, _Enrolled(holder, below, serial, model, maker), box)
        _take_into_use(tenant, identity, managed, anchor)
    _box(tenant, box, entry)
    entry.done()


def _assign(identity: device_records.AutopilotIdentity, entry: Entry, profiles: dict[str, str]) -> None:
    profile = entry.maybe_text("profile")
    default = "assignedInSync" if profile else "notAssigned"
    identity.assignment_status = entry.one_of("status", _STATUSES, default)
    if profile is not None:
        identity.intended_profile_id = _known(profiles, entry, "profile", profile)
    if identity.assignment_status in autopilot.ASSIGNED_STATES:
        if profile is None:
            raise entry.wrong("profile", "is missing, though the status says that one is assigned.")
        identity.profile_id = identity.intended_profile_id
        identity.assigned_at = entry.moment("assigned", "10 days ago")


def _managed_windows(
    tenant: tenants.Tenant, enrolled: _Enrolled, box: device_records.BoxedDevice
) -> device_records.ManagedDevice:
    managed = _managed(tenant, enrolled, system="Windows", version=box.os_version)
    managed.enrollment_type, managed.join_type = "windowsAzureADJoin", "azureADJoined"
    managed.autopilot_enrolled = managed.encrypted = True
    return managed


def _take_into_use(
    tenant: tenants.Tenant,
    identity: device_records.AutopilotIdentity,
    managed: device_records.ManagedDevice,
    device: device_records.EntraDevice,
) -> None:
    profile = tenant.devices.autopilot_profiles.get(identity.profile_id or "")
    identity.enrollment_state = "enrolled"
    identity.managed_device_id = managed.id
    identity.last_contacted = managed.last_sync
    managed.entra_device_id = device.device_id
    managed.enrollment_profile_name = profile.name if profile else ""
    device.trust_type = "AzureAd"
    _in_use(device, managed)


def _managed(tenant: tenants.Tenant, enrolled: _Enrolled, *, system: str, version: str) -> device_records.ManagedDevice:
    user, entry = enrolled.user, enrolled.entry
    managed = device_records.ManagedDevice(
        id=tenant.new_id(),
        serial=enrolled.serial,
        device_name=entry.text("name"),
        operating_system=system,
        os_version=version,
        manufacturer=enrolled.maker,
        model=enrolled.model,
        user_id=user.id,
        user_principal_name=user.upn,
        user_display_name=user.display_name,
        email=user.mail or "",
        enrolled_by=user.upn,
        enrolled=entry.moment("at", "100 days ago"),
        last_sync=entry.moment("synced", "2 hours ago"),
        compliance_state=entry.one_of("compliance", _COMPLIANCE, "compliant"),
        registration_state="registered",
        entra_registered=True,
    )
    entry.done()
    tenant.devices.managed[managed.id] = managed
    return managed


def _in_use(device: device_records.EntraDevice, managed: device_records.ManagedDevice) -> None:
    device.display_name = managed.device_name
    device.operating_system, device.os_version = managed.operating_system, managed.os_version
    device.manufacturer, device.model = managed.manufacturer, managed.model
    device.registered, device.last_sign_in = managed.enrolled, managed.last_sync
    device.owner_ids = [managed.user_id]
    device.is_managed, device.is_compliant = True, managed.compliance_state == "compliant"
    device.enrollment_profile_name = managed.enrollment_profile_name


def _apple(tenant: tenants.Tenant, root: Entry, keys: dict[str, str]) -> None:
    vpp: dict[str, str] = {}
    for name, entry in root.named("vpp_tokens"):
        token = device_records.VppToken(
            id=tenant.new_id(),
            organisation=tenant.directory.organisation.display_name,
            apple_id=entry.text("apple_id"),
            state=entry.one_of("state", {"valid", "expired", "invalid"}, "valid"),
            expires=entry.moment("expires", "in 300 days"),
        )
        entry.done()
        vpp[name] = token.id
        tenant.devices.vpp_tokens[token.id] = token
    for _, entry in root.named("tokens"):
        _dep_token(tenant, entry, keys, vpp)
    root.done()


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
    tenant.devices.dep_tokens[token.id] = token
    profiles: dict[str, str] = {}
    for name, below in entry.named("profiles"):
        profile = _dep_profile(tenant, token, below, vpp)
        profiles[name] = profile.id
        tenant.devices.dep_profiles[profile.id] = profile
    for key in ("default_ios_profile", "default_macos_profile"):
        wanted = entry.maybe_text(key)
        if wanted is not None:
            setattr(token, f"{key}_id", _known(profiles, entry, key, wanted))
    for below in entry.listed("devices"):
        _apple_device(tenant, token, below, keys | {f"profile:{name}": key for name, key in profiles.items()})
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
        vpp_token_id=_known(vpp, entry, "vpp_token", vpp_name) if vpp_name else None,
        properties=entry.values("settings"),
    )
    if profile.single_app_mode and not (profile.company_portal and profile.vpp_token_id):
        raise entry.wrong("single_app_mode", "needs the company_portal method and a vpp_token.")
    entry.done()
    return profile


def _apple_device(tenant: tenants.Tenant, token: device_records.DepToken, entry: Entry, keys: dict[str, str]) -> None:
    serial, model = _serial(entry), entry.text("model")
    kind = entry.one_of("kind", _APPLE_PLATFORMS, "iphone")
    profile = entry.maybe_text("profile")
    identity = device_records.AppleIdentity(
        id=tenant.new_id(),
        token_id=token.id,
        serial=serial,
        platform=_APPLE_PLATFORMS[kind],
        description=model,
        created=entry.moment("synced", "15 days ago"),
        deleted=entry.flag("released", default=False),
    )
    identity.in_business_manager = not identity.deleted
    if profile is not None:
        identity.profile_id = _known(keys, entry, "profile", f"profile:{profile}")
        identity.profile_assigned_at = identity.created
    tenant.devices.apple[identity.id] = identity
    system, version = _APPLE_SYSTEMS[kind]
    if entry.has("enrolled"):
        below = entry.entry("enrolled")
        user = tenant.directory.users[_known(keys, below, "person", below.text("person"))]
        managed = _managed(tenant, _Enrolled(user, below, serial, model, "Apple"), system=system, version=version)
        _registered_apple(tenant, identity, managed)
    _box(tenant, device_records.BoxedDevice(serial, kind, model, "Apple", entry.text("os", version)), entry)
    entry.done()


def _registered_apple(
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
    _in_use(device, managed)
    tenant.devices.entra[device.id] = device


def _box(tenant: tenants.Tenant, box: device_records.BoxedDevice, entry: Entry) -> None:
    box.options = entry.values("box")
    tenant.devices.boxed[box.serial.upper()] = box


def _serial(entry: Entry) -> str:
    serial = entry.text("serial")
    if not _SERIAL.match(serial):
        raise entry.wrong("serial", f"'{serial}' must be 4 to 20 letters and digits.")
    return serial


def _known(keys: dict[str, str], entry: Entry, key: str, name: str) -> str:
    if name not in keys:
        raise entry.wrong(key, f"nothing in this seed is called '{name.removeprefix('profile:')}'.")
    return keys[name]
