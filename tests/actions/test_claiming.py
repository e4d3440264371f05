"""A ticket from the printer to the pass: what is on paper, what a claim needs, and what becomes of it in the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent import errors
from agent.actions import asks, freeze, ticket
from agent.actions import close as closing
from agent.cli import reading
from agent.cli.folder import FolderPaper
from agent.domain import claim_secrets
from agent.domain.passes import PassState
from agent.domain.profiles import SecondTime
from agent.domain.second_facts import SecondFact
from agent.domain.tickets import TicketState
from tests.actions.ticket_office import (
    LAPTOP,
    LEAD,
    MARA,
    PHONE,
    claimed,
    codes,
    confirmed,
    make,
    pin_of,
    state,
    wanting,
    words,
)
from tests.actions.weak_lines import DiesAfterCreate
from tests.world import APPROVER, TECHNICIAN, World


def test_a_ticket_made_days_ahead_gets_the_laptop_and_the_phone_in(w: World) -> None:
    made = make(w, LAPTOP, PHONE)
    assert w.tenant_passes(MARA) == []
    assert "ticket.make open" in w.audit()
    w.clock.pass_minutes(3 * 24 * 60)
    with pytest.raises(errors.Refused, match="somebody else has to say yes"):
        claimed(w, made)
    assert w.tenant_passes(MARA) == []
    (ask,) = asks.waiting(w.agent)
    for nobody in (TECHNICIAN, APPROVER):
        with pytest.raises(errors.Refused):
            asks.answer(w.agent, ask.id, nobody, yes=True)
    asks.answer(w.agent, ask.id, LEAD, yes=True)
    issued = claimed(w, made)
    assert issued.row.issued_at == w.clock.at, "the pass's clock starts at the claim"
    assert {journey.profile for journey in issued.journeys} == {"windows-autopilot", "ios-company-portal"}
    assert state(w, made.ticket.number).state is TicketState.CLAIMED
    assert w.unbox("PF4TH101", MARA)["finished"]
    told = next(row for row in rows(w) if row.action == "pass.issue" and row.outcome == "issued")
    assert told.facts["ticket"] == made.ticket.number
    assert "Lea (lead)" in told.facts["second_facts"]


def rows(w: World) -> list[Any]:
    with w.agent.store.begin() as tx:
        return list(tx.audit.recent(1000))


def test_the_paper_carries_number_and_secret_and_no_code_and_the_store_neither(w: World) -> None:
    made = make(w)
    said = words(made.ticket.place)
    (scanned,) = reading.scan(Path(made.ticket.place)).codes
    number, _, secret = scanned.expose().partition("-")
    assert number == made.ticket.number
    assert f"{secret[:4]} {secret[4:8]} {secret[8:]}" in " ".join(said.split())
    assert "there is no code on it" in said
    assert "photo ID" in said
    held = b"".join(path.read_bytes() for path in w.agent.settings.state_dir.glob("tapslip.db*"))
    assert secret.encode() not in held
    assert made.ticket.number.encode() in held


def test_a_claimed_ticket_is_dead_and_so_is_a_reprinted_one(w: World) -> None:
    first = make(w)
    second = reprint(w, first)
    assert state(w, first.ticket.number).reason == f"replaced by {second.ticket.number}"
    assert codes(lambda: claimed(w, first)) == ("ticket",)
    confirmed(w, second)
    assert codes(lambda: claimed(w, second)) == ("ticket",)
    assert codes(lambda: reprint(w, second)) == ("not_open",)


def reprint(w: World, made: ticket.Made) -> ticket.Made:
    return ticket.reprint(w.agent, made.ticket.number, TECHNICIAN, FolderPaper(w.paper))


def test_nobody_gets_a_ticket_who_would_get_no_pass_and_nobody_two(w: World) -> None:
    assert "holds_role" in codes(lambda: make(w, person="ines.okafor"))
    assert not w.paper.exists()
    made = make(w)
    assert codes(lambda: make(w)) == ("open_ticket",)
    assert codes(lambda: make(w, person="nobody.there")) == ("person_unknown",)
    assert len(list(w.paper.iterdir())) == 1
    ticket.void(w.agent, made.ticket.number, TECHNICIAN)
    assert codes(lambda: claimed(w, made)) == ("ticket",)
    make(w)


def test_it_ends_in_time_and_fourteen_days_are_the_most(w: World) -> None:
    for days in (-1, 15):
        with pytest.raises(errors.WrongUsage, match="cannot end at"):
            make(w, expires=w.clock.at + timedelta(days=days))
    made = make(w, expires=w.clock.at + timedelta(days=1))
    w.clock.pass_minutes(24 * 60)
    assert ticket.rows(w.agent)[0].standing == "expired"
    assert codes(lambda: claimed(w, made)) == ("ticket",)
    make(w)
    assert state(w, made.ticket.number).reason == "expired"


def test_a_live_pass_is_the_claims_matter_and_kills_only_when_it_is_said(w: World) -> None:
    w.take(MARA, LAPTOP)
    made = make(w)
    assert "live_pass" in {found.code for found in made.findings}
    assert codes(lambda: claimed(w, made)) == ("live_pass",)
    again = state(w, made.ticket.number)
    assert (again.state, again.reason[:33]) == (TicketState.OPEN, "This person has a pass of ours (i")
    confirmed(w, made, replace=True)
    assert len(w.tenant_passes(MARA)) == 1


def test_the_yes_is_for_this_ticket_and_this_claim(w: World) -> None:
    made = make(w)
    with pytest.raises(errors.Refused):
        claimed(w, made)
    (ask,) = asks.waiting(w.agent)
    asks.answer(w.agent, ask.id, LEAD, yes=True)
    other = reprint(w, made)
    assert codes(lambda: claimed(w, other))[0] == "second_fact_needed"


@pytest.mark.parametrize(
    ("facts", "given"),
    [
        ((SecondFact.PIN,), {}),
        ((SecondFact.PIN, SecondFact.STAFF_NUMBER), {"staff_number": "ask"}),
    ],
)
def test_a_pin_and_a_staff_number_are_compared_at_the_claim(w: World, facts: Any, given: dict[str, str]) -> None:
    w = wanting(w, *facts)
    made = make(w)
    pin = pin_of(made)
    staff = w.user(MARA).staff_number or ""
    assert (staff in words(made.ticket.place)) == (SecondFact.STAFF_NUMBER not in facts)
    assert pin.printed() not in words(made.ticket.place).replace(" ", "")
    wrong = claim_secrets.read_pin("000000" if pin.printed() != "000000" else "111111")
    assert codes(lambda: claimed(w, made)) == ("ticket",)
    assert codes(lambda: claimed(w, made, pin=wrong, staff_number=staff)) == ("ticket",)
    assert state(w, made.ticket.number).misses == 2
    if given:
        assert codes(lambda: claimed(w, made, pin=pin, staff_number="1")) == ("ticket",)
    claimed(w, made, pin=pin, **(given and {"staff_number": f" {staff.lower()}"}))


def test_what_the_directory_does_not_have_is_refused_before_anything_is_printed(w: World) -> None:
    for facts, part in (
        ((SecondFact.TECHNICIAN, SecondFact.ASSET_TAG), "asset tag"),
        ((SecondFact.MANAGER,), "roles are played"),
    ):
        with pytest.raises(errors.Refused, match=part) as refused:
            make(wanting(w, *facts))
        assert refused.value.codes == ("second_fact_missing",)
    w.user(MARA).staff_number = ""
    assert codes(lambda: make(wanting(w, SecondFact.PIN, SecondFact.STAFF_NUMBER))) == ("second_fact_missing",)
    assert not w.paper.exists()


def test_a_profile_that_wants_more_since_is_obeyed(w: World) -> None:
    made = make(w)
    assert codes(lambda: claimed(wanting(w, SecondFact.TECHNICIAN, SecondFact.PIN), made)) == ("profile_changed",)
    assert state(w, made.ticket.number).state is TicketState.OPEN


def test_the_same_ticket_mints_again_only_where_the_profile_says_so(w: World) -> None:
    w = wanting(w, SecondFact.TECHNICIAN, second_time=SecondTime.SECOND_CLAIM)
    made = make(w)
    first = confirmed(w, made)
    with pytest.raises(errors.Refused) as dies:
        claimed(w, made)
    assert dies.value.codes == ("live_pass",)
    assert "works" in dies.value.summary or "issued until" in dies.value.summary
    assert state(w, made.ticket.number).state is TicketState.CLAIMED
    second = confirmed(w, made, replace=True)
    assert [journey.id for journey in second.journeys] == [journey.id for journey in first.journeys]
    assert w.our_pass(first.row.id).state is PassState.GONE
    assert state(w, made.ticket.number).claims == 2


def test_a_claim_that_dies_in_the_middle_is_mended_by_the_sweep(w: World) -> None:
    made = make(w)
    dying = replace(w, agent=replace(w.agent, passes=DiesAfterCreate(w.agent.passes)))
    with pytest.raises(errors.Refused):
        claimed(dying, made)
    (ask,) = asks.waiting(w.agent)
    asks.answer(w.agent, ask.id, LEAD, yes=True)
    with pytest.raises(KeyboardInterrupt):
        claimed(dying, made)
    assert state(w, made.ticket.number).state is TicketState.CLAIMING
    assert codes(lambda: claimed(w, made)) == ("ticket_busy",)
    w.track(3)
    assert w.tenant_passes(MARA) == []
    assert state(w, made.ticket.number).state is TicketState.OPEN
    confirmed(w, made)
    assert len(w.tenant_passes(MARA)) == 1


def test_a_code_that_nobody_saw_leaves_the_ticket_open(w: World) -> None:
    made = make(w)

    def closed(_code: Any) -> None:
        raise OSError("the screen was gone")

    with pytest.raises(errors.Refused):
        claimed(w, made)
    (ask,) = asks.waiting(w.agent)
    asks.answer(w.agent, ask.id, LEAD, yes=True)
    with pytest.raises(errors.AgentError, match="could not be handed over"):
        claimed(w, made, screen=closed)
    again = state(w, made.ticket.number)
    assert (again.state, again.claims) == (TicketState.OPEN, 0)
    assert w.tenant_passes(MARA) == []


def test_a_freeze_stops_a_claim_and_the_ticket_stays(w: World) -> None:
    made = make(w)
    freeze.freeze(w.agent, TECHNICIAN, "")
    assert codes(lambda: claimed(w, made)) == ("frozen",)
    assert state(w, made.ticket.number).state is TicketState.OPEN


def test_only_operators_claim_and_only_a_lead_releases(w: World) -> None:
    made = make(w)
    assert codes(lambda: claimed(w, made, by=APPROVER)) == ("role",)
    assert codes(lambda: ticket.release(w.agent, made.ticket.number, TECHNICIAN)) == ("role",)


def test_yesterdays_backup_revives_no_claimed_ticket(w: World) -> None:
    made = make(w)
    yesterday = w.agent.settings.state_dir / "yesterday.db"
    w.agent.store.backup(yesterday)
    issued = confirmed(w, made)
    closing.revoke(w.agent, issued.journeys[0].id, TECHNICIAN)
    w.agent.close()
    (w.agent.settings.state_dir / "tapslip.db").write_bytes(yesterday.read_bytes())
    with w.another_agent() as agent:
        with agent.store.begin() as tx:
            tx.epochs.open(1, w.clock.at)
        restored = replace(w, agent=agent)
        assert state(restored, made.ticket.number).state is TicketState.OPEN
        assert codes(lambda: claimed(restored, made)) == ("ticket_held",)
        assert ticket.rows(agent)[0].standing == "held since a restore"
        assert w.tenant_passes(MARA) == []
        ticket.release(agent, made.ticket.number, LEAD)
        assert codes(lambda: claimed(restored, made))[0] == "second_fact_needed"
