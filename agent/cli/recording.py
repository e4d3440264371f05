"""The file in which a hosted sandbox records its exchanges with Graph: new, its owner's alone, a whole line each."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from agent import errors
from agent.sandbox.wire import recording

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

Layer = Callable[["WSGIApplication"], "WSGIApplication"]


class _File:
    """Open until its sandbox ends; an answer that is still under way then reaches nobody, and no file."""

    def __init__(self, file: io.RawIOBase) -> None:
        self._file = file
        self._lock = threading.Lock()

    def write(self, line: bytes) -> None:
        """At once: whoever reads beside us, or after somebody killed us, finds whole lines."""
        with self._lock:
            rest = memoryview(b"" if self._file.closed else line)
            while rest:
                rest = rest[self._file.write(rest) or 0 :]

    def close(self) -> None:
        with self._lock:
            self._file.close()


@contextmanager
def to_file(path: Path | None) -> Iterator[Layer]:
    """A layer for a sandbox's app that records until the block ends; one that does nothing where `path` is None.

    Raises Misconfigured where the file is there already (a record is never added to) or cannot be made. A file in
    which nothing was recorded is taken away again when the block ends with an error.
    """
    if path is None:
        yield lambda app: app
        return
    kept = _File(_open(path))
    try:
        yield lambda app: recording.Overheard(app, recording.Recorder(kept.write))
    except errors.AgentError:
        if not path.stat().st_size:
            kept.close()
            path.unlink()
        raise
    finally:
        kept.close()


def _open(path: Path) -> io.RawIOBase:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)
    try:
        return os.fdopen(os.open(path, flags, 0o600), "wb", buffering=0)
    except FileExistsError as problem:
        raise errors.Misconfigured(
            f"{path} is there already, and a record is never added to.", "Name another file with --record, or move it."
        ) from problem
    except OSError as problem:
        raise errors.Misconfigured(
            f"The record {path} cannot be written: {problem.strerror}.", "Name a file that you may write with --record."
        ) from problem
