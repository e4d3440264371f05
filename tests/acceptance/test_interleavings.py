"""Whatever happens in whatever order, the promises hold: several people, kits, operators and processes on one store.

A machine draws what is done next and what happens in the middle of it: another process issues, somebody freezes, an
administrator mints elsewhere, the answer is lost, the process dies. After every step it looks whether anybody has two
passes, whether a frozen tenant got one, whether a pass vanished that nobody replaced; at the end whether every doubt
can be settled, no live pass is held by nobody, and no code is written anywhere.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from agent import errors
from agent.actions import asks, claim, close, freeze, issue, ticket, track, tripwire
from agent.cli import reading
from agent.cli.folder import FolderPaper
from agent.domain import claim_secrets, passes
from agent.domain.asks import AskKind
from agent.domain.facts import Known
from agent.domain.journeys import JourneyState
from agent.domain.people import Operator, Role
from agent.domain.secrets import ClaimSecret
from agent.ports import Agent
from agent.sandbox.virtual.device import FleetError
from tests.actions.weak_lines import Go, Weak, go
from tests.contracts import stores
from tests.world import APPROVER, World, world

KITS = {
    "mara.quist": (("windows-autopilot=PF4TH101",), ("ios-company-portal=H4TH301QLM",)),
    "jonas.ferreira": (("ios-setup-assistant=DMTH401PWX",), ("windows-autopilot=PF4TH101",)),
    "ruth.adeyemi": (("account-recovery",),),
}
OPERATORS = tuple(
    Operator(f"local:{name}", name, role)
    for name, role in (("tess", Role.TECHNICIAN), ("tom", Role.TECHNICIAN), ("lea", Role.LEAD), ("ada", Role.ADMIN))
)
LEAD, ADMIN = OPERATORS[2], OPERATORS[3]
PEOPLE = tuple(KITS)
MEANWHILE = ("nothing", "nothing", "freeze", "outside", "rival", "sweep", "revoke", "dies before", "dies after", "lost")
#: The same orders each time, so that what fails here fails again.
SEEDED = True
LOST = "POST */temporaryAccessPassMethods"


@dataclass(frozen=True)
class Try:
    """One attempt to issue: for whom, which kit, by whom, in which process, and what happens in the middle of it."""

    person: str
    kit: int
    by: Operator
    process: int
    replaces: bool
    meanwhile: str


class Died(BaseException):
    """The process ended here: nothing after it runs, not even what would tidy up."""


class Line(Weak):
    """One process's line to the tenant's passes: things happen while a request is on its way, and it may end."""

    before: Callable[[], None]
    after: Callable[[], None]
    dead = False

    def of(self, person_ids: Any) -> Any:
        """Nothing once the process has ended."""
        self._alive()
        return self.line.of(person_ids)

    def create(self, person_id: str, terms: passes.Terms, may_go: Go = go) -> passes.MintedPass:
        """What happens before and after the request has left."""
        self.before()
        made = self.line.create(person_id, terms, may_go)
        self.after()
        return made

    def delete(self, person_id: str, tenant_id: str) -> str:
        """Nothing once the process has ended."""
        self._alive()
        return self.line.delete(person_id, tenant_id)

    def die(self) -> None:
        """End here."""
        self.dead = True
        raise Died

    def _alive(self) -> None:
        if self.dead:
            raise Died


class Bench(RuleBasedStateMachine):
    """Two processes, three people, four operators, one tenant."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.around = ExitStack()
        self.w: World
        self.agents: tuple[Agent, Agent]
        self.us = ""
        self.frozen_since: datetime | None = None
        self.tickets: list[tuple[str, ClaimSecret]] = []
        self.claimed: Counter[str] = Counter()
        self.minted: set[str] = set()

    @initialize()
    def open(self) -> None:
        """A fresh tenant and a fresh store."""
        folder = Path(self.around.enter_context(tempfile.TemporaryDirectory(prefix="tapslip-test-")))
        place = stores.in_postgres if self.url == "postgres" else stores.in_file
        url = self.around.enter_context(place(folder))
        if self.url == "postgres":
            with stores.opened(url):
                pass
        self.w = self.around.enter_context(world(folder, database_url=url))
        self.agents = (self.w.agent, self.around.enter_context(self.w.another_agent()))
        app = self.w.agent.tenant.token("issuer")
        assert isinstance(app, Known)
        self.us = app.value

    def teardown(self) -> None:
        """Every doubt is settled, and nothing live is left that nobody holds."""
        try:
            if hasattr(self, "w"):
                self._end()
        finally:
            self.around.close()

    @rule(
        tried=st.builds(
            Try,
            person=st.sampled_from(PEOPLE),
            kit=st.integers(0, 1),
            by=st.sampled_from(OPERATORS),
            process=st.integers(0, 1),
            replaces=st.booleans(),
            meanwhile=st.sampled_from(MEANWHILE),
        )
    )
    def issue(self, tried: Try) -> None:
        """Somebody issues, and something happens in the middle of it; an approver says yes to what is asked."""
        before = self._live(tried.person)
        with suppress(errors.AgentError, Died):
            self._issue(tried)
        after = self._live(tried.person)
        if before and after and before.id != after.id and tried.meanwhile not in {"outside", "rival", "revoke"}:
            assert tried.replaces, f"the pass of {tried.person} was replaced by accident"

    def _issue(self, tried: Try) -> None:
        agent = self.agents[tried.process]
        line = Line(agent.passes)
        line.before, line.after = self._happens(line, tried)
        mine, request = replace(agent, passes=line), self._request(tried)
        try:
            issue.issue(mine, request)
        except errors.Refused as refused:
            if refused.codes[0] != "approval_needed":
                raise
            for ask in asks.waiting(agent):
                if ask.kind is AskKind.APPROVAL:
                    asks.answer(agent, ask.id, APPROVER, yes=True)
            issue.issue(mine, request)

    def _request(self, tried: Try) -> Any:
        wanted = KITS[tried.person][tried.kit % len(KITS[tried.person])]
        more: dict[str, Any] = {"by": tried.by, "replace": tried.replaces}
        if tried.person == "ruth.adeyemi":
            held = self.w.sandbox.tenant.credentials.methods[self.w.user(tried.person).id]
            lost = next(method.id for method in held if method.kind == "microsoftAuthenticator")
            more |= {"lost_method": lost, "proof": "photo-id:seen"}
        return self.w.request_for_screen(tried.person, *wanted, **more)

    def _happens(self, line: Line, tried: Try) -> tuple[Callable[[], None], Callable[[], None]]:
        """(before the request leaves, after it was answered)."""
        person, other = tried.person, 1 - tried.process

        def nothing() -> None:
            """All is quiet."""

        def rival() -> None:
            with suppress(errors.AgentError):
                issue.issue(self.agents[other], self._request(replace(tried, by=OPERATORS[1], replaces=False)))

        return {
            "nothing": (nothing, nothing),
            "freeze": (self._freeze, nothing),
            "outside": (lambda: self._outside(person), nothing),
            "rival": (rival, nothing),
            "sweep": (nothing, lambda: self._sweep(other)),
            "revoke": (nothing, lambda: self._revoke_all(person, other)),
            "dies before": (line.die, nothing),
            "dies after": (nothing, line.die),
            "lost": (lambda: self.w.fault(LOST, "lost"), nothing),
        }[tried.meanwhile]

    @rule(person=st.sampled_from(PEOPLE[:2]), kit=st.integers(0, 1))
    def make_ticket(self, person: str, kit: int) -> None:
        """A slip without a code, for later."""
        asked = self.w.asked(person, *KITS[person][kit])
        with suppress(errors.AgentError):
            made = ticket.make(self.w.agent, ticket.Making(LEAD, asked, FolderPaper(self.w.paper)))
            (scanned,) = reading.scan(Path(made.ticket.place)).codes
            self.tickets.append((made.ticket.number, claim_secrets.read(scanned.expose(), made.ticket.number)))

    @precondition(lambda self: bool(self.tickets))
    @rule(which=st.integers(0, 9), process=st.integers(0, 1), meanwhile=st.sampled_from(MEANWHILE))
    def claim(self, which: int, process: int, meanwhile: str) -> None:
        """A slip is claimed, somebody confirms who it is, and something happens in the middle of it."""
        number, secret = self.tickets[which % len(self.tickets)]
        agent = self.agents[process]
        line = Line(agent.passes)
        line.before, line.after = self._happens(line, Try(PEOPLE[0], 0, LEAD, process, False, meanwhile))
        wanted = claim.Claim(OPERATORS[0], number, secret, screen=lambda code: self.w.codes.append(code.reveal()))
        with suppress(errors.AgentError, Died):
            try:
                claim.claim(replace(agent, passes=line), wanted)
            except errors.Refused as refused:
                if refused.codes[0] != "second_fact_needed":
                    raise
                for ask in asks.waiting(agent):
                    if ask.kind is AskKind.SECOND_FACT:
                        asks.answer(agent, ask.id, LEAD, yes=True)
                claim.claim(replace(agent, passes=line), wanted)
            self.claimed[number] += 1
        assert self.claimed[number] <= 1, "one slip was good for two passes"

    @precondition(lambda self: bool(self.tickets))
    @rule(which=st.integers(0, 9), process=st.integers(0, 1))
    def void_ticket(self, which: int, process: int) -> None:
        """A slip is made good for nothing."""
        with suppress(errors.AgentError):
            ticket.void(self.agents[process], self.tickets[which % len(self.tickets)][0], LEAD)

    @rule(person=st.sampled_from(PEOPLE))
    def outside(self, person: str) -> None:
        """An administrator makes a pass elsewhere."""
        self._outside(person)

    def _outside(self, person: str) -> None:
        self.w.outside_pass(person)

    @rule(process=st.integers(0, 1))
    def sweep(self, process: int) -> None:
        """A process looks at the tenant."""
        self._sweep(process)

    def _sweep(self, process: int) -> None:
        with suppress(errors.AgentError):
            track.track(self.agents[process])
            tripwire.look(self.agents[process])

    @rule(minutes=st.sampled_from([1, 3, 11, 45, 200]))
    def time_passes(self, minutes: int) -> None:
        """Up to the end of any pass."""
        self.w.clock.pass_minutes(minutes)

    @rule(person=st.sampled_from(PEOPLE), process=st.integers(0, 1))
    def revoke(self, person: str, process: int) -> None:
        """Somebody withdraws the pass of a person."""
        self._revoke_all(person, process)

    def _revoke_all(self, person: str, process: int) -> None:
        agent = self.agents[process]
        with agent.store.begin() as tx:
            mine = [j for j in tx.journeys.of_person(self.w.user(person).id) if j.state is JourneyState.OPEN]
        for journey in mine:
            with suppress(errors.AgentError):
                close.revoke(agent, journey.id, LEAD)

    @rule()
    def freeze(self) -> None:
        """Somebody pulls the brake."""
        self._freeze()

    def _freeze(self) -> None:
        with suppress(errors.Refused):
            freeze.freeze(self.agents[0], OPERATORS[0], "")
            self.frozen_since = self.w.clock.at

    @rule()
    def unfreeze(self) -> None:
        """A lead and an admin lift it together."""
        with suppress(errors.Refused):
            ask = freeze.unfreeze(self.agents[1], LEAD)
            asks.answer(self.agents[0], ask.id, ADMIN, yes=True)
            self.frozen_since = None

    @rule(person=st.sampled_from(("mara.quist", "jonas.ferreira")))
    def unbox(self, person: str) -> None:
        """The person sets the first device up as far as the newest code takes it."""
        serial = KITS[person][0][0].partition("=")[2]
        if self.w.codes and not self.w.see(serial)["finished"]:
            with suppress(FleetError):
                self.w.move(serial, "power-on")
            self.w.follow(serial, person, minutes=30)

    @invariant()
    def nobody_has_two_open_passes(self) -> None:
        """The index holds, and what is issued is what the tenant shows or was replaced elsewhere."""
        if not hasattr(self, "w"):
            return
        with self.w.agent.store.begin() as tx:
            people = [row.person_id for row in tx.passes.open()]
        assert len(people) == len(set(people))

    @invariant()
    def every_live_pass_of_ours_is_on_record(self) -> None:
        """Whatever our app made and is live is an open pass of ours, though perhaps one in doubt."""
        for held in self._ours():
            with self.w.agent.store.begin() as tx:
                rows = tx.passes.open_of(held.user_id)
            assert rows, f"nobody knows of {held.id}"
            assert rows[0].tenant_id in {"", held.id} or rows[0].state is passes.PassState.ISSUED

    @invariant()
    def a_frozen_tenant_gets_no_pass(self) -> None:
        """Nothing of ours was made after the freeze began."""
        if self.frozen_since is not None:
            assert all(held.created <= self.frozen_since for held in self._ours())

    def _live(self, person: str) -> Any:
        held = self.w.sandbox.tenant.credentials.passes.get(self.w.user(person).id)
        alive = held and held.start + timedelta(minutes=held.lifetime_minutes) > self.w.clock.at
        return held if alive else None

    def _ours(self) -> list[Any]:
        if not hasattr(self, "w"):
            return []
        live = [found for person in PEOPLE if (found := self._live(person))]
        self.minted |= {held.code for held in self.w.sandbox.tenant.credentials.passes.values()}
        return [held for held in live if held.made_by == self.us]

    def _end(self) -> None:
        for _ in range(4):
            self.w.clock.pass_minutes(6)
            for process in (0, 1):
                self._sweep(process)
        with self.w.agent.store.begin() as tx:
            rows = {row.person_id: row for row in tx.passes.open()}
            waiting = {journey.person_id for journey in tx.journeys.open()}
            assert {row.state for row in rows.values()} <= {passes.PassState.ISSUED}
            assert tx.audit.verify() is None
        for held in self._ours():
            row = rows[held.user_id]
            assert row.tenant_id == held.id, "a live pass of ours is not the one on record"
            assert held.user_id in waiting, "a live pass is needed by nobody"
            assert held.code in self.w.codes, "a live pass is held by nobody"
        written = self._written()
        assert not [code for code in self.minted if code in written]

    def _written(self) -> str:
        """Everything the store holds, as text."""
        engine = sa.create_engine(sa.make_url(self.w.agent.settings.database_url))
        tables = sa.MetaData()
        with engine.connect() as connection:
            tables.reflect(connection)
            found = [str(tuple(row)) for table in tables.sorted_tables for row in connection.execute(table.select())]
        engine.dispose()
        return "\n".join(found)


@pytest.mark.parametrize(
    "url", ["file", pytest.param("postgres", marks=pytest.mark.postgres)], ids=["sqlite", "postgres"]
)
def test_the_promises_hold_in_any_order_of_what_happens(url: str) -> None:
    if url == "postgres" and not stores.POSTGRES:
        pytest.skip("PostgreSQL: TAPSLIP_TEST_POSTGRES is not set")
    machine = type("Bench", (Bench,), {"url": url})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=12,
            stateful_step_count=18,
            deadline=None,
            derandomize=SEEDED,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
