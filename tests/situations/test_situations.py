"""What Tapslip foresees and what virtual devices really do agree in every situation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.situations import (
    access,
    apple,
    destinations,
    federation,
    laptops,
    live_passes,
    people,
    phones,
    policy,
    protected,
    registration,
    situation,
    windows,
)

#: So many there are at least.
LEAST = 145
SITUATIONS: tuple[situation.Situation, ...] = (
    *people.SITUATIONS,
    *apple.SITUATIONS,
    *policy.SITUATIONS,
    *live_passes.SITUATIONS,
    *laptops.SITUATIONS,
    *phones.SITUATIONS,
    *access.SITUATIONS,
    *windows.SITUATIONS,
    *destinations.SITUATIONS,
    *federation.SITUATIONS,
    *protected.SITUATIONS,
    *registration.SITUATIONS,
)


@pytest.mark.parametrize("one", SITUATIONS, ids=lambda one: one.name)
def test_what_is_foreseen_is_what_happens(one: situation.Situation, tmp_path: Path) -> None:
    assert situation.run(one, tmp_path) == one.expected


def test_there_are_many_situations_and_each_pair_differs_in_findings_or_outcome() -> None:
    assert len(SITUATIONS) >= LEAST
    assert len({one.name for one in SITUATIONS}) == len(SITUATIONS)
    by_outcome: dict[situation.Outcome, str] = {}
    for one in SITUATIONS:
        assert by_outcome.setdefault(one.expected, one.name) == one.name
