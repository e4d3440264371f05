"""The work behind: mend what is in doubt, look at everybody, close what is over, and watch for what is not ours.

Any number of processes may call `turn`; one of them does it. The claim has a fence: each unit of work of a turn first
sees that no other process has taken the work over, so a process that was frozen and thaws finds its save refused, and
whatever it held in memory is dropped. A claim is renewed while the work goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import cast

from agent import errors
from agent.actions import alarms, audit, track, tripwire
from agent.domain.alerts import Alert, AlertKind
from agent.ports import Agent, AuditFault, Lease, Store, Transaction

WORK = "work behind"
#: How long a process may be silent before another one goes on in its place.
CLAIM = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn did; `sweep` None when another process is at it."""

    sweep: track.Sweep | None = None
    alarms: tuple[Alert, ...] = ()
    unread: tuple[str, ...] = ()
    fault: AuditFault | None = None


def turn(agent: Agent, holder: str) -> Turn:
    """One turn, unless another process has the work; `holder` names this one in the store.

    Raises Stale when another process took over in the middle: nothing was saved since. Raises Misconfigured.
    """
    now = agent.clock.now()
    with agent.store.begin() as tx:
        lease = tx.leases.take(WORK, holder, now, now + CLAIM)
    if lease is None:
        return Turn()
    claimed = _Claimed(agent, lease)
    try:
        mine = replace(agent, store=cast("Store", claimed))
        sweep = track.track(mine)
        looked = watch(mine)
        fault = anchor(mine)
    finally:
        claimed.release()
    return Turn(sweep, looked.alarms, (*sweep.unread, *filter(None, [looked.unread])), fault)


def anchor(agent: Agent) -> AuditFault | None:
    """The hourly look at the audit; a break is an alarm until somebody has settled it."""
    fault = audit.anchor_if_due(agent)
    if fault is not None:
        told = (
            f"The audit is broken at row {fault.row}: {fault.sentence}",
            "keep the database as it is, and run `tapslip audit verify`",
        )
        with agent.store.begin() as tx:
            alarms.ring(tx, alarms.alert(agent, AlertKind.AUDIT_BROKEN, "", f"row {fault.row}", told))
    return fault


def watch(agent: Agent) -> tripwire.Look:
    """The tripwire; a tenant that does not answer is said, and asked again at the next turn."""
    try:
        return tripwire.look(agent)
    except errors.TenantUnreachable as away:
        return tripwire.Look(unread=f"whether our app made passes that we know nothing of: {away.summary}")


class _Claimed:
    """The store as the holder of a claim sees it; fits `ports.Store`."""

    def __init__(self, agent: Agent, lease: Lease) -> None:
        self._store: Store = agent.store
        self._clock = agent.clock
        self._lease = lease

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """A unit of work that ends with Stale when another process holds the claim."""
        now = self._clock.now()
        with self._store.begin() as tx:
            if self._lease.until - now < CLAIM / 2:
                self._lease = tx.leases.renew(self._lease, now + CLAIM)
            else:
                tx.leases.hold(self._lease)
            yield tx

    def release(self) -> None:
        """Let the next one in at once."""
        with self._store.begin() as tx:
            tx.leases.release(self._lease, self._clock.now())

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)
