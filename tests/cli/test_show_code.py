"""`tapslip issue --show-code` on a terminal of its own: the code is seen there, on the screen that keeps no history."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from tests.cli.terminal import AUTOPILOT, STARTER, Tenancy, Terminal

if sys.platform == "win32":
    pytest.skip("Windows has no pseudo-terminals in the standard library", allow_module_level=True)

import pty

OTHER_SCREEN, BACK = b"\x1b[?1049h", b"\x1b[?1049l"


class Screen:
    """What a pseudo-terminal shows, as bytes since the start."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self.shown = b""

    def until(self, sign: bytes, seconds: float = 20) -> None:
        """Read until `sign` was shown."""
        end = time.monotonic() + seconds
        while sign not in self.shown and time.monotonic() < end:
            self._read(0.2)
        assert sign in self.shown, self.shown

    def rest(self, process: subprocess.Popen[bytes], seconds: float = 20) -> None:
        """Read until the process is gone."""
        end = time.monotonic() + seconds
        while process.poll() is None and time.monotonic() < end:
            self._read(0.1)
        self._read(0.2)

    def _read(self, seconds: float) -> None:
        if select.select([self._handle], [], [], seconds)[0]:
            try:
                self.shown += os.read(self._handle, 65536)
            except OSError:
                time.sleep(0.05)


def show(terminal: Terminal, done: Callable[[subprocess.Popen[bytes], int], object]) -> tuple[int, Screen]:
    """Issue with --show-code, do something with the process or its terminal once the code is shown, and wait."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "agent", "--settings", str(terminal.settings), "issue", "--person", STARTER]
    try:
        with subprocess.Popen(  # noqa: S603  our own interpreter
            [*command, "--for", AUTOPILOT, "--show-code"], stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True
        ) as process:
            os.close(theirs)
            screen = Screen(ours)
            screen.until(b"Press Enter")
            done(process, ours)
            screen.rest(process)
            process.kill()
            return process.wait(timeout=20), screen
    finally:
        os.close(ours)


def test_the_code_is_shown_on_the_other_screen_only(terminal: Terminal, tenancy: Tenancy) -> None:
    code, screen = show(terminal, lambda _, keyboard: os.write(keyboard, b"\n"))
    assert code == 0, screen.shown
    before, _, rest = screen.shown.partition(OTHER_SCREEN)
    shown, _, after = rest.partition(BACK)
    typed = re.search(rb"\n {6}((?:\S{1,4} ?)+)\x1b?", re.sub(rb"\x1b\[\d*m", b"", shown))
    assert typed, shown
    groups = typed[1].split()
    assert len(b"".join(groups)) == 8
    assert shown.rstrip().endswith(b"\x1b[2J\x1b[H"), "the other screen is cleared before it is left"
    assert not [group for group in groups if group in before + after]
    assert b"Multi-use pass for Mara Quist" in after
    assert len(tenancy.passes_of(STARTER)) == 1
    assert terminal.rows("slips") == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_leaving_without_enter_takes_the_pass_away(terminal: Terminal, tenancy: Tenancy, number: int) -> None:
    """Ctrl-C, a stopped process, and a terminal window that was closed."""
    code, screen = show(terminal, lambda process, _: process.send_signal(number))
    assert code == 130, screen.shown
    assert BACK in screen.shown
    assert tenancy.passes_of(STARTER) == []
    assert {row["state"] for row in terminal.rows("passes")} <= {"refused", "gone"}
