"""What the board and `tapslip status` show: each journey, its stage, pass and slips. Reads the store only."""

from __future__ import annotations

from dataclasses import dataclass

from agent import errors
from agent.actions import track
from agent.domain import milestones, passes
from agent.domain.journeys import Journey
from agent.ports import Agent

#: How many journeys a page shows; open ones come first.
ROWS = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One journey as shown: `title` is the profile's, `row` our pass of it, `unexpected` what nobody explained."""

    journey: Journey
    title: str
    standing: milestones.Standing
    row: passes.Pass | None
    slips: tuple[passes.Slip, ...]
    unexpected: tuple[str, ...] = ()


def board(agent: Agent, limit: int = ROWS) -> tuple[Row, ...]:
    """The newest journeys, open ones first."""
    with agent.store.begin() as tx:
        journeys = tx.journeys.recent(limit)
    rows = [_row(agent, journey) for journey in journeys if journey.profile in agent.profiles]
    return tuple(sorted(rows, key=lambda row: row.journey.closed_at is not None))


def one(agent: Agent, journey_id: str) -> Row:
    """One journey by its id, any case; raises NotFound, or Misconfigured when its profile is no longer there."""
    with agent.store.begin() as tx:
        journey = tx.journeys.get(journey_id.strip().upper())
    if journey.profile not in agent.profiles:
        raise errors.Misconfigured(
            f"Journey {journey.id} uses the profile {journey.profile}, which is no longer there.",
            f"Put the profile back, or `tapslip close {journey.id}`.",
        )
    return _row(agent, journey)


def _row(agent: Agent, journey: Journey) -> Row:
    profile = agent.profiles[journey.profile]
    with agent.store.begin() as tx:
        row = tx.passes.get(journey.pass_id)
        slips = tuple(tx.slips.of_journey(journey.id))
    odd = tuple(seen.detail for seen in track.unexplained(agent, [journey]))
    return Row(journey, profile.title, milestones.standing(journey, profile, agent.clock.now()), row, slips, odd)
