"""Taking a pass away: delete it, ask the tenant whether it is gone, then void its slips and write it down.

The order matters: our record says `gone` only after the tenant has said so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent import errors
from agent.actions import audit
from agent.domain import journeys, passes, rights
from agent.domain.facts import Known, NotChecked
from agent.ports import Agent, AuditEntry, Transaction

#: Entra shows a deletion within seconds; what is still listed after these looks is left to the next sweep.
_LOOKS = 3
_PAUSE_SECONDS = 1.0
#: What to do about a pass that should go, where the program may not see to it.
BY_HAND = "The program has no right to delete passes by itself: revoke it with `tapslip revoke`."


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a pass goes, in one sentence, and on whose behalf (an operator's name); the tenant's id of the request."""

    sentence: str
    by: str
    reference: str = ""


def by_itself(agent: Agent) -> bool:
    """Whether the program may delete passes in nobody's name; where they are made in operators' names it need not."""
    fact = agent.tenant.rights("issuer")
    return isinstance(fact, NotChecked) or rights.may_issue(fact.value)


def still_listed(agent: Agent, person_id: str, tenant_id: str) -> bool:
    """Whether the tenant still lists that pass; raises TenantRefused when it may not be asked."""
    for look in range(_LOOKS):
        fact = agent.passes.of([person_id])[person_id]
        if isinstance(fact, NotChecked):
            raise errors.TenantRefused(
                f"Whether the pass is gone could not be checked: {fact.reason}",
                f"Grant {fact.permission} to the issuer registration." if fact.permission else "",
                status=403,
            )
        if isinstance(fact, Known) and all(found.id != tenant_id for found in fact.value):
            return False
        if look + 1 < _LOOKS:
            agent.clock.wait(_PAUSE_SECONDS)
    return True


def delete_in_tenant(agent: Agent, person_id: str, tenant_id: str) -> str:
    """Delete one pass and see it gone; returns the request's id, raises OutcomeUnknown when it goes on being listed."""
    reference = agent.passes.delete(person_id, tenant_id)
    if still_listed(agent, person_id, tenant_id):
        raise errors.OutcomeUnknown(
            "The pass was deleted, but the tenant still lists it.",
            "Run `tapslip track` in a minute: it deletes and asks again until the pass is gone.",
            reference,
        )
    return reference


def remove(agent: Agent, row: passes.Pass, reason: Reason) -> passes.Pass:
    """Take an issued pass of ours away for good; returns our record, now `gone`.

    Raises TenantRefused, TenantUnreachable or OutcomeUnknown; our record then still says `issued`.
    """
    try:
        reference = delete_in_tenant(agent, row.person_id, row.tenant_id)
    except errors.OutcomeUnknown:
        with agent.store.begin() as tx:
            tx.passes.save(replace(tx.passes.get(row.id), reason=reason.sentence))
        raise
    with agent.store.begin() as tx:
        fresh = tx.passes.get(row.id)
        if fresh.state is passes.PassState.GONE:
            return fresh
        return record_gone(agent, tx, fresh, replace(reason, reference=reference))


def record_gone(agent: Agent, tx: Transaction, row: passes.Pass, reason: Reason) -> passes.Pass:
    """Write down that a pass is gone: its record, its slips, its journeys' evidence and the audit."""
    now = agent.clock.now()
    gone = tx.passes.save(row.moved(passes.PassState.GONE, gone_at=now, reason=reason.sentence))
    for slip in tx.slips.of_pass(row.id):
        if slip.state is passes.SlipState.LIVE:
            tx.slips.save(replace(slip, state=passes.SlipState.VOID))
    seen = journeys.Observation(journeys.Sight.PASS_GONE, row.id, now, "temporaryAccessPassMethods", reason.sentence)
    kit = [journey for journey in tx.journeys.of_person(row.person_id) if journey.pass_id == row.id]
    for journey in kit:
        if journey.state is journeys.JourneyState.OPEN:
            tx.journeys.save(journey.with_seen([seen]))
    facts = audit.kit(kit) | audit.told(why=reason.sentence, tenant_pass=row.tenant_id, reference=reason.reference)
    tx.audit.append(AuditEntry(now, reason.by, "pass.remove", "gone", row.person_id, pass_id=row.id, facts=facts))
    return gone
