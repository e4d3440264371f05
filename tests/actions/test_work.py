"""The work behind is done by one process at a time; one that was frozen and thaws finds its save refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from agent import errors
from agent.actions import ticket, work, worklist
from agent.cli.folder import FolderPaper
from agent.domain import worklist as listed
from agent.domain.alerts import AlertKind
from agent.domain.journeys import JourneyState
from agent.domain.passes import PassState
from agent.domain.people import Role
from agent.domain.profiles import Milestone
from agent.domain.tickets import TicketState
from tests.actions.weak_lines import Weak
from tests.contracts import stores
from tests.world import TECHNICIAN, World

MARA, LAPTOP = "mara.quist", "windows-autopilot=PF4TH101"


def test_a_turn_follows_mends_anchors_and_watches(w: World) -> None:
    (journey,) = w.take(MARA, LAPTOP).journeys
    w.unbox("PF4TH101", MARA)
    w.clock.pass_minutes(40)
    turn = work.turn(w.agent, "one")
    assert turn.sweep is not None
    assert Milestone.HELLO_SET_UP in w.standing(journey.id).proofs
    assert (turn.alarms, turn.fault) == ((), None)
    assert w.agent.store.anchors.newest()


def test_two_processes_share_the_work_one_after_the_other(w: World) -> None:
    w.take(MARA, LAPTOP)
    with w.another_agent() as other:
        busy = OtherTurn(w.agent.passes)
        busy.turn = lambda: work.turn(other, "two")
        mine = replace(w.agent, passes=busy)
        assert work.turn(mine, "one").sweep is not None
        assert [turn.sweep for turn in busy.seen] == [None]
        assert work.turn(other, "two").sweep is not None


class OtherTurn(Weak):
    """While one process looks at the tenant, something else happens, once."""

    turn: Any
    seen: list[Any]

    def __init__(self, line: Any) -> None:
        super().__init__(line)
        self.seen = []

    def of(self, person_ids: Any) -> Any:
        """The same, after that."""
        if not self.seen:
            self.seen.append(None)
            self.seen[0] = self.turn()
        return self.line.of(person_ids)


def test_a_process_that_was_frozen_and_thaws_finds_its_save_refused(w: World) -> None:
    (journey,) = w.take(MARA, LAPTOP).journeys
    w.unbox("PF4TH101", MARA)
    with w.another_agent() as other:
        frozen = OtherTurn(w.agent.passes)

        def meanwhile() -> object:
            w.clock.pass_minutes(10)
            return work.turn(other, "two")

        frozen.turn = meanwhile
        with pytest.raises(errors.Stale, match="taken over by another process"):
            work.turn(replace(w.agent, passes=frozen), "one")
        assert frozen.seen[0].sweep is not None
        assert w.journey(journey.id).version == frozen.seen[0].sweep.progress[0].journey.version
    assert work.turn(w.agent, "one").sweep is not None


def test_a_long_turn_renews_its_claim(w: World) -> None:
    w.take(MARA, LAPTOP)
    with w.another_agent() as other:
        slow = OtherTurn(w.agent.passes)

        def meanwhile() -> object:
            w.clock.at += work.CLAIM * 2 / 3
            with w.agent.store.begin() as tx:
                tx.watermarks.set("time goes by", w.clock.at)
            return None

        slow.turn = meanwhile
        mine = replace(w.agent, passes=slow)
        work.turn(mine, "one")
        w.clock.at += timedelta(seconds=1)
        assert work.turn(other, "two").sweep is not None


def test_somebody_disabled_loses_pass_and_journeys_and_is_on_the_worklist(w: World) -> None:
    made = w.take(MARA, LAPTOP)
    w.user(MARA).enabled = False
    w.track(1)
    assert w.tenant_passes(MARA) == []
    assert w.our_pass(made.row.id).state is PassState.GONE
    assert w.journey(made.journeys[0].id).state is JourneyState.ABANDONED
    (row,) = worklist.rows(w.agent)
    assert "was disabled" in row.reason


def test_somebody_disabled_again_is_on_the_worklist_again(w: World) -> None:
    user = w.user(MARA)
    for _ in range(2):
        user.enabled = True
        w.take(MARA, LAPTOP)
        user.enabled = False
        w.track(6)
        (row,) = worklist.rows(w.agent)
        assert "was disabled" in row.reason
        worklist.settle(w.agent, row.alert_id, replace(TECHNICIAN, role=Role.LEAD), "on leave")
        assert worklist.rows(w.agent) == ()


def test_the_ticket_of_somebody_disabled_is_void(w: World) -> None:
    made = ticket.make(w.agent, ticket.Making(TECHNICIAN, w.asked(MARA, LAPTOP), FolderPaper(w.paper)))
    w.track(1)
    assert ticket.find(w.agent, made.ticket.number).ticket.state is TicketState.OPEN
    w.user(MARA).enabled = False
    w.track(15)
    assert ticket.find(w.agent, made.ticket.number).ticket.state is TicketState.VOID
    (row,) = worklist.rows(w.agent)
    assert made.ticket.number in row.reason
    w.track(15)
    assert len(worklist.rows(w.agent)) == 1


def test_a_pass_replaced_outside_is_on_the_worklist_until_somebody_settles_it(w: World) -> None:
    made = w.take(MARA, LAPTOP)
    w.outside_pass(MARA)
    w.track(1)
    rows = worklist.rows(w.agent)
    assert [row.alert_id for row in rows if row.cause is listed.Cause.ALERT] == [
        f"{AlertKind.REPLACED_OUTSIDE}:{made.row.id}"
    ]


def test_the_only_strong_method_is_told_once_and_never_deleted(w: World) -> None:
    w.take(MARA, LAPTOP)
    w.unbox("PF4TH101", MARA)
    w.track(1)
    held = w.sandbox.tenant.credentials.methods[w.user(MARA).id]
    held.clear()
    for _ in range(3):
        w.track(40)
    assert len(w.tenant_passes(MARA)) == 1
    alerts = [row for row in worklist.rows(w.agent) if row.cause is listed.Cause.ALERT]
    assert len(alerts) <= 1


def test_a_broken_audit_is_at_the_top_of_the_worklist(w: World) -> None:
    w.take(MARA, LAPTOP)
    work.turn(w.agent, "one")
    w.take("jonas.ferreira", "ios-setup-assistant=DMTH401PWX")
    with stores.by_hand(w.agent.settings.database_url) as connection:
        newest = connection.scalar(sa.text("SELECT max(row) FROM audit"))
        connection.execute(sa.text(f"UPDATE audit SET outcome = 'refused' WHERE row = {newest}"))  # noqa: S608  a number
    w.clock.pass_minutes(61)
    assert work.turn(w.agent, "one").fault is not None
    first = worklist.rows(w.agent)[0]
    assert f"The audit is broken at row {newest}" in first.reason


def test_a_journey_whose_profile_is_gone_is_on_the_worklist(w: World) -> None:
    (journey,) = w.take(MARA, LAPTOP).journeys
    left = {name: each for name, each in w.agent.profiles.items() if name != journey.profile}
    (row,) = worklist.rows(replace(w.agent, profiles=left))
    assert (row.cause, row.journey_id) == (listed.Cause.NO_PROFILE, journey.id)
