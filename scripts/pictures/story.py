"""The demo as somebody at a terminal sees it, with its board open, and a few journeys more that are still under way."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import bootstrap

from agent.cli import reading

_LINK = re.compile(r"https://\S+/enter/\S+")
_PATIENCE_SECONDS = 120.0
_TAPSLIP = [str(bootstrap.PYTHON), "-P", "-m", "agent"]
#: One laptop that gets as far as Windows Hello, one phone still in its box, one iPad with a slip for the pocket.
_HALF_WAY = ("jonas.ferreira@tallisharbour.example", "windows-autopilot=PF4TH111", "technician", "a4")
_WAITING = (
    ("leila.haddad@tallisharbour.example", "ios-company-portal=H4TH302QLM", "hand-over", "a4"),
    ("yuki.tanabe@tallisharbour.example", "ios-setup-assistant=DMTH401PWX", "technician", "a6"),
)


class StoryFailed(Exception):
    """The demo, or a command after it, did not end as it should; the sentence says which."""


@dataclass(frozen=True)
class Played:
    """What there is to look at: the lines of the terminal, the way to the board, and the slips by name."""

    told: list[str]
    link: str
    slips: dict[str, Path]


@contextlib.contextmanager
def played(folder: Path) -> Iterator[Played]:
    """The demo played to its end in `folder`, its board open until the block ends. Raises StoryFailed."""
    state, slips = folder / "state", folder / "slips"
    state.mkdir()
    here = {name: str(state) for name in ("TMPDIR", "TEMP", "TMP")}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TAPSLIP_")}
    environment = inherited | here | {"PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}
    with _running([*_TAPSLIP, "demo", "--out", str(slips)], environment) as demo:
        told, link = _until_the_board_is_open(demo)
        made = {"slip-windows-a4": _slip_of(told, "windows-autopilot", slips)}
        (kept,) = state.glob("tapslip-demo-*")
        settings = {"TAPSLIP_STATE_DIR": str(kept), "TAPSLIP_ORGANISATION__NAME": "Tallis Harbour Ltd"}
        made |= _go_on(environment | settings, folder)
        yield Played(told, link, made)


@contextlib.contextmanager
def _running(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    ) as demo:
        try:
            yield demo
        finally:
            demo.terminate()
            try:
                demo.wait(20)
            except subprocess.TimeoutExpired:
                demo.kill()


def _until_the_board_is_open(demo: subprocess.Popen[str]) -> tuple[list[str], str]:
    told: list[str] = []
    guard = threading.Timer(_PATIENCE_SECONDS, demo.terminate)
    guard.start()
    try:
        for line in demo.stdout or ():
            found = _LINK.search(line)
            if found:
                return told, found.group()
            told.append(line.rstrip())
    finally:
        guard.cancel()
    raise StoryFailed("The demo ended before its board was open. It said last:\n" + "\n".join(told[-12:]))


def _slip_of(told: list[str], profile: str, folder: Path) -> Path:
    number = next(found.group(1) for line in told if (found := re.search(rf"{profile} .*slip (\w+):", line)))
    return folder / f"slip-{number}.pdf"


def _go_on(environment: dict[str, str], folder: Path) -> dict[str, Path]:
    """Issue for three more people and bring the first one's laptop to where it asks for the code again."""
    laptop = _issue(environment, _HALF_WAY, folder / "half-way")
    person, serial = _HALF_WAY[0], _HALF_WAY[1].partition("=")[2]
    _say(environment, "sandbox", "device", "power-on", serial)
    _wait_until(environment, serial)
    code = reading.code_on(laptop).expose()
    _say(environment, "sandbox", "device", "sign-in", serial, "--person", person, typed=code)
    _wait_until(environment, serial)
    slips = {wanted[1].partition("=")[0]: _issue(environment, wanted, folder / wanted[0]) for wanted in _WAITING}
    _say(environment, "track", "--once")
    return {"slip-iphone-a4": slips["ios-company-portal"], "slip-ipad-a6": slips["ios-setup-assistant"]}


def _issue(environment: dict[str, str], wanted: tuple[str, str, str, str], folder: Path) -> Path:
    person, device, variant, stock = wanted
    asked = ("--person", person, "--for", device, "--variant", variant, "--stock", stock, "--slip", str(folder))
    _say(environment, "issue", *asked)
    (slip,) = folder.glob("slip-*.pdf")
    return slip


def _wait_until(environment: dict[str, str], serial: str) -> None:
    """Until the device's screen waits for somebody."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        listed = _say(environment, "sandbox", "device", "list")
        _, _, after = listed.partition(serial)
        if "[waits for:" in "\n".join(after.splitlines()[:2]):
            return
        time.sleep(0.5)
    raise StoryFailed(f"{serial} asks for nothing.")


def _say(environment: dict[str, str], *words: str, typed: str = "") -> str:
    done = subprocess.run(
        [*_TAPSLIP, *words],
        cwd=environment["TAPSLIP_STATE_DIR"],  # where no settings file of somebody else lies
        env=environment,
        input=typed,
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=_PATIENCE_SECONDS,
    )
    if done.returncode:
        raise StoryFailed(f"tapslip {' '.join(words)}\n{done.stdout}{done.stderr}")
    return done.stdout
