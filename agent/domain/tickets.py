"""A ticket: a slip without a code, whose pass is minted when it is claimed.

    open -> claiming -> claimed          claiming -> open again, with the reason
    open, claiming, claimed -> void      claimed -> claiming, where a profile lets the same ticket mint again

A claim holds a lease with a fence: whoever comes back after it was taken away can save nothing. How long it works and
whether it rests after wrong tries is computed, never stored as a state.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from agent import errors
from agent.domain.claim_secrets import Seal
from agent.domain.passes import PassState
from agent.domain.people import Operator
from agent.domain.second_facts import SecondFact

#: A claim that takes longer than this was left half-way.
LEASE: Final = timedelta(seconds=60)
#: After so many wrong tries a ticket rests, and after so many it is void.
REST_AFTER, VOID_AFTER = 5, 15
REST: Final = timedelta(minutes=15)
#: Claims that are tried, right or wrong, by one operator or station, and by all.
A_MINUTE: Final = timedelta(minutes=1)
OWN_TRIES, ALL_TRIES = 10, 200


class TicketState(StrEnum):
    """Where a ticket stands; see the drawing above."""

    OPEN = "open"
    CLAIMING = "claiming"
    CLAIMED = "claimed"
    VOID = "void"

    @property
    def waits(self) -> bool:
        """Counts against one open ticket per person."""
        return self in {TicketState.OPEN, TicketState.CLAIMING}


@dataclass(frozen=True, slots=True)
class TicketItem:
    """One journey that the ticket is for: the profile as it stood, and the serial ("" where it has no device)."""

    profile: str
    digest: str
    serial: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be minted: journeys of one person, with what was asked for beyond the profiles.

    `lifetime` in minutes, None for what the journeys need; the rest as `cases.KitAsked`.
    """

    items: tuple[TicketItem, ...]
    lifetime: int | None = None
    lost_method: str = ""
    proof: str = ""
    stolen: bool = False
    desk_number: str = ""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ticket. Ids are object ids; nothing of it is secret but what the seals hide.

    `facts` are the second facts that a claim needs; `spoken` seals the PIN and the staff number together. `epoch` is
    that of the database when it was made or released. `pass_id` is the pass of the present or last claim, `claims` how
    often a pass was minted for it, `reason` why it is open again or void, `place` where its paper was put.
    """

    number: str
    person_id: str
    user_name: str
    person_name: str
    wanted: Wanted
    facts: tuple[SecondFact, ...]
    secret: Seal
    spoken: Seal
    made_at: datetime
    made_by: str
    made_by_name: str
    expires_at: datetime
    place: str = ""
    epoch: int = 0
    state: TicketState = TicketState.OPEN
    misses: int = 0
    rests_until: datetime | None = None
    fence: int = 0
    lease_until: datetime | None = None
    claimed_by: str = ""
    claimed_at: datetime | None = None
    claims: int = 0
    pass_id: str = ""
    reason: str = ""
    version: int = 0

    def expired(self, now: datetime) -> bool:
        """Whether it works no more."""
        return now >= self.expires_at

    def rests(self, now: datetime) -> bool:
        """Whether it rests after wrong tries."""
        return self.rests_until is not None and now < self.rests_until

    def held(self, epoch: int) -> bool:
        """Whether a backup was restored since it was made, and no lead has released it."""
        return self.epoch < epoch

    def dead(self, now: datetime, *, again: bool) -> bool:
        """Whether even the right secret opens nothing now; `again`: a claimed one may mint once more."""
        used = self.state is TicketState.CLAIMED and not again
        return self.state is TicketState.VOID or used or self.expired(now) or self.rests(now)

    def missed(self, now: datetime) -> Ticket:
        """After a wrong try: it rests after each fifth and is void after the fifteenth; while it rests none counts."""
        if self.state is TicketState.VOID or self.expired(now) or self.rests(now):
            return self
        misses = self.misses + 1
        if misses >= VOID_AFTER and self.state is not TicketState.CLAIMING:
            return replace(self, misses=misses, state=TicketState.VOID, reason=f"{misses} wrong tries")
        return replace(self, misses=misses, rests_until=now + REST if misses % REST_AFTER == 0 else self.rests_until)

    def leased(self, by: Operator, now: datetime) -> Ticket:
        """This ticket in the hands of one claim; Refused (`ticket_busy`) while another has it."""
        if self.state is TicketState.CLAIMING:
            raise errors.Refused(
                "This ticket is being claimed at this moment.",
                "Wait a minute and try again; `tapslip track` settles a claim that was left half-way.",
                codes=("ticket_busy",),
            )
        self._refuse_state(TicketState.OPEN, TicketState.CLAIMED)
        return replace(
            self,
            state=TicketState.CLAIMING,
            fence=self.fence + 1,
            lease_until=now + LEASE,
            claimed_by=by.id,
            pass_id="",
        )

    def begun(self, fence: int, pass_id: str) -> Ticket:
        """The intent to mint is on record; Stale when another took the claim over."""
        self._hold(fence)
        return replace(self, pass_id=pass_id)

    def claimed(self, fence: int, now: datetime) -> Ticket:
        """The pass was minted and handed over; Stale when another took the claim over."""
        self._hold(fence)
        return self._claimed(now)

    def given_up(self, fence: int, minted: PassState | None, now: datetime, why: str) -> Ticket:
        """After this claim went wrong: as the pass says, None where none was begun. Somebody else's is left alone."""
        ours = fence == self.fence
        if ours and self.state is TicketState.CLAIMED and minted in {PassState.REFUSED, PassState.GONE}:
            return replace(self, state=self._before(self.claims - 1), claims=self.claims - 1, reason=why)
        return self._settled(minted, now, why) if ours and self.state is TicketState.CLAIMING else self

    def left(self, minted: PassState | None, now: datetime) -> Ticket:
        """After a lease ran out: as the pass says; one in doubt keeps the ticket where it is."""
        over = self.state is TicketState.CLAIMING and self.lease_until is not None and now >= self.lease_until
        return self._settled(minted, now, "the claim was left half-way") if over else self

    def voided(self, why: str) -> Ticket:
        """This ticket, good for nothing any more; while a claim is under way Refused (`ticket_busy`)."""
        if self.state is TicketState.CLAIMING:
            raise errors.Refused(
                "This ticket is being claimed at this moment.",
                "Wait a minute, then look again; a pass that was minted is taken away with `tapslip revoke`.",
                codes=("ticket_busy",),
            )
        return replace(self, state=TicketState.VOID, reason=why)

    def released(self, epoch: int) -> Ticket:
        """Let it be claimed in this epoch."""
        return replace(self, epoch=epoch)

    def _settled(self, minted: PassState | None, now: datetime, why: str) -> Ticket:
        if minted is PassState.ISSUED:
            return self._claimed(now)
        if minted is None or not minted.open:
            return replace(self, state=self._before(self.claims), reason=why)
        return self

    def _claimed(self, now: datetime) -> Ticket:
        return replace(
            self,
            state=TicketState.CLAIMED,
            claimed_at=now,
            claims=self.claims + 1,
            misses=0,
            rests_until=None,
            reason="",
        )

    def _before(self, claims: int) -> TicketState:
        return TicketState.CLAIMED if claims else TicketState.OPEN

    def _hold(self, fence: int) -> None:
        if self.state is not TicketState.CLAIMING or self.fence != fence:
            raise errors.Stale(
                "This claim took so long that it was given up: the ticket is "
                f"{'claimed by somebody else' if self.fence != fence else self.state}.",
                "Nothing is live from it. Claim the ticket again.",
            )

    def _refuse_state(self, *allowed: TicketState) -> None:
        if self.state not in allowed:
            raise ValueError(f"a ticket cannot be claimed while it is {self.state}")


def refuse_many(own: int, of_all: int) -> None:
    """Refused (`too_many_claims`) when this try is one more than a minute may have."""
    if own > OWN_TRIES or of_all > ALL_TRIES:
        whose = "here" if own > OWN_TRIES else "at all stations together"
        raise errors.Refused(
            f"Too many claims were tried {whose} in the last minute.",
            "Wait a minute, then try again. Issuing at the bench goes on meanwhile.",
            codes=("too_many_claims",),
        )


def refusal() -> errors.Refused:
    """The one answer for a number that does not exist, a void, claimed, expired or resting ticket, and a wrong fact."""
    minutes = int(REST.total_seconds() // 60)
    return errors.Refused(
        "This ticket cannot be claimed like this.",
        "Compare number, secret and PIN with the paper. It may be used up, void or too old: then a technician makes a "
        f"new one. After {REST_AFTER} wrong tries a ticket rests for {minutes} minutes; after {VOID_AFTER} it is void.",
        codes=("ticket",),
    )
