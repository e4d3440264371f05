"""A security key at a trusted PC: its person adds it in a private window, with its PIN and a touch.

    off -> private-window (user name, code) -> touch -> added, finished

The key must be added within 10 minutes of the sign-in
(learn.microsoft.com/entra/identity/authentication/howto-authentication-temporary-access-pass).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.sandbox.virtual import browser as browsers
from agent.sandbox.virtual import device, signing_in

PAGE = "/mysecurityinfo"
TOUCH_SECONDS = 60


class SecurityKey(device.Device):
    """One security key, plugged in where its person signs in."""

    def reset(self) -> None:
        """The key is wiped and unplugged."""
        super().reset()
        self.message = "In its packet."
        self._key = self.key()
        self._browser: browsers.Browser | None = None
        self._page: browsers.Page | None = None

    def power_on(self) -> None:
        """Plug it in and open a private window."""
        self.show("private-window", f"A private window at {PAGE}. Enter your user name.", asks="user_name_and_code")

    def sign_in(self, typed: signing_in.Typed, options: Mapping[str, Any]) -> None:
        """Sign in to My Security Info with the pass and choose to add the key."""
        del options
        if self.screen != "private-window":
            raise device.FleetError(f"{self.box.serial} shows no sign-in page ({self.screen}).")
        browser = self.browser()
        page = signing_in.walk(browser, browser.open(PAGE), typed)
        if page.name != "security-info":
            stopped = signing_in.Stopped(page.name, page.problem_code, page.problem)
            self.show("private-window", stopped.sentence, asks="user_name_and_code")
            return
        self.person, self._browser, self._page = typed.person, browser, page
        self.show("touch", "Add, security key: choose its PIN, touch it, touch it again.")
        self.after(TOUCH_SECONDS, self._touch)

    def _touch(self) -> None:
        if self._browser is None or self._page is None:
            return
        values = {"name": f"Key {self.box.serial}", "public_key": self._key.public}
        before = {row["id"] for row in self._page.rows}
        page = signing_in.press(self._browser, self._page, "add-security-key", values)
        if {row["id"] for row in page.rows} <= before:
            problem = page.problem or "The session is over; the key was not added."
            self.show("private-window", problem, asks="user_name_and_code")
            return
        self.finished = True
        self.show("added", "The security key is added. Test it in a new private window, without the code.")

    def unlock(self, person: str) -> None:
        """Sign in to My Security Info with the key, its PIN and a touch."""
        if not self.finished:
            raise device.FleetError(f"{self.box.serial} was not added yet ({self.screen}).")
        browser = self.browser()
        held = signing_in.Held("fido2", self._key)
        page = signing_in.walk(browser, browser.open(PAGE), held, person=person or self.person)
        if page.name != "security-info":
            raise device.FleetError(f"The key did not sign in: {page.problem or page.name}")
        self.show("added", "Signed in with the security key, without a password.")
