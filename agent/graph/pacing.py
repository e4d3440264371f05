"""How fast we may ask: one gate for each registration and each of Graph's limits, shared by all threads.

    open --429 or Retry-After--> closed until then --> open again at half the width it had
    open --x-ms-throttle-limit-percentage over 0.8--> half as wide --good answers--> wider by one a round

Nobody passes a closed gate, so nobody comes back before Retry-After. Deletions pass before everything else; while a
removal is due, creations leave them the last fifth of the write limit.
learn.microsoft.com/graph/throttling and /graph/throttling-limits
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from agent import ports

#: How many requests begin together at first, and at most (16 threads at equal latency are 15.7 times one).
START, MOST = 8.0, 16.0
#: From here on Graph tells how much of a limit is used; what is above is the fifth kept for deletions.
PRESSURE = 0.8
#: Writes are counted for so long (3,000 in 150 s): then what was told about them is over.
WINDOW = timedelta(seconds=150)

#: Retry-After has whole seconds. Who asks just after a whole second of the window is told hardly more than is left of
#: it; asked at any other moment, half a second is lost on average, and just before one a whole second.
_AFTER_THE_SECOND = 0.15
_LOOK_AGAIN_SECONDS = 0.2
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Scope(StrEnum):
    """What is counted together by Graph."""

    IDENTITY_READS = "identity reads"
    IDENTITY_WRITES = "identity writes"
    REPORTS = "reports"
    CONDITIONAL_ACCESS = "conditional access"
    INTUNE_READS = "intune reads"
    INTUNE_WRITES = "intune writes"


#: Five in ten seconds, one in a second: nothing is gained by asking for two at once.
_ONE_BY_ONE = {Scope.REPORTS, Scope.CONDITIONAL_ACCESS}


class Kind(StrEnum):
    """What a request does, as far as its turn depends on it."""

    READ = "read"
    CREATE = "create"
    DELETE = "delete"


def scope_of(shape: str, *, writes: bool) -> Scope:
    """The limit that a request counts against, by its path without values, such as `/v1.0/users/{id}`."""
    first, second, *_ = [*shape.split("/")[2:4], "", ""]
    if first in {"auditLogs", "reports"}:
        return Scope.REPORTS
    if first == "identityProtection" or (first, second) == ("identity", "conditionalAccess"):
        return Scope.CONDITIONAL_ACCESS
    if first == "deviceManagement":
        return Scope.INTUNE_WRITES if writes else Scope.INTUNE_READS
    return Scope.IDENTITY_WRITES if writes else Scope.IDENTITY_READS


@dataclass(frozen=True, slots=True)
class Sign:
    """What an answer says about the limit: closed for so many seconds, and how much of it is used (1.0: all)."""

    closed_for: float | None = None
    used: float | None = None


class Gate:
    """The turns of one limit; safe to share among threads."""

    def __init__(self, clock: ports.Clock, most: float = MOST) -> None:
        self._clock = clock
        self._most = most
        self._width = min(START, most)
        self._before = self._width
        self._epoch = 0
        self._running = 0
        self._deletions = 0
        self._closed_until = _LONG_AGO
        self._removal_until = _LONG_AGO
        self._used, self._used_at = 0.0, _LONG_AGO
        self._window_began: datetime | None = None
        self._turn = threading.Condition()

    @property
    def width(self) -> int:
        """How many may be under way together now."""
        with self._turn:
            return int(self._width)

    def removal_due(self, until: datetime) -> None:
        """Keep the last fifth of the limit for deletions until then."""
        with self._turn:
            self._removal_until = max(self._removal_until, until)

    def closed_for(self) -> float:
        """Seconds until it opens; 0.0 when it is open."""
        with self._turn:
            return max(0.0, (self._closed_until - self._clock.now()).total_seconds())

    def close(self, seconds: float | None) -> None:
        """Shut it for so many seconds, or not at all."""
        if seconds is not None:
            with self._turn:
                until = self._clock.now() + timedelta(seconds=seconds)
                self._closed_until = max(self._closed_until, until)

    def enter(self, kind: Kind, until: datetime) -> int | None:
        """Wait for a turn: its number for `leave`, or None when it would not come by then."""
        with self._counted(kind):
            while True:
                not_before, turn = self._attempt(kind)
                if turn is not None:
                    return turn
                if not_before is not None:
                    if not_before > until:
                        return None
                    self._clock.wait_until(not_before)

    def leave(self, turn: int, sign: Sign) -> None:
        """Give the turn back with what its answer said."""
        with self._turn:
            now = self._clock.now()
            self._running -= 1
            self._used, self._used_at = sign.used or 0.0, now
            self.close(sign.closed_for)
            if sign.closed_for is not None or self._used > PRESSURE:
                self._narrow(turn)
            else:
                self._width = self._before = min(self._most, self._width + 1 / self._width)
            self._turn.notify_all()

    def _narrow(self, turn: int) -> None:
        """Half as wide, once for all that were under way together."""
        if turn == self._epoch:
            self._epoch += 1
            self._width = max(1.0, self._width / 2)

    def _attempt(self, kind: Kind) -> tuple[datetime | None, int | None]:
        """(the moment before which it is useless to ask again, the turn): either may be nothing."""
        with self._turn:
            now = self._clock.now()
            if self._closed_until > now:
                return self._closed_until, None
            if self._closed_until > _LONG_AGO:
                self._closed_until = _LONG_AGO
                self._width = max(self._width, self._before / 2)
                self._used = 0.0
                self._window_began = None
            if kind is Kind.CREATE and self._kept(now):
                return now + timedelta(seconds=1), None
            if self._used >= 1.0 and (pause := self._until_after_a_second(now)):
                return now + timedelta(seconds=pause), None
            first = kind is Kind.DELETE or not self._deletions
            if first and self._running < int(self._width):
                self._running += 1
                self._window_began = self._window_began or now
                return None, self._epoch
            self._turn.wait(_LOOK_AGAIN_SECONDS)
            return None, None

    def _until_after_a_second(self, now: datetime) -> float:
        """Seconds until a moment at which a refusal costs least; 0.0 when that is now."""
        into = (now - self._window_began).total_seconds() % 1 if self._window_began else _AFTER_THE_SECOND
        late = round(into - _AFTER_THE_SECOND, 3)
        return 0.0 if 0 <= late < _AFTER_THE_SECOND else -late % 1

    def _kept(self, now: datetime) -> bool:
        """Whether what is left of the limit is for deletions."""
        due = self._deletions > 0 or now < self._removal_until
        return due and self._used > PRESSURE and now - self._used_at < WINDOW

    @contextmanager
    def _counted(self, kind: Kind) -> Iterator[None]:
        if kind is not Kind.DELETE:
            yield
            return
        with self._turn:
            self._deletions += 1
        try:
            yield
        finally:
            with self._turn:
                self._deletions -= 1
                self._turn.notify_all()


class Gates:
    """Every gate of this process, made when first asked for."""

    def __init__(self, clock: ports.Clock) -> None:
        self._clock = clock
        self._gates: dict[tuple[str, Scope], Gate] = {}
        self._lock = threading.Lock()

    def gate(self, registration: str, scope: Scope) -> Gate:
        """The gate of a registration for a limit."""
        with self._lock:
            most = 1.0 if scope in _ONE_BY_ONE else MOST
            return self._gates.setdefault((registration, scope), Gate(self._clock, most))
