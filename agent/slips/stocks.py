"""The papers known to the program: size, margins and template of each, read from stock.yaml."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Final

import yaml

from agent import errors

_FILE: Final = Path(__file__).with_name("stock.yaml")


@dataclasses.dataclass(frozen=True)
class Stock:
    """One paper; lengths in millimetres, `margins` by side, `template` a file name in the templates folder."""

    name: str
    width: float
    height: float
    margins: dict[str, float]
    template: str


@functools.cache
def known() -> dict[str, Stock]:
    """All papers by their short name, such as "a6"."""
    found = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return {short: Stock(**row) for short, row in found.items()}


def load(short: str) -> Stock:
    """The paper called `short`; raises `errors.Misconfigured` naming the known ones."""
    try:
        return known()[short]
    except KeyError:
        raise errors.Misconfigured(
            f"There is no paper called “{short}”.", f"Choose one of: {', '.join(sorted(known()))}."
        ) from None
