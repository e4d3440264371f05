"""Freeze: stop every mint in every process, take live passes away, and let two people of different offices go on.

Whoever makes a pass looks at the freeze when the intent is written, before each request that would make one, and
before its code is handed over: so a freeze stops what is on its way, too.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent import errors
from agent.actions import asks as asking
from agent.actions import audit, authority, mend, removal
from agent.domain import asks, freezes, passes
from agent.domain.people import Operator, Role
from agent.ports import Agent, AuditEntry, Transaction


def check_in(tx: Transaction) -> None:
    """Refused (`frozen`) while a freeze holds, inside a unit of work that is open already."""
    freezes.refuse(tx.freezes.holding())


def check(agent: Agent) -> None:
    """Refused (`frozen`) while a freeze holds."""
    with agent.store.begin() as tx:
        check_in(tx)


def holding(agent: Agent) -> freezes.Freeze | None:
    """The freeze that holds, if one does."""
    with agent.store.begin() as tx:
        return tx.freezes.holding()


def freeze(agent: Agent, by: Operator, why: str) -> freezes.Freeze:
    """Nothing is minted from now on. Everybody with a role may; raises Refused (`frozen`) when it is so already."""
    authority.may(agent, by, authority.FREEZE)
    now = agent.clock.now()
    made = freezes.Freeze("F" + agent.chance.symbols(6), now, by.id, by.name, why)
    with agent.store.begin() as tx:
        check_in(tx)
        tx.freezes.add(made)
        facts = audit.operator(by) | {"freeze": made.id, "why": why}
        tx.audit.append(AuditEntry(now, by.name, "freeze", "holds", facts=facts))
    return made


@dataclass(frozen=True, slots=True)
class TakenAway:
    """How many passes are gone now, and a sentence for each that could not be taken away."""

    gone: int
    trouble: tuple[str, ...] = ()


def take_all_away(agent: Agent, by: Operator) -> TakenAway:
    """Take every live pass of ours away; the journeys stay open and wait for new ones. Raises Refused by role."""
    authority.may_revoke(agent, by)
    with agent.store.begin() as tx:
        rows = tx.passes.open()
    gone, trouble = 0, []
    for row in rows:
        try:
            gone += _take_away(agent, row, by)
        except errors.AgentError as problem:
            trouble.append(f"pass {row.id}: {problem.summary} {problem.advice}".strip())
    return TakenAway(gone, tuple(trouble))


def _take_away(agent: Agent, row: passes.Pass, by: Operator) -> int:
    if row.state is passes.PassState.ISSUED:
        removal.remove(agent, row, removal.Reason("everything was frozen", by.name))
        return 1
    if row.state is passes.PassState.ISSUING and not mend.in_doubt(row, agent.clock.now()):
        raise errors.OutcomeUnknown(
            "it is being made this moment, which the freeze stops.", "Run the same command again in a minute."
        )
    mended = mend.mend(agent, row, by.name)
    if mended.state.open:
        raise errors.OutcomeUnknown(f"it is still in doubt: {mended.reason}.", "`tapslip track` goes on looking.")
    return 0


def unfreeze(agent: Agent, by: Operator) -> asks.Ask:
    """Ask the other office to lift the freeze: a lead asks the admins, an admin the leads.

    Raises Refused by role, and (`not_frozen`) when nothing is frozen.
    """
    authority.may(agent, by, authority.UNFREEZE)
    held = holding(agent)
    if held is None:
        raise errors.Refused("Nothing is frozen.", "Nothing needs to be done.", codes=("not_frozen",))
    others = frozenset[Role](freezes.LIFTED_BY - {by.role})
    draft = asks.Ask(
        id="A" + agent.chance.symbols(6),
        kind=asks.AskKind.UNFREEZE,
        matter=asks.Matter(about=held.id),
        why=("frozen",),
        roles=others,
        user_name="",
        asked_by=by.id,
        asked_by_name=by.name,
        asked_at=agent.clock.now(),
    )
    return asking.put(agent, draft)
