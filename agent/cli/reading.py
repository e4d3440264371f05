"""Reads a slip as a person's phone and a bench's scanner would: the demo proves with it that the paper works.

Needs the extra `demo` (pypdfium2, zxing-cpp).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent import errors
from agent.domain.secrets import Secret

#: Dots per inch of the picture; a phone sees more.
_DOTS = 200


@dataclass(frozen=True, slots=True)
class Seen:
    """What a scanner found on the pages: text of each QR code and of each barcode; a code among them is hidden."""

    addresses: tuple[str, ...]
    user_names: tuple[str, ...]
    codes: tuple[Secret, ...]
    serials: tuple[str, ...]


def scan(pdf: Path) -> Seen:
    """Rasterise every page and read all that a scanner reads; raises Misconfigured without the extra `demo`."""
    try:
        import pypdfium2
        import zxingcpp
    except ImportError:
        raise errors.Misconfigured(
            "Reading slips back needs the extra parts of the demo.", "Install them: pip install 'tapslip[demo]'"
        ) from None
    qr: list[str] = []
    bars: list[str] = []
    document = pypdfium2.PdfDocument(pdf)
    try:
        for page in document:
            bitmap = page.render(scale=_DOTS / 72, grayscale=True)
            pixels = memoryview(bytes(bitmap.buffer)).cast("B", (bitmap.height, bitmap.stride))
            for found in zxingcpp.read_barcodes(pixels):
                (qr if found.format == zxingcpp.BarcodeFormat.QRCode else bars).append(found.text)
    finally:
        document.close()
    return Seen(
        addresses=tuple(text for text in qr if text.startswith("https://")),
        user_names=tuple(text for text in qr if "@" in text and not text.startswith("https://")),
        codes=tuple(Secret(text) for text in qr if "@" not in text and not text.startswith("https://")),
        serials=tuple(bars),
    )


def code_on(pdf: Path) -> Secret:
    """The one code that a technician's slip carries; raises Refused when there is not exactly one."""
    codes = scan(pdf).codes
    if len(codes) != 1:
        raise errors.Refused(
            f"{len(codes)} codes can be read from {pdf.name}.", "Use the technician's variant, one slip at a time."
        )
    return codes[0]
