"""The main stories: a laptop on its own, and a laptop and a phone that share one pass."""

from __future__ import annotations

import pytest

from agent.actions import board, close
from agent.domain.journeys import JourneyState
from agent.domain.passes import PassState, SlipState
from agent.domain.profiles import Milestone
from tests.world import TECHNICIAN, World

LAPTOP, PHONE = "windows-autopilot=PF4TH101", "ios-company-portal=H4TH301QLM"
MARA = "mara.quist"


def finish_laptop(w: World) -> None:
    """From the box to a sign-in with the PIN, seen by a sweep."""
    w.unbox("PF4TH101", MARA)
    w.move("PF4TH101", "unlock")
    w.track(2)


def finish_phone(w: World) -> None:
    """From the box to a sign-in with Authenticator, seen by a sweep."""
    assert w.unbox("H4TH301QLM", MARA)["finished"]
    w.move("H4TH301QLM", "unlock")
    w.track(2)


def test_a_laptop_reaches_done_and_its_pass_is_gone(w: World) -> None:
    made = w.issue(MARA, LAPTOP)
    (journey,), (slip,) = made.journeys, made.slips
    assert (made.row.terms.lifetime, made.row.terms.one_time) == (190, False)
    assert w.standing(journey.id).stage == "waiting for the first sign-in"
    w.unbox("PF4TH101", MARA)
    w.track()
    assert w.standing(journey.id).stage == "waiting for the new credential to be used"
    assert w.tenant_passes(MARA)
    w.move("PF4TH101", "unlock")
    w.track(2)
    done = w.journey(journey.id)
    standing = w.standing(journey.id)
    assert (done.state, standing.stage, done.note) == (JourneyState.DONE, "done", "")
    assert {Milestone.HELLO_SET_UP, Milestone.USER_BOUND, Milestone.CREDENTIAL_USED, Milestone.PASS_GONE} <= set(
        standing.proofs
    )
    assert standing.proofs[Milestone.PASS_GONE].detail == "the new credential is in use"
    assert w.tenant_passes(MARA) == []
    assert w.our_pass(made.row.id).state is PassState.GONE
    assert w.slips_of(made.row.id) == {slip.number: SlipState.VOID}


def test_each_change_of_state_has_its_audit_row_and_the_chain_holds(w: World) -> None:
    w.take(MARA, LAPTOP)
    assert w.audit() == ["pass.issue issuing", "pass.issue issued"]
    finish_laptop(w)
    w.track(10)
    told = w.audit()
    assert [line for line in told if not line.startswith("journey.milestone")] == [
        "pass.issue issuing",
        "pass.issue issued",
        "pass.remove gone",
        "journey.close done",
    ]
    milestones = {line.removeprefix("journey.milestone ") for line in told if line.startswith("journey.milestone")}
    assert {"signed_in", "joined", "enrolled", "hello_set_up", "credential_used"} <= milestones
    with w.agent.store.begin() as tx:
        assert tx.audit.verify() is None


def test_a_kit_shares_one_pass_for_its_longest_journey_and_has_a_slip_for_each(w: World) -> None:
    made = w.issue(MARA, LAPTOP, PHONE)
    assert len(made.slips) == 2
    assert (made.row.terms.lifetime, made.row.terms.one_time) == (190, False)
    assert len(w.tenant_passes(MARA)) == 1
    assert {journey.pass_id for journey in made.journeys} == {made.row.id}
    assert {slip.journey_id for slip in made.slips} == {journey.id for journey in made.journeys}


def test_a_kits_pass_goes_when_the_last_of_its_journeys_is_done(w: World) -> None:
    laptop, phone = w.take(MARA, LAPTOP, PHONE).journeys
    finish_phone(w)
    assert w.journey(phone.id).state is JourneyState.DONE
    assert w.tenant_passes(MARA)
    finish_laptop(w)
    assert w.journey(laptop.id).state is JourneyState.DONE
    assert w.tenant_passes(MARA) == []


def test_the_laptop_is_done_first_and_the_pass_goes_when_the_phone_is_closed_by_hand(w: World) -> None:
    laptop, phone = w.take(MARA, LAPTOP, PHONE).journeys
    finish_laptop(w)
    assert w.journey(laptop.id).state is JourneyState.DONE
    assert w.journey(phone.id).state is JourneyState.OPEN
    assert w.tenant_passes(MARA)
    ended = close.close(w.agent, phone.id, TECHNICIAN)
    assert ended.pass_gone
    assert w.journey(phone.id).state is JourneyState.ABANDONED
    assert w.tenant_passes(MARA) == []


def test_the_phone_is_closed_first_and_the_pass_stays_until_the_laptop_is_done(w: World) -> None:
    laptop, phone = w.take(MARA, LAPTOP, PHONE).journeys
    ended = close.close(w.agent, phone.id, TECHNICIAN)
    assert ended.pass_gone is None
    assert w.tenant_passes(MARA)
    finish_laptop(w)
    assert w.journey(laptop.id).state is JourneyState.DONE
    assert w.tenant_passes(MARA) == []


@pytest.mark.parametrize("order", [("laptop", "phone"), ("phone", "laptop")])
def test_what_one_device_of_a_kit_registers_is_not_unexpected_for_the_other(w: World, order: tuple[str, str]) -> None:
    kit = w.take(MARA, LAPTOP, PHONE).journeys
    steps = {"laptop": finish_laptop, "phone": finish_phone}
    for name in order:
        steps[name](w)
        assert [row.unexpected for row in board.board(w.agent)] == [(), ()]
    assert {w.journey(journey.id).state for journey in kit} == {JourneyState.DONE}


def test_a_second_device_joins_a_kit_with_one_new_pass_for_both(w: World) -> None:
    first = w.issue(MARA, LAPTOP)
    w.move("PF4TH101", "power-on")
    w.move("PF4TH101", "sign-in", MARA, w.codes[-1])
    w.track(10)
    second = w.approved(lambda: w.issue(MARA, PHONE, replace=True))
    assert len(second.slips) == 2
    assert {journey.serial for journey in second.journeys} == {"PF4TH101", "H4TH301QLM"}
    assert w.our_pass(first.row.id).state is PassState.GONE
    assert w.journey(first.journeys[0].id).pass_id == second.row.id
    assert len(w.tenant_passes(MARA)) == 1


def test_a_second_device_joins_a_kit_whose_laptop_has_just_set_up_hello(w: World) -> None:
    w.take(MARA, LAPTOP)
    w.unbox("PF4TH101", MARA)
    assert len(w.take(MARA, PHONE, replace=True).journeys) == 2


def test_the_board_leaves_out_only_closed_journeys(w: World) -> None:
    laptop, phone = w.take(MARA, LAPTOP, PHONE).journeys
    w.take("leila.haddad", "windows-autopilot=PF4TH111")
    for journey in (laptop, phone):
        close.close(w.agent, journey.id, TECHNICIAN)
    rows = board.board(w.agent, 1)
    assert [row.journey.state for row in rows] == [JourneyState.OPEN, JourneyState.ABANDONED]


def test_the_board_shows_open_journeys_first_each_with_its_slip(w: World) -> None:
    laptop, phone = w.issue(MARA, LAPTOP, PHONE).journeys
    close.close(w.agent, phone.id, TECHNICIAN)
    rows = board.board(w.agent)
    assert [(row.journey.id, len(row.slips)) for row in rows] == [(laptop.id, 1), (phone.id, 1)]
    assert board.one(w.agent, f" {laptop.id.lower()} ").title == "Windows PC with Autopilot"
