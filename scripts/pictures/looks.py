"""What the played story looks like: pages in a real browser, slips as a printer's raster, and one picture of it all."""

from __future__ import annotations

import base64
import html
import os
import re
import string
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bootstrap
import pypdfium2

from pictures import png, story

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
_FONTS = bootstrap.ROOT / "agent" / "slips" / "fonts"
_DOTS_PER_POINT = 1.82  # an A4 slip is then twice as wide as it stands in the picture
_PAGES: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "narrow": {"viewport": {"width": 400, "height": 800}, "color_scheme": "light"},
    # For the picture: letters stay legible where it is shown at half its size.
    "picture": {"viewport": {"width": 1120, "height": 600}, "device_scale_factor": 1552 / 1120},
}
#: The chapters of the picture, by how their headings begin, with the lines that tell them; none may be missing.
_CHAPTERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("An iPhone locked in Company Portal", ("It would hang here",)),
    ("A pass for mara.quist", ("Multi-use pass", "Read back from the paper")),
    ("PF4TH101: the person types", ("Welcome to", "Restarting", "with Windows Hello, without")),
    ("H4TH301QLM: the person types", ("with Authenticator, without",)),
    ("At a trusted PC", ("with the passkey on the new phone, without",)),
    ("What Microsoft Graph shows", ("windows-autopilot: Hello set up", "windows-autopilot: Pass gone")),
    ("Done", ("windows-autopilot", "ios-company-portal", "account-recovery")),
)


def taken(played: story.Played) -> dict[str, bytes]:
    """Every page and slip by name, as PNG. Raises StoryFailed where there is no browser."""
    shots = {name: _slip(path) for name, path in played.slips.items()}
    with _browser() as browser:
        # The link opens once, so every look shares the first one's session.
        context = browser.new_context(ignore_https_errors=True)
        context.new_page().goto(played.link)
        state = context.storage_state()
        for name, look in _PAGES.items():
            page = browser.new_context(ignore_https_errors=True, storage_state=state, **look).new_page()
            shots[f"board-{name}"] = _page(page, _origin(played.link))
            page.get_by_role("link", name="Mara Quist").first.click()
            page.wait_for_url(re.compile("/journeys/"))
            shots[f"journey-{name}"] = _page(page)
    return shots


def composed(told: list[str], shots: dict[str, bytes]) -> bytes:
    """One picture: what the terminal said, the slip and the board, as a PNG with a palette."""
    sources = {
        "mono": _address("font/ttf", (_FONTS / "AtkinsonHyperlegibleMono_400Regular.ttf").read_bytes()),
        "mono_bold": _address("font/ttf", (_FONTS / "AtkinsonHyperlegibleMono_700Bold.ttf").read_bytes()),
        "slip": _address("image/png", shots["slip-windows-a4"]),
        "board": _address("image/png", shots["board-picture"]),
        "lines": "\n".join(_lines(told)),
    }
    poster = string.Template(Path(__file__).with_name("poster.html").read_text("utf-8")).substitute(sources)
    with _browser() as browser:
        page = browser.new_page(viewport={"width": 1600, "height": 900})
        page.set_content(poster)
        size = page.evaluate("document.fonts.ready.then(() => [1600, document.body.offsetHeight])")
        pixels = _pixels(page, page.screenshot(full_page=True))
    return png.with_palette(pixels, *size)


@contextmanager
def _browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  a moment's wait that --help need not have

    chromium = Path(os.environ.get("TAPSLIP_CHROMIUM") or "/usr/bin/chromium")
    if not chromium.exists():
        raise story.StoryFailed(f"There is no Chromium at {chromium}: name yours in TAPSLIP_CHROMIUM.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def _page(page: Page, address: str = "") -> bytes:
    if address:
        page.goto(address)
    page.wait_for_function("document.fonts.status == 'loaded'")
    return page.screenshot(full_page=True)


def _origin(link: str) -> str:
    return link.partition("/enter/")[0] + "/"


def _slip(pdf: Path) -> bytes:
    document = pypdfium2.PdfDocument(pdf)
    try:
        bitmap = document[0].render(scale=_DOTS_PER_POINT, rev_byteorder=True)
        width, pixels = bitmap.width * bitmap.n_channels, bytes(bitmap.buffer)
        rows = (pixels[at : at + width] for at in range(0, bitmap.stride * bitmap.height, bitmap.stride))
        return png.plain(b"".join(rows), bitmap.width, bitmap.height)
    finally:
        document.close()


def _address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _pixels(page: Page, picture: bytes) -> bytes:
    """The picture's pixels, four bytes each; the browser knows how to read a PNG."""
    code: str = page.evaluate(
        """async (address) => {
            const picture = new Image(); picture.src = address; await picture.decode();
            const canvas = new OffscreenCanvas(picture.width, picture.height), brush = canvas.getContext('2d');
            brush.drawImage(picture, 0, 0);
            const seen = new Blob([brush.getImageData(0, 0, picture.width, picture.height).data]);
            return new Promise(done => {
                const reader = new FileReader(); reader.onload = () => done(reader.result); reader.readAsDataURL(seen);
            });
        }""",
        _address("image/png", picture),
    )
    return base64.b64decode(code.partition(",")[2])


def _lines(told: list[str]) -> Iterator[str]:
    for heading, wanted in _CHAPTERS:
        start = next((at for at, line in enumerate(told) if line.startswith(heading)), None)
        if start is None:
            raise story.StoryFailed(f"The demo no longer tells the chapter “{heading}”.")
        yield f'<p class="title">{_unbroken(told[start])}</p>'
        end = next((at for at, line in enumerate(told) if at > start and not line), len(told))
        for sign in wanted:
            line = next((line for line in told[start + 1 : end] if sign in line), None)
            if line is None:
                raise story.StoryFailed(f"“{told[start]}” no longer says “{sign}”.")
            yield f"<p>{_coloured(line.strip())}</p>"


def _unbroken(line: str) -> str:
    """A name with a hyphen stays in one line."""
    return re.sub(r"(\S+-\S+)", r'<span class="whole">\1</span>', html.escape(line))


def _coloured(line: str) -> str:
    """The terminal's own colours: ticks and names of devices."""
    shown = re.sub(r"^(\S+)( │)", r'<span class="device">\1</span>\2', html.escape(line))
    shown = re.sub(r"^(✓ .*?  )(.*)", r'\1<span class="dim">\2</span>', shown)
    return shown.replace("✓", '<span class="good">✓</span>', 1)
