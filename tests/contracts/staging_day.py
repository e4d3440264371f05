"""A day at the staging bench of a sandbox tenant: passes by Graph, devices by the fleet, time by hand."""

from __future__ import annotations

import json
import random
from typing import Any
from urllib.parse import urlencode

from agent.sandbox import tenant
from agent.sandbox.areas import people
from agent.sandbox.records import User
from agent.sandbox.virtual import browser, signing_in
from tests import tenancies
from tests.contracts.sandbox_caller import Clock

MARA = "mara.quist@tallisharbour.example"
CHIDI = "chidi.eze@tallisharbour.example"
RUTH = "ruth.adeyemi@tallisharbour.example"
NILS = "nils.haugen@tallisharbour.example"

LAPTOP, LAPTOP_FOR_CHIDI, HYBRID, NO_WEB_SIGN_IN = "PF4TH101", "PF4TH102", "PF4TH106", "PF4TH110"
NOT_ASSIGNED, PENDING, IN_USE = "PF4TH103", "PF4TH104", "PF4TH105"
IPHONE, IPHONE_WITHOUT_PROFILE, IPHONE_RELEASED, IPAD = "H4TH301QLM", "H4TH303QLM", "H4TH304QLM", "DMTH401PWX"


class StagingDay:
    """The seeded company, with every registration's rights at hand, and a clock that moves when told."""

    def __init__(self, options: tenant.Options | None = None) -> None:
        self.clock = Clock()
        self.sandbox = tenancies.make(self.clock, random.Random(5), options=options)  # noqa: S311 - ids only
        self.tenant = self.sandbox.tenant
        self.fleet = self.sandbox.fleet
        self.transport = browser.through_wsgi(self.sandbox.wsgi)

    def person(self, user_name: str) -> User:
        """The record of a person."""
        user = people.by_upn(self.tenant, user_name)
        assert user is not None
        return user

    def graph(self, method: str, path: str, body: Any = None, *, registration: str = "full", status: int = 200) -> Any:
        """The JSON of one Graph request by a registration; it must be answered with `status`."""
        held = next(one for one in self.tenant.directory.registrations.values() if one.name == registration)
        form = {
            "grant_type": "client_credentials",
            "client_id": held.app_id,
            "client_secret": held.secret or "",
            "scope": "https://graph.microsoft.com/.default",
        }
        token = browser.Browser(self.transport, self.tenant.origin).token(self.tenant.id, form).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        raw = b"" if body is None else json.dumps(body).encode()
        answer = self.transport(browser.HttpRequest(method, self.tenant.origin + path, headers, raw))
        assert answer.status == status, answer.body
        return answer.json()

    def issue(self, user_name: str, *, minutes: int = 240, one_time: bool = False) -> str:
        """Have a pass made by the issuer: its code."""
        terms = {"lifetimeInMinutes": minutes, "isUsableOnce": one_time}
        path = f"/v1.0/users/{user_name}/authentication/temporaryAccessPassMethods"
        made = self.graph("POST", path, terms, registration="issuer", status=201)
        return str(made["temporaryAccessPass"])

    def delete_pass(self, user_name: str) -> None:
        """Have the person's pass deleted by the issuer."""
        path = f"/v1.0/users/{user_name}/authentication/temporaryAccessPassMethods"
        (known,) = self.graph("GET", path, registration="issuer")["value"]
        self.graph("DELETE", f"{path}/{known['id']}", registration="issuer", status=204)

    def power_on(self, serial: str) -> dict[str, Any]:
        """Switch a device on."""
        return self.fleet.move(serial, "power-on", {})

    def sign_in(self, serial: str, user_name: str, code: str | None = None, **options: str) -> dict[str, Any]:
        """Somebody types at a device; no code means that they have none."""
        typed = {"person": user_name, **({} if code is None else {"code": code}), **options}
        return self.fleet.move(serial, "sign-in", typed)

    def shown(self, serial: str) -> dict[str, Any]:
        """The device as it is now."""
        return next(row for row in self.fleet.list() if row["serial"] == serial)

    def wait(self, serial: str, *, minutes: int = 120) -> dict[str, Any]:
        """Let time pass until the device wants something or is finished, or so many minutes are over."""
        for _ in range(minutes):
            row = self.shown(serial)
            if row["asks"] or row["finished"]:
                return row
            self.clock.move(minutes=1)
        return self.shown(serial)

    def window(self) -> browser.Browser:
        """A private browser window."""
        return browser.Browser(self.transport, self.tenant.origin)

    def at_sign_in(self, user_name: str, *, window: browser.Browser | None = None) -> browser.Page:
        """The page that follows the user name, at My Security Info."""
        line = window or self.window()
        name = line.open("/mysecurityinfo").form("user-name")
        assert name is not None
        return line.submit(name, {"loginfmt": user_name})

    def security_info(self, user_name: str, code: str, *, window: browser.Browser | None = None) -> browser.Page:
        """My Security Info after a sign-in with a pass, or the page where it stopped."""
        line = window or self.window()
        return signing_in.walk(line, line.open("/mysecurityinfo"), signing_in.Typed(user_name, code))

    def error_numbers(self, user_name: str) -> list[int]:
        """The error codes of the person's sign-ins, oldest first, as the log will show them."""
        user = self.person(user_name)
        return [row.row["status"]["errorCode"] for row in self.tenant.activity.sign_ins if row.user_id == user.id]

    def methods(self, user_name: str, collection: str) -> list[dict[str, Any]]:
        """One collection of the person's methods, by Graph."""
        return list(self.graph("GET", f"/v1.0/users/{user_name}/authentication/{collection}")["value"])

    def find(self, path: str, **query: str) -> list[dict[str, Any]]:
        """The rows of a Graph collection."""
        return list(self.graph("GET", f"{path}?{urlencode(query)}" if query else path)["value"])

    def managed(self, serial: str) -> dict[str, Any]:
        """The newest managed row of a serial number."""
        rows = self.find("/v1.0/deviceManagement/managedDevices", **{"$filter": f"serialNumber eq '{serial}'"})
        return max(rows, key=lambda row: str(row["enrolledDateTime"]))

    def entra(self, serial: str) -> dict[str, Any]:
        """The directory's object of a managed device."""
        device_id = self.managed(serial)["azureADDeviceId"]
        (row,) = self.find("/v1.0/devices", **{"$filter": f"deviceId eq '{device_id}'"})
        return row

    def held_by(self, user_name: str, collection: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The person's one method of a collection, and the device that Graph expands it to."""
        (method,) = self.methods(user_name, collection)
        path = f"/v1.0/users/{user_name}/authentication/{collection}/{method['id']}?$expand=device"
        return method, self.graph("GET", path)["device"]
