"""`tapslip issue` killed as by `kill -9` before and after each of its effects, and what the next start makes of it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.cli import reading
from tests.acceptance.turnstile import CREATE, Place
from tests.cli.terminal import AUTOPILOT, COMPANY_PORTAL, STARTER, refused

ROOT = Path(__file__).resolve().parents[2]
LISTED = "GET */temporaryAccessPassMethods"
REMOVE = "DELETE */temporaryAccessPassMethods/*"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL, and no /dev/pts")


class Bench(Place):
    """A place where the command runs in a process of its own and is killed."""

    @contextlib.contextmanager
    def running(self, *options: str, out: Any = subprocess.DEVNULL, into: Any = None) -> Iterator[Callable[[], None]]:
        """`tapslip issue` in a process of its own; gives what kills it."""
        paper = () if "--show-code" in options else ("--slip", str(self.terminal.slips), "--variant", "technician")
        words = [sys.executable, "-m", "agent", "--settings", str(self.terminal.settings), "issue"]
        words += ["--person", STARTER, "--for", COMPANY_PORTAL, *paper, *options]
        with subprocess.Popen(words, cwd=ROOT, stdin=into, stdout=out, stderr=subprocess.DEVNULL) as process:  # noqa: S603

            def kill() -> None:
                process.send_signal(signal.SIGKILL)
                assert process.wait(10) == -signal.SIGKILL, "it had ended by itself"

            try:
                yield kill
            finally:
                process.kill()

    def killed_at(self, line: str, *options: str, acted: bool = False, late: bool = False) -> None:
        """Issue, killed while this request is held; `late`: the tenant gets the request only after that."""
        held = self.turnstile.hold(line, acted=acted)
        with self.running(*options) as kill:
            held.reached()
            kill()
        if late:
            held.release()
            until = time.monotonic() + 10
            while not self.turnstile.made and time.monotonic() < until:
                time.sleep(0.02)
        else:
            held.drop()

    def another(self, *wanted: str, **options: bool) -> None:
        """A second issue works, its paper opens the tenant's door, and nobody lost a pass."""
        said = self.terminal.issue(STARTER, *(wanted or (COMPANY_PORTAL,)), variant="technician", **options)
        assert said.code == 0, said
        (slip,) = [row for row in self.terminal.rows("slips") if row["state"] == "live"]
        assert reading.code_on(Path(slip["place"])).expose()
        self.nobody_lost_one()


@pytest.fixture
def bench(place: Place) -> Bench:
    """As the tenant's seed has it, with nothing on record."""
    return Bench(place.terminal, place.tenancy, place.turnstile)


@pytest.mark.parametrize("line", [LISTED, "POST */oauth2/v2.0/token"])
def test_before_the_intent_is_on_record_nothing_has_happened(bench: Bench, line: str) -> None:
    bench.killed_at(line, acted=True)
    bench.terminal.nothing_done()
    assert bench.turnstile.made == 0
    bench.another()


def test_a_request_that_never_reached_the_tenant_is_looked_for_and_then_given_up(bench: Bench) -> None:
    bench.killed_at(CREATE)
    assert (bench.states("passes"), bench.states("journeys")) == (["issuing"], ["open"])
    refused(bench.terminal.issue(STARTER, COMPANY_PORTAL, variant="technician"), 3, "issuing")
    assert bench.states("passes") == ["issuing"]
    assert "no pass has appeared yet" in bench.minutes_later(3)
    bench.minutes_later(8)
    assert (bench.states("passes"), bench.states("journeys")) == (["refused"], ["abandoned"])
    bench.another()


def test_a_request_that_reaches_the_tenant_after_the_death_is_found_and_taken_back(bench: Bench) -> None:
    bench.killed_at(CREATE, late=True)
    assert bench.turnstile.made == 1
    bench.minutes_later(3)
    assert bench.tenancy.passes_of(STARTER) == []
    assert (bench.states("passes"), bench.states("journeys")) == (["refused"], ["abandoned"])
    bench.another()


def test_a_pass_that_was_made_and_never_heard_of_is_taken_back(bench: Bench) -> None:
    bench.killed_at(CREATE, acted=True)
    assert len(bench.tenancy.passes_of(STARTER)) == 1
    bench.minutes_later(0)
    assert bench.states("passes") == ["issuing"], "whoever issues may still be at it"
    bench.minutes_later(3)
    assert bench.tenancy.passes_of(STARTER) == []
    assert (bench.states("passes"), bench.states("journeys")) == (["refused"], ["abandoned"])
    bench.another()


def test_a_code_that_reached_no_paper_is_taken_back(bench: Bench) -> None:
    """Where exactly it dies between the answer and the paper is chance; what comes of it is not."""
    held = bench.turnstile.hold(CREATE, acted=True)
    with bench.running() as kill:
        held.reached()
        held.release()
        kill()
    bench.minutes_later(3)
    assert bench.states("passes") == ["refused"]
    bench.another()


def test_a_code_on_paper_that_never_came_on_record_is_taken_back(bench: Bench) -> None:
    """Another process holds the database, so that it dies with the paper written and the record not."""
    held = bench.turnstile.hold(CREATE, acted=True)
    with bench.running() as kill:
        held.reached()
        with contextlib.closing(sqlite3.connect(bench.terminal.state / "tapslip.db")) as store:
            store.execute("BEGIN IMMEDIATE")
            held.release()
            until = time.monotonic() + 20
            while not any(paper.stat().st_size for paper in bench.terminal.papers()) and time.monotonic() < until:
                time.sleep(0.01)
            kill()
    assert len(bench.terminal.papers()) == 1
    assert (bench.states("passes"), bench.states("slips")) == (["issuing"], ["planned"])
    bench.minutes_later(3)
    assert bench.tenancy.passes_of(STARTER) == []
    assert (bench.states("passes"), bench.states("slips")) == (["refused"], ["void"])
    (slip,) = bench.terminal.rows("slips")
    (row,) = bench.terminal.rows("passes")
    assert f"destroy slip {slip['number']} at {slip['place']}" in row["reason"]
    bench.another()


def test_a_pass_on_record_and_on_paper_stays_and_no_second_is_made_by_accident(bench: Bench) -> None:
    """It dies as it begins to speak: its standard output is a pipe that is full."""
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETFL, os.O_NONBLOCK)
    with contextlib.suppress(BlockingIOError):
        while os.write(write, b"x"):
            pass
    fcntl.fcntl(write, fcntl.F_SETFL, 0)
    with bench.running(out=write) as kill:
        until_issued(bench)
        kill()
    os.close(read)
    os.close(write)
    held_and_replaced(bench, "live")


def test_a_pass_that_dies_on_the_screen_is_on_record_and_can_be_replaced(bench: Bench) -> None:
    leader, follower = os.openpty()
    with bench.running("--show-code", out=follower, into=follower) as kill:
        until_issued(bench)
        kill()
    os.close(leader)
    os.close(follower)
    assert bench.states("slips") == []
    refused(bench.terminal.issue(STARTER, COMPANY_PORTAL, variant="technician"), 3, "pass")
    bench.another(replace=True)


def until_issued(bench: Bench) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if (bench.terminal.state / "tapslip.db").exists():
            with contextlib.suppress(sqlite3.OperationalError):
                if bench.states("passes") == ["issued"]:
                    return
        time.sleep(0.02)
    raise AssertionError("it was never issued")


def held_and_replaced(bench: Bench, slip: str) -> None:
    bench.minutes_later(3)
    assert (bench.states("passes"), bench.states("slips"), bench.states("journeys")) == (["issued"], [slip], ["open"])
    bench.nobody_lost_one()
    refused(bench.terminal.issue(STARTER, COMPANY_PORTAL, variant="technician"), 3, "pass")
    assert bench.turnstile.made == 1
    bench.another(replace=True)
    assert sorted(bench.states("passes")) == ["gone", "issued"]
    assert bench.states("journeys") == ["open"]


@pytest.mark.parametrize("acted", [False, True])
def test_a_replacement_that_dies_over_the_old_pass_makes_no_new_one(bench: Bench, acted: bool) -> None:
    bench.another()
    bench.killed_at(REMOVE, "--replace", acted=acted)
    assert bench.turnstile.made == 1
    bench.minutes_later(6)  # a list that is late may lack a pass that was just made
    old = ("gone", "void") if acted else ("issued", "live")
    assert (bench.states("passes"), bench.states("slips")) == ([old[0]], [old[1]])
    bench.nobody_lost_one()
    bench.another(replace=not acted)
    assert bench.states("journeys") == ["open"], "the journey goes on with the new pass"


def test_a_replacement_that_dies_over_the_new_pass_leaves_none_and_the_journey_open(bench: Bench) -> None:
    bench.another()
    bench.killed_at(CREATE, "--replace", acted=True)
    bench.minutes_later(3)
    assert bench.tenancy.passes_of(STARTER) == []
    assert sorted(bench.states("passes")) == ["gone", "refused"]
    assert (bench.states("slips"), bench.states("journeys")) == (["void", "void"], ["open"])
    bench.another()


def test_a_second_journey_of_a_kit_dies_alone(bench: Bench) -> None:
    """The kit's first journey was there before: it stays open, and gets its new slip with the next pass."""
    assert bench.terminal.issue(STARTER, AUTOPILOT).code == 0
    bench.killed_at(CREATE, "--replace", acted=True)
    bench.minutes_later(3)
    assert bench.tenancy.passes_of(STARTER) == []
    assert bench.states("journeys") == ["open", "abandoned"]
    bench.another(AUTOPILOT)
