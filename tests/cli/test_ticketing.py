"""`tapslip ticket` at a technician's terminal: from the printer to the claim."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.cli import reading
from agent.domain import claim_secrets
from tests.cli.terminal import AUTOPILOT, COMPANY_PORTAL, STARTER, Said, Tenancy, Terminal, refused


def make(terminal: Terminal, *more: str) -> dict[str, Any]:
    said = terminal.run(
        "ticket", "make", "--person", STARTER, "--for", AUTOPILOT, *more, "--slip", str(terminal.slips), "--json"
    )
    assert said.code == 0, said
    made: dict[str, Any] = said.json()
    return made


def scanned(made: dict[str, Any]) -> str:
    (found,) = reading.scan(Path(made["place"])).codes
    return found.expose()


def claim(terminal: Terminal, made: dict[str, Any], typed: str, *more: str) -> Said:
    return terminal.run("ticket", "claim", made["number"].lower(), "--slip", str(terminal.slips), *more, typed=typed)


def test_from_the_printer_to_the_claim(terminal: Terminal, tenancy: Tenancy) -> None:
    made = make(terminal, "--for", COMPANY_PORTAL)
    assert tenancy.writes() == []
    assert made["second_facts"] == ["technician"]
    typed = scanned(made).lower().replace("-", " - ") + "\n"
    first = claim(terminal, made, typed)
    refused(first, 3, "The paper alone is not enough", "tapslip ask approve A", "claim the ticket again")
    ask = re.search(r"approve (A\w+)", first.err)
    assert ask is not None
    refused(terminal.run("ask", "approve", ask[1], "--yes"), 3, "Whoever asks cannot answer")
    assert "Is this the person?" in terminal.run("ask", "approve", ask[1], "--yes", role="lead").out
    done = claim(terminal, made, typed, "--json")
    assert done.code == 0, done
    assert len(done.json()["slips"]) == 2
    assert len(tenancy.passes_of(STARTER)) == 1
    refused(claim(terminal, made, typed), 3, "This ticket cannot be claimed like this", "rests for 15 minutes")
    (listed,) = terminal.run("ticket", "list", "--json").json()
    assert (listed["standing"], listed["number"]) == ("claimed", made["number"])


def test_a_wrong_secret_and_an_unknown_number_get_the_same_answer(terminal: Terminal, tenancy: Tenancy) -> None:
    made = make(terminal)
    other = claim_secrets.make(lambda below: below // 2).printed()
    wrong = claim(terminal, made, other)
    unknown = claim(terminal, {"number": "AAAAAA"}, other)
    assert (wrong.code, wrong.out, wrong.err) == (unknown.code, unknown.out, unknown.err)
    assert wrong.code == 3
    refused(claim(terminal, made, other[:-1] + ("A" if other[-1] != "A" else "C")), 2, "mistyped", "Compare it")
    refused(claim(terminal, made, ""), 2, "not a claim secret", "scan its square barcode")
    assert tenancy.writes() == []


def test_a_ticket_is_voided_once_its_number_is_named(terminal: Terminal) -> None:
    made = make(terminal)
    assert terminal.run("ticket", "void", made["number"], typed="n\n").code == 3
    assert terminal.run("ticket", "list").out.startswith(f"{made['number']}  open")
    assert terminal.run("ticket", "void", made["number"], typed="y\n").code == 0
    refused(claim(terminal, made, scanned(made)), 3, "cannot be claimed like this")
    refused(terminal.run("ticket", "void", "AAAAAA", "--yes"), 3, "There is no ticket AAAAAA")
    refused(
        terminal.run("ticket", "reprint", made["number"], "--slip", str(terminal.slips)), 3, "is void", "ticket make"
    )


@pytest.mark.parametrize("expires", ["tomorrow", "2026-12-01T08:30", "2020-01-01T00:00Z", "far"])
def test_an_odd_end_is_refused_before_anything_is_printed(terminal: Terminal, expires: str) -> None:
    text = (datetime.now(UTC) + timedelta(days=40)).isoformat() if expires == "far" else expires
    said = terminal.run(
        *("ticket", "make", "--person", STARTER, "--for", AUTOPILOT, "--slip", str(terminal.slips), "--expires", text)
    )
    assert said.code == 2, said
    assert terminal.papers() == []


def test_no_secret_is_on_the_screen_in_the_log_or_the_database(terminal: Terminal) -> None:
    said = terminal.run("ticket", "make", "--person", STARTER, "--for", AUTOPILOT, "--slip", str(terminal.slips))
    (paper,) = terminal.papers()
    secret = scanned({"place": paper}).partition("-")[2]
    assert secret not in said.out + said.err
    held = b"".join(path.read_bytes() for path in terminal.state.iterdir() if path.is_file())
    assert secret.encode() not in held
    assert "tickets" in json.loads((terminal.state / "keys.json").read_text("ascii"))
