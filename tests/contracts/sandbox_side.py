"""Any registration's way into a seeded sandbox, with every method, both versions, and the control door."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from werkzeug.test import Client, TestResponse

from agent.sandbox import mount, records, tenant
from tests import tenancies
from tests.contracts.sandbox_caller import Clock

PASSES = "temporaryAccessPassMethods"


@dataclass
class Side:
    """A sandbox and its tokens by registration; `who` speaks unless a call names another."""

    options: tenant.Options | None = None
    who: str = "full"
    clock: Clock = field(default_factory=Clock)
    waited: list[float] = field(default_factory=list)
    _tokens: dict[tuple[str, int], str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        around = mount.Surroundings(pause=self.waited.append)
        chance = random.Random(11)  # noqa: S311 - ids only
        self.sandbox = tenancies.make(self.clock, chance, options=self.options, surroundings=around)
        self.tenant = self.sandbox.tenant
        self.client = Client(self.sandbox.wsgi)

    def registration(self, name: str) -> records.Registration:
        """The registration of that name."""
        return next(item for item in self.tenant.directory.registrations.values() if item.name == name)

    def person(self, key: str) -> records.User:
        """The person whose user name begins so."""
        return next(user for user in self.tenant.directory.users.values() if user.upn.startswith(f"{key}@"))

    def token_form(self, name: str) -> dict[str, str]:
        """A client credentials request of that registration."""
        held = self.registration(name)
        return {
            "grant_type": "client_credentials",
            "client_id": held.app_id,
            "client_secret": held.secret or "",
            "scope": "https://graph.microsoft.com/.default",
        }

    def ask_token(self, form: dict[str, str], *, tenant_name: str | None = None) -> TestResponse:
        """The token endpoint's answer."""
        path = f"/{tenant_name or self.tenant.id}/oauth2/v2.0/token"
        return self.client.post(path, data=form, base_url=self.tenant.origin)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """One Graph request; `path` begins with the version. A header's underscores stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named.setdefault("Authorization", f"Bearer {self.token()}")
        extra = {} if body is None else {"json": body}
        return self.client.open(path, method=method, headers=named, base_url=self.tenant.origin, **extra)

    def token(self) -> str:
        """A token of whoever speaks, a fresh one every half hour."""
        key = (self.who, int(self.clock.now.timestamp()) // 1800)
        if key not in self._tokens:
            self._tokens[key] = self.ask_token(self.token_form(self.who)).get_json()["access_token"]
        return self._tokens[key]

    def get(self, path: str, *, status: int = 200, **headers: str) -> Any:
        """The JSON at a path that begins with the version; it must answer with `status`."""
        answer = self.send("GET", path, **headers)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.get_json()

    def make_pass(self, key: str, body: Any, *, status: int = 201) -> Any:
        """The JSON of a create for that person; it must answer with `status`."""
        answer = self.send("POST", f"{self.passes_of(key)}", body)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.get_json()

    def passes_of(self, key: str, version: str = "v1.0") -> str:
        """The address of a person's passes."""
        return f"/{version}/users/{self.person(key).id}/authentication/{PASSES}"

    def door(self, method: str, path: str, body: Any = None, *, token: str | None = None) -> TestResponse:
        """A request to the control door."""
        headers = {"Authorization": f"Bearer {self.sandbox.control_token if token is None else token}"}
        extra = {} if body is None else {"json": body}
        return self.client.open(
            f"/control/{path}", method=method, headers=headers, base_url=self.tenant.origin, **extra
        )
