"""What the verbs ask about sign-ins: who is let through where, and with what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from agent.domain import access, destinations, registration
from agent.domain.facts import Fact


class Access(Protocol):
    """What decides over a sign-in beyond the pass itself."""

    def policies(self) -> Fact[tuple[access.AccessPolicy, ...]]:
        """The enabled Conditional Access policies; report-only ones count for nobody."""

    def places(self) -> Fact[tuple[access.NamedPlace, ...]]:
        """The named locations that such policies may name."""

    def destinations(self) -> Fact[destinations.Destinations]:
        """Which passkeys, and what in Authenticator, people may register."""

    def role_owners(self) -> Fact[Mapping[str, tuple[str, ...]]]:
        """By the object id of an owner: the names of their groups that can carry directory roles."""

    def federated(self) -> Fact[Mapping[str, str]]:
        """The federated domains (lower case), each with its provider's `federatedIdpMfaBehavior`, or ""."""

    def security_defaults(self) -> Fact[bool]:
        """Whether security defaults are on, which want everybody to register for MFA."""

    def campaign(self) -> Fact[registration.Campaign]:
        """The registration campaign, which asks people for Authenticator after they signed in."""
