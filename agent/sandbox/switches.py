"""Setting a tenant's switches by name, with the type each has: from a seed's `options`, or at the control door."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from agent.sandbox import tenant as tenants
from agent.sandbox import view

_WORDS = {
    "throttling": ("on", "reports", "off"),
    "tenant_size": ("", "S", "M", "L"),
    "methods_limit": ("identity", "reports"),
    "scope_refusal_status": (400, 403),
    "autopilot_properties_status": (200, 204),
    "cloud": ("global", "usgov", "china"),
}
"""Switches that take only these."""
_SIGNED = frozenset({"clock_ahead"})
"""Switches that may be negative."""


class WrongSwitch(Exception):
    """A switch that is not known, or a value that it does not take; `name` is the switch."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(f"{name}: {sentence}")
        self.name = name
        self.sentence = sentence


def change(options: tenants.Options, wanted: Mapping[str, Any]) -> None:
    """Set these switches, all or none; raises `WrongSwitch`.

    `lags` is {kind: {reads, seconds}}, `limits` {name: [count, seconds]}; both replace only what they name, and null
    takes an entry away.
    """
    names = {field.name for field in dataclasses.fields(options)}
    read: dict[str, Any] = {}
    for name, value in wanted.items():
        if name not in names:
            raise WrongSwitch(name, f"is not known; known are {', '.join(sorted(names))}.")
        read[name] = _read(name, value, getattr(options, name))
    for name, value in read.items():
        setattr(options, name, value)


def _read(name: str, value: Any, present: Any) -> Any:
    if name == "lags":
        return _merged(name, present, value, _lag)
    if name == "limits":
        return _merged(name, present, value, _limit)
    if name == "page_size":
        present = 1
        if value is None:
            return None
    if isinstance(present, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not type(present):
        raise WrongSwitch(name, f"takes {type(present).__name__}, not {value!r}.")
    if value not in _WORDS.get(name, (value,)):
        raise WrongSwitch(name, f"is one of {', '.join(repr(word) for word in _WORDS[name])}.")
    negative = isinstance(value, int | float) and value < 0 and name not in _SIGNED
    if isinstance(value, int | float) and (negative or (name in ("speed", "throttle_factor") and not value)):
        raise WrongSwitch(name, "must not be negative, nor zero where it divides.")
    return value


def _merged(name: str, present: Mapping[str, Any], value: Any, reader: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise WrongSwitch(name, "takes a mapping.")
    kept = {key: entry for key, entry in present.items() if key not in value}
    return kept | {str(key): reader(str(key), entry) for key, entry in value.items() if entry is not None}


def _lag(kind: str, value: Any) -> view.Lag:
    if kind not in view.KINDS:
        raise WrongSwitch("lags", f"'{kind}' is none of {', '.join(view.KINDS)}.")
    if isinstance(value, dict) and value.keys() <= {"reads", "seconds"}:
        reads, seconds = value.get("reads", 0), value.get("seconds", 0.0)
        if _is_number(reads) and _is_number(seconds):
            return view.Lag(int(reads), float(seconds))
    raise WrongSwitch("lags", f"'{kind}' takes reads and seconds.")


def _limit(name: str, value: Any) -> tuple[int, float]:
    if isinstance(value, list | tuple) and len(value) == 2 and all(_is_number(one) and one > 0 for one in value):
        return int(value[0]), float(value[1])
    raise WrongSwitch("limits", f"'{name}' takes a count and seconds.")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
