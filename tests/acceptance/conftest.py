"""The demo, run once and watched from outside, and one served sandbox for other programs."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.cli import hosting
from tests import tenancies
from tests.acceptance import turnstile
from tests.acceptance.served_sandbox import Sandbox, served
from tests.acceptance.turnstile import Place, Turnstile
from tests.acceptance.watching import Watch
from tests.cli.terminal import Tenancy, Terminal


def tapslip() -> str:
    """The installed command."""
    found = [path for path in Path(sysconfig.get_path("scripts")).glob("tapslip*") if path.stem == "tapslip"]
    assert found, "the package is not installed"
    return str(found[0])


@dataclass(frozen=True)
class Told:
    """What the demo left: exit code, what it said, slips, temporary folder, record, and what could be seen of it."""

    code: int
    out: str
    err: str
    folder: Path
    temporary: Path
    record: Path
    watch: Watch


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """`tapslip demo --once`, from another working directory."""
    place = tmp_path_factory.mktemp("demo")
    temporary, record = place / "temporary", place / "record.jsonl"
    temporary.mkdir()
    around = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))
    with Watch(temporary) as watch:
        ended = tenancies.demo(
            tapslip(), record, "--once", "--out", str(place / "slips"), timeout=120, cwd=place, env=around
        )
    return Told(ended.returncode, ended.stdout, ended.stderr, place / "slips", temporary, record, watch)


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox with Microsoft's limits in force, served until the run ends."""
    with served(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture(scope="session")
def behind_turnstile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[hosting.Hosted, Path, Turnstile]]:
    """The tenant that stands behind a turnstile until the run ends."""
    with turnstile.served(tmp_path_factory.mktemp("turnstile")) as running:
        yield running


@pytest.fixture
def place(
    behind_turnstile: tuple[hosting.Hosted, Path, Turnstile], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[Place]:
    """A terminal at that tenant, which is as its seed has it, with nothing on record."""
    running, ready_file, stile = behind_turnstile
    tenancy = Tenancy(running.ready)
    switches = tenancy.door("options", "GET")
    tenancy.reset()
    stile.clear()
    yield Place(Terminal(tmp_path, capsys, ready_file), tenancy, stile)
    stile.clear()
    tenancy.door("faults", "DELETE")
    tenancy.door("options", "PATCH", **switches)
    tenancy.close()
