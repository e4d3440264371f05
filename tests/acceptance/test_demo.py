"""`tapslip demo --once` as it is installed: it ends well, its paper can be read, and it tidies up."""

from __future__ import annotations

import re
import stat
import sys

import pytest

from agent.cli import demo, reading
from tests.acceptance.conftest import Told


def test_it_tells_the_whole_story_and_ends_well(told: Told) -> None:
    assert (told.code, told.err) == (0, "")
    assert "no way out but a pass" in told.out, "the iPhone hangs without one"
    assert told.out.count("without a password.") == 3, "each device signs in with the new credential"
    assert told.out.count("The tenant lists no pass for ") == 2
    assert str(told.folder) in told.out


def test_every_journey_is_done(told: Told) -> None:
    _, _, end = told.out.partition("\nDone\n")
    journeys = re.findall(r"^ +(J[A-Z0-9]{6}) .* (\w+)$", end, re.MULTILINE)
    assert len({number for number, _ in journeys}) == 3
    assert {state for _, state in journeys} == {"done"}


def test_only_slips_lie_in_its_folder_and_only_the_owner_reads_them(told: Told) -> None:
    papers = sorted(told.folder.iterdir())
    assert len(papers) == 3
    assert all(re.fullmatch(r"slip-[A-Z0-9]{6}\.pdf", paper.name) for paper in papers)
    if sys.platform != "win32":
        assert {stat.S_IMODE(paper.stat().st_mode) for paper in papers} == {0o600}
        assert stat.S_IMODE(told.folder.stat().st_mode) == 0o700


def test_every_code_on_the_paper_can_be_scanned(told: Told) -> None:
    seen = [reading.scan(paper) for paper in told.folder.iterdir()]
    assert all(len(one.codes) == 1 for one in seen)
    assert len({one.codes[0] for one in seen}) == 2, "the kit shares a pass, the recovery has its own"
    assert sorted(name for one in seen for name in one.user_names) == [
        *(demo.STARTER, demo.STARTER, demo.LOST_A_PHONE),
    ]
    assert {serial for one in seen for serial in one.serials} >= {demo.LAPTOP, demo.IPHONE}
    assert any(one.addresses for one in seen), "the recovery has a start page"


def test_nothing_is_left_in_the_temporary_folder(told: Told) -> None:
    assert list(told.temporary.rglob("*")) == []


@pytest.mark.skipif(sys.platform != "linux", reason="what a process shows is looked up in /proc")
def test_it_was_watched_while_it_set_live_slips(told: Told) -> None:
    assert [line for line in told.watch.argument_lists if b"agent.slips" in line]
    assert [name for name, _ in told.watch.files if "slip-" in name]
