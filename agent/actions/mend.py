"""After a lost answer: look until the pass is seen or ten minutes have gone by, and delete only what is ours.

Ours is provable when all of this holds: the id was not there just before we asked, the terms are the ones we
asked for, it was made no earlier than we asked, and where the audit log can be read it names our app as the maker: or,
for a pass asked for in an operator's own name, that operator, because Entra's audit names the user then and no app. Its
rows come late: until there is one, nothing is proven.
Anything else is somebody else's pass and stays: Entra holds one pass for a person, so ours is not there then, and a
person decides about theirs.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from agent import errors
from agent.actions import audit, removal
from agent.domain import journeys, passes
from agent.domain.facts import Known
from agent.ports import Agent, AuditEntry, Transaction
from agent.settings import IssueAs

#: A create whose answer was lost shows within minutes or not at all (one look each sweep until then).
LOOK_FOR = timedelta(minutes=10)
#: A record left at `issuing` this long belongs to a process that died in the middle.
ABANDONED_AFTER = timedelta(minutes=2)
#: How far the tenant's clock may be behind ours.
_SLACK = timedelta(minutes=5)


def in_doubt(row: passes.Pass, now: datetime) -> bool:
    """Whether the outcome of this pass has to be found out."""
    if row.state is passes.PassState.UNKNOWN:
        return True
    return row.state is passes.PassState.ISSUING and now - row.requested_at > ABANDONED_AFTER


def _provably_ours(agent: Agent, row: passes.Pass, found: passes.TenantPass) -> bool:
    same_terms = found.lifetime == row.terms.lifetime and found.one_time == row.terms.one_time
    in_time = found.created is not None and found.created >= row.requested_at - _SLACK
    if not same_terms or not in_time:
        return False
    audits = agent.activity.pass_audits(row.requested_at - _SLACK)
    if not isinstance(audits, Known):
        return True
    us = agent.tenant.token("issuer")
    makers = {audit.app_id for audit in audits.value if audit.pass_id == found.id and audit.made}
    in_own_name = agent.settings.issue_as is IssueAs.OPERATOR and row.by_id in makers
    return in_own_name or (isinstance(us, Known) and us.value in makers)


def mend(agent: Agent, row: passes.Pass, by: str) -> passes.Pass:
    """Look once and settle what can be settled: the record ends `refused`, or stays `unknown` with the reason.

    Raises TenantUnreachable or TenantThrottled when the tenant cannot be asked.
    """
    fact = agent.passes.of([row.person_id])[row.person_id]
    if not isinstance(fact, Known):
        return _save(agent, row, passes.PassState.UNKNOWN, fact.reason, by)
    new = [found for found in fact.value if found.id not in row.others]
    ours = [row.tenant_id] if row.tenant_id else [found.id for found in new if _provably_ours(agent, row, found)]
    why = "our pass was deleted" if row.tenant_id else "our pass was found and deleted"
    for tenant_id in ours:
        row = replace(row, tenant_id=tenant_id)
        try:
            row = replace(row, reference=removal.delete_in_tenant(agent, row.person_id, tenant_id))
        except (errors.OutcomeUnknown, errors.TenantRefused) as problem:
            return _save(agent, row, passes.PassState.UNKNOWN, problem.summary, by)
    if ours:
        return _save(agent, row, passes.PassState.REFUSED, why, by)
    over = agent.clock.now() - row.requested_at > LOOK_FOR
    if new:
        decides = "in ten minutes nothing proved it: a person decides" if over else "it stays until something proves it"
        why = f"a pass is there that is not provably ours ({new[0].id}); {decides}"
    else:
        why = "no pass ever appeared" if over else "no pass has appeared yet"
    return _save(agent, row, passes.PassState.REFUSED if over else passes.PassState.UNKNOWN, why, by)


def _save(agent: Agent, looked: passes.Pass, state: passes.PassState, why: str, by: str) -> passes.Pass:
    """Write down what a look has shown; `looked` names the pass that it found, and the request that deleted it."""
    now = agent.clock.now()
    with agent.store.begin() as tx:
        row = tx.passes.get(looked.id)
        papers = [slip for slip in tx.slips.of_pass(row.id) if slip.state is passes.SlipState.PLANNED]
        why = "; ".join([why, *(f"destroy slip {slip.number} at {slip.place} if it is there" for slip in papers)])
        settled = row.state not in {passes.PassState.ISSUING, passes.PassState.UNKNOWN}
        if settled or (row.state is state and row.reason == why):
            return row
        if row.state is passes.PassState.ISSUING:
            row = row.moved(passes.PassState.UNKNOWN)
        row = replace(row, reason=why, tenant_id=row.tenant_id or looked.tenant_id)
        saved = tx.passes.save(row if row.state is state else row.moved(state))
        if state is passes.PassState.REFUSED:
            void_planned(tx, row.id)
            _abandon_new(tx, row, now, why)
        kit = [journey for journey in tx.journeys.of_person(row.person_id) if journey.pass_id == row.id]
        facts = audit.kit(kit) | audit.told(why=why, tenant_pass=looked.tenant_id, reference=looked.reference)
        tx.audit.append(AuditEntry(now, by, "pass.mend", state.value, row.person_id, pass_id=row.id, facts=facts))
    return saved


def _abandon_new(tx: Transaction, row: passes.Pass, now: datetime, why: str) -> None:
    """Journeys that were opened for this pass alone never began."""
    for journey in tx.journeys.of_person(row.person_id):
        new = journey.pass_id == row.id and journey.opened_at >= row.requested_at
        if new and journey.state is journeys.JourneyState.OPEN:
            tx.journeys.save(journey.closed(journeys.JourneyState.ABANDONED, now, why))


def void_planned(tx: Transaction, pass_id: str) -> None:
    """The papers of a pass that was never handed over count no more."""
    for slip in tx.slips.of_pass(pass_id):
        if slip.state is passes.SlipState.PLANNED:
            tx.slips.save(replace(slip, state=passes.SlipState.VOID))
