"""The control door of a running sandbox, over HTTP like any other program would use it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from agent import errors
from agent.domain.secrets import Secret

_SECONDS = (5, 60)


class Door:
    """Moves virtual devices and people, and reads screens; made from a ready line."""

    def __init__(self, ready: Mapping[str, Any]) -> None:
        self._address = str(ready["control"])
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = str(ready["ca_file"])
        self._session.headers["Authorization"] = f"Bearer {ready['control_token']}"

    def close(self) -> None:
        """Let go of connections."""
        self._session.close()

    def devices(self) -> list[dict[str, Any]]:
        """Every virtual device: serial, kind, model, screen, message, asks, person, finished."""
        found = self._ask("GET", "/devices")["devices"]
        return list(found)

    def device(self, serial: str) -> dict[str, Any]:
        """One of them, by its serial in any case; raises NotFound."""
        for device in self.devices():
            if device["serial"].upper() == serial.strip().upper():
                return device
        raise errors.NotFound(
            f"The sandbox has no device {serial}.", "`tapslip sandbox device list` shows all of them."
        )

    def move(self, serial: str, action: str, *, code: Secret | None = None, **typed: str) -> dict[str, Any]:
        """`power-on`, `sign-in`, `unlock`, `reset` or a button; raises Refused with the device's own words.

        A sign-in takes `person`, `lost_method`, `sets_up`, `approve_on`, `phone_number`, `puts_off`; empty ones
        count for nothing.
        """
        device = self.device(serial)
        payload = {name: value for name, value in typed.items() if value}
        if code is not None:
            payload["code"] = code.expose()
        return self._ask("POST", f"/devices/{quote(device['serial'], safe='')}/{action}", payload)

    def people(self) -> list[dict[str, Any]]:
        """Everybody who can sign in by themselves: person (user name), name, way, key."""
        return list(self._ask("GET", "/people")["people"])

    def sign_in(self, person: str, address: str) -> str:
        """Have one of them open an address in a browser and sign in; gives the page where the browser ended.

        What the tenant sends back to a program on this machine is brought to it, without the door's own token. Raises
        Refused in the sandbox's words.
        """
        stands = self._ask("POST", f"/people/{quote(person.strip(), safe='@.')}/sign-in", {"address": address.strip()})
        action = str(stands["form_action"])
        if not action:
            raise errors.Refused(
                f"The browser stopped at the page “{stands['page']}”. {stands['problem']}".strip(),
                "Copy the whole address, and take it from a sign-in that still waits.",
                codes=("sign_in",),
            )
        if urlsplit(action).hostname != "localhost":
            raise errors.Refused("The sign-in leads away from this machine.", codes=("sign_in",))
        try:
            with requests.Session() as browser:
                browser.trust_env = False
                browser.post(action, data=stands["fields"], timeout=_SECONDS)
        except requests.RequestException:
            raise errors.Refused(
                "Nobody waits for this sign-in any more.",
                "Start it again, and use its new address.",
                codes=("sign_in",),
            ) from None
        return action

    def _ask(self, verb: str, path: str, payload: Mapping[str, Any] | None = None) -> dict[str, Any]:
        try:
            answer = self._session.request(verb, self._address + path, json=payload, timeout=_SECONDS)
            said = answer.json()
        except (requests.RequestException, ValueError):
            raise errors.TenantUnreachable(
                "The sandbox tenant does not answer.", "Start one with `tapslip sandbox`."
            ) from None
        if answer.status_code >= requests.codes.bad_request:
            advice = "Look with `tapslip sandbox device list`, or `tapslip sandbox person list`."
            raise errors.Refused(str(said.get("error", "The sandbox refused.")), advice, codes=("device",))
        return dict(said)
