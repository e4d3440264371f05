"""No usable pass is left behind, and what appeared meanwhile is not passed over."""

from __future__ import annotations

import dataclasses

import pytest

from agent.actions import board, close, track
from agent.domain.journeys import JourneyState
from agent.domain.passes import PassState, SlipState
from agent.domain.profiles import Milestone
from agent.sandbox import view
from tests.actions import weak_lines
from tests.world import TECHNICIAN, World

MARA, LAPTOP = "mara.quist", "windows-autopilot=PF4TH101"


def test_a_pass_deleted_outside_is_noticed_and_its_slip_is_void(w: World) -> None:
    made = w.issue(MARA, LAPTOP)
    w.delete_outside(MARA)
    sweep = w.track(5)
    assert "deleted outside Tapslip" in sweep.trouble[0]
    assert sweep.progress[0].standing.stage == board.board(w.agent)[0].standing.stage == "no pass: issue again or close"
    assert w.our_pass(made.row.id).state is PassState.GONE
    assert w.our_pass(made.row.id).reason == "deleted outside Tapslip"
    assert set(w.slips_of(made.row.id).values()) == {SlipState.VOID}
    assert w.journey(made.journeys[0].id).state is JourneyState.OPEN
    w.track(31)
    assert w.journey(made.journeys[0].id).state is JourneyState.EXPIRED


def test_a_pass_that_a_late_list_lacks_is_not_taken_for_deleted(w: World) -> None:
    """Its slip would be void and its record gone, while it works and nobody takes it away."""
    w.sandbox.tenant.options.lags["passes"] = view.Lag(seconds=120)
    w.sandbox.tenant.apply_lags()
    made = w.take(MARA, LAPTOP)
    w.track(1)
    assert w.our_pass(made.row.id).state is PassState.ISSUED
    w.track(5)
    assert w.our_pass(made.row.id).state is PassState.ISSUED


def test_a_pass_replaced_outside_is_noticed_and_the_other_one_stays(w: World) -> None:
    made = w.take(MARA, LAPTOP)
    foreign = w.outside_pass(MARA)
    w.track()
    assert w.our_pass(made.row.id).reason == "replaced outside Tapslip"
    assert [held.id for held in w.tenant_passes(MARA)] == [foreign.id]


def test_a_pass_that_ends_unused_is_deleted_and_its_journey_expires_after_the_grace(w: World) -> None:
    made = w.take(MARA, LAPTOP)
    w.track(189)
    assert len(w.tenant_passes(MARA)) == 1
    w.track(2)
    assert w.tenant_passes(MARA) == []
    assert w.our_pass(made.row.id).reason == "its time was up"
    assert w.journey(made.journeys[0].id).state is JourneyState.OPEN
    w.track(31)
    closed = w.journey(made.journeys[0].id)
    assert (closed.state, closed.note) == (JourneyState.EXPIRED, "waiting for the first sign-in when the pass ended")
    assert track.track(w.agent).progress == ()


def test_evidence_that_comes_within_the_grace_still_counts(w: World) -> None:
    made = w.take(MARA, LAPTOP)
    w.track(110)
    w.unbox("PF4TH101", MARA)
    w.delete_outside(MARA)
    w.track()
    w.move("PF4TH101", "unlock")
    w.track(2)
    assert w.journey(made.journeys[0].id).state is JourneyState.DONE


def test_a_credential_that_is_never_seen_in_use_ends_the_pass_thirty_minutes_later(w: World) -> None:
    made = w.take(MARA, LAPTOP)
    w.unbox("PF4TH101", MARA)
    w.track()
    assert w.standing(made.journeys[0].id).needs_pass
    w.track(27)
    assert len(w.tenant_passes(MARA)) == 1
    w.track(4)
    assert w.tenant_passes(MARA) == []
    w.track()
    closed = w.journey(made.journeys[0].id)
    assert (closed.state, closed.note) == (JourneyState.DONE, "use of the new credential: not checked")


def test_an_unexpected_method_keeps_the_journey_open_while_the_pass_goes(w: World) -> None:
    (journey,) = w.take(MARA, LAPTOP).journeys
    w.unbox("PF4TH101", MARA)
    w.method(MARA, "phone", phoneNumber="+44 7700 900123", phoneType="mobile")
    w.move("PF4TH101", "unlock")
    assert "unexpected: phone" in " ".join(w.track(2).trouble)
    assert w.tenant_passes(MARA) == []
    w.track(60)
    assert w.journey(journey.id).state is JourneyState.OPEN
    assert "phone" in board.one(w.agent, journey.id).unexpected[0]
    assert close.close(w.agent, journey.id, TECHNICIAN).closed[0].state is JourneyState.ABANDONED


def test_a_journey_closes_itself_once_what_was_unexpected_is_gone(w: World) -> None:
    (journey,) = w.take(MARA, LAPTOP).journeys
    w.unbox("PF4TH101", MARA)
    phone = w.method(MARA, "phone", phoneNumber="+44 7700 900123", phoneType="mobile")
    w.move("PF4TH101", "unlock")
    w.track(2)
    w.sandbox.tenant.credentials.methods[phone.user_id].remove(phone)
    w.track()
    assert w.journey(journey.id).state is JourneyState.DONE


def test_another_pcs_hello_key_is_unexpected(w: World) -> None:
    (journey,) = w.take(MARA, LAPTOP).journeys
    w.unbox("PF4TH111", MARA)
    w.track()
    assert Milestone.HELLO_SET_UP not in w.standing(journey.id).proofs
    (row,) = board.board(w.agent)
    assert len(row.unexpected) == 2
    assert any(detail.startswith("hello") for detail in row.unexpected)


def test_a_pass_stays_while_no_strong_method_can_be_seen_and_a_person_is_told(w: World) -> None:
    w.take(MARA, LAPTOP)
    w.unbox("PF4TH101", MARA)
    w.track()
    w.move("PF4TH101", "unlock")
    w.door("deny", registration="watcher", permission="UserAuthMethod-WindowsHello.Read.All")
    sweep = w.track(2)
    assert "only strong method" in sweep.trouble[0]
    assert "UserAuthMethod-WindowsHello.Read.All" in sweep.unread[0]
    assert len(w.tenant_passes(MARA)) == 1
    w.track(190)
    assert w.tenant_passes(MARA) == []


def test_a_pass_that_two_closings_left_to_each_other_is_taken_away(w: World) -> None:
    made = w.take(MARA, LAPTOP)
    with w.agent.store.begin() as tx:
        tx.journeys.save(tx.journeys.get(made.journeys[0].id).closed(JourneyState.ABANDONED, w.clock.at))
    w.fault("DELETE */temporaryAccessPassMethods/*", "unreachable")
    assert "cannot be reached" in w.track().trouble[0]
    w.track()
    assert w.our_pass(made.row.id).reason == "no open journey needs it"
    assert w.tenant_passes(MARA) == []


def test_a_removal_that_fails_is_trouble_of_that_person_and_tried_again(w: World) -> None:
    made = w.take(MARA, LAPTOP)
    w.clock.pass_minutes(191)
    w.fault("DELETE */temporaryAccessPassMethods/*", "unreachable")
    assert "cannot be reached" in w.track().trouble[0]
    assert w.our_pass(made.row.id).state is PassState.ISSUED
    w.track()
    assert w.our_pass(made.row.id).state is PassState.GONE


def test_a_deletion_that_shows_late_is_still_ours(w: World) -> None:
    made = w.take(MARA, LAPTOP)
    w.clock.pass_minutes(191)
    w.sandbox.tenant.view.set_lag("passes", view.Lag(seconds=30))
    assert "still lists it" in w.track().trouble[0]
    assert w.our_pass(made.row.id).state is PassState.ISSUED
    w.track()
    assert (w.our_pass(made.row.id).state, w.our_pass(made.row.id).reason) == (PassState.GONE, "its time was up")


def test_two_sweeps_at_once_take_a_pass_away_once(w: World) -> None:
    made = w.take(MARA, LAPTOP)
    w.clock.pass_minutes(191)
    sweep = track.track(dataclasses.replace(w.agent, passes=weak_lines.SweptMeanwhile(w.agent.passes, w.agent)))
    assert sweep.trouble == ()
    assert w.our_pass(made.row.id).state is PassState.GONE
    assert w.audit().count("pass.remove gone") == 1


def test_two_sweeps_at_once_close_a_journey_once(w: World) -> None:
    made = w.take(MARA, LAPTOP)
    w.unbox("PF4TH101", MARA)
    w.track()
    w.clock.pass_minutes(31)
    track.track(dataclasses.replace(w.agent, passes=weak_lines.SweptMeanwhile(w.agent.passes, w.agent)))
    assert w.journey(made.journeys[0].id).state is JourneyState.DONE
    assert w.audit().count("journey.close done") == 1


def test_what_another_sweep_saved_meanwhile_is_not_overwritten(w: World) -> None:
    made = w.take(MARA, LAPTOP)
    track.track(dataclasses.replace(w.agent, passes=weak_lines.MendedMeanwhile(w.agent.passes, w.agent)))
    assert w.journey(made.journeys[0].id).version == 1
    assert w.audit().count("journey.milestone registered") == 1


@pytest.mark.parametrize(
    "permission",
    [
        *("User.Read.All", "UserAuthMethod-TAP.Read.All", "AuditLog.Read.All"),
        *("UserAuthMethod-Passkey.Read.All", "DeviceManagementServiceConfig.Read.All"),
    ],
)
def test_a_source_that_cannot_be_read_is_said_and_proves_nothing(w: World, permission: str) -> None:
    (journey,) = w.take(MARA, LAPTOP).journeys
    w.deny(permission)
    sweep = w.track()
    assert permission in " ".join(sweep.unread)
    assert w.journey(journey.id).state is JourneyState.OPEN
    assert len(w.tenant_passes(MARA)) == 1
