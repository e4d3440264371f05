"""The audit's anchors in a file: what a chain cannot tell by itself, namely that a shorter one is not the whole.

Whoever puts yesterday's database back, or cuts it and knows how, would have to change this file as well. So it belongs
where the database's administrators cannot write, and each export carries a copy of its newest line.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from agent import errors

#: More than any line has; the newest one is read from the end of the file.
_TAIL: Final = 4096


class Nowhere:
    """Fits `ports.Anchors` where none are kept: a database in memory has nothing to outlive it."""

    place = ""

    def lines(self) -> Sequence[str]:
        """None."""
        return ()

    def newest(self) -> str:
        """None."""
        return ""

    def add(self, line: str) -> None:
        """Goes nowhere."""


class AnchorFile:
    """Fits `ports.Anchors`: JSON lines, readable by their owner alone, written with one append each."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def place(self) -> str:
        """Its path."""
        return str(self._path)

    def lines(self) -> Sequence[str]:
        """Every whole line; one that a power cut tore is left out."""
        return _whole(self._read(0))

    def newest(self) -> str:
        """The last whole line, read from the end."""
        lines = _whole(self._read(_TAIL))
        return lines[-1] if lines else ""

    def add(self, line: str) -> None:
        """Append one and have it on the disk; its folder is made if need be."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            torn = self._read(1) not in {b"", b"\n"}
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
            handle = os.open(self._path, flags, 0o600)
            try:
                os.write(handle, (b"\n" if torn else b"") + line.encode("ascii") + b"\n")
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as problem:
            raise errors.Misconfigured(
                f"The audit cannot be anchored in {self._path}: {problem.strerror}.",
                "Set audit_anchor to a file that Tapslip may append to.",
            ) from problem

    def _read(self, tail: int) -> bytes:
        """The file's end of so many bytes (0: all of it); empty while there is no file."""
        try:
            with self._path.open("rb") as file:
                if tail:
                    file.seek(0, os.SEEK_END)
                    file.seek(max(0, file.tell() - tail))
                return file.read()
        except FileNotFoundError:
            return b""
        except OSError as problem:
            raise errors.Misconfigured(
                f"The audit's anchors in {self._path} cannot be read: {problem.strerror}.",
                "Give the user who runs Tapslip the right to read it, or correct audit_anchor.",
            ) from problem


def _whole(content: bytes) -> list[str]:
    """The lines that came to their end and are JSON: what was torn tells nothing."""
    lines = content.decode("utf-8", "replace").split("\n")[:-1]
    return [line for line in lines if _is_json(line)]


def _is_json(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
