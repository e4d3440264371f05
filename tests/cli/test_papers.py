"""`tapslip slip`: samples of every profile on every paper, and slips that were torn up."""

from __future__ import annotations

import pypdfium2
import pytest

from agent import profile_files
from tests.cli.terminal import Terminal, refused


@pytest.mark.parametrize("stock", ["a4", "a6"])
def test_every_profile_s_ticket_and_slip_fit_each_paper_and_need_no_tenant(lonely: Terminal, stock: str) -> None:
    for name in profile_files.load_all():
        for more in ((), ("--ticket",)):
            where = lonely.folder / f"{name}{len(more)}"
            said = lonely.run("slip", "preview", "--profile", name, *more, "--stock", stock, "--slip", str(where))
            assert said.code == 0, said
            document = pypdfium2.PdfDocument(where / "slip-PREVIEW.pdf")
            text = document[0].get_textpage().get_text_range()
            assert len(document) == 1
            document.close()
            assert ("photo ID" in text and "there is no code on it" in text) == bool(more)
    refused(lonely.run("slip", "preview", "--profile", "no-such", "--slip", "x"), 3, "no profile", "windows-autopilot")
    refused(
        lonely.run("slip", "preview", "--profile", "security-key", "--stock", "a5", "--slip", "x"), 2, "no paper", "a4"
    )


def test_a_slip_is_destroyed_once_its_code_works_no_more(terminal: Terminal) -> None:
    made = terminal.issue(json=True).json()
    (slip,), (journey,) = made["slips"], made["journeys"]
    refused(terminal.run("slip", "destroyed", slip["number"]), 3, "is live: its code may work", journey["id"])
    assert terminal.run("revoke", journey["id"], "--yes").code == 0
    assert terminal.run("slip", "destroyed", slip["number"].lower()).code == 0
    assert [row["state"] for row in terminal.rows("slips")] == ["destroyed"]
    assert terminal.rows("audit")[-1]["action"] == "slip.destroy"
    refused(terminal.run("slip", "destroyed", "AAAAAA"), 3, "There is no slip AAAAAA")
