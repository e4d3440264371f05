"""Many people at once: each gets what one alone would get, whatever happens to the others."""

from __future__ import annotations

import threading
import time

import pytest

from agent import errors
from agent.actions import issue_many, planning
from agent.domain.passes import PassState
from agent.domain.secrets import PassCode
from tests.world import TECHNICIAN, World

CREATE = "POST */temporaryAccessPassMethods"


def many(w: World, *wanted: tuple[str, str]) -> list[planning.Request]:
    """One request each; `wanted` are pairs of person and what for."""
    return [w.request_for_screen(person, profile) for person, profile in wanted]


def apart(w: World, count: int) -> list[planning.Request]:
    """One request each for so many new people, every one with a new PC of their own."""
    return many(w, *w.newcomers(count))


def problems(found: tuple[issue_many.Outcome, ...]) -> list[str]:
    return [type(one.problem).__name__ for one in found if one.problem is not None]


def test_each_gets_a_pass_of_their_own_in_the_order_asked(w: World) -> None:
    requests = apart(w, 25)
    found = issue_many.issue_many(w.agent, requests)
    assert problems(found) == []
    assert [one.request for one in found] == requests
    assert [one.issued.person.user_name for one in found if one.issued] == [each.asked.person for each in requests]
    assert len(set(w.codes)) == 25
    assert all(len(w.tenant_passes(each.asked.person)) == 1 for each in requests)


def test_facts_are_gathered_for_many_in_few_exchanges(w: World) -> None:
    """The tenant is asked about once, and twenty people cost hardly more exchanges than five."""
    few, many_more = _exchanges(w, 5), _exchanges(w, 20)
    assert few < 40
    assert many_more - few < 15


def _exchanges(w: World, count: int) -> int:
    """How many it takes to issue for so many, the passes' own left aside."""
    requests = apart(w, count)
    before = len(w.adapter.sent)
    assert problems(issue_many.issue_many(w.agent, requests)) == []
    sent = w.adapter.sent[before:]
    makes = [line for line in sent if line.startswith("POST") and line.endswith("temporaryAccessPassMethods")]
    assert len(makes) == count
    return len(sent) - len(makes)


def test_one_who_may_have_none_stops_nobody_else(w: World) -> None:
    requests = apart(w, 3)
    strange = many(w, ("nobody", "windows-autopilot=PF4TH101"), ("a\u202eb@x", "windows-autopilot=PF4TH102"))
    asked = [requests[0], *strange, requests[1]]
    found = issue_many.issue_many(w.agent, asked)
    assert problems(found) == ["Refused", "Refused"]
    assert [one.issued is not None for one in found] == [True, False, False, True]


def test_nobody_gets_two_when_the_list_names_them_twice(w: World) -> None:
    (request,) = apart(w, 1)
    found = issue_many.issue_many(w.agent, [request, request])
    assert problems(found) == ["Refused"]
    assert isinstance(found[1].problem, errors.Refused)
    assert "live_pass" in " ".join(found[1].problem.codes)
    assert len(w.tenant_passes(request.asked.person)) == 1


def test_a_tenant_that_is_busy_is_waited_for_and_nobody_is_forgotten(w: World) -> None:
    requests = apart(w, 12)
    w.fault(CREATE, "429", times=3, retry_after=140)
    found = issue_many.issue_many(w.agent, requests)
    assert problems(found) == []
    assert w.sandbox.gate.counters.early_returns == 0
    assert all(len(w.tenant_passes(each.asked.person)) == 1 for each in requests)
    assert len(w.codes) == 12


def test_a_tenant_that_stays_busy_is_left_after_ten_minutes(w: World) -> None:
    requests = apart(w, 2)
    w.fault(CREATE, "429", times=1000, retry_after=140)
    began = w.clock.at
    found = issue_many.issue_many(w.agent, requests)
    assert problems(found) == ["TenantThrottled"] * 2
    assert (w.clock.at - began).total_seconds() < 15 * 60
    assert w.codes == []


def test_a_lost_answer_leaves_no_pass_that_nobody_holds(w: World) -> None:
    requests = apart(w, 6)
    w.log_rows_after(0)
    w.fault(CREATE, "lost", times=2)
    found = issue_many.issue_many(w.agent, requests)
    assert len(problems(found)) == 2
    held = [each.asked.person for each in requests if w.tenant_passes(each.asked.person)]
    assert sorted(held) == sorted(one.issued.person.user_name for one in found if one.issued)
    with w.agent.store.begin() as tx:
        assert {row.state for row in tx.passes.open()} == {PassState.ISSUED}


def test_screens_are_shown_one_after_the_other(w: World) -> None:
    shown, most = [0], [0]
    lock = threading.Lock()

    def screen(_code: PassCode) -> None:
        with lock:
            shown[0] += 1
            most[0] = max(most[0], shown[0])
        time.sleep(0.01)
        with lock:
            shown[0] -= 1

    asked = [planning.Request(TECHNICIAN, each.asked, screen=screen) for each in apart(w, 6)]
    assert problems(issue_many.issue_many(w.agent, asked)) == []
    assert most == [1]


def test_what_cannot_be_asked_at_all_is_said_of_each(w: World) -> None:
    requests = apart(w, 3)
    w.fault("*", "unreachable", times=10_000)
    found = issue_many.issue_many(w.agent, requests)
    assert problems(found) == ["TenantUnreachable"] * 3


def test_a_request_that_nobody_would_see_is_refused_alone(w: World) -> None:
    good, other = apart(w, 2)
    found = issue_many.issue_many(w.agent, [planning.Request(TECHNICIAN, other.asked), good])
    assert problems(found) == ["WrongUsage"]


@pytest.mark.parametrize("at_once", [1, 16])
def test_the_last_of_a_list_longer_than_a_round_is_reached(w: World, at_once: int) -> None:
    requests = apart(w, issue_many.GATHERED_TOGETHER + 2)
    found = issue_many.issue_many(w.agent, requests, at_once=at_once)
    assert problems(found) == []
