"""Raising alerts: once each, written down in the audit with the unit of work that saw the cause."""

from __future__ import annotations

from agent.actions import authority
from agent.domain.alerts import Alert, AlertKind, AlertLevel
from agent.domain.rules import places
from agent.ports import Agent, AuditEntry, Transaction

_CRITICAL = frozenset({AlertKind.STRAY_PASS, AlertKind.AUDIT_BROKEN})


def alert(agent: Agent, kind: AlertKind, person_id: str, subject: str, said: tuple[str, str]) -> Alert:
    """An alert about a person and a subject (a pass); `said` is what was seen, and what to do."""
    sentence, act = said
    level = AlertLevel.CRITICAL if kind in _CRITICAL else AlertLevel.WARNING
    link = places.methods_page(person_id).link if person_id else ""
    now = agent.clock.now()
    return Alert(f"{kind}:{subject or person_id}", kind, level, person_id, subject, sentence, act, now, link)


def ring(tx: Transaction, new: Alert) -> bool:
    """Keep it and write it down, unless the same was raised before; whether it is new."""
    if not tx.alerts.raise_once(new):
        return False
    facts = {"alert": new.id, "subject": new.subject, "why": new.sentence}
    name = authority.ITSELF.name
    tx.audit.append(AuditEntry(new.raised_at, name, "alert", new.kind.value, new.person_id, facts=facts))
    return True
