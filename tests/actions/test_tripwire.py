"""A pass made with our app id behind our back is an alarm; what is ours, or in doubt, is none."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from agent import errors
from agent.actions import close, incident, tripwire, worklist
from agent.domain import passes
from agent.domain import worklist as listed
from agent.domain.alerts import AlertLevel
from agent.domain.facts import Known
from agent.domain.people import Operator, Role
from tests.world import TECHNICIAN, World

MARA, JONAS, LAPTOP = "mara.quist", "jonas.ferreira", "windows-autopilot=PF4TH101"
LEAD = Operator("local:lead", "Lea (lead)", Role.LEAD)


def stolen(w: World, person: str) -> str:
    """Somebody who holds the issuer's credential makes a pass past our rules; its id."""
    us = w.agent.tenant.token("issuer")
    assert isinstance(us, Known)
    return w.outside_pass(person, by=us.value).id


def test_a_pass_made_with_our_app_behind_the_stores_back_is_an_alarm_within_fifteen_minutes(w: World) -> None:
    w.take(MARA, LAPTOP)
    stray = stolen(w, JONAS)
    w.clock.pass_minutes(14)
    (alarm,) = tripwire.look(w.agent).alarms
    assert (alarm.subject, alarm.person_id, alarm.level) == (stray, w.user(JONAS).id, AlertLevel.CRITICAL)
    assert w.audit()[-1] == "alert stray_pass"
    assert tripwire.look(w.agent).alarms == ()
    first = worklist.rows(w.agent)[0]
    assert (first.alert_id, first.level) == (alarm.id, AlertLevel.CRITICAL)


def test_a_row_of_the_log_that_comes_late_is_found_later(w: World) -> None:
    w.log_rows_after(3600)
    stolen(w, JONAS)
    assert tripwire.look(w.agent).alarms == ()
    w.clock.pass_minutes(59)
    assert tripwire.look(w.agent).alarms == ()
    w.clock.pass_minutes(2)
    assert len(tripwire.look(w.agent).alarms) == 1


def test_what_was_made_while_nobody_looked_is_found_however_long_that_was(w: World) -> None:
    tripwire.look(w.agent)
    stray = stolen(w, JONAS)
    w.clock.pass_minutes(3 * 24 * 60)
    assert [alarm.subject for alarm in tripwire.look(w.agent).alarms] == [stray]


def test_a_request_of_ours_that_was_refused_hides_no_stolen_pass(w: World) -> None:
    w.fault("POST */temporaryAccessPassMethods", "429", retry_after=200)
    with pytest.raises(errors.TenantThrottled):
        w.take(MARA, LAPTOP)
    stray = stolen(w, MARA)
    w.clock.pass_minutes(14)
    assert [alarm.subject for alarm in tripwire.look(w.agent).alarms] == [stray]


def test_a_pass_of_ours_whose_answer_was_lost_is_no_alarm_once_it_is_deleted(w: World) -> None:
    w.log_rows_after(600)
    w.fault("POST */temporaryAccessPassMethods", "lost")
    with pytest.raises(errors.OutcomeUnknown):
        w.take(MARA, LAPTOP)
    assert w.track(10).settled != ()
    assert w.tenant_passes(MARA) == []
    assert tripwire.look(w.agent).alarms == ()


def test_what_stays_in_doubt_for_hours_is_an_alarm_when_nothing_explains_it(w: World) -> None:
    """Somebody mints past our rules while an answer is lost, and nothing proves whose pass it is for a long time."""
    tripwire.look(w.agent)
    made = w.take(JONAS, "ios-setup-assistant=DMTH401PWX").row
    with w.agent.store.begin() as tx:
        doubtful = dataclasses.replace(made, id=w.agent.chance.uuid(), person_id=w.user(MARA).id, tenant_id="")
        tx.passes.add(dataclasses.replace(doubtful, state=passes.PassState.UNKNOWN))
    stray = stolen(w, MARA)
    for _ in range(4):
        w.clock.pass_minutes(60)
        assert tripwire.look(w.agent).alarms == ()
    with w.agent.store.begin() as tx:
        tx.passes.save(tx.passes.get(doubtful.id).moved(passes.PassState.REFUSED))
    assert [alarm.subject for alarm in tripwire.look(w.agent).alarms] == [stray]


def test_what_others_make_is_no_alarm(w: World) -> None:
    w.outside_pass(JONAS)
    assert tripwire.look(w.agent).alarms == ()


def test_a_pass_of_ours_in_doubt_is_no_alarm(w: World) -> None:
    w.log_rows_after(0)
    w.fault("POST */temporaryAccessPassMethods", "lost")
    w.agent.activity.pass_audits(w.clock.at - timedelta(hours=1))
    with pytest.raises((errors.OutcomeUnknown, errors.TenantUnreachable)):
        w.take(MARA, LAPTOP)
    assert tripwire.look(w.agent).alarms == ()


def test_a_log_that_may_not_be_read_is_said_and_never_taken_for_quiet(w: World) -> None:
    w.deny("AuditLog.Read.All")
    look = tripwire.look(w.agent)
    assert look.alarms == ()
    assert "not checked" in look.unread


def test_an_alarm_is_settled_by_somebody_who_may_and_stays_settled(w: World) -> None:
    stolen(w, JONAS)
    w.clock.pass_minutes(14)
    (alarm,) = tripwire.look(w.agent).alarms
    with pytest.raises(errors.Refused, match="may not settle"):
        worklist.settle(w.agent, alarm.id, TECHNICIAN, "mine")
    worklist.settle(w.agent, alarm.id, LEAD, "made by hand in the lab")
    assert worklist.rows(w.agent) == ()
    w.clock.pass_minutes(5)
    assert tripwire.look(w.agent).alarms == ()


def test_an_incident_tells_who_used_what_from_where_and_what_appeared_since(w: World) -> None:
    made = w.take(MARA, LAPTOP)
    began = w.clock.at
    stray = stolen(w, JONAS)
    w.clock.pass_minutes(5)
    tripwire.look(w.agent)
    w.unbox("PF4TH101", MARA)
    key = w.method(JONAS, "fido2", model="YubiKey 5 NFC")
    w.clock.pass_minutes(30)
    accounts = {account.user_name: account for account in incident.incident(w.agent, began)}
    mara, jonas = accounts[w.upn(MARA)], accounts[w.upn(JONAS)]
    assert [row.id for row in mara.passes] == [made.row.id]
    assert {(use.address, use.succeeded) for use in mara.uses} == {("192.0.2.17", True)}
    assert {use.access for use in mara.uses} <= {"success", "notApplied"}
    assert [method.kind.value for method in mara.methods] == ["hello"]
    assert len(mara.devices) == 1
    assert [alert.subject for alert in jonas.stray] == [stray]
    assert [method.id for method in jonas.methods] == [key.id]
    assert w.user(JONAS).id in jonas.page
    assert mara.unread == jonas.unread == ()
    (only,) = incident.incident(w.agent, began, stray)
    assert only.user_name == w.upn(JONAS)
    with pytest.raises(errors.NotFound):
        incident.incident(w.agent, began, "00001111-aaaa-2222-bbbb-3333cccc4444")


def test_an_incident_names_a_pass_that_was_live_then_and_is_gone_now(w: World) -> None:
    made = w.take(MARA, LAPTOP)
    w.clock.pass_minutes(30)
    began = w.clock.at
    w.clock.pass_minutes(30)
    close.revoke(w.agent, made.journeys[0].id, LEAD)
    w.clock.pass_minutes(30)
    (account,) = incident.incident(w.agent, began)
    assert [row.id for row in account.passes] == [made.row.id]
    assert incident.incident(w.agent, w.clock.at) == ()


def test_what_an_incident_cannot_read_it_says(w: World) -> None:
    w.take(MARA, LAPTOP)
    w.deny("AuditLog.Read.All")
    (account,) = incident.incident(w.agent, w.clock.at)
    assert account.uses == ()
    assert any("AuditLog.Read.All" in reason for reason in account.unread)


def causes(w: World) -> list[listed.Cause]:
    return [row.cause for row in worklist.rows(w.agent)]


def test_a_pass_that_was_used_for_nothing_is_on_the_worklist(w: World) -> None:
    (journey,) = w.take(MARA, LAPTOP).journeys
    w.move("PF4TH101", "power-on")
    w.move("PF4TH101", "sign-in", MARA, w.codes[-1])
    w.track(10)
    assert causes(w) == []
    w.sandbox.fleet.move("PF4TH101", "reset", {})
    w.track(60)
    assert causes(w) == [listed.Cause.USED_NOTHING_REGISTERED]
    assert worklist.rows(w.agent)[0].journey_id == journey.id


def test_a_journey_with_nothing_new_for_too_long_is_stuck(w: World) -> None:
    w.take(MARA, LAPTOP)
    w.track(89)
    assert causes(w) == []
    w.track(2)
    assert causes(w) == [listed.Cause.STUCK]


def test_a_pass_that_ended_unused_is_told_with_how_to_issue_again(w: World) -> None:
    (journey,) = w.take(MARA, LAPTOP).journeys
    w.clock.at = (w.agent.clock.now() + timedelta(minutes=1)) if journey else w.clock.at
    with w.agent.store.begin() as tx:
        ends = tx.passes.get(journey.pass_id).ends_at
    assert ends is not None
    w.clock.at = ends
    w.track(1)
    (row,) = worklist.rows(w.agent)
    assert row.cause is listed.Cause.EXPIRED_UNUSED
    assert f"--person {w.upn(MARA)} --for {LAPTOP}" in row.act
    w.track(40)
    assert causes(w) == [listed.Cause.EXPIRED_UNUSED]
    w.clock.pass_minutes(60 * 24)
    assert causes(w) == []


def test_an_unexpected_key_is_on_the_worklist(w: World) -> None:
    w.take(MARA, LAPTOP)
    w.method(MARA, "fido2", model="YubiKey 5 NFC")
    w.track(5)
    (row,) = worklist.rows(w.agent)
    assert row.cause is listed.Cause.UNEXPECTED
    assert "passkey" in row.reason
    assert f"`tapslip incident --since 2026-11-23T09:00Z --pass {row.pass_id}`" in row.act


def test_a_lost_answer_is_on_the_worklist_until_it_is_settled(w: World) -> None:
    w.log_rows_after(600)
    w.fault("POST */temporaryAccessPassMethods", "lost")
    with pytest.raises(errors.OutcomeUnknown):
        w.take(MARA, LAPTOP)
    assert causes(w) == [listed.Cause.UNKNOWN_OUTCOME]


def test_a_screen_that_nobody_acknowledged_is_on_the_worklist(w: World) -> None:
    made = w.take(MARA, LAPTOP)
    assert causes(w) == []
    with w.agent.store.begin() as tx:
        row = tx.passes.get(made.row.id)
        assert row.shown == "noted"
        tx.passes.save(dataclasses.replace(row, shown=type(row.shown).OPEN))
    w.clock.pass_minutes(9)
    assert causes(w) == []
    w.clock.pass_minutes(2)
    (found,) = worklist.rows(w.agent)
    assert found.cause is listed.Cause.NOT_ACKNOWLEDGED
    assert f"tapslip revoke {made.journeys[0].id}" in found.act
