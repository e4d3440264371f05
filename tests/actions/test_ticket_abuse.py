"""Somebody with a guess, a found slip or a stack of wrong ones: nothing is told, asked of the tenant, or minted twice.

A guess costs two slow hashes, but the limits let few of ten thousand come so far.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from agent import errors, ports
from agent.actions import asks, claim, freeze, ticket
from agent.domain import claim_secrets, tickets
from agent.domain.claim_secrets import Sealer
from agent.domain.people import Operator, Role
from agent.domain.second_facts import SecondFact
from agent.domain.secrets import ClaimSecret, PassCode
from agent.domain.tickets import TicketState
from tests.actions.ticket_office import LEAD, MARA, claimed, confirmed, make, pin_of, secret_of, state, wanting
from tests.world import TECHNICIAN, World

SEEDED = random.Random(3)  # noqa: S311  guesses of a test


class Counting(Sealer):
    """Counts the slow steps."""

    __slots__ = ("steps",)

    def __init__(self) -> None:
        super().__init__(b"the key of a test, and no other")
        self.steps = 0

    def mac(self, secret: str, salt: str) -> str:
        self.steps += 1
        return super().mac(secret, salt)


class Watched:
    """The store, its units of work counted; fits `ports.Store`."""

    def __init__(self, store: ports.Store) -> None:
        self._store, self.begun = store, 0

    @contextlib.contextmanager
    def begin(self) -> Iterator[ports.Transaction]:
        self.begun += 1
        with self._store.begin() as tx:
            yield tx

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@dataclasses.dataclass(frozen=True)
class Answer:
    """All that somebody who guesses can see or measure of an answer."""

    said: tuple[str, str, str, tuple[str, ...]]
    slow_steps: int
    units_of_work: int
    audit_rows: int
    asked_of_the_tenant: int


def observed(w: World, attempt: Callable[[], object]) -> Answer:
    sealer, store = w.agent.sealer, w.agent.store
    assert isinstance(sealer, Counting)
    assert isinstance(store, Watched)
    before = sealer.steps, store.begun, len(w.audit()), len(w.adapter.sent)
    begun = store.begun
    with pytest.raises(errors.Refused) as refused:
        attempt()
    units = store.begun - begun
    problem = refused.value
    said = (problem.summary, problem.advice, problem.reference, problem.codes)
    return Answer(said, sealer.steps - before[0], units, len(w.audit()) - before[2], len(w.adapter.sent) - before[3])


def test_unknown_void_expired_used_resting_and_wrong_get_one_answer_for_the_same_work(w: World) -> None:
    w = wanting(w, SecondFact.PIN)
    w = dataclasses.replace(w, agent=dataclasses.replace(w.agent, sealer=Counting(), store=Watched(w.agent.store)))
    guess = claim_secrets.make(SEEDED.randrange)
    first = make(w)
    right, pin = secret_of(first), pin_of(first)
    wrong_pin = ClaimSecret("1" * 6 if pin != ClaimSecret("1" * 6) else "2" * 6)

    def trying(number: str, secret: ClaimSecret, pin: ClaimSecret | None) -> Answer:
        wanted = claim.Claim(TECHNICIAN, number, secret, pin, screen=lambda _code: None)
        return observed(w, lambda: claim.claim(w.agent, wanted))

    number = first.ticket.number
    answers = {
        "unknown": trying("AAAAAA", guess, pin),
        "wrong secret": trying(number, guess, pin),
        "wrong pin": trying(number, right, wrong_pin),
        "no pin": trying(number, right, None),
    }
    for _ in range(2):
        trying(number, guess, pin)
    assert state(w, number).rests(w.clock.at)
    answers["resting"] = trying(number, right, pin)
    w.clock.pass_minutes(16)
    claimed(w, first, pin=pin)
    answers["used"] = trying(number, right, pin)
    second = make(w)
    ticket.void(w.agent, second.ticket.number, TECHNICIAN)
    answers["void"] = trying(second.ticket.number, secret_of(second), pin_of(second))
    third = make(w)
    w.clock.pass_minutes(15 * 24 * 60)
    answers["expired"] = trying(third.ticket.number, secret_of(third), pin_of(third))
    assert set(answers.values()) == {answers["unknown"]}, answers
    assert (answers["unknown"].slow_steps, answers["unknown"].asked_of_the_tenant) == (2, 0)


def test_ten_thousand_wrong_tickets_from_twenty_stations_reach_nobody_and_the_bench_goes_on(w: World) -> None:
    made = make(w)
    stations = [Operator(f"station-{n}", f"Station {n}", Role.TECHNICIAN) for n in range(20)]
    outcomes = {"ticket": 0, "too_many_claims": 0}
    sent = 0
    for bench in w.newcomers(2):
        before = len(w.adapter.sent)
        for turn in range(250):
            for station in stations:
                number = made.ticket.number if turn % 2 else "AAAAAA"
                guess = claim_secrets.make(SEEDED.randrange)
                with pytest.raises(errors.Refused) as refused:
                    claim.claim(w.agent, claim.Claim(station, number, guess, screen=lambda _code: None))
                outcomes[refused.value.codes[0]] += 1
        sent += len(w.adapter.sent) - before
        w.take(*bench)
        w.clock.pass_minutes(1)
    assert sent == 0
    assert outcomes == {"ticket": 2 * tickets.ALL_TRIES, "too_many_claims": 10_000 - 2 * tickets.ALL_TRIES}
    assert state(w, made.ticket.number).misses == tickets.REST_AFTER, "while it rests, nobody makes it void"
    w.clock.pass_minutes(16)
    confirmed(w, made)
    assert len(w.tenant_passes(MARA)) == 1


def test_one_station_tries_ten_times_a_minute(w: World) -> None:
    def attempt() -> str:
        guess = claim_secrets.make(SEEDED.randrange)
        with pytest.raises(errors.Refused) as refused:
            claim.claim(w.agent, claim.Claim(TECHNICIAN, "AAAAAA", guess, screen=lambda _code: None))
        return refused.value.codes[0]

    assert [attempt() for _ in range(11)] == ["ticket"] * 10 + ["too_many_claims"]
    w.clock.pass_minutes(1.1)
    assert attempt() == "ticket"


def test_a_freeze_amid_many_claims_in_two_processes_leaves_each_ticket_used_once_or_whole(w: World) -> None:
    people = w.newcomers(8)
    held = [make(w, what, person=person) for person, what in people]
    by = [Operator(f"local:t{n}", f"T{n}", Role.TECHNICIAN) for n in range(len(held))]
    secrets = [secret_of(made) for made in held]

    codes: list[str] = []
    seen = threading.Event()

    def show(code: PassCode) -> None:
        codes.append(code.reveal())
        seen.set()

    def claim_it(agent: ports.Agent, n: int) -> None:
        with contextlib.suppress(errors.AgentError):
            claim.claim(agent, claim.Claim(by[n], held[n].ticket.number, secrets[n], screen=show))

    def freeze_it() -> None:
        assert seen.wait(60)
        freeze.freeze(w.agent, TECHNICIAN, "a stolen laptop")

    for n in range(len(held)):
        claim_it(w.agent, n)
    for ask in asks.waiting(w.agent):
        asks.answer(w.agent, ask.id, LEAD, yes=True)
    with w.another_agent() as other:
        each = [functools.partial(claim_it, agent, n) for n in range(len(held)) for agent in (w.agent, other)]
        _all_at_once([*each, freeze_it])
    frozen = {person: w.tenant_passes(person) for person, _ in people}
    for n, (person, _) in enumerate(people):
        after = state(w, held[n].ticket.number)
        assert after.state is (TicketState.CLAIMED if frozen[person] else TicketState.OPEN), after
        assert after.claims == len(frozen[person])
    assert codes
    assert len(codes) == len(set(codes)) == sum(map(len, frozen.values()))


def a_stack(w: World, people: list[tuple[str, str]], pin: ClaimSecret) -> dict[str, tuple[str, ClaimSecret]]:
    """A ticket for each, kept without its paper, all with one PIN; number and secret by person."""
    made: dict[str, tuple[str, ClaimSecret]] = {}
    like = make(w, people[0][1], person=people[0][0]).ticket
    ticket.void(w.agent, like.number, TECHNICIAN)
    for at, (person, what) in enumerate(people):
        name, _, serial = what.partition("=")
        item = tickets.TicketItem(name, w.agent.profiles[name].digest, serial)
        secret = claim_secrets.make(SEEDED.randrange)
        one = dataclasses.replace(
            like,
            number=f"T{at:05d}".replace("0", "A").replace("1", "C"),
            person_id=w.user(person).id,
            wanted=dataclasses.replace(like.wanted, items=(item,)),
            secret=w.agent.sealer.seal(secret.sealed_text(), SEEDED.randrange),
            spoken=w.agent.sealer.seal(ticket.spoken(like.facts, pin, ""), SEEDED.randrange),
            state=TicketState.OPEN,
            reason="",
            version=0,
        )
        with w.agent.store.begin() as tx:
            tx.tickets.add(one)
        made[person] = one.number, secret
    return made


def test_a_freeze_amid_two_hundred_claims_a_lost_answer_and_a_pass_from_elsewhere(w: World) -> None:
    """No new pass once it holds; ours that nobody holds is deleted, and theirs is untouched."""
    w, pin = wanting(w, SecondFact.PIN), claim_secrets.make_pin(SEEDED.randrange)
    people = w.newcomers(100)
    stack = a_stack(w, people, pin)
    theirs = [w.outside_pass(people[at][0]).id for at in (3, 97)]
    w.fault("POST */temporaryAccessPassMethods", "lost")
    codes: list[str] = []
    frozen = threading.Event()

    def show(code: PassCode) -> None:
        codes.append(code.reveal())
        if len(codes) >= 12 and not frozen.is_set():
            frozen.set()
            freeze.freeze(w.agent, TECHNICIAN, "a stolen laptop")

    def claim_all(agent: ports.Agent, name: str) -> list[str]:
        def one(at: int) -> str:
            by = Operator(f"local:{name}{at}", f"{name} {at}", Role.TECHNICIAN)
            number, secret = stack[people[at][0]]
            try:
                claim.claim(agent, claim.Claim(by, number, secret, pin, screen=show))
            except errors.Refused as refused:
                return refused.codes[0]
            except errors.AgentError as problem:
                return type(problem).__name__
            return "issued"

        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(one, range(len(people))))

    with w.another_agent() as second, ThreadPoolExecutor(2) as both:
        other = dataclasses.replace(second, profiles=w.agent.profiles)
        outcomes = [one for each in both.map(claim_all, (w.agent, other), ("left", "right")) for one in each]
    since = freeze.holding(w.agent)
    assert since is not None
    assert outcomes.count("frozen") > 100
    for _ in range(4):
        w.track(5)
    held = {p.id: p for p in w.sandbox.tenant.credentials.passes.values()}
    assert set(theirs) <= held.keys()
    ours = [p for p in held.values() if p.id not in theirs]
    assert all(p.created <= since.at for p in ours)
    assert {p.code for p in ours} <= set(codes), "ours that nobody holds is deleted"
    for person, _ in people:
        after = state(w, stack[person][0])
        assert after.claims == sum(p.user_id == after.person_id for p in ours), after


def _all_at_once(work: list[Callable[[], None]]) -> None:
    start = threading.Barrier(len(work))

    def run(one: Callable[[], None]) -> None:
        start.wait()
        one()

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
