"""Turns a view (plain values for the template) into the bytes of a PDF, with nothing on disk but the fonts.

Used in this process for slips without a code, and by the child for live ones; so it imports little. The
compiler's own messages quote what they choke on, so none of them leaves this module.
"""

from __future__ import annotations

import enum
import functools
import json
import tempfile
from pathlib import Path
from typing import Any, Final, cast

import typst

from agent.slips import barcodes

FONTS: Final = Path(__file__).with_name("fonts")
GROUP: Final = 4

# The templates say this when even the smallest size is too tall.
_DOES_NOT_FIT: Final = "does not fit on the paper"


class Outcome(enum.IntEnum):
    """How setting a slip ended; also the child's exit codes."""

    DONE = 0
    DOES_NOT_FIT = 10
    FAULTY = 11


class NotSet(Exception):
    """No PDF; `outcome` says which kind, and nothing else is told."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.name)
        self.outcome = outcome


def typeset(sources: dict[str, bytes], template: str, view: dict[str, Any]) -> bytes:
    """The PDF of `view` by `template`, one of `sources` (file name -> typst source). Raises `NotSet`.

    The same input gives the same bytes: there is no date in the document.
    """
    everything = cast("Any", {**sources, "main.typ": sources[template]})
    with tempfile.TemporaryDirectory(prefix="slip-") as nothing:
        # The folder stays empty: it is where the compiler would look for files and packages.
        try:
            made = typst.compile(
                everything,
                root=nothing,
                format="pdf",
                font_paths=_fonts(),
                ignore_system_fonts=True,
                sys_inputs={"view": json.dumps(view)},
                package_path=nothing,
                package_cache_path=nothing,
            )
        except typst.TypstError as error:
            fits = _DOES_NOT_FIT not in error.message
            raise NotSet(Outcome.FAULTY if fits else Outcome.DOES_NOT_FIT) from None
    return made


@functools.cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])


def with_code(view: dict[str, Any], code: str) -> dict[str, Any]:
    """`view` with the code in groups of four, what its easily misread symbols are called, and, if asked, its QR.

    A ticket's QR holds the ticket's number before the secret.
    """
    names: dict[str, str] = view["symbols"]
    scanned = f"{view['qr_before']}-{code}" if "qr_before" in view else code
    legend = [[symbol, names[symbol]] for symbol in dict.fromkeys(code) if symbol in names]
    return {
        **view,
        "code": {
            "groups": [code[place : place + GROUP] for place in range(0, len(code), GROUP)],
            "legend": legend,
            "qr": drawn(scanned) if view["qr_of_code"] else None,
        },
    }


def drawn(text: str) -> dict[str, Any]:
    """The QR code of `text` as a template takes it: `svg` and its width in `modules`."""
    drawing = barcodes.qr(text)
    return {"svg": drawing.svg(), "modules": drawing.width}
