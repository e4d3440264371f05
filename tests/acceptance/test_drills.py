"""A drill for each fault of the tenant or the line, through the real commands, from the first to the last of a journey.

After each: no pass that nobody holds, every milestone as without the fault and none before its time, nothing hung.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.cli import reading
from tests.acceptance.turnstile import CREATE, Hold, Place, served
from tests.cli.terminal import COMPANY_PORTAL, IPHONE, STARTER, Tenancy, Terminal, refused

READS = "GET /[vb]*"
LISTED = "GET */temporaryAccessPassMethods"
REMOVE = "DELETE */temporaryAccessPassMethods/*"
#: What a run without any fault reaches.
REACHED = {
    *("registered", "profile_ready", "signed_in", "enrolled", "user_bound", "entra_registered", "compliant"),
    *("authenticator_set_up", "strong_method_set_up", "credential_used", "pass_gone"),
}
#: What is true before anybody touches the device.
BOXED = {"registered", "profile_ready"}
#: Nothing may take longer than this: a read is asked for during 30 s, and one answer waited for during 20.
HUNG = 55.0
#: For so long a tenant may leave a request without an answer, and then act on it.
STALL = 60.0


class Drill(Place):
    """One journey, with faults striking while it is made and while it is followed."""

    @contextmanager
    def in_time(self) -> Iterator[None]:
        """Whatever is done here comes to its end."""
        began = time.monotonic()
        yield
        assert time.monotonic() - began < HUNG

    def strike(self, *faults: tuple[str, str, dict[str, Any]]) -> None:
        """Let these faults happen from now on."""
        for match, kind, more in faults:
            self.tenancy.door("faults", match=match, kind=kind, **more)

    def issued(self) -> str:
        """Issue until it works; each failure says what happened, and leaves no pass that nobody holds."""
        for _ in range(5):
            with self.in_time():
                said = self.terminal.issue(STARTER, COMPANY_PORTAL, variant="technician", json=True)
            if said.code == 0:
                self.nobody_lost_one()
                return str(said.json()["journeys"][0]["id"])
            assert said.code in {3, 4, 6}
            assert len(said.err.splitlines()) > 1, "nothing says what to do"
            self.minutes_later(11)
            self.minutes_later(0)
            self.nobody_lost_one()
        raise AssertionError("it never worked")

    def standing(self, journey: str) -> dict[str, Any]:
        """The journey as `status` has it."""
        shown: dict[str, Any] = self.terminal.run("status", journey, "--json").json()
        return shown

    def walk(self) -> None:
        """The person takes the slip to the iPhone and uses it."""
        slip = next(row for row in self.terminal.rows("slips") if row["state"] == "live")
        code = reading.code_on(Path(slip["place"])).expose()
        self.tenancy.door(f"devices/{IPHONE}/power-on")
        until = time.monotonic() + HUNG
        while not (row := self.phone())["finished"]:
            assert time.monotonic() < until, row
            if row["asks"]:
                self.tenancy.door(f"devices/{IPHONE}/sign-in", person=STARTER, code=code)
            time.sleep(0.02)
        self.tenancy.door(f"devices/{IPHONE}/unlock")

    def phone(self) -> dict[str, Any]:
        """The iPhone's screen."""
        devices = self.tenancy.door("devices", "GET")["devices"]
        found: dict[str, Any] = next(row for row in devices if row["serial"] == IPHONE)
        return found

    def followed(self, journey: str) -> None:
        """Track until it is done: the pass is gone, and every milestone is there."""
        for _ in range(40):
            with self.in_time():
                said = self.terminal.run("track", "--once")
            assert said.code in {0, 6}, said
            if self.standing(journey)["state"] == "done":
                break
            time.sleep(0.1)
        shown = self.standing(journey)
        assert (shown["state"], set(shown["milestones"]), shown["unexpected"]) == ("done", REACHED, [])
        assert self.tenancy.passes_of(STARTER) == []
        self.nobody_lost_one()

    def whole(self, *faults: tuple[str, str, dict[str, Any]]) -> None:
        """Issue, look before anything happened, walk and follow, with the faults at each step of ours."""
        self.strike(*faults)
        journey = self.issued()
        self.tenancy.door("faults", "DELETE")
        self.strike(*faults)
        self.terminal.run("track", "--once")
        assert set(self.standing(journey)["milestones"]) <= BOXED, "nobody has touched the device yet"
        self.walk()
        self.followed(journey)


@pytest.fixture
def drill(place: Place) -> Drill:
    """Nothing is wrong yet."""
    return Drill(place.terminal, place.tenancy, place.turnstile)


DRILLS = {
    "a storm of 429": (("* /[vb]*", "429", {"times": 8, "retry_after": 1}),),
    "429 without Retry-After": (("* /[vb]*", "429", {"times": 3}),),
    "a burst of 500": ((READS, "500", {"times": 3}), (REMOVE, "500", {"times": 2}), (CREATE, "500", {})),
    "resets before the tenant acted": ((READS, "unreachable", {"times": 2}), (CREATE, "unreachable", {})),
    "resets after the tenant acted": ((CREATE, "lost", {}), (REMOVE, "lost", {}), (READS, "truncated", {"times": 2})),
}


@pytest.mark.parametrize("faults", DRILLS.values(), ids=DRILLS)
def test_a_journey_survives(drill: Drill, faults: tuple[tuple[str, str, dict[str, Any]], ...]) -> None:
    drill.whole(*faults)
    assert drill.tenancy.door("counters", "GET")["early_returns"] == 0


class Stalled(Drill):
    """A drill at a tenant of its own that holds one request for a minute, while its command runs beside others."""

    held: Hold
    process: subprocess.Popen[str]
    began: float

    def begin(self, line: str) -> None:
        """Issue in a process of its own, and let the tenant stall over this request."""
        self.held = self.turnstile.hold(line, patience=2 * STALL)
        words = [sys.executable, "-m", "agent", "--settings", str(self.terminal.settings), "issue", "--json"]
        words += ["--person", STARTER, "--for", COMPANY_PORTAL, "--variant", "technician"]
        words += ["--slip", str(self.terminal.slips)]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603
        self.held.reached()
        self.began = time.monotonic()

    def ended(self) -> tuple[int, str, str]:
        """Exit code, output and complaints of a command that waited for its own deadline, and no longer."""
        out, err = self.process.communicate(timeout=HUNG)
        assert 19 < time.monotonic() - self.began < 45
        return self.process.returncode, out, err

    def let_go(self) -> None:
        """The minute is over: the tenant goes on with what it was asked for."""
        time.sleep(max(0.0, self.began + STALL - time.monotonic()))
        self.held.release()

    def taken_back(self) -> None:
        """The tenant makes the pass now, and the next sweep deletes it."""
        until = time.monotonic() + 10
        while not self.turnstile.made:
            assert time.monotonic() < until, "the tenant never acted"
            time.sleep(0.05)
        self.minutes_later(3)
        assert self.tenancy.passes_of(STARTER) == []
        self.nobody_lost_one()


@contextmanager
def stalled(folder: Path, captured: pytest.CaptureFixture[str], line: str) -> Iterator[Stalled]:
    """One that has begun."""
    folder.mkdir()
    with served(folder / "tenant") as (running, ready_file, turnstile):
        tenancy = Tenancy(running.ready)
        made = Stalled(Terminal(folder, captured, ready_file), tenancy, turnstile)
        made.begin(line)
        try:
            yield made
        finally:
            made.process.kill()
            turnstile.clear()
            tenancy.close()


def test_a_stall_of_a_minute_over_a_read_or_a_create_ends_with_our_deadline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A read is asked again, and its journey goes on; a pass made when nobody listens any more is taken back."""
    with stalled(tmp_path / "create", capsys, CREATE) as create, stalled(tmp_path / "read", capsys, LISTED) as read:
        code, said, trouble = read.ended()
        assert (code, trouble) == (0, "")
        code, _, trouble = create.ended()
        assert (code, create.states("passes")) == (4, ["unknown"])
        assert "10 minutes" in trouble
        read.walk()
        read.followed(json.loads(said)["journeys"][0]["id"])
        create.minutes_later(0)
        assert create.states("passes") == ["unknown"], "the tenant may still be at it"
        assert create.turnstile.made == 0
        for one in (create, read):
            one.let_go()
        read.nobody_lost_one()
        assert read.tenancy.passes_of(STARTER) == []
        create.taken_back()
        journey = create.issued()
        create.walk()
        create.followed(journey)


def test_tokens_that_expire_in_the_middle_of_paging_are_renewed(drill: Drill) -> None:
    drill.tenancy.door("options", "PATCH", page_size=1)
    expired: list[int] = []

    def expire() -> None:
        drill.tenancy.door("expire-tokens")
        expired.append(1)

    drill.turnstile.before("GET *skiptoken*", expire)
    journey = drill.issued()
    drill.turnstile.before("GET *skiptoken*", expire)
    drill.walk()
    drill.followed(journey)
    assert len(expired) == 2


@pytest.mark.parametrize("seconds", [400.0, -400.0])
def test_a_clock_that_is_wrong_by_more_than_five_minutes_issues_nothing(drill: Drill, seconds: float) -> None:
    drill.tenancy.door("options", "PATCH", clock_ahead=seconds)
    said = drill.terminal.issue(STARTER, COMPANY_PORTAL)
    refused(said, 3, "clock", "five minutes")
    drill.terminal.nothing_done()
    assert drill.tenancy.writes() == []


def test_a_clock_that_is_a_little_wrong_changes_nothing(drill: Drill) -> None:
    drill.tenancy.door("options", "PATCH", clock_ahead=200.0)
    drill.whole()
