"""A whole small world in one process: the sandbox tenant under the real client, a real store, real paper.

One clock serves both sides, so a test can let an hour pass. Codes are read as a person would read them: from the
paper.
"""

from __future__ import annotations

import dataclasses
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from werkzeug.test import Client

from agent import errors, settings, wiring
from agent.actions import asks, planning, sheets, track
from agent.actions import issue as issuing
from agent.cli import reading
from agent.cli.folder import FolderPaper
from agent.domain import cases, journeys, milestones, passes
from agent.domain.people import Operator, Role
from agent.ports import Agent
from agent.sandbox import mount, records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import passes as tenant_passes
from agent.sandbox.areas import people as tenant_people
from agent.sandbox.wire import faults
from tests import tenancies
from tests.wsgi_adapter import WsgiAdapter

ORIGIN = "https://localhost:8443"
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
#: How often the client knocks before it says that nobody is there.
TRIES = {"unreachable": 2}
#: What the watcher holds for other reasons, and Graph accepts as well (learn.microsoft.com/graph/api/user-list).
STAND_INS = {
    "Policy.Read.AuthenticationMethod": ("Policy.Read.All",),
    "User.Read.All": (
        "DeviceManagementApps.Read.All",
        "DeviceManagementConfiguration.Read.All",
        "DeviceManagementManagedDevices.Read.All",
        "DeviceManagementServiceConfig.Read.All",
    ),
}
TECHNICIAN = Operator("local:technician", "Tess (technician)", Role.TECHNICIAN)
APPROVER = Operator("local:approver", "Ann (approver)", Role.APPROVER)

T = TypeVar("T")


@dataclass
class SharedClock:
    """Shows one time to tenant and agent; waiting turns it, and threads that wait for one moment turn it once."""

    at: datetime = START
    _turning: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def now(self) -> datetime:
        return self.at

    def wait(self, seconds: float) -> None:
        with self._turning:
            self.at += timedelta(seconds=seconds)

    def wait_until(self, moment: datetime) -> None:
        with self._turning:
            self.at = max(self.at, moment)

    def pass_minutes(self, minutes: float) -> None:
        self.wait(minutes * 60)


class SeededChance:
    """Chance that repeats."""

    def __init__(self, seed: int = 7) -> None:
        self._random = random.Random(seed)  # noqa: S311 - ids only

    def symbols(self, count: int) -> str:
        return "".join(self._random.choice(wiring.SYMBOLS) for _ in range(count))

    def uuid(self) -> str:
        digits = f"{self._random.getrandbits(128):032x}"
        return "-".join((digits[:8], digits[8:12], "4" + digits[13:16], "8" + digits[17:20], digits[20:]))

    def fraction(self) -> float:
        return self._random.random()

    def below(self, bound: int) -> int:
        return self._random.randrange(bound)


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
        return cases.KitAsked(self.upn(person), tuple(items), wish, **more)

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

    def issue(self, person: str, *wanted: str, **more: Any) -> issuing.Issued:
        """Issue, and remember the code as read from the first slip."""
        made = issuing.issue(self.agent, self.request(person, *wanted, **more))
        self.codes.append(reading.code_on(Path(made.slips[0].place)).expose())
        return made

    def take(self, person: str, *wanted: str, **more: Any) -> issuing.Issued:
        """Issue to a screen, which costs no paper, and remember the code as somebody who looked at it."""
        return issuing.issue(self.agent, self.request_for_screen(person, *wanted, **more))

    def approved(self, make: Callable[[], T]) -> T:
        """What `make` gives once an approver has said yes to what it asks for."""
        with pytest.raises(errors.Refused) as refused:
            make()
        assert refused.value.codes[0] == "approval_needed"
        for ask in asks.waiting(self.agent):
            asks.answer(self.agent, ask.id, APPROVER, yes=True)
        return make()

    def request_for_screen(self, person: str, *wanted: str, by: Operator = TECHNICIAN, **more: Any) -> planning.Request:
        """A request whose code goes to whoever looks at `codes`."""
        return planning.Request(
            by=by, asked=self.asked(person, *wanted, **more), screen=lambda code: self.codes.append(code.reveal())
        )

    def newcomers(self, count: int) -> list[tuple[str, str]]:
        """So many new people, every one with a new PC of their own: user name, and what for."""
        tenant = self.sandbox.tenant
        like = next(each for each in tenant.devices.autopilot.values() if each.serial == "PF4TH101")
        self.door("policy", includeTargets=[{"targetType": "group", "id": "all_users"}])
        made, known = [], sum(each.serial.startswith("NEW") for each in tenant.devices.autopilot.values())
        for at in range(known, known + count):
            pc = dataclasses.replace(like, id=tenant.new_id(), serial=f"NEW{at:05d}", entra_device_id=None)
            tenant.devices.autopilot[pc.id] = pc
            self.door("people", user_name=self.upn(f"new{at:02d}"), name=f"New {at}")
            made.append((self.upn(f"new{at:02d}"), f"windows-autopilot={pc.serial}"))
        return made

    def move(self, serial: str, action: str, person: str = "", code: str = "") -> dict[str, Any]:
        """Do something with a virtual device, as its person would."""
        payload = {"person": self.upn(person)} if person else {}
        return self.sandbox.fleet.move(serial, action, payload | ({"code": code} if code else {}))

    def track(self, minutes: float = 1) -> track.Sweep:
        """Let some minutes go by, then sweep."""
        self.clock.pass_minutes(minutes)
        return track.track(self.agent)

    def see(self, serial: str) -> dict[str, Any]:
        """A virtual device as it is now."""
        return next(row for row in self.sandbox.fleet.list() if row["serial"] == serial)

    def follow(self, serial: str, person: str = "", *, minutes: float = 180) -> dict[str, Any]:
        """Let time go by until the device is finished, typing the newest code whenever it asks; then show it."""
        until = self.clock.at + timedelta(minutes=minutes)
        while not (row := self.see(serial))["finished"] and self.clock.at < until:
            if row["asks"]:
                self.move(serial, "sign-in", person, self.codes[-1])
            self.clock.pass_minutes(1)
        return row

    def unbox(self, serial: str, person: str) -> dict[str, Any]:
        """From the box to the new credential."""
        self.move(serial, "power-on")
        return self.follow(serial, person)

    @contextmanager
    def another_agent(self, clock: SharedClock | None = None) -> Iterator[Agent]:
        """A second process on the same store and tenant, by the same clock or one of its own."""
        outside = wiring.Outside(
            clock or self.clock, SeededChance(99), {ORIGIN: self.adapter}, self.sandbox.ready_line()
        )
        agent = wiring.build(self.agent.settings, outside)
        try:
            yield agent
        finally:
            agent.close()

    def user(self, person: str) -> records.User:
        """Somebody as the tenant has them."""
        return tenant_people.find(self.sandbox.tenant, self.upn(person))

    def fault(self, match: str, kind: str, *, times: int = 0, retry_after: int | None = None) -> None:
        """Script a fault for requests that match "METHOD path": once, or as often as the client tries a closed door."""
        self.sandbox.gate.faults.append(faults.Fault(match, kind, times or TRIES.get(kind, 1), retry_after))

    def deny(self, permission: str) -> None:
        """Take a permission from the watcher, with those that Graph takes in its place."""
        for one in (permission, *STAND_INS.get(permission, ())):
            self.door("deny", registration="watcher", permission=one)

    def door(self, path: str, **body: Any) -> None:
        """A request to the sandbox's control door, which must do as it is told."""
        headers = {"Authorization": f"Bearer {self.sandbox.control_token}"}
        answer = Client(self.sandbox.wsgi).post(f"/control/{path}", json=body, headers=headers, base_url=ORIGIN)
        assert answer.status_code < 300, answer.get_data(as_text=True)

    def log_rows_after(self, seconds: float) -> None:
        """From now on a row of the tenant's logs shows so long after what it tells of."""
        self.sandbox.tenant.options.log_delay = seconds
        self.sandbox.tenant.apply_lags()

    def method(self, person: str, kind: str, **properties: Any) -> records.Method:
        """Somebody registers a method without us, in Graph's words."""
        user, tenant = self.user(person), self.sandbox.tenant
        made = records.Method(tenant.new_id(), user.id, kind, created=self.clock.at, properties=properties)
        tenant.credentials.methods.setdefault(user.id, []).append(made)
        return made

    def outside_pass(
        self, person: str, minutes: int = 60, *, one_time: bool = False, by: str = "somebody else"
    ) -> records.AccessPass:
        """Somebody makes a pass without us: it replaces whatever there is."""
        terms = tenant_passes.Terms(None, minutes, one_time)
        return tenant_passes.create(self.sandbox.tenant, self.user(person), terms, made_by=by)

    def delete_outside(self, person: str) -> None:
        """Somebody deletes the pass without us."""
        (held,) = self.tenant_passes(person)
        tenant_passes.delete(self.sandbox.tenant, self.user(person), held.id, by="somebody else")

    def journey(self, journey_id: str) -> journeys.Journey:
        """A journey as the store has it now."""
        with self.agent.store.begin() as tx:
            return tx.journeys.get(journey_id)

    def standing(self, journey_id: str) -> milestones.Standing:
        """Where it stands now."""
        journey = self.journey(journey_id)
        return milestones.standing(journey, self.agent.profiles[journey.profile], self.clock.at)

    def our_pass(self, pass_id: str) -> passes.Pass:
        """A pass as the store has it now."""
        with self.agent.store.begin() as tx:
            return tx.passes.get(pass_id)

    def slips_of(self, pass_id: str) -> dict[str, passes.SlipState]:
        """The slips of a pass by number."""
        with self.agent.store.begin() as tx:
            return {slip.number: slip.state for slip in tx.slips.of_pass(pass_id)}

    def audit(self) -> list[str]:
        """Every decision as `action outcome`, oldest first."""
        with self.agent.store.begin() as tx:
            return [f"{entry.action} {entry.outcome}" for entry in reversed(tx.audit.recent(1000))]

    def left_behind(self) -> dict[str, Any]:
        """All that a refusal must leave as it was: passes in the tenant, rows of ours, papers."""
        with self.agent.store.begin() as tx:
            rows = tuple(tx.journeys.recent(1000)), tuple(tx.passes.open())
        papers = sorted(path.name for path in self.paper.glob("*")) if self.paper.exists() else []
        return {"tenant": dict(self.sandbox.tenant.credentials.passes), "rows": rows, "papers": papers}

    def tenant_passes(self, person: str) -> list[Any]:
        """The passes the tenant holds for somebody, as its own records."""
        upn = self.upn(person)
        found = [user.id for user in self.sandbox.tenant.directory.users.values() if user.upn.lower() == upn.lower()]
        held = self.sandbox.tenant.credentials.passes
        return [held[user_id] for user_id in found if user_id in held]


def seeded(clock: SharedClock, origin: str, options: tenants.Options | None = None) -> mount.Sandbox:
    """A fresh tenant at that address, by that clock; the same ids every time."""
    around = mount.Surroundings(pause=clock.wait)
    chance = random.Random(11)  # noqa: S311 - ids only
    return tenancies.make(clock.now, chance, origin=origin, options=options, surroundings=around)


@contextmanager
def world(folder: Path, *, options: tenants.Options | None = None, **overrides: str) -> Iterator[World]:
    """A fresh world whose files lie below `folder`; `overrides` are settings."""
    clock = SharedClock()
    sandbox = seeded(clock, ORIGIN, options)
    adapter = WsgiAdapter(sandbox.wsgi, clock.now)
    held = {"state_dir": str(folder / "state"), **overrides}
    chosen = settings.load(None, {}, overrides=held)
    outside = wiring.Outside(clock, SeededChance(), {ORIGIN: adapter}, sandbox.ready_line())
    agent = wiring.build(chosen, outside)
    try:
        yield World(clock, sandbox, agent, folder / "slips", adapter)
    finally:
        agent.close()
