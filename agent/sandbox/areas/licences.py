"""Licences: which products the tenant has bought, and which of their service plans a person may use.

A person's record names service plans; a product counts as held when any of its plans is.
Ids: learn.microsoft.com/entra/identity/users/licensing-service-plan-reference.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.sandbox import records
from agent.sandbox import tenant as tenants


@dataclass(frozen=True, slots=True)
class Plan:
    """One service within a product."""

    id: str
    name: str
    service: str
    per_person: bool = True


@dataclass(frozen=True, slots=True)
class Sku:
    """A product as it is sold."""

    id: str
    part_number: str
    plans: tuple[Plan, ...]


_EMS = Sku(
    "efccb6f7-5641-4e0e-bd10-b4976e1bf68e",
    "EMS",
    (
        Plan("41781fb2-bc02-4b7c-bd55-b576c07bb09d", "AAD_PREMIUM", "AADPremiumService"),
        Plan("c1ec4a95-1f05-45b3-a911-aa3fa01094f5", "INTUNE_A", "SCO"),
        Plan("8a256a2b-b617-496d-b51b-e76466e88db0", "MFA_PREMIUM", "MultiFactorService"),
    ),
)
_PREMIUM_2 = Sku(
    "84a661c4-e949-4bd2-a560-ed7766fcaf2b",
    "AAD_PREMIUM_P2",
    (Plan("eec0eb4f-6444-4f95-aba0-50c24d67f998", "AAD_PREMIUM_P2", "AADPremiumService"),),
)
_EXCHANGE = Sku(
    "4b9405b0-7788-4568-add1-99614e613b69",
    "EXCHANGESTANDARD",
    (Plan("9aaf7827-d63c-4b61-89c3-182f06f82e5c", "EXCHANGE_S_STANDARD", "exchange"),),
)

SKUS = (_EMS, _PREMIUM_2, _EXCHANGE)
"""Every product that is sold here."""


def bought(tenant: tenants.Tenant) -> list[Sku]:
    """The products that the tenant has: those that somebody holds, the first in any case."""
    users = tenant.directory.users.values()
    return [sku for at, sku in enumerate(SKUS) if at == 0 or any(sku in held(user) for user in users)]


def held(user: records.User) -> list[Sku]:
    """The products of which the person has a plan."""
    return [sku for sku in SKUS if any(plan.name in user.licences for plan in sku.plans)]


def disabled(user: records.User, sku: Sku) -> list[str]:
    """Ids of the plans of a held product that are switched off for the person."""
    return [plan.id for plan in sku.plans if plan.name not in user.licences and plan.name != "MFA_PREMIUM"]
