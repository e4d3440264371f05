"""`tapslip worklist` and `tapslip incident`: what somebody has to look at, and what happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import click

from agent import errors
from agent.actions import authority
from agent.actions import incident as incidents
from agent.actions import worklist as worklists
from agent.cli import opening, shapes
from agent.domain import characters
from agent.domain import worklist as listed
from agent.domain.alerts import AlertLevel

_FURTHEST = timedelta(days=30)


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def worklist(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001  click's way
    """What a person has to look at: why, and the one thing to do."""
    if ctx.invoked_subcommand:
        return
    with opening.agent_for(opening.globals_of(ctx)) as agent:
        rows, zone = worklists.rows(agent), ZoneInfo(agent.settings.sites[0].zone)
    if as_json:
        shapes.echo([shapes.worklist_row(row) for row in rows])
        return
    for row in rows:
        _say(row, zone)
    if not rows:
        click.echo("Nothing to look at. Tracking keeps this list: `tapslip track` or `tapslip serve`.")


def _say(row: listed.Row, zone: ZoneInfo) -> None:
    mark = "!!" if row.level is AlertLevel.CRITICAL else " !"
    about = "  ".join(filter(None, (row.journey_id, row.person)))
    click.secho(f"{mark} {characters.shown(about)}  since {row.since.astimezone(zone):%d %b %H:%M}", bold=True)
    click.echo(f"   {characters.shown(row.reason)}")
    click.echo(f"   → {characters.shown(row.act)}")
    if row.link:
        click.echo(f"     {row.link}")
    if row.alert_id:
        click.echo(f"   Looked at? `tapslip worklist settle {row.alert_id} --note WHAT-IT-WAS`")


@worklist.command()
@click.argument("alert")
@click.option("--note", required=True, help="What it was, for the audit.")
@click.pass_context
def settle(ctx: click.Context, alert: str, note: str) -> None:
    """Say what an alert was; it leaves the list."""
    options = opening.globals_of(ctx)
    with opening.agent_for(options, acts=True) as agent:
        by = opening.identified(options, agent, authority.SETTLE)
        worklists.settle(agent, alert.strip(), by, note.strip())
    click.echo("✓ Settled, and written down.")


@click.command()
@click.option("--since", metavar="T", required=True, help="From when on, with zone, such as 2026-12-01T08:30Z.")
@click.option("--pass", "pass_id", metavar="ID", default="", help="Only this pass (our number or the tenant's id).")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def incident(ctx: click.Context, since: str, pass_id: str, as_json: bool) -> None:  # noqa: FBT001  click's way
    """Who used which pass, from where, and what appeared on those accounts since."""
    with opening.agent_for(opening.globals_of(ctx)) as agent:
        accounts = incidents.incident(agent, _moment(since, agent.clock.now()), pass_id.strip().lower())
        zone = ZoneInfo(agent.settings.sites[0].zone)
    if as_json:
        shapes.echo([shapes.account(account) for account in accounts])
        return
    for account in accounts:
        _tell(account, zone)
    if not accounts:
        click.echo("No pass of ours was live in that time, and no open alarm names an account.")


def _moment(text: str, now: datetime) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise errors.WrongUsage(f"“{text}” is not a time.", "Write it like 2026-12-01T08:30Z, with its zone.") from None
    if at.tzinfo is None:
        raise errors.WrongUsage(f"“{text}” has no zone.", "Write it like 2026-12-01T08:30+01:00, or end it with Z.")
    if not now - _FURTHEST <= at <= now:
        raise errors.WrongUsage(
            f"{text} is not within the last {_FURTHEST.days} days.", "Microsoft's logs go back no further than that."
        )
    return at.astimezone(UTC)


def _tell(account: incidents.Account, zone: ZoneInfo) -> None:
    click.secho(characters.shown(account.user_name), bold=True)
    for row in account.passes:
        begun, ended = row.requested_at.astimezone(zone), row.gone_at.astimezone(zone) if row.gone_at else None
        until = f", gone {ended:%H:%M}" if ended else ""
        _line(f"pass {row.id} ({row.state}), made {begun:%d %b %H:%M} by {row.by}{until}")
    for alert in account.stray:
        _line(f"!! {alert.sentence} {alert.subject}")
    for use in account.uses:
        how = "signed in" if use.succeeded else f"failed ({use.error_code})"
        where = ", ".join(filter(None, (use.application, use.address, use.operating_system, use.device_id)))
        access = f"Conditional Access: {use.access or 'not told'}"
        _line(f"{use.at.astimezone(zone):%d %b %H:%M} {how} with a pass: {where}; {access}")
    for method in account.methods:
        when = f"{method.created.astimezone(zone):%d %b %H:%M}" if method.created else "time unknown"
        _line(f"new method: {method.kind.value.replace('_', ' ')} {method.name} ({when})")
    for device in account.devices:
        when = f"{device.registered_at.astimezone(zone):%d %b %H:%M}" if device.registered_at else "time unknown"
        _line(f"new device: {device.name or device.device_id} ({when})")
    for reason in account.unread:
        _line(f"not checked: {reason}")
    _line(f"revoke sessions: {account.sessions}")
    _line(f"remove methods: {account.page}")


def _line(text: str) -> None:
    click.echo(f"  {characters.shown(text)}")
