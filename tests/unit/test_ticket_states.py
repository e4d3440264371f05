"""The states of a ticket: whatever comes in whatever order, one claim at a time, and no way back from void."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agent import errors
from agent.domain import tickets
from agent.domain.claim_secrets import Seal
from agent.domain.passes import PassState
from agent.domain.people import Operator, Role
from agent.domain.second_facts import SecondFact, contradictions
from agent.domain.tickets import TicketState

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TESS, OMAR = Operator("op-1", "Tess", Role.TECHNICIAN), Operator("op-2", "Omar", Role.TECHNICIAN)


def a_ticket(**changes: object) -> tickets.Ticket:
    made = tickets.Ticket(
        number="K7Q2MX",
        person_id="person-1",
        user_name="mara@x",
        person_name="Mara",
        wanted=tickets.Wanted((tickets.TicketItem("windows-autopilot", "d" * 64, "PF1"),)),
        facts=(SecondFact.TECHNICIAN,),
        secret=Seal("aa", "bb"),
        spoken=Seal("cc", "dd"),
        made_at=NOON,
        made_by="op-1",
        made_by_name="Tess",
        expires_at=NOON + timedelta(days=2),
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def test_it_rests_after_five_wrong_tries_and_is_void_after_fifteen() -> None:
    ticket, now = a_ticket(), NOON
    for tries in range(1, 16):
        ticket = ticket.missed(now)
        assert ticket.misses == tries
        if tries in {5, 10}:
            assert ticket.dead(now, again=False)
            assert ticket.missed(now) == ticket, "while it rests, nobody can make it void"
            now += tickets.REST
            assert not ticket.dead(now, again=False)
    assert ticket.state is TicketState.VOID
    assert ticket.reason == "15 wrong tries"


def test_a_wrong_try_takes_nothing_from_the_claim_that_is_under_way() -> None:
    ticket = a_ticket(misses=14).leased(TESS, NOON)
    assert ticket.missed(NOON).claimed(1, NOON).state is TicketState.CLAIMED


@pytest.mark.parametrize(
    ("minted", "state"),
    [
        (None, TicketState.OPEN),
        (PassState.REFUSED, TicketState.OPEN),
        (PassState.GONE, TicketState.OPEN),
        (PassState.ISSUED, TicketState.CLAIMED),
        (PassState.UNKNOWN, TicketState.CLAIMING),
        (PassState.ISSUING, TicketState.CLAIMING),
    ],
)
def test_a_claim_that_was_left_half_way_ends_as_its_pass_says(minted: PassState | None, state: TicketState) -> None:
    ticket = a_ticket().leased(TESS, NOON)
    assert ticket.left(minted, NOON + timedelta(seconds=59)) == ticket
    assert ticket.left(minted, NOON + timedelta(seconds=60)).state is state


def test_whoever_was_late_can_save_nothing() -> None:
    first = a_ticket().leased(TESS, NOON)
    second = first.left(None, NOON + tickets.LEASE).leased(OMAR, NOON + tickets.LEASE)
    with pytest.raises(errors.Stale, match="took so long"):
        second.claimed(first.fence, NOON)
    assert second.given_up(first.fence, None, NOON, "late") == second


def test_one_that_mints_again_falls_back_to_claimed() -> None:
    ticket = a_ticket().leased(TESS, NOON).claimed(1, NOON)
    again = ticket.leased(OMAR, NOON).given_up(2, PassState.REFUSED, NOON, "no")
    assert (again.state, again.claims) == (TicketState.CLAIMED, 1)
    shown_to_nobody = ticket.given_up(1, PassState.GONE, NOON, "the screen was gone")
    assert (shown_to_nobody.state, shown_to_nobody.claims) == (TicketState.OPEN, 0)


def test_a_staff_number_alone_is_no_second_fact() -> None:
    assert contradictions([SecondFact.STAFF_NUMBER])
    assert contradictions([])
    assert contradictions([SecondFact.PIN, SecondFact.PIN])
    assert not contradictions([SecondFact.STAFF_NUMBER, SecondFact.MANAGER])


class Tickets(RuleBasedStateMachine):
    """One ticket in the hands of two operators, a sweep, and time."""

    def __init__(self) -> None:
        super().__init__()
        self.ticket, self.now, self.held = a_ticket(), NOON, [0, 0]

    @rule(minutes=st.sampled_from([0, 1, 14, 60, 2000]))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @precondition(lambda self: not self.ticket.dead(self.now, again=True))
    @rule(who=st.integers(0, 1))
    def lease(self, who: int) -> None:
        if self.ticket.state is TicketState.CLAIMING:
            with pytest.raises(errors.Refused, match="being claimed"):
                self.ticket.leased((TESS, OMAR)[who], self.now)
            return
        self.ticket = self.ticket.leased((TESS, OMAR)[who], self.now)
        self.held[who] = self.ticket.fence

    @rule(who=st.integers(0, 1))
    def finish(self, who: int) -> None:
        before = self.ticket
        try:
            self.ticket = self.ticket.begun(self.held[who], "p").claimed(self.held[who], self.now)
        except errors.Stale:
            return
        assert before.state is TicketState.CLAIMING
        assert before.fence == self.held[who]

    @rule(who=st.integers(0, 1), minted=st.sampled_from([None, PassState.REFUSED, PassState.UNKNOWN]))
    def give_up(self, who: int, minted: PassState | None) -> None:
        self.ticket = self.ticket.given_up(self.held[who], minted, self.now, "it went wrong")

    @rule(minted=st.sampled_from([None, *PassState]))
    def sweep(self, minted: PassState | None) -> None:
        self.ticket = self.ticket.left(minted, self.now)

    @rule()
    def miss(self) -> None:
        before = self.ticket
        self.ticket = self.ticket.missed(self.now)
        assert self.ticket.fence == before.fence

    @rule()
    def void(self) -> None:
        if self.ticket.state is not TicketState.CLAIMING:
            self.ticket = self.ticket.voided("by hand")

    @invariant()
    def nothing_comes_back_from_void(self) -> None:
        if self.ticket.state is TicketState.VOID:
            assert self.ticket.dead(self.now, again=True)
            with pytest.raises(ValueError, match="void"):
                self.ticket.leased(TESS, self.now)

    @invariant()
    def claims_are_counted(self) -> None:
        assert self.ticket.claims >= 0
        assert (self.ticket.state is TicketState.OPEN) <= (self.ticket.claims == 0)
        assert (self.ticket.state is TicketState.CLAIMED) <= (self.ticket.claims > 0)


TestTickets = Tickets.TestCase
