"""Who asks for the same at the same moment gets the same answer, or the same error; afterwards it is asked anew."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from agent.graph.flights import Flights


def test_those_who_ask_while_it_is_being_read_share_one_answer() -> None:
    flights, began, go_on = Flights(), threading.Event(), threading.Event()
    asked: list[int] = []

    def read() -> int:
        asked.append(1)
        began.set()
        assert go_on.wait(10)
        return len(asked)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(flights.join, "list", read)
        assert began.wait(10)
        second = pool.submit(flights.join, "list", lambda: 99)
        while not second.running():
            pass
        go_on.set()
        assert (first.result(), second.result() in {1, 99}) == (1, True)
    assert flights.join("list", lambda: 2) == 2


def test_an_error_is_everybodys_and_not_remembered() -> None:
    flights = Flights()
    with pytest.raises(OSError, match="away"):
        flights.join("list", _away)
    assert flights.join("list", lambda: 3) == 3


def _away() -> int:
    raise OSError("away")
