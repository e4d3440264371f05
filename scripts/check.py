"""The checks that need no test run: ``python3 scripts/check.py``. Each says in one line how it went.

``scripts/test.py`` runs the same list, apart from the sizes, which are a test file of their own there.
"""

from __future__ import annotations

import subprocess
import sys
import time

import bootstrap

FOLDERS = ("agent", "scripts", "tests")

Step = tuple[str, list[str]]


def steps() -> list[Step]:
    """Name and command of each check, the quick ones first."""
    python, ruff = str(bootstrap.PYTHON), bootstrap.tool("ruff")
    return [
        ("lint", [ruff, "check", "--quiet", "."]),
        ("format", [ruff, "format", "--check", "--quiet", "."]),
        ("types", [python, "-m", "mypy", "--no-error-summary", *FOLDERS]),
        ("import rules", [bootstrap.tool("lint-imports"), "--no-logo"]),
        ("sizes", [python, "-m", "pytest", "-q", "--no-header", "tests/test_house_rules.py"]),
    ]


def failed(wanted: list[Step]) -> list[str]:
    """Run the steps in turn, show what the failing ones say, and return their names."""
    return [name for name, command in wanted if not _passes(name, command)]


def _passes(name: str, command: list[str]) -> bool:
    began = time.monotonic()
    done = subprocess.run(
        command,
        cwd=bootstrap.ROOT,
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    passed = done.returncode == 0
    print(f"{name:<13} {'ok' if passed else 'failed':<7} {time.monotonic() - began:5.1f} s", flush=True)
    if not passed:
        print((done.stdout + done.stderr).rstrip(), flush=True)
    return passed


if __name__ == "__main__":
    bootstrap.ensure(bootstrap.TEST_LOCK)
    sys.exit(1 if failed(steps()) else 0)
