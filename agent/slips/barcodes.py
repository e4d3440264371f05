"""QR codes and Code 128 as drawings of one vector path each, the same for paper and page.

A fixed mask skips the search for the prettiest of eight, which is most of the time a QR code takes; every reader
undoes whichever mask was used. One path instead of one square per module keeps hairlines out of the print.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Final

import qrcode
from qrcode import constants

_MASK: Final = 3
_QUIET_QR: Final = 4  # modules, ISO/IEC 18004
_QUIET_BARS: Final = 10  # modules, ISO/IEC 15417
_START_B: Final = 104
_START_C: Final = 105
_TO_B: Final = 100
_TO_C: Final = 99
_STOP: Final = 106

# Widths of bars and spaces for the values 0 to 106, ISO/IEC 15417 table 1.
_WIDTHS: Final = re.findall(
    "[0-9]+",
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 "
    "113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 "
    "212123 212321 232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 "
    "113123 113321 133121 313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 "
    "314111 221411 431111 111224 111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 "
    "241211 221114 413111 241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 "
    "214121 412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 211214 "
    "211232 2331112",
)


@dataclasses.dataclass(frozen=True)
class Drawing:
    """Black on white, measured in modules, quiet zone included; `path` is the `d` of one SVG path."""

    width: int
    height: int
    path: str = dataclasses.field(repr=False)

    def svg(self) -> str:
        """The drawing as an SVG document without a fixed size; the text it stands for is not in it."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'preserveAspectRatio="none"><path d="{self.path}" fill="#000"/></svg>'
        )


def qr(text: str) -> Drawing:
    """The QR code of `text` (up to 2,331 bytes of UTF-8), error correction M, quiet zone of 4 modules."""
    code = qrcode.QRCode(error_correction=constants.ERROR_CORRECT_M, border=_QUIET_QR, mask_pattern=_MASK, box_size=1)
    code.add_data(text)
    code.make(fit=True)
    rows = code.get_matrix()
    path = "".join(_runs(row, y) for y, row in enumerate(rows))
    return Drawing(len(rows), len(rows), path)


def _runs(row: list[bool], y: int) -> str:
    line = "".join("1" if module else "0" for module in row)
    return "".join(_bar(run.start(), y, run.end() - run.start()) for run in re.finditer("1+", line))


def _bar(x: int, y: int, width: int) -> str:
    return f"M{x} {y}h{width}v1h-{width}z"


def can_be_barred(text: str) -> bool:
    """Whether Code 128 as drawn here can hold `text`: printable ASCII, at least one character."""
    return bool(text) and all(" " <= char <= "~" for char in text)


def code128(text: str) -> Drawing:
    """The Code 128 barcode of `text`, one module high; the caller stretches it. Needs `can_be_barred(text)`."""
    if not can_be_barred(text):
        raise ValueError("Code 128 holds printable ASCII only")
    bars: list[str] = []
    x = _QUIET_BARS
    for value in _values(text):
        for place, width in enumerate(int(digit) for digit in _WIDTHS[value]):
            if place % 2 == 0:
                bars.append(_bar(x, 0, width))
            x += width
    return Drawing(x + _QUIET_BARS, 1, "".join(bars))


def _values(text: str) -> list[int]:
    """Symbol values with start, check and stop: pairs of digits in set C from four digits on, the rest in set B."""
    values: list[int] = []
    was_paired = False
    for part in re.findall(r"(?:[0-9]{2}){2,}|.", text):
        paired = len(part) > 1
        switch, start = (_TO_C, _START_C) if paired else (_TO_B, _START_B)
        if not values:
            values.append(start)
        elif paired != was_paired:
            values.append(switch)
        was_paired = paired
        values += [int(part[i : i + 2]) for i in range(0, len(part), 2)] if paired else [ord(part) - 32]
    check = (values[0] + sum(place * value for place, value in enumerate(values))) % 103
    return [*values, check, _STOP]
