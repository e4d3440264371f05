"""What passes between the dispatcher and a handler: a Graph request that was let in, and its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug import datastructures

from agent.sandbox import tenant as tenants

BOTH = ("v1.0", "beta")
BETA = ("beta",)


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose token it is: `kind` is "app" or "delegated"; `user_id` and `session_id` are None for an app."""

    app_id: str
    kind: str
    permissions: frozenset[str]
    user_id: str | None = None
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class GraphRequest:
    """A request that matched a route and may be carried out.

    `path` is the path below the version as sent, starting with "/"; `path_values` the values of the template's names,
    decoded; `query` the options as sent ("$filter": "..."); `headers` are found in any letter case; `body` is
    decoded JSON, or None where nothing was sent.
    """

    version: str
    path: str
    path_values: Mapping[str, str]
    query: Mapping[str, str]
    headers: datastructures.Headers = field(repr=False)
    body: Any = field(repr=False)
    caller: Caller

    @property
    def beta(self) -> bool:
        """Whether the beta version was asked for."""
        return self.version == "beta"


@dataclass(frozen=True, slots=True)
class GraphResponse:
    """An answer: `body` is JSON-able, or None for no body at all."""

    body: Any = field(default=None, repr=False)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


NO_CONTENT = GraphResponse(status=204)

Handler = Callable[[tenants.Tenant, GraphRequest], GraphResponse]


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the route table.

    `path` is a template such as "/users/{id}/manager", or "/devices(deviceId='{device_id}')" for an alternate key.
    `permissions` are application permissions of which any one suffices, least first; `delegated` the same for a
    signed-in person (None: the same words). `cost` is in resource units (learn.microsoft.com/graph/throttling-limits);
    `report` marks a route that counts under the reports limit. `page` (below learn.microsoft.com/graph/api/) is what a
    route was built from that Microsoft's OpenAPI description lacks.
    """

    method: str
    path: str
    permissions: tuple[str, ...]
    handler: Handler
    versions: tuple[str, ...] = BOTH
    delegated: tuple[str, ...] | None = None
    cost: int = 1
    report: bool = False
    page: str = ""
