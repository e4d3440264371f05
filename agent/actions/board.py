"""What the board and `tapslip status` show: each journey, its stage, pass and slips. Reads the store only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agent.actions import settling
from agent.domain import milestones, passes
from agent.domain.journeys import Journey, JourneyState
from agent.ports import Agent, Transaction

#: How many closed journeys a page shows, behind all the open ones.
ROWS = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One journey as shown `at` a moment: `title` is the profile's, or its name where it is no longer there.

    `row` is our pass of it, `unexpected` what nobody explained.
    """

    journey: Journey
    title: str
    standing: milestones.Standing
    row: passes.Pass | None
    slips: tuple[passes.Slip, ...]
    at: datetime
    unexpected: tuple[str, ...] = ()


def board(agent: Agent, limit: int = ROWS) -> tuple[Row, ...]:
    """Every open journey, then the newest closed ones up to `limit`; newest first."""
    with agent.store.begin() as tx:
        open_ones = tuple(tx.journeys.open())
        recent = tx.journeys.recent(limit + len(open_ones))
        closed = [journey for journey in recent if journey.state is not JourneyState.OPEN][:limit]
        return tuple(_row(agent, tx, journey) for journey in (*reversed(open_ones), *closed))


def one(agent: Agent, journey_id: str) -> Row:
    """One journey by its id, any case; raises NotFound."""
    with agent.store.begin() as tx:
        return _row(agent, tx, tx.journeys.get(journey_id.strip().upper()))


def _row(agent: Agent, tx: Transaction, journey: Journey) -> Row:
    now, held = agent.clock.now(), tx.passes.get(journey.pass_id)
    slips = tuple(tx.slips.of_journey(journey.id))
    odd = tuple(seen.detail for seen in settling.unexplained_in(agent, tx, [journey]))
    profile = agent.profiles.get(journey.profile)
    if profile is None:
        return Row(journey, journey.profile, _without_profile(journey), held, slips, now, odd)
    standing = milestones.told(journey, milestones.standing(journey, profile, now), held, now)
    return Row(journey, profile.title, standing, held, slips, now, odd)


def _without_profile(journey: Journey) -> milestones.Standing:
    """Nothing can be computed, so it needs somebody; what closed it is known all the same."""
    stage = f"the profile {journey.profile} is no longer there: put it back, or close this journey"
    closed = journey.state is not JourneyState.OPEN
    return milestones.Standing(
        {}, (), complete=False, needs_pass=not closed, stage=journey.state.value if closed else stage
    )
