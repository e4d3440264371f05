"""The sentences of the terminal: findings, journeys and outcomes, the same words as on the board and on paper."""

from __future__ import annotations

import zoneinfo
from datetime import datetime

import click

from agent.actions import board, issue, preflight, track
from agent.domain import cases, milestones
from agent.domain.facts import Known

_SIGNS = {
    cases.Level.OK: ("✓", "green"),
    cases.Level.WARNING: ("!", "yellow"),
    cases.Level.BLOCKER: ("✗", "red"),
    cases.Level.NOT_CHECKED: ("?", "magenta"),
}


def local(at: datetime | None, zone: str) -> str:
    """`Mon 23 Nov 14:05 (Europe/Berlin)`."""
    if at is None:
        return "—"
    return f"{at.astimezone(zoneinfo.ZoneInfo(zone)):%a %d %b %H:%M} ({zone})"


def say_finding(finding: cases.Finding) -> None:
    """One finding: sign, level, sentence; then who can mend it and where."""
    sign, colour = _SIGNS[finding.level]
    head = click.style(f"{sign} {finding.level.value}", fg=colour, bold=True)
    about = f" [{finding.about}]" if finding.about else ""
    click.echo(f"{head}{about} {finding.sentence}")
    if finding.who or finding.where:
        click.echo(f"    {finding.who}: {finding.where}" if finding.where else f"    {finding.who}")


def say_report(report: preflight.Report) -> None:
    """A preflight's answer, worst news included, with what to do next."""
    facts = report.facts.people[report.asked.person]
    if isinstance(facts.person, Known) and facts.person.value:
        person = facts.person.value
        told_apart = ", ".join(person.distinguishing)
        click.secho(f"{person.display_name} <{person.user_name}> {told_apart}".rstrip(), bold=True)
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
            click.echo(f"  method {method.id}  {method.kind.value.replace('_', ' ')} {method.name}")


def say_issued(made: issue.Issued, zone: str) -> None:
    """What was made, where it lies, and the next command."""
    for finding in made.findings:
        say_finding(finding)
    kind = "One-time" if made.row.terms.one_time else "Multi-use"
    click.secho(f"✓ {kind} pass for {made.person.display_name} <{made.person.user_name}>", fg="green", bold=True)
    click.echo(f"  works until {local(made.row.ends_at, zone)}")
    slips = {slip.journey_id: slip for slip in made.slips}
    for journey in made.journeys:
        slip = slips.get(journey.id)
        paper = f"slip {slip.number}: {slip.place}" if slip else "no slip"
        click.echo(f"  {journey.id}  {journey.profile} {journey.serial}  {paper}")
    click.echo("  Next: hand it over, then `tapslip track`.")


def say_row(row: board.Row, zone: str) -> None:
    """One line for a journey."""
    journey = row.journey
    ends = f", pass {row.row.state} until {local(row.row.ends_at, zone)}" if row.row and row.row.ends_at else ""
    slips = " ".join(f"slip {slip.number} ({slip.state})" for slip in row.slips)
    click.echo(
        f"{click.style(journey.id, bold=True)}  {journey.person_name} <{journey.user_name}>  "
        f"{journey.profile} {journey.serial}".rstrip()
    )
    click.echo(f"    {row.standing.stage}{ends}  {slips}".rstrip())
    for odd in row.unexpected:
        click.secho(f"    unexpected: {odd}", fg="yellow")


def say_evidence(row: board.Row, zone: str) -> None:
    """Every milestone of one journey with what proves it, then what is missing."""
    for milestone, proof in row.standing.proofs.items():
        click.echo(
            f"    ✓ {milestones.describe(milestone):28} {local(proof.at, zone)}  {proof.detail}  [{proof.source}]"
        )
    for milestone in row.standing.missing:
        click.echo(f"    · {milestones.describe(milestone):28} not seen yet")
    if row.journey.note:
        click.echo(f"    {row.journey.note}")


def say_sweep(sweep: track.Sweep) -> None:
    """What one sweep found."""
    for progress in sweep.progress:
        journey = progress.journey
        new = ", ".join(milestones.describe(m).lower() for m in progress.new)
        click.echo(
            f"{journey.id}  {journey.user_name}  {journey.profile} {journey.serial}  {progress.standing.stage}"
            + (f"  (new: {new})" if new else "")
        )
    for sentence in sweep.trouble:
        click.secho(f"! {sentence}", fg="yellow")
    for sentence in sweep.unread:
        click.secho(f"? not checked: {sentence}", fg="magenta")
