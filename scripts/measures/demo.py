"""``demo``: how long the whole story takes, without the installation."""

from __future__ import annotations

import subprocess
import tempfile
import time

import bootstrap

from measures import Figures


def measure() -> Figures:
    """``seconds``: the wall time of ``tapslip demo --once`` with the slips in a new folder."""
    with tempfile.TemporaryDirectory(prefix="tapslip-measure-") as folder:
        command = [str(bootstrap.PYTHON), "-m", "agent", "demo", "--once", "--out", folder]
        began = time.perf_counter()
        subprocess.run(command, cwd=bootstrap.ROOT, check=True, capture_output=True)
        return {"seconds": round(time.perf_counter() - began, 1)}
