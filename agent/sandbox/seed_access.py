"""Who may sign in where, as a seed says it: strengths, named locations and Conditional Access policies."""

from __future__ import annotations

from agent.sandbox import access_records
from agent.sandbox import tenant as tenants
from agent.sandbox.seed_in_use import known
from agent.sandbox.seed_reading import Entry

_STATES = frozenset({"enabled", "disabled", "enabledForReportingButNotEnforced"})
_GRANTS = frozenset(
    {
        *("mfa", "block", "compliantDevice", "domainJoinedDevice", "approvedApplication", "compliantApplication"),
        *("mfa_strength", "passwordless", "phishing_resistant"),
    }
)


def load(tenant: tenants.Tenant, root: Entry, keys: dict[str, str]) -> None:
    """All of it; `keys` are ids of people and groups by their names in the seed. Raises SeedError."""
    strengths = {name: _strength(tenant, entry) for name, entry in root.named("strengths")}
    places = {name: _location(tenant, entry) for name, entry in root.named("named_locations")}
    for entry in root.listed("conditional_access"):
        _policy(tenant, entry, keys, strengths, places)


def _strength(tenant: tenants.Tenant, entry: Entry) -> str:
    made = access_records.Strength(
        id=tenant.new_id(),
        name=entry.text("name"),
        combinations=entry.texts("combinations"),
        description=entry.text("description", ""),
        created=entry.moment("created", "300 days ago"),
    )
    entry.done()
    tenant.credentials.strengths[made.id] = made
    return made.id


def _location(tenant: tenants.Tenant, entry: Entry) -> str:
    made = access_records.NamedLocation(
        id=tenant.new_id(),
        name=entry.text("name"),
        ranges=entry.texts("ranges"),
        trusted=entry.flag("trusted", default=False),
        countries=entry.texts("countries"),
        created=entry.moment("created", "300 days ago"),
    )
    entry.done()
    tenant.credentials.named_locations[made.id] = made
    return made.id


def _policy(
    tenant: tenants.Tenant, entry: Entry, keys: dict[str, str], strengths: dict[str, str], places: dict[str, str]
) -> None:
    groups, users = _many(keys, entry, "groups"), _many(keys, entry, "users")
    places = places | {name: name for name in ("All", "AllTrusted")}
    policy = access_records.ConditionalAccessPolicy(
        id=tenant.new_id(),
        name=entry.text("name"),
        state=entry.one_of("state", _STATES, "enabled"),
        include_users=users if users or groups else ["All"],
        exclude_users=_many(keys, entry, "exclude_users"),
        include_groups=groups,
        exclude_groups=_many(keys, entry, "exclude_groups"),
        apps=entry.texts("apps", ("All",)),
        exclude_apps=entry.texts("exclude_apps"),
        actions=entry.texts("actions"),
        grants=[_grant(entry, word, strengths) for word in entry.texts("grants", (entry.text("grant", "mfa"),))],
        operator=entry.one_of("operator", {"AND", "OR"}, "OR"),
        locations=_many(places, entry, "locations"),
        exclude_locations=_many(places, entry, "exclude_locations"),
        platforms=entry.texts("platforms"),
        exclude_platforms=entry.texts("exclude_platforms"),
        created=entry.moment("created", "300 days ago"),
    )
    _device_filter(policy, entry)
    entry.done()
    if policy.actions:
        policy.apps = []
    tenant.credentials.conditional_access[policy.id] = policy


def _device_filter(policy: access_records.ConditionalAccessPolicy, entry: Entry) -> None:
    below = entry.entry("device_filter")
    if below.has("rule"):
        policy.device_filter = (below.one_of("mode", {"include", "exclude"}, "include"), below.text("rule"))
        below.done()


def _grant(entry: Entry, word: str, strengths: dict[str, str]) -> str:
    """A grant as a policy keeps it; a strength of the seed by its key."""
    if word in strengths:
        return f"strength:{strengths[word]}"
    if word in _GRANTS or word.startswith(("terms:", "custom:")):
        return word
    raise entry.wrong("grant", f"'{word}' is no grant and no strength of this seed.")


def _many(keys: dict[str, str], entry: Entry, key: str) -> list[str]:
    return [known(keys, entry, key, name) for name in entry.texts(key)]
