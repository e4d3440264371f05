"""The one way in which tests come by a sandbox tenant: as `agent` makes it or the command line starts it, watched."""

from __future__ import annotations

import dataclasses
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from agent.cli import hosting
from agent.sandbox import mount
from agent.sandbox import tenant as tenants
from tests.watching import WATCH

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

ROOT = Path(__file__).resolve().parents[1]


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


@contextmanager
def program(state_dir: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`tapslip sandbox` in a process of its own, held by its record: the process, and its first line.

    The line is empty where it ended before it was ready. What is left of the process is killed when the block ends.
    """
    with tempfile.TemporaryDirectory(prefix="record-") as folder:
        record = Path(folder) / "record.jsonl"
        words = [sys.executable, "-m", "agent", "sandbox", "--state-dir", str(state_dir), "--record", str(record)]
        with subprocess.Popen(  # noqa: S603  our own interpreter
            [*words, *options], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            try:
                line = cast("IO[str]", process.stdout).readline()
                yield process, line
            finally:
                process.kill()
        if line:
            WATCH.read(record)


def demo(tapslip: str, record: Path, *options: str, **around: Any) -> subprocess.CompletedProcess[str]:
    """`tapslip demo` to its end, held by the record that it leaves; `tapslip` is where the command lies."""
    words = [tapslip, "demo", "--record", str(record), *options]
    ended = subprocess.run(words, capture_output=True, text=True, encoding="utf-8", check=False, **around)  # noqa: S603
    if ended.returncode == 0:
        WATCH.read(record)
    return ended


def _nothing(app: WSGIApplication) -> WSGIApplication:
    return app
