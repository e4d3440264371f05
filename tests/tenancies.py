"""The one way in which tests come by a sandbox tenant: as `agent` makes it, with the watch in front."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from agent.cli import hosting
from agent.sandbox import mount
from agent.sandbox import tenant as tenants
from tests.watching import WATCH

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def make(
    clock: Callable[[], datetime],
    chance: random.Random,
    *,
    origin: str = "https://localhost:8443",
    options: tenants.Options | None = None,
    surroundings: mount.Surroundings | None = None,
) -> mount.Sandbox:
    """`mount.make`, watched."""
    around = dataclasses.replace(surroundings or mount.Surroundings(), in_front=WATCH.in_front_of)
    return mount.make(clock, chance, origin=origin, options=options, surroundings=around)


def hosted(state_dir: Path, wish: hosting.Wish) -> AbstractContextManager[hosting.Hosted]:
    """`hosting.hosted`, watched; a layer of the wish's own stands before the watch."""
    first = wish.in_front or _nothing
    return hosting.hosted(state_dir, dataclasses.replace(wish, in_front=lambda app: first(WATCH.in_front_of(app))))


def _nothing(app: WSGIApplication) -> WSGIApplication:
    return app
