"""The worklist: gather what the store holds, and settle an alert once somebody has looked. Asks the tenant nothing."""

from __future__ import annotations

from datetime import timedelta

from agent.actions import authority, settling
from agent.domain import alerts, worklist
from agent.domain.journeys import JourneyState
from agent.domain.people import Operator
from agent.ports import Agent, AuditEntry

#: How many journeys that ended lately are looked at, newest first.
_LATELY = 500


def rows(agent: Agent) -> tuple[worklist.Row, ...]:
    """What a person has to look at now, the critical first."""
    now = agent.clock.now()
    with agent.store.begin() as tx:
        ended = [j for j in tx.journeys.recent(_LATELY) if j.state is not JourneyState.OPEN]
        lately = [j for j in ended if j.closed_at and j.closed_at >= now - worklist.TOLD_FOR - timedelta(hours=1)]
        kept_journeys = (*tx.journeys.open(), *lately)
        passes = {row.id: row for row in tx.passes.open()}
        passes |= {j.pass_id: tx.passes.get(j.pass_id) for j in kept_journeys if j.pass_id not in passes}
        odd = {j.id: settling.unexplained_in(agent, tx, [j]) for j in kept_journeys if j.state is JourneyState.OPEN}
        raised = tuple(tx.alerts.open())
    profiles = {journey: agent.profiles.get(journey.profile) for journey in kept_journeys}
    return worklist.rows(worklist.Kept(profiles, passes, raised, odd), now)


def settle(agent: Agent, alert_id: str, by: Operator, note: str) -> alerts.Alert:
    """Somebody has looked at an alert and says what it was. Raises NotFound."""
    authority.may(agent, by, authority.SETTLE)
    now = agent.clock.now()
    with agent.store.begin() as tx:
        alert = tx.alerts.get(alert_id)
        saved = tx.alerts.save(alert.settled(now, by.name, note)) if alert.open else alert
        facts = {"alert": alert.id, "note": note}
        tx.audit.append(AuditEntry(now, by.name, "alert.settle", "settled", alert.person_id, facts=facts))
    return saved
