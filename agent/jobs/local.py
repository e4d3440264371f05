"""One thread that does the same work again and again: the default where one process is all there is.

What runs is given by the caller, usually one sweep of `actions.track`. It never runs twice at once, survives whatever
goes wrong, and is asked more rarely while things go wrong.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

#: The longest pause after failures, in seconds: a tenant that is back is noticed within five minutes.
LONGEST_PAUSE: Final = 300.0
#: How long `stop` waits for work under way; what is cut off then is mended by the next sweep.
_PATIENCE: Final = 1.0


class Loop:
    """Calls `work` every `every` seconds (counted from the end of one to the start of the next), first at once.

    An exception goes to `on_trouble`, and the pause doubles with each further one, up to five minutes; success brings
    it back. Use as a context manager, or `start` and `stop`.
    """

    def __init__(self, work: Callable[[], object], *, every: float, on_trouble: Callable[[Exception], None]) -> None:
        self._work = work
        self._every = every
        self._on_trouble = on_trouble
        self._turn = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="local loop", daemon=True)

    def start(self) -> None:
        """Begin; once only in a loop's life."""
        self._thread.start()

    def wake(self) -> None:
        """Do not wait for the next turn: run now, or once more right after the run under way."""
        self._turn.set()

    def stop(self) -> bool:
        """Begin nothing more and wait up to a second for work under way; False if it is still at it."""
        self._stopping.set()
        self._turn.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(_PATIENCE)
        return not self._thread.is_alive()

    def __enter__(self) -> Loop:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            self._turn.clear()
            if self._stopping.is_set():
                return
            failures = 0 if self._once() else failures + 1
            self._turn.wait(pause(self._every, failures))

    def _once(self) -> bool:
        try:
            self._work()
        except Exception as problem:  # noqa: BLE001 -- a bug in one sweep must not end all later ones
            self._tell(problem)
            return False
        return True

    def _tell(self, problem: Exception) -> None:
        try:
            self._on_trouble(problem)
        except Exception:  # noqa: BLE001 -- telling may fail too (a closed terminal), and the work goes on
            return


def pause(every: float, failures: int) -> float:
    """Seconds until the next turn after so many failures in a row."""
    if not failures:
        return every
    return max(every, min(every * 2.0 ** min(failures, 30), LONGEST_PAUSE))
