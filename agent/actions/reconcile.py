"""Hold our audit against the tenant's own: what each tells of the passes that were made and deleted.

Nothing is changed. What cannot be read is not checked, and the tenant's log is late: see `domain.reconciling`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from agent import errors
from agent.actions import audit
from agent.domain import reconciling
from agent.domain.facts import Known, NotChecked
from agent.domain.reconciling import Deed, Told
from agent.ports import Agent, AuditEntry, PassAudit


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Every deed since then in both logs, when the tenant's was read, and the time of the newest row it showed."""

    pairs: tuple[reconciling.Pair, ...]
    since: datetime
    read_at: datetime
    newest: datetime | None
    app_known: bool

    @property
    def alarming(self) -> tuple[reconciling.Pair, ...]:
        """Those that somebody must look at."""
        return tuple(one for one in self.pairs if one.alarming)


def reconcile(agent: Agent, since: datetime) -> Reconciled:
    """Pair both logs. Raises TenantRefused when the tenant's may not be read: nothing is checked then."""
    theirs = agent.activity.pass_audits(since)
    if isinstance(theirs, NotChecked):
        raise errors.TenantRefused(
            f"The audit was not checked against the tenant's own: {theirs.reason}",
            f"Grant {theirs.permission} to the registration watcher." if theirs.permission else "",
            status=403,
        )
    app = agent.tenant.token("issuer")
    ours, operators = _ours(agent, since)
    makers = reconciling.Makers(app.value if isinstance(app, Known) else "", operators)
    there = [_as_told(row) for row in theirs.value]
    pairs = reconciling.pair(ours, there, makers, since=since, now=agent.clock.now())
    newest = max((row.at for row in theirs.value), default=None)
    return Reconciled(pairs, since, theirs.at, newest, isinstance(app, Known))


def _as_told(row: PassAudit) -> Told:
    return Told(Deed.MADE if row.made else Deed.DELETED, row.pass_id, row.at, row.app_id, row.person_id)


def _ours(agent: Agent, since: datetime) -> tuple[list[Told], frozenset[str]]:
    """Our deeds a little before that time too, because the clocks differ; and the object ids of who did them."""
    deeds: list[Told] = []
    operators: set[str] = set()
    for row in audit.rows(agent.store, since - reconciling.SLACK):
        entry = row.entry
        by = entry.facts.get("by_id", "")
        if ":" not in by:
            operators.add(by)
        deeds += [
            Told(deed, entry.facts["tenant_pass"], entry.at, entry.by, entry.person_id, row.number)
            for deed in _deeds(entry)
        ]
    return deeds, frozenset(operators - {""})


def _deeds(entry: AuditEntry) -> Iterator[Deed]:
    """What a row says was done in the tenant. A deletion of ours has a request: what went by itself has none."""
    if "tenant_pass" not in entry.facts:
        return
    if entry.action in {"pass.issue", "pass.mend"}:
        yield Deed.MADE
    refused = entry.action in {"pass.issue", "pass.mend"} and entry.outcome == "refused"
    removed = entry.action in {"pass.remove", "pass.replace_outside"} and "reference" in entry.facts
    if refused or removed:
        yield Deed.DELETED
