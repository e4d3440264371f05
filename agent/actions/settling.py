"""What follows from what was seen of one person: take the pass away when nobody needs it, and close what is over.

Only for somebody who was looked at closely: of the others nothing is known, and nothing is judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from agent.actions import alarms, audit, authority, observe, removal
from agent.domain import milestones, passes
from agent.domain.alerts import AlertKind
from agent.domain.facts import Known
from agent.domain.journeys import Journey, JourneyState, Observation, family
from agent.ports import Agent, AuditEntry, Transaction

#: The longest window in which the tenant counts what we write: a pass that ends in it has to be deleted in it.
_SOON = timedelta(seconds=150)
_DECIDE = "see that the person gets in with something else, then `tapslip revoke` the journey"


def settle(agent: Agent, person_id: str, view: observe.View, trouble: list[str]) -> None:
    """Take the pass away when no journey of the kit needs it, then close what is done or has run out of time.

    The kit is read anew: a journey that was opened while the tenant was asked may need the pass. `trouble` is added
    to. Raises TenantRefused, TenantUnreachable or OutcomeUnknown when the pass could not be taken away.
    """
    kit = open_kit(agent, person_id)
    if not kit or _void_disabled(agent, kit, view, trouble):
        return
    odd = unexplained(agent, kit)
    trouble.extend(f"{kit[0].user_name}: unexpected: {seen.detail} ({seen.sight.value})" for seen in odd)
    row = open_pass(agent, person_id)
    over = row is not None and row.ends_at is not None and view.at >= row.ends_at
    kept = False
    if row is not None and row.ends_at is not None and view.at < row.ends_at <= view.at + _SOON:
        agent.passes.removal_due(row.ends_at)
    if row is not None and row.state is passes.PassState.ISSUED:
        row = row if over else _notice_gone(agent, row, view, trouble)
        idle = view.whole(person_id) and not any(_standing(agent, journey, view.at).needs_pass for journey in kit)
        if row.state is passes.PassState.ISSUED and (idle or over):
            why = "its time was up" if over else "the new credential is in use"
            kept = not _may_go(agent, row, view, trouble, over=over)
            if not kept and not removal.by_itself(agent):
                kept = not over
                trouble.append(f"{kit[0].user_name}: the pass is no longer needed: {why}. {removal.BY_HAND}")
            elif not kept:
                removal.remove(agent, row, removal.Reason(why, authority.ITSELF.name))
    ended = row.ends_at if row is not None else None
    if view.whole(person_id):
        _close_settled(agent, kit, view.at, ended, settled=not odd and not kept)


def open_kit(agent: Agent, person_id: str) -> tuple[Journey, ...]:
    """A person's open journeys whose profile is there, oldest first."""
    with agent.store.begin() as tx:
        journeys = tx.journeys.of_person(person_id)
    return tuple(j for j in journeys if j.state is JourneyState.OPEN and j.profile in agent.profiles)


def open_pass(agent: Agent, person_id: str) -> passes.Pass | None:
    """Our open pass of a person."""
    with agent.store.begin() as tx:
        rows = tx.passes.open_of(person_id)
    return rows[0] if rows else None


def ending(agent: Agent, kit: Sequence[Journey], at: datetime) -> bool:
    """Whether a journey of the kit may be about to end: it is complete, or has run out of time."""
    with agent.store.begin() as tx:
        held = [tx.passes.get(journey.pass_id) for journey in kit]
        current = tx.passes.open_of(kit[0].person_id)
    ended = current[0].ends_at if current else None
    complete = any(_standing(agent, journey, at).complete for journey in kit)
    return complete or any(_out_of_time(row, ended, at) for row in held)


def unexplained(agent: Agent, kit: Sequence[Journey]) -> tuple[Observation, ...]:
    """What appeared while a kit was open and no journey of the person explains, those closed meanwhile included."""
    with agent.store.begin() as tx:
        return unexplained_in(agent, tx, kit)


def unexplained_in(agent: Agent, tx: Transaction, kit: Sequence[Journey]) -> tuple[Observation, ...]:
    """The same inside a unit of work that is open already."""
    since = min(journey.opened_at for journey in kit)
    related = family(tx.journeys.of_person(kit[0].person_id), since)
    return milestones.unexpected({j: agent.profiles[j.profile] for j in related if j.profile in agent.profiles})


def _standing(agent: Agent, journey: Journey, now: datetime) -> milestones.Standing:
    return milestones.standing(journey, agent.profiles[journey.profile], now)


def _notice_gone(agent: Agent, row: passes.Pass, view: observe.View, trouble: list[str]) -> passes.Pass:
    """When the tenant no longer lists our pass, somebody else deleted or replaced it: write that down.

    A list that is late lacks a pass that was just made, so it says nothing of such a one but what has taken its place.
    """
    fact = view.listed.get(row.person_id)
    if not isinstance(fact, Known) or any(found.id == row.tenant_id for found in fact.value):
        return row
    listed = {found.id for found in fact.value}
    replaced = "replaced outside Tapslip" if listed - set(row.others) else ""
    why = row.reason or replaced or passes.over(row, listed, view.at)
    if not why:
        return row
    with agent.store.begin() as tx:
        fresh = tx.passes.get(row.id)
        if fresh.state is not passes.PassState.ISSUED or fresh.issued_at is None or fresh.issued_at > view.at:
            return fresh
        if not row.reason:
            trouble.append(f"pass {row.id} was {why}: its slips are void. Issue again if it is still needed.")
            told = (f"Our pass was {why}; its slips are void.", "ask who did it; issue again if it is still needed")
            alarms.ring(tx, alarms.alert(agent, AlertKind.REPLACED_OUTSIDE, row.person_id, row.id, told))
        return removal.record_gone(agent, tx, fresh, removal.Reason(why, authority.ITSELF.name))


def _may_go(agent: Agent, row: passes.Pass, view: observe.View, trouble: list[str], *, over: bool) -> bool:
    """A pass that still works is kept while it is the person's only strong method: a person decides then."""
    fact = view.methods.get(row.person_id)
    if over or (isinstance(fact, Known) and any(method.strong for method in fact.value)):
        return True
    sentence = "a pass is the person's only strong method: revoke it by hand when that is right"
    trouble.append(sentence)
    ends = f"{row.ends_at:%Y-%m-%d %H:%M} UTC" if row.ends_at else "its end"
    told = (f"The pass is no longer needed, but it is the person's only strong method until {ends}.", _DECIDE)
    with agent.store.begin() as tx:
        alarms.ring(tx, alarms.alert(agent, AlertKind.ONLY_STRONG_METHOD, row.person_id, row.id, told))
    return False


def _void_disabled(agent: Agent, kit: Sequence[Journey], view: observe.View, trouble: list[str]) -> bool:
    """Somebody who was disabled gets in nowhere: the pass goes, and the journeys with it. Whether that was so."""
    fact = view.persons.get(kit[0].person_id)
    if not isinstance(fact, Known) or fact.value is None or fact.value.enabled:
        return False
    row, why = open_pass(agent, kit[0].person_id), "the account was disabled"
    told = (f"{kit[0].user_name} was disabled while a device was on its way.", "ask who did it; nothing else is left")
    with agent.store.begin() as tx:
        alarms.ring(tx, alarms.alert(agent, AlertKind.PERSON_DISABLED, kit[0].person_id, kit[0].pass_id, told))
    if row is not None and row.state is passes.PassState.ISSUED:
        if not removal.by_itself(agent):
            trouble.append(f"{kit[0].user_name}: {why}. {removal.BY_HAND}")
            return True
        removal.remove(agent, row, removal.Reason(why, authority.ITSELF.name))
    for stale in kit:
        with agent.store.begin() as tx:
            journey = tx.journeys.get(stale.id)
            if journey.state is JourneyState.OPEN:
                closed = tx.journeys.save(journey.closed(JourneyState.ABANDONED, view.at, why))
                tx.audit.append(closed_entry(closed, view.at, authority.ITSELF.name))
    return True


def _close_settled(
    agent: Agent, kit: Sequence[Journey], now: datetime, ended: datetime | None, *, settled: bool
) -> None:
    for stale in kit:
        with agent.store.begin() as tx:
            journey = tx.journeys.get(stale.id)
            if journey.state is not JourneyState.OPEN:
                continue
            standing = _standing(agent, journey, now)
            state, note = None, ""
            if not standing.missing and not standing.needs_pass and settled:
                state = JourneyState.DONE
                note = "use of the new credential: not checked" if standing.use_unknown else ""
            elif not standing.complete and _out_of_time(tx.passes.get(journey.pass_id), ended, now):
                state, note = JourneyState.EXPIRED, f"{standing.stage} when the pass ended"
            if state is not None:
                closed = tx.journeys.save(journey.closed(state, now, note))
                tx.audit.append(closed_entry(closed, now, authority.ITSELF.name))


def _out_of_time(row: passes.Pass, ended: datetime | None, now: datetime) -> bool:
    refused = row.requested_at if row.state is passes.PassState.REFUSED else None
    end = row.gone_at or row.ends_at or ended or refused
    return end is not None and now >= end + milestones.LATE_EVIDENCE


def closed_entry(journey: Journey, at: datetime, by: str) -> AuditEntry:
    """The audit row of a journey that was just closed, by itself or by hand."""
    return AuditEntry(
        at,
        by,
        "journey.close",
        journey.state.value,
        journey.person_id,
        journey.id,
        journey.pass_id,
        audit.kit([journey]) | audit.told(note=journey.note),
    )
