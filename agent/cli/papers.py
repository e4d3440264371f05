"""`tapslip slip`: how a paper will look, and what became of one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click

from agent import errors, profile_files
from agent.actions import authority, sheets
from agent.actions import papers as papering
from agent.cli import issuing, opening
from agent.cli.folder import FolderPaper
from agent.domain import claim_secrets
from agent.domain.profiles import Profile
from agent.domain.secrets import ClaimSecret
from agent.settings import Settings
from agent.slips import slip as slips
from agent.slips import ticket_slip

_NUMBER: Final = "PREVIEW"
_PERSON, _USER_NAME, _SERIAL = "Alex Example", "alex.example@example.com", "SAMPLE123"
_MORNING: Final = datetime(2030, 1, 7, 8, 0, tzinfo=UTC)


@click.group("slip")
def slip() -> None:
    """How a slip will look, and what became of one."""


@slip.command()
@click.option("--profile", "name", metavar="P", required=True, help="The profile whose slip to show.")
@click.option("--ticket", is_flag=True, help="Its ticket, instead of the slip that carries a code.")
@click.option("--variant", type=click.Choice(["technician", "hand-over"]), default="hand-over", show_default=True)
@click.option("--stock", metavar="S", default="a4", show_default=True, help="Paper: a4 or a6.")
@click.option("--lang", metavar="L", default="", help="Language; default the site's first.")
@click.option("--slip", "folder", metavar="DIR", required=True, type=click.Path(path_type=Path), help="Where to write.")
@click.pass_context
def preview(ctx: click.Context, /, **options: Any) -> None:
    """Print a sample without a code and without a tenant."""
    issuing.refuse_unknown_paper(options)
    settings = opening.load_settings(opening.globals_of(ctx))
    profiles = profile_files.load_all(settings.profiles_dir)
    profile = profiles.get(options["name"])
    if profile is None:
        raise errors.NotFound(
            f"There is no profile “{options['name']}”.", "Choose one of: " + ", ".join(sorted(profiles))
        )
    language = options["lang"] or settings.sites[0].languages[0]
    if options["ticket"]:
        secret = ClaimSecret("0" * claim_secrets.LENGTH + claim_secrets.check_symbol("0" * claim_secrets.LENGTH))
        pdf = ticket_slip.render(_ticket(settings, profile), secret, ticket_slip.Paper(options["stock"], language))
    else:
        pdf = slips.render(_slip(settings, profile, options["variant"]), options["stock"], language)
    paper = FolderPaper(options["folder"])
    paper.check([_NUMBER])
    click.echo(f"✓ {paper.put(_NUMBER, pdf)}")


def _slip(settings: Settings, profile: Profile, variant: str) -> slips.SlipContent:
    return slips.SlipContent(
        number=_NUMBER,
        variant=variant,
        organisation=settings.organisation.name,
        support=settings.organisation.support,
        person_name=_PERSON,
        user_name=_USER_NAME,
        distinguishing=(),
        device_label="",
        serial=_SERIAL,
        journey_title=profile.slip.heading,
        works_from=_MORNING,
        works_until=_MORNING + timedelta(hours=3),
        zone=settings.sites[0].zone,
        keep_until_step=profile.slip.keep_until_step,
        steps=tuple(slips.Step(step.text, step.use) for step in profile.slip.steps),
        start_page=profile.slip.start_page,
        watermark=sheets.SANDBOX_MARK if settings.sandbox else "",
    )


def _ticket(settings: Settings, profile: Profile) -> ticket_slip.TicketContent:
    return ticket_slip.TicketContent(
        number=_NUMBER,
        organisation=settings.organisation.name,
        support=settings.organisation.support,
        person_name=_PERSON,
        user_name=_USER_NAME,
        distinguishing=(),
        devices=(ticket_slip.Device(profile.slip.heading, "", _SERIAL),),
        facts=tuple(fact.value for fact in profile.second_facts),
        works_until=_MORNING + timedelta(days=14),
        zone=settings.sites[0].zone,
        watermark=sheets.SANDBOX_MARK if settings.sandbox else "",
    )


@slip.command()
@click.argument("number")
@click.pass_context
def destroyed(ctx: click.Context, number: str) -> None:
    """Write down that a void slip was torn up."""
    options = opening.globals_of(ctx)
    with opening.agent_for(options, acts=True) as agent:
        by = opening.identified(options, agent, authority.VOID)
        gone = papering.destroyed(agent, claim_secrets.plain(number), by)
    click.echo(f"✓ The slip {gone.number} is destroyed.")
