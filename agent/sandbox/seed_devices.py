"""The devices of a seed: Autopilot, Apple enrolment, what enrolled long ago, and the hardware of virtual devices."""

from __future__ import annotations

from agent.sandbox import device_records, intake_records, records, seed_apple, seed_in_use
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import (
    autopilot,
    autopilot_changes,
    enrolment,
    entra_devices,
    managed_devices,
    mdm,
    restrictions,
)
from agent.sandbox.seed_reading import Entry

_STATUSES = autopilot.ASSIGNED_STATES | {"unknown", "notAssigned", "pending", "failed"}
_WINDOWS = "10.0.26100.2314"
_IDENTIFIERS = frozenset({"serialNumber", "imei", "manufacturerModelSerial"})
_BOXES = frozenset({"windows", "iphone", "ipad", "mac", "phone", "security-key", "browser"})
_STATUS_PAGE_SUFFIX = {
    enrolment.STATUS_PAGE: "Windows10EnrollmentCompletionPageConfiguration",
    enrolment.LIMIT: "Limit",
    enrolment.PLATFORM_RESTRICTIONS: "PlatformRestrictions",
    enrolment.PLATFORM_RESTRICTION: "SinglePlatformRestriction",
    enrolment.HELLO: "WindowsHelloForBusiness",
    enrolment.CO_MANAGEMENT: "DeviceComanagementAuthorityConfiguration",
    enrolment.NOTIFICATION: "EnrollmentNotificationsConfiguration",
}


def load(tenant: tenants.Tenant, root: Entry, keys: dict[str, str]) -> None:
    """Fill the tenant's devices; `keys` are ids of people and groups by their names in the seed. Raises SeedError."""
    _registration_policy(tenant, root.entry("device_registration"), keys)
    for entry in root.listed("enrolment"):
        _configuration(tenant, entry, keys)
    for entry in root.listed("corporate_identifiers"):
        _corporate_identifier(tenant, entry)
    _autopilot(tenant, root.entry("autopilot"), keys)
    seed_apple.load(tenant, root.entry("apple"), keys)
    for entry in root.listed("boxes"):
        kind = entry.one_of("kind", _BOXES, "browser")
        boxed = device_records.BoxedDevice(seed_in_use.serial(entry), kind, entry.text("model"))
        boxed.manufacturer, boxed.os_version = entry.text("maker", ""), entry.text("os", "")
        seed_in_use.box(tenant, boxed, entry)
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
    chosen = [seed_in_use.known(keys, entry, "join_groups", group) for group in entry.texts("join_groups")]
    who = entry.one_of("join", {"all", "none", "selected"}, "selected" if chosen else "all")
    policy.join_allowed = chosen if who == "selected" else who
    entry.done()


def _corporate_identifier(tenant: tenants.Tenant, entry: Entry) -> None:
    kind = entry.one_of("kind", _IDENTIFIERS, "serialNumber")
    item = intake_records.CorporateIdentifier(
        id=tenant.new_id(),
        identifier=restrictions.normalised(kind, entry.text("identifier")),
        kind=kind,
        platform=entry.one_of("platform", {"unknown", "ios", "windows", "macOS"}, "unknown"),
        description=entry.text("description", ""),
        created=entry.moment("created", "60 days ago"),
    )
    entry.done()
    tenant.devices.corporate_identifiers[item.id] = item


def _configuration(tenant: tenants.Tenant, entry: Entry, keys: dict[str, str]) -> None:
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
        group_ids=[seed_in_use.known(keys, entry, "groups", name) for name in entry.texts("groups")],
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
            tags=entry.texts("tags"),
            everybody=entry.flag("everybody", default=False),
            properties=entry.values("settings"),
        )
        entry.done()
        _dynamic_group(tenant, profile)
        profiles[name] = profile.id
        tenant.devices.autopilot_profiles[profile.id] = profile
    for entry in root.listed("devices"):
        _windows(tenant, entry, keys, profiles)
    tenant.devices.autopilot_elsewhere.update(serial.upper() for serial in root.texts("elsewhere"))
    state = tenant.devices.autopilot_sync
    state.finished = state.asked = root.moment("synced", "3 hours ago")
    root.done()


def _dynamic_group(tenant: tenants.Tenant, profile: device_records.AutopilotProfile) -> None:
    """The group of devices by whose tag a profile is assigned (learn.microsoft.com/autopilot/enrollment-autopilot)."""
    if not profile.tags:
        return
    rules = [f'(device.devicePhysicalIds -any _ -eq "[OrderId]:{tag}")' for tag in profile.tags]
    group = records.Group(
        id=tenant.new_id(),
        name=f"Autopilot: {profile.name}",
        created=profile.created,
        properties={
            "groupTypes": ["DynamicMembership"],
            "membershipRule": " or ".join(rules),
            "membershipRuleProcessingState": "On",
        },
    )
    tenant.directory.groups[group.id] = group
    profile.group_id = group.id


def _windows(tenant: tenants.Tenant, entry: Entry, keys: dict[str, str], profiles: dict[str, str]) -> None:
    serial, model, maker = seed_in_use.serial(entry), entry.text("model"), entry.text("maker", "LENOVO")
    person = entry.maybe_text("person")
    user = tenant.directory.users[seed_in_use.known(keys, entry, "person", person)] if person else None
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
    identity.properties = entry.values("properties")
    _assign(tenant, identity, entry, profiles)
    box = device_records.BoxedDevice(serial, "windows", model, maker, entry.text("os", _WINDOWS))
    box.options = entry.values("box")
    if entry.has("enrolled"):
        below = entry.entry("enrolled")
        holder = tenant.directory.users[seed_in_use.known(keys, below, "person", below.text("person"))]
        managed = _managed_windows(tenant, seed_in_use.Enrolled(holder, below, serial, model, maker), box)
        _take_into_use(tenant, identity, managed, anchor)
    seed_in_use.box(tenant, box, entry)
    entry.done()


def _assign(
    tenant: tenants.Tenant, identity: device_records.AutopilotIdentity, entry: Entry, profiles: dict[str, str]
) -> None:
    profile = entry.maybe_text("profile")
    default = "assignedInSync" if profile else "notAssigned"
    identity.assignment_status = entry.one_of("status", _STATUSES, default)
    if profile is not None:
        identity.intended_profile_id = seed_in_use.known(profiles, entry, "profile", profile)
    if identity.assignment_status in autopilot.ASSIGNED_STATES:
        if profile is None:
            raise entry.wrong("profile", "is missing, though the status says that one is assigned.")
        identity.profile_id = identity.intended_profile_id
        identity.assigned_at = entry.moment("assigned", "10 days ago")
    elif identity.assignment_status == "pending":
        autopilot_changes.on_its_way(tenant, identity)


def _managed_windows(
    tenant: tenants.Tenant, enrolled: seed_in_use.Enrolled, box: device_records.BoxedDevice
) -> device_records.ManagedDevice:
    managed = seed_in_use.managed(tenant, enrolled, system="Windows", version=box.os_version)
    managed.enrollment_type, managed.join_type = "windowsAzureADJoin", "azureADJoined"
    managed.autopilot_enrolled = managed.encrypted = True
    managed.edition = str(box.options.get("edition", "Enterprise"))
    managed.tpm_version = mdm.TPM if box.options.get("tpm", True) else ""
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
    seed_in_use.in_use(device, managed)
