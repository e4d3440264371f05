"""All virtual devices of a tenant by serial number, and the things a person can do to one.

Which devices there are comes from the tenant's records; everything they do goes over the transport. One lock serialises
moves. The caller must not hold the tenant's lock: a device waits for the tenant to answer.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Mapping
from typing import Any

from agent.sandbox import device_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import entra_devices
from agent.sandbox.virtual import apple, approving, device, joined, mac, phone, recovery, security_key, signing_in
from agent.sandbox.virtual import browser as browsers

FleetError = device.FleetError

TRUSTED_PC = "TRUSTEDPC1"
"""Serial of the PC that any person may use with a private window."""

_KINDS: dict[str, type[device.Device]] = {
    "windows": joined.WindowsPc,
    "iphone": apple.AppleDevice,
    "ipad": apple.AppleDevice,
    "mac": mac.Mac,
    "phone": phone.OwnPhone,
    "security-key": security_key.SecurityKey,
    "browser": recovery.TrustedPc,
}
BUTTONS = ("provision", "reseal", "approve")
"""Presses beside the power button: for a technician's screen, and for Authenticator on a phone."""


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

        `action` is "power-on", "sign-in", "unlock" ("person" on the trusted PC), "reset" or one of `BUTTONS`. A sign-in
        takes "person", and "code" unless the person has none; "lost_method" on the trusted PC, "sets_up" on a
        person's own phone; "approve_on" (the serial of a phone that answers an MFA prompt, and on which Authenticator
        is set up where a page wants that), "phone_number" (what they register when a policy interrupts) and "puts_off"
        (they choose "Skip for now" where they may) anywhere.
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
            one.sign_in(signing_in.Typed(name, code, self._remembered(name), self._meets(payload)), payload)
        elif action in BUTTONS:
            one.press(action)
        else:
            known = ", ".join(BUTTONS)
            raise FleetError(f"A device cannot do '{action}': power-on, sign-in, unlock, reset, {known} are known.")

    def _meets(self, payload: Mapping[str, Any]) -> Callable[[browsers.Browser, browsers.Page], browsers.Page]:
        """What the person does about a page that wants more than the code: nothing, unless they say so."""
        second, number = str(payload.get("approve_on") or ""), str(payload.get("phone_number") or "")
        phone_at_hand = self._devices.get(second.strip().upper())
        if second and phone_at_hand is None:
            raise FleetError(f"There is no virtual device with the serial number {second}.")

        def meet(browser: browsers.Browser, page: browsers.Page) -> browsers.Page:
            if page.name == "mfa-approve" and phone_at_hand is not None:
                page = approving.goes_on(browser, page, phone_at_hand)
            if payload.get("puts_off"):
                page = signing_in.press(browser, page, "later", {})
            if number:
                page = signing_in.press(browser, page, "register-phone", {"number": number})
            if phone_at_hand is not None:
                values = {"name": phone_at_hand.box.model, "public_key": phone_at_hand.key().public}
                page = signing_in.press(browser, page, "register-approvals", values)
            return page

        return meet

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
                device_id=identity.entra_device_id or "",
                hello_for=self._hello_users(identity.entra_device_id),
            )
        for entry in records.apple.values():
            boxes.setdefault(entry.serial.upper(), _apple_box(entry))
        for boxed in records.boxed.values():
            before = boxes.get(boxed.serial.upper()) or device.Box(boxed.serial, boxed.kind, boxed.model)
            boxes[boxed.serial.upper()] = dataclasses.replace(
                before,
                serial=boxed.serial,
                kind=boxed.kind,
                model=boxed.model,
                manufacturer=boxed.manufacturer,
                os_version=boxed.os_version or before.os_version,
                options=dict(boxed.options),
            )
        return boxes

    def _hello_users(self, device_id: str | None) -> frozenset[str]:
        """Who has a Hello key on the PC of that `device_id`."""
        found = entra_devices.find_by_device_id(self._tenant, device_id)
        directory, methods = self._tenant.directory, self._tenant.credentials.methods
        return frozenset(
            directory.users[user_id].upn.lower()
            for user_id, held in methods.items()
            for method in held
            if found and method.kind == "windowsHelloForBusiness" and method.device_id == found.id
        )


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
