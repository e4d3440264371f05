"""The part of a seed about programs: app registrations, managed identities, and the tenant's switches."""

from __future__ import annotations

from typing import Any

from agent.sandbox import records, switches
from agent.sandbox import tenant as tenants
from agent.sandbox.seed_reading import Entry, SeedError


def options(tenant: tenants.Tenant, data: dict[str, Any]) -> None:
    """Set the switches that `options` names, the others stay; raises SeedError."""
    wanted = data.get("options") or {}
    if not isinstance(wanted, dict):
        raise SeedError("options: a mapping was expected.")
    try:
        switches.change(tenant.options, {str(name): value for name, value in wanted.items()})
    except switches.WrongSwitch as wrong:
        raise SeedError(f"options.{wrong}") from None
    tenant.apply_lags()


def registration(tenant: tenants.Tenant, name: str, entry: Entry) -> None:
    """One app registration, with a fresh id and secret."""
    made = records.Registration(
        app_id=tenant.new_id(),
        name=name,
        secret=tenant.new_secret(),
        permissions=set(entry.texts("permissions")),
        delegated=set(entry.texts("delegated")),
        redirect_uris=entry.texts("redirect_uris"),
        public=entry.flag("public", default=False),
    )
    made.federated = [_federated(tenant, one) for one in entry.listed("federated")]
    entry.done()
    tenant.directory.registrations[made.app_id] = made


def _federated(tenant: tenants.Tenant, entry: Entry) -> records.FederatedCredential:
    """Whose tokens the registration takes; the issuer "own" is the sandbox itself."""
    own = entry.text("issuer") == "own"
    credential = records.FederatedCredential(
        issuer=tenant.workload_issuer if own else entry.text("issuer"), subject=entry.text("subject")
    )
    credential.audience = entry.text("audience", credential.audience)
    credential.keys = {str(name): str(key) for name, key in entry.values("keys").items()}
    if not own and not credential.keys:
        raise entry.wrong("keys", "an issuer elsewhere needs its public keys, as PEM text by key id.")
    entry.done()
    return credential


def managed_identity(tenant: tenants.Tenant, name: str, entry: Entry) -> None:
    """One managed identity; its secret is what its host must show at the App Service endpoint."""
    identity = records.Registration(
        app_id=tenant.new_id(),
        name=name,
        secret=tenant.new_secret(32),
        permissions=set(entry.texts("permissions")),
        managed=True,
    )
    entry.done()
    tenant.directory.registrations[identity.app_id] = identity
