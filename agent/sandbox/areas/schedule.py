"""What shows by itself later: areas put it down here, `mdm.catch_up` has it carried out when its time has come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from agent.sandbox import device_records
from agent.sandbox import tenant as tenants

Step = Callable[[tenants.Tenant, str, datetime], None]
"""Carries out a change of the record with this id; the time is when it was due, which may be long past."""


def later(
    tenant: tenants.Tenant, kind: str, record_id: str, *, seconds: float, since: datetime | None = None
) -> datetime:
    """Have `kind` happen to the record `seconds` (paced) after `since`, or after now; returns when that is."""
    when = (since or tenant.now()) + tenant.pace(seconds)
    tenant.devices.scheduled.append(device_records.Scheduled(when, kind, record_id))
    return when


def forget(tenant: tenants.Tenant, record_id: str, *kinds: str) -> None:
    """Call off what was to happen to this record."""
    kept = [entry for entry in tenant.devices.scheduled if entry.id != record_id or entry.kind not in kinds]
    tenant.devices.scheduled[:] = kept


def carry_out(tenant: tenants.Tenant, steps: Mapping[str, Step]) -> None:
    """Do everything that is due, the earliest first; a step may put down more, which happens too if it is due."""
    now = tenant.now()
    while True:
        due = [entry for entry in tenant.devices.scheduled if entry.when <= now]
        if not due:
            return
        entry = min(due, key=lambda one: one.when)
        tenant.devices.scheduled.remove(entry)
        steps[entry.kind](tenant, entry.id, entry.when)
