"""Reads a folder of typst templates and refuses whatever could run data as code or reach outside the folder.

A compiler follows symbolic links inside its root and tries the network for packages, so neither gets that far.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from agent import errors

BUILT_IN: Final = Path(__file__).with_name("templates")

# `std` and the \u escape are the two ways to spell a forbidden name without writing it.
_FORBIDDEN: Final = re.compile(r"\b(eval|plugin|std)\b|(@|\\u\{)")
_LIMIT: Final = 64 * 1024


def load(folder: Path = BUILT_IN) -> dict[str, bytes]:
    """File name -> source of each `*.typ` in `folder`; raises `errors.Misconfigured` for one that is refused."""
    if not folder.is_dir():
        raise errors.Misconfigured(f"There is no templates folder at {folder}.", "Mend `templates_dir`.")
    return {path.name: _checked(path) for path in sorted(folder.iterdir())}


def _checked(path: Path) -> bytes:
    if path.is_symlink() or not path.is_file() or path.suffix != ".typ":
        raise errors.Misconfigured(
            f"{path} does not belong among the slip templates.",
            "Keep plain .typ files in that folder: no links, no folders, nothing else.",
        )
    source = path.read_bytes()
    if len(source) > _LIMIT:
        raise errors.Misconfigured(f"{path} is larger than 64 KB.", "Slip templates are small; split it.")
    for number, line in enumerate(source.decode("utf-8", "replace").splitlines(), start=1):
        if found := _FORBIDDEN.search(line):
            raise errors.Misconfigured(
                f"{path}:{number}: “{found.group()}” is not allowed in a slip template.",
                "Templates only lay out what they are given: no eval, plugin, packages or escapes.",
            )
    return source
