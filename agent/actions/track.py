"""Follow every open journey: look, remember what was seen, take passes away that nobody needs, and close what is done.

One call is one sweep. It may run at any moment, twice, or in two processes: what was seen is a set, and every change
is saved by version.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent import errors
from agent.actions import audit, authority, mend, observe, removal
from agent.domain import milestones, passes
from agent.domain.facts import Known
from agent.domain.journeys import Journey, JourneyState, Observation, family
from agent.domain.profiles import Milestone
from agent.ports import Agent, AuditEntry, Transaction

#: The longest window in which the tenant counts what we write: a pass that ends in it has to be deleted in it.
_SOON = timedelta(seconds=150)
_BY_HAND = "The program has no right to delete passes by itself: revoke it with `tapslip revoke`."


@dataclass(frozen=True, slots=True)
class Progress:
    """One journey after a sweep: how it stands, what is new, and what appeared that nobody expected."""

    journey: Journey
    standing: milestones.Standing
    new: tuple[Milestone, ...] = ()
    unexpected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sweep:
    """What one sweep found: progress by journey, sources not read, trouble that was met, and doubts now settled."""

    progress: tuple[Progress, ...]
    unread: tuple[str, ...] = ()
    trouble: tuple[str, ...] = ()
    settled: tuple[str, ...] = ()


@dataclass
class _Notes:
    trouble: list[str] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)


def track(agent: Agent) -> Sweep:
    """One sweep over everything open. Raises TenantUnreachable, TenantThrottled or Misconfigured."""
    notes = _Notes()
    _mend_doubts(agent, notes)
    _remove_orphans(agent, notes)
    with agent.store.begin() as tx:
        open_journeys = tuple(tx.journeys.open())
    known = tuple(j for j in open_journeys if j.profile in agent.profiles)
    for journey in set(open_journeys) - set(known):
        notes.trouble.append(f"{journey.id}: the profile {journey.profile} is no longer there")
    if not known:
        return Sweep((), (), tuple(notes.trouble), tuple(notes.settled))
    view = observe.look(agent, known, agent.profiles)
    found = [_remember(agent, journey, view) for journey in known]
    for person_id, kit in _kits(found).items():
        try:
            _settle(agent, person_id, kit, view, notes)
        except errors.AgentError as problem:
            notes.trouble.append(f"{kit[0].user_name}: {problem.summary} {problem.advice}".strip())
    return Sweep(_progress(agent, known, view), view.unread(), tuple(notes.trouble), tuple(notes.settled))


def _mend_doubts(agent: Agent, notes: _Notes) -> None:
    with agent.store.begin() as tx:
        doubtful = [row for row in tx.passes.open() if mend.in_doubt(row, agent.clock.now())]
    for row in doubtful:
        try:
            mended = mend.mend(agent, row, authority.ITSELF.name)
        except errors.AgentError as problem:
            notes.trouble.append(f"pass {row.id}: {problem.summary} {problem.advice}".strip())
            continue
        if mended.state is passes.PassState.UNKNOWN:
            notes.trouble.append(f"pass {row.id}: {mended.reason}")
        elif mended.state is not row.state:
            notes.settled.append(f"pass {row.id}, in doubt until now, is {mended.state}: {mended.reason}".rstrip(": "))


def _remove_orphans(agent: Agent, notes: _Notes) -> None:
    """Two that close the last two journeys of a kit at once may each leave the pass to the other."""
    with agent.store.begin() as tx:
        waiting = {journey.person_id for journey in tx.journeys.open()}
        orphans = [r for r in tx.passes.open() if r.state is passes.PassState.ISSUED and r.person_id not in waiting]
    for row in orphans:
        try:
            if not removal.by_itself(agent):
                notes.trouble.append(f"pass {row.id}: no open journey needs it. {_BY_HAND}")
                continue
            removal.remove(agent, row, removal.Reason("no open journey needs it", authority.ITSELF.name))
        except errors.AgentError as problem:
            notes.trouble.append(f"pass {row.id}: {problem.summary} {problem.advice}".strip())


def _remember(agent: Agent, journey: Journey, view: observe.View) -> Journey:
    """Add what was seen, with one audit row for each new milestone; somebody else's newer row is left alone."""
    profile = agent.profiles[journey.profile]
    before = milestones.reached(journey, profile)
    richer = journey.with_seen(observe.seen(view, journey))
    if richer.observations == journey.observations:
        return journey
    try:
        with agent.store.begin() as tx:
            saved = tx.journeys.save(richer)
            for milestone, proof in milestones.reached(saved, profile).items():
                if milestone not in before:
                    tx.audit.append(_milestone_entry(agent, saved, milestone, f"{proof.source}: {proof.detail}"))
    except errors.Stale:
        with agent.store.begin() as tx:
            return tx.journeys.get(journey.id)
    return saved


def _milestone_entry(agent: Agent, journey: Journey, milestone: Milestone, proof: str) -> AuditEntry:
    return AuditEntry(
        agent.clock.now(),
        authority.ITSELF.name,
        "journey.milestone",
        milestone.value,
        journey.person_id,
        journey.id,
        journey.pass_id,
        audit.kit([journey]) | {"evidence": proof},
    )


def _kits(found: Iterable[Journey]) -> dict[str, list[Journey]]:
    kits: dict[str, list[Journey]] = {}
    for journey in found:
        if journey.state is JourneyState.OPEN:
            kits.setdefault(journey.person_id, []).append(journey)
    return kits


def _settle(agent: Agent, person_id: str, kit: Sequence[Journey], view: observe.View, notes: _Notes) -> None:
    """Take the pass away when no journey of the kit needs it, then close what is done or has run out of time."""
    standings = {journey: _standing(agent, journey, view.at) for journey in kit}
    odd = unexplained(agent, kit)
    notes.trouble.extend(f"{kit[0].user_name}: unexpected: {seen.detail} ({seen.sight.value})" for seen in odd)
    row = _open_pass(agent, person_id)
    over = row is not None and row.ends_at is not None and view.at >= row.ends_at
    kept = False
    if row is not None and row.ends_at is not None and view.at < row.ends_at <= view.at + _SOON:
        agent.passes.removal_due(row.ends_at)
    if row is not None and row.state is passes.PassState.ISSUED:
        row = _notice_gone(agent, row, view, notes)
        needed = any(standing.needs_pass for standing in standings.values()) and not over
        if row.state is passes.PassState.ISSUED and not needed:
            why = "its time was up" if over else "the new credential is in use"
            kept = not _may_go(person_id, view, notes, over=over)
            if not kept and not removal.by_itself(agent):
                kept = not over
                notes.trouble.append(f"{kit[0].user_name}: the pass is no longer needed: {why}. {_BY_HAND}")
            elif not kept:
                removal.remove(agent, row, removal.Reason(why, authority.ITSELF.name))
    ended = row.ends_at if row is not None else None
    _close_settled(agent, kit, view.at, ended, settled=not odd and not kept)


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


def _open_pass(agent: Agent, person_id: str) -> passes.Pass | None:
    with agent.store.begin() as tx:
        rows = tx.passes.open_of(person_id)
    return rows[0] if rows else None


def _notice_gone(agent: Agent, row: passes.Pass, view: observe.View, notes: _Notes) -> passes.Pass:
    """When the tenant no longer lists our pass, somebody else deleted or replaced it: write that down."""
    fact = view.listed.get(row.person_id)
    if not isinstance(fact, Known) or any(found.id == row.tenant_id for found in fact.value):
        return row
    why = row.reason or ("replaced outside Tapslip" if fact.value else "deleted outside Tapslip")
    with agent.store.begin() as tx:
        fresh = tx.passes.get(row.id)
        if fresh.state is not passes.PassState.ISSUED or fresh.issued_at is None or fresh.issued_at > view.at:
            return fresh
        if not row.reason:
            notes.trouble.append(f"pass {row.id} was {why}: its slips are void. Issue again if it is still needed.")
        return removal.record_gone(agent, tx, fresh, removal.Reason(why, authority.ITSELF.name))


def _may_go(person_id: str, view: observe.View, notes: _Notes, *, over: bool) -> bool:
    """A pass that still works is kept while it is the person's only strong method: a person decides then."""
    fact = view.methods.get(person_id)
    if over or (isinstance(fact, Known) and any(method.strong for method in fact.value)):
        return True
    notes.trouble.append("a pass is the person's only strong method: revoke it by hand when that is right")
    return False


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


def _progress(agent: Agent, before: Sequence[Journey], view: observe.View) -> tuple[Progress, ...]:
    with agent.store.begin() as tx:
        after = [tx.journeys.get(journey.id) for journey in before]
        held = [tx.passes.get(journey.pass_id) for journey in after]
    odd = {person: tuple(o.detail for o in unexplained(agent, kit)) for person, kit in _kits(after).items()}
    progress = []
    for old, journey, row in zip(before, after, held, strict=True):
        standing = milestones.told(journey, _standing(agent, journey, view.at), row, view.at)
        earlier = milestones.reached(old, agent.profiles[old.profile])
        new = tuple(m for m in standing.proofs if m not in earlier)
        progress.append(Progress(journey, standing, new, odd.get(journey.person_id, ())))
    return tuple(progress)
