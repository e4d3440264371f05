"""Follow every open journey: look, remember what was seen, take passes away that nobody needs, and close what is done.

One call is one sweep. It may run at any moment, twice, or in two processes: what was seen is a set, and every change
is saved by version. It goes through the people in groups, whoever had their turn longest ago first, and what a group
showed is remembered before the next is asked about: a sweep that the tenant ends early is continued by the next one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from agent import errors
from agent.actions import authority, claim, looking, mend, removal, ticket_holders, turns
from agent.domain import passes
from agent.ports import Agent


@dataclass(frozen=True, slots=True)
class Sweep:
    """What one sweep found: progress by journey, sources not read, trouble that was met, and doubts now settled.

    `looked_at` counts the people who had their turn; of those who `wait` for the next sweep, `why` is the reason.
    """

    progress: tuple[looking.Progress, ...]
    unread: tuple[str, ...] = ()
    trouble: tuple[str, ...] = ()
    settled: tuple[str, ...] = ()
    looked_at: int = 0
    waits: int = 0
    why: errors.AgentError | None = None

    def cut_short(self) -> errors.AgentError | None:
        """An error that says how far it came and why it ended there; None when everybody was looked at."""
        if self.why is None:
            return None
        summary = f"{self.looked_at} of {self.looked_at + self.waits} people were looked at. {self.why.summary}"
        advice = f"{self.why.advice}\nThe next sweep goes on with those who wait; what was seen is remembered.".strip()
        if isinstance(self.why, errors.TenantThrottled):
            return errors.TenantThrottled(summary, advice, self.why.reference, retry_after=self.why.retry_after)
        if isinstance(self.why, errors.TenantRefused):
            return errors.TenantRefused(summary, advice, self.why.reference, status=self.why.status, code=self.why.code)
        return errors.TenantUnreachable(summary, advice, self.why.reference)


@dataclass
class _Notes:
    trouble: list[str] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)


def track(agent: Agent) -> Sweep:
    """One sweep over everything open, as far as the tenant lets it. Raises Misconfigured."""
    notes = _Notes()
    _mend_doubts(agent, notes)
    notes.settled.extend(claim.settle(agent))
    _look_at_ticket_holders(agent, notes)
    _remove_orphans(agent, notes)
    found = _through(agent, _followed(agent, notes))
    waits = list(dict.fromkeys(person for group in found for person in group.waits))
    looked_at = {person for group in found for person in group.looked_at}
    still = [person for person in waits if person not in looked_at]
    return Sweep(
        _together(found),
        tuple(dict.fromkeys(sentence for group in found for sentence in group.unread)),
        (*notes.trouble, *(sentence for group in found for sentence in group.trouble)),
        tuple(notes.settled),
        len(looked_at),
        len(still),
        next((group.why for group in reversed(found) if group.why is not None), None) if still else None,
    )


def _followed(agent: Agent, notes: _Notes) -> tuple[str, ...]:
    """Everybody with an open journey, in the order of their turns."""
    with agent.store.begin() as tx:
        open_journeys = tuple(tx.journeys.open())
    for journey in open_journeys:
        if journey.profile not in agent.profiles:
            notes.trouble.append(f"{journey.id}: the profile {journey.profile} is no longer there")
    return turns.in_order(agent, [j.person_id for j in open_journeys if j.profile in agent.profiles])


def _through(agent: Agent, persons: tuple[str, ...]) -> list[looking.Looked]:
    """Group by group. A group that cannot be asked about together is taken apart: one person must not stop the others.

    When the tenant does not answer for one person alone either, it is the tenant: the sweep ends there.
    """
    pace, found = looking.Pace(), list[looking.Looked]()
    groups = [persons[at : at + looking.TOGETHER] for at in range(0, len(persons), looking.TOGETHER)]
    while groups:
        group = groups.pop(0)
        found.append(looking.look_at(agent, group, pace))
        if found[-1].apart:
            groups[:0] = [(person,) for person in group]
        elif isinstance(found[-1].why, errors.TenantUnreachable):
            break
    return [*found, looking.Looked(waits=tuple(person for group in groups for person in group))]


def _together(found: list[looking.Looked]) -> tuple[looking.Progress, ...]:
    """One progress for each journey, though it may have been looked at twice."""
    by_journey: dict[str, looking.Progress] = {}
    for progress in (one for group in found for one in group.progress):
        earlier = by_journey.get(progress.journey.id)
        new = (*(earlier.new if earlier else ()), *progress.new)
        by_journey[progress.journey.id] = replace(progress, new=new)
    return tuple(by_journey.values())


def _look_at_ticket_holders(agent: Agent, notes: _Notes) -> None:
    try:
        notes.settled.extend(ticket_holders.look(agent))
    except errors.AgentError as problem:
        notes.trouble.append(f"people with open tickets: {problem.summary} {problem.advice}".strip())


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
                notes.trouble.append(f"pass {row.id}: no open journey needs it. {removal.BY_HAND}")
                continue
            removal.remove(agent, row, removal.Reason("no open journey needs it", authority.ITSELF.name))
        except errors.AgentError as problem:
            notes.trouble.append(f"pass {row.id}: {problem.summary} {problem.advice}".strip())
