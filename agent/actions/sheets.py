"""From a journey to what its slip says. The code is not part of it: the renderer gets that apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from agent.domain import cases, people
from agent.domain.facts import Known
from agent.domain.journeys import Journey
from agent.domain.rules import devices
from agent.domain.second_facts import SecondFact
from agent.domain.tickets import Ticket
from agent.ports import Agent
from agent.slips import slip, ticket_slip

SANDBOX_MARK = "SANDBOX — not a real pass"


@dataclass(frozen=True, slots=True)
class Wanted:
    """How the operator wants slips: variant (`hand-over` or `technician`), stock (a4, a6) and language."""

    variant: str = slip.HAND_OVER
    stock: str = "a4"
    language: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One slip to be made: its number, whose journey, what it says, and whether that journey is open already."""

    number: str
    journey: Journey
    content: slip.SlipContent
    known: bool = False


def language(agent: Agent, wanted: Wanted) -> str:
    """The language asked for, else the site's first."""
    return wanted.language or agent.settings.sites[0].languages[0]


@dataclass(frozen=True, slots=True)
class Window:
    """From when until when the code works; both aware."""

    start: datetime
    end: datetime


def content(agent: Agent, number: str, case: cases.Case, *, window: Window, variant: str) -> slip.SlipContent:
    """What the slip of one journey says. Raises ValueError for a case whose person was not found: a bug of ours."""
    if not isinstance(case.person.person, Known) or case.person.person.value is None:
        raise ValueError("a slip names a person who was found")
    person, text, site = case.person.person.value, case.profile.slip, agent.settings.sites[0]
    device = devices.matched(case)
    return slip.SlipContent(
        number=number,
        variant=variant,
        organisation=case.tenant.organisation or agent.settings.organisation.name,
        support=agent.settings.organisation.support,
        person_name=person.display_name,
        user_name=person.user_name,
        distinguishing=person.distinguishing,
        device_label=device.model if device else "",
        serial=device.serial if device else "",
        journey_title=text.heading,
        works_from=window.start,
        works_until=window.end,
        zone=site.zone,
        keep_until_step=text.keep_until_step,
        steps=tuple(slip.Step(step.text, step.use) for step in text.steps),
        start_page=text.start_page,
        watermark=SANDBOX_MARK if agent.settings.sandbox else "",
    )


def ticket_content(agent: Agent, ticket: Ticket, kit: tuple[cases.Case, ...]) -> ticket_slip.TicketContent:
    """What the paper of a ticket says; `kit` has a case for each journey, of one person who was found."""
    person = kit[0].known_person
    if person is None:
        raise ValueError("a ticket names a person who was found")
    found = [(case.profile.slip.heading, devices.matched(case)) for case in kit]
    return ticket_slip.TicketContent(
        number=ticket.number,
        organisation=kit[0].tenant.organisation or agent.settings.organisation.name,
        support=agent.settings.organisation.support,
        person_name=person.display_name,
        user_name=person.user_name,
        distinguishing=_unless_asked_for(ticket, person),
        devices=tuple(
            ticket_slip.Device(heading, record.model if record else "", record.serial if record else "")
            for heading, record in found
        ),
        facts=tuple(fact.value for fact in ticket.facts),
        works_until=ticket.expires_at,
        zone=agent.settings.sites[0].zone,
        watermark=SANDBOX_MARK if agent.settings.sandbox else "",
    )


def _unless_asked_for(ticket: Ticket, person: people.Person) -> tuple[str, ...]:
    """What tells two people apart, but no staff number that the person has to say."""
    asked = SecondFact.STAFF_NUMBER in ticket.facts
    return (replace(person, staff_number="") if asked else person).distinguishing
