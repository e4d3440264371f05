"""The sentences of the terminal: findings, journeys and outcomes, the same words as on the board and on paper."""

from __future__ import annotations

import zoneinfo
from datetime import datetime

import click

from agent.actions import board, issue, preflight, ticket, track, tripwire
from agent.domain import cases, milestones, passes, people
from agent.domain.characters import shown
from agent.domain.facts import Known
from agent.ports import AuditFault

_SIGNS = {
    cases.Level.OK: ("✓", "green"),
    cases.Level.WARNING: ("!", "yellow"),
    cases.Level.BLOCKER: ("✗", "red"),
    cases.Level.NOT_CHECKED: ("?", "magenta"),
}


def local(at: datetime | None, zone: str) -> str:
    """`Mon 23 Nov 14:05 (Europe/Berlin)`, with the year where it is another than this one."""
    if at is None:
        return "—"
    there = zoneinfo.ZoneInfo(zone)
    here = at.astimezone(there)
    year = "" if here.year == datetime.now(there).year else f" {here.year}"
    return f"{here:%a %d %b}{year} {here:%H:%M} ({zone})"


def person(who: people.Person) -> str:
    """Name, user name, and what tells two people of one name apart."""
    return shown(f"{who.display_name} <{who.user_name}> {', '.join(who.distinguishing)}".rstrip())


def say_finding(finding: cases.Finding) -> None:
    """One finding: sign, level, sentence; then who can mend it and where, with the page; and what was looked at."""
    sign, colour = _SIGNS[finding.level]
    head = click.style(f"{sign} {finding.level.value}", fg=colour, bold=True)
    about = f" [{finding.about}]" if finding.about else ""
    click.echo(f"{head}{shown(f'{about} {finding.sentence}')}")
    if finding.who or finding.where:
        click.echo(shown(f"    {finding.who}: {finding.where}" if finding.where else f"    {finding.who}"))
    if finding.link:
        click.secho(shown(f"    {finding.link}"), fg="blue")
    if finding.evidence and finding.level is not cases.Level.OK:
        click.secho(shown(f"    seen in {finding.evidence}"), dim=True)


def say_report(report: preflight.Report) -> None:
    """A preflight's answer, worst news included, with what to do next."""
    facts = report.facts.people[report.asked.person]
    if isinstance(facts.person, Known) and facts.person.value:
        click.secho(person(facts.person.value), bold=True)
    for finding in report.verdict.findings:
        say_finding(finding)
    terms = report.verdict.terms
    if report.verdict.refusals:
        click.echo("A pass would be refused. Nothing was spent.")
    elif terms:
        kind = "one-time" if terms.one_time else "multi-use"
        click.secho(f"✓ A pass would work: {kind}, {terms.lifetime} minutes. Nothing was spent.", fg="green")
    if any(item.profile.guard_rails.names_lost_method for item in report.asked.items):
        for method in facts.methods.value if isinstance(facts.methods, Known) else ():
            click.echo(shown(f"  method {method.id}  {method.kind.value.replace('_', ' ')} {method.name}"))


def say_issued(made: issue.Issued, zone: str) -> None:
    """What was made, where it lies, and the next command."""
    for finding in made.findings:
        say_finding(finding)
    kind = "One-time" if made.row.terms.one_time else "Multi-use"
    click.secho(f"✓ {kind} pass for {person(made.person)}", fg="green", bold=True)
    start = f"from {local(made.row.terms.start, zone)} " if made.row.terms.start else ""
    click.echo(f"  works {start}until {local(made.row.ends_at, zone)}")
    slips = {slip.journey_id: slip for slip in made.slips}
    for journey in made.journeys:
        slip = slips.get(journey.id)
        paper = f"slip {slip.number}: {slip.place}" if slip else "no slip"
        click.echo(f"  {journey.id}  {journey.profile} {shown(journey.serial)}  {paper}")
    click.echo("  Next: hand it over, then `tapslip track`.")


def say_ticket_made(made: ticket.Made, zone: str) -> None:
    """What was printed, where it lies, and what the claim will need."""
    for finding in made.findings:
        say_finding(finding)
        if finding.code in ticket.OF_THE_MOMENT:
            click.echo("    The claim looks again; until then this stands in nobody's way.")
    held = made.ticket
    click.secho(f"✓ Ticket {held.number} for {shown(f'{held.person_name} <{held.user_name}>')}", fg="green", bold=True)
    click.echo(f"  claim it until {local(held.expires_at, zone)}; no pass was minted")
    click.echo(f"  paper: {held.place}")
    if made.pin_place:
        click.echo(f"  PIN letter, to be sent apart: {made.pin_place}")
    facts = ", ".join(fact.value.replace("_", " ") for fact in held.facts)
    click.echo(f"  Next: hand it over. `tapslip ticket claim {held.number}` needs its secret and: {facts}.")


def say_ticket(row: ticket.Row, zone: str) -> None:
    """One line for a ticket, and one for why."""
    held = row.ticket
    kit = ", ".join(f"{item.profile} {item.serial}".rstrip() for item in held.wanted.items)
    who = shown(f"{held.person_name} <{held.user_name}>  {kit}")
    click.echo(f"{click.style(held.number, bold=True)}  {row.standing}  {who}")
    reason = f"  {shown(held.reason)}" if held.reason else ""
    click.echo(f"    until {local(held.expires_at, zone)}{reason}")


def _held(held: passes.Pass, now: datetime, zone: str) -> str:
    """How a pass stands, by the clock too."""
    if held.state is passes.PassState.GONE:
        return f"pass gone since {local(held.gone_at, zone)}"
    if held.state is not passes.PassState.ISSUED:
        return f"pass {held.state}"
    if held.terms.start is not None and held.terms.start > now:
        return f"pass works from {local(held.terms.start, zone)} until {local(held.ends_at, zone)}"
    if held.ends_at is not None and held.ends_at <= now:
        return f"pass ended {local(held.ends_at, zone)}"
    return f"pass works until {local(held.ends_at, zone)}"


def say_row(row: board.Row, zone: str) -> None:
    """One line for a journey."""
    journey = row.journey
    held = f", {_held(row.row, row.at, zone)}" if row.row else ""
    slips = " ".join(f"slip {slip.number} ({slip.state})" for slip in row.slips)
    click.echo(
        f"{click.style(journey.id, bold=True)}  "
        + shown(f"{journey.person_name} <{journey.user_name}>  {journey.profile} {journey.serial}").rstrip()
    )
    click.echo(f"    {row.standing.stage}{held}  {slips}".rstrip())
    for odd in row.unexpected:
        click.secho(f"    unexpected: {shown(odd)}", fg="yellow")


def say_evidence(row: board.Row, zone: str) -> None:
    """Every milestone of one journey with what proves it, then what is missing."""
    for milestone, proof in row.standing.proofs.items():
        said = f"{local(proof.at, zone)}  {shown(proof.detail)}  [{proof.source}]"
        click.echo(f"    ✓ {milestones.describe(milestone):28} {said}")
    for milestone in row.standing.missing:
        click.echo(f"    · {milestones.describe(milestone):28} not seen yet")
    if row.journey.note:
        click.echo(f"    {shown(row.journey.note)}")


def say_fault(fault: AuditFault | None) -> None:
    """What the hourly look at the audit found, if it found anything."""
    if fault is not None:
        click.secho(f"✗ The audit is broken at row {fault.row}: {shown(fault.sentence)}", fg="red")
        click.echo("  Keep the database as it is, and run `tapslip audit verify`.")


def say_alarms(look: tripwire.Look) -> None:
    """What the tripwire found, first of all."""
    for alarm in look.alarms:
        click.secho(f"!! {shown(alarm.sentence)}", fg="red", bold=True)
        click.echo(f"   {shown(alarm.act)}")
        click.echo(f"   {alarm.link}")
    if look.unread:
        click.echo(f"  ! {shown(look.unread)}")


def say_sweep(sweep: track.Sweep) -> None:
    """What one sweep found."""
    for progress in sweep.progress:
        journey = progress.journey
        new = ", ".join(milestones.describe(m).lower() for m in progress.new)
        device = f"{journey.profile} {shown(journey.serial)}"
        click.echo(
            f"{journey.id}  {shown(journey.user_name)}  {device}  {progress.standing.stage}"
            + (f"  (new: {new})" if new else "")
        )
    for sentence in sweep.settled:
        click.echo(f"✓ {shown(sentence)}")
    for sentence in sweep.trouble:
        click.secho(f"! {shown(sentence)}", fg="yellow")
    for sentence in sweep.unread:
        click.secho(f"? not checked: {shown(sentence)}", fg="magenta")
