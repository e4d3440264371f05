"""What becomes of a paper once it counts no more: somebody says that it was destroyed."""

from __future__ import annotations

from dataclasses import replace

from agent import errors
from agent.actions import audit, authority
from agent.domain import passes
from agent.domain.people import Operator
from agent.ports import Agent, AuditEntry


def destroyed(agent: Agent, number: str, by: Operator) -> passes.Slip:
    """Write down that a void slip was destroyed. Raises NotFound, and Refused by role and while its code may work."""
    authority.may(agent, by, authority.VOID)
    with agent.store.begin() as tx:
        slip = tx.slips.get(number)
        if slip.state is passes.SlipState.DESTROYED:
            return slip
        if slip.state is not passes.SlipState.VOID:
            raise errors.Refused(
                f"The slip {number} is {slip.state}: its code may work.",
                f"First `tapslip revoke {slip.journey_id}`, or let `tapslip track` end it; then destroy the slip.",
                codes=("slip_live",),
            )
        saved = tx.slips.save(replace(slip, state=passes.SlipState.DESTROYED))
        journey = tx.journeys.get(saved.journey_id)
        facts = audit.operator(by) | audit.kit([journey]) | {"note": f"slip {number} at {saved.place}"}
        entry = AuditEntry(agent.clock.now(), by.name, "slip.destroy", "destroyed", journey.person_id, journey.id)
        tx.audit.append(replace(entry, pass_id=saved.pass_id, facts=facts))
    return saved
