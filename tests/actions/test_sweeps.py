"""A sweep that the tenant ends early loses nothing, judges nobody unseen, and is continued by the next one."""

from __future__ import annotations

import dataclasses

import pytest

from agent import errors
from agent.actions import track
from agent.domain.journeys import JourneyState
from agent.domain.passes import PassState
from agent.domain.profiles import Milestone
from tests.actions import weak_lines
from tests.world import World

MARA, LAPTOP = "mara.quist", "windows-autopilot=PF4TH101"
BOXED = frozenset({Milestone.REGISTERED, Milestone.PROFILE_READY})


def four(w: World) -> list[str]:
    """The journeys of four people, in the order they were opened."""
    made = []
    for person, wanted in w.newcomers(4):
        w.clock.wait(1)
        made.append(w.take(person, wanted).journeys[0].id)
    return made


def seen(w: World, journeys: list[str]) -> list[bool]:
    """Of which people all methods were read."""
    with w.agent.store.begin() as tx:
        had = tx.watermarks.starting("whole look ")
    return [w.journey(each).person_id in had for each in journeys]


def methods_of(w: World, journey: str) -> str:
    """A fault's request line for whatever is asked about somebody's methods."""
    return f"GET /beta/users/{w.journey(journey).person_id}/authentication/*"


def counted(w: World) -> dict[str, int]:
    """How often each kind of method was asked for, since this was asked last."""
    requests = w.sandbox.gate.counters.requests
    found = {line.rpartition("/")[2]: times for line, times in requests.items() if line.endswith("Methods")}
    requests.clear()
    return found


@pytest.mark.parametrize(
    ("kind", "more", "error"),
    [
        ("429", {"times": 500, "retry_after": 300}, errors.TenantThrottled),
        ("429", {"times": 500}, errors.TenantThrottled),
        ("500", {"times": 500}, errors.TenantUnreachable),
    ],
)
def test_what_was_seen_stays_and_the_next_sweep_goes_on_with_the_others(
    w: World, kind: str, more: dict[str, int], error: type[Exception]
) -> None:
    journeys = four(w)
    w.fault(methods_of(w, journeys[1]), kind, **more)
    sweep = w.track()
    assert (sweep.looked_at, sweep.waits, type(sweep.why)) == (1, 3, error)
    assert seen(w, journeys) == [True, False, False, False]
    assert {frozenset(w.standing(each).proofs) for each in journeys} == {BOXED}, "what answers for many was not lost"
    problem = sweep.cut_short()
    assert problem is not None
    assert (problem.exit_code, problem.summary.split(".")[0]) == (6, "1 of 4 people were looked at")
    assert "goes on with those who wait" in problem.advice
    sweep = w.track(6)
    assert seen(w, journeys) == [True, False, True, True], "one who cannot be read does not hold up the others"
    w.sandbox.gate.faults.clear()
    sweep = w.track(6)
    assert (sweep.looked_at, sweep.waits, sweep.why, sweep.cut_short()) == (4, 0, None, None)
    assert seen(w, journeys) == [True] * 4
    assert w.sandbox.gate.counters.early_returns == 0


def test_a_line_that_breaks_for_one_person_ends_the_sweep_there(w: World) -> None:
    journeys = four(w)
    line = weak_lines.BrokenFor(w.agent.passes, w.journey(journeys[2]).person_id)
    sweep = track.track(dataclasses.replace(w.agent, passes=line))
    assert (sweep.looked_at, sweep.waits) == (2, 2)
    assert seen(w, journeys) == [True, True, False, False]
    sweep = track.track(dataclasses.replace(w.agent, passes=line))
    assert seen(w, journeys) == [True, True, False, True]
    assert (sweep.looked_at, sweep.waits, w.track().looked_at) == (3, 1, 4)


def test_nobody_is_judged_who_was_not_looked_at(w: World) -> None:
    journeys = four(w)
    w.track(189)
    w.fault(methods_of(w, journeys[0]), "429", times=500, retry_after=3600)
    sweep = w.track(60)
    assert (sweep.looked_at, sweep.waits) == (0, 4)
    assert {w.journey(each).state for each in journeys} == {JourneyState.OPEN}
    assert {w.our_pass(w.journey(each).pass_id).state for each in journeys} == {PassState.ISSUED}
    w.sandbox.gate.faults.clear()
    w.track(61)
    assert {w.our_pass(w.journey(each).pass_id).state for each in journeys} == {PassState.GONE}


def test_a_source_that_is_away_costs_the_others_nothing(w: World) -> None:
    journeys = four(w)
    w.fault("GET /beta/auditLogs/signIns", "unreachable", times=500)
    sweep = w.track()
    assert (sweep.looked_at, sweep.waits) == (0, 4)
    assert {frozenset(w.standing(each).proofs) for each in journeys} == {BOXED}
    assert {milestone for progress in sweep.progress for milestone in progress.new} == BOXED


def test_a_person_whom_the_tenant_refuses_to_show_is_said_and_the_others_are_looked_at(w: World) -> None:
    journeys = four(w)
    gone = w.journey(journeys[0]).person_id
    w.deny("AuditLog.Read.All")
    del w.sandbox.tenant.directory.users[gone]
    sweep = w.track()
    assert seen(w, journeys)[1:] == [True] * 3
    assert (sweep.looked_at, sweep.waits, type(sweep.why)) == (3, 1, errors.TenantRefused)


def test_a_journey_that_is_opened_while_the_tenant_is_asked_keeps_its_pass(w: World) -> None:
    (first,) = w.take(MARA, LAPTOP).journeys
    w.unbox("PF4TH101", MARA)
    w.move("PF4TH101", "unlock")
    w.clock.pass_minutes(2)
    second = dataclasses.replace(first, id="JPHQNE2", profile="ios-company-portal", serial="H4TH301QLM")

    def opened() -> None:
        with w.agent.store.begin() as tx:
            tx.journeys.add(second)

    line = weak_lines.Meanwhile(w.agent.passes, opened)
    track.track(dataclasses.replace(w.agent, passes=line))
    assert not line.waiting
    assert len(w.tenant_passes(MARA)) == 1


def test_between_whole_looks_only_what_a_journey_sets_up_is_asked_for(w: World) -> None:
    w.take(MARA, LAPTOP)
    counted(w)
    w.track()
    assert len(counted(w)) == 8, "the first look is at everything"
    w.track()
    assert counted(w) == {"temporaryAccessPassMethods": 1, "windowsHelloForBusinessMethods": 1}
    w.track(9)
    assert len(counted(w)) == 8, "and one every ten minutes"


def test_nothing_ends_as_done_before_everything_was_read(w: World) -> None:
    (journey,) = w.take(MARA, LAPTOP).journeys
    w.unbox("PF4TH101", MARA)
    w.track()
    w.method(MARA, "phone", phoneNumber="+44 7700 900123", phoneType="mobile")
    w.move("PF4TH101", "unlock")
    counted(w)
    assert "unexpected: phone" in " ".join(w.track(2).trouble)
    assert counted(w)["phoneMethods"] == 1
    assert w.journey(journey.id).state is JourneyState.OPEN


def test_a_method_that_was_not_asked_for_is_not_gone(w: World) -> None:
    held = w.method(MARA, "phone", phoneNumber="+44 7700 900123", phoneType="mobile")
    (journey,) = w.take(MARA, LAPTOP).journeys
    w.track()
    w.track()
    assert held.id in w.journey(journey.id).baseline
    assert not {seen.ref for seen in w.journey(journey.id).observations if seen.sight.value == "method_gone"}


def test_marks_of_people_who_are_followed_no_more_are_taken_away(w: World) -> None:
    journeys = four(w)
    w.track()
    with w.agent.store.begin() as tx:
        for each in journeys[:3]:
            tx.journeys.save(tx.journeys.get(each).closed(JourneyState.ABANDONED, w.clock.at))
    w.track()
    with w.agent.store.begin() as tx:
        marks = [*tx.watermarks.starting("turn "), *tx.watermarks.starting("whole look ")]
    assert marks == [w.journey(journeys[3]).person_id] * 2


def test_the_one_who_had_their_turn_longest_ago_comes_first(w: World) -> None:
    journeys = four(w)
    w.fault(methods_of(w, journeys[3]), "429", times=500, retry_after=60)
    w.track()
    assert seen(w, journeys) == [True, True, True, False]
    w.clock.pass_minutes(10)
    before = len(w.adapter.sent)
    w.track()
    first = next(line for line in w.adapter.sent[before:] if "temporaryAccessPassMethods" in line)
    assert w.journey(journeys[0]).person_id in first
