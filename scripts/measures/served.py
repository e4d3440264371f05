"""A sandbox in a process of its own that takes 100 ms for every answer and throttles; and a client that is counted."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bootstrap
import requests

from agent.graph.deadline import WatchedAdapter

LATENCY = 0.1
#: As many connections as the client has threads, twice.
_CONNECTIONS = 32


@dataclass
class Tenant:
    """A sandbox that is served, and its control door."""

    folder: Path
    ready: dict[str, Any]
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False
        self.session.verify = self.ready["ca_file"]
        self.session.headers["Authorization"] = f"Bearer {self.ready['control_token']}"

    def door(self, method: str, path: str, body: Any = None) -> Any:
        """A request to the control door."""
        answer = self.session.request(method, f"{self.ready['control']}/{path}", json=body, timeout=60)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def counted(self) -> dict[str, int]:
        """How often each route was asked for, those inside batches too."""
        requests_by_route: dict[str, int] = self.door("GET", "counters")["requests"]
        return requests_by_route


@contextmanager
def served(folder: Path, latency: float = LATENCY, *, throttling: bool = True) -> Iterator[Tenant]:
    """`tapslip sandbox` in a process of its own that takes so many seconds for every answer."""
    command = [str(bootstrap.PYTHON), "-m", "agent", "sandbox", "--state-dir", str(folder), "--seed", "7"]
    command += ["--latency", str(latency), "--throttling", "on" if throttling else "off"]
    with subprocess.Popen(command, cwd=bootstrap.ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise OSError("the sandbox did not start")
            yield Tenant(folder, json.loads(line))
        finally:
            process.terminate()


class Counting(WatchedAdapter):
    """The client's own adapter, counting exchanges."""

    def __init__(self) -> None:
        super().__init__(pool_maxsize=_CONNECTIONS)
        self.sent = 0

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        """One more."""
        self.sent += 1
        return super().send(*args, **kwargs)
