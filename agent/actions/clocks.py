"""This machine's clock against the highest time that the store has seen: set back, what has run out would live again.

How far it is off Microsoft's is the preflight's matter; this catches the two being wrong together, and a database that
comes from another machine's future.
"""

from __future__ import annotations

from agent import errors
from agent.actions import audit
from agent.domain.milestones import CLOCK_SLACK
from agent.domain.people import Operator
from agent.ports import Agent, AuditEntry, Transaction

_HIGHEST = "clock"


def refuse_set_back(agent: Agent, by: Operator, action: str) -> None:
    """Refused, and audited, when it is earlier than the store has seen by more than the slack of five minutes."""
    now = agent.clock.now()
    with agent.store.begin() as tx:
        seen = tx.watermarks.get(_HIGHEST)
        if seen is None or now >= seen - CLOCK_SLACK:
            return
        facts = audit.operator(by) | {"refusals": "clock_set_back", "why": f"{seen.isoformat()} was seen before"}
        tx.audit.append(AuditEntry(now, by.name, action, "refused", facts=facts))
    raise errors.Refused(
        f"This machine's clock shows {now:%Y-%m-%d %H:%M} UTC, and passes were made here at {seen:%Y-%m-%d %H:%M} UTC.",
        "Set the clock, then try again. Nothing was minted.",
        codes=("clock_set_back",),
    )


def remember(tx: Transaction, agent: Agent) -> None:
    """Keep the time of a mint: it was within five minutes of Microsoft's, or nothing would be minted."""
    tx.watermarks.set(_HIGHEST, agent.clock.now())
