"""A technician's terminal: commands through the real funnel, in this process, against a tenant served over HTTPS.

Each terminal has a state folder and a settings file of its own; the tenant's ready line is copied into it, as if the
sandbox ran there.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from agent import wiring
from agent.cli import main

DOMAIN = "tallisharbour.example"
LAPTOP, IPHONE = "PF4TH101", "H4TH301QLM"
AUTOPILOT, COMPANY_PORTAL = f"windows-autopilot={LAPTOP}", f"ios-company-portal={IPHONE}"
STARTER = f"mara.quist@{DOMAIN}"


@dataclass(frozen=True)
class Said:
    """What a command ended with."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.out)


class Tenancy:
    """The tenant from outside: its control door, and Graph as another program with every permission sees it."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self.ready = ready
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(ready["ca_file"])

    def close(self) -> None:
        self.session.close()

    def door(self, path: str, verb: str = "POST", **body: Any) -> Any:
        """A request to the control door, which must do as it is told."""
        headers = {"Authorization": f"Bearer {self.ready['control_token']}"}
        answer = self.session.request(verb, f"{self.ready['control']}/{path}", json=body, headers=headers, timeout=60)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def reset(self) -> None:
        """As it was at the start."""
        self.door("reset")

    def fault(self, match: str, kind: str, times: int = 1) -> None:
        """Script a fault for requests that match "METHOD path"."""
        self.door("faults", match=match, kind=kind, times=times)

    def writes(self) -> list[str]:
        """Every Graph request that changed something, or tried to, since the reset: all but reads."""
        made = self.door("counters", "GET")["requests"]
        reads = ("GET ", "POST /users/{id}/checkMemberGroups", "POST /$batch")
        return [line for line in made if not line.startswith(reads) and "/oauth2/" not in line]

    def passes_of(self, person: str) -> list[str]:
        """The ids of the passes that the tenant lists for somebody."""
        return [row["id"] for row in self.listed(f"users/{person}/authentication/temporaryAccessPassMethods")]

    def group_of(self, person: str, name: str) -> str:
        """The id of a group that somebody is in."""
        rows = self.listed(f"users/{person}/memberOf")
        return next(str(row["id"]) for row in rows if row["displayName"] == name)

    def listed(self, path: str) -> list[dict[str, Any]]:
        """What Graph lists there."""
        form = {
            "client_id": self.ready["client_id"],
            "client_secret": self.ready["client_secret"],
            "grant_type": "client_credentials",
            "scope": "https://graph.microsoft.com/.default",
        }
        place = f"{self.ready['login']}/{self.ready['tenant_id']}/oauth2/v2.0/token"
        token = self.session.post(place, data=form, timeout=60).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        listed: dict[str, Any] = self.session.get(
            f"{self.ready['graph']}/v1.0/{path}", headers=headers, timeout=60
        ).json()
        return list(listed["value"])


@dataclass
class Terminal:
    """Runs commands; `slips` is a folder that does not exist until something is printed."""

    folder: Path
    captured: pytest.CaptureFixture[str]
    ready_file: Path | None = None
    more: dict[str, Any] = field(default_factory=dict)
    outside: wiring.Outside | None = None

    def __post_init__(self) -> None:
        self.state.mkdir(mode=0o700)
        if self.ready_file is not None:
            shutil.copy(self.ready_file, self.state / wiring.READY_FILE)
        self.write_settings()

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def slips(self) -> Path:
        return self.folder / "slips"

    @property
    def settings(self) -> Path:
        return self.folder / "tapslip.yaml"

    def write_settings(self, **more: Any) -> None:
        """Settings in YAML's JSON subset, with the state folder of this terminal."""
        self.settings.write_text(json.dumps({"state_dir": str(self.state), **self.more, **more}), encoding="utf-8")

    def run(self, *arguments: str, typed: str = "", role: str = "") -> Said:
        """One command through the funnel; `typed` is its standard input."""
        self.captured.readouterr()
        played = ["--as", role] if role else []
        with _typing(typed):
            code = main.main(["--settings", str(self.settings), *played, *arguments], self.outside)
        shown = self.captured.readouterr()
        assert "Traceback" not in shown.out + shown.err
        return Said(code, shown.out, shown.err)

    def issue(self, person: str = STARTER, *wanted: str, **options: str | bool) -> Said:
        """`tapslip issue` to the slips folder; `options` are flags (True) or values."""
        given = {"slip": str(self.slips), **options}
        flags = [f"--{name.replace('_', '-')}" for name, value in given.items() if value is True]
        values = [part for name, value in given.items() if value and value is not True for part in (f"--{name}", value)]
        named = [part for one in wanted or (AUTOPILOT,) for part in ("--for", one)]
        return self.run("issue", "--person", person, *named, *flags, *map(str, values))

    def rows(self, table: str) -> list[sqlite3.Row]:
        """The rows of a table of the store."""
        with contextlib.closing(sqlite3.connect(self.state / "tapslip.db")) as store:
            store.row_factory = sqlite3.Row
            return store.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608  a name of ours

    def papers(self) -> list[Path]:
        """What lies in the slips folder."""
        return sorted(self.slips.iterdir()) if self.slips.exists() else []

    def nothing_done(self) -> None:
        """No journey, pass or slip on record, and no paper."""
        if (self.state / "tapslip.db").exists():
            assert [self.rows(table) for table in ("journeys", "passes", "slips")] == [[], [], []]
        assert self.papers() == []


@contextlib.contextmanager
def _typing(text: str) -> Iterator[None]:
    before = sys.stdin
    sys.stdin = io.StringIO(text)
    try:
        yield
    finally:
        sys.stdin = before


def refused(said: Said, code: int, happened: str, *advice: str) -> None:
    """The exit code, and on standard error: what happened on the first line, what to do and where below it."""
    assert said.code == code, said
    first, *rest = said.err.splitlines()
    assert happened in first, said.err
    assert rest, "nothing says what to do"
    for part in advice:
        assert part in "\n".join(rest), said.err
