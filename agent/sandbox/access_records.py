"""What the pretend tenant remembers about who may sign in where: Conditional Access, strengths, places, units.

Plain mutable records without behaviour, like `records`; the rules are `areas.conditional_access` and its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class ConditionalAccessPolicy:
    """A Conditional Access policy (learn.microsoft.com/graph/api/resources/conditionalaccesspolicy).

    `state` is enabled, disabled or enabledForReportingButNotEnforced; include and exclude lists hold user and group ids
    or "All"; `apps` holds ids of resources or "All", `actions` user actions such as "urn:user:registersecurityinfo".
    `grants` are words: one of Graph's built-in controls ("mfa", "block", "compliantDevice", ...), a strength
    ("mfa_strength", "passwordless", "phishing_resistant", or "strength:" and the id of one of the tenant's own),
    "terms:" and the id of an agreement, "custom:" and the name of another provider's control; `operator` joins them.
    Locations are ids of named locations, "All" or "AllTrusted". `device_filter` is (include or exclude, rule).
    """

    id: str
    name: str
    state: str = "enabled"
    include_users: list[str] = field(default_factory=lambda: ["All"])
    exclude_users: list[str] = field(default_factory=list)
    include_groups: list[str] = field(default_factory=list)
    exclude_groups: list[str] = field(default_factory=list)
    apps: list[str] = field(default_factory=lambda: ["All"])
    exclude_apps: list[str] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    grants: list[str] = field(default_factory=lambda: ["mfa"])
    operator: str = "OR"
    locations: list[str] = field(default_factory=list)
    exclude_locations: list[str] = field(default_factory=list)
    platforms: list[str] = field(default_factory=list)
    exclude_platforms: list[str] = field(default_factory=list)
    clients: list[str] = field(default_factory=lambda: ["all"])
    risks: list[str] = field(default_factory=list)
    device_filter: tuple[str, str] | None = None
    created: datetime | None = None
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Strength:
    """An authentication strength (learn.microsoft.com/graph/api/resources/authenticationstrengthpolicy).

    `combinations` are Graph's words for ways to sign in, several joined by commas where all of them are needed.
    """

    id: str
    name: str
    combinations: list[str]
    description: str = ""
    built_in: bool = False
    created: datetime | None = None


@dataclass(slots=True)
class NamedLocation:
    """A place by its addresses (CIDR), or by countries (learn.microsoft.com/graph/api/resources/namedlocation)."""

    id: str
    name: str
    ranges: list[str] = field(default_factory=list)
    trusted: bool = False
    countries: list[str] = field(default_factory=list)
    created: datetime | None = None


@dataclass(slots=True)
class AdministrativeUnit:
    """A part of the directory with administrators of its own; `restricted` keeps tenant-wide ones from its members.

    learn.microsoft.com/graph/api/resources/administrativeunit
    """

    id: str
    name: str
    member_ids: list[str] = field(default_factory=list)
    restricted: bool = False
