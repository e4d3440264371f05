"""Device preparation and what demands registration, of a seed; read last, so that what came before keeps its ids."""

from __future__ import annotations

from agent.sandbox import device_records, policy_records, records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import campaigns
from agent.sandbox.seed_in_use import known
from agent.sandbox.seed_reading import Entry

TEMPLATE = "80d33118-b7b4-40d8-b15f-81be745e053f_1"
"""Template of a device preparation policy, as public code that makes such policies names it."""


def load(tenant: tenants.Tenant, root: Entry, keys: dict[str, str]) -> None:
    """The policies; `keys` are ids of people and groups by their names in the seed. Raises SeedError."""
    for entry in root.listed("device_preparation"):
        _policy(tenant, entry, keys)
    scope = root.texts("must_register")
    keys = keys | {records.ALL_USERS: records.ALL_USERS}
    tenant.credentials.must_register = [known(keys, root, "must_register", name) for name in scope]
    tenant.credentials.security_defaults = root.flag("security_defaults", default=False)
    for entry in root.listed("registration_campaign"):
        _campaign(tenant, entry, keys)


def _campaign(tenant: tenants.Tenant, entry: Entry, keys: dict[str, str]) -> None:
    include = [known(keys, entry, "include", name) for name in entry.texts("include", (records.ALL_USERS,))]
    exclude = [known(keys, entry, "exclude", name) for name in entry.texts("exclude")]
    kinds = {one: "user" if one in tenant.directory.users else "group" for one in (*include, *exclude)}
    wanted = {"targetedAuthenticationMethod": "microsoftAuthenticator"}
    campaigns.change(
        tenant,
        state=entry.one_of("state", ("default", "enabled", "disabled"), "default"),
        snoozeDurationInDays=entry.number("snooze_days", 1),
        enforceRegistrationAfterAllowedSnoozes=entry.flag("demanded_in_the_end", default=True),
        includeTargets=[{"id": one, "targetType": kinds[one]} | wanted for one in include],
        excludeTargets=[{"id": one, "targetType": kinds[one]} for one in exclude],
    )
    entry.done()


def _policy(tenant: tenants.Tenant, entry: Entry, keys: dict[str, str]) -> None:
    created = entry.moment("created", "100 days ago")
    policy = device_records.PreparationPolicy(
        id=tenant.new_id(),
        name=entry.text("name"),
        user_group_ids=[known(keys, entry, "user_groups", name) for name in entry.texts("user_groups")],
        device_group_id=known(keys, entry, "device_group", entry.text("device_group")),
    )
    entry.done()
    tenant.devices.preparation_policies[policy.id] = policy
    tenant.devices.configuration_policies[policy.id] = policy_records.ConfigurationPolicy(
        id=policy.id,
        name=policy.name,
        platforms="windows10",
        technologies="enrollment",
        template_id=TEMPLATE,
        template_family="enrollmentConfiguration",
        created=created,
        settings={
            "enrollment_autopilot_dpp_deploymentmode": "enrollment_autopilot_dpp_deploymentmode_0",
            "enrollment_autopilot_dpp_deploymenttype": "enrollment_autopilot_dpp_deploymenttype_0",
            "enrollment_autopilot_dpp_jointype": "enrollment_autopilot_dpp_jointype_0",
        },
        assignments=[policy_records.Assignment(group_id) for group_id in policy.user_group_ids],
    )
