"""`tapslip track` and `tapslip status`."""

from __future__ import annotations

from typing import Final

import click

from agent import errors
from agent.actions import board, work
from agent.actions import track as tracking
from agent.cli import main, opening, shapes, words
from agent.jobs import local
from agent.ports import Agent

_EVERY_SECONDS: Final = 30.0


@click.command()
@click.option("--once", is_flag=True, help="One sweep, then leave.")
@click.pass_context
def track(ctx: click.Context, once: bool) -> None:  # noqa: FBT001  click's way
    """Follow every open journey until all are closed; --once looks once.

    What the tenant does not answer now is asked for in the next sweep, which goes on where this one stopped.
    """
    failures = 0
    while True:
        with opening.agent_for(opening.globals_of(ctx)) as agent:
            failures = _once(agent) if once else _followed(agent, failures)
        if not failures:
            return


def _once(agent: Agent) -> int:
    problem = _swept(agent).cut_short()
    if problem is not None:
        problem.advice = f"{problem.advice}\nRun `tapslip track --once` again."
        raise problem
    return 0


def _followed(agent: Agent, failures: int) -> int:
    """Sweep after sweep until all are closed (then 0), more slowly with each failure to look at anybody.

    After a line that was dead, the number of failures: then the tenant is best looked for anew, as a sandbox that was
    started again has another address.
    """
    while True:
        sweep = _swept(agent)
        problem = sweep.cut_short()
        if problem is None and all(progress.journey.closed_at for progress in sweep.progress):
            return 0
        failures = failures + 1 if problem is not None and not sweep.looked_at else 0
        seconds = local.pause(_EVERY_SECONDS, failures)
        if problem is not None:
            seconds = max(seconds, _asked_for(problem))
            main.say_error(problem)
            click.echo(f"  Going on in {seconds:.0f} seconds; Ctrl-C ends it.", err=True)
        agent.clock.wait(seconds)
        if failures and not isinstance(problem, errors.TenantThrottled):
            return failures


def _asked_for(problem: errors.AgentError) -> float:
    """Seconds for which the tenant wants to be left alone."""
    return (problem.retry_after or 0.0) if isinstance(problem, errors.TenantThrottled) else 0.0


def _swept(agent: Agent) -> tracking.Sweep:
    sweep = tracking.track(agent)
    words.say_sweep(sweep)
    words.say_alarms(work.watch(agent))
    words.say_fault(work.anchor(agent))
    if not sweep.progress and not sweep.waits:
        click.echo("No journey is open. Start one with `tapslip issue`.")
    return sweep


@click.command()
@click.argument("journey", required=False)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def status(ctx: click.Context, journey: str | None, as_json: bool) -> None:  # noqa: FBT001  click's way
    """The journeys and how they stand; with a journey's number, its evidence."""
    with opening.agent_for(opening.globals_of(ctx)) as agent:
        rows = (board.one(agent, journey),) if journey else board.board(agent)
        zone = agent.settings.sites[0].zone
    if as_json:
        shapes.echo(shapes.row(rows[0]) if journey else [shapes.row(row) for row in rows])
        return
    for row in rows:
        words.say_row(row, zone)
        if journey:
            words.say_evidence(row, zone)
    if sum(row.journey.closed_at is not None for row in rows) >= board.ROWS:
        click.echo(f"The newest {board.ROWS} closed journeys are shown; older ones are left out.")
    if not rows:
        click.echo("No journeys yet. Start one with `tapslip issue`, or watch `tapslip demo`.")
