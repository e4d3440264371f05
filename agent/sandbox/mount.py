"""One call that makes a pretend tenant ready to be mounted or served: records from a seed, the WSGI app, the devices.

Used by `agent.cli` and by tests only. A cut connection leaves the WSGI app as `ConnectionCut`.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.sandbox import errors, seed, seed_reading
from agent.sandbox import tenant as tenants
from agent.sandbox.virtual import browser, fleet, staff
from agent.sandbox.wire import app, control, faults, managed_identity

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

ConnectionCut = errors.ConnectionCut
"""Raised out of the WSGI app where a scripted fault ends the connection."""

LEAST_RIGHTS = ("watcher", "issuer", "writer", "operators", "sender")
"""The registrations Tapslip uses; "full" is for other programs."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A tenant, its WSGI app, its devices, its staff, and the gate that holds faults and counters."""

    tenant: tenants.Tenant
    wsgi: WSGIApplication
    fleet: fleet.Fleet
    staff: staff.Staff
    gate: faults.Gate
    control_token: str = field(repr=False)

    def ready_line(self) -> dict[str, Any]:
        """What `tapslip sandbox` prints when it is ready, `ca_file` apart; secrets included."""
        by_name = {
            registration.name: {"client_id": registration.app_id, "client_secret": registration.secret}
            for registration in self.tenant.directory.registrations.values()
        }
        return {
            "graph": self.tenant.origin,
            "login": self.tenant.origin,
            "tenant_id": self.tenant.id,
            "managed_identity": self._managed_identity(),
            **by_name.get("full", {}),
            "registrations": {name: by_name[name] for name in LEAST_RIGHTS if name in by_name},
            "control": f"{self.tenant.origin}/control",
            "control_token": self.control_token,
        }

    def _managed_identity(self) -> dict[str, str]:
        """Where a program on this host gets its managed identity's tokens, as App Service would tell it."""
        found = managed_identity.identities(self.tenant)
        if not found:
            return {}
        return {
            "client_id": found[0].app_id,
            "endpoint": f"{self.tenant.origin}{managed_identity.APP_SERVICE}",
            "header": found[0].secret or "",
            "imds": self.tenant.origin,
        }


def _cannot_wait(seconds: float) -> None:
    raise RuntimeError(f"this sandbox was given no way to wait for {seconds} seconds: pass Surroundings(pause=...)")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a sandbox gets from its host besides clock and chance.

    `seed_path` is another seed than the one that comes along; `transport` is how the virtual devices reach the tenant
    (in this process unless given); `pause` waits for real seconds and is needed for latency and slow
    answers only. `control_token` opens the control door; without it one comes from `chance`. `in_front` puts a layer
    in front of the app that everybody passes, as somebody must who watches; there is none unless given.
    """

    seed_path: Path | None = None
    transport: browser.Transport | None = None
    pause: Callable[[float], None] = _cannot_wait
    control_token: str = field(default="", repr=False)
    in_front: Callable[[WSGIApplication], WSGIApplication] | None = None


def make(
    clock: Callable[[], datetime],
    chance: random.Random,
    *,
    origin: str = "https://localhost:8443",
    options: tenants.Options | None = None,
    surroundings: Surroundings | None = None,
) -> Sandbox:
    """A seeded sandbox. The same `chance` gives the same ids and secrets; raises `seed.SeedError`.

    `origin` is where login and Graph are reached, without a trailing slash. `options.speed` divides the durations of
    enrolment steps and lags. Nothing listens yet: mount `wsgi`, or serve it.
    """
    around = surroundings or Surroundings()
    host = tenants.Tenant(clock, chance, origin=origin, options=options)
    original = seed.read(around.seed_path)
    switched = copy.deepcopy(host.options)
    start = chance.getstate()
    seed.load(host, original)

    def reseed(text: str | None) -> None:
        data = original if text is None else seed_reading.parse(text)
        with host.lock:
            later = chance.getstate()
            host.options = copy.deepcopy(switched)
            chance.setstate(start)
            try:
                seed.load(host, data)
            except seed.SeedError:
                chance.setstate(start)
                seed.load(host, original)
                raise
            finally:
                chance.setstate(later)
        devices.clear()

    door = control.Door(around.control_token or host.new_secret(), lambda: devices, lambda: people, reseed)
    served = app.create_app(host, door, pause=around.pause)
    wsgi = around.in_front(served.wsgi) if around.in_front else served.wsgi
    transport = around.transport or browser.through_wsgi(wsgi)
    devices, people = fleet.Fleet(host, transport), staff.Staff(host, transport)
    return Sandbox(host, wsgi, devices, people, served.gate, door.token)
