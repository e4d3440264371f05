"""`tapslip policy show` and `tapslip policy set`."""

from __future__ import annotations

import click

from agent.actions import policy as policies
from agent.cli import opening, shapes


@click.group()
def policy() -> None:
    """The tenant's Temporary Access Pass policy: explained, or changed by an administrator."""


@policy.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def show(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001  click's way
    """The policy in sentences, and what it means for each profile."""
    with opening.agent_for(opening.globals_of(ctx)) as agent:
        explained = policies.explain(agent)
    if as_json:
        shapes.echo(shapes.policy(explained))
        return
    for sentence in explained.sentences:
        click.echo(sentence)
    click.secho("\nWhat it means for each profile:", bold=True)
    for effect in explained.effects:
        sign = click.style("✓", fg="green") if effect.possible else click.style("✗", fg="red")
        click.echo(f"  {sign} {effect.profile:28} {effect.sentence}")
