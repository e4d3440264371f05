"""How many answers a preflight waits for in a row: three at most, once the tenant part is known."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from agent import wiring
from agent.actions import preflight
from agent.ports import Agent
from tests.world import ORIGIN, SeededChance, World

#: Nobody else asks for so long: then all that wait are answered together.
STILL = 0.15


class Rounds(requests.adapters.BaseAdapter):
    """Answers only when everybody who will ask has asked: what is asked side by side is one round."""

    def __init__(self, inner: requests.adapters.BaseAdapter) -> None:
        super().__init__()
        self._inner = inner
        self._change = threading.Condition()
        self._asked = self._answered = self._under_way = 0
        self.rounds = 0

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Wait for the round's end; whoever saw nobody come after them ends it."""
        with self._change:
            self._asked += 1
            mine = self._asked
            self._change.notify_all()
            while self._answered < mine:
                self._listen(self._asked, self._under_way, mine)
        try:
            return self._inner.send(request, *args, **kwargs)
        finally:
            with self._change:
                self._under_way -= 1
                self._change.notify_all()

    def _listen(self, asked: int, under_way: int, mine: int) -> None:
        """Until something happens; when nothing does and nobody is being answered, the round is over."""
        before = (asked, under_way)
        happened = self._change.wait_for(
            lambda: (self._asked, self._under_way) != before or self._answered >= mine, STILL
        )
        if not happened and not self._under_way:
            self._under_way = self._asked - self._answered
            self._answered, self.rounds = self._asked, self.rounds + 1
            self._change.notify_all()

    def close(self) -> None:
        """The inner one is somebody else's."""


@contextmanager
def counted(w: World) -> Iterator[tuple[Agent, Rounds]]:
    """An agent whose rounds are counted, with the tenant part and its tokens known."""
    adapter = Rounds(w.adapter)
    outside = wiring.Outside(w.clock, SeededChance(5), {ORIGIN: adapter}, w.sandbox.ready_line())
    agent = wiring.build(w.agent.settings, outside)
    try:
        preflight.preflight(agent, w.asked("chidi.eze", "windows-autopilot=PF4TH108"))
        adapter.rounds = 0
        yield agent, adapter
    finally:
        agent.close()


@pytest.mark.parametrize(
    ("person", "wanted"),
    [
        ("mara.quist", ("windows-autopilot=PF4TH101",)),
        ("helen.strand", ("windows-autopilot=PF4TH105",)),
        ("tomasz.brandt", ("ios-company-portal=H4TH301QLM",)),
        ("leila.haddad", ("windows-autopilot=PF4TH111", "ios-company-portal=H4TH302QLM")),
        ("ruth.adeyemi", ("account-recovery",)),
    ],
)
def test_a_person_costs_three_waits_at_most(w: World, person: str, wanted: tuple[str, ...]) -> None:
    with counted(w) as (agent, adapter):
        facts = preflight.gather(agent, [w.upn(person)], w.asked(person, *wanted).items)
        assert facts.remembered
        assert adapter.rounds <= 3
