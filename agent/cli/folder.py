"""A folder as the place where slips go: one PDF each, readable by its owner alone, named by slip number."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from agent import errors


class FolderPaper:
    """Fits `ports.Paper`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, number: str) -> Path:
        return self._folder / f"slip-{number}.pdf"

    def check(self, numbers: Iterable[str]) -> None:
        """Make the folder and prove that files can be written there; raises Refused, and leaves nothing behind."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for number in numbers:
                os.close(os.open(self._path(number), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
                self._path(number).unlink()
        except OSError as problem:
            raise errors.Refused(
                f"Slips cannot be written to {self._folder}: {problem.strerror or problem}.",
                "Choose another folder with --slip DIR. Nothing was minted.",
                codes=("slip_place",),
            ) from problem

    def put(self, number: str, pdf: bytes) -> str:
        """Write one; returns its path."""
        path = self._path(number)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(pdf)
        except OSError as problem:
            path.unlink(missing_ok=True)
            raise errors.Refused(
                f"The slip could not be written to {self._folder}: {problem.strerror or problem}.",
                "Make room or choose another folder with --slip DIR, then issue again.",
                codes=("slip_place",),
            ) from None
        return str(path.resolve())

    def withdraw(self, number: str) -> None:
        """Delete one that must not be handed over."""
        self._path(number).unlink(missing_ok=True)
