"""A folder as the place where slips go: one PDF each, readable by its owner alone, named by slip number."""

from __future__ import annotations

import errno
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
        """Make the folder and prove that files can be written there; raises Refused. Only the folder stays."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for number in numbers:
                if self._path(number).exists():
                    raise FileExistsError(errno.EEXIST, f"{self._path(number).name} is there already")
                os.close(self._open(number))
                self._part(number).unlink()
        except OSError as problem:
            raise errors.Refused(
                f"Slips cannot be written to {self._folder}: {problem.strerror or problem}.",
                "Choose another folder with --slip DIR. Nothing was minted.",
                codes=("slip_place",),
            ) from problem

    def place(self, number: str) -> str:
        """Its path."""
        return str(self._path(number).resolve())

    def put(self, number: str, pdf: bytes) -> str:
        """Write one under a passing name and rename it, so that what bears a slip's name is whole; returns its path."""
        path = self._path(number)
        try:
            if path.exists():
                raise FileExistsError(errno.EEXIST, f"{path.name} is there already")
            handle = self._open(number)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(pdf)
                self._part(number).rename(path)
            except BaseException:
                self._part(number).unlink(missing_ok=True)
                raise
        except OSError as problem:
            raise errors.Refused(
                f"The slip could not be written to {self._folder}: {problem.strerror or problem}.",
                "Make room or choose another folder with --slip DIR, then issue again.",
                codes=("slip_place",),
            ) from None
        return self.place(number)

    def withdraw(self, number: str) -> None:
        """Delete one that must not be handed over, with what was written of it."""
        self._path(number).unlink(missing_ok=True)
        self._part(number).unlink(missing_ok=True)

    def _open(self, number: str) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        return os.open(self._part(number), flags, 0o600)

    def _part(self, number: str) -> Path:
        return self._folder / f"slip-{number}.pdf.part"
