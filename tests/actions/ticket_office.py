"""Tickets as tests make and claim them: printed, read back as a scanner reads them, claimed to a screen."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from agent import errors
from agent.actions import asks, claim, issue, ticket
from agent.cli import reading
from agent.cli.folder import FolderPaper
from agent.domain import claim_secrets, tickets
from agent.domain.people import Operator, Role
from agent.domain.second_facts import SecondFact
from agent.domain.secrets import ClaimSecret
from tests.world import TECHNICIAN, World

MARA, LAPTOP, PHONE = "mara.quist", "windows-autopilot=PF4TH101", "ios-company-portal=H4TH301QLM"
LEAD = Operator("local:lead", "Lea (lead)", Role.LEAD)


def wanting(w: World, *facts: SecondFact, **changes: Any) -> World:
    """The same world where a PC's profile wants these second facts."""
    changed = replace(w.agent.profiles["windows-autopilot"], second_facts=facts, **changes)
    profiles = {**w.agent.profiles, changed.name: changed}
    return replace(w, agent=replace(w.agent, profiles=profiles))


def make(w: World, *wanted: str, person: str = MARA, **more: Any) -> ticket.Made:
    asked = w.asked(person, *(wanted or (LAPTOP,)))
    return ticket.make(w.agent, ticket.Making(TECHNICIAN, asked, FolderPaper(w.paper), **more))


def words(place: str) -> str:
    document = pypdfium2.PdfDocument(place)
    try:
        return str(document[0].get_textpage().get_text_range())
    finally:
        document.close()


def pin_of(made: ticket.Made) -> ClaimSecret:
    """As it stands in the letter: the only two groups of digits that make six."""
    found = re.search(r"(\d{4})\s+(\d{2})\s", words(made.pin_place).split("(UTC)")[1])
    assert found is not None
    return ClaimSecret("".join(found.groups()))


def secret_of(made: ticket.Made) -> ClaimSecret:
    """As a scanner reads it."""
    (scanned,) = reading.scan(Path(made.ticket.place)).codes
    return claim_secrets.read(scanned.expose(), made.ticket.number)


def claimed(w: World, made: ticket.Made, **more: Any) -> issue.Issued:
    """Claim with the secret as a scanner reads it from the paper, to a screen."""
    given: dict[str, Any] = {"by": TECHNICIAN, "secret": secret_of(made)} | more
    given |= {} if "screen" in given else {"screen": lambda code: w.codes.append(code.reveal())}
    return claim.claim(w.agent, claim.Claim(number=made.ticket.number, **given))


def confirmed(w: World, made: ticket.Made, by: Operator = LEAD, **more: Any) -> issue.Issued:
    """Claim; somebody else answers what is asked; claim again."""
    with pytest.raises(errors.Refused) as refused:
        claimed(w, made, **more)
    assert refused.value.codes[0] == "second_fact_needed"
    for ask in asks.waiting(w.agent):
        asks.answer(w.agent, ask.id, by, yes=True)
    return claimed(w, made, **more)


def state(w: World, number: str) -> tickets.Ticket:
    with w.agent.store.begin() as tx:
        return tx.tickets.get(number)


def codes(make: Any) -> tuple[str, ...]:
    with pytest.raises(errors.Refused) as refused:
        make()
    return refused.value.codes
