"""Tickets made, reprinted, voided and released: paper without a code, for a pass that is minted when it is claimed.

Making one asks the same preflight as a pass, so that nobody is sent away with paper that will fail; only what belongs
to the moment of the claim is left to it. The secret is printed and sealed, and kept nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from agent import errors
from agent.actions import audit, authority, clocks, desks, planning, preflight, second_facts, sheets
from agent.domain import cases, claim_secrets, findings, passes, people, tickets
from agent.domain.guard_rails import InForce
from agent.domain.people import Operator
from agent.domain.rules import devices
from agent.domain.second_facts import SecondFact
from agent.domain.secrets import ClaimSecret
from agent.domain.tickets import Ticket, TicketState
from agent.ports import Agent, AuditEntry, Paper, Transaction
from agent.slips import ticket_slip

#: What is so now and may be otherwise when the ticket is claimed; the claim looks again and then it counts.
OF_THE_MOMENT: Final = frozenset(
    {"live_pass", "live_pass_outside", "outside_hours", "quota_used", "proof_of_identity_missing"}
)
#: How many tickets a list shows.
ROWS: Final = 200


@dataclass(frozen=True, slots=True)
class Making:
    """A ticket to be made: by whom, for whom and what, onto which paper; `expires` None for as long as is allowed.

    `replaces` is the number of the ticket that dies with it.
    """

    by: Operator
    asked: cases.KitAsked
    paper: Paper
    wanted: sheets.Wanted = field(default_factory=sheets.Wanted)
    expires: datetime | None = None
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """The ticket, where its papers lie (the PIN letter's is "" without one), and what was found on the way."""

    ticket: Ticket
    pin_place: str
    findings: tuple[cases.Finding, ...]


@dataclass(frozen=True, slots=True)
class _Draft:
    """A ticket that may be made, with what its papers say and hide."""

    ticket: Ticket
    content: ticket_slip.TicketContent
    secret: ClaimSecret
    pin: ClaimSecret | None


def make(agent: Agent, making: Making) -> Made:
    """Make a ticket and print it. Raises Refused with the findings' codes; whatever is raised, no ticket is open."""
    authority.may_issue(agent, making.by)
    clocks.refuse_set_back(agent, making.by, "ticket.make")
    asked = replace(making.asked, desk=desks.of(agent, making.by))
    report = preflight.preflight(agent, asked)
    refusals = [found for found in report.verdict.refusals if found.code not in OF_THE_MOMENT]
    kit = findings.cases(report.facts, asked, agent.clock.now())
    person = kit[0].known_person
    if refusals or person is None:
        raise planning.refusal(agent, making.by, report, refusals or report.verdict.refusals, "ticket.make")
    facts = second_facts.of(item.profile for item in asked.items)
    second_facts.refuse_impossible(agent, facts, person)
    draft = _draft(agent, making, kit, person)
    papers = _set(agent, making, draft)
    making.paper.check(papers)
    _keep(agent, making, draft.ticket)
    try:
        places = {name: making.paper.put(name, pdf) for name, pdf in papers.items()}
    except BaseException:
        _drop(agent, making, draft.ticket.number, "its paper could not be written")
        raise
    pin_place = places.get(pin_paper(draft.ticket.number), "")
    return Made(draft.ticket, pin_place, report.verdict.findings)


def pin_paper(number: str) -> str:
    """The name of a PIN letter's paper."""
    return f"{number}-pin"


def spoken(facts: Sequence[SecondFact], pin: ClaimSecret | None, staff_number: str) -> str:
    """What the person says beside the paper, as one text to seal or compare: only what the ticket needs counts."""
    said = pin.sealed_text() if pin is not None and SecondFact.PIN in facts else ""
    staff = claim_secrets.plain(staff_number) if SecondFact.STAFF_NUMBER in facts else ""
    return f"{said}|{staff}"


def expiry(agent: Agent, asked: cases.KitAsked, expires: datetime | None) -> datetime:
    """When the ticket ends; WrongUsage, with the allowed range, for a time that has passed or is too far."""
    everywhere, now = agent.settings.guard_rails, agent.clock.now()
    days = min(InForce(everywhere, item.profile.guard_rails).ticket_days for item in asked.items)
    last = now + timedelta(days=days)
    if expires is None:
        return last
    if not now < expires <= last:
        raise errors.WrongUsage(
            f"A ticket cannot end at {expires:%Y-%m-%d %H:%M} UTC.",
            f"Choose a time from now until {last:%Y-%m-%d %H:%M} UTC, {days} days at most.",
        )
    return expires


def _draft(agent: Agent, making: Making, kit: tuple[cases.Case, ...], person: people.Person) -> _Draft:
    now, below, asked = agent.clock.now(), agent.chance.below, making.asked
    facts = second_facts.of(case.profile for case in kit)
    secret = claim_secrets.make(below)
    pin = claim_secrets.make_pin(below) if SecondFact.PIN in facts else None
    number = agent.chance.symbols(claim_secrets.NUMBER_LENGTH)
    with agent.store.begin() as tx:
        epoch = tx.epochs.present().number
    ticket = Ticket(
        number=number,
        person_id=person.id,
        user_name=person.user_name,
        person_name=person.display_name,
        wanted=_wanted(asked, kit),
        facts=facts,
        secret=agent.sealer.seal(secret.sealed_text(), below),
        spoken=agent.sealer.seal(spoken(facts, pin, person.staff_number), below),
        made_at=now,
        made_by=making.by.id,
        made_by_name=making.by.name,
        expires_at=expiry(agent, asked, making.expires),
        place=making.paper.place(number),
        epoch=epoch,
    )
    return _Draft(ticket, sheets.ticket_content(agent, ticket, kit), secret, pin)


def _wanted(asked: cases.KitAsked, kit: tuple[cases.Case, ...]) -> tickets.Wanted:
    found = [(case.profile, devices.matched(case)) for case in kit]
    items = [tickets.TicketItem(p.name, p.digest, record.serial if record else "") for p, record in found]
    return tickets.Wanted(
        tuple(items), asked.wish.lifetime, asked.lost_method, asked.proof, asked.stolen, asked.desk_number
    )


def _set(agent: Agent, making: Making, draft: _Draft) -> dict[str, bytes]:
    """The papers by name: the ticket, and apart from it the PIN letter."""
    paper = ticket_slip.Paper(making.wanted.stock, sheets.language(agent, making.wanted))
    made = {draft.ticket.number: ticket_slip.render(draft.content, draft.secret, paper)}
    if draft.pin is not None:
        letter = replace(draft.content, kind=ticket_slip.PIN_LETTER)
        made[pin_paper(draft.ticket.number)] = ticket_slip.render(letter, draft.pin, paper)
    return made


def _keep(agent: Agent, making: Making, ticket: Ticket) -> None:
    """In one unit of work: the ticket in the place of the one it replaces and of those that are over."""
    with agent.store.begin() as tx:
        for known in tx.tickets.waiting_of(ticket.person_id):
            if known.number == making.replaces or known.expired(agent.clock.now()):
                why = f"replaced by {ticket.number}" if known.number == making.replaces else "expired"
                _void(agent, tx, making.by, known.voided(why))
        tx.tickets.add(ticket)
        tx.audit.append(entry(agent, making.by, ticket, "ticket.make", expires=f"{ticket.expires_at:%Y-%m-%dT%H:%MZ}"))


def _void(agent: Agent, tx: Transaction, by: Operator, ticket: Ticket) -> Ticket:
    saved = tx.tickets.save(ticket)
    tx.audit.append(entry(agent, by, saved, "ticket.void", why=saved.reason))
    return saved


def _drop(agent: Agent, making: Making, number: str, why: str) -> None:
    with agent.store.begin() as tx:
        _void(agent, tx, making.by, tx.tickets.get(number).voided(why))
    for name in (number, pin_paper(number)):
        making.paper.withdraw(name)


def entry(agent: Agent, by: Operator, ticket: Ticket, action: str, **facts: str) -> AuditEntry:
    """A row of the audit about a ticket, its outcome the state it is in."""
    items = ticket.wanted.items
    said = audit.operator(by) | audit.told(
        ticket=ticket.number,
        person=ticket.user_name,
        kit=" ".join(f"{item.profile}={item.serial}".rstrip("=") for item in items),
        device=" ".join(item.serial for item in items if item.serial),
        profiles=" ".join(sorted({item.digest for item in items})),
        **facts,
    )
    outcome = ticket.state.value
    return AuditEntry(agent.clock.now(), by.name, action, outcome, ticket.person_id, "", ticket.pass_id, said)


def asked_again(agent: Agent, ticket: Ticket) -> cases.KitAsked:
    """What a ticket is for, by the person's object id; Misconfigured when a profile is no longer there."""
    wanted = ticket.wanted
    items = []
    for item in wanted.items:
        profile = agent.profiles.get(item.profile)
        if profile is None:
            raise errors.Misconfigured(
                f"The ticket {ticket.number} is for the profile {item.profile}, which is no longer there.",
                "Put the profile back, or void the ticket.",
            )
        items.append(cases.Item(profile, item.serial))
    return cases.KitAsked(
        ticket.person_id,
        tuple(items),
        passes.Wish(lifetime=wanted.lifetime),
        lost_method=wanted.lost_method,
        proof=wanted.proof,
        stolen=wanted.stolen,
        desk_number=wanted.desk_number,
    )


def reprint(agent: Agent, number: str, by: Operator, paper: Paper, wanted: sheets.Wanted | None = None) -> Made:
    """A new ticket with a new secret in the place of an open one, which is void. Raises NotFound, and as `make`."""
    authority.may_issue(agent, by)
    with agent.store.begin() as tx:
        old = tx.tickets.get(number)
    if old.state is not TicketState.OPEN:
        raise errors.Refused(
            f"The ticket {number} is {old.state}.", "Make a new one with `tapslip ticket make`.", codes=("not_open",)
        )
    return make(agent, Making(by, asked_again(agent, old), paper, wanted or sheets.Wanted(), replaces=number))


def void(agent: Agent, number: str, by: Operator) -> Ticket:
    """Make a ticket good for nothing. Raises NotFound, Refused by role and while it is being claimed."""
    authority.may(agent, by, authority.VOID)
    with agent.store.begin() as tx:
        ticket = tx.tickets.get(number)
        return ticket if ticket.state is TicketState.VOID else _void(agent, tx, by, ticket.voided(f"by {by.name}"))


def release(agent: Agent, number: str, by: Operator) -> Ticket:
    """Let a ticket be claimed that a restore holds: a lead has seen that it was not claimed since the backup."""
    authority.may(agent, by, authority.RELEASE)
    with agent.store.begin() as tx:
        saved = tx.tickets.save(tx.tickets.get(number).released(tx.epochs.present().number))
        tx.audit.append(entry(agent, by, saved, "ticket.release"))
    return saved


@dataclass(frozen=True, slots=True)
class Row:
    """A ticket as a list shows it: its standing in words, computed."""

    ticket: Ticket
    standing: str


def find(agent: Agent, number: str) -> Row:
    """One ticket, or NotFound."""
    with agent.store.begin() as tx:
        return Row(found := tx.tickets.get(number), _standing(found, agent.clock.now(), tx.epochs.present().number))


def rows(agent: Agent) -> tuple[Row, ...]:
    """The newest tickets, newest first."""
    now = agent.clock.now()
    with agent.store.begin() as tx:
        epoch = tx.epochs.present().number
        return tuple(Row(ticket, _standing(ticket, now, epoch)) for ticket in tx.tickets.recent(ROWS))


def _standing(ticket: Ticket, now: datetime, epoch: int) -> str:
    if ticket.state is not TicketState.OPEN:
        return ticket.state.value
    if ticket.expired(now):
        return "expired"
    if ticket.held(epoch):
        return "held since a restore"
    return "resting" if ticket.rests(now) else ticket.state.value
