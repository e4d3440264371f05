"""How late a change can be seen: Microsoft's directory answers from replicas, so a read may show an older state.

A policy per kind of record (a `Lag`): at once, after n further reads, or after a time. Writers call
`before_change`, readers pass what is true through `read`; rows of a log, which are only ever added, ask `arrived`.
Nothing is lagged unless a policy says so.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, cast

T = TypeVar("T")

KINDS = {
    "users": "a person who was just created",
    "groups": "who belongs to which group, in Graph's answers",
    "pass_scope": "who belongs to which group, for the pass policy",
    "passes": "a pass that was made or deleted",
    "pass_prompt": "the sign-in page's offer of a pass that was just made",
    "methods": "an authentication method that was registered or deleted",
    "registration_report": "what a person has registered, in the registration report",
    "sign_ins": "a row of the sign-in log",
    "sign_in_details": "the authenticationDetails of that row",
    "sign_in_revision": "their correction, where `options.sign_ins_revised` has wrong ones shown first",
    "audits": "a row of the directory audit log",
}
"""Every kind of change that may show late."""


@dataclass(frozen=True, slots=True)
class Lag:
    """A change shows once it has been missed `reads` times and is `seconds` old."""

    reads: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class _Older:
    state: Any
    changed: datetime
    reads: int = 0


class View:
    """The older states that readers still get; kinds are words such as "methods", "passes" or "pass_scope"."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lags: dict[str, Lag] = {}
        self._older: dict[tuple[str, str], _Older] = {}
        self._missed: Counter[tuple[str, str]] = Counter()

    def set_lag(self, kind: str, lag: Lag) -> None:
        """Delay changes of this kind from now on."""
        self._lags[kind] = lag

    def lags(self) -> dict[str, Lag]:
        """The policy of every kind that is late at all."""
        return {kind: lag for kind, lag in self._lags.items() if lag != Lag()}

    def arrived(self, kind: str, key: str, since: datetime) -> bool:
        """Whether what happened at `since` shows by now; asking before counts as a read that missed it."""
        lag = self._lags.get(kind, Lag())
        if (self._clock() - since).total_seconds() < lag.seconds:
            return False
        if self._missed[kind, key] < lag.reads:
            self._missed[kind, key] += 1
            return False
        return True

    def clear(self) -> None:
        """Show the present to everybody (policies stay)."""
        self._older.clear()
        self._missed.clear()

    def before_change(self, kind: str, key: str, state: object) -> None:
        """Remember what readers of `key` see until the lag is over; `state` is copied."""
        if self._lags.get(kind, Lag()) != Lag():
            self._older.setdefault((kind, key), _Older(copy.deepcopy(state), self._clock()))

    def read(self, kind: str, key: str, present: T) -> T:
        """What a reader sees of `key`: `present`, or the older state while a change is on its way."""
        older = self._older.get((kind, key))
        if older is None:
            return present
        lag = self._lags.get(kind, Lag())
        age = (self._clock() - older.changed).total_seconds()
        if older.reads >= lag.reads and age >= lag.seconds:
            del self._older[(kind, key)]
            return present
        older.reads += 1
        return cast("T", older.state)
