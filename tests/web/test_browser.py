"""The pages in a real browser over TLS: they load, refresh themselves, and break none of their own rules.

The pictures that a person should look at lie in the tests' temporary folder (pytest --basetemp=FOLDER).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from agent.cli import serving
from agent.web import local_ca
from tests.web import pages as made

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

#: Read at import: a test that cleans the environment of our variables comes later.
CHROMIUM = Path(os.environ.get("TAPSLIP_CHROMIUM") or "/usr/bin/chromium")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("Chromium: not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield started
        started.close()


@dataclass
class Bench:
    """Served pages, a browser, and whatever the browser complained about."""

    pages: made.Pages
    served: serving.Served
    browser: Browser
    complaints: list[str] = field(default_factory=list)

    def open(self, **how: Any) -> Page:
        """A fresh browser profile that has followed the link."""
        page = self.browser.new_context(ignore_https_errors=True, **how).new_page()
        page.on("console", lambda said: self.complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda problem: self.complaints.append(str(problem)))
        page.goto(self.served.origin + self.pages.entry.make())
        return page


@pytest.fixture
def bench(tmp_path: Path, browser: Browser) -> Iterator[Bench]:
    certificate = local_ca.ensure(tmp_path / "tls", datetime.now(UTC))
    with (
        made.pages(tmp_path) as built,
        serving.start(built.app.wsgi_app, certificate=certificate) as served,
    ):
        at_work = Bench(built, served, browser)
        yield at_work
        for context in browser.contexts:
            context.close()


LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "narrow": {"viewport": {"width": 400, "height": 800}, "color_scheme": "light"},
}


@pytest.mark.parametrize("look", LOOKS)
def test_the_pages_fit_their_window_and_the_browser_has_nothing_to_say(bench: Bench, look: str, tmp_path: Path) -> None:
    made.a_morning(bench.pages)
    page = bench.open(**LOOKS[look])
    for path, name in (("/", "board"), ("/journeys/M6CTJW", "journey"), ("/journeys/D9XKVF", "done")):
        page.goto(bench.served.origin + path)
        page.wait_for_function("document.fonts.status == 'loaded'")
        faces = page.evaluate("[...document.fonts].filter(f => f.status == 'loaded').map(f => f.family)")
        assert {"Atkinson", "Atkinson Mono"} <= {face.strip('"') for face in faces}
        assert page.evaluate("document.documentElement.scrollWidth") == LOOKS[look]["viewport"]["width"]
        page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
    assert bench.complaints == []


@pytest.mark.parametrize("look", LOOKS)
def test_an_empty_board_fits_its_window_too(bench: Bench, look: str, tmp_path: Path) -> None:
    page = bench.open(**LOOKS[look])
    page.get_by_text("No journey yet").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == LOOKS[look]["viewport"]["width"]
    page.screenshot(path=tmp_path / "empty.png", full_page=True)
    assert bench.complaints == []


def test_a_new_journey_appears_by_itself_and_the_focus_stays(bench: Bench) -> None:
    made.a_morning(bench.pages)
    page = bench.open()
    page.focus("#to-K7QM4R")
    made.keep(
        bench.pages,
        made.journey("N8WAIT", ("Mary Jackson", "m@contoso.example"), "security-key"),
        made.a_pass("N8WAIT"),
    )
    page.get_by_text("Mary Jackson").wait_for(timeout=8000)
    assert page.evaluate("document.activeElement.id") == "to-K7QM4R"
    assert bench.complaints == []


def test_an_unchanged_board_is_left_alone(bench: Bench) -> None:
    made.a_morning(bench.pages)
    page = bench.open()
    page.evaluate("document.querySelector('#live').dataset.same = 'yes'")
    with page.expect_response(re.compile("/fragments/board")) as answer:
        pass
    assert answer.value.status == 304
    assert page.evaluate("document.querySelector('#live').dataset.same") == "yes"


def test_the_board_is_walked_by_keyboard_with_the_focus_in_sight(bench: Bench) -> None:
    made.a_morning(bench.pages)
    page = bench.open()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    for _ in range(2):
        page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/journeys/"))


def test_a_page_that_hears_nothing_says_so(bench: Bench) -> None:
    page = bench.open()
    assert page.locator("#no-answer").is_hidden()
    bench.served.stop()
    page.locator("#no-answer").wait_for(state="visible", timeout=8000)


def test_an_open_page_turns_into_the_way_in_when_its_session_ends(bench: Bench, tmp_path: Path) -> None:
    page = bench.open()
    bench.pages.world.clock.pass_minutes(15)
    page.get_by_text("You are not signed in here").wait_for(timeout=8000)
    page.screenshot(path=tmp_path / "out.png")
