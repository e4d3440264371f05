"""A Windows PC that joined long ago, at its lock screen; after a reset it starts from its box like any other.

    in-use -> (wake it) lock-screen -> hello -> hello-pin -> desktop           nobody of that name has a key here
                                    -> pin-reset -> desktop                    the key is here, its PIN forgotten
           -> lock-screen-password: no web sign-in, by policy or by an old Windows

learn.microsoft.com/windows/security/identity-protection/web-sign-in and .../hello-for-business/pin-reset
"""

from __future__ import annotations

from collections.abc import Callable

from agent.sandbox.virtual import apps, device, signing_in, technician, windows


class WindowsPc(technician.PreparedLaptop):
    """One PC: boxed, or in use by somebody."""

    def reset(self) -> None:
        """Back into the box, wiped; a PC in use remembers whom it knows until then."""
        self._hello_for = set(self.box.hello_for) if self.box.set_up else set[str]()
        super().reset()

    def power_on(self) -> None:
        """Wake a PC in use, or restart one that takes only a password: it asks for its policies. A boxed one boots."""
        if self.screen in {"in-use", "lock-screen-password"} and self.device_id and not self._window:
            self._wake()
        else:
            super().power_on()

    def _wake(self) -> None:
        try:
            answer = self.call("check-in", {"device_id": self.device_id})
        except device.Refused as refusal:
            self.show("lock-screen-password", f"The lock screen takes only user name and password. {refusal}")
            return
        self.tenant_id, self.device_token = answer["tenant_id"], answer["device_token"]
        self.orders = answer["orders"] | {"page": self.orders.get("page", "none")}
        self.person, self.finished = "", False
        self.lock()

    def sign_in_pages(self) -> dict[str, Callable[[signing_in.Typed], None]]:
        """The pages of every PC, and the one for a new PIN."""
        return {**super().sign_in_pages(), "pin-reset": self._forgot_pin}

    def signed_in_again(self) -> None:
        """Whoever has a key here forgot its PIN; whoever has none gets one."""
        if self.person.lower() in self._hello_for:
            self._forgot_pin(None)
            return
        if self._hello_for:
            self.hello_key = self.key()
        super().signed_in_again()

    def _forgot_pin(self, typed: signing_in.Typed | None) -> None:
        problem = self.enter(apps.BROKER, typed, amr_values="ngcmfa")
        if problem:
            again = problem if typed else "A new PIN: Windows wants to know again that it is you, same code."
            self.show("pin-reset", again, asks="code")
            return
        self.show("pin-reset", "Windows Hello is set up here: “I forgot my PIN”, a new PIN.")
        self.after(windows.PIN_SECONDS, self._set_new_pin)

    def _set_new_pin(self) -> None:
        if not self.orders["pin_recovery"]:
            self.hello_key = self.key()
        body = {"device_id": self.device_id, "public_key": self.hello_key.public}
        try:
            self.call("pin-reset", body, self.tokens.access if self.tokens else "")
        except device.Refused as refusal:
            self.show("pin-reset", str(refusal), asks="code")
            return
        self.arrive("The desktop. Windows Hello has a new PIN: lock with Win+L and sign in with it.")
