"""Keeps the traceback of a bug in a file of its owner's, through the redaction net and without local variables."""

from __future__ import annotations

import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from agent import logs


def keep(problem: BaseException) -> Path | None:
    """Write it; returns where, or None when even that fails. Messages of exceptions are left out: only their kinds."""
    frames = traceback.extract_tb(problem.__traceback__)
    kinds = [type(problem).__name__]
    cause = problem.__cause__
    while cause is not None:
        kinds.append(type(cause).__name__)
        cause = cause.__cause__
    text = "".join(traceback.format_list(frames)) + " caused by ".join(kinds) + "\n"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix=f"tapslip-{datetime.now(UTC):%Y%m%d-%H%M%S}-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            file.write(logs.redacted(text))
    except OSError:
        return None
    return Path(file.name)
