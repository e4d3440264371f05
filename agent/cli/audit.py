"""`tapslip audit verify`, `reconcile` and `export`."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TextIO

import click

from agent import errors, wiring
from agent.actions import audit as auditing
from agent.actions import authority
from agent.actions import reconcile as reconciling
from agent.cli import opening, shapes
from agent.domain import characters
from agent.domain.reconciling import Match, Pair
from agent.ports import Agent, AuditFault

#: The free editions of Entra keep their log for so long.
#: learn.microsoft.com/entra/identity/monitoring-health/reference-reports-data-retention
_DAYS: Final = 7


@click.group()
def audit() -> None:
    """The decisions, one row each: verify the chain, hold it against the tenant's log, export it."""


@audit.command()
@click.argument("anchors", nargs=-1, type=click.Path(path_type=Path))
@click.pass_context
def verify(ctx: click.Context, anchors: tuple[Path, ...]) -> None:
    """Walk the chain and hold it against its anchors; names the first row that does not hold.

    ANCHORS are further files with anchors: earlier exports, or another machine's.
    """
    elsewhere = [line for path in anchors for line in _lines(path)]
    store = wiring.open_store(opening.load_settings(opening.globals_of(ctx)))
    try:
        found = auditing.verify(store, elsewhere)
    finally:
        store.close()
    _refuse(found.check.fault)
    click.echo(f"✓ The audit holds: {found.check.rows} rows.")
    if found.check.newest:
        click.echo(f"  Anchored at row {found.check.newest.row} on {found.check.newest.at:%Y-%m-%d at %H:%M} UTC.")
    if found.check.lost:
        lost = f"At least {found.check.lost} rows were lost when a backup was restored"
        click.secho(f"! {lost}: look for `database.restore` in an export.", fg="yellow")
    if found.unanchored:
        click.secho(f"? Whether its end was cut is not checked: {found.unanchored}.", fg="magenta")


def _refuse(fault: AuditFault | None) -> None:
    if fault is not None:
        raise errors.Refused(
            f"The audit is broken at row {fault.row}: {fault.sentence}",
            "Keep the database as it is, and find out who could write to it.",
            codes=("audit_broken",),
        )


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise errors.WrongUsage(f"{path} cannot be read.", "Name a file of anchors, or an export.") from None


def _since(text: str, now: datetime) -> datetime | None:
    """A time with its zone; raises WrongUsage for any other, and for one to come."""
    if not text:
        return None
    try:
        since = datetime.fromisoformat(text)
    except ValueError:
        raise errors.WrongUsage(
            f"“{text}” is not a time.", "Write it like 2026-12-01T08:30+01:00, with its zone."
        ) from None
    if since.tzinfo is None:
        raise errors.WrongUsage(f"“{text}” has no zone.", "Write it like 2026-12-01T08:30+01:00, or end it with Z.")
    if since > now:
        raise errors.WrongUsage(f"{text} is still to come.", "Name a time that has passed.")
    return since.astimezone(UTC)


@audit.command()
@click.option("--since", metavar="TIME", default="", help=f"From when on, with zone; default {_DAYS} days ago.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def reconcile(ctx: click.Context, since: str, as_json: bool) -> None:  # noqa: FBT001  click's way
    """Pair our rows with the tenant's own log of passes made and deleted."""
    with opening.agent_for(opening.globals_of(ctx)) as agent:
        now = agent.clock.now()
        found = reconciling.reconcile(agent, _since(since, now) or now - timedelta(days=_DAYS))
    if as_json:
        shapes.echo(shapes.reconciled(found))
    else:
        _say(found)
    if found.alarming:
        ctx.exit(errors.Refused.exit_code)


_SIGNS: Final = {
    Match.BOTH: ("✓", "green"),
    Match.TOO_RECENT: ("?", "magenta"),
    Match.ONLY_OURS: ("!", "yellow"),
    Match.BY_OTHERS: ("·", "white"),
}


def _say(found: reconciling.Reconciled) -> None:
    for one in found.pairs:
        sign, colour = _SIGNS.get(one.match, ("✗", "red"))
        click.secho(f"{sign} {one.match}: {_told(one)}", fg=colour)
    both = sum(one.match is Match.BOTH for one in found.pairs)
    newest = f"its newest row is of {found.newest:%Y-%m-%d %H:%M}" if found.newest else "it shows no pass at all"
    click.echo(f"{both} of {len(found.pairs)} deeds since {found.since:%Y-%m-%d %H:%M} UTC are in both logs; {newest}.")
    click.echo("The tenant's log is late by minutes or hours: what is only ours so far may still come.")
    if not found.app_known:
        click.secho("? not checked: which deeds are our app's, because its id could not be read", fg="magenta")


def _told(one: Pair) -> str:
    told = one.told
    ours = f"row {one.ours.row} by {one.ours.by}" if one.ours else f"by {told.by or 'nobody named'}"
    return characters.shown(f"{told.at:%Y-%m-%d %H:%M} UTC  {told.deed} {told.id}  for {told.person_id}  {ours}")


@audit.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--since", metavar="TIME", default="", help="Rows of that time and later, with zone.")
@click.pass_context
def export(ctx: click.Context, file: Path | None, since: str) -> None:
    """JSON lines for a SIEM, to FILE or standard output; an anchor first and last."""
    options = opening.globals_of(ctx)
    with opening.agent_for(options, acts=True) as agent:
        from_then = _since(since, agent.clock.now())
        by = opening.identified(options, agent, authority.EXPORT_AUDIT)
        lines = auditing.export(agent, by, from_then)
        if file is None:
            _write(lines, sys.stdout)
        else:
            with _new_file(file) as target:
                _write(lines, target)
            click.echo(f"✓ The audit is in {file}, readable by you alone.")
        _refuse(_fault(agent))


def _fault(agent: Agent) -> AuditFault | None:
    with agent.store.begin() as tx:
        return tx.audit.verify()


def _write(lines: Iterator[dict[str, Any]], target: TextIO) -> None:
    """What would act on a terminal or turn the reading direction is written as an escape."""
    for line in lines:
        target.write(characters.escaped(json.dumps(line, ensure_ascii=False, sort_keys=True)) + "\n")


@contextlib.contextmanager
def _new_file(path: Path) -> Iterator[TextIO]:
    """A file of its owner's that was not there; taken away again when it could not be written whole."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as problem:
        raise errors.Refused(
            f"{path} cannot be made: {problem.strerror}.", "Name a file that is not there yet.", codes=("file_place",)
        ) from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise
