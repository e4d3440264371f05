"""`tapslip migrate`, `backup`, `restore` and `profile check`."""

from __future__ import annotations

from pathlib import Path

import click

from agent import errors, profile_files, wiring
from agent.actions import audit as auditing
from agent.cli import opening
from agent.domain.people import Operator
from agent.settings import Settings
from agent.store import restoring
from agent.store.anchors import AnchorFile


@click.command()
@click.pass_context
def migrate(ctx: click.Context) -> None:
    """Bring the database to this version."""
    store = wiring.open_store(opening.load_settings(opening.globals_of(ctx)))
    try:
        before, newest = store.revision()
        store.migrate()
    finally:
        store.close()
    click.echo(f"✓ The database is at {newest}" + (f" (was {before or 'empty'})." if before != newest else " already."))


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_context
def backup(ctx: click.Context, file: Path) -> None:
    """Copy the database, in use as it is, into FILE, which must not be there yet; SQLite only."""
    options = opening.globals_of(ctx)
    store = wiring.open_store(opening.load_settings(options))
    try:
        store.backup(file)
        recorded = auditing.record_backup(store, opening.operator(options), file, wiring.SystemClock().now())
    finally:
        store.close()
    click.echo(f"✓ The backup is {file}, readable by you alone. It holds no keys: keep the keys file elsewhere.")
    if not recorded:
        click.echo("  It is not in the audit, because the database waits for `tapslip migrate`.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def restore(ctx: click.Context, file: Path, yes: bool) -> None:  # noqa: FBT001  click's way
    """Put the backup FILE in the database's place; the present one is kept aside; SQLite only."""
    options = opening.globals_of(ctx)
    wish = _wish(opening.load_settings(options), file, opening.operator(options))
    outlook = restoring.look(wish)
    click.echo(f"{file} takes the place of {outlook.database}: {outlook.backup.rows} rows of the audit.")
    if outlook.lost:
        click.secho(f"! {outlook.lost} newer rows of the audit are not in it, nor what they tell of.", fg="yellow")
    if not yes and not click.confirm("Restore it?"):
        raise errors.Refused("You answered no; nothing was changed.", codes=("declined",))
    done = restoring.restore(wish, outlook)
    click.echo(f"✓ Restored; epoch {done.epoch} begins. What was open in the backup is held until a lead releases it.")
    if done.aside:
        click.echo(f"  The database before is kept as {done.aside}.")
    click.echo(
        "  Next: `tapslip track`, then `tapslip audit reconcile`: passes made since the backup are not known here."
    )


def _wish(settings: Settings, file: Path, by: Operator) -> restoring.Wish:
    if not settings.keys_file.exists():
        raise errors.Misconfigured(
            f"The keys file {settings.keys_file} is missing, so nobody can tell whether the backup's audit holds.",
            "Put it back first; it is kept apart from the database and its backups.",
        )
    return restoring.Wish(
        file=file,
        url=settings.database_url,
        key=wiring.audit_key(settings.keys_file)[0],
        anchors=AnchorFile(settings.audit_anchor),
        tenant_id=settings.tenant.tenant_id if settings.tenant else "",
        by=by,
        at=wiring.SystemClock().now(),
    )


@click.group()
def profile() -> None:
    """Check profile files."""


@profile.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.pass_context
def check(ctx: click.Context, files: tuple[Path, ...]) -> None:
    """Read profile files and name every fault; without FILE, those in use."""
    paths = files or tuple(profile_files.files(opening.load_settings(opening.globals_of(ctx)).profiles_dir))
    faults = profile_files.check(paths)
    if faults:
        raise errors.Misconfigured(f"{len(faults)} fault(s) in {len(paths)} profile file(s).", "\n".join(faults))
    click.echo(f"✓ {len(paths)} profiles, no fault.")
