"""Who has been let in: sessions of this process, kept as hashes, gone when it stops.

A session ends after 15 minutes in which nobody did anything, and after 8 hours whatever happens. Pages that refresh
themselves look at it without keeping it alive.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from agent.ports import Clock

#: The prefix makes browsers insist on Secure, path / and this very host.
COOKIE: Final = "__Host-tapslip"
IDLE: Final = timedelta(minutes=15)
LONGEST: Final = timedelta(hours=8)


@dataclass(slots=True)
class _Session:
    began: datetime
    last_act: datetime

    def over(self, now: datetime) -> bool:
        return now >= self.last_act + IDLE or now >= self.began + LONGEST


class Sessions:
    """The set of open sessions. `token` gives 256 random bits as text."""

    def __init__(self, clock: Clock, token: Callable[[], str]) -> None:
        self._clock = clock
        self._token = token
        self._turn = threading.Lock()
        self._open: dict[bytes, _Session] = {}

    def begin(self) -> str:
        """A new session's id, for the cookie and nothing else."""
        made, now = self._token(), self._clock.now()
        with self._turn:
            self._open = {key: session for key, session in self._open.items() if not session.over(now)}
            self._open[_hash(made)] = _Session(now, now)
        return made

    def known(self, given: str, *, acting: bool) -> bool:
        """Whether this session is open; `acting` (a person did something) keeps it so for another 15 minutes."""
        now = self._clock.now()
        with self._turn:
            session = self._open.get(_hash(given))
            if session is None or session.over(now):
                self._open.pop(_hash(given), None)
                return False
            if acting:
                session.last_act = now
            return True


def _hash(given: str) -> bytes:
    return hashlib.sha256(given.encode()).digest()
