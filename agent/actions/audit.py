"""The audit as the verbs use it: what each row tells, anchoring it outside, holding it against its anchors.

A row's `facts` are texts under these names, each left out where there is nothing to tell:

by_id, role        the operator beside the name: the Entra object id, the role played
person             the user name beside the object id
kit, device        `JOURNEY:PROFILE=SERIAL` for each journey, and the serials alone
profiles           the digests of the profile files that held
terms, findings    of the pass, and the codes of what was found
desk_number        the service desk's
proof, approver    how it was known who the person is, and who approved (`approver_id`) in which `ask`
ticket             the number of the ticket that was made, claimed or voided
second_facts       who answered for a claim's second facts, and in which asks
tenant_pass        the pass's id in the tenant
reference          the tenant's request id
why, note, evidence    in a sentence
deed               what somebody signed in for who was refused
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from agent import errors
from agent.actions import authority
from agent.domain.asks import Ask
from agent.domain.journeys import Journey
from agent.domain.people import Operator, Role
from agent.ports import ANCHORED, Agent, AuditCheck, AuditEntry, AuditFault, AuditRow, Store

#: How much of the audit somebody could cut off who has both database and key, and no anchor would tell.
ANCHOR_EVERY = timedelta(hours=1)
#: An anchor this much older than the last one that was written is not the newest one.
_STALE = 2 * ANCHOR_EVERY
#: Rows read in one unit of work: nobody waits long for the others.
_PAGE = 500
#: Who sees what others did; everybody else sees their own rows, and whoever looks after the program none.
_SEES_ALL = {Role.AUDITOR, Role.LEAD}


def operator(by: Operator) -> dict[str, str]:
    """Who, beyond the name."""
    return told(by_id=by.id, role=by.role.value if by.role else "")


def approver(ask: Ask | None) -> dict[str, str]:
    """Whose yes it was, and in which ask; nothing where none was needed."""
    return told(approver=ask.answered_by_name, approver_id=ask.answered_by, ask=ask.id) if ask else {}


def second_facts(answered: Iterable[Ask]) -> dict[str, str]:
    """Who said yes to a claim's second facts; nothing where none was asked for."""
    return told(second_facts=", ".join(f"{ask.answered_by_name} {ask.answered_by} {ask.id}" for ask in answered))


def kit(journeys: Iterable[Journey]) -> dict[str, str]:
    """For whom and what: the journeys that a decision is about."""
    all_of_them = tuple(journeys)
    return told(
        person=" ".join(sorted({journey.user_name for journey in all_of_them})),
        kit=" ".join(f"{journey.id}:{journey.profile}={journey.serial}" for journey in all_of_them),
        device=" ".join(journey.serial for journey in all_of_them if journey.serial),
        profiles=" ".join(sorted({journey.profile_digest for journey in all_of_them})),
    )


def told(**facts: str) -> dict[str, str]:
    """Those facts that say something."""
    return {name: text for name, text in facts.items() if text}


def anchor_if_due(agent: Agent) -> AuditFault | None:
    """Once an hour: see that what was anchored last is there and what came since is whole, then anchor the newest row.

    Returns the fault that keeps it from being anchored, None when all is well. Raises Misconfigured when the place of
    the anchors cannot be read or written.
    """
    anchors, now = agent.store.anchors, agent.clock.now()
    if not anchors.place:
        return None
    last = anchors.newest()
    with agent.store.begin() as tx:
        before = tx.audit.read_anchor(last) if last else None
        if before is not None and now - before.at < ANCHOR_EVERY:
            return None
        found = tx.audit.check([last] if last else [], recent=True)
        line = tx.audit.anchor(now) if found.rows and found.fault is None else ""
    if line:
        anchors.add(line)
        with agent.store.begin() as tx:
            tx.watermarks.set(ANCHORED, now)
    return found.fault


@dataclass(frozen=True, slots=True)
class Verified:
    """What a walk along the whole chain found, and why its anchors do not vouch for it (empty: they do)."""

    check: AuditCheck
    unanchored: str = ""


def verify(store: Store, elsewhere: Sequence[str] = ()) -> Verified:
    """Walk the chain and hold it against every anchor, those in lines kept `elsewhere` too.

    Raises Misconfigured when an anchor was written and is not where it should be: then nothing vouches for the end.
    """
    anchors = store.anchors
    lines = [*anchors.lines(), *elsewhere]
    with store.begin() as tx:
        check = tx.audit.check(lines)
        written = tx.watermarks.get(ANCHORED)
    if check.fault is not None or check.rows == 0:
        return Verified(check)
    newest = check.newest
    if written is not None and (newest is None or newest.at < written - _STALE):
        seen = f"the newest one there is of {newest.at:%Y-%m-%d %H:%M} UTC" if newest else "there is none"
        raise errors.Misconfigured(
            f"The audit's {check.rows} rows hold together, but whether its end was cut is not checked: the last anchor "
            f"was written on {written:%Y-%m-%d at %H:%M} UTC, and in {anchors.place} {seen}.",
            "Find out who could write to that file; put its copy back, or name another machine's with "
            "`tapslip audit verify FILE`.",
        )
    return Verified(
        check, "" if newest else "no anchor was written yet; `tapslip track` and `serve` write one each hour"
    )


def record_backup(store: Store, by: Operator, file: Path, at: datetime) -> bool:
    """Write down that the database was copied, and where to; False when its schema is too old to be written to."""
    present, newest = store.revision()
    if present != newest:
        return False
    with store.begin() as tx:
        facts = operator(by) | {"file": str(file), "rows": str(tx.audit.length())}
        tx.audit.append(AuditEntry(at, by.name, "database.backup", "done", facts=facts))
    return True


def export(agent: Agent, by: Operator, since: datetime | None = None) -> Iterator[dict[str, Any]]:
    """The audit as values for JSON: an anchor, the rows as far as it reaches, oldest first, and the anchor again.

    Auditors and leads get every row, others their own. Raises as `authority.may`. The export is audited too.
    """
    authority.may(agent, by, authority.EXPORT_AUDIT)
    with agent.store.begin() as tx:
        line = tx.audit.anchor(agent.clock.now())
    return _exported(agent, by, since, line)


def _exported(agent: Agent, by: Operator, since: datetime | None, line: str) -> Iterator[dict[str, Any]]:
    anchor = json.loads(line)
    count, head = 0, anchor["anchor"]["row"]
    yield anchor
    for row in rows(agent.store, since, last=head):
        if by.role in _SEES_ALL or row.entry.by == by.name:
            count += 1
            yield _as_values(row)
    yield anchor
    facts = operator(by) | {"rows": str(count), "head": str(head)}
    with agent.store.begin() as tx:
        tx.audit.append(AuditEntry(agent.clock.now(), by.name, "audit.export", "done", facts=facts))


def rows(store: Store, since: datetime | None = None, *, last: int | None = None) -> Iterator[AuditRow]:
    """Every row since then up to a number, oldest first, page by page so that nobody waits for it."""
    after = 0
    while True:
        with store.begin() as tx:
            page = tx.audit.page(after, _PAGE, since)
        yield from (row for row in page if last is None or row.number <= last)
        if len(page) < _PAGE:
            return
        after = page[-1].number


def _as_values(row: AuditRow) -> dict[str, Any]:
    entry = row.entry
    return {
        "row": row.number,
        "at": entry.at.isoformat(timespec="microseconds"),
        "by": entry.by,
        "action": entry.action,
        "outcome": entry.outcome,
        "person_id": entry.person_id,
        "journey_id": entry.journey_id,
        "pass_id": entry.pass_id,
        "facts": dict(entry.facts),
        "mac": row.mac,
    }
