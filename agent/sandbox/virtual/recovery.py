"""A trusted PC with a private window: somebody who lost the phone makes a new credential and ends the old one.

    private-window -> (user name, code) -> security info: add the new, delete the lost, sign out everywhere -> recovered

The new phone stands beside it and holds a passkey in Authenticator; a passkey is kept per person, for the test after.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.sandbox.virtual import browser as browsers
from agent.sandbox.virtual import device, keys, signing_in

PAGE = "/mysecurityinfo"


class TrustedPc(device.Device):
    """A PC that anybody may use; each sign-in opens a new private window."""

    def reset(self) -> None:
        """A fresh private window; phones of earlier persons are forgotten."""
        super().reset()
        self._passkeys: dict[str, keys.DeviceKey] = {}
        self.show("private-window", f"A private window at {PAGE}. Enter your user name.", asks="user_name_and_code")

    def power_on(self) -> None:
        """Open a new private window."""
        self.person, self.finished = "", False
        self.show("private-window", f"A private window at {PAGE}. Enter your user name.", asks="user_name_and_code")

    def sign_in(self, typed: signing_in.Typed, options: Mapping[str, Any]) -> None:
        """Sign in to My Security Info with the pass and recover; `lost_method` names the method to delete."""
        self.power_on()
        browser = self.browser()
        page = signing_in.walk(browser, browser.open(PAGE), typed)
        if page.name != "security-info":
            stopped = signing_in.Stopped(page.name, page.problem_code, page.problem)
            self.show("private-window", stopped.sentence, asks="user_name_and_code")
            return
        self.person = typed.person
        self._recover(browser, page, str(options.get("lost_method") or ""))

    def _recover(self, browser: browsers.Browser, page: browsers.Page, lost: str) -> None:
        key = self.key()
        before = {row["id"] for row in page.rows}
        page = signing_in.press(
            browser, page, "add-passkey", {"name": f"Phone of {self.person}", "public_key": key.public}
        )
        if {row["id"] for row in page.rows} <= before:
            self.show("security-info", page.problem or "The new method was not added.", asks="user_name_and_code")
            return
        self._passkeys[self.person.lower()] = key
        kinds = {row["id"]: row["kind"] for row in page.rows if row["id"] in before}
        lost = lost or next((one for one, kind in kinds.items() if kind == "microsoftAuthenticator"), "")
        if lost and page.form(f"delete-{lost}") is None:
            self.show("security-info", "The lost method is not on the page.", asks="user_name_and_code")
            return
        if lost:
            page = signing_in.press(browser, page, f"delete-{lost}", {})
        signing_in.press(browser, page, "sign-out-everywhere", {})
        self.finished = True
        deleted = "the lost method deleted, " if lost else ""
        self.show("recovered", f"A passkey on the new phone is added, {deleted}signed out everywhere.")

    def unlock(self, person: str) -> None:
        """Test the new credential: sign in to My Security Info with the passkey on the new phone."""
        name = person or self.person
        key = self._passkeys.get(name.lower())
        if key is None:
            raise device.FleetError("Nobody of that name set up a new credential here.")
        browser = self.browser()
        page = signing_in.walk(browser, browser.open(PAGE), signing_in.Held("fido2", key), person=name)
        if page.name != "security-info":
            raise device.FleetError(f"The passkey did not sign in: {page.problem or page.name}")
        self.show("recovered", "Signed in with the passkey on the new phone, without a password.")
