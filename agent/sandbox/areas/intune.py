"""How Intune says no: each refusal comes in its doubly encoded envelope."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from agent.sandbox import errors
from agent.sandbox import tenant as tenants


def missing(message: str) -> errors.GraphError:
    """404 for a record that is not there."""
    return errors.GraphError(404, "ResourceNotFound", message, flavour="intune")


def refused(message: str) -> errors.GraphError:
    """400 for a request that makes no sense."""
    return errors.GraphError(400, "BadRequest", message, flavour="intune")


def refuse_too_soon(tenant: tenants.Tenant, last: datetime | None, *, minutes: float) -> None:
    """Raise 429 with Retry-After when `last` is not yet `minutes` (paced) ago."""
    if last is None:
        return
    left = last + tenant.pace(minutes * 60) - tenant.now()
    if left > timedelta():
        wait = str(math.ceil(left.total_seconds()))
        message = "A synchronisation was asked for a short while ago."
        raise errors.GraphError(429, "TooManyRequests", message, headers={"Retry-After": wait}, flavour="intune")


def own_domain(tenant: tenants.Tenant, user_name: str) -> bool:
    """Whether a user name ends in a domain of the organisation; whether the person exists is not looked at."""
    _, at, domain = user_name.rpartition("@")
    return bool(at) and domain.lower() in {one.lower() for one in tenant.directory.organisation.domains}
