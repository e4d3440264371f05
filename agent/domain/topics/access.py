"""Conditional Access, protected people and whatever else decides whether a sign-in with a pass is let through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.domain.access import AccessPolicy, NamedPlace
from agent.domain.destinations import Destinations
from agent.domain.facts import NOT_READ, Fact, Known
from agent.domain.registration import Campaign


@dataclass(frozen=True, slots=True)
class TenantPart:
    """What holds for everyone: Conditional Access with the places it names, and what may be set up.

    `role_owners` maps the object id of an owner to the groups of theirs that can carry directory roles,
    `federated` a federated domain to the `federatedIdpMfaBehavior` of its provider. `security_defaults` is whether
    they are on, `campaign` the registration campaign.
    """

    policies: Fact[tuple[AccessPolicy, ...]] = NOT_READ
    places: Fact[tuple[NamedPlace, ...]] = NOT_READ
    destinations: Fact[Destinations] = NOT_READ
    role_owners: Fact[Mapping[str, tuple[str, ...]]] = NOT_READ
    federated: Fact[Mapping[str, str]] = NOT_READ
    security_defaults: Fact[bool] = NOT_READ
    campaign: Fact[Campaign] = NOT_READ

    @property
    def named_groups(self) -> frozenset[str]:
        """Ids of the groups whose membership matters here; each person is asked about all of them at once."""
        policies = self.policies.value if isinstance(self.policies, Known) else ()
        of_access = {group for policy in policies for who in (policy.include, policy.exclude) for group in who.groups}
        allowed = self.destinations.value.named_groups if isinstance(self.destinations, Known) else frozenset[str]()
        asked = self.campaign.value.groups if isinstance(self.campaign, Known) else frozenset[str]()
        return frozenset(of_access) | allowed | asked


@dataclass(frozen=True, slots=True)
class PersonPart:
    """What holds for one person."""
