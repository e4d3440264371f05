"""A Mac from its box to Platform SSO with a key in its Secure Enclave.

    off -> remote-management (sign-in 1) -> local-account -> desktop -> registration-required (sign-in 2) -> registering
        -> desktop, finished
    off -> no-management (no profile), legacy (asks for a password only); without a Platform SSO policy the desktop asks
        for nothing; with one that goes by the password: desktop -> password-required

The Mac's own password stays; registering wants MFA at most 10 minutes old, so the code is typed again
(learn.microsoft.com/entra/identity/devices/macos-psso).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.sandbox.virtual import apps, device, signing_in

LOCAL_ACCOUNT_SECONDS = 240
POLICY_SECONDS = 600
"""Company Portal and the Platform SSO profile reach the Mac some minutes after the desktop came up."""

REGISTER_SECONDS = 60

_ASKING = "“Registration required”: Register, the Mac's password or Touch ID, then sign in with the same code."


class Mac(device.Device):
    """One Mac that Apple may know as the organisation's."""

    def reset(self) -> None:
        """Back into the box, wiped."""
        super().reset()
        self._device_token = ""
        self._tokens: signing_in.Tokens | None = None
        self._device_key, self._sso_key = self.key(), self.key()

    def power_on(self) -> None:
        """Activation; on the desktop it is a log out and in, which brings the prompt back."""
        if self.screen == "desktop" and not self.finished:
            self._ask_to_register()
            return
        if self.screen not in {"off", "no-management"}:
            raise device.FleetError(f"{self.box.serial} is on already ({self.screen}).")
        try:
            profile = self.call("remote-management", {"serial": self.box.serial})
        except device.Refused as refusal:
            self.show("no-management", f"Setup Assistant names no organisation. {refusal}")
            return
        self.tenant_id = profile["tenant_id"]
        named = f"Remote Management: {profile['organisation']}."
        if profile["web_sign_in"]:
            self.show("remote-management", f"{named} Sign in with your work account.", asks="user_name_and_code")
        else:
            self.show("legacy", f"{named} This profile takes a password only, or no person at all: no pass works here.")

    def sign_in(self, typed: signing_in.Typed, options: Mapping[str, Any]) -> None:
        """Remote Management, then Platform SSO's registration."""
        del options
        if self.screen == "remote-management":
            self._sign_in_to_setup(typed)
        elif self.screen == "registration-required":
            self._prove_for_platform_sso(typed)
        else:
            raise device.FleetError(f"{self.box.serial} shows no sign-in page ({self.screen}).")

    def _enter(self, app: signing_in.App, typed: signing_in.Typed, **extra: str) -> str:
        outcome = self.window().sign_in(app, typed, extra={"device_os": "MacOs", **extra})
        if isinstance(outcome, signing_in.Stopped):
            return outcome.sentence
        self._tokens = outcome
        return ""

    def _sign_in_to_setup(self, typed: signing_in.Typed) -> None:
        problem = self._enter(apps.SETUP_ASSISTANT, typed)
        try:
            sent = {**self._described(), "system": "macOS"}
            if self._tokens is not None and not problem:
                self._device_token = self.call("apple", sent, self._tokens.access)["device_token"]
        except device.Refused as refusal:
            problem = str(refusal)
        if problem:
            self.show("remote-management", problem, asks="user_name_and_code")
            return
        self.person = typed.person
        self.show("local-account", "Make the Mac's own account and password. The password stays.")
        self.after(LOCAL_ACCOUNT_SECONDS, self._reach_desktop)

    def _described(self) -> dict[str, str]:
        return self.hardware(f"Mac {self.box.serial}", self._device_key.public)

    def _reach_desktop(self) -> None:
        self._tokens = None
        self.report("desktop", self._device_token)
        self.show("desktop", "The desktop. Company Portal and policies are on their way.")
        self.after(POLICY_SECONDS, self._ask_to_register)

    def _ask_to_register(self) -> None:
        way = self.call("platform-sso-policy", {"device_token": self._device_token})["way"]
        if way == "key":
            self.show("registration-required", _ASKING, asks="code")
        elif way:
            self.show("password-required", f"“Registration required”: it wants the work account's {way}, not a code.")
        else:
            self.show("desktop", "The desktop. Nothing asks to register: no Platform SSO policy reaches this Mac.")

    def _prove_for_platform_sso(self, typed: signing_in.Typed) -> None:
        problem = self._enter(apps.BROKER, typed, amr_values="ngcmfa")
        if problem:
            self.show("registration-required", problem, asks="code")
            return
        self.show("registering", "Registering this Mac and the key in its Secure Enclave.")
        self.after(REGISTER_SECONDS, self._register)

    def _register(self) -> None:
        body = {**self._described(), "device_token": self._device_token, "public_key": self._sso_key.public}
        try:
            self.call("platform-sso", body, self._tokens.access if self._tokens else "")
        except device.Refused as refusal:
            self.show("registration-required", str(refusal), asks="code")
            return
        self.finished = True
        self.show("desktop", "The desktop. Platform SSO is registered: lock, unlock with Touch ID, open Teams.")

    def unlock(self, person: str) -> None:
        """Sign in to Teams with the key in the Secure Enclave."""
        if not self.finished:
            raise device.FleetError(f"{self.box.serial} has no Platform SSO yet ({self.screen}).")
        held = signing_in.Held("platformCredential", self._sso_key)
        outcome = self.window().sign_in(apps.TEAMS, held, person=person or self.person, extra={"device_os": "MacOs"})
        if isinstance(outcome, signing_in.Stopped):
            raise device.FleetError(f"Platform SSO did not sign in: {outcome.sentence}")
        self.show("desktop", "Signed in to Teams with the Mac's own key, without a password.")
