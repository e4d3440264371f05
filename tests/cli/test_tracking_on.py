"""`tapslip track` at a tenant that does not always answer: it says so, waits, and goes on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from agent import wiring
from tests import world
from tests.cli.moved import Moved, moved
from tests.cli.terminal import AUTOPILOT, STARTER, refused

METHODS = "GET /beta/users/*/authentication/*"


@pytest.fixture
def place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Moved]:
    """One journey is open."""
    with moved(tmp_path, capsys) as made:
        assert made.terminal.issue(STARTER, AUTOPILOT).code == 0
        made.clock.pass_minutes(1)
        yield made


@dataclasses.dataclass
class ImpatientClock:
    """Somebody presses Ctrl-C at the first long wait."""

    line: world.SharedClock

    def now(self) -> datetime:
        return self.line.now()

    def wait(self, seconds: float) -> None:
        if seconds >= 30:
            raise KeyboardInterrupt
        self.line.wait(seconds)

    def wait_until(self, moment: datetime) -> None:
        self.line.wait_until(moment)


def test_one_sweep_that_is_cut_short_prints_what_was_seen_and_says_to_run_it_again(place: Moved) -> None:
    place.world.fault(METHODS, "429", times=500, retry_after=400)
    said = place.terminal.run("track", "--once")
    refused(said, 6, "0 of 1 people were looked at", "goes on with those who wait", "tapslip track --once")
    assert "new: registered" in said.out
    place.world.sandbox.gate.faults.clear()
    place.clock.pass_minutes(7)
    said = place.terminal.run("track", "--once")
    assert (said.code, said.err) == (0, "")


@pytest.mark.parametrize(("kind", "retry_after"), [("unreachable", None), ("429", 400), ("500", None)])
def test_tracking_goes_on_after_a_tenant_that_did_not_answer(place: Moved, kind: str, retry_after: int | None) -> None:
    place.clock.pass_minutes(215)
    place.world.fault("GET /[vb]*", kind, times=40, retry_after=retry_after)
    said = place.terminal.run("track")
    assert said.code == 0, said
    assert "0 of 1 people were looked at" in said.err
    pauses = [line.split()[3] for line in said.err.splitlines() if "Going on in" in line]
    assert pauses == (["400"] * len(pauses) if retry_after else ["60", "120", "240", "300"][: len(pauses)])
    assert {row["state"] for row in place.terminal.rows("journeys")} == {"expired"}
    assert place.tenancy.door("counters", "GET")["early_returns"] == 0


def test_tracking_ends_with_ctrl_c_and_not_with_a_network_that_is_gone(place: Moved) -> None:
    place.world.fault("* /[vb]*", "unreachable", times=100_000)
    ready = place.world.sandbox.ready_line()
    clock = ImpatientClock(place.clock)
    place.terminal.outside = wiring.Outside(clock, world.SeededChance(6), {world.ORIGIN: place.world.adapter}, ready)
    said = place.terminal.run("track")
    assert said.code == 130
    assert "cannot be reached" in said.err
    assert said.err.endswith("Interrupted.\n")
