"""Whose turn it is: whoever had theirs longest ago comes first, so a sweep that ends early holds up nobody for good.

Two marks of each person, kept while a journey of theirs is open:

    turn PERSON          when they last had their turn, whether or not the tenant answered
    whole look PERSON    when all their sign-in methods were last read
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from agent.ports import Agent

_TURN, _WHOLE = "turn ", "whole look "
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)


def in_order(agent: Agent, persons: Iterable[str]) -> tuple[str, ...]:
    """All the people who are followed, each once, the one who had their turn longest ago first.

    Of equals whoever was named first. The marks of people who are followed no more are taken away.
    """
    followed = list(dict.fromkeys(persons))
    following = frozenset(followed)
    with agent.store.begin() as tx:
        had, whole = tx.watermarks.starting(_TURN), tx.watermarks.starting(_WHOLE)
        for name in sorted({_TURN + person for person in had} | {_WHOLE + person for person in whole}):
            if name.rpartition(" ")[2] not in following:
                tx.watermarks.forget(name)
    return tuple(sorted(followed, key=lambda person: had.get(person, _NEVER)))


def had(agent: Agent, persons: Iterable[str], at: datetime, *, whole: Iterable[str] = ()) -> None:
    """These had their turn; of some of them the `whole` was read."""
    names = {_TURN + person for person in persons} | {_WHOLE + person for person in whole}
    with agent.store.begin() as tx:
        # In one order, so that two sweeps cannot wait for each other's rows.
        for name in sorted(names):
            tx.watermarks.set(name, at)


def whole_look(agent: Agent, person: str) -> datetime | None:
    """When all the methods of this person were last read."""
    with agent.store.begin() as tx:
        return tx.watermarks.get(_WHOLE + person)
