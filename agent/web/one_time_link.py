"""The way in until operators can sign in: a link printed on the terminal, good for one browser, once, for ten minutes.

Only a hash of the token is kept. Making a new link ends the one before it.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from agent.ports import Clock

LIFETIME: Final = timedelta(minutes=10)


class OneTimeLink:
    """At most one link at a time. `token` gives 256 random bits as text that fits an address."""

    def __init__(self, clock: Clock, token: Callable[[], str]) -> None:
        self._clock = clock
        self._token = token
        self._turn = threading.Lock()
        self._open: tuple[bytes, datetime] | None = None

    def make(self) -> str:
        """A new path, "/enter/TOKEN"; the caller puts the origin before it and shows it on the terminal only."""
        token = self._token()
        with self._turn:
            self._open = (_hash(token), self._clock.now() + LIFETIME)
        return f"/enter/{token}"

    def take(self, token: str) -> bool:
        """Whether this is the link's token, in time and for the first time; a wrong one does not use it up."""
        with self._turn:
            if self._open is None or not hmac.compare_digest(_hash(token), self._open[0]):
                return False
            until = self._open[1]
            self._open = None
        return self._clock.now() < until


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
