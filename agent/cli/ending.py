"""`tapslip revoke` and `tapslip close`: both name what ends before they ask."""

from __future__ import annotations

import click

from agent import errors
from agent.actions import authority
from agent.actions import close as closing
from agent.cli import opening
from agent.domain import characters
from agent.domain.journeys import Journey


def _name(kit: tuple[Journey, ...]) -> None:
    for journey in kit:
        named = f"{journey.person_name} <{journey.user_name}>  {journey.profile} {journey.serial}"
        click.echo(f"  {journey.id}  {characters.shown(named)}")


def _ask(question: str, *, yes: bool) -> None:
    if not yes and not click.confirm(question):
        raise errors.Refused("You answered no; nothing was changed.", codes=("declined",))


def _say(ended: closing.Ended) -> None:
    for journey in ended.closed:
        click.echo(f"✓ {journey.id} is closed: {journey.state}.")
    if ended.pass_gone:
        click.echo("✓ The pass is gone; the tenant was asked. Apps signed in with it may ask to sign in again.")
    elif ended.pass_gone is None and ended.closed:
        click.echo("  No pass was taken away: there was none, or another journey of this person needs it.")


@click.command()
@click.argument("journey")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def revoke(ctx: click.Context, journey: str, yes: bool) -> None:  # noqa: FBT001  click's way
    """Take the pass away from a journey and from all that share it."""
    options = opening.globals_of(ctx)
    with opening.agent_for(options, acts=True) as opened:
        agent, by = opening.acting(options, opened, authority.REVOKE)
        authority.may_revoke(agent, by)
        kit = closing.kit_of(agent, journey.strip().upper())
        click.echo("These journeys lose their pass:")
        _name(kit)
        _ask("Revoke it?", yes=yes)
        _say(closing.revoke(agent, kit[0].id, by))


@click.command()
@click.argument("journey")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def close(ctx: click.Context, journey: str, yes: bool) -> None:  # noqa: FBT001  click's way
    """Close one journey; the pass goes unless another open journey of the person needs it."""
    options = opening.globals_of(ctx)
    with opening.agent_for(options, acts=True) as opened:
        agent, by = opening.acting(options, opened, authority.REVOKE)
        authority.may_revoke(agent, by)
        kit = closing.kit_of(agent, journey.strip().upper())
        click.echo("This journey will be closed:")
        _name(kit[:1])
        _ask("Close it?", yes=yes)
        _say(closing.close(agent, kit[0].id, by))
