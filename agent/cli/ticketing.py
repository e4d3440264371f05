"""`tapslip ticket`: paper without a code, and the claim that mints."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from agent import errors
from agent.actions import authority, sheets
from agent.actions import claim as claiming
from agent.actions import ticket as ticketing
from agent.cli import issuing, opening, shapes, words
from agent.cli.folder import FolderPaper
from agent.domain import claim_secrets
from agent.domain.secrets import ClaimSecret

C = TypeVar("C", bound=Callable[..., None])


@click.group()
def ticket() -> None:
    """Slips without a code, for a pass that is minted when they are claimed."""


def _paper_options(command: C) -> C:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Machine-readable; never with a secret."),
        click.option("--lang", metavar="L", default="", help="Language of the paper; default the site's first."),
        click.option("--stock", metavar="S", default="a4", show_default=True, help="Paper: a4 or a6."),
    ):
        command = option(command)
    return command


def _wanted(options: issuing.Options) -> sheets.Wanted:
    return sheets.Wanted(options.get("variant", "hand-over"), options["stock"], options["lang"])


@ticket.command()
@issuing.kit_options(moment=False)
@click.option("--slip", "folder", metavar="DIR", required=True, type=click.Path(path_type=Path), help="Where to write.")
@click.option("--expires", metavar="TIME", help="Until when it may be claimed, with zone; default as long as allowed.")
@_paper_options
@click.pass_context
def make(ctx: click.Context, /, **options: Any) -> None:
    """Print a ticket for a person's kit; nothing is minted yet."""
    issuing.refuse_unknown_paper(options)
    globals_ = opening.globals_of(ctx)
    with opening.agent_for(globals_, acts=True) as agent:
        asked = issuing.kit_asked(agent, {"start": None, "by_phone": False, **options})
        expires = _time(options["expires"])
        ticketing.expiry(agent, asked, expires)
        by = opening.identified(globals_, agent, authority.ISSUE)
        paper = FolderPaper(options["folder"])
        made = ticketing.make(agent, ticketing.Making(by, asked, paper, _wanted(options), expires))
        _say_made(made, agent.settings.sites[0].zone, as_json=options["as_json"])


@ticket.command()
@click.argument("number")
@click.option("--slip", "folder", metavar="DIR", required=True, type=click.Path(path_type=Path), help="Where to write.")
@_paper_options
@click.pass_context
def reprint(ctx: click.Context, /, number: str, **options: Any) -> None:
    """Print a lost ticket anew, with a new number and secret; the old one is void."""
    issuing.refuse_unknown_paper(options)
    globals_ = opening.globals_of(ctx)
    with opening.agent_for(globals_, acts=True) as agent:
        by = opening.identified(globals_, agent, authority.ISSUE)
        paper = FolderPaper(options["folder"])
        made = ticketing.reprint(agent, claim_secrets.plain(number), by, paper, _wanted(options))
        _say_made(made, agent.settings.sites[0].zone, as_json=options["as_json"])


def _say_made(made: ticketing.Made, zone: str, *, as_json: bool) -> None:
    if as_json:
        shapes.echo(shapes.ticket_made(made))
    else:
        words.say_ticket_made(made, zone)


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise errors.WrongUsage(
            f"“{text}” is not a time.", "Write it like 2026-12-01T08:30+01:00, with its zone."
        ) from None
    if at.tzinfo is None:
        raise errors.WrongUsage(f"“{text}” has no zone.", "Write it like 2026-12-01T08:30+01:00, or end it with Z.")
    return at.astimezone(UTC)


@ticket.command()
@click.argument("number")
@click.option("--slip", "folder", metavar="DIR", type=click.Path(path_type=Path), help="Write the slips here.")
@click.option("--show-code", is_flag=True, help="Show the code on this terminal.")
@click.option("--pin", "with_pin", is_flag=True, help="The ticket needs a PIN; it is asked for after the secret.")
@click.option("--staff-number", metavar="N", default="", help="The staff number that the person says.")
@click.option("--proof", metavar="KIND:NOTE", default="", help="How you know who the person is (recovery).")
@click.option("--replace", is_flag=True, help="Replace a live pass; its slips become void.")
@click.option("--variant", type=click.Choice(["technician", "hand-over"]), default="hand-over", show_default=True)
@_paper_options
@click.pass_context
def claim(ctx: click.Context, /, number: str, **options: Any) -> None:
    """Mint the pass of a ticket; the claim secret is asked for, or read from standard input."""
    issuing.refuse_careless(options)
    globals_ = opening.globals_of(ctx)
    number = claim_secrets.plain(number)
    secret, pin = _said(number, with_pin=options["with_pin"])
    with opening.agent_for(globals_, acts=True) as opened:
        agent, by = opening.acting(globals_, opened, authority.CLAIM)
        made = claiming.claim(
            agent,
            claiming.Claim(
                by=by,
                number=number,
                secret=secret,
                pin=pin,
                staff_number=options["staff_number"],
                replace=options["replace"],
                proof=options["proof"].strip(),
                paper=FolderPaper(options["folder"]) if options["folder"] else None,
                screen=issuing.show_code if options["show_code"] else None,
                wanted=_wanted(options),
            ),
        )
        zone = agent.settings.sites[0].zone
    if options["as_json"]:
        shapes.echo(shapes.issued(made))
    else:
        words.say_issued(made, zone)


def _said(number: str, *, with_pin: bool) -> tuple[ClaimSecret, ClaimSecret | None]:
    """The secret and the PIN: asked for without echo at a terminal, else the first two lines of standard input."""
    secret = claim_secrets.read(_line("Claim secret"), number)
    return secret, claim_secrets.read_pin(_line("PIN")) if with_pin else None


def _line(what: str) -> str:
    if sys.stdin.isatty():
        return str(click.prompt(what, hide_input=True, err=True, default="", show_default=False))
    return sys.stdin.readline()


@ticket.command()
@click.argument("number")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def void(ctx: click.Context, number: str, yes: bool) -> None:  # noqa: FBT001  click's way
    """Make a ticket good for nothing."""
    options = opening.globals_of(ctx)
    with opening.agent_for(options, acts=True) as agent:
        by = opening.identified(options, agent, authority.VOID)
        found = ticketing.find(agent, claim_secrets.plain(number))
        words.say_ticket(found, agent.settings.sites[0].zone)
        if not yes and not click.confirm("Void it?"):
            raise errors.Refused("You answered no; nothing was changed.", codes=("declined",))
        ticketing.void(agent, found.ticket.number, by)
    click.echo(f"✓ The ticket {found.ticket.number} is void.")


@ticket.command()
@click.argument("number")
@click.pass_context
def release(ctx: click.Context, number: str) -> None:
    """Let a ticket be claimed that is held since a backup was restored; a lead has seen that it was not."""
    options = opening.globals_of(ctx)
    with opening.agent_for(options, acts=True) as agent:
        by = opening.identified(options, agent, authority.RELEASE)
        released = ticketing.release(agent, claim_secrets.plain(number), by)
    click.echo(f"✓ The ticket {released.number} may be claimed.")


@ticket.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001  click's way
    """The newest tickets and how they stand."""
    with opening.agent_for(opening.globals_of(ctx)) as agent:
        rows = ticketing.rows(agent)
        if as_json:
            shapes.echo([shapes.ticket(row) for row in rows])
            return
        for row in rows:
            words.say_ticket(row, agent.settings.sites[0].zone)
        if not rows:
            click.echo("No tickets yet. Make one with `tapslip ticket make`.")
