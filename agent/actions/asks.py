"""Questions from one screen to another: put, listed, answered once by another human, and used once.

What an answer does is done in the unit of work that keeps it: the yes of the second office lifts a freeze.
"""

from __future__ import annotations

from agent import errors
from agent.actions import audit, authority
from agent.domain import asks
from agent.domain.people import Operator
from agent.ports import Agent, AuditEntry, Transaction


def waiting(agent: Agent) -> tuple[asks.Ask, ...]:
    """Every ask that can still be answered, oldest first."""
    now = agent.clock.now()
    with agent.store.begin() as tx:
        return tuple(ask for ask in tx.asks.since(now - asks.LAPSES_AFTER) if ask.waits(now))


def find(agent: Agent, ask_id: str) -> asks.Ask:
    """One ask, or NotFound."""
    with agent.store.begin() as tx:
        return tx.asks.get(ask_id)


def put(agent: Agent, draft: asks.Ask) -> asks.Ask:
    """Put a question; the same question of the same operator that still waits is that one, not another.

    `draft` comes without a number.
    """
    now = agent.clock.now()
    with agent.store.begin() as tx:
        for known in tx.asks.since(now - asks.LAPSES_AFTER):
            if known.waits(now) and _same(known, draft) and _of_this_epoch(tx, known):
                return known
        tx.asks.add(draft)
        tx.audit.append(_entry(draft, "ask.put", "open", by=draft.asked_by_name, by_id=draft.asked_by))
    return draft


def _same(known: asks.Ask, draft: asks.Ask) -> bool:
    return (known.kind, known.matter, known.asked_by) == (draft.kind, draft.matter, draft.asked_by)


def standing(agent: Agent, kind: asks.AskKind, matter: asks.Matter, asked_by: str) -> asks.Ask | None:
    """A yes to exactly this that may still be used by whoever asked for it: whoever gave it is somebody else."""
    now = agent.clock.now()
    with agent.store.begin() as tx:
        found = [ask for ask in tx.asks.since(now - asks.LAPSES_AFTER) if ask.stands(now) and _of_this_epoch(tx, ask)]
    return next((ask for ask in found if (ask.kind, ask.matter, ask.asked_by) == (kind, matter, asked_by)), None)


def spend(agent: Agent, tx: Transaction, ask_id: str) -> None:
    """Use a yes up, inside the unit of work that acts on it; Refused (`ask_over`) when it no longer stands."""
    ask = tx.asks.get(ask_id)
    if not _of_this_epoch(tx, ask):
        raise errors.Refused(f"The ask {ask.id} is from before a restore.", "Ask again.", codes=("ask_over",))
    tx.asks.save(ask.spent(agent.clock.now()))


def _of_this_epoch(tx: Transaction, ask: asks.Ask) -> bool:
    """A backup may hold a yes that was used after it was made."""
    opened = tx.epochs.present().opened_at
    return opened is None or ask.asked_at >= opened


def give_back(tx: Transaction, ask_id: str) -> None:
    """A yes that was used for nothing after all may be used again while it stands."""
    tx.asks.save(tx.asks.get(ask_id).given_back())


def answer(agent: Agent, ask_id: str, by: Operator, *, yes: bool, note: str = "") -> asks.Ask:
    """Say yes or no, once. Raises NotFound, and Refused for whoever may not and for an ask that is over.

    Whoever is named needs no role, but has signed in. A refused attempt to answer is audited too.
    """
    now = agent.clock.now()
    with agent.store.begin() as tx:
        ask = tx.asks.get(ask_id)
    if not (by.signed_in and ask.named == by.id):
        authority.may(agent, by, authority.ANSWER)
    try:
        answered = ask.answered(by, now, yes=yes, note=note)
    except errors.Refused as refused:
        with agent.store.begin() as tx:
            tx.audit.append(_entry(ask, "ask.answer", "refused", refusals=" ".join(refused.codes), **_who(by)))
        raise
    with agent.store.begin() as tx:
        saved = tx.asks.save(answered)
        tx.audit.append(_entry(saved, "ask.answer", saved.state.value, note=note, **_who(by)))
        if yes and saved.kind is asks.AskKind.UNFREEZE:
            _lift(tx, saved)
            tx.asks.save(saved.spent(now))
    return saved


def _lift(tx: Transaction, ask: asks.Ask) -> None:
    freeze = tx.freezes.holding()
    if freeze is None or freeze.id != ask.matter.about or ask.answered_at is None:
        raise errors.Refused(
            "The freeze that this ask is about is over already.", "Nothing needs to be done.", codes=("ask_over",)
        )
    both = f"{ask.asked_by_name} and {ask.answered_by_name}"
    tx.freezes.save(freeze.lifted(ask.answered_at, both))
    facts = {"freeze": freeze.id, "by_id": f"{ask.asked_by} {ask.answered_by}", "ask": ask.id}
    tx.audit.append(AuditEntry(ask.answered_at, both, "freeze.lift", "lifted", facts=facts))


def _who(by: Operator) -> dict[str, str]:
    return {"by": by.name} | audit.operator(by)


def _entry(ask: asks.Ask, action: str, outcome: str, *, by: str, **more: str) -> AuditEntry:
    matter = ask.matter
    facts = {
        "ask": ask.id,
        "kind": ask.kind.value,
        "why": " ".join(ask.why),
        "kit": " ".join(f"{item.profile}={item.serial}".rstrip("=") for item in matter.items),
        "device": " ".join(item.serial for item in matter.items if item.serial),
        "profiles": " ".join(sorted({item.digest for item in matter.items})),
        "person": ask.user_name,
        "terms": f"{matter.lifetime} min, {'one-time' if matter.one_time else 'multi-use'}" if matter.items else "",
        "asked_by": ask.asked_by_name,
        "proof": matter.proof,
        **more,
    }
    at = ask.answered_at or ask.asked_at
    return AuditEntry(at, by, action, outcome, matter.person_id, facts={k: v for k, v in facts.items() if v})
