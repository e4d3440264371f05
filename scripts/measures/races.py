"""``races``: two processes issue for one person at the same instant; each time one pass is made and one is refused.

Both have the same database and the same tenant. The tenant would make the second pass without a word and kill the
first, so nothing but our record stands between them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import bootstrap

from measures import Figures
from measures.served import served

RACES = 500
_CREATE = "POST /users/{id}/authentication/temporaryAccessPassMethods"


def measure() -> Figures:
    """``doubled``: races with two passes; ``refused``: races with exactly one refusal. Both as they should be."""
    with (
        tempfile.TemporaryDirectory(prefix="tapslip-measure-") as folder,
        served(Path(folder), latency=0, throttling=False) as tenant,
    ):
        return race(Path(folder), RACES, lambda: int(tenant.door("GET", "counters")["requests"].get(_CREATE, 0)))


def race(state_dir: Path, races: int, made: Callable[[], int]) -> Figures:
    """So many races over the sandbox that runs on this state folder; `made` counts what it was asked to make."""
    doubled, refused, other = 0, 0, 0
    with ExitStack() as both:
        pair = [both.enter_context(_racer(state_dir, name)) for name in ("left", "right")]
        for _ in range(races):
            before = made()
            for racer in pair:
                racer.tell("issue")
            said = [racer.hear() for racer in pair]
            doubled += made() - before > 1 or said.count("issued") > 1
            refused += said.count("refused live_pass") == 1
            other += sorted(said) != ["issued", "refused live_pass"]
            for racer, what in zip(pair, said, strict=True):
                if what == "issued":
                    racer.tell("revoke")
                    racer.hear()
    return {"races": races, "doubled": doubled, "refused": refused, "other": other}


class _Racer:
    """A process that is told and answers, line by line."""

    def __init__(self, process: subprocess.Popen[str], ears: IO[str], mouth: IO[str]) -> None:
        self._process, self._ears, self._mouth = process, ears, mouth

    def tell(self, line: str) -> None:
        """Say a line to it."""
        self._ears.write(line + "\n")
        self._ears.flush()

    def hear(self) -> str:
        """Its answer; raises OSError when it has ended."""
        line = self._mouth.readline()
        if not line:
            raise OSError(f"a racer ended with {self._process.wait(10)}")
        return line.strip()


@contextmanager
def _racer(state_dir: Path, name: str) -> Iterator[_Racer]:
    command = [sys.executable, str(Path(__file__).with_name("racer.py")), str(state_dir), name]
    around = os.environ | {"PYTHONPATH": str(bootstrap.ROOT)}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=bootstrap.ROOT, env=around, text=True, stdin=pipe, stdout=pipe) as process:
        try:
            if process.stdin is None or process.stdout is None:
                raise OSError("a racer has no pipes")
            racer = _Racer(process, process.stdin, process.stdout)
            racer.hear()
            yield racer
        finally:
            process.kill()
