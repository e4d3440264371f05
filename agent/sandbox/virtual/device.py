"""What every virtual device has: a screen, what it waits for, and steps that take time.

    asks ""                    nothing to type: it works, is finished, or has come to a dead end
    asks "user_name_and_code"  a sign-in page that knows nobody yet
    asks "code"                the same person again

Time passes on the tenant's clock: `advance` looks at it and carries out the steps that are due. Nothing sleeps.
"""

from __future__ import annotations

import abc
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from agent.sandbox.virtual import browser as browsers
from agent.sandbox.virtual import keys, signing_in

RETRY_SECONDS = 30
"""How long a device waits before it does a step again that the network cut short."""


class FleetError(Exception):
    """A device cannot do what was asked of it, said in a sentence for people."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a device stands: the network, the tenant's address, the time and the pace."""

    transport: browsers.Transport
    origin: str
    clock: Callable[[], datetime]
    pace: Callable[[float], timedelta]


@dataclass(frozen=True, slots=True)
class Box:
    """What is printed on the box; `set_up` says that somebody uses the device already.

    Such a device remembers its `device_id` in Entra, and whose Hello key it holds (`hello_for`, lower-case user names).
    """

    serial: str
    kind: str
    model: str
    manufacturer: str = ""
    os_version: str = ""
    set_up: bool = False
    device_id: str = ""
    hello_for: frozenset[str] = frozenset()
    options: Mapping[str, Any] = field(default_factory=dict)


class Device(abc.ABC):
    """One virtual device; its kinds say what each screen leads to. Refusals are `FleetError`."""

    def __init__(self, box: Box, around: Surroundings) -> None:
        self.box = box
        self.around = around
        self._keys_made = 0
        self.reset()

    def reset(self) -> None:
        """Back into the box, wiped."""
        self.screen, self.message, self.asks = "off", "Switched off, in its box.", ""
        self.person = ""
        self.finished = False
        self.tenant_id = ""
        self._next: tuple[datetime, Callable[[], None]] | None = None
        self._moment: datetime | None = None

    def shown(self) -> dict[str, Any]:
        """The device as the control door shows it."""
        return {
            "serial": self.box.serial,
            "kind": self.box.kind,
            "model": self.box.model,
            "screen": self.screen,
            "message": self.message,
            "asks": self.asks,
            "person": self.person,
            "finished": self.finished,
        }

    @abc.abstractmethod
    def power_on(self) -> None:
        """Press the power button."""

    @abc.abstractmethod
    def sign_in(self, typed: signing_in.Typed, options: Mapping[str, Any]) -> None:
        """Somebody types at the sign-in page on the screen."""

    @abc.abstractmethod
    def unlock(self, person: str) -> None:
        """Sign in with the credential that was set up here."""

    def press(self, button: str) -> None:
        """Press something that only some devices have: "provision", "reseal", "approve"."""
        raise FleetError(f"There is no '{button}' to press on {self.box.serial} ({self.screen}).")

    def advance(self) -> None:
        """Carry out every step that is due by now."""
        while self._next is not None and self._next[0] <= self.around.clock():
            self._moment, step = self._next
            self._next = None
            try:
                step()
            except browsers.Unreachable:
                self._next = (self.around.clock() + self.around.pace(RETRY_SECONDS), step)
            self._moment = None

    def show(self, screen: str, message: str, *, asks: str = "") -> None:
        """Put something on the screen."""
        self.screen, self.message, self.asks = screen, message, asks

    def after(self, seconds: float, step: Callable[[], None]) -> None:
        """Do `step` when so many real seconds, divided by the tenant's speed, are over."""
        self._next = ((self._moment or self.around.clock()) + self.around.pace(seconds), step)

    def window(self) -> signing_in.Window:
        """A fresh browser window, without cookies."""
        return signing_in.Window(self.browser(), self.tenant_id)

    def browser(self, system: str = "") -> browsers.Browser:
        """A browser without cookies, in the network that the box stands in (its option `address`)."""
        address = str(self.box.options.get("address", ""))
        return browsers.Browser(self.around.transport, self.around.origin, address, system)

    def key(self) -> keys.DeviceKey:
        """A fresh key pair."""
        self._keys_made += 1
        return keys.DeviceKey(f"{self.around.origin} {self.box.serial} {self._keys_made}")

    def call(self, step: str, body: Mapping[str, Any], token: str = "") -> dict[str, Any]:
        """One enrolment step over HTTP: the tenant's answer; `Refused` with what it said."""
        answer = self.browser().call(f"/enrolment/{step}", dict(body), token)
        content = answer.json()
        if answer.status != 200:
            error = content.get("error", {}) if isinstance(content, dict) else {}
            raise Refused(
                str(error.get("code", answer.status)), str(error.get("message", "The tenant did not answer."))
            )
        return dict(content)

    def report(self, phase: str, token: str) -> None:
        """Tell Intune how far it is; a report that does not arrive is lost, as a real one is."""
        with contextlib.suppress(Refused):
            self.call("report", {"phase": phase}, token)

    def hardware(self, name: str, device_key: str) -> dict[str, str]:
        """What the device says about itself when it enrols."""
        return {
            "serial": self.box.serial,
            "name": name,
            "model": self.box.model,
            "manufacturer": self.box.manufacturer,
            "os_version": self.box.os_version,
            "device_key": device_key,
        }


class Refused(Exception):
    """The tenant refused a step; `code` is what the device shows."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
