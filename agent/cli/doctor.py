"""`tapslip doctor`."""

from __future__ import annotations

import click

from agent import errors
from agent.actions import doctor as examining
from agent.cli import opening, shapes
from agent.domain.characters import shown

_SIGNS = {
    examining.Health.OK: ("✓", "green"),
    examining.Health.WARNING: ("!", "yellow"),
    examining.Health.NOT_CHECKED: ("?", "magenta"),
    examining.Health.FAILED: ("✗", "red"),
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001  click's way
    """Is everything in order? Says what is not, and the remedy."""
    with opening.agent_for(opening.globals_of(ctx)) as agent:
        lines = examining.examine(agent)
    if as_json:
        shapes.echo(
            [
                {"name": line.name, "health": line.health.value, "sentence": line.sentence, "remedy": line.remedy}
                for line in lines
            ]
        )
    else:
        for line in lines:
            _say(line)
    if examining.worst(lines) in {examining.Health.FAILED, examining.Health.NOT_CHECKED}:
        ctx.exit(errors.Misconfigured.exit_code)


def _say(line: examining.Line) -> None:
    sign, colour = _SIGNS[line.health]
    click.echo(
        f"{click.style(f'{sign} {line.health.value}', fg=colour, bold=True):<24} {line.name}: {shown(line.sentence)}"
    )
    if line.remedy:
        click.echo(f"    {shown(line.remedy)}")
