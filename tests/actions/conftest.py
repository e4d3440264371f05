"""One fresh world for each story."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import World, world


@pytest.fixture
def w(tmp_path: Path) -> Iterator[World]:
    """The whole small world."""
    with world(tmp_path) as made:
        yield made
