"""Revoke takes the pass from the whole kit; close ends one journey; neither is for everybody."""

from __future__ import annotations

import dataclasses

import pytest

from agent import errors, ports, settings
from agent.actions import board, close, issue
from agent.domain.journeys import JourneyState
from agent.domain.passes import PassState, SlipState
from agent.domain.people import Operator, Role
from tests.world import TECHNICIAN, World

MARA, LAPTOP, PHONE = "mara.quist", "windows-autopilot=PF4TH101", "ios-company-portal=H4TH301QLM"
CREATE = "POST */temporaryAccessPassMethods"


def test_revoke_takes_the_pass_from_the_whole_kit(w: World) -> None:
    made = w.issue(MARA, LAPTOP, PHONE)
    ended = close.revoke(w.agent, made.journeys[1].id, TECHNICIAN)
    assert ended.pass_gone
    assert {(journey.id, journey.state) for journey in ended.closed} == {
        (journey.id, JourneyState.REVOKED) for journey in made.journeys
    }
    assert w.tenant_passes(MARA) == []
    assert set(w.slips_of(made.row.id).values()) == {SlipState.VOID}
    assert w.audit()[-3:] == ["pass.remove gone", "journey.close revoked", "journey.close revoked"]
    w.move("PF4TH101", "power-on")
    assert w.move("PF4TH101", "sign-in", MARA, w.codes[-1])["screen"] == "oobe"


def test_a_complete_journey_that_is_revoked_is_done(w: World) -> None:
    laptop, phone = w.take(MARA, LAPTOP, PHONE).journeys
    w.unbox("PF4TH101", MARA)
    w.track()
    w.clock.pass_minutes(31)
    close.revoke(w.agent, phone.id, TECHNICIAN)
    assert (w.journey(laptop.id).state, w.journey(phone.id).state) == (JourneyState.DONE, JourneyState.REVOKED)


def test_a_closed_journey_cannot_be_closed_again(w: World) -> None:
    (journey,) = w.take(MARA, LAPTOP).journeys
    close.close(w.agent, journey.id, TECHNICIAN)
    for verb in (close.close, close.revoke):
        with pytest.raises(errors.Refused, match=r"closed already \(abandoned\)") as refusal:
            verb(w.agent, journey.id, TECHNICIAN)
        assert refusal.value.codes == ("journey_closed",)


def test_an_unknown_journey_is_not_found(w: World) -> None:
    with pytest.raises(errors.NotFound):
        close.close(w.agent, "JNOSUCH", TECHNICIAN)
    with pytest.raises(errors.NotFound):
        board.one(w.agent, "JNOSUCH")


def test_closing_after_the_pass_went_takes_nothing_more_away(w: World) -> None:
    (journey,) = w.take(MARA, LAPTOP).journeys
    w.delete_outside(MARA)
    w.track(5)
    assert close.close(w.agent, journey.id, TECHNICIAN).pass_gone is None
    assert w.journey(journey.id).state is JourneyState.ABANDONED


def test_nothing_is_closed_when_the_tenant_does_not_confirm(w: World) -> None:
    made = w.take(MARA, LAPTOP)
    w.fault("DELETE */temporaryAccessPassMethods/*", "unreachable")
    with pytest.raises(errors.TenantUnreachable):
        close.revoke(w.agent, made.journeys[0].id, TECHNICIAN)
    assert w.journey(made.journeys[0].id).state is JourneyState.OPEN
    assert w.our_pass(made.row.id).state is PassState.ISSUED


def test_nothing_is_closed_when_nobody_may_look_whether_the_pass_is_gone(w: World) -> None:
    made = w.take(MARA, LAPTOP)
    w.door("deny", registration="watcher", permission="UserAuthMethod-TAP.Read.All")
    with pytest.raises(errors.TenantRefused, match="could not be checked") as refusal:
        close.revoke(w.agent, made.journeys[0].id, TECHNICIAN)
    assert "UserAuthMethod-TAP.Read.All" in refusal.value.advice
    assert w.journey(made.journeys[0].id).state is JourneyState.OPEN


def test_revoking_a_pass_in_doubt_settles_it_or_says_that_it_cannot(w: World) -> None:
    w.fault(CREATE, "500")
    with pytest.raises(errors.OutcomeUnknown):
        w.take(MARA, LAPTOP)
    with w.agent.store.begin() as tx:
        (journey,) = tx.journeys.open()
    with pytest.raises(errors.OutcomeUnknown, match="still in doubt"):
        close.revoke(w.agent, journey.id, TECHNICIAN)
    w.clock.pass_minutes(11)
    assert close.revoke(w.agent, journey.id, TECHNICIAN).pass_gone
    assert w.journey(journey.id).state is JourneyState.ABANDONED


def test_a_journey_whose_profile_is_no_longer_there_can_be_closed(w: World) -> None:
    laptop, phone = w.take(MARA, LAPTOP, PHONE).journeys
    agent = dataclasses.replace(w.agent, profiles={"ios-company-portal": w.agent.profiles["ios-company-portal"]})
    assert "no longer there" in board.one(agent, laptop.id).standing.stage
    assert {row.journey.id for row in board.board(agent)} == {laptop.id, phone.id}
    assert close.close(agent, phone.id, TECHNICIAN).pass_gone is None
    assert close.close(agent, laptop.id, TECHNICIAN).pass_gone
    assert w.journey(laptop.id).state is JourneyState.ABANDONED


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDITOR])
def test_some_roles_may_neither_issue_nor_take_away(w: World, role: Role) -> None:
    by = Operator("local:somebody", "Somebody", role)
    (journey,) = w.take(MARA, LAPTOP).journeys
    before = w.left_behind()
    for attempt in (
        lambda: w.take("leila.haddad", LAPTOP, by=by),
        lambda: close.revoke(w.agent, journey.id, by),
        lambda: close.close(w.agent, journey.id, by),
    ):
        with pytest.raises(errors.Refused, match=f"The role {role}") as refusal:
            attempt()
        assert refusal.value.codes == ("role",)
    assert w.left_behind() == before


def on_a_real_tenant(agent: ports.Agent) -> ports.Agent:
    """The same agent, told that its tenant is a real one."""
    app = settings.Registration("11111111-2222-4333-8444-555555555555")
    rights = settings.Registrations(watcher=app, issuer=app)
    real = settings.Tenant(settings.Cloud.GLOBAL, "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", rights)
    return dataclasses.replace(agent, settings=dataclasses.replace(agent.settings, tenant=real))


def test_on_a_real_tenant_nothing_is_minted_or_deleted(w: World) -> None:
    (journey,) = w.take(MARA, LAPTOP).journeys
    agent = on_a_real_tenant(w.agent)
    before = w.left_behind()
    for attempt in (
        lambda: issue.issue(agent, w.request_for_screen("leila.haddad", LAPTOP)),
        lambda: close.revoke(agent, journey.id, TECHNICIAN),
        lambda: close.close(agent, journey.id, TECHNICIAN),
    ):
        with pytest.raises(errors.Misconfigured, match="On a real tenant") as refusal:
            attempt()
        assert refusal.value.exit_code == 5
    assert w.left_behind() == before
