"""Putting a backup in the place of the database: another tenant's is refused, and what goes is kept aside and told.

A restore opens an epoch: what the backup holds open may have been used since it was made, so whoever claims it must
look at `ports.Epoch`. Rows of the audit that are not in the backup are lost, and both the audit and its anchors say so.
"""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from agent import errors
from agent.domain import freezes
from agent.domain.people import Operator
from agent.ports import ANCHORED, Anchor, Anchors, AuditEntry, Transaction
from agent.store import audit, backups, schema
from agent.store.store import Store


@dataclass(frozen=True, slots=True)
class Wish:
    """Which backup, into which database, by whom and when; `tenant_id` as the settings name it, "" if they do not."""

    file: Path
    url: str
    key: bytes
    anchors: Anchors
    tenant_id: str
    by: Operator
    at: datetime


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a restore would do: the audit rows in the backup, and those known of that are not in it."""

    database: Path
    backup: backups.Contents
    present: backups.Contents | None
    lost: int


@dataclass(frozen=True, slots=True)
class Restored:
    """What it did: the outlook, the number of the epoch that began, and where the database before lies now."""

    outlook: Outlook
    epoch: int
    aside: Path | None


def look(wish: Wish) -> Outlook:
    """Whether it may be done, and what it would cost. Changes nothing.

    Raises Refused for a file that is no whole backup, another tenant's, one of a newer version, and a database that is
    in use.
    """
    database = backups.file_of(sa.make_url(wish.url), "pg_restore")
    held = backups.read(wish.file)
    if held.revision > schema.REVISION:
        raise errors.Refused(
            f"The backup's schema is at {held.revision}, newer than this program's {schema.REVISION}.",
            "Update Tapslip to the version that made the backup.",
            codes=("backup_newer",),
        )
    present = backups.alone(database)
    ours = (present.tenant_id if present else "") or wish.tenant_id
    if ours and held.tenant_id and held.tenant_id != ours:
        raise errors.Refused(
            f"The backup belongs to the tenant {held.tenant_id}, and this database to {ours}.",
            "Restore it where that tenant's database lies.",
            codes=("backup_tenant",),
        )
    known = max([present.rows if present else 0, *(anchor.row for anchor in _anchors(wish))])
    return Outlook(database, held, present, max(0, known - held.rows))


def restore(wish: Wish, outlook: Outlook) -> Restored:
    """Do it. Until the last step the present database stands untouched.

    Raises Refused too when the backup's audit does not hold with our key and anchors.
    """
    draft = outlook.database.with_name(outlook.database.name + ".restoring")
    before = [held.epoch for held in (outlook.backup, outlook.present) if held]
    epoch = 1 + max([*before, *(anchor.epoch for anchor in _anchors(wish))])
    name = f"{outlook.database.stem}-before-epoch-{epoch}-{wish.at:%Y%m%dT%H%M%SZ}{outlook.database.suffix}"
    backups.remove(draft)
    with closing(backups.opened(wish.file)) as source:
        backups.write(source, draft)
    try:
        line = _prepare(wish, outlook, draft, (epoch, name))
        backups.alone(outlook.database)
        aside = backups.put_aside(outlook.database, name)
        draft.rename(outlook.database)
    except BaseException:
        backups.remove(draft)
        raise
    wish.anchors.add(line)
    return Restored(outlook, epoch, aside)


def _prepare(wish: Wish, outlook: Outlook, draft: Path, begun: tuple[int, str]) -> str:
    """Bring the copy to our schema, see that its audit holds, begin the epoch; returns an anchor of it."""
    epoch, aside = begun
    frozen = _frozen(wish, outlook)
    with closing(Store(f"sqlite:///{draft.as_posix()}", wish.key)) as store:
        store.migrate()
        with store.begin() as tx:
            _check(tx, wish, outlook)
            tx.epochs.open(epoch, wish.at)
            tx.watermarks.set(ANCHORED, wish.at)
            if frozen is not None and tx.freezes.holding() is None:
                tx.freezes.add(frozen)
            facts = {
                "by_id": wish.by.id,
                "role": wish.by.role.value if wish.by.role else "",
                "epoch": str(epoch),
                "backup": str(wish.file),
                "kept": str(outlook.backup.rows),
                "lost": str(outlook.lost),
                "aside": aside if outlook.present else "",
                "freeze": frozen.id if frozen else "",
            }
            tx.audit.append(AuditEntry(wish.at, wish.by.name, "database.restore", "done", facts=facts))
            return tx.audit.anchor(wish.at, kept=_common(wish, outlook))


def _frozen(wish: Wish, outlook: Outlook) -> freezes.Freeze | None:
    """The freeze that holds now: two people lift it, and no restore does. None where the database cannot tell."""
    if outlook.present is None:
        return None
    with closing(Store(f"sqlite:///{outlook.database.as_posix()}", wish.key)) as store, suppress(errors.Misconfigured):
        with store.begin() as tx:
            held = tx.freezes.holding()
        return replace(held, version=0) if held else None
    return None


def _check(tx: Transaction, wish: Wish, outlook: Outlook) -> None:
    """The backup's own chain, and the anchors of its time."""
    of_its_time = [
        line
        for line in wish.anchors.lines()
        if (anchor := audit.read_anchor(line, wish.key))
        and anchor.epoch <= outlook.backup.epoch
        and anchor.row <= outlook.backup.rows
    ]
    fault = tx.audit.check(of_its_time).fault
    if fault is not None:
        raise errors.Refused(
            f"The backup's audit is broken at row {fault.row}: {fault.sentence}",
            "Nothing was changed. Use another backup, and find out who could write to this one.",
            codes=("audit_broken",),
        )


def _common(wish: Wish, outlook: Outlook) -> int:
    """The last row up to which every anchor of before still holds: a backup may come from before an earlier restore."""
    later = (a.kept for a in _anchors(wish) if a.epoch > outlook.backup.epoch)
    return min([outlook.backup.rows, *(kept for kept in later if kept is not None)])


def _anchors(wish: Wish) -> list[Anchor]:
    """Those that our key made."""
    return [anchor for line in wish.anchors.lines() if (anchor := audit.read_anchor(line, wish.key))]
