"""A sandbox on a real socket with TLS, and what stands beside Microsoft's clients: a browser and the control door."""

from __future__ import annotations

import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from agent.cli import hosting
from tests import tenancies


@dataclass(frozen=True)
class Sandbox:
    """What other programs are told about a sandbox that runs: its ready line."""

    ready: dict[str, Any]

    @property
    def origin(self) -> str:
        """Where Graph, login and everything else answer."""
        return str(self.ready["graph"])

    @property
    def ca_file(self) -> str:
        """The certificate to trust."""
        return str(self.ready["ca_file"])

    @property
    def authority(self) -> str:
        """The tenant's login address."""
        return f"{self.origin}/{self.ready['tenant_id']}"

    def registration(self, name: str) -> dict[str, str]:
        """Client id and secret of one of the registrations Tapslip uses."""
        found: dict[str, str] = self.ready["registrations"][name]
        return found

    def door(self, method: str, path: str, body: Any = None) -> Any:
        """A request to the control door."""
        headers = {"Authorization": f"Bearer {self.ready['control_token']}"}
        address = f"{self.ready['control']}/{path}"
        answer = requests.request(method, address, json=body, headers=headers, verify=self.ca_file, timeout=30)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def graph(self, path: str, token: str) -> requests.Response:
        """A plain GET at Graph with a token that somebody got."""
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(f"{self.origin}{path}", headers=headers, verify=self.ca_file, timeout=30)

    def person(self, key: str) -> str:
        """The full user name of somebody of the seed."""
        return f"{key}@tallisharbour.example"


@contextmanager
def served(folder: Path, **wished: Any) -> Iterator[Sandbox]:
    """A sandbox that answers until the block ends."""
    with tenancies.hosted(folder, hosting.Wish(seed=11, **wished)) as running:
        yield Sandbox(running.ready)


class Visitor(webbrowser.BaseBrowser):
    """The browser of this machine, with somebody of the tenant's staff in front of it who has a key at hand."""

    def __init__(self, sandbox: Sandbox, person: str) -> None:
        super().__init__("visitor")
        self._sandbox = sandbox
        self._person = person

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:  # noqa: ARG002 - the base class's own
        """Visit an address without making the caller wait, as browsers do."""
        threading.Thread(target=self._visit, args=(url,), daemon=True).start()
        return True

    def _visit(self, url: str) -> None:
        stands = self._sandbox.door("POST", f"people/{quote(self._person)}/sign-in", {"address": url})
        if stands["form_action"]:
            requests.post(stands["form_action"], data=stands["fields"], timeout=10)
        elif stands["left_for"]:
            requests.get(stands["left_for"], timeout=10)


def lend_browser(sandbox: Sandbox, person: str) -> None:
    """Whoever opens a browser on this machine from now on meets this person."""
    webbrowser.register("visitor", None, Visitor(sandbox, person), preferred=True)
