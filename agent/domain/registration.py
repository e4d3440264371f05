"""What holds people up after they signed in, until they have registered something: the tenant's registration campaign.

learn.microsoft.com/entra/identity/authentication/how-to-mfa-registration-campaign
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from agent.domain.destinations import EVERYBODY


class Reach(StrEnum):
    """Whom a campaign asks of those in its scope.

    At its default Microsoft decides: at present those with a phone number for calls or text messages.
    """

    NOBODY = "disabled"
    MICROSOFT_DECIDES = "default"
    ALL = "enabled"


@dataclass(frozen=True, slots=True)
class Campaign:
    """Who is asked to set up Authenticator for approvals.

    `include` and `exclude` hold ids of groups and people, or `EVERYBODY`; `groups` those of them that are groups.
    """

    reach: Reach = Reach.NOBODY
    include: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    def of(self, person_id: str, groups: Collection[str]) -> bool:
        """Whether a person who is in `groups` is in its scope."""
        held = {person_id, *groups, EVERYBODY}
        return self.reach is not Reach.NOBODY and bool(held & self.include) and not held & self.exclude
