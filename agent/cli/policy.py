"""`tapslip policy show` and `tapslip policy set`."""

from __future__ import annotations

import re
import sys
import webbrowser
from collections.abc import Sequence
from typing import Any

import click

from agent import errors, ports
from agent.actions import policy as policies
from agent.cli import opening, shapes
from agent.domain import policy_changes
from agent.domain.characters import shown

_GROUP_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NONE = "none"


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
        click.echo(shown(sentence))
    click.secho("\nWhat it means for each profile:", bold=True)
    for effect in explained.effects:
        sign = click.style("✓", fg="green") if effect.possible else click.style("✗", fg="red")
        click.echo(f"  {sign} {effect.profile:28} {effect.sentence}")


@policy.command(name="set")
@click.option("--on/--off", "enabled", default=None, help="Switch passes on or off.")
@click.option("--include", metavar="GROUP", multiple=True, help="Group id or all_users; repeatable, the whole list.")
@click.option("--exclude", metavar="GROUP", multiple=True, help="Group id or 'none'; repeatable, the whole list.")
@click.option("--minimum", metavar="MIN", type=int, help="Shortest lifetime in minutes.")
@click.option("--maximum", metavar="MIN", type=int, help="Longest lifetime in minutes.")
@click.option("--default", metavar="MIN", type=int, help="Lifetime when nobody says how long.")
@click.option("--one-time/--multi-use", "one_time", default=None, help="One-time passes only, or multi-use as well.")
@click.option("--length", metavar="N", type=int, help="Symbols of a code.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def change(ctx: click.Context, /, include: Sequence[str], exclude: Sequence[str], yes: bool, **wished: Any) -> None:  # noqa: FBT001  click's way
    """Change the policy: shows the difference, asks, and has an administrator sign in in the browser."""
    wish = policy_changes.Change(include=_groups("--include", include), exclude=_groups("--exclude", exclude), **wished)
    if wish == policy_changes.Change():
        raise errors.WrongUsage("Nothing is to be changed.", "Say what: `tapslip policy set --help`.")
    if not (yes or sys.stdin.isatty()):
        raise errors.WrongUsage("`tapslip policy set` asks before it changes anything.", "Without a terminal: --yes.")
    with opening.agent_for(opening.globals_of(ctx)) as agent:
        proposal = policies.propose(agent, wish)
        if not proposal.differences:
            click.echo("The policy says so already; nothing was changed.")
            return
        _say(proposal)
        if not yes and not click.confirm("Change it?"):
            raise errors.Refused("You answered no; nothing was changed.", codes=("declined",))
        if agent.settings.sandbox:
            click.echo("On the sandbox, in another terminal: tapslip sandbox person sign-in UPN 'ADDRESS'")
        administrator = agent.administration.sign_in(ports.Shown(_open_browser, _say_code))
        click.echo(f"Signed in: {shown(administrator.name)}")
        now = policies.change(agent, proposal, administrator)
    click.echo("✓ The policy is changed; it can take some minutes to hold everywhere.")
    if now != proposal.after:
        click.echo("  Microsoft still shows the old one: look again with `tapslip policy show`.")


def _groups(option: str, given: Sequence[str]) -> frozenset[str] | None:
    """The groups of an option, None when it was not given; raises WrongUsage."""
    if not given:
        return None
    ids = frozenset(one.strip().lower() for one in given)
    if ids == {_NONE}:
        return frozenset()
    everybody = {policy_changes.EVERYBODY} if option == "--include" else frozenset[str]()
    for one in sorted(ids - everybody):
        if not _GROUP_ID.fullmatch(one):
            words = "a group's object id, all_users or none" if everybody else "a group's object id or none"
            raise errors.WrongUsage(f"{option} {one} names no group.", f"Give {words}, each by itself.")
    if everybody and everybody < ids:
        raise errors.WrongUsage("all_users and groups exclude each other.", "Give --include all_users alone.")
    return ids


def _say(proposal: policies.Proposal) -> None:
    click.echo("The policy would change:")
    for each in proposal.differences:
        click.echo(shown(f"  {each.setting:18} {each.before}  →  {each.after}"))
    for effect in proposal.lost:
        click.echo(f"  {click.style('!', fg='yellow')} {effect.profile} is not possible then: {effect.sentence}")


def _open_browser(address: str) -> None:
    click.echo(f"An Authentication Policy Administrator signs in here:\n  {address}")
    webbrowser.open(address)


def _say_code(address: str, code: str) -> None:
    click.echo(f"An Authentication Policy Administrator opens {address} and types {code}")
