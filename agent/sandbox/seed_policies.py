"""Policies of a seed and whom they reach: groups of devices, the settings catalogue, custom profiles, MDM user scopes.

Read after the devices, because a group may name some of them.
"""

from __future__ import annotations

from agent.sandbox import policy_records, records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import autopilot, dynamic_groups, entra_devices, managed_devices
from agent.sandbox.seed_in_use import known
from agent.sandbox.seed_reading import Entry

INTUNE = "0000000a-0000-0000-c000-000000000000"
"""App id of Microsoft Intune, which its MDM user scope has for an id."""

_FILTERS = {"lets_in": True, "keeps_out": False}


def device_groups(tenant: tenants.Tenant, root: Entry) -> dict[str, str]:
    """Groups of devices, by a rule or by serial numbers: their ids by their names in the seed. Raises SeedError."""
    ids: dict[str, str] = {}
    for key, entry in root.named("device_groups"):
        group = records.Group(tenant.new_id(), entry.text("name"), created=entry.moment("created", "500 days ago"))
        for serial in entry.texts("devices"):
            group.member_ids += _object_ids(tenant, entry, serial)
        rule = entry.maybe_text("rule")
        if rule is not None:
            dynamic = {"groupTypes": ["DynamicMembership"], "membershipRuleProcessingState": "On"}
            group.properties = {**dynamic, "membershipRule": rule}
            dynamic_groups.fill(tenant, group)
        entry.done()
        ids[key] = tenant.directory.groups.setdefault(group.id, group).id
    return ids


def _object_ids(tenant: tenants.Tenant, entry: Entry, serial: str) -> list[str]:
    device_ids = [identity.entra_device_id for identity in autopilot.by_serial(tenant, serial)]
    device_ids += [managed.entra_device_id for managed in managed_devices.by_serial(tenant, serial)]
    found = [device for one in device_ids if (device := entra_devices.find_by_device_id(tenant, one))]
    if not found:
        raise entry.wrong("devices", f"no device of this seed has the serial number '{serial}'.")
    return list(dict.fromkeys(device.id for device in found))


def load(tenant: tenants.Tenant, root: Entry, keys: dict[str, str]) -> None:
    """The policies; `keys` are ids of people and groups by their names in the seed. Raises SeedError."""
    for entry in root.listed("configuration_policies"):
        _configuration_policy(tenant, entry, keys)
    for entry in root.listed("custom_configurations"):
        _custom_configuration(tenant, entry, keys)
    _mobility(tenant, root, keys)


def _configuration_policy(tenant: tenants.Tenant, entry: Entry, keys: dict[str, str]) -> None:
    item = policy_records.ConfigurationPolicy(
        id=tenant.new_id(),
        name=entry.text("name"),
        platforms=entry.text("platforms", "windows10"),
        technologies=entry.text("technologies", "mdm"),
        template_id=entry.text("template", ""),
        template_family=entry.text("template_family", "none"),
        created=entry.moment("created", "300 days ago"),
        settings={name: str(value) for name, value in entry.values("settings").items()},
        assignments=_assignments(entry, keys),
    )
    entry.done()
    tenant.devices.configuration_policies[item.id] = item


def _custom_configuration(tenant: tenants.Tenant, entry: Entry, keys: dict[str, str]) -> None:
    item = policy_records.CustomConfiguration(
        id=tenant.new_id(),
        name=entry.text("name"),
        created=entry.moment("created", "300 days ago"),
        settings={uri: int(value) for uri, value in entry.values("settings").items()},
        hello_blocked=entry.flag("hello_blocked", default=False) if entry.has("hello_blocked") else None,
        assignments=_assignments(entry, keys),
    )
    entry.done()
    tenant.devices.custom_configurations[item.id] = item


def _assignments(entry: Entry, keys: dict[str, str]) -> list[policy_records.Assignment]:
    """`assign` names groups, `all_users` or `all_devices`, `exclude` groups; `filter` is what a filter does."""
    everything = (records.ALL_USERS, policy_records.ALL_DEVICES)
    targets = keys | {name: name for name in everything}
    lets_in = _FILTERS.get(entry.one_of("filter", {"", *_FILTERS}, ""))
    included = [known(targets, entry, "assign", name) for name in entry.texts("assign")]
    left_out = [known(keys, entry, "exclude", name) for name in entry.texts("exclude")]
    return [
        *(policy_records.Assignment(target, filter_lets_in=lets_in) for target in included),
        *(policy_records.Assignment(target, excluded=True) for target in left_out),
    ]


def _mobility(tenant: tenants.Tenant, root: Entry, keys: dict[str, str]) -> None:
    """The MDM user scopes; where the seed names none, Intune enrols everybody's PCs."""
    for at, entry in enumerate(root.listed("mdm_scopes")):
        item = policy_records.MobilityPolicy(
            id=INTUNE if at == 0 else tenant.new_id(),
            name=entry.text("name", "Microsoft Intune"),
            applies_to=entry.one_of("applies_to", {"all", "none", "selected"}, "all"),
            group_ids=[known(keys, entry, "groups", name) for name in entry.texts("groups")],
        )
        entry.done()
        tenant.devices.mobility_policies[item.id] = item
    if not tenant.devices.mobility_policies:
        tenant.devices.mobility_policies[INTUNE] = policy_records.MobilityPolicy(INTUNE, "Microsoft Intune")
