"""`tapslip migrate` and `tapslip profile check`."""

from __future__ import annotations

from pathlib import Path

import click

from agent import errors, profile_files, wiring
from agent.cli import opening


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
