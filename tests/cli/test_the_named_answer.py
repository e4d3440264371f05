"""A ticket that needs the manager's yes: they sign in as themselves, need no role, and nobody answers for them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from agent import profile_files
from agent.cli import reading
from tests.cli.terminal import AUTOPILOT, DOMAIN, Tenancy, Terminal
from tests.cli.visitor import somebody_at_the_browser

#: A starter whose manager holds a key, as the seed has them.
PERSON, MANAGER, STAFF_NUMBER = f"siobhan.o'rourke@{DOMAIN}", "ines.okafor", "1190"
GROUP = "Role: Authentication Administrators"


@pytest.fixture
def desk(terminal: Terminal, tenancy: Tenancy) -> Terminal:
    """A terminal where operators sign in, and a PC's ticket needs the manager."""
    folder = terminal.folder / "profiles"
    folder.mkdir()
    for path in profile_files.files():
        text = path.read_text("utf-8")
        wanted = text.replace("second_facts: [technician]", "second_facts: [manager, staff_number]")
        (folder / path.name).write_text(wanted if path.stem == "windows-autopilot" else text, encoding="utf-8")
    shutil.copy(profile_files.shipped() / profile_files.SCHEMA_NAME, folder)
    group = tenancy.group_of(f"tomasz.brandt@{DOMAIN}", GROUP)
    terminal.write_settings(issue_as="operator", roles={"technician": [group]}, profiles_dir=str(folder))
    return terminal


def test_only_the_manager_says_yes_and_needs_no_role(desk: Terminal, tenancy: Tenancy) -> None:
    somebody_at_the_browser(tenancy, "tomasz.brandt")
    made = desk.run("ticket", "make", "--person", PERSON, "--for", AUTOPILOT, "--slip", str(desk.slips), "--json")
    assert made.code == 0, made
    ticket = made.json()
    (secret,) = reading.scan(Path(ticket["place"])).codes
    claim = ("ticket", "claim", ticket["number"], "--staff-number", STAFF_NUMBER, "--slip", str(desk.slips))
    first = desk.run(*claim, typed=secret.expose())
    assert (first.code, "Ines Okafor, signs in as themselves" in first.err) == (3, True), first
    ask = re.search(r"approve (A\w+)", first.err)
    assert ask is not None
    another = desk.run("ask", "approve", ask[1], "--yes")
    assert (another.code, "Another person than tomasz.brandt" in another.err) == (3, True), another
    somebody_at_the_browser(tenancy, MANAGER)
    said = desk.run("ask", "approve", ask[1], "--yes")
    assert said.code == 0, said
    somebody_at_the_browser(tenancy, "tomasz.brandt")
    done = desk.run(*claim, typed=secret.expose())
    assert done.code == 0, done
    assert len(tenancy.passes_of(PERSON)) == 1
