"""What holds for every test: settings of ours are forgotten, nobody leaves this machine, examples repeat in CI."""

from __future__ import annotations

import ipaddress
import logging
import os
import sys
from collections.abc import Iterator

import hypothesis
import pytest

#: What a machine that runs the tests tells them on purpose.
TOLD = {"TAPSLIP_TEST_POSTGRES", "TAPSLIP_GRAPH_DATA", "TAPSLIP_CHROMIUM"}

for name in [name for name in os.environ if name.startswith("TAPSLIP_") and name not in TOLD]:
    del os.environ[name]

from tests import watching  # noqa: E402  -- only now that no setting of ours is left

hypothesis.settings.register_profile("house", deadline=None, derandomize=bool(os.environ.get("CI")))
hypothesis.settings.load_profile("house")


def _is_loopback(address: object) -> bool:
    """Whether a socket's address is on this machine; the path of a Unix socket is."""
    if not isinstance(address, tuple):
        return True
    named = address[0].decode("idna") if isinstance(address[0], bytes) else str(address[0])
    host = named.partition("%")[0]
    if host in {"localhost", ""}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _stay_at_home(event: str, arguments: tuple[object, ...]) -> None:
    if event in {"socket.connect", "socket.sendto"} and not _is_loopback(arguments[1]):
        raise RuntimeError(f"a test wants to leave this machine for {arguments[1]}")
    if event == "socket.getaddrinfo" and not _is_loopback((arguments[0] or "",)):
        raise RuntimeError(f"a test wants to look up {arguments[0]}")


sys.addaudithook(_stay_at_home)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A fault of the sandbox's answers or the client's requests fails the whole run, whichever test met it."""
    if watching.WATCH.faults and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was held against Microsoft's description of Graph, and what could not be."""
    terminalreporter.section("Microsoft's description of Graph")
    for line in watching.WATCH.lines():
        terminalreporter.write_line(line)


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """A command sets logging up for its process; the next test starts without that."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in [handler for handler in root.handlers if handler not in handlers]:
        root.removeHandler(handler)
    root.setLevel(level)
