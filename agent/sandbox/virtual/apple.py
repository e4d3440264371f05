"""An iPhone or iPad from its box to a registered device with Authenticator; its enrolment profile says which way.

    Company Portal:   off -> enrolling -> company-portal (locked) -> registering -> authenticator -> home
                                          mfa-loop: without a pass the locked screen never goes on
    Setup Assistant:  off -> remote-management (sign-in 1) -> home-screen (sign-in 2) -> registering
                          -> authenticator -> home
    off -> no-management (no profile), legacy (asks for a password only)
    enrolling -> guided-access (single app mode) or awaiting-configuration: Company Portal has no licence or no token;
                 it goes on by itself once it has
    enrolling -> app-store: it asks for an Apple Account, which some people have (`options`: apple_account)

learn.microsoft.com/mem/intune/enrollment/automated-device-enrollment-authentication
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from agent.sandbox.virtual import approving, apps, device, keys, signing_in

INSTALL_SECONDS = 300
REGISTER_SECONDS = 180
PASSCODE_SECONDS = 180
TRY_AGAIN_SECONDS = 600
"""How often Intune tries to install an app that did not come."""

LOCKED_EXTRA_SECONDS = 360
"""In single app mode the other apps are installed only once Company Portal lets go."""


class AppleDevice(device.Device):
    """One iPhone or iPad that Apple may know as the organisation's."""

    def reset(self) -> None:
        """Back into the box, wiped."""
        super().reset()
        self.profile: dict[str, Any] = {}
        self._window: signing_in.Window | None = None
        self._tokens: signing_in.Tokens | None = None
        self._device_id = self._device_token = ""
        self._device_key, self._phone_key = self.key(), self.key()
        if self.box.set_up:
            self.show("in-use", "Set up earlier; somebody works with it. Reset it to start from its box.")
            self.finished = True
            self._phone_key = keys.made_earlier(self.around.origin, self.box.serial)
            self.box = dataclasses.replace(self.box, set_up=False)

    @property
    def system(self) -> str:
        """The operating system as Intune names it."""
        return "iPadOS" if self.box.kind == "ipad" else "iOS"

    @property
    def _locked(self) -> bool:
        return bool(self.profile.get("single_app_mode"))

    def power_on(self) -> None:
        """Activation: Apple says whether the device belongs to an organisation."""
        if self.screen not in {"off", "no-management"}:
            raise device.FleetError(f"{self.box.serial} is on already ({self.screen}).")
        try:
            self.profile = self.call("remote-management", {"serial": self.box.serial})
        except device.Refused as refusal:
            self.show("no-management", f"Setup Assistant names no organisation. {refusal}")
            return
        self.tenant_id = self.profile["tenant_id"]
        named = f"Remote Management: {self.profile['organisation']}."
        if self.profile["web_sign_in"]:
            self.show("remote-management", f"{named} Sign in with your work account.", asks="user_name_and_code")
        elif self.profile["company_portal"]:
            self._enrol_without_person(named)
        else:
            self.show("legacy", f"{named} This profile takes a password only, or no person at all: no pass works here.")

    def _enrol_without_person(self, named: str) -> None:
        try:
            self._enrol("")
        except device.Refused as refusal:
            self.show("no-management", f"{named} {refusal}")
            return
        self.show("enrolling", f"{named} Enrolling; then Company Portal is installed.")
        self.after(INSTALL_SECONDS, self._install_company_portal)

    def _enrol(self, token: str) -> None:
        sent = {**self.hardware(self._name, self._device_key.public), "system": self.system}
        self._device_token = self.call("apple", sent, token)["device_token"]

    @property
    def _name(self) -> str:
        return f"{'iPad' if self.box.kind == 'ipad' else 'iPhone'} {self.box.serial}"

    def _install_company_portal(self) -> None:
        try:
            self.call("company-portal-app", {"device_token": self._device_token})
        except device.Refused as refusal:
            self._without_company_portal(refusal)
            return
        self._open_company_portal()

    def _without_company_portal(self, refusal: device.Refused) -> None:
        if refusal.code == "apple_account" and self.box.options.get("apple_account"):
            self._open_company_portal()
            return
        if refusal.code == "apple_account":
            self.show("app-store", f"{refusal} Without one Company Portal is not installed.")
            return
        if self._locked:
            self.show("guided-access", "“Guided Access app unavailable. Please contact your administrator.”")
        else:
            self.show("awaiting-configuration", "“Awaiting final configuration”: Company Portal does not come.")
        self.after(TRY_AGAIN_SECONDS, self._install_company_portal)

    def _open_company_portal(self) -> None:
        if self.person:
            self.show("home-screen", "The home screen. Open Company Portal and sign in again, same code.", asks="code")
        else:
            mode = " locked to this app (single app mode)" if self._locked else ""
            self.show("company-portal", f"Company Portal is open{mode}. Sign in.", asks="user_name_and_code")

    def sign_in(self, typed: signing_in.Typed, options: Mapping[str, Any]) -> None:
        """Remote Management, Company Portal and Authenticator each have a sign-in page."""
        del options
        steps = {
            "remote-management": self._sign_in_to_setup,
            "company-portal": self._sign_in_to_company_portal,
            "home-screen": self._sign_in_to_company_portal,
            "mfa-loop": self._sign_in_to_company_portal,
            "authenticator": self._prove_for_authenticator,
        }
        step = steps.get(self.screen)
        if step is None:
            raise device.FleetError(f"{self.box.serial} shows no sign-in page ({self.screen}).")
        step(typed)

    def _enter(self, app: signing_in.App, brings: signing_in.Typed | None, **extra: str) -> signing_in.Stopped | None:
        if self._window is None:
            self._window = self.window()
        extra = {"device_os": self.system, **extra}
        if self._device_id:
            extra["device_id"] = self._device_id
        outcome = self._window.sign_in(app, brings, extra=extra)
        if isinstance(outcome, signing_in.Stopped):
            return outcome
        self._tokens = outcome
        return None

    def _sign_in_to_setup(self, typed: signing_in.Typed) -> None:
        self._window = None
        stopped = self._enter(apps.SETUP_ASSISTANT, typed)
        if stopped or self._tokens is None:
            self.show("remote-management", stopped.sentence if stopped else "", asks="user_name_and_code")
            return
        try:
            self._enrol(self._tokens.access)
        except device.Refused as refusal:
            self.show("remote-management", str(refusal), asks="user_name_and_code")
            return
        self.person = typed.person
        self._window = self._tokens = None
        self.show("enrolling", "Set a passcode; the home screen comes up and apps are installed.")
        self.after(INSTALL_SECONDS, self._install_company_portal)

    def _sign_in_to_company_portal(self, typed: signing_in.Typed) -> None:
        self._window = None
        asks = "code" if self.person else "user_name_and_code"
        stopped = self._enter(apps.COMPANY_PORTAL, typed)
        if stopped or self._tokens is None:
            self._stay_in_company_portal(stopped, asks)
            return
        sent = {**self.hardware(self._name, self._device_key.public), "device_token": self._device_token}
        try:
            self._device_id = self.call("company-portal", sent, self._tokens.access)["device_id"]
        except device.Refused as refusal:
            self.show(self.screen, str(refusal), asks=asks)
            return
        self.person = typed.person
        self.show("registering", "Company Portal: Begin. Registering, checking settings.")
        self.after(REGISTER_SECONDS, self._set_passcode)

    def _stay_in_company_portal(self, stopped: signing_in.Stopped | None, asks: str) -> None:
        page = stopped.page if stopped else ""
        sentence = stopped.sentence if stopped else ""
        if page.startswith("mfa-") and self._locked:
            sentence += " This device is locked to Company Portal and cannot open Authenticator: no way out but a pass."
            self.show("mfa-loop", sentence, asks=asks)
        else:
            self.show(self.screen, sentence, asks=asks)

    def _set_passcode(self) -> None:
        freed = " Company Portal lets go of the screen." if self._locked else ""
        self.show("passcode", f"All ticks are green.{freed} Set the passcode; Authenticator is installed.")
        self.after(PASSCODE_SECONDS + (LOCKED_EXTRA_SECONDS if self._locked else 0), self._open_authenticator)

    def _open_authenticator(self) -> None:
        self._prove_for_authenticator(None)

    def _prove_for_authenticator(self, typed: signing_in.Typed | None) -> None:
        stopped = self._enter(apps.AUTHENTICATOR, typed, amr_values="ngcmfa")
        if stopped:
            asking = "Authenticator: add work account, sign in, same code."
            self.show("authenticator", stopped.sentence if typed else asking, asks="code")
            return
        body = {"device_id": self._device_id, "public_key": self._phone_key.public}
        try:
            self.call("authenticator", body, self._tokens.access if self._tokens else "")
        except device.Refused as refusal:
            self.show("authenticator", str(refusal), asks="code")
            return
        self.show("home", "The home screen. Authenticator is set up for phone sign-in; Outlook opens.")
        self.finished = True

    def press(self, button: str) -> None:
        """Press "approve": Authenticator answers every sign-in that waits for this phone."""
        if button != "approve" or self.screen not in {"home", "in-use"}:
            super().press(button)
        approving.approve(self, self._phone_key)

    def unlock(self, person: str) -> None:
        """Sign in to Teams with Authenticator's phone sign-in."""
        if not self.finished or self.screen != "home":
            raise device.FleetError(f"{self.box.serial} has no Authenticator yet ({self.screen}).")
        held = signing_in.Held("microsoftAuthenticator", self._phone_key)
        extra = {"device_os": self.system, "device_id": self._device_id}
        outcome = self.window().sign_in(apps.TEAMS, held, person=person or self.person, extra=extra)
        if isinstance(outcome, signing_in.Stopped):
            raise device.FleetError(f"Authenticator did not sign in: {outcome.sentence}")
        self.show("home", "Signed in to Teams with Authenticator, without a password.")
