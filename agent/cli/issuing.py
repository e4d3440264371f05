"""`tapslip preflight` and `tapslip issue`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from agent import errors
from agent.actions import authority, planning, sheets
from agent.actions import issue as issuing
from agent.actions import preflight as preflighting
from agent.cli import opening, shapes, words
from agent.cli.folder import FolderPaper
from agent.domain import cases, passes, scans
from agent.domain.devices import DeviceKind
from agent.domain.guard_rails import GuardRails
from agent.domain.profiles import Profile
from agent.domain.secrets import PassCode
from agent.ports import Agent
from agent.slips import stocks, wording

Options = Mapping[str, Any]


def kit_options(*, moment: bool = True) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The options that say who, for what and with which terms; `moment` adds those that are about this moment."""
    of_the_moment = (
        click.option("--by-phone", is_flag=True, help="The code will be read out to a verified caller."),
        click.option("--start", metavar="TIME", help="When the pass begins to work, with zone; default now."),
    )
    options = (
        click.option("--stolen", is_flag=True, help="The lost method was stolen: sessions must be revoked too."),
        click.option("--proof", metavar="KIND:NOTE", default="", help="How you know who the person is (recovery)."),
        click.option("--lost", metavar="METHOD_ID", default="", help="The lost method (recovery)."),
        click.option("--desk-number", metavar="NUMBER", default="", help="The service desk's number of this."),
        *(of_the_moment if moment else ()),
        click.option("--lifetime", metavar="MIN", type=int, help="Minutes, instead of what the journeys need."),
        click.option("--for", "wanted", metavar="PROFILE[=SERIAL]", multiple=True, required=True, help="Repeatable."),
        click.option("--person", metavar="UPN", required=True, help="The person's user name."),
    )

    def add(command: Callable[..., None]) -> Callable[..., None]:
        for option in options:
            command = option(command)
        return command

    return add


@click.command()
@kit_options()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def preflight(ctx: click.Context, /, as_json: bool, **options: Any) -> None:  # noqa: FBT001  click's way
    """Would a pass work for this person and device? Spends nothing."""
    with opening.agent_for(opening.globals_of(ctx)) as agent:
        report = preflighting.preflight(agent, kit_asked(agent, options))
    if as_json:
        shapes.echo(shapes.report(report))
    else:
        words.say_report(report)
    if report.verdict.refusals:
        ctx.exit(errors.Refused.exit_code)


@click.command()
@kit_options()
@click.option("--slip", "folder", metavar="DIR", type=click.Path(path_type=Path), help="Write the slips here.")
@click.option("--variant", type=click.Choice(["technician", "hand-over"]), default="hand-over", show_default=True)
@click.option("--stock", metavar="S", default="a4", show_default=True, help="Paper: a4 or a6.")
@click.option("--lang", metavar="L", default="", help="Language of the slip; default the site's first.")
@click.option("--show-code", is_flag=True, help="Show the code on this terminal.")
@click.option("--replace", is_flag=True, help="Replace a live pass; its slips become void.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable; never with a code.")
@click.pass_context
def issue(ctx: click.Context, /, **options: Any) -> None:
    """Make one pass for a person's kit; one slip for each journey."""
    refuse_careless(options)
    globals_ = opening.globals_of(ctx)
    with opening.agent_for(globals_, acts=True) as opened:
        asked = kit_asked(opened, options)
        agent, by = opening.acting(globals_, opened, authority.ISSUE)
        request = planning.Request(
            by=by,
            asked=asked,
            paper=FolderPaper(options["folder"]) if options["folder"] else None,
            screen=show_code if options["show_code"] else None,
            wanted=sheets.Wanted(options["variant"], options["stock"], options["lang"]),
        )
        made = issuing.issue(agent, request)
        zone = agent.settings.sites[0].zone
    if options["as_json"]:
        shapes.echo(shapes.issued(made))
    else:
        words.say_issued(made, zone)


def refuse_careless(options: Options) -> None:
    """What must be refused before anything is minted."""
    if not options["folder"] and not options["show_code"]:
        raise errors.WrongUsage("Nobody would see the code.", "Add --slip DIR for paper, or --show-code.")
    if options["show_code"] and options["as_json"]:
        raise errors.WrongUsage("--show-code and --json exclude each other.", "A code is never written as JSON.")
    if options["show_code"] and not (sys.stdout.isatty() and sys.stdin.isatty()):
        raise errors.WrongUsage(
            "--show-code works on a terminal only.",
            "Without one, a code would end in a file or a pipe: use --slip DIR.",
        )
    refuse_unknown_paper(options)


def refuse_unknown_paper(options: Options) -> None:
    """WrongUsage for a paper or language that is not there."""
    try:
        stocks.load(options["stock"])
        wording.load(options["lang"] or wording.known()[0])
    except errors.Misconfigured as unknown:
        raise errors.WrongUsage(unknown.summary, unknown.advice) from None


def kit_asked(agent: Agent, options: Options) -> cases.KitAsked:
    """Read what was typed; raises WrongUsage, NotFound (profile) and Refused (user name)."""
    items = tuple(_item(agent.profiles, text) for text in options["wanted"])
    if len({item.label.upper() for item in items}) != len(items):
        raise errors.WrongUsage("The same journey is named twice.", "Name each --for once.")
    _refuse_unused([item.profile for item in items], agent.settings.guard_rails, options)
    return cases.KitAsked(
        person=scans.user_name(options["person"]),
        items=items,
        wish=passes.Wish(_start(options["start"], agent.clock.now()), options["lifetime"]),
        replace=bool(options.get("replace")),
        lost_method=options["lost"].strip(),
        proof=options["proof"].strip(),
        stolen=options["stolen"],
        desk_number=(options["desk_number"] or "").strip(),
        by_phone=options["by_phone"],
    )


def _refuse_unused(kit: Sequence[Profile], everywhere: GuardRails, options: Options) -> None:
    """An option that no journey reads would be believed and do nothing."""
    rails = [everywhere, *(profile.guard_rails for profile in kit)]
    read = {
        "lost": any(rail.names_lost_method for rail in rails),
        "stolen": any(rail.names_lost_method for rail in rails),
        "proof": options["by_phone"] or any(rail.proof_of_identity for rail in rails),
    }
    for name, used in read.items():
        if options[name] and not used:
            raise errors.WrongUsage(
                f"--{name} means nothing here: no journey that you name is a recovery.",
                "Add --for account-recovery, or leave the option out.",
            )
    kind, _, note = options["proof"].partition(":")
    if options["proof"] and not (kind.strip() and note.strip()):
        raise errors.WrongUsage(
            "--proof is written as KIND:NOTE.", "For instance --proof photo-id:checked at the desk."
        )


def _item(profiles: Mapping[str, Profile], text: str) -> cases.Item:
    name, _, serial = text.partition("=")
    profile = profiles.get(name.strip())
    if profile is None:
        raise errors.NotFound(f"There is no profile “{name}”.", "Choose one of: " + ", ".join(sorted(profiles)))
    if profile.device is DeviceKind.NONE and serial:
        raise errors.WrongUsage(f"{name} has no device.", f"Write --for {name} without a serial.")
    if profile.device is not DeviceKind.NONE and not serial.strip():
        raise errors.WrongUsage(f"{name} needs a serial number.", f"Write --for {name}=SERIAL.")
    return cases.Item(profile, serial)


def _start(text: str | None, now: datetime) -> datetime | None:
    if not text:
        return None
    try:
        start = datetime.fromisoformat(text)
    except ValueError:
        raise errors.WrongUsage(
            f"“{text}” is not a time.", "Write it like 2026-12-01T08:30+01:00, with its zone."
        ) from None
    if start.tzinfo is None:
        raise errors.WrongUsage(f"“{text}” has no zone.", "Write it like 2026-12-01T08:30+01:00, or end it with Z.")
    furthest = now + passes.FURTHEST_START
    allowed = f"It may begin from now until {furthest:%Y-%m-%d %H:%M} UTC."
    if start <= now:
        raise errors.WrongUsage(f"{text} has passed.", f"Leave --start out for a pass that works at once. {allowed}")
    if start > furthest:
        raise errors.WrongUsage(
            f"{text} is more than {passes.FURTHEST_START.days} days away.",
            f"Issue nearer to the day; a slip is easily lost. {allowed}",
        )
    return start.astimezone(UTC)


def show_code(code: PassCode) -> None:
    """On the terminal's other screen, which keeps no history; gone when the operator presses Enter."""
    shown = code.reveal()
    groups = " ".join(shown[i : i + 4] for i in range(0, len(shown), 4))
    click.echo("\x1b[?1049h\x1b[H", nl=False)
    try:
        click.secho(f"\n\n      {groups}\n", bold=True)
        click.echo("      Type it without the blanks. It is not shown again.\n      Press Enter when it is noted.")
        sys.stdin.readline()
    finally:
        click.echo("\x1b[2J\x1b[H\x1b[?1049l", nl=False)
