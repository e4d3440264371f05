"""What else somebody must show or know before a ticket is claimed: paper alone can be found or photographed.

The first three decide, best first. A staff number is on the badge and an asset tag on the box, so neither is ever the
only one.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum


class SecondFact(StrEnum):
    """Another operator looks at a photo ID; a PIN that was sent beforehand; the manager's yes; and two lesser ones."""

    TECHNICIAN = "technician"
    PIN = "pin"
    MANAGER = "manager"
    STAFF_NUMBER = "staff_number"
    ASSET_TAG = "asset_tag"

    @property
    def decides(self) -> bool:
        """Whether it may be the only one."""
        return self in {SecondFact.TECHNICIAN, SecondFact.PIN, SecondFact.MANAGER}


def contradictions(wanted: Collection[SecondFact]) -> tuple[str, ...]:
    """A sentence for each way in which they cannot be meant; empty when there is none."""
    found = []
    if not any(fact.decides for fact in wanted):
        found.append("name technician, pin or manager: a staff number or an asset tag is never the only one")
    if len(set(wanted)) != len(wanted):
        found.append("names a fact twice")
    return tuple(found)
