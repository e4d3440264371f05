"""Stylesheets, script, fonts and icon, read from the package once and served under an address that names their content.

Fonts are the ones that slips are printed with. Everything is in memory: nothing on disk is reachable by a path.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from typing import Final

_KINDS: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "ttf": "font/ttf",
}
_OURS: Final = ("pico.min.css", "tapslip.css", "htmx.min.js", "live.js", "icon.svg")
_FONTS: Final = (
    "AtkinsonHyperlegibleNext_400Regular.ttf",
    "AtkinsonHyperlegibleNext_700Bold.ttf",
    "AtkinsonHyperlegibleMono_400Regular.ttf",
    "AtkinsonHyperlegibleMono_700Bold.ttf",
    "NotoSans_400Regular.ttf",
    "NotoSans_700Bold.ttf",
    "NotoSansArabic_400Regular.ttf",
    "NotoSansArabic_700Bold.ttf",
    "NotoSansHebrew_400Regular.ttf",
    "NotoSansHebrew_700Bold.ttf",
)


@dataclass(frozen=True, slots=True)
class Assets:
    """`version` changes when any content does; `files` holds (content, media type) by name, fonts as `fonts/NAME`."""

    version: str
    files: dict[str, tuple[bytes, str]]

    def address(self, name: str) -> str:
        """Where a page finds one of them."""
        return f"/static/{self.version}/{name}"


def read() -> Assets:
    """All of them, from the installed package."""
    static = resources.files("agent.web") / "static"
    fonts = resources.files("agent.slips") / "fonts"
    contents = {name: (static / name).read_bytes() for name in _OURS}
    contents |= {f"fonts/{name}": (fonts / name).read_bytes() for name in _FONTS}
    version = digest(b"".join(name.encode() + digest(content).encode() for name, content in contents.items()))
    return Assets(version, {name: (content, _KINDS[name.rpartition(".")[2]]) for name, content in contents.items()})


def digest(content: bytes) -> str:
    """A short name for exactly this content: 64 bits in hex."""
    return hashlib.sha256(content).hexdigest()[:16]
