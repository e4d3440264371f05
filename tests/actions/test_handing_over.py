"""Whatever goes wrong between the mint and the hand, no usable pass is left that nobody holds."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pytest

from agent import errors, ports
from agent.actions import close, issue
from agent.cli.folder import FolderPaper
from agent.domain import passes
from agent.domain.journeys import JourneyState
from agent.domain.passes import PassState, SlipState
from agent.domain.secrets import PassCode
from tests.world import TECHNICIAN, World

MARA, LAPTOP, PHONE = "mara.quist", "windows-autopilot=PF4TH101", "ios-company-portal=H4TH301QLM"
DELETE = "DELETE */temporaryAccessPassMethods/*"


class PaperOut(FolderPaper):
    """A folder that takes one slip and then breaks."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.taken = 0

    def put(self, number: str, pdf: bytes) -> str:
        if self.taken:
            raise RuntimeError("the code must not get into this sentence")
        self.taken += 1
        return super().put(number, pdf)


class FolderGone(FolderPaper):
    """A stick that is pulled out after the check."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.where = folder

    def put(self, number: str, pdf: bytes) -> str:
        shutil.rmtree(self.where)
        return super().put(number, pdf)


class SlowPaper(FolderPaper):
    """A folder so slow that a tracker takes the issue for abandoned."""

    def __init__(self, w: World) -> None:
        super().__init__(w.paper)
        self.w = w

    def put(self, number: str, pdf: bytes) -> str:
        self.w.track(3)
        return super().put(number, pdf)


class ClosedMeanwhile(FolderPaper):
    """While the paper is looked at, somebody closes the journey."""

    def __init__(self, w: World, journey_id: str) -> None:
        super().__init__(w.paper)
        self.w, self.journey_id = w, journey_id

    def check(self, numbers: Iterable[str]) -> None:
        close.close(self.w.agent, self.journey_id, TECHNICIAN)
        super().check(numbers)


class Interrupted(FolderPaper):
    """Somebody presses Ctrl-C when the slip has just been written."""

    def put(self, number: str, pdf: bytes) -> str:
        super().put(number, pdf)
        raise KeyboardInterrupt


@dataclasses.dataclass
class RecordBreaks:
    """A clock that stops the program at the moment when the outcome is written; until then it goes on."""

    line: ports.Clock
    looks: int = -1

    def now(self) -> datetime:
        self.looks -= 1
        if self.looks == 0:
            raise KeyboardInterrupt
        return self.line.now()

    def wait(self, seconds: float) -> None:
        self.line.wait(seconds)

    def wait_until(self, moment: datetime) -> None:
        self.line.wait_until(moment)


def only_pass(w: World) -> tuple[passes.Pass, set[JourneyState]]:
    """Our one pass and the states of its journeys."""
    with w.agent.store.begin() as tx:
        kit = tx.journeys.recent(10)
        return tx.passes.get(kit[0].pass_id), {journey.state for journey in kit}


def papers(w: World) -> list[Path]:
    return list(w.paper.glob("*")) if w.paper.exists() else []


def test_a_crash_after_the_mint_deletes_the_pass_and_takes_the_slips_back(w: World) -> None:
    request = dataclasses.replace(w.request(MARA, LAPTOP, PHONE), paper=PaperOut(w.paper))
    with pytest.raises(errors.AgentError, match="has been deleted") as crash:
        issue.issue(w.agent, request)
    assert crash.value.exit_code == 1
    assert crash.value.__cause__ is None
    assert papers(w) == []
    assert w.tenant_passes(MARA) == []
    row, states = only_pass(w)
    assert (row.state, states) == (PassState.REFUSED, {JourneyState.ABANDONED})
    assert set(w.slips_of(row.id).values()) == {SlipState.VOID}
    assert w.audit() == ["pass.issue issuing", "pass.issue refused"]


def test_an_interruption_between_slip_and_record_takes_pass_and_paper_back(w: World) -> None:
    request = dataclasses.replace(w.request(MARA, LAPTOP), paper=Interrupted(w.paper))
    with pytest.raises(KeyboardInterrupt):
        issue.issue(w.agent, request)
    assert (papers(w), w.tenant_passes(MARA)) == ([], [])
    assert only_pass(w)[0].state is PassState.REFUSED


def test_an_interruption_while_the_outcome_is_written_takes_pass_and_paper_back(w: World) -> None:
    clock = RecordBreaks(w.agent.clock)

    class Armed(FolderPaper):
        def put(self, number: str, pdf: bytes) -> str:
            clock.looks = 1
            return super().put(number, pdf)

    request = dataclasses.replace(w.request(MARA, LAPTOP), paper=Armed(w.paper))
    with pytest.raises(KeyboardInterrupt):
        issue.issue(dataclasses.replace(w.agent, clock=clock), request)
    assert (papers(w), w.tenant_passes(MARA)) == ([], [])
    assert only_pass(w)[0].state is PassState.REFUSED


def test_a_paper_that_is_there_already_is_somebody_elses_and_stays(tmp_path: Path) -> None:
    (tmp_path / "slip-A.pdf").write_text("theirs")
    for refused in (lambda: FolderPaper(tmp_path).check(["A"]), lambda: FolderPaper(tmp_path).put("A", b"ours")):
        with pytest.raises(errors.Refused, match="is there already"):
            refused()
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"slip-A.pdf": "theirs"}


def test_paper_that_cannot_be_written_after_the_mint_is_refused_with_its_place(w: World) -> None:
    request = dataclasses.replace(w.request(MARA, LAPTOP), paper=FolderGone(w.paper))
    with pytest.raises(errors.Refused, match="could not be written"):
        issue.issue(w.agent, request)
    assert w.tenant_passes(MARA) == []
    assert only_pass(w)[0].reason == "the code could not be handed over"


def test_when_the_deletion_fails_too_it_is_unknown_and_mended_later(w: World) -> None:
    w.fault(DELETE, "unreachable")
    request = dataclasses.replace(w.request(MARA, LAPTOP), paper=FolderGone(w.paper))
    with pytest.raises(errors.Refused):
        issue.issue(w.agent, request)
    row, states = only_pass(w)
    assert (row.state, states) == (PassState.UNKNOWN, {JourneyState.OPEN})
    assert [held.id for held in w.tenant_passes(MARA)] == [row.tenant_id]
    w.track()
    row, states = only_pass(w)
    assert (row.state, row.reason, states) == (PassState.REFUSED, "our pass was deleted", {JourneyState.ABANDONED})
    assert w.tenant_passes(MARA) == []


def test_paper_slower_than_the_trackers_patience_ends_with_nothing_live(w: World) -> None:
    request = dataclasses.replace(w.request(MARA, LAPTOP), paper=SlowPaper(w))
    with pytest.raises(errors.Stale, match="took so long"):
        issue.issue(w.agent, request)
    row, states = only_pass(w)
    assert (row.state, states) == (PassState.REFUSED, {JourneyState.ABANDONED})
    assert w.tenant_passes(MARA) == []
    assert papers(w) == []


def test_a_journey_that_is_closed_meanwhile_gets_no_pass(w: World) -> None:
    (journey,) = w.take(MARA, LAPTOP).journeys
    w.delete_outside(MARA)
    w.track(5)
    paper = ClosedMeanwhile(w, journey.id)
    with pytest.raises(errors.Stale, match=r"closed in the meantime \(abandoned\)"):
        issue.issue(w.agent, dataclasses.replace(w.request(MARA, LAPTOP), paper=paper))
    assert w.tenant_passes(MARA) == []
    with w.agent.store.begin() as tx:
        assert tx.passes.open() == []


def test_a_slow_reader_keeps_the_pass_while_the_tracker_runs(w: World) -> None:
    def read_slowly(code: PassCode) -> None:
        w.codes.append(code.reveal())
        w.track(5)

    made = issue.issue(w.agent, dataclasses.replace(w.request_for_screen(MARA, LAPTOP), screen=read_slowly))
    assert w.our_pass(made.row.id).state is PassState.ISSUED
    assert len(w.tenant_passes(MARA)) == 1


@pytest.mark.parametrize(
    ("problem", "raised"), [(RuntimeError, errors.AgentError), (KeyboardInterrupt, KeyboardInterrupt)]
)
def test_a_screen_that_fails_takes_the_pass_and_its_papers_back(
    w: World, problem: type[BaseException], raised: type[BaseException]
) -> None:
    def fail(_: PassCode) -> None:
        raise problem

    with pytest.raises(raised):
        issue.issue(w.agent, dataclasses.replace(w.request(MARA, LAPTOP), screen=fail))
    row, states = only_pass(w)
    assert (row.state, row.reason, states) == (PassState.GONE, "the code could not be shown", {JourneyState.ABANDONED})
    assert w.tenant_passes(MARA) == []
    assert papers(w) == []


def test_a_code_stands_on_its_slip_and_in_no_row_of_the_store(w: World) -> None:
    w.issue(MARA, LAPTOP)
    (code,) = w.codes
    kept = b"".join(path.read_bytes() for path in w.agent.settings.state_dir.rglob("*") if path.is_file())
    assert code.encode() not in kept
