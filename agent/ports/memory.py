"""What this process remembers of the tenant-wide facts: so much is the same for everybody that is asked about."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from agent.domain.cases import TenantFacts


class TenantMemory:
    """The tenant part as it was last read. Several threads may ask: one of them reads, the others wait for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: tuple[TenantFacts, datetime] | None = None

    def get(
        self, now: Callable[[], datetime], no_older_than: timedelta, read: Callable[[], TenantFacts]
    ) -> tuple[TenantFacts, bool]:
        """(the tenant part, whether it was remembered); what `read` raises is raised, and nothing is remembered then.

        Its age counts from before it was read. A clock that has been set back makes everything remembered too old.
        """
        with self._lock:
            began = now()
            if self._held is not None and timedelta(0) <= began - self._held[1] < no_older_than:
                return self._held[0], True
            found = read()
            self._held = found, began
            return found, False
