"""The states of a pass: every move that is not drawn is a bug of ours."""

from __future__ import annotations

import itertools
import pickle
from datetime import UTC, datetime, timedelta

import pytest

from agent.domain.passes import Pass, PassState, TenantPass, Terms
from agent.domain.secrets import PassCode, Secret

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
DRAWN = {
    (PassState.REQUESTED, PassState.ISSUING),
    (PassState.REQUESTED, PassState.REFUSED),
    (PassState.ISSUING, PassState.ISSUED),
    (PassState.ISSUING, PassState.REFUSED),
    (PassState.ISSUING, PassState.UNKNOWN),
    (PassState.ISSUED, PassState.GONE),
    (PassState.UNKNOWN, PassState.REFUSED),
    (PassState.UNKNOWN, PassState.GONE),
}


def a_pass(state: PassState) -> Pass:
    return Pass("p1", "mara", Terms(60, one_time=False), state, NOON, "Tess")


@pytest.mark.parametrize(("before", "after"), list(itertools.product(PassState, PassState)))
def test_a_pass_moves_where_the_drawing_has_an_arrow(before: PassState, after: PassState) -> None:
    if (before, after) in DRAWN:
        assert a_pass(before).moved(after, reason="why").reason == "why"
    else:
        with pytest.raises(ValueError, match=f"from {before} to {after}"):
            a_pass(before).moved(after)


def test_what_may_still_work_counts_against_one_pass_per_person() -> None:
    assert {state for state in PassState if not state.open} == {PassState.REFUSED, PassState.GONE}


def test_a_tenants_pass_ends_its_lifetime_after_its_start() -> None:
    listed = TenantPass("t1", NOON, NOON + timedelta(hours=1), 60, one_time=True, usable=False, reason="NotYetValid")
    assert listed.end == NOON + timedelta(hours=2)


def test_a_code_is_a_text_that_is_never_written_anywhere() -> None:
    for nothing in ("", None):
        with pytest.raises(TypeError, match="not empty"):
            PassCode(nothing)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="never written"):
        pickle.dumps(PassCode("A+b8!kQz"))
    assert {PassCode("A+b8!kQz"), PassCode("A+b8!kQz")} == {PassCode("A+b8!kQz")}
    assert PassCode("A+b8!kQz") != Secret("A+b8!kQz")


def test_a_code_shows_itself_to_nobody_who_prints_it() -> None:
    code = PassCode("A+b8!kQz")
    assert "A+b8!kQz" not in f"{code} {code!r} {[code]}"
    assert len(code) == 8
