"""Ending by hand: revoke a kit's pass, or close one journey.

A pass belongs to the whole kit, so revoking names every journey that loses it. Closing one journey takes the
pass away only when no other open journey of the person needs it.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent import errors
from agent.actions import authority, mend, removal, settling
from agent.domain import milestones, passes
from agent.domain.journeys import Journey, JourneyState
from agent.domain.people import Operator
from agent.ports import Agent


@dataclass(frozen=True, slots=True)
class Ended:
    """What ended: the journeys closed, and whether the pass is gone (None: there was none to take)."""

    closed: tuple[Journey, ...]
    pass_gone: bool | None


def kit_of(agent: Agent, journey_id: str) -> tuple[Journey, ...]:
    """The open journeys that share a pass with this one, itself first; NotFound, or Refused when it is closed."""
    with agent.store.begin() as tx:
        journey = tx.journeys.get(journey_id)
        others = tx.journeys.of_person(journey.person_id)
    if journey.state is not JourneyState.OPEN:
        raise errors.Refused(
            f"Journey {journey.id} is closed already ({journey.state}).",
            "Nothing needs to be done.",
            codes=("journey_closed",),
        )
    rest = [j for j in others if j.id != journey.id and j.state is JourneyState.OPEN and j.pass_id == journey.pass_id]
    return (journey, *rest)


def revoke(agent: Agent, journey_id: str, by: Operator) -> Ended:
    """Take the pass away from the whole kit and close every journey that is not complete as revoked.

    Raises TenantUnreachable or OutcomeUnknown when the tenant did not confirm: then nothing is closed.
    """
    authority.may_revoke(agent, by)
    kit = kit_of(agent, journey_id)
    gone = _take_away(agent, kit[0].pass_id, removal.Reason("revoked by hand", by.name))
    return Ended(tuple(_close(agent, journey, JourneyState.REVOKED, by) for journey in kit), gone)


def close(agent: Agent, journey_id: str, by: Operator) -> Ended:
    """Close one journey as abandoned; the pass goes unless another open journey of the kit needs it."""
    authority.may_revoke(agent, by)
    journey, *others = kit_of(agent, journey_id)
    needed = any(_needs_pass(agent, other) for other in others)
    gone = None
    if not needed:
        gone = _take_away(agent, journey.pass_id, removal.Reason(f"journey {journey.id} was closed by hand", by.name))
    return Ended((_close(agent, journey, JourneyState.ABANDONED, by),), gone)


def _needs_pass(agent: Agent, journey: Journey) -> bool:
    """A journey whose profile is no longer there may still need it."""
    profile = agent.profiles.get(journey.profile)
    return profile is None or milestones.standing(journey, profile, agent.clock.now()).needs_pass


def _take_away(agent: Agent, pass_id: str, reason: removal.Reason) -> bool | None:
    with agent.store.begin() as tx:
        row = tx.passes.get(pass_id)
    if row.state is passes.PassState.ISSUED:
        removal.remove(agent, row, reason)
        return True
    if row.state.open:
        mended = mend.mend(agent, row, reason.by)
        if mended.state.open:
            raise errors.OutcomeUnknown(
                f"Whether a pass was made is still in doubt: {mended.reason}.",
                "Run `tapslip track` until it is settled, then try again.",
            )
        return True
    return None


def _close(agent: Agent, stale: Journey, state: JourneyState, by: Operator) -> Journey:
    """Close one; what is complete is done, unless something appeared that nobody explained."""
    now = agent.clock.now()
    with agent.store.begin() as tx:
        journey = tx.journeys.get(stale.id)
        if journey.state is not JourneyState.OPEN:
            return journey
        stage = "its profile is no longer there"
        if (profile := agent.profiles.get(journey.profile)) is not None:
            standing = milestones.standing(journey, profile, now)
            odd = settling.unexplained_in(agent, tx, [journey])
            state = state if standing.missing or standing.needs_pass or odd else JourneyState.DONE
            stage = "; ".join([standing.stage, *(f"unexpected: {seen.detail}" for seen in odd)])
        closed = tx.journeys.save(journey.closed(state, now, f"closed by {by.name}: {stage}"))
        tx.audit.append(settling.closed_entry(closed, now, by.name))
    return closed
