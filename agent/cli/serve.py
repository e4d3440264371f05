"""`tapslip serve`: the board in a browser on this machine, and the local loop that tracks."""

from __future__ import annotations

import logging

import click

from agent import errors, wiring
from agent.actions import work
from agent.cli import opening, serving
from agent.jobs.local import Loop
from agent.ports import Agent
from agent.web import app, local_ca
from agent.web.one_time_link import OneTimeLink

log = logging.getLogger(__name__)

_SWEEP_SECONDS = 30.0


@click.command()
@click.option("--port", type=int, default=8443, show_default=True, help="Port on loopback; 0: any free one.")
@click.pass_context
def serve(ctx: click.Context, port: int) -> None:
    """The board in a browser, with tracking in the background; loopback only until operators can sign in."""
    with opening.agent_for(opening.globals_of(ctx)) as agent:
        keep_open(agent, port)


def keep_open(agent: Agent, port: int) -> None:
    """Serve the board until stopped; prints the one-time link. Raises Misconfigured for a taken port."""
    chance = wiring.SystemChance()
    entry = OneTimeLink(agent.clock, chance.token)
    pages = app.create_app(agent, entry=entry, token=chance.token, watermark=agent.settings.sandbox)
    certificate, holder = _certificate(agent), chance.uuid()
    with (
        serving.start(pages.wsgi_app, certificate=certificate, port=port) as served,
        Loop(lambda: _turn(agent, holder), every=_SWEEP_SECONDS, on_trouble=_trouble),
    ):

        def link() -> None:
            click.secho(f"  {served.origin}{entry.make()}", bold=True)

        click.echo("\nThe board is open. This link works once, for ten minutes:")
        link()
        click.echo("  Press Enter for a new link, Ctrl-C to stop.")
        if agent.settings.tls is None:
            click.echo(f"  Your browser will ask about the certificate; its authority is {certificate.ca_file}")
        served.wait(on_enter=link)


def _certificate(agent: Agent) -> local_ca.Certificate:
    tls = agent.settings.tls
    if tls is not None:
        return local_ca.Certificate(tls.certificate_file, tls.key_file, tls.certificate_file)
    return local_ca.ensure(agent.settings.state_dir / "tls", agent.clock.now())


def _turn(agent: Agent, holder: str) -> None:
    """What the local loop does each time. Raises what ended a sweep that looked at nobody: it slows down then."""
    turn = work.turn(agent, holder)
    for alarm in turn.alarms:
        log.critical("%s %s", alarm.sentence, alarm.act)
    if turn.fault is not None:
        log.error("the audit is broken at row %d: %s", turn.fault.row, turn.fault.sentence)
    sweep = turn.sweep
    if sweep is None:
        return
    problem = sweep.cut_short()
    if problem is not None and not sweep.looked_at:
        raise problem
    if problem is not None:
        _trouble(problem)


def _trouble(problem: Exception) -> None:
    if isinstance(problem, errors.AgentError):
        log.warning("tracking: %s %s", problem.summary, problem.advice)
    else:
        log.error("tracking stopped at a bug (%s); it goes on at the next sweep", type(problem).__name__)
