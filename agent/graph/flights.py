"""One answer for all who ask for the same at the same moment.

Two that read one list side by side would spend two of the tenant's answers, and while it throttles the second would
come back too early. Only for what nobody of us writes: whoever joins gets an answer that may be as old as the question
of the one before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, TypeVar

V = TypeVar("V")


class Flights:
    """What is being read now, by key; safe to share among threads."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, Future[Any]] = {}
        self._lock = threading.Lock()

    def join(self, key: Hashable, read: Callable[[], V]) -> V:
        """What `read` gives, or what it gives to whoever asked for this first and still waits; raises as it does."""
        with self._lock:
            known: Future[V] | None = self._under_way.get(key)
            mine: Future[V] = Future()
            if known is None:
                self._under_way[key] = mine
        if known is not None:
            return known.result()
        try:
            mine.set_result(read())
        except BaseException as problem:
            mine.set_exception(problem)
            raise
        finally:
            with self._lock:
                del self._under_way[key]
        return mine.result()
