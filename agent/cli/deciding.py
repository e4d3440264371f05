"""`tapslip ask`, `freeze` and `unfreeze`: decide what others ask, stop everything, go on."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import click

from agent import errors
from agent.actions import asks as asking
from agent.actions import authority, removal
from agent.actions import freeze as freezing
from agent.cli import opening, shapes
from agent.domain import asks, characters
from agent.ports import Agent


@click.group()
def ask() -> None:
    """What waits for the yes or no of another person."""


@ask.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001  click's way
    """Every ask that can still be answered."""
    with opening.agent_for(opening.globals_of(ctx)) as agent:
        found = asking.waiting(agent)
        if as_json:
            shapes.echo([shapes.ask(one) for one in found])
            return
        for one in found:
            _say(agent, one)
        if not found:
            click.echo("Nothing waits for an answer.")


@ask.command()
@click.argument("number")
@click.option("--note", default="", help="Why, for the audit.")
@click.option("--yes", is_flag=True, help="Do not ask whether you are sure.")
@click.pass_context
def approve(ctx: click.Context, number: str, note: str, yes: bool) -> None:  # noqa: FBT001  click's way
    """Say yes to exactly what is shown."""
    _answer(ctx, number, note, sure=yes, approved=True)


@ask.command()
@click.argument("number")
@click.option("--note", default="", help="Why, for the audit and for whoever asked.")
@click.pass_context
def refuse(ctx: click.Context, number: str, note: str) -> None:
    """Say no."""
    _answer(ctx, number, note, sure=True, approved=False)


def _answer(ctx: click.Context, number: str, note: str, *, sure: bool, approved: bool) -> None:
    options = opening.globals_of(ctx)
    with opening.agent_for(options, acts=True) as agent:
        found = asking.find(agent, number.strip().upper())
        by = opening.answering(options, agent, found)
        _say(agent, found)
        if not sure and not click.confirm("Say yes to this?"):
            raise errors.Refused("You answered no question; the ask still waits.", codes=("declined",))
        answered = asking.answer(agent, found.id, by, yes=approved, note=note.strip())
    if answered.kind is asks.AskKind.UNFREEZE and approved:
        click.echo("✓ The freeze is lifted. Passes can be made again.")
    elif approved:
        click.echo(f"✓ Approved. {characters.shown(answered.asked_by_name)} can now run the same command again.")
        click.echo(f"  It is good for this only, once, until {_time(agent, answered.ends_at)}.")
    else:
        click.echo("✓ Refused. Nothing is made.")


def _say(agent: Agent, one: asks.Ask) -> None:
    click.secho(f"{one.id}  {_what(one)}", bold=True)
    asked = f"asked by {one.asked_by_name} at {_time(agent, one.asked_at)}, lapses at {_time(agent, one.ends_at)}"
    lines = [f"for {one.user_name}"] if one.user_name else []
    lines += [f"{item.profile} {item.serial}".rstrip() for item in one.matter.items]
    if one.matter.items:
        use = "one-time" if one.matter.one_time else "multi-use"
        lines.append(f"a pass of {one.matter.lifetime} minutes, {use}")
    lines += [f"proof: {one.matter.proof}"] if one.matter.proof else []
    lines += ["read out by telephone"] if one.matter.by_phone else []
    lines += [f"kills {len(one.matter.replaces)} pass that is live now"] if one.matter.replaces else []
    lines += [f"because: {', '.join(one.why)}", asked]
    for line in lines:
        click.echo(f"  {characters.shown(line)}")


def _what(one: asks.Ask) -> str:
    return {
        asks.AskKind.APPROVAL: "May this pass be made?",
        asks.AskKind.SECOND_FACT: "Is this the person? Look at a photo ID.",
        asks.AskKind.PRESENCE: "Is the person with you?",
        asks.AskKind.HAND_OVER: "Was it handed over?",
        asks.AskKind.UNFREEZE: "May passes be made again?",
    }[one.kind]


def _time(agent: Agent, at: datetime) -> str:
    site = agent.settings.sites[0]
    return f"{at.astimezone(ZoneInfo(site.zone)):%H:%M} ({site.zone})"


@click.command()
@click.option("--why", default="", help="What happened, for everybody who is stopped by it.")
@click.option("--revoke-all", is_flag=True, help="Take every live pass away, too.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def freeze(ctx: click.Context, why: str, revoke_all: bool, yes: bool) -> None:  # noqa: FBT001  click's way
    """No pass is made any more, in any process, until a lead and an admin lift it together."""
    options = opening.globals_of(ctx)
    with opening.agent_for(options, acts=True) as agent:
        by = opening.identified(options, agent, authority.REVOKE if revoke_all else authority.FREEZE)
        also = " and take every live pass away" if revoke_all else ""
        if not yes and not click.confirm(f"Stop making passes{also}?"):
            raise errors.Refused("You answered no; nothing was changed.", codes=("declined",))
        held = freezing.holding(agent)
        if held is None or not revoke_all:
            held = freezing.freeze(agent, by, why.strip())
        click.secho("✓ Frozen: no pass is made until a lead and an admin lift it (`tapslip unfreeze`).", bold=True)
        if not revoke_all:
            click.echo("  Passes that are live go on working; --revoke-all takes them away.")
            return
        mine = agent if removal.by_itself(agent) else opening.in_own_name(agent, by)
        taken = freezing.take_all_away(mine, by)
    click.echo(f"✓ {taken.gone} {'pass is' if taken.gone == 1 else 'passes are'} gone; the tenant was asked.")
    for line in taken.trouble:
        click.echo(f"  ! {line}", err=True)
    if taken.trouble:
        ctx.exit(errors.OutcomeUnknown.exit_code)


@click.command()
@click.pass_context
def unfreeze(ctx: click.Context) -> None:
    """Ask the other office to lift the freeze: a lead asks an admin, an admin a lead."""
    options = opening.globals_of(ctx)
    with opening.agent_for(options, acts=True) as agent:
        put = freezing.unfreeze(agent, opening.identified(options, agent, authority.UNFREEZE))
        until = _time(agent, put.ends_at)
    other = " or ".join(sorted(put.roles))
    click.echo(f"Nothing is lifted yet: the {other} must agree, until {until}:")
    click.secho(f"  tapslip ask approve {put.id}", bold=True)
