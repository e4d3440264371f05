"""Microsoft's published limits in fixed windows: resource units, writes, reports, Intune, Conditional Access.

A window opens with the first request after the last one ended; what is refused still counts. Several limits may hold
one request, the first that is full refuses it (learn.microsoft.com/graph/throttling-limits). Left out, because one
tenant alone cannot reach them first: the limits per app over all tenants, and `signInActivity`, which is not served.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.sandbox import errors
from agent.sandbox import tenant as tenants
from agent.sandbox.wire import errors as wire_errors

UNITS_BY_SIZE = {"S": 3500, "M": 5000, "L": 8000}
"""Resource units per 10 s for one app in one tenant: S below 50 people, M to 500, L above."""

LIMITS: Mapping[str, tuple[int, float]] = {
    "units": (UNITS_BY_SIZE["S"], 10),
    "writes": (3000, 150),
    "tenant_writes": (18000, 300),
    "person_device_writes": (25, 10),
    "reports": (5, 10),
    "methods": (5, 10),
    "conditional_access": (1, 1),
    "intune_devices": (2000, 20),
    "intune_devices_tenant": (4000, 20),
    "intune_device_writes": (200, 20),
    "intune_device_writes_tenant": (400, 20),
    "intune_enrolment": (1000, 20),
    "intune_enrolment_tenant": (2000, 20),
    "intune_enrolment_writes": (100, 20),
    "intune_enrolment_writes_tenant": (200, 20),
}
"""(count, seconds) of each limit; "units" follows the size of the tenant.

Which of Intune's two sets holds Autopilot and Apple enrolment is not published: taken as the narrower.
"""

MODES = ("on", "reports", "off")
_INTUNE_DEVICES = ("/devicemanagement/manageddevices", "/devicemanagement/detectedapps")
_UNLIMITED_BY_APP = ("tenant_writes", "conditional_access")


@dataclass(frozen=True, slots=True)
class Charge:
    """What one request counts for: whose it is, where it goes (below the version), and its resource units."""

    app_id: str
    method: str
    path: str
    units: int = 1
    report: bool = False
    user_id: str | None = None


@dataclass(slots=True)
class _Window:
    ends: float = 0.0
    used: int = 0


@dataclass(slots=True)
class Throttle:
    """The windows of one tenant; `refused` counts refusals by limit. The caller holds the tenant's lock."""

    host: tenants.Tenant
    refused: Counter[str] = field(default_factory=Counter)
    _windows: dict[tuple[str, str], _Window] = field(default_factory=dict)
    _limits: dict[str, tuple[int, float]] = field(default_factory=dict)

    def clear(self) -> None:
        """Open every window anew, and read the switches again."""
        self._windows.clear()
        self._limits.clear()
        self.refused.clear()

    def charge(self, charge: Charge) -> dict[str, str]:
        """Count a request and give the headers of its answer; raises GraphError 429 where a limit is full."""
        mode = self.host.options.throttling
        if mode == "off":
            return {}
        names = _names(charge, self.host.options.methods_limit)
        if mode == "reports":
            names = [name for name in names if name == "reports"]
        now, fullest, full = self.host.now().timestamp(), 0.0, ""
        for name in names:
            window, limit = self._window(name, charge, now)
            window.used += charge.units if name == "units" else 1
            share = window.used / limit
            if share > 1 and not full:
                full = name
            if name in ("units", "writes", "tenant_writes"):
                fullest = max(fullest, share)
        headers = {} if fullest <= 0.8 else {"x-ms-throttle-limit-percentage": f"{min(fullest, 1.8):.2f}"}
        if full:
            self.refused[full] += 1
            ends = self._windows[_key(full, charge)].ends
            raise self._refusal(full, charge, max(1, math.ceil(ends - now)), headers)
        return headers

    def limit(self, name: str) -> tuple[int, float]:
        """(count, seconds) in force: as the switches say, else the published number times the factor.

        A factor shortens window and count alike; a count below one becomes one, in a window that keeps the rate.
        """
        if name not in self._limits:
            count, seconds = LIMITS[name]
            if name == "units":
                count = UNITS_BY_SIZE[self._size()]
            if name == "reports":
                count = self.host.options.reports_limit_per_10_s
            scaled = max(1, round(count * self.host.options.throttle_factor))
            self._limits[name] = self.host.options.limits.get(name, (scaled, seconds * scaled / max(1, count)))
        return self._limits[name]

    def _size(self) -> str:
        people = len(self.host.directory.users)
        return self.host.options.tenant_size or ("S" if people < 50 else "M" if people <= 500 else "L")

    def _window(self, name: str, charge: Charge, now: float) -> tuple[_Window, int]:
        count, seconds = self.limit(name)
        window = self._windows.setdefault(_key(name, charge), _Window())
        if now >= window.ends:
            window.ends, window.used = now + seconds, 0
        return window, count

    def _refusal(self, name: str, charge: Charge, wait: int, headers: dict[str, str]) -> errors.GraphError:
        if name == "conditional_access":
            return wire_errors.throttled(None)
        if name.startswith("intune"):
            return wire_errors.throttled(wait if self.host.options.intune_retry_after else None, intune=True)
        if name in ("reports", "methods"):
            return wire_errors.throttled(wait)
        scope = "Tenant" if name == "tenant_writes" else "Tenant_Application"
        whose = "" if name == "tenant_writes" else f"/{charge.app_id}"
        why = "ResourceUnitLimitExceeded" if name == "units" else "WriteLimitExceeded"
        told = {
            "x-ms-resource-unit": str(charge.units),
            "x-ms-throttle-scope": f"{scope}/ReadWrite{whose}/{self.host.id}",
            "x-ms-throttle-information": why,
        }
        return wire_errors.throttled(wait, headers=headers | told)


def _key(name: str, charge: Charge) -> tuple[str, str]:
    if name.endswith("_tenant") or name in _UNLIMITED_BY_APP:
        return name, ""
    return name, f"{charge.app_id} {charge.user_id}" if name == "person_device_writes" else charge.app_id


def _names(charge: Charge, methods_limit: str) -> list[str]:
    """The limits that hold a request, the narrowest first."""
    path, writes = charge.path.lower(), charge.method != "GET"
    if path.startswith(("/devicemanagement", "/deviceappmanagement")):
        held = "intune_device" if path.startswith(_INTUNE_DEVICES) else "intune_enrolment"
        every = "intune_devices" if held == "intune_device" else held
        names = [every, f"{every}_tenant"]
        return [f"{held}_writes", f"{held}_writes_tenant", *names] if writes else names
    if charge.report:
        return ["reports"]
    names = ["writes", "tenant_writes", "units"] if writes else ["units"]
    if methods_limit == "reports" and "/authentication/" in path:
        names.insert(0, "methods")
    if path.startswith("/devices") and writes and charge.user_id is not None:
        names.insert(0, "person_device_writes")
    if path.startswith(("/identity/conditionalaccess", "/identityprotection")):
        names.insert(0, "conditional_access")
    return names
