"""Conditional Access, protected people and whatever else decides whether a sign-in with a pass is let through."""

from __future__ import annotations

from dataclasses import dataclass

from agent.domain.access import AccessPolicy, NamedPlace
from agent.domain.facts import NOT_READ, Fact, Known


@dataclass(frozen=True, slots=True)
class TenantPart:
    """What holds for everyone: the enabled Conditional Access policies, and the places they may name."""

    policies: Fact[tuple[AccessPolicy, ...]] = NOT_READ
    places: Fact[tuple[NamedPlace, ...]] = NOT_READ

    @property
    def named_groups(self) -> frozenset[str]:
        """Ids of the groups whose membership matters here; each person is asked about all of them at once."""
        policies = self.policies.value if isinstance(self.policies, Known) else ()
        return frozenset(
            group for policy in policies for who in (policy.include, policy.exclude) for group in who.groups
        )


@dataclass(frozen=True, slots=True)
class PersonPart:
    """What holds for one person."""
