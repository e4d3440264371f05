"""A whole small world in one process: the sandbox tenant under the real client, a real store, real paper.

One clock serves both sides, so a test can let an hour pass. Codes are read as a person would read them: from the
paper.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agent import settings, wiring
from agent.actions import issue, planning, sheets, track
from agent.cli import reading
from agent.cli.folder import FolderPaper
from agent.domain import cases, passes
from agent.domain.people import Operator, Role
from agent.ports import Agent
from agent.sandbox import mount
from agent.sandbox import tenant as tenants
from tests.wsgi_adapter import WsgiAdapter

ORIGIN = "https://localhost:8443"
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TECHNICIAN = Operator("local:technician", "Tess (technician)", Role.TECHNICIAN)


@dataclass
class SharedClock:
    """Shows one time to tenant and agent; waiting turns it."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def wait(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def pass_minutes(self, minutes: float) -> None:
        self.at += timedelta(minutes=minutes)


class SeededChance:
    """Chance that repeats."""

    def __init__(self, seed: int = 7) -> None:
        self._random = random.Random(seed)

    def symbols(self, count: int) -> str:
        return "".join(self._random.choice(wiring.SYMBOLS) for _ in range(count))

    def uuid(self) -> str:
        digits = f"{self._random.getrandbits(128):032x}"
        return "-".join((digits[:8], digits[8:12], "4" + digits[13:16], "8" + digits[17:20], digits[20:]))

    def fraction(self) -> float:
        return self._random.random()


@dataclass
class World:
    """Everything a story needs; `paper` is the folder of slips."""

    clock: SharedClock
    sandbox: mount.Sandbox
    agent: Agent
    paper: Path
    adapter: WsgiAdapter
    codes: list[str] = field(default_factory=list)

    def asked(self, person: str, *wanted: str, **more: Any) -> cases.KitAsked:
        """`wanted` as on the command line: PROFILE or PROFILE=SERIAL; the name alone gets the seed's domain."""
        items = []
        for text in wanted:
            name, _, serial = text.partition("=")
            items.append(cases.Item(self.agent.profiles[name], serial))
        wish = passes.Wish(more.pop("start", None), more.pop("lifetime", None))
        return cases.KitAsked(self.upn(person), tuple(items), wish, sandbox=self.agent.settings.sandbox, **more)

    def upn(self, person: str) -> str:
        """The full user name of somebody in the seed."""
        return person if "@" in person else f"{person}@{self.sandbox.tenant.directory.organisation.domains[0]}"

    def request(self, person: str, *wanted: str, by: Operator = TECHNICIAN, **more: Any) -> planning.Request:
        """A request for technician's slips on A4 in the paper folder."""
        return planning.Request(
            by=by,
            asked=self.asked(person, *wanted, **more),
            paper=FolderPaper(self.paper),
            wanted=sheets.Wanted(variant="technician"),
        )

    def issue(self, person: str, *wanted: str, **more: Any) -> issue.Issued:
        """Issue, and remember the code as read from the first slip."""
        made = issue.issue(self.agent, self.request(person, *wanted, **more))
        self.codes.append(reading.code_on(Path(made.slips[0].place)).reveal())
        return made

    def move(self, serial: str, action: str, person: str = "", code: str = "") -> dict[str, Any]:
        """Do something with a virtual device, as its person would."""
        payload = {"person": self.upn(person)} if person else {}
        return self.sandbox.fleet.move(serial, action, payload | ({"code": code} if code else {}))

    def track(self, minutes: float = 1) -> track.Sweep:
        """Let some minutes go by, then sweep."""
        self.clock.pass_minutes(minutes)
        return track.track(self.agent)

    def tenant_passes(self, person: str) -> list[Any]:
        """The passes the tenant holds for somebody, as its own records."""
        upn = self.upn(person)
        found = [user.id for user in self.sandbox.tenant.directory.users.values() if user.upn.lower() == upn.lower()]
        held = self.sandbox.tenant.credentials.passes
        return [held[user_id] for user_id in found if user_id in held]


@contextmanager
def world(folder: Path, *, options: tenants.Options | None = None, **overrides: str) -> Iterator[World]:
    """A fresh world whose files lie below `folder`; `overrides` are settings."""
    clock = SharedClock()
    around = mount.Surroundings(pause=clock.wait)
    sandbox = mount.make(clock.now, random.Random(11), origin=ORIGIN, options=options, surroundings=around)
    adapter = WsgiAdapter(sandbox.wsgi, clock.now)
    held = {"state_dir": str(folder / "state"), **overrides}
    chosen = settings.load(None, {}, overrides=held)
    outside = wiring.Outside(clock, SeededChance(), {ORIGIN: adapter}, sandbox.ready_line())
    agent = wiring.build(chosen, outside)
    try:
        yield World(clock, sandbox, agent, folder / "slips", adapter)
    finally:
        agent.close()
