"""The scripts a fresh machine starts with: what the environment is remade for, and what a skip costs."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"

OURS = ("bootstrap", "check", "test")  # the last is also a package of Python's own

JUNIT = """<testsuites><testsuite>
<testcase name="a"><skipped type="pytest.skip" message="no PostgreSQL">a.py:3: no PostgreSQL</skipped></testcase>
<testcase name="b"><skipped type="pytest.skip" message="no PostgreSQL">b.py:4: no PostgreSQL</skipped></testcase>
<testcase name="c"><skipped type="pytest.xfail" message="known"/></testcase>
<testcase name="d"><skipped message="collection skipped">('d.py', 9, 'Skipped: {reason}')</skipped></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Any]:
    """Imports a script by name from a copy in an empty repository, which its ``ROOT`` then is."""
    folder = tmp_path / "scripts"
    folder.mkdir()
    for source in SCRIPTS.glob("*.py"):
        shutil.copy(source, folder)
    before = {name: sys.modules.pop(name) for name in OURS if name in sys.modules}
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    yield importlib.import_module
    sys.path.remove(str(folder))
    for name in OURS:
        sys.modules.pop(name, None)
    sys.modules.update(before)


@pytest.fixture
def bootstrap(script: Any, tmp_path: Path) -> Any:
    """The bootstrap in a repository of two packages."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n[build-system]\n[tool.ruff]\nline-length = 1\n')
    (tmp_path / "requirements.lock").write_text("a==1\n")
    (tmp_path / "requirements-test.lock").write_text("a==1\nb==1\n")
    return script("bootstrap")


def test_what_satisfies_the_test_lock_satisfies_the_run_lock_and_not_the_other_way(bootstrap: Any) -> None:
    run, test = bootstrap._wanted("requirements.lock"), bootstrap._wanted("requirements-test.lock")
    assert run.items() < test.items()


def test_a_changed_lock_and_a_changed_package_are_noticed_but_not_a_tools_setting(bootstrap: Any) -> None:
    before = bootstrap._wanted("requirements.lock")
    project = bootstrap.ROOT / "pyproject.toml"
    project.write_text(project.read_text().replace("line-length = 1", "line-length = 2"))
    assert bootstrap._wanted("requirements.lock") == before

    project.write_text(project.read_text().replace('"x"', '"y"'))
    (bootstrap.ROOT / "requirements.lock").write_text("a==2\n")
    after = bootstrap._wanted("requirements.lock")
    assert {key for key in before if before[key] != after[key]} == {"package", "requirements.lock"}


def test_an_environment_copied_from_another_folder_is_not_used(bootstrap: Any) -> None:
    bootstrap.BIN.mkdir(parents=True)
    bootstrap.PYTHON.touch()
    wanted = bootstrap._wanted("requirements.lock")
    assert bootstrap._usable(wanted, wanted)
    assert not bootstrap._usable({**wanted, "root": "/elsewhere"}, wanted)


@pytest.mark.parametrize("torn", ["", "{", "[]"])
def test_a_torn_stamp_counts_as_none(bootstrap: Any, torn: str) -> None:
    bootstrap.VENV.mkdir()
    bootstrap.STAMP.write_text(torn)
    assert bootstrap._read_stamp() == {}


def test_the_exit_code_of_the_program_is_passed_through(script: Any) -> None:
    passing = script("bootstrap").pass_through
    assert passing([sys.executable, "-c", "raise SystemExit(3)"]) == 3


@pytest.mark.parametrize(
    ("ci", "reason", "held_against"),
    [
        ("", "no PostgreSQL", False),
        ("true", "no PostgreSQL", True),
        ("true", "TAPSLIP_GRAPH_DATA is not set", False),
    ],
)
def test_a_skip_is_a_failure_in_ci_only_and_never_for_the_contract_data(
    script: Any, capsys: pytest.CaptureFixture[str], ci: str, reason: str, held_against: bool
) -> None:
    module = script("test")
    assert module._tell_skips(module.Counter({reason: 2}), {"CI": ci}) is held_against
    told = capsys.readouterr().out
    assert told.startswith(f"Skipped: 2 × {reason}")
    assert told.count("\n") == 1
    assert ("not held against it" in told) == (ci == "true" and not held_against)


def test_contract_data_that_is_there_and_still_skipped_is_held_against_the_run(script: Any) -> None:
    module = script("test")
    environment = {"CI": "true", "TAPSLIP_GRAPH_DATA": "somewhere"}
    assert module._tell_skips(module.Counter({"TAPSLIP_GRAPH_DATA is not set": 1}), environment)


def test_skips_are_counted_by_reason_and_expected_failures_are_none(script: Any, tmp_path: Path) -> None:
    report = tmp_path / "junit.xml"
    report.write_text(JUNIT.format(reason="no Chromium"))
    assert script("test")._skips(tmp_path) == {"no PostgreSQL": 2, "no Chromium": 1}
