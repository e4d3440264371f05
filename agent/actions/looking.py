"""Look at a group of people: ask the tenant, remember at once what it showed, settle whoever was seen.

What answers for many is asked for the whole group. What costs requests for each person, their pass and methods, comes
in portions: one person first, twice as many each time while it goes fast. So under the narrowest limits nobody waits
longer than the client's patience, and what was asked for a portion is never asked for in vain with all the others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent import errors
from agent.actions import audit, authority, observe, settling, turns
from agent.domain import milestones, passes
from agent.domain.journeys import Journey, JourneyState
from agent.domain.people import MethodKind
from agent.domain.profiles import Milestone
from agent.ports import Agent, AuditEntry

#: So many people fit one question to the sign-in log, which gives five answers in ten seconds.
TOGETHER = 15
#: Between two looks at all of a person's methods only those kinds are read that their journeys set up.
WHOLE_EVERY = timedelta(minutes=10)
#: A portion that takes longer met a limit, or a slow line: fewer people then.
_FAST_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Progress:
    """One journey after a look: how it stands, what is new, and what appeared that nobody expected."""

    journey: Journey
    standing: milestones.Standing
    new: tuple[Milestone, ...] = ()
    unexpected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Looked:
    """What became of a group: who was `looked_at`, and who still `waits`, with the (last) reason `why`.

    `apart` says that not even one source could be asked for all of them together: one by one it may go better.
    """

    progress: tuple[Progress, ...] = ()
    looked_at: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    why: errors.AgentError | None = None
    unread: tuple[str, ...] = ()
    trouble: tuple[str, ...] = ()
    apart: bool = False


@dataclass
class Pace:
    """How many people make a portion; it goes on from group to group of one sweep."""

    size: int = 1

    def took(self, seconds: float) -> None:
        """Twice as many next time after a fast portion, else half as many."""
        self.size = min(TOGETHER, self.size * 2) if seconds < _FAST_SECONDS else max(1, self.size // 2)


def look_at(agent: Agent, persons: Sequence[str], pace: Pace | None = None) -> Looked:
    """Look at these people (up to `TOGETHER` of them), remember and settle. Raises Misconfigured.

    Whoever could not be looked at closely is not judged: what the group's sources showed of them is remembered.
    """
    kits = {person: kit for person in persons if (kit := settling.open_kit(agent, person))}
    if not kits:
        return Looked(looked_at=tuple(persons))
    before = [journey for kit in kits.values() for journey in kit]
    group = _Group(agent, observe.look(agent, before, agent.profiles))
    group.remember(kits)
    if group.view.trouble is None:
        group.go_through(list(kits), pace or Pace())
    elif len(kits) == 1:
        turns.had(agent, kits, agent.clock.now())
    waits = tuple(person for person in kits if person not in group.done)
    return Looked(
        _progress(agent, before),
        tuple(person for person in persons if person not in waits),
        waits,
        group.why or group.view.trouble,
        group.view.unread(),
        tuple(group.trouble),
        apart=group.view.trouble is not None and len(kits) > 1,
    )


@dataclass
class _Group:
    """One group on its way: what was seen so far, who is done, and what went wrong."""

    agent: Agent
    view: observe.View
    done: set[str] = field(default_factory=set)
    trouble: list[str] = field(default_factory=list)
    why: errors.AgentError | None = None

    def go_through(self, left: list[str], pace: Pace) -> None:
        """Portion by portion, until all are done or the tenant does not answer even for one."""
        while left:
            portion, began = left[: pace.size], self.agent.clock.now()
            try:
                self._closely(portion)
            except (errors.TenantUnreachable, errors.TenantRefused) as problem:
                if len(portion) > 1:
                    pace.size = 1
                    continue
                self.why = problem
                turns.had(self.agent, portion, self.agent.clock.now())
                if isinstance(problem, errors.TenantUnreachable):
                    return
            else:
                self._settled(portion)
                pace.took((self.agent.clock.now() - began).total_seconds())
            left = left[len(portion) :]

    def remember(self, kits: Mapping[str, Iterable[Journey]]) -> None:
        """Write down what the view shows of these people."""
        for kit in kits.values():
            for journey in kit:
                _remember(self.agent, journey, self.view)

    def _closely(self, portion: Sequence[str]) -> None:
        """Ask for what is wanted of each, and for the rest where something is about to end."""
        kits = {person: kit for person in portion if (kit := settling.open_kit(self.agent, person))}
        at = self.agent.clock.now()
        self._ask({person: _kinds(self.agent, kit, at) for person, kit in kits.items()}, kits)
        late = {
            person: kit
            for person in kits
            if not self.view.whole(person)
            and (kit := settling.open_kit(self.agent, person))
            and settling.ending(self.agent, kit, at)
        }
        self._ask({person: observe.EVERY_KIND - frozenset(self.view.kinds[person]) for person in late}, late)

    def _ask(self, wanted: Mapping[str, Collection[MethodKind]], kits: Mapping[str, Iterable[Journey]]) -> None:
        if wanted:
            holding = [person for person in wanted if person not in self.view.listed and _holds(self.agent, person)]
            self.view = observe.look_closer(self.agent, self.view, wanted, holding)
            self.remember(kits)

    def _settled(self, portion: Sequence[str]) -> None:
        whole = [person for person in portion if self.view.whole(person)]
        turns.had(self.agent, portion, self.view.at, whole=whole)
        for person in portion:
            self.done.add(person)
            try:
                settling.settle(self.agent, person, self.view, self.trouble)
            except errors.AgentError as problem:
                (name, *_) = {journey.user_name for journey in settling.open_kit(self.agent, person)} or {person}
                self.trouble.append(f"{name}: {problem.summary} {problem.advice}".strip())


def _holds(agent: Agent, person: str) -> bool:
    row = settling.open_pass(agent, person)
    return row is not None and row.state is passes.PassState.ISSUED


def _kinds(agent: Agent, kit: Sequence[Journey], at: datetime) -> Collection[MethodKind]:
    """The kinds of method to ask for: what the journeys set up, and what was unexpected, to see it go.

    All of them now and then, for a recovery, and before anything ends: nobody is done while one kind is unread.
    """
    last = turns.whole_look(agent, kit[0].person_id)
    due = last is None or at - last >= WHOLE_EVERY
    if due or any(journey.lost_method for journey in kit) or settling.ending(agent, kit, at):
        return observe.EVERY_KIND
    set_up = {kind for journey in kit for kind in agent.profiles[journey.profile].registers}
    odd = {seen.kind for seen in settling.unexplained(agent, kit) if seen.kind is not None}
    return frozenset(set_up | odd) or observe.EVERY_KIND


def _remember(agent: Agent, journey: Journey, view: observe.View) -> None:
    """Add what was seen to the row as it is now, with one audit row for each new milestone."""
    if journey.with_seen(observe.seen(view, journey)).observations == journey.observations:
        return
    profile = agent.profiles[journey.profile]
    with agent.store.begin() as tx:
        fresh = tx.journeys.get(journey.id)
        richer = fresh.with_seen(observe.seen(view, fresh))
        if fresh.state is not JourneyState.OPEN or richer.observations == fresh.observations:
            return
        before = milestones.reached(fresh, profile)
        saved = tx.journeys.save(richer)
        for milestone, proof in milestones.reached(saved, profile).items():
            if milestone not in before:
                tx.audit.append(_milestone_entry(agent, saved, milestone, f"{proof.source}: {proof.detail}"))


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


def _progress(agent: Agent, before: Sequence[Journey]) -> tuple[Progress, ...]:
    now, progress = agent.clock.now(), []
    for old in before:
        profile = agent.profiles[old.profile]
        with agent.store.begin() as tx:
            journey = tx.journeys.get(old.id)
            row = tx.passes.get(journey.pass_id)
            odd = settling.unexplained_in(agent, tx, [journey]) if journey.state is JourneyState.OPEN else ()
        standing = milestones.told(journey, milestones.standing(journey, profile, now), row, now)
        earlier = milestones.reached(old, profile)
        new = tuple(m for m in standing.proofs if m not in earlier)
        progress.append(Progress(journey, standing, new, tuple(seen.detail for seen in odd)))
    return tuple(progress)
