"""`tapslip sandbox` as another program starts it: one line, a clean end, one for each folder, no waiting."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pytest

from agent import errors
from agent.cli import hosting
from tests import tenancies
from tests.cli.terminal import LAPTOP, STARTER, Tenancy, Terminal, refused

READY_KEYS = {
    "managed_identity",
    *("graph", "login", "tenant_id", "client_id", "client_secret", "registrations", "ca_file", "control"),
    "control_token",
}


def sandbox(folder: Path, *options: str) -> AbstractContextManager[tuple[subprocess.Popen[str], str]]:
    """The process and its first line."""
    return tenancies.program(folder, "--speed", "600", *options)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sandbox") / "state"


@pytest.fixture(scope="module")
def ready(state: Path) -> Iterator[dict[str, Any]]:
    """The ready line of a sandbox that runs in a process of its own."""
    with sandbox(state) as (_, line):
        yield json.loads(line)


def test_the_ready_line_has_what_other_programs_need(ready: dict[str, Any], state: Path) -> None:
    assert set(ready) == READY_KEYS
    assert set(ready["registrations"]) == {"watcher", "issuer", "writer", "operators", "sender"}
    assert all(set(one) == {"client_id", "client_secret"} for one in ready["registrations"].values())
    for origin in (ready["graph"], ready["login"]):
        parts = urlsplit(origin)
        assert (parts.scheme, parts.hostname, parts.path) == ("https", "localhost", "")
    assert Path(ready["ca_file"]).is_absolute()
    assert Path(ready["ca_file"]).is_file()
    assert json.loads((state / "sandbox.json").read_text("utf-8")) == ready


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such rights")
def test_only_the_owner_can_read_the_ready_file(ready: dict[str, Any], state: Path) -> None:
    assert ready
    assert (state / "sandbox.json").stat().st_mode & 0o077 == 0
    assert state.stat().st_mode & 0o077 == 0


def test_another_program_reads_people_with_the_printed_secret(ready: dict[str, Any]) -> None:
    tenancy = Tenancy(ready)
    assert tenancy.passes_of(STARTER) == []
    tenancy.close()


def test_the_control_door_needs_its_token(ready: dict[str, Any]) -> None:
    tenancy = Tenancy(ready)
    answer = tenancy.session.get(f"{ready['control']}/devices", timeout=10)
    tenancy.close()
    assert answer.status_code == 401


def test_a_second_sandbox_on_the_same_folder_is_refused(ready: dict[str, Any], state: Path) -> None:
    with sandbox(state) as (process, line):
        assert line == ""
        said = cast("Any", process.stderr).read()
        assert process.wait(timeout=20) == 5
    assert f"runs on this state folder already ({ready['graph']})" in said
    assert "--state-dir" in said
    assert (state / "sandbox.json").exists()


def test_clients_that_stall_keep_nobody_waiting(ready: dict[str, Any]) -> None:
    """Some never greet, some stop within a request: forty of them, more than there are threads."""
    port = urlsplit(ready["graph"]).port or 0
    trust = ssl.create_default_context(cafile=ready["ca_file"])
    tenancy = Tenancy(ready)
    with ExitStack() as stalled:
        for number in range(40):
            raw = stalled.enter_context(socket.create_connection(("localhost", port), timeout=10))
            if number % 2:
                secure = stalled.enter_context(trust.wrap_socket(raw, server_hostname="localhost"))
                secure.sendall(b"POST /control/reset HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{")
        before = time.monotonic()
        assert tenancy.door("devices", "GET")["devices"]
        took = time.monotonic() - before
    tenancy.close()
    assert took < 3


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes in another way")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_one_line_and_stops_cleanly(tmp_path: Path, number: int) -> None:
    with sandbox(tmp_path / "state") as (process, line):
        json.loads(line)
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
        assert (process.returncode, out, err) == (0, "", "")
    assert not (tmp_path / "state" / "sandbox.json").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes in another way")
def test_a_sandbox_that_was_killed_leaves_its_folder_to_the_next(tmp_path: Path) -> None:
    with sandbox(tmp_path / "state") as (process, line):
        first = json.loads(line)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=20)
    assert (tmp_path / "state" / "sandbox.json").exists()
    with sandbox(tmp_path / "state") as (_, line):
        second = json.loads(line)
    assert second["tenant_id"] == first["tenant_id"], "the folder keeps its seed"


def test_a_taken_port_is_named(tmp_path: Path, ready: dict[str, Any]) -> None:
    port = str(urlsplit(ready["graph"]).port)
    with sandbox(tmp_path / "state", "--port", port) as (process, line):
        assert line == ""
        said = cast("Any", process.stderr).read()
        assert process.wait(timeout=20) == 5
    assert f"Port {port} is taken" in said
    assert "--port" in said


def test_a_record_is_its_owners_alone_and_has_each_exchange_with_graph(tmp_path: Path) -> None:
    record = tmp_path / "record.jsonl"
    with tenancies.hosted(tmp_path / "state", hosting.Wish(record=record)) as running:
        tenancy = Tenancy(running.ready)
        tenancy.passes_of(STARTER)
        tenancy.close()
        (line,) = record.read_bytes().splitlines()
    assert json.loads(line)["response"]["status"] == 200
    if sys.platform != "win32":
        assert record.stat().st_mode & 0o077 == 0


def test_a_record_that_is_there_already_is_never_added_to(tmp_path: Path) -> None:
    (tmp_path / "record.jsonl").write_text("from yesterday")
    with sandbox(tmp_path / "state", "--record", str(tmp_path / "record.jsonl")) as (process, line):
        _, said = process.communicate(timeout=20)
    assert (line, process.returncode) == ("", 5)
    assert "is there already" in said
    assert "--record" in said
    assert (tmp_path / "record.jsonl").read_text() == "from yesterday"


def test_a_record_in_which_nothing_was_written_does_not_outlive_a_failed_start(tmp_path: Path) -> None:
    (tmp_path / "seed.yaml").write_text("options: {throttling: sometimes}\n")
    wish = hosting.Wish(record=tmp_path / "record.jsonl", people_file=tmp_path / "seed.yaml")
    with pytest.raises(errors.Misconfigured), tenancies.hosted(tmp_path / "state", wish):
        raise AssertionError("it started")
    assert not (tmp_path / "record.jsonl").exists()


def test_virtual_devices_are_listed_and_moved_by_commands(terminal: Terminal) -> None:
    listed = terminal.run("sandbox", "device", "list")
    assert listed.code == 0
    assert LAPTOP in listed.out
    assert terminal.run("sandbox", "device", "power-on", LAPTOP.lower()).code == 0
    shown = terminal.run("sandbox", "device", "list", "--json").json()
    assert next(row for row in shown if row["serial"] == LAPTOP)["screen"] != "off"
    assert terminal.run("sandbox", "device", "reset", LAPTOP).code == 0
    shown = terminal.run("sandbox", "device", "list", "--json").json()
    assert next(row for row in shown if row["serial"] == LAPTOP)["screen"] == "off"


def test_a_device_says_why_it_cannot(terminal: Terminal) -> None:
    refused(terminal.run("sandbox", "device", "power-on", "NOSUCH1"), 3, "no device NOSUCH1", "sandbox device list")
    unlock = terminal.run("sandbox", "device", "unlock", LAPTOP)
    assert unlock.code == 3
    assert unlock.err.strip()
    typed = terminal.run("sandbox", "device", "sign-in", LAPTOP, "--person", STARTER, typed="WRONG1!x\n")
    assert typed.code == 3
    assert "WRONG1!x" not in typed.out + typed.err
