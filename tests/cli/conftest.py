"""One tenant over HTTPS for all of these tests, put back before each; a terminal with folders of its own for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import wiring
from agent.cli import hosting
from tests import tenancies
from tests.cli.terminal import Tenancy, Terminal


@pytest.fixture(scope="session")
def hosted_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[hosting.Hosted, Path]]:
    """The running sandbox and its ready file."""
    folder = tmp_path_factory.mktemp("tenant")
    with tenancies.hosted(folder, hosting.Wish(seed=5, speed=600)) as running:
        yield running, folder / wiring.READY_FILE


@pytest.fixture
def tenancy(hosted_at: tuple[hosting.Hosted, Path]) -> Iterator[Tenancy]:
    """The tenant as its seed has it."""
    made = Tenancy(hosted_at[0].ready)
    made.reset()
    yield made
    made.close()


@pytest.fixture
def terminal(
    tenancy: Tenancy, hosted_at: tuple[hosting.Hosted, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    """A terminal at that tenant."""
    assert tenancy.ready == hosted_at[0].ready
    return Terminal(tmp_path, capsys, hosted_at[1])


@pytest.fixture
def lonely(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """A terminal with no sandbox running."""
    return Terminal(tmp_path, capsys)
