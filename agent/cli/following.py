"""`tapslip track` and `tapslip status`."""

from __future__ import annotations

import click

from agent import wiring
from agent.actions import audit, board
from agent.actions import track as tracking
from agent.cli import opening, shapes, words

_EVERY_SECONDS = 30.0


@click.command()
@click.option("--once", is_flag=True, help="One sweep, then leave.")
@click.pass_context
def track(ctx: click.Context, once: bool) -> None:  # noqa: FBT001  click's way
    """Follow every open journey until all are closed; --once looks once."""
    with opening.agent_for(opening.globals_of(ctx)) as agent:
        while True:
            sweep = tracking.track(agent)
            words.say_sweep(sweep)
            words.say_fault(audit.anchor_if_due(agent))
            if not sweep.progress:
                click.echo("No journey is open. Start one with `tapslip issue`.")
            if once or all(progress.journey.closed_at for progress in sweep.progress):
                return
            agent.clock.wait(_EVERY_SECONDS)


@click.command()
@click.argument("journey", required=False)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def status(ctx: click.Context, journey: str | None, as_json: bool) -> None:  # noqa: FBT001  click's way
    """The journeys and how they stand; with a journey's number, its evidence."""
    settings = opening.load_settings(opening.globals_of(ctx))
    agent = wiring.build(settings)
    try:
        rows = (board.one(agent, journey),) if journey else board.board(agent)
    finally:
        agent.close()
    if as_json:
        shapes.echo(shapes.row(rows[0]) if journey else [shapes.row(row) for row in rows])
        return
    for row in rows:
        words.say_row(row, settings.sites[0].zone)
        if journey:
            words.say_evidence(row, settings.sites[0].zone)
    if sum(row.journey.closed_at is not None for row in rows) >= board.ROWS:
        click.echo(f"The newest {board.ROWS} closed journeys are shown; older ones are left out.")
    if not rows:
        click.echo("No journeys yet. Start one with `tapslip issue`, or watch `tapslip demo`.")
