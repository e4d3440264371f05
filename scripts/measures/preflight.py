"""``preflight``: what one person and their devices cost once the tenant part is known, at 100 ms for every answer."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from agent import ports, settings, wiring
from agent.actions import preflight
from agent.domain import cases
from measures import Figures
from measures.served import Counting, Tenant, served

DOMAIN = "tallisharbour.example"
#: Asked for the tenant part, tokens and connections only; the people and devices after it are others.
FIRST = ("chidi.eze", ("windows-autopilot=PF4TH108", "ios-company-portal=H4TH302QLM"))
#: A laptop; a person who has methods, roles and groups to be looked into; a kit of both kinds.
ASKED = (
    ("mara.quist", ("windows-autopilot=PF4TH101",)),
    ("helen.strand", ("windows-autopilot=PF4TH105",)),
    ("tomasz.brandt", ("windows-autopilot=PF4TH113",)),
    ("leila.haddad", ("windows-autopilot=PF4TH111", "ios-company-portal=H4TH301QLM")),
)
ROUNDS = 5
#: So slow that whatever else takes time does not count: the whole divided by it is how many waits stood in a row.
SLOW = 0.5


def measure() -> Figures:
    """The median of ``ms``; the most of ``waits``, ``round_trips`` and ``items`` that anybody cost."""
    with tempfile.TemporaryDirectory(prefix="tapslip-measure-") as folder, served(Path(folder)) as tenant:
        counting = Counting()
        agent = _agent(tenant, counting)
        try:
            _look(agent, *FIRST)
            taken = [_cost(agent, tenant, counting, *asked) for _ in range(ROUNDS) for asked in ASKED]
            tenant.door("PATCH", "options", {"latency": SLOW})
            waits = [int(_cost(agent, tenant, counting, *asked)["ms"] / 1000 / SLOW) for asked in ASKED]
        finally:
            agent.close()
    return {
        "ms": round(statistics.median(one["ms"] for one in taken)),
        "waits": max(waits),
        "round_trips": max(one["round_trips"] for one in taken),
        "items": max(one["items"] for one in taken),
    }


def _agent(tenant: Tenant, counting: Counting) -> ports.Agent:
    chosen = settings.load(None, {"HOME": str(tenant.folder)}, overrides={"state_dir": str(tenant.folder)})
    return wiring.build(chosen, wiring.Outside(adapters={tenant.ready["graph"]: counting}, ready=tenant.ready))


def _look(agent: ports.Agent, person: str, wanted: tuple[str, ...]) -> cases.Facts:
    items = [cases.Item(agent.profiles[name], serial) for name, _, serial in (one.partition("=") for one in wanted)]
    return preflight.gather(agent, [f"{person}@{DOMAIN}"], items)


def _cost(agent: ports.Agent, tenant: Tenant, counting: Counting, person: str, wanted: tuple[str, ...]) -> Figures:
    before, first = _charged(tenant), counting.sent
    began = time.perf_counter()
    facts = _look(agent, person, wanted)
    milliseconds = (time.perf_counter() - began) * 1000
    if not facts.remembered:
        raise OSError("the tenant part was read again")
    return {"ms": milliseconds, "round_trips": counting.sent - first, "items": _charged(tenant) - before}


def _charged(tenant: Tenant) -> int:
    """What Graph charges: every item of a batch, and not the batch itself."""
    return sum(count for route, count in tenant.counted().items() if not route.endswith("$batch"))
