"""Windows: the destination (Hello), web sign-in, join and enrolment."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TenantPart:
    """What holds for everyone."""

    @property
    def named_groups(self) -> frozenset[str]:
        """Ids of the groups whose membership matters here; each person is asked about all of them at once."""
        return frozenset()


@dataclass(frozen=True, slots=True)
class PersonPart:
    """What holds for one person."""


@dataclass(frozen=True, slots=True)
class DevicePart:
    """What holds for one device."""
