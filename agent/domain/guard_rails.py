"""Guard rails: what must hold before a pass may be made, beyond what the tenant itself demands.

The settings declare them for everything and a profile for its own journeys, by the same keys. Both hold: the stricter
of the two is in force, so that no profile can undo what the settings demand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from agent.domain import hours as hours_of_day


class ProofKind(StrEnum):
    """How somebody made sure who the person is."""

    PHOTO_ID = "photo-id"
    VIDEO_MANAGER = "video-manager"
    CALL_BACK = "call-back"

    @property
    def meaning(self) -> str:
        """In words, for messages and the audit."""
        return {
            ProofKind.PHOTO_ID: "a photo ID was seen",
            ProofKind.VIDEO_MANAGER: "a video call with their manager",
            ProofKind.CALL_BACK: "called back at the number on file",
        }[self]


@dataclass(frozen=True, slots=True)
class GuardRails:
    """What is demanded of the person, the operator and the proof.

    `starter`: nobody who can sign in already. `proof_of_identity`: a recorded proof, of one of `proof_kinds` where any
    are named. `person_present`: handed over in person only. `approver`: another human says yes. `names_lost_method`:
    the recovery names what was lost. `people`: object ids of groups, one of which contains the person. `desk_number`:
    a regular expression that the service desk's number matches as a whole. `hours`: when passes may be made, in the
    site's time. `passes_an_hour`: how many one operator may begin. `ticket_days`: how long a ticket may be claimed.
    """

    starter: bool = False
    proof_of_identity: bool = False
    person_present: bool = False
    approver: bool = False
    names_lost_method: bool = False
    proof_kinds: tuple[ProofKind, ...] = ()
    people: tuple[str, ...] = ()
    desk_number: str = ""
    hours: str = ""
    passes_an_hour: int | None = None
    ticket_days: int | None = None


#: A ticket is printed for a day that is near; a longer one only waits to be lost.
LONGEST_TICKET = 14
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def contradictions(rails: GuardRails) -> tuple[tuple[str, str], ...]:
    """(key, sentence) for each value that cannot be meant; empty when there is none."""
    found: list[tuple[str, str]] = []
    found.extend(("people", "must be object ids (GUIDs) of groups") for g in rails.people if not _GUID.fullmatch(g))
    if rails.desk_number:
        try:
            re.compile(rails.desk_number)
        except re.error as problem:
            found.append(("desk_number", f"is not a regular expression: {problem}"))
    if rails.hours:
        try:
            hours_of_day.read(rails.hours)
        except ValueError as problem:
            found.append(("hours", str(problem)))
    if rails.passes_an_hour is not None and rails.passes_an_hour < 1:
        found.append(("passes_an_hour", "must be 1 or more"))
    if rails.ticket_days is not None and not 1 <= rails.ticket_days <= LONGEST_TICKET:
        found.append(("ticket_days", f"must be 1 to {LONGEST_TICKET}"))
    if rails.proof_kinds and not rails.proof_of_identity:
        found.append(("proof_kinds", "means nothing without proof_of_identity: true"))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class InForce:
    """The rails of the settings and of one profile together: both hold, and neither loosens the other."""

    everywhere: GuardRails
    profile: GuardRails

    def demands(self, name: str) -> bool:
        """Whether a rail that is on or off is on: `starter`, `approver` and so on."""
        return bool(getattr(self.everywhere, name) or getattr(self.profile, name))

    @property
    def proof_kinds(self) -> tuple[ProofKind, ...]:
        """The kinds of proof that both accept."""
        sides = [frozenset(rails.proof_kinds or ProofKind) for rails in (self.everywhere, self.profile)]
        return tuple(kind for kind in ProofKind if all(kind in side for side in sides))

    @property
    def people(self) -> tuple[frozenset[str], ...]:
        """For each side that limits people: its groups, in lower case; the person must be in one of each."""
        named = (self.everywhere.people, self.profile.people)
        return tuple(frozenset(group.lower() for group in groups) for groups in named if groups)

    @property
    def desk_numbers(self) -> tuple[str, ...]:
        """The patterns that the service desk's number must match, every one."""
        return tuple(filter(None, dict.fromkeys((self.everywhere.desk_number, self.profile.desk_number))))

    @property
    def hours(self) -> tuple[hours_of_day.Hours, ...]:
        """The hours in which it must be now, all of them."""
        texts = filter(None, dict.fromkeys((self.everywhere.hours, self.profile.hours)))
        return tuple(hours_of_day.read(text) for text in texts)

    @property
    def passes_an_hour(self) -> int | None:
        """The smaller of the two limits, or None without one."""
        limits = [n for n in (self.everywhere.passes_an_hour, self.profile.passes_an_hour) if n is not None]
        return min(limits, default=None)

    @property
    def ticket_days(self) -> int:
        """How many days a ticket may be claimed, the smaller of the two limits."""
        limits = (self.everywhere.ticket_days, self.profile.ticket_days)
        return min(days for days in (*limits, LONGEST_TICKET) if days is not None)
