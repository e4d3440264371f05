"""Apps bought in volume and enrolment by one's own account, of a seed; read last, so that all before keeps its ids."""

from __future__ import annotations

from agent.sandbox import apple_records, records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import company_portal
from agent.sandbox.seed_in_use import known
from agent.sandbox.seed_reading import Entry

_KINDS = frozenset({"device", "user", "accountDrivenUserEnrollment", "webDeviceEnrollment"})
_INTENTS = frozenset({"required", "available", "uninstall", "availableWithoutEnrollment"})


def load(tenant: tenants.Tenant, root: Entry, keys: dict[str, str]) -> None:
    """The apps and profiles; `keys` are ids of groups by their names in the seed. Raises SeedError."""
    tokens = {token.apple_id: token.id for token in tenant.devices.vpp_tokens.values()}
    for entry in root.listed("store_apps"):
        _app(tenant, entry, tokens, keys)
    everybody = {records.ALL_USERS: apple_records.ALL_USERS}
    for entry in root.listed("user_enrolment"):
        profile = apple_records.UserEnrolment(
            id=tenant.new_id(),
            name=entry.text("name"),
            kind=entry.one_of("kind", _KINDS, "accountDrivenUserEnrollment"),
            priority=entry.number("priority", 1),
            created=entry.moment("created", "200 days ago"),
            group_ids=[known(keys | everybody, entry, "groups", name) for name in entry.texts("groups")],
        )
        entry.done()
        tenant.devices.user_enrolments[profile.id] = profile


def _app(tenant: tenants.Tenant, entry: Entry, tokens: dict[str, str], keys: dict[str, str]) -> None:
    app = apple_records.StoreApp(
        id=tenant.new_id(),
        name=entry.text("name", "Intune Company Portal"),
        bundle_id=entry.text("bundle", company_portal.BUNDLE),
        token_id=known(tokens, entry, "token", entry.text("token")),
        total=entry.number("licences", 25),
        used=entry.number("used", 0),
        created=entry.moment("created", "300 days ago"),
    )
    targets = {name: name for name in (apple_records.ALL_DEVICES, apple_records.ALL_USERS)}
    for below in entry.listed("assigned"):
        assignment = apple_records.AppAssignment(
            intent=below.one_of("intent", _INTENTS, "required"),
            target=known(keys | targets, below, "to", below.text("to", apple_records.ALL_DEVICES)),
            device_licensed=below.flag("device_licensed", default=True),
        )
        below.done()
        app.assignments.append(assignment)
    entry.done()
    tenant.devices.store_apps[app.id] = app
