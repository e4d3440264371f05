"""One registration's way into a sandbox tenant over HTTP, with a clock that stands still until it is moved."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from werkzeug.test import Client

from agent.sandbox import tenant
from tests import tenancies

MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class Clock:
    """Time that moves only when told."""

    def __init__(self) -> None:
        self.now = MORNING

    def __call__(self) -> datetime:
        return self.now

    def move(self, **span: float) -> None:
        """On by so many seconds, minutes, days."""
        self.now += timedelta(**span)


class Caller:
    """A seeded tenant, and GET requests to it with one registration's token."""

    def __init__(self, options: tenant.Options | None = None, *, registration: str = "full") -> None:
        self.clock = Clock()
        sandbox = tenancies.make(self.clock, random.Random(11), options=options)  # noqa: S311 - ids only
        self.tenant = sandbox.tenant
        self._client = Client(sandbox.wsgi)
        self.sign_in(registration)

    def sign_in(self, registration: str) -> None:
        """Take a fresh token for this registration, by its secret."""
        held = next(item for item in self.tenant.directory.registrations.values() if item.name == registration)
        form = {
            "grant_type": "client_credentials",
            "client_id": held.app_id,
            "client_secret": held.secret,
            "scope": "https://graph.microsoft.com/.default",
        }
        answer = self._client.post(f"/{self.tenant.id}/oauth2/v2.0/token", data=form)
        self._token = answer.get_json()["access_token"]

    def get(self, path: str, *, version: str = "v1.0", status: int = 200) -> Any:
        """The JSON at `path`, which must answer with `status`."""
        headers = {"Authorization": f"Bearer {self._token}"}
        answer = self._client.get(f"/{version}{path}", headers=headers, base_url=self.tenant.origin)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.get_json()

    def beta(self, path: str, *, status: int = 200) -> Any:
        """`get` from beta."""
        return self.get(path, version="beta", status=status)

    def pages(self, path: str, *, version: str = "v1.0") -> list[list[dict[str, Any]]]:
        """Every page of a collection, by its next links."""
        found, start = [], f"{self.tenant.origin}/{version}"
        while path:
            body = self.get(path, version=version)
            found.append(body["value"])
            path = body.get("@odata.nextLink", "").removeprefix(start)
        return found
