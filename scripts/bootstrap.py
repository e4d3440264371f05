"""Makes the virtual environment the other scripts run in, so that a fresh machine needs one command.

Standard library only: this runs before anything is installed. The environment lies in ``.venv`` beside
``pyproject.toml``; a stamp in it, written last, says what it was made from, so a second run only compares
a few digests and a run that was killed half-way is finished by the next.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

if sys.version_info < (3, 11):  # noqa: UP036 -- an older Python must be told so, not shown a traceback
    raise SystemExit(
        f"Tapslip needs Python 3.11 or newer; this is {sys.version.split()[0]}.\n"
        "Install a newer Python and run this script with it, for example: python3.12 scripts/demo.py"
    )

import tomllib

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "tapslip-stamp.json"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
SUFFIX = ".exe" if os.name == "nt" else ""
PYTHON = BIN / f"python{SUFFIX}"
RUN_LOCK = "requirements.lock"
TEST_LOCK = "requirements-test.lock"
# Each lock holds the one before it, line for line, so what satisfies a later one satisfies the earlier.
LOCKS = (RUN_LOCK, TEST_LOCK)

Stamp = dict[str, str]


def ensure(lock: str) -> None:
    """Bring ``.venv`` to what ``lock`` (a file name in the root) lists, with this package in it.

    Says in one line what it installs and nothing when all is in place. Ends the program with a sentence
    when the environment cannot be made.
    """
    stamp, wanted = _read_stamp(), _wanted(lock)
    if PYTHON.exists() and wanted.items() <= stamp.items():
        return
    if not _usable(stamp, wanted):
        _make_venv()
        stamp = {}
    STAMP.unlink(missing_ok=True)
    if any(stamp.get(name) != wanted.get(name) for name in _locks_up_to(lock)):
        _install_lock(lock)
        stamp = {}
    else:
        _say("Installing Tapslip itself into .venv anew: its description in pyproject.toml has changed")
    _pip("--no-deps", "--no-build-isolation", "-e", str(ROOT))
    _write_stamp({**stamp, **wanted})


def run(lock: str, arguments: list[str]) -> int:
    """Ensure the environment for ``lock``, then run its Python with ``arguments``; the exit code of that."""
    ensure(lock)
    return pass_through([str(PYTHON), *arguments])


def inside() -> bool:
    """Whether this very process already runs in ``.venv``."""
    return Path(sys.prefix).resolve() == VENV.resolve()


def tool(name: str) -> str:
    """The path of a command that the lock file brought, such as ``ruff``."""
    return str(BIN / f"{name}{SUFFIX}")


def pass_through(command: list[str]) -> int:
    """Run a command on this terminal and return its exit code, as a shell would.

    Ctrl-C reaches the command from the terminal itself, so here it only means to wait for the command to
    finish; a SIGTERM for this process is handed on, else the command would outlive it.
    """
    with subprocess.Popen(command) as child:
        before = signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        try:
            code = _wait(child)
        finally:
            signal.signal(signal.SIGTERM, before)
    return code if code >= 0 else 128 - code


def _wait(child: subprocess.Popen[bytes]) -> int:
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue


def _read_stamp() -> Stamp:
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _write_stamp(stamp: Stamp) -> None:
    unfinished = STAMP.with_suffix(".new")
    unfinished.write_text(json.dumps(stamp, indent=1), encoding="utf-8")
    unfinished.replace(STAMP)


def _locks_up_to(lock: str) -> tuple[str, ...]:
    return LOCKS[: LOCKS.index(lock) + 1]


def _wanted(lock: str) -> Stamp:
    """What the stamp must say: Python, folder (a copied environment points at the original), digests."""
    return {
        "python": "{}.{}".format(*sys.version_info),
        "root": str(ROOT),
        "package": _package_digest(),
        **{name: hashlib.sha256((ROOT / name).read_bytes()).hexdigest() for name in _locks_up_to(lock)},
    }


def _package_digest() -> str:
    """The part of ``pyproject.toml`` the installed package is made from; the tools' settings do not count."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)
    parts = [project["build-system"], project["project"], project.get("tool", {}).get("hatch")]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _usable(stamp: Stamp, wanted: Stamp) -> bool:
    """Whether the environment can be finished: made here, by this Python, and far enough to have pip."""
    if not PYTHON.exists() or any(stamp.get(key, wanted[key]) != wanted[key] for key in ("python", "root")):
        return False
    return bool(stamp) or subprocess.run([str(PYTHON), "-c", "import pip"], check=False).returncode == 0


def _make_venv() -> None:
    if inside():
        _stop("This Python runs in .venv, which has to be remade.", "Run the script with the system's Python.")
    if any(importlib.util.find_spec(name) is None for name in ("venv", "ensurepip")):
        _stop(
            "This Python cannot make virtual environments: its parts venv and ensurepip are missing.",
            "On Debian and Ubuntu: apt install python3-venv",
        )
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=False)
    if made.returncode:
        _stop(
            f"The virtual environment could not be made in {VENV}.",
            "What Python said stands above. On Debian and Ubuntu: apt install python3-venv",
        )


def _install_lock(lock: str) -> None:
    count = len(re.findall(r"^[A-Za-z0-9]", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))
    _say(f"Installing {count} packages into .venv, about a minute the first time")
    _pip("--require-hashes", "-r", str(ROOT / lock))


def _pip(*arguments: str) -> None:
    quiet = ["--quiet", "--quiet", "--disable-pip-version-check", "--no-input", "--no-warn-script-location"]
    done = subprocess.run([str(PYTHON), "-m", "pip", "install", *quiet, *arguments], check=False)
    if done.returncode:
        _stop(
            "The packages could not be installed; what pip said stands above.",
            "If it could not reach the package index, mend the network or set HTTPS_PROXY or PIP_INDEX_URL, "
            "and run this again: it goes on where it stopped.",
        )


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _stop(summary: str, advice: str) -> NoReturn:
    raise SystemExit(f"{summary}\n{advice}")
