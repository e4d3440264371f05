"""Who asks, and the guard rails around them: gathered by every verb that may lead to a pass."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from agent.domain.cases import Desk
from agent.domain.people import Operator
from agent.ports import Agent

_AN_HOUR = timedelta(hours=1)


def of(agent: Agent, by: Operator) -> Desk:
    """The desk of this operator now."""
    now = agent.clock.now()
    with agent.store.begin() as tx:
        begun = tx.passes.begun_by(by.id, now - _AN_HOUR)
    settings = agent.settings
    local = now.astimezone(ZoneInfo(settings.sites[0].zone))
    return Desk(by, local, begun, settings.guard_rails, real=not settings.sandbox)
