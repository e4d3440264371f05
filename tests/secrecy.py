"""Looks for a code in every form in which it could have been left behind, and says where and how it was found.

Used by the tests that prove promise 1. It reads bytes, files and whole folders (their names too) and goes through
archives, compressed streams, pictures and PDFs; its own test first plants each form and proves that it is seen.
"""

from __future__ import annotations

import base64
import dataclasses
import html.entities
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, cast

import pypdfium2
import typst
import zxingcpp

Place = Path | bytes | tuple[str, bytes]
Layer = tuple[str, bytes]

_DEPTH: Final = 6
_SHORTEST: Final = 6
_INFLATED: Final = 256 * 1024 * 1024
_SCALE: Final = 200 / 72  # 200 dots per inch; a QR code too small for that is too small for a phone

# What may stand between two groups of four: blanks of any kind, hyphens, tags, and their escapes.
_BETWEEN: Final = (
    rb"(?:[\s\-._|,]|\xc2\xa0|\xa0|\xe2\x80[\x80-\xaf]|&nbsp;|&#160;|&#x[aA]0;|%20|%C2%A0|%c2%a0|\\u00[aA]0"
    rb"|\\[nrt]|<[^<>]{0,80}>){0,8}"
)
_PACKED: Final = re.compile(rb"\x1f\x8b\x08|[\x48\x58\x68\x78][\x01\x5e\x9c\xda]")
_WIDTH: Final = re.compile(rb'<svg[^>]*? width="(\d+)"')
_STANDARD: Final = bytes.maketrans(b"-_", b"+/")
_BASE64_RUN: Final = re.compile(rb"[A-Za-z0-9+/_-]{24,}={0,2}")
_SVG: Final = re.compile(rb"<svg\b.{20,200000}?</svg>", re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Hit:
    """The code was found at `place` (with the way into it) in this `form`."""

    place: str
    form: str


@dataclasses.dataclass(frozen=True)
class _Forms:
    written: re.Pattern[bytes]
    hexadecimal: re.Pattern[bytes]
    base64: tuple[bytes, ...]


def find(code: str, places: Iterable[Place]) -> list[Hit]:
    """Every place that holds `code` (ASCII, at least 6 symbols), each form once; [] if there is none."""
    if len(code) < _SHORTEST or not code.isascii():
        raise ValueError("a code to look for is ASCII and has six symbols or more")
    forms = _Forms(_written(code), _hexadecimal(code), _base64(code))
    hits: dict[Hit, None] = {}
    for name, content in _contents(places):
        for way, layer in _layers(name, content, _DEPTH):
            hits.update(dict.fromkeys(Hit(way, form) for form in _forms_in(layer, forms)))
    return list(hits)


def _contents(places: Iterable[Place]) -> Iterator[tuple[str, bytes]]:
    for place in places:
        if isinstance(place, bytes):
            yield "bytes", place
        elif isinstance(place, tuple):
            yield place
        else:
            for path in [place, *sorted(place.rglob("*"))] if place.is_dir() else [place]:
                yield f"{path} (its name)", str(path).encode("utf-8", "surrogateescape")
                if path.is_file() and not path.is_symlink():
                    yield str(path), path.read_bytes()


def _written(code: str) -> re.Pattern[bytes]:
    signs = [_spellings(sign) for sign in code]
    groups = [b"".join(signs[place : place + 4]) for place in range(0, len(signs), 4)]
    return re.compile(_BETWEEN.join(groups))


def _spellings(sign: str) -> bytes:
    """All the ways in which text formats write one sign: itself, URL, JSON, Python, HTML, quoted-printable."""
    number = ord(sign)
    low = f"{number:02x}"
    hexed = rf"(?:{low}|{low.upper()})"
    names = "|".join(
        sorted(re.escape(name.rstrip(";")) for name, value in html.entities.html5.items() if value == sign)
    )
    spellings = [
        re.escape(sign),
        rf"%(?:25){{0,3}}{hexed}",
        rf"\\(?:u00|x){hexed}",
        rf"&(?:amp;){{0,3}}#(?:0{{0,4}}{number}|[xX]0{{0,4}}{hexed});?",
        rf"={hexed}",
    ]
    if names:
        spellings.append(rf"&(?:amp;){{0,3}}(?:{names});?")
    return rf"\\{{0,3}}(?:{'|'.join(spellings)})".encode()


def _hexadecimal(code: str) -> re.Pattern[bytes]:
    """Bytes in either case, also with a mark between them, also of the UTF-16 text."""
    between = rb"(?:00)?[ :\-]?(?:0x|\\x)?(?:00)?"
    return re.compile(between.join(f"{byte:02x}".encode() for byte in code.encode()), re.IGNORECASE)


def _base64(code: str) -> tuple[bytes, ...]:
    """The signs that are the same whatever stands before and after, at each of the three alignments."""
    needles: set[bytes] = set()
    for plain in (code.encode(), code.encode("utf-16-le"), code.encode("utf-16-be")):
        for before in range(3):
            filled = before + len(plain)
            whole = base64.b64encode(b"\0" * before + plain + b"\0" * (-filled % 3))
            first = (before * 8 + 5) // 6
            needle = whole[first : filled * 8 // 6]
            needles |= {needle, needle.replace(b"+", b"-").replace(b"/", b"_")}
    return tuple(sorted(needles))


def _forms_in(layer: bytes, forms: _Forms) -> Iterator[str]:
    """Text in two bytes a sign is found by leaving out the zeros."""
    if forms.written.search(layer):
        yield "written"
    elif b"\0" in layer and forms.written.search(layer.replace(b"\0", b"")):
        yield "written wide"
    if forms.hexadecimal.search(layer):
        yield "hexadecimal"
    run = layer.translate(None, b" \t\r\n").replace(b"\\/", b"/")
    for escaped, sign in ((b"%2B", b"+"), (b"%2b", b"+"), (b"%2F", b"/"), (b"%2f", b"/")):
        run = run.replace(escaped, sign)
    if any(needle in run for needle in forms.base64):
        yield "base64"


def _layers(name: str, content: bytes, depth: int) -> Iterator[tuple[str, bytes]]:
    """`content` and everything packed in it, with the way to each."""
    yield name, content
    if depth == 0:
        return
    for opened in (_inflated, _of_zip, _of_pdf, _of_pictures, _unbased):
        for step, inner in opened(content):
            yield from _layers(f"{name} > {step}", inner, depth - 1)


def _inflated(content: bytes) -> Iterator[Layer]:
    """gzip and zlib wherever one begins, whole or cut short; bare deflate when it is all there is."""
    place = 0
    while found := _PACKED.search(content, place):
        kind, window = ("gzip", 31) if found.group().startswith(b"\x1f") else ("zlib", 15)
        made, used = _inflate(content, found.start(), window)
        place = found.start() + max(used, 1)
        if len(made) >= _SHORTEST:
            yield f"{kind}@{found.start()}", made
    made, used = _inflate(content, 0, -15)
    if used == len(content) and len(made) >= _SHORTEST:
        yield "deflate", made


def _inflate(content: bytes, start: int, window: int) -> tuple[bytes, int]:
    """What comes out until the stream ends or breaks, and the length of a stream that came to its end, else 0."""
    machine = zlib.decompressobj(window)
    view = memoryview(content)
    made = bytearray()
    try:
        for place in range(start, len(content), 1024):
            made += machine.decompress(view[place : place + 1024])
            if machine.eof:
                return bytes(made), min(place + 1024, len(content)) - len(machine.unused_data) - start
            if len(made) > _INFLATED:
                break
    except zlib.error:
        pass
    return bytes(made), 0


def _of_zip(content: bytes) -> Iterator[Layer]:
    """Deflated members by their local headers, so that a cut archive is read too; names and stored ones are plain."""
    for found in re.finditer(rb"PK\x03\x04", content):
        header = content[found.start() : found.start() + 30]
        if len(header) == 30 and header[8:10] == b"\x08\0":
            lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
            made, _ = _inflate(content, found.start() + 30 + lengths, -15)
            yield f"zip@{found.start()}", made


def _of_pdf(content: bytes) -> Iterator[Layer]:
    for found in re.finditer(rb"%PDF-\d", content):
        end = content.find(b"%%EOF", found.start())
        part = content[found.start() : end + 5] if end > 0 else content[found.start() :]
        yield from ((f"pdf@{found.start()} {step}", inner) for step, inner in _pages(part))


def _pages(pdf: bytes, scale: float = _SCALE) -> Iterator[Layer]:
    try:
        document = pypdfium2.PdfDocument(pdf)
    except pypdfium2.PdfiumError:
        return
    try:
        yield "metadata", "\n".join(document.get_metadata_dict().values()).encode()
        for number, page in enumerate(document, start=1):
            yield f"text of page {number}", page.get_textpage().get_text_range().encode("utf-8", "replace")
            bitmap = page.render(scale=scale, grayscale=True)
            pixels = memoryview(bytes(bitmap.buffer)).cast("B", (bitmap.height, bitmap.stride))
            for barcode in zxingcpp.read_barcodes(pixels):
                yield f"{barcode.format} on page {number}", barcode.text.encode()
    finally:
        document.close()


def _of_pictures(content: bytes) -> Iterator[Layer]:
    """Barcodes in PNG and SVG: each is set on a page of its own size, which is then read as any other."""
    for found in re.finditer(rb"\x89PNG\r\n\x1a\n", content):
        size = (int.from_bytes(content[found.start() + at : found.start() + at + 4], "big") for at in (16, 20))
        yield from _drawn(_framed(content[found.start() :], *size))
    for drawing in _SVG.findall(content):
        yield from _drawn(drawing)


def _framed(picture: bytes, width: int, height: int) -> bytes:
    """The picture inside an SVG document: the compiler takes text only."""
    packed = base64.b64encode(picture).decode()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"><image '
        f'width="{width}" height="{height}" href="data:image/png;base64,{packed}"/></svg>'
    ).encode()


def _drawn(svg: bytes) -> Iterator[Layer]:
    width = max(600, int(found.group(1))) if (found := _WIDTH.match(svg)) else 600
    source = f'#set page(width: auto, height: auto, margin: 8pt)\n#image("drawn.svg", width: {width}pt)'
    files = cast("Any", {"main.typ": source.encode(), "drawn.svg": svg})
    try:
        pdf = typst.compile(files, format="pdf", ignore_system_fonts=True)
    except (typst.TypstError, RuntimeError):
        return
    yield from ((f"picture: {step}", inner) for step, inner in _pages(pdf, scale=1))


def _unbased(content: bytes) -> Iterator[Layer]:
    """All runs of base64 decoded, one a line: packed or escaped text in them is not found by its own signs."""
    found = (run.translate(_STANDARD).rstrip(b"=") for run in _BASE64_RUN.findall(content))
    decoded = b"\n".join(base64.b64decode(run + b"=" * (-len(run) % 4)) for run in found if len(run) % 4 != 1)
    if decoded:
        yield "base64", decoded
