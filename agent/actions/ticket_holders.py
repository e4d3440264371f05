"""The people that open tickets are for: whose account was disabled or is gone needs no ticket any more.

Tickets may lie about for two weeks, and nobody follows a journey yet: so these people are looked at for themselves,
now and then, many at once.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from agent import errors
from agent.actions import alarms, authority, ticket
from agent.domain.alerts import AlertKind
from agent.domain.facts import Known
from agent.domain.tickets import TicketState
from agent.ports import Agent

#: How often; a claim looks for itself anyway.
EVERY: Final = timedelta(minutes=15)
_MARK = "ticket holders"


def look(agent: Agent) -> tuple[str, ...]:
    """Void the tickets of whoever was disabled, if it is time to look; a sentence for each.

    Raises TenantUnreachable or TenantThrottled: then it is tried again with the next sweep.
    """
    now = agent.clock.now()
    with agent.store.begin() as tx:
        mark = tx.watermarks.get(_MARK)
        waiting = tx.tickets.waiting() if mark is None or now - mark >= EVERY else ()
    if not waiting:
        return ()
    found = agent.people.find([one.person_id for one in waiting])
    said = []
    for one in waiting:
        fact = found[one.person_id]
        if isinstance(fact, Known) and (fact.value is None or not fact.value.enabled):
            said += _void(agent, one.number, "the account was disabled" if fact.value else "the account is gone")
    with agent.store.begin() as tx:
        tx.watermarks.set(_MARK, now)
    return tuple(said)


def _void(agent: Agent, number: str, why: str) -> list[str]:
    """A ticket that is being claimed at this moment is left to its claim, which looks too."""
    try:
        with agent.store.begin() as tx:
            known = tx.tickets.get(number)
            if known.state is not TicketState.OPEN:
                return []
            saved = tx.tickets.save(known.voided(why))
            tx.audit.append(ticket.entry(agent, authority.ITSELF, saved, "ticket.void", why=why))
            told = (f"The ticket {number} of {known.user_name} is void: {why}.", "ask who did it; nothing is left")
            alarms.ring(tx, alarms.alert(agent, AlertKind.PERSON_DISABLED, known.person_id, number, told))
    except errors.Stale:
        return []
    return [f"ticket {number} is void: {why}"]
