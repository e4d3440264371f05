"""All virtual devices of a tenant by serial number, and the four things a person can do to one.

Which devices there are comes from the tenant's records; everything they do goes over the transport. One lock serialises
moves. The caller must not hold the tenant's lock: a device waits for the tenant to answer.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from agent.sandbox import device_records
from agent.sandbox import tenant as tenants
from agent.sandbox.virtual import apple, device, recovery, signing_in, windows
from agent.sandbox.virtual import browser as browsers

FleetError = device.FleetError

TRUSTED_PC = "TRUSTEDPC1"
"""Serial of the PC that any person may use with a private window."""

_KINDS: dict[str, type[device.Device]] = {
    "windows": windows.WindowsLaptop,
    "iphone": apple.AppleDevice,
    "ipad": apple.AppleDevice,
    "browser": recovery.TrustedPc,
}


class Fleet:
    """The virtual devices of one tenant, reached over `transport`."""

    def __init__(self, tenant: tenants.Tenant, transport: browsers.Transport) -> None:
        self._tenant = tenant
        self._transport = transport
        self._lock = threading.RLock()
        self._devices: dict[str, device.Device] = {}

    def clear(self) -> None:
        """Forget every device: after the tenant was emptied or seeded anew. Takes no lock, so any thread may."""
        self._devices = {}

    def list(self) -> list[dict[str, Any]]:
        """Every device as it is now: serial, kind, model, screen, message, asks, person, finished."""
        with self._lock:
            self._unpack()
            for one in self._devices.values():
                one.advance()
            shown = [one.shown() for one in self._devices.values()]
        return sorted(shown, key=lambda row: (row["kind"], row["serial"]))

    def move(self, serial: str, action: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Do something to a device and say how it looks then; `FleetError` when it cannot.

        `action` is "power-on", "sign-in" ("person", and "code" unless the person has none; "lost_method" on the trusted
        PC), "unlock" ("person" on the trusted PC) or "reset".
        """
        with self._lock:
            self._unpack()
            one = self._devices.get(serial.strip().upper())
            if one is None:
                raise FleetError(f"There is no virtual device with the serial number {serial}.")
            one.advance()
            try:
                self._carry_out(one, action, payload)
            except browsers.Unreachable as cut:
                raise FleetError(f"{one.box.serial} has no network just now: {cut}") from None
            one.advance()
            return one.shown()

    def _carry_out(self, one: device.Device, action: str, payload: Mapping[str, Any]) -> None:
        person = str(payload.get("person") or "")
        if action == "power-on":
            one.power_on()
        elif action == "reset":
            one.reset()
        elif action == "unlock":
            one.unlock(person)
        elif action == "sign-in":
            name = person or one.person
            if not name:
                raise FleetError("Say who signs in: the user name is missing.")
            code = str(payload.get("code") or "")
            one.sign_in(signing_in.Typed(name, code, self._remembered(name)), payload)
        else:
            raise FleetError(f"A device cannot do '{action}': power-on, sign-in, unlock and reset are known.")

    def _remembered(self, person: str) -> str:
        """The password the person knows, if they were ever given one."""
        with self._tenant.lock:
            users = self._tenant.directory.users.values()
            return next((user.password or "" for user in users if user.upn.lower() == person.strip().lower()), "")

    def _unpack(self) -> None:
        with self._tenant.lock:
            boxes = self._boxes()
            for serial, box in boxes.items():
                if serial not in self._devices and box.kind in _KINDS:
                    self._devices[serial] = _KINDS[box.kind](box, self._surroundings())

    def _surroundings(self) -> device.Surroundings:
        tenant = self._tenant
        return device.Surroundings(self._transport, tenant.origin, tenant.now, tenant.pace)

    def _boxes(self) -> dict[str, device.Box]:
        records = self._tenant.devices
        boxes = {TRUSTED_PC: device.Box(TRUSTED_PC, "browser", "Trusted PC, private window")}
        for identity in records.autopilot.values():
            boxes[identity.serial.upper()] = device.Box(
                identity.serial,
                "windows",
                identity.model,
                manufacturer=identity.manufacturer,
                os_version="10.0.26200.6899",
                set_up=identity.enrollment_state == "enrolled",
            )
        for entry in records.apple.values():
            boxes.setdefault(entry.serial.upper(), _apple_box(entry))
        for boxed in records.boxed.values():
            before = boxes.get(boxed.serial.upper())
            boxes[boxed.serial.upper()] = device.Box(
                boxed.serial,
                boxed.kind,
                boxed.model,
                manufacturer=boxed.manufacturer,
                os_version=boxed.os_version or (before.os_version if before else ""),
                set_up=before.set_up if before else False,
            )
        return boxes


def _apple_box(entry: device_records.AppleIdentity) -> device.Box:
    kind = "mac" if entry.platform == "macOS" else "ipad" if "ipad" in entry.description.lower() else "iphone"
    return device.Box(
        entry.serial,
        kind,
        entry.description or {"ipad": "iPad", "iphone": "iPhone", "mac": "Mac"}[kind],
        manufacturer="Apple",
        os_version="26.1",
        set_up=entry.enrollment_state == "enrolled",
    )
