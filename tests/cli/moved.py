"""A terminal and its tenant in one process, with one clock for both that is turned by whoever waits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent import wiring
from tests import world as worlds
from tests.cli.terminal import Tenancy, Terminal


@dataclass
class Moved:
    """The terminal, the tenant from outside, and the world that both are in."""

    terminal: Terminal
    tenancy: Tenancy
    world: worlds.World

    @property
    def clock(self) -> worlds.SharedClock:
        """What everybody goes by."""
        return self.world.clock


@contextmanager
def moved(folder: Path, captured: pytest.CaptureFixture[str]) -> Iterator[Moved]:
    """The tenant as its seed has it, with nothing on record."""
    with worlds.world(folder / "tenant") as w:
        ready = w.sandbox.ready_line()
        tenancy = Tenancy({**ready, "ca_file": ""})
        tenancy.session.mount(worlds.ORIGIN, w.adapter)
        outside = wiring.Outside(w.clock, worlds.SeededChance(5), {worlds.ORIGIN: w.adapter}, ready)
        yield Moved(Terminal(folder, captured, outside=outside), tenancy, w)
        tenancy.close()
