"""A person's own phone, on which Authenticator is set up with a pass.

    off -> installing -> authenticator (Add, work or school, Sign in) -> creating -> home, finished
                         browser or a scanned QR code instead: push-only, which signs in nowhere by itself

What is set up is said at the sign-in: `sets_up` is "passkey" (the default), "phone-sign-in" or "push" (the wrong way:
the security info page's QR code, or what a registration policy pushes people into).
learn.microsoft.com/entra/identity/authentication/howto-authentication-temporary-access-pass
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from agent.sandbox.virtual import approving, apps, device, signing_in
from agent.sandbox.virtual import browser as browsers

INSTALL_SECONDS = 90
CREATE_SECONDS = 90
SECURITY_INFO = "/mysecurityinfo"
OLDEST_WITH_PASSKEYS = {"iOS": 17, "Android": 14}
"""learn.microsoft.com/entra/identity/authentication/how-to-enable-authenticator-passkey"""

_ADD = "Authenticator: Add, work or school account, Sign in (not Scan QR). User name, code."


class OwnPhone(device.Device):
    """One phone that nobody manages. `options`: screen_lock."""

    def reset(self) -> None:
        """Authenticator is not installed."""
        super().reset()
        self.message = "In its person's pocket. Switch on to install Authenticator."
        self.tenant_id = "organizations"
        self._tokens: signing_in.Tokens | None = None
        self._way = ""
        self._key, self._device_key = self.key(), self.key()

    @property
    def _system(self) -> str:
        return "iOS" if self.box.manufacturer == "Apple" else "Android"

    def power_on(self) -> None:
        """Install Authenticator from the store."""
        if self.screen != "off":
            raise device.FleetError(f"{self.box.serial} has Authenticator already ({self.screen}).")
        self.show("installing", "Authenticator is being installed; it may be the phone's passkey provider.")
        self.after(INSTALL_SECONDS, self._ask)

    def _ask(self, problem: str = "") -> None:
        screen = "push-only" if self._way == "push" else "authenticator"
        self.show(screen, " ".join(filter(None, [problem, _ADD])), asks="user_name_and_code")

    def sign_in(self, typed: signing_in.Typed, options: Mapping[str, Any]) -> None:
        """Add the work account; `sets_up` says how."""
        if self.screen not in {"authenticator", "push-only"}:
            raise device.FleetError(f"{self.box.serial} shows no sign-in page ({self.screen}).")
        wish = str(options.get("sets_up") or "passkey")
        if wish == "push":
            self._add_in_browser(typed)
        else:
            self._add_in_app(typed, wish)

    def _add_in_app(self, typed: signing_in.Typed, wish: str) -> None:
        extra = {"device_os": self._system, "amr_values": "ngcmfa"}
        outcome = self.window().sign_in(apps.AUTHENTICATOR, typed, extra=extra)
        if isinstance(outcome, signing_in.Stopped):
            self._ask(outcome.sentence)
            return
        problem = self._unfit() if wish == "passkey" else ""
        if problem:
            self._ask(problem)
            return
        self.person, self._tokens, self._way = typed.person, outcome, wish
        self.show("creating", "Authenticator: create a passkey." if wish == "passkey" else "Enable phone sign-in.")
        self.after(CREATE_SECONDS, self._create)

    def _unfit(self) -> str:
        if not self.box.options.get("screen_lock", True):
            return "This phone has no screen lock: set one first, then create the passkey."
        version = self.box.os_version.split(".")[0]
        oldest = OLDEST_WITH_PASSKEYS[self._system]
        if version.isdigit() and int(version) < oldest:
            return f"This phone holds no passkeys: {self._system} {oldest} is the oldest that does."
        return ""

    def _create(self) -> None:
        token = self._tokens.access if self._tokens else ""
        try:
            self._create_passkey(token) if self._way == "passkey" else self._enable_phone_sign_in(token)
        except device.Refused as refusal:
            self._way = ""
            self._ask(str(refusal))
            return
        self.finished = True
        what = "a passkey" if self._way == "passkey" else "phone sign-in"
        self.show("home", f"Authenticator holds {what}. Test it without the code.")

    def _create_passkey(self, token: str) -> None:
        name = f"Authenticator, {self.box.model}"
        self.call("passkey", {"system": self._system, "name": name, "public_key": self._key.public}, token)

    def _enable_phone_sign_in(self, token: str) -> None:
        system = "iPhone" if self._system == "iOS" else "Android"
        sent = {**self.hardware(self.box.model, self._device_key.public), "system": system}
        device_id = self.call("register", sent, token)["device_id"]
        self.call("authenticator", {"device_id": device_id, "public_key": self._key.public}, token)

    def _add_in_browser(self, typed: signing_in.Typed) -> None:
        """The security info page first: what it, or interrupt mode before it, sets up is for approvals only."""
        values = {"name": self.box.model, "public_key": self._key.public}
        registered = False

        def follow(browser: browsers.Browser, page: browsers.Page) -> browsers.Page:
            nonlocal registered
            registered = page.name == "interrupt"
            return signing_in.press(browser, page, "register-approvals", values)

        browser = self.browser(self._system)
        typed = dataclasses.replace(typed, meets=follow)
        page = signing_in.walk(browser, browser.open(SECURITY_INFO), typed)
        if page.name == "security-info" and not registered:
            page = signing_in.press(browser, page, "add-approvals", values)
        if page.name != "security-info" or page.problem:
            self._ask(signing_in.Stopped(page.name, page.problem_code, page.problem).sentence)
            return
        self.person, self._way = typed.person, "push"
        self._ask("Authenticator only approves sign-ins now: no passkey, no phone sign-in.")

    def press(self, button: str) -> None:
        """Press "approve": Authenticator answers every sign-in that waits for this phone."""
        if button != "approve" or self._way not in {"push", "phone-sign-in"}:
            super().press(button)
        approving.approve(self, self._key)

    def unlock(self, person: str) -> None:
        """Sign in to Teams with what was set up."""
        if not self.finished:
            raise device.FleetError(f"{self.box.serial} cannot sign in without a password yet ({self.screen}).")
        way = "fido2" if self._way == "passkey" else "microsoftAuthenticator"
        held = signing_in.Held(way, self._key)
        outcome = self.window().sign_in(apps.TEAMS, held, person=person or self.person)
        if isinstance(outcome, signing_in.Stopped):
            raise device.FleetError(f"Authenticator did not sign in: {outcome.sentence}")
        self.show("home", "Signed in to Teams with Authenticator, without a password.")
