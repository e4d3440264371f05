"""Watches what a running program shows to others on this machine: argument lists, environments, temporary files.

On systems without /proc only the temporary files are seen.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType

_PROCESSES = Path("/proc")


class Watch:
    """Looks again and again, until its block ends, and keeps everything it saw once."""

    def __init__(self, temporary: Path) -> None:
        self.argument_lists: set[bytes] = set()
        self.environments: set[bytes] = set()
        self.files: set[tuple[str, bytes]] = set()
        self._temporary = temporary
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def seen(self) -> list[tuple[str, bytes]]:
        """All of it, named."""
        said = [("argument list", one) for one in self.argument_lists]
        return said + [("environment", one) for one in self.environments] + sorted(self.files)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._enough.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._enough.wait(0.004):
            for process in _PROCESSES.glob("[0-9]*"):
                self.argument_lists.add(_read(process / "cmdline"))
                self.environments.add(_read(process / "environ"))
            # Path.rglob fails at a folder that goes while it looks.
            for folder, _, names in os.walk(self._temporary):
                self.files.update((path, _read(Path(path))) for path in (folder, *(f"{folder}/{n}" for n in names)))


def _read(path: Path) -> bytes:
    """Empty for what is a folder, gone by now or another's."""
    try:
        return path.read_bytes()
    except OSError:
        return b""
