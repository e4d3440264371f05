"""A Windows laptop from its box to the desktop.

    off -> oobe -> joining -> preparing -> device-setup -> restarting -> lock-screen -> account-setup -> hello
        -> hello-pin -> desktop
    off -> consumer-oobe (no profile yet: power on again)            lock-screen-password: a dead end without a password
    off -> work-or-school (unknown to Autopilot) -> joining -> device-preparation (or nothing) -> [restarting ->
        lock-screen] -> hello -> hello-pin -> desktop

A restart in the status page takes the person's token away, so the lock screen wants a second sign-in; Windows Hello
wants MFA at most 10 minutes old (learn.microsoft.com/mem/intune/enrollment/windows-enrollment-status and
learn.microsoft.com/windows/security/identity-protection/hello-for-business/how-it-works-provisioning).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from agent.sandbox.virtual import apps, device, keys, signing_in

JOIN_SECONDS = 60
PREPARATION_SECONDS = 120
DEVICE_SETUP_SECONDS = 900
QUALITY_UPDATES_SECONDS = 1800  # 20 to 40 minutes (learn.microsoft.com/mem/intune, setup-status-page)
RESTART_SECONDS = 180
ACCOUNT_SETUP_SECONDS = 300
DEVICE_PREPARATION_SECONDS = 1500
PIN_SECONDS = 60

WEB_SIGN_IN_SINCE = (10, 0, 22621, 2361)
"""Windows 11 22H2 with KB5030310 (learn.microsoft.com/windows/security/identity-protection/web-sign-in)."""

_GLOBE = "Other user, Sign-in options, globe, Sign in. User name, code."
_AGAIN = "Other user, Sign-in options, globe, Sign in (press it twice after a restart). Same user name, same code."


UNKNOWN_TO_AUTOPILOT = "807"
ANY_ORGANISATION = "organizations"
"""Where a PC signs in that knows no organisation yet."""


class WindowsLaptop(device.Device):
    """One laptop that Autopilot may know."""

    starts_from = frozenset({"off", "consumer-oobe", "work-or-school"})

    def reset(self) -> None:
        """Back into the box, wiped."""
        super().reset()
        self.name = f"PC-{self.box.serial}"[:15]
        self.hybrid = self._web_sign_in_vanished = self.had_a_session = False
        self.orders: dict[str, Any] = {}
        self.found: dict[str, Any] = {}
        self._window: signing_in.Window | None = None
        self.tokens: signing_in.Tokens | None = None
        self.device_id = self.device_token = ""
        self.device_key, self.hello_key = self.key(), self.key()
        self._organisation = ""
        self._app = apps.BROKER
        self._first_screen = "oobe"
        if self.box.set_up:
            self.show("in-use", "Set up earlier; somebody works with it. Reset it to start from its box.")
            self.finished = self.had_a_session = True
            self.device_id = self.box.device_id
            self.hello_key = keys.made_earlier(self.around.origin, self.box.serial)
            self.box = dataclasses.replace(self.box, set_up=False)

    def power_on(self) -> None:
        """Boot: asks Autopilot for its profile, at each boot until it has one."""
        if self.screen not in self.starts_from:
            raise device.FleetError(f"{self.box.serial} is on already ({self.screen}).")
        try:
            found = self.call("first-run", {"serial": self.box.serial})
        except device.Refused as refusal:
            self._run_without_profile(refusal.code)
            return
        self.found, self._first_screen = found, "oobe"
        self.tenant_id, self._organisation = found["tenant_id"], found["organisation"]
        self.name = found["name_template"].replace("%SERIAL%", self.box.serial)[:15] or self.name
        self.hybrid = found["hybrid"]
        if found["self_deploying"]:
            self.show("self-deploying", "This PC sets itself up without a person: nobody signs in here.")
            return
        self._ask_at_first_run(f"Welcome to {self._organisation}! Enter your work account.")

    def _run_without_profile(self, code: str) -> None:
        asking = "“How would you like to set up this device?”"
        if code == UNKNOWN_TO_AUTOPILOT:
            self.tenant_id, self._organisation = ANY_ORGANISATION, "your organisation"
            self._first_screen = "work-or-school"
            self._ask_at_first_run(f"{asking} For work or school: enter your work account. No organisation is named.")
        else:
            self.show("consumer-oobe", f"{asking} No organisation is named: no profile is assigned yet.")

    def _ask_at_first_run(self, message: str) -> None:
        self.show(self._first_screen, message, asks="user_name_and_code")

    def sign_in(self, typed: signing_in.Typed, options: Mapping[str, Any]) -> None:
        """First run, lock screen and Windows Hello each have a sign-in page."""
        del options
        if self.screen == "lock-screen-password":
            raise device.FleetError("The lock screen takes only a password: web sign-in is not there.")
        step = self.sign_in_pages().get(self.screen)
        if step is None:
            raise device.FleetError(f"{self.box.serial} shows no sign-in page ({self.screen}).")
        step(typed)

    def sign_in_pages(self) -> dict[str, Callable[[signing_in.Typed], None]]:
        """What a sign-in does, by the screen that asks for it."""
        return {
            "oobe": self._join,
            "work-or-school": self._join,
            "lock-screen": self._sign_in_again,
            "hello": self.prove_for_hello,
        }

    def enter(self, app: signing_in.App, brings: signing_in.Typed | None, **extra: str) -> str:
        """Sign in through the present window; empty when it worked, else what the page said."""
        if self._window is None:
            self._window = self.window()
        extra = {"device_os": "Windows", **extra}
        if self.device_id:
            extra["device_id"] = self.device_id
        outcome = self._window.sign_in(app, brings, extra=extra)
        if isinstance(outcome, signing_in.Stopped):
            return outcome.sentence
        self.tokens, self._app = outcome, app
        return ""

    def _join(self, typed: signing_in.Typed) -> None:
        self._window = None
        problem = self.enter(apps.BROKER, typed)
        if problem or self.tokens is None:
            self._ask_at_first_run(problem)
            return
        try:
            sent = self.hardware(self.name, self.device_key.public)
            self.device_id = self.call("join", sent, self.tokens.access)["device_id"]
        except device.Refused as refusal:
            self._ask_at_first_run(str(refusal))
            return
        self.person = typed.person
        self.show("joining", f"Joining {self._organisation}.")
        self.after(JOIN_SECONDS, self._enrol)

    def _renew(self, resource: str) -> str:
        """Fresh tokens from the refresh token; empty when it worked, else what the tenant said."""
        if self._window is None or self.tokens is None:
            return "Nobody is signed in."
        outcome = self._window.refresh(self._app, self.tokens.refresh, resource=resource)
        if isinstance(outcome, signing_in.Stopped):
            self.tokens = None
            return outcome.sentence
        self.tokens = outcome
        return ""

    def _enrol(self) -> None:
        problem = self._renew(apps.INTUNE_ENROLMENT)
        if problem or self.tokens is None:
            self._ask_at_first_run(problem)
            return
        try:
            sent = self.hardware(self.name, self.device_key.public)
            answer = self.call("manage", sent, self.tokens.access)
        except device.Refused as refusal:
            self._ask_at_first_run(str(refusal))
            return
        self.orders, self.device_token = answer["orders"], answer["device_token"]
        self._show_progress()

    def _show_progress(self) -> None:
        if self.orders["page"] == "status-page":
            self.show("preparing", "Setting up for work: device preparation 1 of 3.")
            self.after(PREPARATION_SECONDS, self._set_up_device)
        elif self.orders["page"] == "device-preparation":
            self.show("device-preparation", "Setting up for work or school, up to 100 %: the device preparation page.")
            self.after(DEVICE_PREPARATION_SECONDS, self._device_is_prepared)
        else:
            self._leave_first_run()

    def _device_is_prepared(self) -> None:
        self.report("preparation", self.device_token)
        self._leave_first_run()

    def _leave_first_run(self) -> None:
        if self.orders["restart_by_policy"]:
            self._restart()
        else:
            self._account_is_set_up()

    def _set_up_device(self) -> None:
        updates = self.orders["quality_updates"]
        self.show("device-setup", f"Setting up for work: device setup 2 of 3{', with updates' if updates else ''}.")
        self.after(DEVICE_SETUP_SECONDS + (QUALITY_UPDATES_SECONDS if updates else 0), self._device_is_set_up)

    def _device_is_set_up(self) -> None:
        self.report("device_setup", self.device_token)
        if self.hybrid or self.orders["quality_updates"] or self.orders["restart_by_policy"]:
            self._restart()
        else:
            self._set_up_account()

    def _restart(self) -> None:
        self._sign_out()
        self.show("restarting", "Restarting. Whoever was signed in is not any more.")
        self.after(RESTART_SECONDS, self.lock)

    def _sign_out(self) -> None:
        self._window = self.tokens = None

    def lock(self, problem: str = "") -> None:
        """The lock screen, with web sign-in where it can be."""
        why = self._no_web_sign_in()
        if why:
            self.show("lock-screen-password", f"The lock screen takes only user name and password. {why}.")
        else:
            asks = "code" if self.person else "user_name_and_code"
            again = _AGAIN if self.person else _GLOBE
            self.show("lock-screen", " ".join(filter(None, [problem, again])), asks=asks)

    def _no_web_sign_in(self) -> str:
        if self.hybrid:
            return "Joined to the old domain as well"
        if self._web_sign_in_vanished:
            return "Web sign-in was there and is gone"
        if self.box.options.get("edition") == "Home":
            return "Windows Home has no web sign-in"
        if not (self.orders["web_sign_in"] or (self.orders["web_sign_in_later"] and self.had_a_session)):
            return "The web sign-in policy is not on this PC"
        version = tuple(int(part) for part in self.box.os_version.split(".") if part.isdigit())
        return "" if version >= WEB_SIGN_IN_SINCE else "Windows is older than 11 22H2 with KB5030310"

    def _sign_in_again(self, typed: signing_in.Typed) -> None:
        self._sign_out()
        problem = self.enter(apps.WINDOWS_SIGN_IN, typed)
        if problem:
            self.lock(problem)
            return
        self.person = typed.person
        if self.orders["web_sign_in_vanishes"] and not self._web_sign_in_vanished:
            self._sign_out()
            self._web_sign_in_vanished = True
            self.show("lock-screen-password", "Signed straight out; only user name and password are left.")
        else:
            self.signed_in_again()

    def signed_in_again(self) -> None:
        """What comes after the sign-in at the lock screen."""
        if self.orders["page"] == "status-page":
            self._set_up_account()
        else:
            self._account_is_set_up()

    def _set_up_account(self) -> None:
        self.had_a_session = True
        self.show("account-setup", "Setting up for work: account setup 3 of 3.")
        self.after(ACCOUNT_SETUP_SECONDS, self._account_is_set_up)

    def _account_is_set_up(self) -> None:
        problem = self._renew(apps.DEVICE_REGISTRATION)
        if problem:
            self._sign_out()
            self.lock(problem)
            return
        self.report("account_setup", self.device_token)
        self.had_a_session = True
        missing = self._no_hello()
        if missing:
            self.arrive(f"The desktop. {missing}, so nothing was set up.")
        else:
            self.prove_for_hello(None)

    def _no_hello(self) -> str:
        if not self.orders["hello"]:
            return "Windows Hello is switched off by policy"
        if self.orders["hello_needs_tpm"] and not self.box.options.get("tpm", True):
            return "Windows Hello needs a security chip (TPM), and this PC has none"
        return ""

    def prove_for_hello(self, typed: signing_in.Typed | None) -> None:
        """Windows Hello wants fresh MFA before it sets up a key."""
        problem = self.enter(apps.BROKER, typed, amr_values="ngcmfa")
        if problem:
            again = problem if typed else "Windows Hello wants to know again that it is you: same user name, same code."
            self.show("hello", again, asks="code")
            return
        self.show("hello-pin", "Windows Hello: setting up face or finger and a PIN.")
        self.after(PIN_SECONDS, self._register_key)

    def _register_key(self) -> None:
        body = {"device_id": self.device_id, "public_key": self.hello_key.public}
        try:
            self.call("hello", body, self.tokens.access if self.tokens else "")
        except device.Refused as refusal:
            self.show("hello", str(refusal), asks="code")
            return
        self.arrive("The desktop. Windows Hello is set up: lock with Win+L and sign in with the PIN.")

    def arrive(self, message: str) -> None:
        """The end: the desktop."""
        self.report("desktop", self.device_token)
        self.show("desktop", message)
        self.finished = True

    def unlock(self, person: str) -> None:
        """Win+L, then the PIN: a sign-in with the Hello key."""
        if self.screen != "desktop" or not self.orders or self._no_hello():
            raise device.FleetError(f"{self.box.serial} has no Windows Hello yet ({self.screen}).")
        held = signing_in.Held("windowsHelloForBusiness", self.hello_key)
        extra = {"device_os": "Windows", "device_id": self.device_id}
        outcome = self.window().sign_in(apps.WINDOWS_SIGN_IN, held, person=person or self.person, extra=extra)
        if isinstance(outcome, signing_in.Stopped):
            raise device.FleetError(f"Windows Hello did not sign in: {outcome.sentence}")
        self.show("desktop", "The desktop. Signed in with Windows Hello, without a password.")
