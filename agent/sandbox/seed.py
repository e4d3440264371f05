"""Filling a tenant with the people, policies and devices of a seed (`seed.yaml` beside this file, or one of yours).

Every id and secret comes from the tenant's chance, in the order of the file: one seed and one chance always give the
same tenant. A wrong seed raises `SeedError` with the key and leaves the tenant empty.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from agent.sandbox import (
    records,
    seed_access,
    seed_apps,
    seed_devices,
    seed_policies,
    seed_preparation,
    seed_reading,
    seed_store,
)
from agent.sandbox import tenant as tenants
from agent.sandbox.seed_reading import Entry, SeedError
from agent.sandbox.virtual import keys as device_keys
from agent.sandbox.virtual import staff

__all__ = ["SeedError", "load", "read"]

_METHOD_KINDS = frozenset(
    {
        "windowsHelloForBusiness",
        "microsoftAuthenticator",
        "fido2",
        "platformCredential",
        "phone",
        "email",
        "softwareOath",
        "hardwareOath",
        "external",
    }
)
_FIXED_IDS = {"phone": records.MOBILE_PHONE_METHOD_ID, "email": records.EMAIL_METHOD_ID}
LICENCES = ("AAD_PREMIUM", "INTUNE_A")
"""Service plans of whoever the seed, or whoever adds people later, says nothing else of."""


def read(path: Path | None = None) -> dict[str, Any]:
    """The seed at `path`, or the company that comes with the sandbox; raises SeedError."""
    if path is None:
        return seed_reading.parse((resources.files("agent.sandbox") / "seed.yaml").read_text(encoding="utf-8"))
    try:
        return seed_reading.parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as unreadable:
        raise SeedError(f"The seed {path} cannot be read: {unreadable}") from None


def load(tenant: tenants.Tenant, data: dict[str, Any]) -> None:
    """Forget what the tenant holds and fill it from `data`, the value of `read`. Raises SeedError, tenant emptied."""
    tenant.clear()
    try:
        seed_apps.options(tenant, data)
        _fill(tenant, Entry(data, "", now=tenant.now()))
    except SeedError:
        tenant.clear()
        raise


def _fill(tenant: tenants.Tenant, root: Entry) -> None:
    company = root.entry("company")
    _company(tenant, company)
    for name, entry in root.named("registrations"):
        seed_apps.registration(tenant, name, entry)
    people = _People(tenant, company.texts("offices"), company.text("domain"))
    company.done()
    people.load(root)
    keys = people.ids | _groups(tenant, root, people.ids)
    _roles(tenant, root, keys)
    _pass_policy(tenant, root.entry("pass_policy"), keys)
    seed_access.load(tenant, root, keys)
    seed_devices.load(tenant, root, keys)
    keys |= seed_policies.device_groups(tenant, root)
    seed_policies.load(tenant, root, keys)
    people.load_methods()
    seed_preparation.load(tenant, root, keys)
    seed_store.load(tenant, root, keys)
    for name, entry in root.named("managed_identities"):
        seed_apps.managed_identity(tenant, name, entry)
    root.values("options")
    root.done()


def _company(tenant: tenants.Tenant, entry: Entry) -> None:
    organisation = tenant.directory.organisation
    organisation.display_name = entry.text("name")
    organisation.domains = [entry.text("domain")]
    organisation.city = entry.maybe_text("city")
    organisation.country_code = entry.text("country", "GB")
    organisation.preferred_language = entry.text("language", "en")
    organisation.created = entry.moment("founded", "1000 days ago")
    organisation.technical_mails = [f"it@{organisation.domains[0]}"]


class _People:
    """The people of the seed: their ids by key, and their methods, which wait until the devices exist."""

    def __init__(self, tenant: tenants.Tenant, offices: list[str], domain: str) -> None:
        self.ids: dict[str, str] = {}
        self._tenant = tenant
        self._offices = offices
        self._domain = domain
        self._waiting: list[tuple[records.User, Entry]] = []

    def load(self, root: Entry) -> None:
        """Every person, then who reports to whom."""
        managers: list[tuple[records.User, Entry, str]] = []
        for key, entry in root.named("people"):
            user = self._person(key, entry)
            manager = entry.maybe_text("manager")
            if manager is not None:
                managers.append((user, entry, manager))
            self._waiting += [(user, method) for method in entry.listed("methods")]
            entry.done()
        for user, entry, manager in managers:
            user.manager_id = one(self.ids, entry, "manager", manager)

    def load_methods(self) -> None:
        """The methods people have; one may name the serial number of the device that holds its key."""
        for user, entry in self._waiting:
            self._tenant.credentials.methods[user.id].append(self._method(user, entry))

    def _person(self, key: str, entry: Entry) -> records.User:
        upn = entry.text("user_name", f"{key}@{self._domain}")
        if any(user.upn.lower() == upn.lower() for user in self._tenant.directory.users.values()):
            raise entry.wrong("user_name", f"'{upn}' is taken by somebody else.")
        guest = entry.one_of("guest", {"", "internal", "external"}, "")
        user = records.User(id=self._tenant.new_id(), upn=upn, display_name=entry.text("name"))
        self._describe(user, entry)
        if guest == "external":
            self._invited(user)
        else:
            user.mail = entry.text("mail", upn)
            user.user_type = "Guest" if guest else "Member"
            signs_in_as = {"signInType": "userPrincipalName", "issuer": self._domain, "issuerAssignedId": upn}
            user.identities = [signs_in_as]
            user.password = self._tenant.new_secret(20)
        self._tenant.directory.users[user.id] = user
        self._tenant.credentials.methods[user.id] = [] if guest == "external" else [_password(user)]
        self.ids[key] = user.id
        return user

    def _describe(self, user: records.User, entry: Entry) -> None:
        words = user.display_name.split(" ", 1)
        user.given_name = entry.text("given", words[0])
        user.surname = entry.text("surname", words[-1])
        user.mail = entry.maybe_text("mail")
        user.department = entry.maybe_text("department")
        user.job_title = entry.maybe_text("title")
        user.office = entry.maybe_text("office")
        if user.office is not None and user.office not in self._offices:
            raise entry.wrong("office", f"'{user.office}' is none of the company's offices.")
        user.staff_number = entry.maybe_text("staff_number")
        user.enabled = entry.flag("enabled", default=True)
        user.licences = entry.texts("licences", LICENCES)
        user.usage_location = entry.text("country", "GB")
        user.preferred_language = entry.maybe_text("language")
        user.mobile_phone = entry.maybe_text("phone")
        user.hired = entry.moment("hired")
        user.properties = entry.values("properties")
        user.created = user.sessions_valid_from = entry.moment("created", "600 days ago")

    def _invited(self, user: records.User) -> None:
        user.user_type, user.creation_type, user.external_state = "Guest", "Invitation", "Accepted"
        identity = {"signInType": "federated", "issuer": "ExternalAzureAD", "issuerAssignedId": ""}
        user.identities = [identity]

    def _method(self, user: records.User, entry: Entry) -> records.Method:
        kind = entry.one_of("kind", _METHOD_KINDS, "")
        serial = entry.maybe_text("device")
        method = records.Method(
            id=_FIXED_IDS.get(kind) or self._tenant.new_id(),
            user_id=user.id,
            kind=kind,
            display_name=entry.maybe_text("name"),
            created=entry.moment("created"),
            properties=entry.values("properties"),
            default=entry.flag("default", default=False),
        )
        if kind == "phone":
            method.id = records.PHONE_METHOD_IDS.get(str(method.properties.get("phoneType")), method.id)
        if serial is not None:
            method.device_id = seed_devices.entra_id_of(self._tenant, serial)
            if method.device_id is None:
                raise entry.wrong("device", f"no enrolled device has the serial number '{serial}'.")
            method.public_key = device_keys.made_earlier(self._tenant.origin, serial).public
        if entry.flag("held", default=False):
            method.public_key = staff.key_of(self._tenant.id, user.upn, method.display_name or "").public
        entry.done()
        return method


def _password(user: records.User) -> records.Method:
    return records.Method(records.PASSWORD_METHOD_ID, user.id, "password", created=user.created)


def _groups(tenant: tenants.Tenant, root: Entry, people: dict[str, str]) -> dict[str, str]:
    entries = dict(root.named("groups"))
    ids = {key: tenant.new_id() for key in entries}
    for key, entry in entries.items():
        if key in people:
            raise entry.wrong("name", f"'{key}' is the key of a person already.")
        group = records.Group(id=ids[key], name=entry.text("name"), created=entry.moment("created", "900 days ago"))
        group.member_ids = many(people | ids, entry, "members")
        group.owner_ids = many(people, entry, "owners")
        group.role_assignable = entry.flag("role_assignable", default=False)
        entry.done()
        tenant.directory.groups[group.id] = group
    return ids


def _roles(tenant: tenants.Tenant, root: Entry, keys: dict[str, str]) -> None:
    for entry in root.listed("roles"):
        holder = one(keys, entry, "to", entry.text("to"))
        name, template = entry.text("role"), entry.text("template")
        if entry.flag("eligible", default=False):
            eligible = records.RoleEligibility(
                tenant.new_id(), holder, template, name, start=entry.moment("start", "30 days ago")
            )
            tenant.directory.role_eligibilities[eligible.id] = eligible
        else:
            assignment = records.RoleAssignment(tenant.new_id(), holder, template, name)
            tenant.directory.role_assignments[assignment.id] = assignment
        entry.done()


def _pass_policy(tenant: tenants.Tenant, entry: Entry, keys: dict[str, str]) -> None:
    policy = records.PassPolicy(
        enabled=entry.flag("enabled", default=True),
        include=many(keys | {records.ALL_USERS: records.ALL_USERS}, entry, "include"),
        exclude=many(keys, entry, "exclude"),
        minimum=entry.number("minimum", 60),
        maximum=entry.number("maximum", 480),
        default=entry.number("default", 60),
        one_time=entry.flag("one_time", default=False),
        length=entry.number("length", 8),
    )
    if not 10 <= policy.minimum <= policy.default <= policy.maximum <= 43200:
        raise entry.wrong("default", "must lie between minimum and maximum, and those between 10 and 43200 minutes.")
    if not 8 <= policy.length <= 48:
        raise entry.wrong("length", "must lie between 8 and 48.")
    entry.done()
    tenant.credentials.policy = policy


def one(keys: dict[str, str], entry: Entry, key: str, name: str) -> str:
    """The id behind a name that `key` of `entry` gives; raises SeedError for an unknown one."""
    if name not in keys:
        raise entry.wrong(key, f"nothing in this seed is called '{name}'.")
    return keys[name]


def many(keys: dict[str, str], entry: Entry, key: str) -> list[str]:
    """The ids behind the names listed under `key`."""
    return [one(keys, entry, key, name) for name in entry.texts(key)]
