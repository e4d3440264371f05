"""Everything that must hold before a change is shared: ``python3 scripts/test.py [PYTEST ARGUMENT…]``.

Runs the checks, then every test with the coverage bar, and closes with one line on what was skipped and
why. With arguments only those tests run and the bar is not asked for. Under ``CI=true`` a skip is a failure,
the Microsoft contract data apart, which not every machine may hold.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree  # the file read is the one pytest has just written

import bootstrap
import check

BARRED_FOLDERS = ("agent/domain/", "agent/actions/")
COVERAGE_BAR = 95.0
#: Tests that start programs and wait for them; they run beside the others, which compute.
WAITING = ("tests/acceptance", "tests/cli")
CONTRACT_DATA = "TAPSLIP_GRAPH_DATA"


def main(arguments: list[str]) -> int:
    """Checks, tests, coverage, skips; 0 only when all of them are as they should be."""
    bootstrap.ensure(bootstrap.TEST_LOCK)
    failed = check.failed([step for step in check.steps() if step[0] != "sizes"])
    with tempfile.TemporaryDirectory(prefix="tapslip-test-") as folder:
        code = _pytest(arguments, Path(folder))
        covered = bool(arguments) or _covered(Path(folder) / "coverage.json")
        skips = _skips(Path(folder))
    if failed:
        print(f"Checks that failed, see above: {', '.join(failed)}")
    held_against = _tell_skips(skips, os.environ)
    return code or int(bool(failed) or not covered or held_against)


def _pytest(arguments: list[str], folder: Path) -> int:
    """Everything in two processes side by side: one mostly waits for servers and devices, the other computes."""
    if arguments:
        return subprocess.run(_command(folder, "asked", arguments), cwd=bootstrap.ROOT, check=False).returncode
    told = folder / "waiting.txt"
    with told.open("wb") as output:
        waiting = subprocess.Popen(
            _command(folder, "waiting", list(WAITING)), cwd=bootstrap.ROOT, stdout=output, stderr=subprocess.STDOUT
        )
        measured = ["--cov=agent", "--cov-report=", f"--cov-report=json:{folder / 'coverage.json'}"]
        rest = ["tests", *(f"--ignore={path}" for path in WAITING)]
        environment = {**os.environ, "COVERAGE_FILE": str(folder / "coverage")}
        code = subprocess.run(
            _command(folder, "rest", [*measured, *rest]), cwd=bootstrap.ROOT, env=environment, check=False
        ).returncode
        code = waiting.wait() or code
    sys.stdout.write(told.read_text("utf-8", errors="replace"))
    return code


def _command(folder: Path, name: str, arguments: list[str]) -> list[str]:
    return [str(bootstrap.PYTHON), "-m", "pytest", f"--junitxml={folder / f'junit-{name}.xml'}", *arguments]


def _covered(report: Path) -> bool:
    """Whether the barred folders together reach the bar; where they do not, the lines that are missing."""
    if not report.exists():
        print("Coverage could not be measured: pytest wrote no report.")
        return False
    files = {
        name.replace("\\", "/"): file
        for name, file in json.loads(report.read_text(encoding="utf-8"))["files"].items()
        if name.replace("\\", "/").startswith(BARRED_FOLDERS)
    }
    lines = sum(file["summary"]["num_statements"] for file in files.values())
    run = sum(file["summary"]["covered_lines"] for file in files.values())
    share = 100 * run / lines if lines else 0.0
    folders = " and ".join(BARRED_FOLDERS)
    print(f"Coverage of {folders}: {share:.1f} % of {lines} lines (bar {COVERAGE_BAR:.0f} %)")
    if share >= COVERAGE_BAR:
        return True
    for name, file in sorted(files.items()):
        if file["missing_lines"]:
            print(f"  {name}: not run: {_ranges(file['missing_lines'])}")
    return False


def _ranges(lines: list[int]) -> str:
    """``[1, 2, 3, 7]`` as ``1-3, 7``."""
    runs: list[list[int]] = []
    for line in lines:
        if runs and line == runs[-1][-1] + 1:
            runs[-1].append(line)
        else:
            runs.append([line])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _skips(folder: Path) -> Counter[str]:
    """How many tests were skipped for each reason. A whole file that was skipped counts as one."""
    skipped = [one for report in sorted(folder.glob("junit*.xml")) for one in _skipped(report)]
    return Counter(_reason(element) for element in skipped if element.get("type") != "pytest.xfail")


def _skipped(report: Path) -> list[ElementTree.Element]:
    return list(ElementTree.parse(report).iter("skipped"))  # noqa: S314 -- our own file


def _reason(element: ElementTree.Element) -> str:
    message = element.get("message", "")
    if message != "collection skipped":
        return message
    return (element.text or message).rsplit("Skipped: ", maxsplit=1)[-1].rstrip(" ')\"")


def _tell_skips(skips: Counter[str], environment: Mapping[str, str]) -> bool:
    """Print the closing line; true where a skip is a failure."""
    strict = environment.get("CI", "").lower() == "true"
    excused = {reason for reason in skips if CONTRACT_DATA in reason and CONTRACT_DATA not in environment}
    told = [
        f"{count} × {reason}{' (not held against it)' if strict and reason in excused else ''}"
        for reason, count in skips.most_common()
    ]
    held_against = strict and bool(skips.keys() - excused)
    ending = " — a skip is a failure where CI=true" if held_against else ""
    print(f"Skipped: {'; '.join(told) or 'nothing'}{ending}", flush=True)
    return held_against


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
