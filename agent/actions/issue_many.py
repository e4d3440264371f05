"""One pass for each of many people, with the promises of one: the same steps, side by side.

Facts are gathered for many at once, shortly before their passes are made. A tenant that is busy is waited for; what it
refused for being busy was not made, and is begun anew with new facts.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agent import errors
from agent.actions import issue, planning, preflight, tenant_part
from agent.domain import cases
from agent.domain.secrets import PassCode
from agent.ports import Agent

#: So many kits are under way together, as many as the tenant is asked by together.
AT_ONCE = 16
#: So many people are looked up together; more, and the first ones' facts would be old when their turn comes.
GATHERED_TOGETHER = 60
#: How long a list of people waits for a busy tenant in all; the longest of Graph's windows has 150 seconds.
PATIENCE = timedelta(minutes=10)
_A_MOMENT = 1.0

_Numbered = tuple[int, planning.Request]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request out of many: the pass, or the error that `issue` would have raised for it."""

    request: planning.Request
    issued: issue.Issued | None = None
    problem: Exception | None = None


def issue_many(agent: Agent, requests: Sequence[planning.Request], *, at_once: int = AT_ONCE) -> tuple[Outcome, ...]:
    """Issue for a list of people, each by the same steps as `issue`, at most `at_once` together; in the order given.

    Facts are gathered once for many, shortly before their passes are made; a tenant that is busy is waited for, 10
    minutes in all. Screens are shown one after the other. An interruption lets what has begun come to its end.
    """
    screens = threading.Lock()
    left = [(at, _one_screen_at_a_time(request, screens)) for at, request in enumerate(requests)]
    until = agent.clock.now() + PATIENCE
    done: dict[int, Outcome] = {}
    while left:
        now, later = _next_round(left)
        came = _round(agent, [request for _, request in now], at_once)
        patient = _wait(agent, [outcome.problem for outcome in came], until)
        again = [one for one, outcome in zip(now, came, strict=True) if patient and _busy(outcome.problem) is not None]
        names = {at for at, _ in again}
        done |= {
            at: replace(outcome, request=requests[at])
            for (at, _), outcome in zip(now, came, strict=True)
            if at not in names
        }
        left = again + later
    return tuple(done[at] for at in range(len(requests)))


def _next_round(left: Sequence[_Numbered]) -> tuple[list[_Numbered], list[_Numbered]]:
    """(whose facts are gathered together, the others): nobody and no device twice, so the second sees the first."""
    now: list[_Numbered] = []
    later: list[_Numbered] = []
    taken: set[str] = set()
    for at, request in left:
        names = {name.strip().casefold() for name in (request.asked.person, *(i.scanned for i in request.asked.items))}
        names.discard("")
        if len(now) < GATHERED_TOGETHER and not names & taken:
            now.append((at, request))
            taken |= names
        else:
            later.append((at, request))
    return now, later


def _round(agent: Agent, requests: Sequence[planning.Request], at_once: int) -> list[Outcome]:
    try:
        items = [item for request in requests for item in request.asked.items]
        names = [request.asked.person for request in requests]
        facts = preflight.gather(agent, names, items, no_older_than=tenant_part.NOW)
    except errors.Refused:
        facts = None  # one of the names cannot be looked up: only that one is to fail
    except errors.AgentError as away:
        return [Outcome(request, problem=away) for request in requests]
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="issue")
    try:
        return list(pool.map(lambda request: _outcome(agent, request, facts), requests))
    finally:
        pool.shutdown(cancel_futures=True)


def _outcome(agent: Agent, request: planning.Request, facts: cases.Facts | None) -> Outcome:
    try:
        if pause := agent.passes.busy_for():
            agent.clock.wait(pause)
            facts = None  # they have grown old
        return Outcome(request, issue.issue(agent, request, facts))
    except Exception as problem:  # noqa: BLE001  whatever it is, it concerns this request and not the others
        return Outcome(request, problem=problem)


def _busy(problem: Exception | None) -> float | None:
    """Seconds to wait where the tenant was busy, None for anything else."""
    return (problem.retry_after or _A_MOMENT) if isinstance(problem, errors.TenantThrottled) else None


def _wait(agent: Agent, problems: Sequence[Exception | None], until: datetime) -> bool:
    """Whether there are some for whom a busy tenant is worth waiting for; waits."""
    pauses = [pause for pause in map(_busy, problems) if pause is not None]
    if not pauses:
        return False
    pause = max(*pauses, agent.passes.busy_for())
    if agent.clock.now() + timedelta(seconds=pause) > until:
        return False
    agent.clock.wait(pause)
    return True


def _one_screen_at_a_time(request: planning.Request, lock: threading.Lock) -> planning.Request:
    show = request.screen
    if show is None:
        return request

    def in_turn(code: PassCode) -> None:
        with lock:
            show(code)

    return replace(request, screen=in_turn)
