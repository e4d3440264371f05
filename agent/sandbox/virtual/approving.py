"""Authenticator on a phone answers the sign-ins that wait for it: shared by every kind of phone."""

from __future__ import annotations

from agent.sandbox.virtual import browser as browsers
from agent.sandbox.virtual import device, keys


def approve(phone: device.Device, key: keys.DeviceKey) -> None:
    """Approve all that waits for the registration with this key; `FleetError` when nothing does."""
    try:
        waiting = phone.call("approval-requests", {"public_key": key.public})["requests"]
        for request in waiting:
            phone.call("approve", {"flow": request["flow"], "signature": key.sign(request["nonce"])})
    except device.Refused as refusal:
        raise device.FleetError(f"Authenticator could not approve: {refusal}") from None
    if not waiting:
        raise device.FleetError(f"No sign-in waits for an approval on {phone.box.serial}.")


def goes_on(browser: browsers.Browser, page: browsers.Page, phone: device.Device) -> browsers.Page:
    """What the page that waits for an approval shows once it was given on `phone`."""
    phone.press("approve")
    again = page.form("again")
    return page if again is None else browser.submit(again, {})
