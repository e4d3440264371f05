"""Writes PNG files with the standard library: slips in full colour, the picture in the README with a palette.

A palette makes flat pages a third as large; no picture library is needed for it.
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter

_COLOURS = 256


def plain(pixels: bytes, width: int, height: int) -> bytes:
    """A PNG of rows of red, green, blue; three bytes a pixel, no padding."""
    return _file(pixels, (width, height), 3, b"")


def with_palette(pixels: bytes, width: int, height: int) -> bytes:
    """A PNG of rows of red, green, blue, opacity (left out), in the 256 colours that say it best."""
    shades = memoryview(pixels).cast("I")
    counted = Counter(shades)
    palette = [shade for shade, _ in _spread(counted)]
    places = {shade: place for place, shade in enumerate(palette)}
    for shade in counted:
        if shade not in places:
            places[shade] = min(range(len(palette)), key=lambda place: _distance(palette[place], shade))
    indices = bytes(places[shade] for shade in shades)
    colours = b"".join(bytes(_channels(shade)) for shade in palette)
    return _file(indices, (width, height), 1, _chunk(b"PLTE", colours))


def _spread(counted: Counter[int]) -> list[tuple[int, int]]:
    """The most frequent colour of each small cube of colours, the fullest cubes first."""
    cubes: Counter[tuple[int, ...]] = Counter()
    best: dict[tuple[int, ...], int] = {}
    for shade, times in counted.most_common():
        cube = tuple(channel >> 4 for channel in _channels(shade))
        cubes[cube] += times
        best.setdefault(cube, shade)
    return [(best[cube], times) for cube, times in cubes.most_common(_COLOURS)]


def _channels(shade: int) -> tuple[int, int, int]:
    red, green, blue, _ = struct.pack("=I", shade)
    return red, green, blue


def _distance(one: int, other: int) -> int:
    return sum((a - b) ** 2 for a, b in zip(_channels(one), _channels(other), strict=True))


def _file(pixels: bytes, size: tuple[int, int], depth: int, palette: bytes) -> bytes:
    width, height = size
    row = width * depth
    lines = b"".join(b"\0" + pixels[at : at + row] for at in range(0, row * height, row))
    kind = 3 if palette else 2
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + palette + _chunk(b"IDAT", zlib.compress(lines, 9)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
