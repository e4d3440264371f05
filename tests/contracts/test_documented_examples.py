"""Every documented pair of request and response inside the sandbox's scope, replayed; those that can't agree listed."""

from __future__ import annotations

import pytest

from tests.contracts import documented_devices, documented_people, graph_slices
from tests.contracts import documented_examples as examples

DISAGREEING = documented_people.DISAGREEING | documented_devices.DISAGREEING

KNOWN = {pair["id"]: pair for pair in examples.pairs()} if graph_slices.FOLDER else {}
REPLAYED = {name: pair for name, pair in KNOWN.items() if examples.out_of_scope(pair) is None}


@graph_slices.held
@pytest.mark.parametrize("name", sorted(REPLAYED.keys() - DISAGREEING.keys()))
def test_the_sandbox_answers_as_the_page_says(name: str) -> None:
    assert examples.replay(REPLAYED[name]) == []


@graph_slices.held
def test_pairs_that_disagree_still_do_and_are_printed_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    agreeing = [name for name in DISAGREEING if not examples.replay(REPLAYED[name])]
    with capsys.disabled():
        for name, why in sorted(DISAGREEING.items()):
            print(f"\nnot as the page says: {name}: {why}", end="")  # noqa: T201 - the list is to be seen

    assert agreeing == []


@graph_slices.held
def test_every_rule_that_leaves_pairs_out_leaves_one_out() -> None:
    reasons = {examples.out_of_scope(pair) for pair in KNOWN.values()}

    assert {why for _, why in examples.OUT_OF_SCOPE} <= reasons
