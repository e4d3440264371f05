"""The demo, run once and watched from outside, and one served sandbox for other programs."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.served_sandbox import Sandbox, served
from tests.acceptance.watching import Watch


def tapslip() -> str:
    """The installed command."""
    found = [path for path in Path(sysconfig.get_path("scripts")).glob("tapslip*") if path.stem == "tapslip"]
    assert found, "the package is not installed"
    return str(found[0])


@dataclass(frozen=True)
class Told:
    """What the demo left: exit code, what it said, the slips, its temporary folder, and what could be seen of it."""

    code: int
    out: str
    err: str
    folder: Path
    temporary: Path
    watch: Watch


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """`tapslip demo --once`, from another working directory."""
    place = tmp_path_factory.mktemp("demo")
    temporary = place / "temporary"
    temporary.mkdir()
    around = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))
    with Watch(temporary) as watch:
        ended = subprocess.run(  # noqa: S603  our own command
            [tapslip(), "demo", "--once", "--out", str(place / "slips")],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            cwd=place,
            env=around,
            check=False,
        )
    return Told(ended.returncode, ended.stdout, ended.stderr, place / "slips", temporary, watch)


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox with Microsoft's limits in force, served until the run ends."""
    with served(tmp_path_factory.mktemp("sandbox")) as running:
        yield running
