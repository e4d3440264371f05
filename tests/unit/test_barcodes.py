"""Every drawing is read back by an independent reader."""

from __future__ import annotations

import string

import hypothesis
import pytest
import zxingcpp
from hypothesis import strategies

from agent.slips import barcodes

PRINTABLE = "".join(chr(code) for code in range(0x20, 0x7F))
LONG = "aB3+xY7!Ol0I" * 4


def read(drawing: barcodes.Drawing, *, dots: int, height: int) -> list[str]:
    """Paints the path's bars on a bitmap, `dots` pixels a module, and reads what is there."""
    width = drawing.width * dots
    rows = [bytearray(b"\xff" * width) for _ in range(drawing.height * height)]
    for bar in drawing.path.split("M")[1:]:
        x, rest = bar.split(" ")
        y, run = rest.split("h")[:2]
        length = int(run.split("v")[0])
        for row in rows[int(y) * height : (int(y) + 1) * height]:
            row[int(x) * dots : (int(x) + length) * dots] = b"\0" * (length * dots)
    pixels = memoryview(b"".join(bytes(row) for row in rows)).cast("B", (len(rows), width))
    return [found.text for found in zxingcpp.read_barcodes(pixels)]


@pytest.mark.parametrize(
    "text",
    ["a", LONG, "adele.vance@contoso.example", "https://aka.ms/mysecurityinfo", "0123456789", PRINTABLE, "größe 愛"],
)
def test_a_qr_code_reads_as_its_text(text: str) -> None:
    assert read(barcodes.qr(text), dots=4, height=4) == [text]


def test_a_qr_code_has_a_quiet_zone_of_four_modules_and_is_one_path() -> None:
    drawing = barcodes.qr("PF3X9K2L")
    assert drawing.width == drawing.height == 21 + 8
    assert drawing.path.startswith("M4 4h7v1h-7z")
    assert drawing.svg().count("<path") == 1


def test_a_drawing_does_not_tell_its_path_when_shown() -> None:
    assert "h7v1" not in repr(barcodes.qr(LONG))


@pytest.mark.parametrize(
    "text", ["PF3X9K2L", "5CG1234ABC", "12345678", "123456789", "C02XL0GTJGH5", "1S20XW00AB123456", PRINTABLE[1:]]
)
def test_a_barcode_reads_as_its_serial(text: str) -> None:
    assert read(barcodes.code128(text), dots=3, height=60) == [text]


@hypothesis.given(strategies.text(string.ascii_uppercase + string.digits + "-", min_size=4, max_size=24))
@hypothesis.settings(max_examples=60, deadline=None)
def test_any_serial_reads_as_itself(serial: str) -> None:
    assert read(barcodes.code128(serial), dots=3, height=60) == [serial]


def test_pairs_of_digits_take_the_room_of_one_sign() -> None:
    assert barcodes.code128("12345678").width == barcodes.code128("ABCD").width


@pytest.mark.parametrize("text", ["", "größe", "a\tb", "\u202eabc"])
def test_what_code_128_cannot_hold_is_known_beforehand(text: str) -> None:
    assert not barcodes.can_be_barred(text)
    with pytest.raises(ValueError, match="printable ASCII"):
        barcodes.code128(text)
