"""Two processes on one database issue for one person at the same instant: one pass, one refusal, every time."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from tests.acceptance import served_sandbox

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
CREATE = "POST /users/{id}/authentication/temporaryAccessPassMethods"


def test_of_two_processes_that_issue_for_one_person_at_the_same_instant_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(SCRIPTS)
    races = importlib.import_module("measures.races")
    with served_sandbox.served(tmp_path) as sandbox:

        def made() -> int:
            return int(sandbox.door("GET", "counters")["requests"].get(CREATE, 0))

        assert races.race(tmp_path, 50, made) == {"races": 50, "doubled": 0, "refused": 50, "other": 0}
        assert made() == 50
