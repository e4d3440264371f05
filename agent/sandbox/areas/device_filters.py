"""A Conditional Access policy's filter for devices: whether its rule fits a device, or one that nobody knows yet.

Of a device that is not registered every attribute counts as null: what wants a value does not fit, what forbids one
does (learn.microsoft.com/entra/identity/conditional-access/concept-condition-filters-for-devices). A rule joins terms
such as `device.trustType -eq "AzureAD"` by -and and -or, with brackets.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from agent.sandbox import device_records

_TOKEN = re.compile(r'\s*(\(|\)|\[[^\]]*\]|"[^"]*"|[\w.\-]+)')
_TRUST = {"AzureAd": "AzureAD", "ServerAd": "ServerAD", "Workplace": "Workplace"}
_TESTS: dict[str, Callable[[str, str], bool]] = {
    "eq": lambda held, wanted: held == wanted,
    "startswith": lambda held, wanted: held.startswith(wanted),
    "endswith": lambda held, wanted: held.endswith(wanted),
    "contains": lambda held, wanted: wanted in held,
    "in": lambda held, wanted: held in [one.strip(' "') for one in wanted.strip("[]").split(",")],
}
_OPPOSITES = {"ne": "eq", "notstartswith": "startswith", "notendswith": "endswith"} | {
    "notcontains": "contains",
    "notin": "in",
}


class UnreadableRule(Exception):
    """A rule that is not of the documented form."""


def fits(rule: str, device: device_records.EntraDevice | None) -> bool:
    """Whether the rule fits this device; None is one that is not registered. Raises `UnreadableRule`."""
    tokens = _TOKEN.findall(rule)
    found, rest = _either(tokens, device)
    if rest:
        raise UnreadableRule(rule)
    return found


def _either(tokens: list[str], device: device_records.EntraDevice | None) -> tuple[bool, list[str]]:
    found, rest = _both(tokens, device)
    while rest and rest[0].lower() == "-or":
        other, rest = _both(rest[1:], device)
        found = found or other
    return found, rest


def _both(tokens: list[str], device: device_records.EntraDevice | None) -> tuple[bool, list[str]]:
    found, rest = _term(tokens, device)
    while rest and rest[0].lower() == "-and":
        other, rest = _term(rest[1:], device)
        found = found and other
    return found, rest


def _term(tokens: list[str], device: device_records.EntraDevice | None) -> tuple[bool, list[str]]:
    if tokens and tokens[0] == "(":
        found, rest = _either(tokens[1:], device)
        if not rest or rest[0] != ")":
            raise UnreadableRule(" ".join(tokens))
        return found, rest[1:]
    if len(tokens) < 3 or not tokens[0].startswith("device.") or not tokens[1].startswith("-"):
        raise UnreadableRule(" ".join(tokens))
    return _holds(tokens[0].removeprefix("device."), tokens[1][1:].lower(), tokens[2].strip('"'), device), tokens[3:]


def _holds(name: str, operator: str, wanted: str, device: device_records.EntraDevice | None) -> bool:
    positive = _OPPOSITES.get(operator, operator)
    if positive not in _TESTS:
        raise UnreadableRule(operator)
    held = None if device is None else _attribute(name, device)
    found = held is not None and _TESTS[positive](held.lower(), wanted.lower())
    return found is (operator == positive)


def _attribute(name: str, device: device_records.EntraDevice) -> str | None:
    known = {
        "deviceId": device.device_id,
        "displayName": device.display_name,
        "isCompliant": str(bool(device.is_compliant)),
        "manufacturer": device.manufacturer,
        "model": device.model,
        "operatingSystem": device.operating_system,
        "operatingSystemVersion": device.os_version,
        "trustType": _TRUST.get(device.trust_type or ""),
        "enrollmentProfileName": device.enrollment_profile_name,
    }
    value = known.get(name, device.properties.get(name))
    return None if value is None else str(value)
