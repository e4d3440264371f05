"""``issue``: a thousand passes, beside a serial script on Microsoft's SDK, and against a tenant that limits writes.

Both parts list what each person has and then make the pass, over a sandbox in a process of its own that takes 100 ms
for every answer and throttles in fixed windows. What is measured is the client: turns, batches, pauses.
"""

from __future__ import annotations

import asyncio
import ssl
import tempfile
import time
from collections.abc import Sequence
from concurrent import futures
from dataclasses import dataclass
from pathlib import Path

from agent import errors, graph, settings, wiring
from agent.domain import passes
from measures import Figures
from measures.served import Counting, Tenant, served

PASSES = 1000
SERIAL = 100
#: Part two: so many writes in so many seconds.
LIMIT, WINDOW = 300, 15.0
THREADS = 16
#: So many are listed together, while those before them are made.
CHUNK = 20
TERMS = passes.Terms(lifetime=60, one_time=False)
_CREATE = "POST /users/{id}/authentication/temporaryAccessPassMethods"
_LIST = "GET /users/{id}/authentication/temporaryAccessPassMethods"


def measure() -> Figures:
    """``ratio`` against the serial script; ``limit_share`` of what the limit allows; nobody back too early."""
    with tempfile.TemporaryDirectory(prefix="tapslip-measure-") as folder, served(Path(folder)) as tenant:
        people = new_people(tenant, PASSES + SERIAL)
        free = issue(tenant, people[:PASSES])
        baseline = asyncio.run(serial(tenant, people[PASSES:])) * PASSES / SERIAL
        early = early_returns(tenant)
        tenant.door("PATCH", "options", {"limits": {"writes": [LIMIT, WINDOW]}})
        limited = issue(tenant, people[:PASSES])
        least = (PASSES - 1) // LIMIT * WINDOW
        return {
            "passes": PASSES,
            "seconds": round(free.seconds, 2),
            "round_trips": free.round_trips,
            "items": free.items,
            "baseline_seconds": round(baseline, 1),
            "ratio": round(baseline / free.seconds, 1),
            "limited_seconds": round(limited.seconds, 2),
            "limit_share": round(least / limited.seconds, 3),
            "early_returns": early + early_returns(tenant),
        }


def new_people(tenant: Tenant, count: int) -> list[str]:
    """Object ids of so many new people, all of whom may have a pass."""
    everybody = {"targetType": "group", "id": "all_users"}
    tenant.door("POST", "policy", {"includeTargets": [everybody], "excludeTargets": []})
    made = [{"user_name": f"person{at:04d}@tallisharbour.example", "name": f"Person {at}"} for at in range(count)]
    return [str(tenant.door("POST", "people", one)["id"]) for one in made]


def early_returns(tenant: Tenant) -> int:
    """How often somebody came back before Retry-After was over."""
    return int(tenant.door("GET", "counters")["early_returns"])


def charged(tenant: Tenant) -> int:
    """How many lists and creations the tenant has counted, those inside batches too."""
    counted = tenant.counted()
    return counted.get(_CREATE, 0) + counted.get(_LIST, 0)


@dataclass
class Run:
    """What a run took."""

    seconds: float
    round_trips: int
    items: int


def issue(tenant: Tenant, people: Sequence[str]) -> Run:
    """List and make a pass for each, through the client that the program uses."""
    chosen = settings.load(None, {"HOME": str(tenant.folder)}, overrides={"state_dir": str(tenant.folder)})
    connection = wiring.connect_to(chosen, wiring.Outside(ready=tenant.ready))
    counting, clock = Counting(), wiring.SystemClock()
    client = graph.connect(connection, clock, wiring.SystemChance(), {connection.graph: counting})
    for registration in ("watcher", "issuer"):
        client.tenant.token(registration)  # a program that runs has its tokens at hand
    before, began = charged(tenant), time.perf_counter()
    with futures.ThreadPoolExecutor(THREADS) as pool:
        making: set[futures.Future[passes.TenantPass]] = set()
        for at in range(0, len(people), CHUNK):
            client.passes.of(people[at : at + CHUNK])
            making |= {pool.submit(create, client, clock, person) for person in people[at : at + CHUNK]}
            making = still(making, 2 * CHUNK)
        still(making, 0)
    seconds = time.perf_counter() - began
    client.close()
    return Run(seconds, counting.sent, charged(tenant) - before)


def still(making: set[futures.Future[passes.TenantPass]], most: int) -> set[futures.Future[passes.TenantPass]]:
    """What is being made once it is no more than `most`; raises what one of them raised."""
    while len(making) > most:
        done, making = futures.wait(making, return_when=futures.FIRST_COMPLETED)
        for one in done:
            one.result()
    return making


def create(client: graph.Graph, clock: wiring.SystemClock, person: str) -> passes.TenantPass:
    """One pass; a tenant that is busy for longer than one call waits is asked again, because nothing was made."""
    while True:
        try:
            return client.passes.create(person, TERMS).tenant_pass
        except errors.TenantThrottled:
            clock.wait(client.passes.busy_for())


async def serial(tenant: Tenant, people: Sequence[str]) -> float:
    """The same two exchanges for one person after the other on Microsoft's own SDK; the seconds."""
    # Importing the SDK takes seconds that are nobody's concern here.
    import httpx  # noqa: PLC0415
    from azure.identity.aio import ClientSecretCredential  # noqa: PLC0415
    from kiota_authentication_azure.azure_identity_authentication_provider import (  # noqa: PLC0415
        AzureIdentityAuthenticationProvider,
    )
    from msgraph.generated.models.temporary_access_pass_authentication_method import (  # noqa: PLC0415
        TemporaryAccessPassAuthenticationMethod,
    )
    from msgraph.graph_request_adapter import GraphRequestAdapter  # noqa: PLC0415
    from msgraph.graph_service_client import GraphServiceClient  # noqa: PLC0415

    ready = tenant.ready
    credential = ClientSecretCredential(
        ready["tenant_id"],
        ready["client_id"],
        ready["client_secret"],
        authority=ready["login"],
        disable_instance_discovery=True,
        connection_verify=ready["ca_file"],
    )
    scopes = ["https://graph.microsoft.com/.default"]
    proof = AzureIdentityAuthenticationProvider(credential, scopes=scopes, allowed_hosts=["localhost"])
    trust = ssl.create_default_context(cafile=ready["ca_file"])
    async with credential, httpx.AsyncClient(verify=trust) as line:
        adapter = GraphRequestAdapter(proof, client=line)
        adapter.base_url = f"{ready['graph']}/v1.0"
        client = GraphServiceClient(request_adapter=adapter)
        began = time.perf_counter()
        for person in people:
            methods = client.users.by_user_id(person).authentication.temporary_access_pass_methods
            await methods.get()
            await methods.post(TemporaryAccessPassAuthenticationMethod(lifetime_in_minutes=60, is_usable_once=False))
        return time.perf_counter() - began
