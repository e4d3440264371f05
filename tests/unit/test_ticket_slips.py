"""The paper of a ticket and the PIN letter, as a person and a scanner read them."""

from __future__ import annotations

import dataclasses
import traceback
from datetime import UTC, datetime
from typing import Any

import pypdfium2
import pytest
import zxingcpp

from agent import errors
from agent.domain.second_facts import SecondFact
from agent.domain.secrets import ClaimSecret
from agent.slips import ticket_slip

SECRET = ClaimSecret("8F3DA9KQ2PX")
CONTENT = ticket_slip.TicketContent(
    number="K7Q2MX",
    organisation="Contoso Logistics",
    support="+49 30 5550 123",
    person_name="Adele Vance",
    user_name="adele.vance@contoso-logistics.example",
    distinguishing=("Finance", "Berlin, 4.12"),
    devices=(ticket_slip.Device("Set up your new PC", "ThinkPad T14", "PF3X9K2L"),),
    facts=("technician",),
    works_until=datetime(2026, 12, 1, 17, 0, tzinfo=UTC),
    zone="Europe/Berlin",
    watermark="",
)


def read(stock: str, secret: ClaimSecret = SECRET, **changes: Any) -> tuple[str, set[str], int]:
    """Text, barcodes, and pages."""
    pdf = ticket_slip.render(dataclasses.replace(CONTENT, **changes), secret, ticket_slip.Paper(stock))
    document = pypdfium2.PdfDocument(pdf)
    try:
        bitmap = document[0].render(scale=200 / 72, grayscale=True)
        pixels = memoryview(bytes(bitmap.buffer)).cast("B", (bitmap.height, bitmap.stride))
        codes = {found.text for found in zxingcpp.read_barcodes(pixels)}
        return " ".join(document[0].get_textpage().get_text_range().split()), codes, len(document)
    finally:
        document.close()


@pytest.mark.parametrize("stock", ["a4", "a6"])
def test_number_secret_person_device_and_end_are_on_the_ticket(stock: str) -> None:
    text, codes, pages = read(stock)
    assert pages == 1
    assert codes == {"K7Q2MX-8F3DA9KQ2PX"}
    for part in ("K7Q2MX", "8F3D A9KQ 2PX", "Adele Vance", "PF3X9K2L", "Works until Tue, 1 Dec 2026, 18:00"):
        assert part in text, text


@pytest.mark.parametrize("stock", ["a4", "a6"])
def test_the_pin_letter_carries_the_pin_and_no_barcode_and_no_device(stock: str) -> None:
    text, codes, _ = read(stock, ClaimSecret("493021"), kind=ticket_slip.PIN_LETTER)
    assert codes == set()
    assert "4930 21" in text
    assert "PF3X9K2L" not in text
    assert "apart from the ticket" in text


@pytest.mark.parametrize("stock", ["a4", "a6"])
def test_a_large_kit_a_long_name_and_every_second_fact_fit(stock: str) -> None:
    device = ticket_slip.Device("Set up your iPhone or iPad", "iPad Pro 13-inch (7th generation)", "DMTH401PWXYZ")
    long = "Wolfeschlegelsteinhausenbergerdorff-Montgomery the Third of Somewhere"
    text, codes, pages = read(stock, devices=(device,) * 5, facts=tuple(SecondFact), person_name=long)
    assert (pages, codes) == (1, {"K7Q2MX-8F3DA9KQ2PX"})
    assert text.count("DMTH401PWXYZ") == 5


def test_a_name_that_reads_otherwise_is_refused_and_no_error_holds_the_secret() -> None:
    for content in (
        dataclasses.replace(CONTENT, person_name="Ad\u202eele"),
        dataclasses.replace(CONTENT, devices=(ticket_slip.Device("x" * 500),)),
        dataclasses.replace(CONTENT, devices=CONTENT.devices * 80),
    ):
        with pytest.raises(errors.Refused) as refused:
            ticket_slip.render(content, SECRET, ticket_slip.Paper("a6"))
        assert SECRET.printed() not in "".join(traceback.format_exception(refused.value))
