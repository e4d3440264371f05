"""The tripwire: every pass that Entra says our app has made is paired with a record of ours, or it is an alarm.

Whoever steals the issuer's credential mints past all our rules, but not past Entra's audit. Its rows come late and out
of order, so each look goes back further than the last one; and a pass of ours whose outcome is still in doubt is
waited for. learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from agent.actions import alarms
from agent.domain.alerts import Alert, AlertKind
from agent.domain.facts import Known, NotChecked
from agent.domain.passes import Pass
from agent.ports import Agent, PassAudit, Transaction

_MARK = "tripwire"
#: How far the first look goes back.
_AT_FIRST = timedelta(days=1)
#: Rows may show this late (no promise of Microsoft's: minutes normally).
_LATE = timedelta(hours=2)
#: A row without the pass's id is paired by person and time: clocks and the way there take this much.
_NEAR = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found: alarms that are new, and why the log could not be read, if it could not."""

    alarms: tuple[Alert, ...] = ()
    unread: str = ""


def look(agent: Agent) -> Look:
    """Pair what our app made with our records. Raises TenantUnreachable or TenantThrottled."""
    now = agent.clock.now()
    with agent.store.begin() as tx:
        mark = tx.watermarks.get(_MARK)
    since = mark - _LATE if mark else now - _AT_FIRST
    us = agent.tenant.token("issuer")
    fact = agent.activity.pass_audits(since) if isinstance(us, Known) else us
    if isinstance(fact, NotChecked) or not isinstance(us, Known):
        reason = fact.reason if isinstance(fact, NotChecked) else ""
        return Look(unread=f"whether our app made passes that we know nothing of: not checked: {reason}")
    made = [audit for audit in fact.value if audit.made and audit.app_id == us.value]
    with agent.store.begin() as tx:
        unknown = _unknown(tx, made)
        doubtful = [audit for audit in unknown if _in_doubt(tx, audit)]
        strays = (audit for audit in unknown if audit not in doubtful)
        rung = tuple(alarm for audit in strays if alarms.ring(tx, alarm := _alarm(agent, audit)))
        # What is in doubt is read again until it is settled, however long that takes.
        tx.watermarks.set(_MARK, min([now, *(audit.at for audit in doubtful if audit.pass_id)]))
    return Look(rung)


def _unknown(tx: Transaction, made: Iterable[PassAudit]) -> list[PassAudit]:
    made = list(made)
    known = {row.tenant_id for row in tx.passes.with_tenant_ids({audit.pass_id for audit in made if audit.pass_id})}
    return [audit for audit in made if audit.pass_id not in known]


def _in_doubt(tx: Transaction, audit: PassAudit) -> bool:
    """One that we asked for and do not know the id of: it is being made, its answer was lost, or the row has no id."""
    return any(_asked_then(row, audit) for row in tx.passes.near(audit.person_id, audit.at - _NEAR, audit.at + _NEAR))


def _asked_then(row: Pass, audit: PassAudit) -> bool:
    """A record that is settled without an id says that nothing was made: it explains no pass."""
    return not audit.pass_id or (row.state.open and not row.tenant_id and audit.pass_id not in row.others)


def _alarm(agent: Agent, audit: PassAudit) -> Alert:
    sentence = f"A pass was made with our app at {audit.at:%Y-%m-%d %H:%M} UTC that no journey of ours explains."
    act = (
        "`tapslip freeze --revoke-all`, delete that pass, change the credential of the registration issuer, "
        f"then `tapslip incident --since {audit.at:%Y-%m-%dT%H:%MZ}`"
    )
    subject = audit.pass_id or f"{audit.person_id}@{audit.at:%Y%m%d%H%M%S}"
    return alarms.alert(agent, AlertKind.STRAY_PASS, audit.person_id, subject, (sentence, act))
