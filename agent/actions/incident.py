"""After an alarm: who used which pass, from where, and what appeared on those accounts since, with where to undo it.

Everything is asked afresh. What cannot be read is said, never left out: an empty list means that nothing was found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from agent.domain import devices, passes, people
from agent.domain.alerts import Alert, AlertKind
from agent.domain.facts import Fact, Known, NotChecked
from agent.domain.rules import places
from agent.ports import Agent, SignIn

V = TypeVar("V")

#: Clocks differ: what came so shortly before counts as after.
_SLACK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Account:
    """One account: the passes it had, their uses, and what appeared since; `unread` says what could not be looked at.

    `page` is where its methods are removed, `sessions` where its sessions are revoked (deep links).
    """

    person_id: str
    user_name: str
    passes: tuple[passes.Pass, ...]
    stray: tuple[Alert, ...]
    uses: tuple[SignIn, ...]
    methods: tuple[people.SignInMethod, ...]
    devices: tuple[devices.EntraDevice, ...]
    unread: tuple[str, ...]
    page: str
    sessions: str


def incident(agent: Agent, since: datetime, pass_id: str = "") -> tuple[Account, ...]:
    """Every account that had a pass of our app since then, or the one of `pass_id` (ours or the tenant's).

    Raises TenantUnreachable, TenantThrottled or Misconfigured; NotFound for a pass that nobody knows.
    """
    with agent.store.begin() as tx:
        strays = [alert for alert in tx.alerts.open() if alert.kind is AlertKind.STRAY_PASS]
        if not pass_id:
            ours = list(tx.passes.since(since))
        else:
            strays = [alert for alert in strays if alert.subject == pass_id]
            ours = list(tx.passes.with_tenant_ids([pass_id]))
            ours = ours if ours or strays else [tx.passes.get(pass_id)]
    ids = list(
        dict.fromkeys([row.person_id for row in ours] + [alert.person_id for alert in strays if alert.person_id])
    )
    found = agent.people.find(ids)
    methods, owned = agent.people.methods(ids), agent.devices.owned(ids)
    uses = agent.activity.sign_ins(ids, since - _SLACK)
    return tuple(_account(person, _Seen(since, ours, strays, found, methods, owned, uses)) for person in ids)


@dataclass(frozen=True, slots=True)
class _Seen:
    since: datetime
    ours: Sequence[passes.Pass]
    strays: Sequence[Alert]
    found: Mapping[str, Fact[people.Person | None]]
    methods: Mapping[str, Fact[tuple[people.SignInMethod, ...]]]
    owned: Mapping[str, Fact[tuple[devices.EntraDevice, ...]]]
    uses: Mapping[str, Fact[tuple[SignIn, ...]]]


def _account(person_id: str, seen: _Seen) -> Account:
    person, from_then = seen.found[person_id], seen.since - _SLACK
    known = person.value if isinstance(person, Known) else None
    return Account(
        person_id,
        known.user_name if known else person_id,
        tuple(row for row in seen.ours if row.person_id == person_id),
        tuple(alert for alert in seen.strays if alert.person_id == person_id),
        tuple(use for use in _of(seen.uses[person_id]) if use.with_a_pass),
        tuple(m for m in _of(seen.methods[person_id]) if m.created is None or m.created >= from_then),
        tuple(d for d in _of(seen.owned[person_id]) if d.registered_at is None or d.registered_at >= from_then),
        tuple(_unread([person, seen.methods[person_id], seen.owned[person_id], seen.uses[person_id]])),
        places.methods_page(person_id).link,
        places.user_page(person_id).link,
    )


def _of(fact: Fact[tuple[V, ...]]) -> tuple[V, ...]:
    return fact.value if isinstance(fact, Known) else ()


def _unread(facts: Iterable[Fact[object]]) -> Iterable[str]:
    for fact in facts:
        if isinstance(fact, NotChecked):
            yield f"{fact.reason} ({fact.permission})" if fact.permission else fact.reason
