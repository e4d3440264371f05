"""One live pass per person, never replaced by accident, whoever else is trying."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterable

import pytest

from agent import errors, ports
from agent.actions import close, issue, track
from agent.cli.folder import FolderPaper
from agent.domain.journeys import JourneyState
from agent.domain.passes import PassState, SlipState
from tests.world import TECHNICIAN, World

MARA, LAPTOP, PHONE = "mara.quist", "windows-autopilot=PF4TH101", "ios-company-portal=H4TH301QLM"
CREATE = "POST */temporaryAccessPassMethods"


def test_the_second_issue_is_refused_and_names_the_live_pass_and_its_slip(w: World) -> None:
    first = w.issue(MARA, LAPTOP)
    before = w.left_behind()
    with pytest.raises(errors.Refused) as refusal:
        w.issue(MARA, LAPTOP)
    assert refusal.value.codes == ("live_pass",)
    assert f"slip {first.slips[0].number} carries it" in refusal.value.summary
    assert "--replace" in refusal.value.advice
    assert w.left_behind() == before


def test_replace_voids_the_first_slip_and_its_code_works_no_more(w: World) -> None:
    first = w.issue(MARA, LAPTOP)
    second = w.issue(MARA, LAPTOP, replace=True)
    assert w.slips_of(first.row.id) == {first.slips[0].number: SlipState.VOID}
    assert w.slips_of(second.row.id) == {second.slips[0].number: SlipState.LIVE}
    assert first.slips[0].number in next(f.sentence for f in second.findings if f.code == "live_pass")
    assert w.our_pass(first.row.id).reason == "replaced by a new pass"
    assert [journey.id for journey in second.journeys] == [journey.id for journey in first.journeys]
    w.move("PF4TH101", "power-on")
    old, new = w.codes
    assert w.move("PF4TH101", "sign-in", MARA, old)["screen"] == "oobe"
    assert w.move("PF4TH101", "sign-in", MARA, new)["screen"] == "joining"


def test_a_replacement_that_fails_tells_what_it_destroyed_and_its_journey_comes_to_an_end(w: World) -> None:
    first = w.issue(MARA, LAPTOP)
    (slip,) = first.slips
    w.fault(CREATE, "unreachable", times=9)
    with pytest.raises(errors.TenantUnreachable) as away:
        w.issue(MARA, LAPTOP, replace=True)
    assert away.value.advice.startswith(f"The earlier pass is gone. Slip {slip.number} is void. Issue again.")
    assert w.journey(first.journeys[0].id).state is JourneyState.OPEN
    w.sandbox.gate.faults.clear()
    w.track(29)
    assert w.journey(first.journeys[0].id).state is JourneyState.OPEN
    w.track(2)
    assert w.journey(first.journeys[0].id).state is JourneyState.EXPIRED


def test_a_pass_that_has_ended_stands_in_nobodys_way_and_is_settled_first(w: World) -> None:
    first = w.issue(MARA, LAPTOP, lifetime=60)
    w.clock.pass_minutes(61)
    second = w.issue(MARA, LAPTOP)
    assert w.our_pass(first.row.id).reason == "its time was up"
    assert set(w.slips_of(first.row.id).values()) == {SlipState.VOID}
    assert [held.id for held in w.tenant_passes(MARA)] == [second.row.tenant_id]


def test_a_pass_that_was_deleted_outside_stands_in_nobodys_way_and_is_settled_first(w: World) -> None:
    first = w.issue(MARA, LAPTOP)
    w.delete_outside(MARA)
    w.clock.pass_minutes(6)
    w.issue(MARA, LAPTOP)
    assert w.our_pass(first.row.id).reason == "deleted outside Tapslip"
    assert set(w.slips_of(first.row.id).values()) == {SlipState.VOID}


class IssuedMeanwhile(FolderPaper):
    """While the paper is looked at, somebody else issues for the same person."""

    def __init__(self, w: World) -> None:
        super().__init__(w.paper)
        self.w = w

    def check(self, numbers: Iterable[str]) -> None:
        super().check(numbers)
        self.w.issue(MARA, LAPTOP)


def test_who_loses_the_race_is_told_of_the_winners_slip_and_the_refusal_is_audited(w: World) -> None:
    with pytest.raises(errors.Refused, match="at the same moment") as lost:
        issue.issue(w.agent, dataclasses.replace(w.request(MARA, LAPTOP), paper=IssuedMeanwhile(w)))
    with w.agent.store.begin() as tx:
        (won,) = tx.passes.open()
        (slip,) = tx.slips.of_pass(won.id)
    assert lost.value.codes == ("live_pass",)
    assert f"slip {slip.number}" in lost.value.summary
    assert w.audit() == ["pass.issue issuing", "pass.issue issued", "pass.issue refused"]


def test_replace_finds_the_open_journey_again_however_the_device_was_scanned(w: World) -> None:
    first = w.take(MARA, LAPTOP, PHONE)
    second = w.take(MARA, "windows-autopilot=Spf4th101", replace=True)
    assert {journey.id for journey in second.journeys} == {journey.id for journey in first.journeys}


def test_a_recovery_that_was_replaced_keeps_its_journey_and_its_lost_method(w: World) -> None:
    held = w.sandbox.tenant.credentials.methods[w.user("ruth.adeyemi").id]
    lost = next(method.id for method in held if method.kind == "microsoftAuthenticator")
    proof = "call-back:at the number on file"
    first = w.approved(lambda: w.take("ruth.adeyemi", "account-recovery", lost_method=lost, proof=proof))
    second = w.approved(lambda: w.take("ruth.adeyemi", LAPTOP, replace=True, proof=proof))
    assert first.journeys[0].id in {journey.id for journey in second.journeys}
    assert w.journey(first.journeys[0].id).lost_method == lost
    assert not second.row.terms.one_time


def test_replace_is_refused_before_anything_is_deleted_when_the_paper_cannot_be_made(w: World) -> None:
    w.take(MARA, LAPTOP)
    before = w.left_behind()
    w.paper.write_text("a file where the folder should be")
    with pytest.raises(errors.Refused, match="cannot be written"):
        issue.issue(w.agent, w.request(MARA, LAPTOP, replace=True))
    w.paper.unlink()
    assert w.left_behind() == before


def test_replace_of_a_pass_in_doubt_settles_the_doubt_first(w: World) -> None:
    w.fault("POST */temporaryAccessPassMethods", "lost")
    with pytest.raises(errors.OutcomeUnknown):
        w.take(MARA, LAPTOP)
    (lost,) = w.tenant_passes(MARA)
    w.clock.pass_minutes(1)
    made = w.take(MARA, LAPTOP, replace=True)
    (held,) = w.tenant_passes(MARA)
    assert held.id == made.row.tenant_id != lost.id
    assert [journey.state for journey in made.journeys] == [JourneyState.OPEN]


def test_replace_waits_while_the_doubt_stays(w: World) -> None:
    w.fault("POST */temporaryAccessPassMethods", "500")
    with pytest.raises(errors.OutcomeUnknown):
        w.take(MARA, LAPTOP)
    with pytest.raises(errors.OutcomeUnknown, match="still in doubt"):
        w.take(MARA, LAPTOP, replace=True)
    assert w.tenant_passes(MARA) == []


def test_a_kit_with_a_profile_that_is_no_longer_there_says_so(w: World) -> None:
    w.take(MARA, LAPTOP)
    agent = dataclasses.replace(w.agent, profiles={"ios-company-portal": w.agent.profiles["ios-company-portal"]})
    with pytest.raises(errors.Misconfigured, match="windows-autopilot, which is no longer there"):
        issue.issue(agent, w.request_for_screen(MARA, PHONE, replace=True))
    assert "no longer there" in track.track(agent).trouble[0]


def test_two_agents_on_one_store_make_one_pass_and_one_refusal(w: World) -> None:
    with w.another_agent() as other:
        for serial in ("PF4TH101", "PF4TH112", "PF4TH111", "PF4TH108", "PF4TH101"):
            assert sorted(_race(w, other, serial)) == ["issued", "refused"]
            assert len(w.tenant_passes(MARA)) == 1
            _revoke_all(w)


def _race(w: World, other: ports.Agent, serial: str) -> list[str]:
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def run(agent: ports.Agent) -> None:
        start.wait()
        try:
            issue.issue(agent, w.request_for_screen(MARA, f"windows-autopilot={serial}"))
            outcomes.append("issued")
        except errors.Refused as refusal:
            outcomes.append("refused" if set(refusal.codes) <= {"live_pass", "live_pass_outside"} else "odd")

    racers = [threading.Thread(target=run, args=(agent,)) for agent in (w.agent, other)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    return outcomes


def _revoke_all(w: World) -> None:
    with w.agent.store.begin() as tx:
        (journey,) = tx.journeys.open()
        (row,) = tx.passes.open()
    assert (journey.pass_id, row.state) == (row.id, PassState.ISSUED)
    close.revoke(w.agent, journey.id, TECHNICIAN)
