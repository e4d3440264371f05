"""From a row of the board to what a page shows: words, and a shape for each state, so that colour alone says nothing.

Pure: it reads no store and no clock. The shapes are drawn by `templates/marks.html`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from agent.actions.board import Row
from agent.domain import milestones, passes
from agent.domain.journeys import JourneyState
from agent.domain.passes import PassState
from agent.domain.profiles import Milestone


class Shape(StrEnum):
    """What stands before a word: a tick, a ring still empty, half a disc under way, a triangle, a cross, a dash."""

    REACHED = "reached"
    AHEAD = "ahead"
    UNDER_WAY = "under_way"
    ATTENTION = "attention"
    STOPPED = "stopped"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Mark:
    """A shape with its word; `at` is shown behind the word, where there is a moment to show."""

    shape: Shape
    word: str
    at: datetime | None = None
    note: str = ""


_CLOSED: Final[Mapping[JourneyState, tuple[Shape, str]]] = {
    JourneyState.DONE: (Shape.REACHED, "Done"),
    JourneyState.REVOKED: (Shape.STOPPED, "Revoked"),
    JourneyState.EXPIRED: (Shape.ATTENTION, "Expired"),
    JourneyState.MOVED: (Shape.STOPPED, "Moved"),
    JourneyState.ABANDONED: (Shape.STOPPED, "Abandoned"),
}


def stage(row: Row) -> Mark:
    """Where the journey stands, in words."""
    journey = row.journey
    if journey.state in _CLOSED:
        shape, word = _CLOSED[journey.state]
        return Mark(shape, word, journey.closed_at, journey.note)
    words = row.standing.stage
    return Mark(Shape.UNDER_WAY, words[:1].upper() + words[1:])


def steps(row: Row) -> tuple[Mark, ...]:
    """The milestones reached, then those still needed while the journey is open."""
    reached = [Mark(Shape.REACHED, milestones.describe(one), seen.at) for one, seen in row.standing.proofs.items()]
    if row.journey.state is not JourneyState.OPEN:
        return tuple(reached)
    return (*reached, *(Mark(Shape.AHEAD, milestones.describe(one)) for one in row.standing.missing))


def pass_state(row: Row, now: datetime) -> Mark:
    """How the pass stands and when it ends, ended or went, to be read after “Pass”; never anything of its code."""
    held = row.row
    if held is None:
        return Mark(Shape.NOTHING, "was never made")
    if held.state is PassState.ISSUED:
        return _issued(held, now, still_needed=row.journey.state is JourneyState.OPEN)
    if held.state is PassState.GONE:
        return Mark(Shape.REACHED, "gone since", held.gone_at, held.reason)
    if held.state is PassState.REFUSED:
        return Mark(Shape.STOPPED, "refused", note=held.reason)
    if held.state is PassState.UNKNOWN:
        return Mark(Shape.ATTENTION, "not known: Tapslip is looking", note=held.reason)
    return Mark(Shape.UNDER_WAY, "being issued" if held.state is PassState.ISSUING else "requested")


def needs_attention(row: Row, now: datetime) -> bool:
    """Whether somebody should look: something unexpected appeared, or the pass is unknown or over too soon."""
    return bool(row.unexpected) or pass_state(row, now).shape is Shape.ATTENTION


def attention_first(rows: Iterable[Row], now: datetime) -> list[Row]:
    """The rows that need somebody before the others; otherwise in the order given."""
    return sorted(rows, key=lambda row: not needs_attention(row, now))


def how_many_need_attention(rows: Iterable[Row], now: datetime) -> int:
    """For the heading of a long board."""
    return sum(needs_attention(row, now) for row in rows)


def _issued(held: passes.Pass, now: datetime, *, still_needed: bool) -> Mark:
    if held.terms.start is not None and held.terms.start > now:
        return Mark(Shape.AHEAD, "works from", held.terms.start)
    if held.ends_at is not None and held.ends_at <= now:
        return Mark(Shape.ATTENTION if still_needed else Shape.STOPPED, "ended", held.ends_at)
    return Mark(Shape.UNDER_WAY, "works until", held.ends_at)


def slip_state(slip: passes.Slip) -> Mark:
    """The slip's number, and whether it still counts."""
    if slip.state is passes.SlipState.LIVE:
        return Mark(Shape.UNDER_WAY, "live")
    return Mark(Shape.STOPPED, "void")


def milestone(one: Milestone) -> str:
    """The milestone as people read it."""
    return milestones.describe(one)
