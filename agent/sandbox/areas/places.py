"""Named locations: where a sign-in comes from, by its address, as a Conditional Access policy sees it.

Countries are not told from addresses here: a place of countries holds nobody (documentation addresses have none).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from agent.sandbox import tenant as tenants

ALL = "All"
ALL_TRUSTED = "AllTrusted"


def within(tenant: tenants.Tenant, address: str, places: Iterable[str]) -> bool:
    """Whether an address is in one of these places: ids of named locations, `ALL` or `ALL_TRUSTED`."""
    wanted = set(places)
    if ALL in wanted:
        return True
    return any(
        (place.id in wanted or (ALL_TRUSTED in wanted and place.trusted)) and _holds(place.ranges, address)
        for place in tenant.credentials.named_locations.values()
    )


def _holds(ranges: Iterable[str], address: str) -> bool:
    try:
        sent = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(sent in ipaddress.ip_network(one) for one in ranges)
