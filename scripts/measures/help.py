"""``help``: how long a technician waits for the first answer, as a whole process."""

from __future__ import annotations

import statistics
import subprocess
import time

import bootstrap

from measures import Figures

RUNS = 11  # odd, so that the median is a run that happened
WARMING = 2  # the first ones read the disc and write bytecode


def measure() -> Figures:
    """``ms``: the median wall time of ``tapslip --help`` in milliseconds over warm runs."""
    return {"ms": round(statistics.median([_once() for _ in range(WARMING + RUNS)][WARMING:]), 1)}


def _once() -> float:
    began = time.perf_counter()
    subprocess.run([bootstrap.tool("tapslip"), "--help"], check=True, capture_output=True)
    return (time.perf_counter() - began) * 1000
