"""Somebody in front of this machine's browser, as `tapslip sandbox person sign-in` plays them."""

from __future__ import annotations

import contextlib
import threading
import webbrowser

from agent.cli import door
from tests.cli.terminal import DOMAIN, Tenancy


class Visitor(webbrowser.BaseBrowser):
    """This machine's browser, with somebody in front of it as `tapslip sandbox person sign-in` plays them."""

    def __init__(self, tenancy: Tenancy, person: str) -> None:
        super().__init__("visitor")
        self._tenancy, self._person = tenancy, person

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:  # noqa: ARG002 - the base class's own
        threading.Thread(target=self._visit, args=(url,), daemon=True).start()
        return True

    def _visit(self, url: str) -> None:
        with contextlib.closing(door.Door(self._tenancy.ready)) as opened:
            opened.sign_in(self._person, url)


def somebody_at_the_browser(tenancy: Tenancy, person: str) -> None:
    """Whoever opens a browser on this machine from now on meets this person."""
    webbrowser.register("visitor", None, Visitor(tenancy, f"{person}@{DOMAIN}"), preferred=True)
