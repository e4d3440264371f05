"""The local loop keeps its promises with real threads: one at a time, again after trouble, gone within a second."""

from __future__ import annotations

import threading
import time

from agent import errors
from agent.jobs import local


class Work:
    """Counts its runs, and says when it has run so often; `during` happens inside each run."""

    def __init__(self, *troubles: Exception) -> None:
        self.troubles = list(troubles)
        self.runs = 0
        self.at_once = 0
        self.most_at_once = 0
        self.seen = threading.Condition()
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self) -> None:
        with self.seen:
            self.runs += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            self.seen.notify_all()
        try:
            self.gate.wait(10)
            if self.troubles:
                raise self.troubles.pop(0)
        finally:
            with self.seen:
                self.at_once -= 1

    def has_run(self, times: int) -> bool:
        with self.seen:
            return self.seen.wait_for(lambda: self.runs >= times, 5)


def fail(problem: Exception) -> None:
    raise problem


def test_the_work_runs_at_once_and_then_again_and_again() -> None:
    work = Work()
    with local.Loop(work, every=0.01, on_trouble=fail):
        assert work.has_run(5)


def test_waking_runs_now_and_never_two_at_once() -> None:
    work = Work()
    work.gate.clear()
    with local.Loop(work, every=60, on_trouble=fail) as loop:
        assert work.has_run(1)
        for _ in range(5):
            loop.wake()
        work.gate.set()
        assert work.has_run(2)
    assert (work.runs, work.most_at_once) == (2, 1)


def test_errors_and_bugs_alike_are_told_and_survived() -> None:
    troubles = [errors.TenantUnreachable("No answer."), KeyError("a bug")]
    told: list[Exception] = []
    work = Work(*troubles)
    with local.Loop(work, every=0.01, on_trouble=told.append):
        assert work.has_run(4)
    assert told == troubles


def test_telling_of_trouble_may_fail_too() -> None:
    work = Work(ValueError())
    with local.Loop(work, every=0.01, on_trouble=fail):
        assert work.has_run(3)


def test_the_pause_doubles_with_each_failure_up_to_five_minutes() -> None:
    pauses = [local.pause(15, failures) for failures in range(8)]
    assert pauses == [15, 30, 60, 120, 240, 300, 300, 300]
    assert local.pause(600, 3) == 600


def test_stopping_takes_less_than_a_second_while_it_waits() -> None:
    work = Work()
    loop = local.Loop(work, every=60, on_trouble=fail)
    loop.start()
    assert work.has_run(1)
    begun = time.monotonic()
    assert loop.stop()
    assert time.monotonic() - begun < 0.5
    assert work.runs == 1


def test_stopping_does_not_wait_for_work_that_hangs() -> None:
    work = Work()
    work.gate.clear()
    loop = local.Loop(work, every=0.01, on_trouble=fail)
    loop.start()
    assert work.has_run(1)
    begun = time.monotonic()
    assert not loop.stop()
    assert time.monotonic() - begun < 1.5
    work.gate.set()
    time.sleep(0.1)
    assert work.runs == 1
