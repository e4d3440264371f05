"""One served sandbox for every program that comes to it in a test run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.served_sandbox import Sandbox, served


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox with Microsoft's limits in force, served until the run ends."""
    with served(tmp_path_factory.mktemp("sandbox")) as running:
        yield running
