"""Who asks, and the guard rails around them: gathered by every verb that may lead to a pass."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from agent import errors
from agent.domain.cases import Desk, KitAsked
from agent.domain.guard_rails import InForce
from agent.domain.people import Operator
from agent.ports import Agent, Transaction

_AN_HOUR = timedelta(hours=1)


def of(agent: Agent, by: Operator) -> Desk:
    """The desk of this operator now."""
    now = agent.clock.now()
    with agent.store.begin() as tx:
        begun = tx.passes.begun_by(by.id, now - _AN_HOUR)
    settings = agent.settings
    local = now.astimezone(ZoneInfo(settings.sites[0].zone))
    return Desk(by, local, begun, settings.guard_rails, real=not settings.sandbox)


def refuse_beyond(agent: Agent, tx: Transaction, asked: KitAsked) -> None:
    """Refused (`quota_used`) when the operator began their last pass since the look, in this process or another.

    For the unit of work that begins a pass, after something in it that only one process at a time may write.
    """
    desk = asked.desk
    every = (InForce(desk.everywhere, item.profile.guard_rails).passes_an_hour for item in asked.items)
    limit = min((limit for limit in every if limit is not None), default=None)
    if limit is None or desk.by is None:
        return
    begun = tx.passes.begun_by(desk.by.id, agent.clock.now() - _AN_HOUR)
    if begun >= limit:
        raise errors.Refused(
            f"You have begun {begun} passes in the last hour, and {limit} are allowed.",
            "Wait, or let a colleague issue it. Nothing was minted.",
            codes=("quota_used",),
        )
