"""A Windows laptop that a technician may prepare before it is handed over.

    oobe -> (Windows key five times) provisioning -> provisioned (green) -> resealed -> oobe, the person's phase
                                     -> provision-failed (red, with its number)

learn.microsoft.com/autopilot/pre-provision
"""

from __future__ import annotations

import json

from agent.sandbox.virtual import device, windows

TECHNICIAN_SECONDS = 2400


class PreparedLaptop(windows.WindowsLaptop):
    """One laptop, with the technician's screen behind its first run."""

    starts_from = windows.WindowsLaptop.starts_from | {"resealed", "provision-failed"}

    def press(self, button: str) -> None:
        """Press "provision" at the first run, or "reseal" once the screen is green."""
        if button == "provision" and self.screen == "oobe" and not self.person:
            self._provision()
        elif button == "reseal" and self.screen == "provisioned":
            self.show("resealed", "Resealed and switched off, ready to be handed over.")
        else:
            super().press(button)

    def _provision(self) -> None:
        found, code = self.found, json.dumps({"ZtdId": self.found["autopilot_id"]})
        assigned = found["assigned_to"] or "nobody"
        named = f"{found['organisation']}, profile {found['profile']}, assigned to {assigned}. QR code: {code}"
        try:
            answer = self.call("pre-provision", self.hardware(self.name, self.device_key.public))
        except device.Refused as refusal:
            self.show("provision-failed", f"Red: {refusal} {named}")
            return
        self.orders, self.device_token = answer["orders"], answer["device_token"]
        self.show("provisioning", f"Windows Autopilot provisioning: {named}")
        self.after(TECHNICIAN_SECONDS, self._is_provisioned)

    def _is_provisioned(self) -> None:
        self.report("technician", self.device_token)
        self.show("provisioned", "Green: pre-provisioning is complete. Press Reseal.")
