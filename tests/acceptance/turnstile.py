"""A layer before a served tenant that holds a request of one's choice, before or after the tenant has acted on it.

Whoever waits for the answer is then at a known step, and can be killed there.
"""

from __future__ import annotations

import contextlib
import fnmatch
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent import wiring
from agent.cli import hosting
from agent.sandbox import mount
from tests import tenancies
from tests.cli.terminal import STARTER, Tenancy, Terminal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CREATE = "POST */temporaryAccessPassMethods"
_PATIENCE = 30.0


@dataclass
class Hold:
    """One request to be held: the next whose "METHOD path?query" fits; `acted` is whether the tenant acts first.

    Somebody must let it go within `patience`, in seconds.
    """

    line: str
    acted: bool
    patience: float = _PATIENCE
    _reached: threading.Event = field(default_factory=threading.Event)
    _released: threading.Event = field(default_factory=threading.Event)
    _dropped: bool = False

    def reached(self) -> None:
        """Wait until it is there."""
        assert self._reached.wait(_PATIENCE), f"nobody asked for {self.line}"

    def release(self) -> None:
        """Let it go on: to the tenant, or back to whoever asked."""
        self._released.set()

    def drop(self) -> None:
        """Cut its connection; what the tenant has not seen it never sees."""
        self._dropped = True
        self._released.set()

    def stop(self) -> None:
        """Stand here until let go; raises ConnectionCut when dropped."""
        self._reached.set()
        assert self._released.wait(self.patience), f"nobody let {self.line} go"
        if self._dropped:
            raise mount.ConnectionCut("held, then dropped")


@dataclass
class _Answer:
    """What the tenant said, and how the line broke if it did."""

    status: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    cut: mount.ConnectionCut | None = None

    @property
    def acted(self) -> bool:
        """Whether the tenant made what it was asked for, though nobody may hear of it."""
        return self.status.startswith("201") or "lost" in str(self.cut or "")

    def parts(self) -> Iterator[bytes]:
        """The body, or what came of it before the line broke."""
        if self.body:
            yield self.body
        if self.cut is not None:
            raise self.cut


@dataclass
class Turnstile:
    """The layer; `made` counts the passes that the tenant has made."""

    made: int = 0
    _holds: list[Hold] = field(default_factory=list)
    _whims: list[tuple[str, Callable[[], object]]] = field(default_factory=list)
    _inner: Any = None

    def in_front_of(self, app: WSGIApplication) -> WSGIApplication:
        """This layer, before an app."""
        self._inner = app
        return self

    def hold(self, line: str, *, acted: bool = False, patience: float = _PATIENCE) -> Hold:
        """Hold the next request that fits ("*" stands for anything)."""
        held = Hold(line, acted, patience)
        self._holds.append(held)
        return held

    def before(self, line: str, whim: Callable[[], object]) -> None:
        """Do something just before the next request that fits is seen by the tenant."""
        self._whims.append((line, whim))

    def clear(self) -> None:
        """Nothing is held any more, nothing counted."""
        for held in self._holds:
            held.drop()
        self._holds, self._whims, self.made = [], [], 0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Let one request through, when its time has come."""
        query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
        line = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}{query}"
        for whim in [one for one in self._whims if fnmatch.fnmatch(line, one[0])][:1]:
            self._whims.remove(whim)
            whim[1]()
        held = next((one for one in self._holds if fnmatch.fnmatch(line, one.line)), None)
        if held is not None:
            self._holds.remove(held)
        if held is not None and not held.acted:
            held.stop()
        answer = self._answer(environ)
        self.made += fnmatch.fnmatch(line, CREATE) and answer.acted
        if held is not None and held.acted:
            held.stop()
        if answer.status:
            start_response(answer.status, answer.headers)
        return answer.parts()

    def _answer(self, environ: WSGIEnvironment) -> _Answer:
        answer = _Answer()

        def begin(status: str, headers: list[tuple[str, str]], _problem: Any = None) -> Callable[[bytes], object]:
            answer.status, answer.headers = status, headers
            return lambda _part: None

        try:
            for part in self._inner(environ, begin):
                answer.body += part
        except mount.ConnectionCut as cut:
            answer.cut = cut
        return answer


@contextlib.contextmanager
def served(folder: Path) -> Iterator[tuple[hosting.Hosted, Path, Turnstile]]:
    """A hurried tenant whose requests can be held, and its ready file."""
    turnstile = Turnstile()
    wish = hosting.Wish(seed=7, speed=3000, in_front=turnstile.in_front_of)
    with tenancies.hosted(folder, wish) as running:
        yield running, folder / wiring.READY_FILE, turnstile


@dataclass
class Place:
    """A terminal, its tenant from outside, and the turnstile between them."""

    terminal: Terminal
    tenancy: Tenancy
    turnstile: Turnstile

    def minutes_later(self, minutes: float) -> str:
        """One sweep, for which all that is on record began so much earlier than it did.

        Tapslip's patience with a record at `issuing` is two minutes of the machine's clock; the test moves the record,
        because it cannot move the clock.
        """
        with contextlib.closing(sqlite3.connect(self.terminal.state / "tapslip.db")) as store, store:
            for table, column in (("passes", "requested_at"), ("passes", "issued_at"), ("journeys", "opened_at")):
                earlier = f"strftime('%Y-%m-%dT%H:%M:%f', {column}, ?) || '000+00:00'"
                store.execute(f"UPDATE {table} SET {column} = {earlier}", (f"-{minutes} minutes",))  # noqa: S608
        said = self.terminal.run("track", "--once")
        assert said.code == 0, said
        return said.out + said.err

    def states(self, table: str) -> list[str]:
        """The states of a table's rows, oldest first."""
        return [row["state"] for row in self.terminal.rows(table)]

    def nobody_lost_one(self) -> None:
        """Each pass the tenant lists is on record with a live slip that lies in the folder, and each made is accounted.

        That is: issued and held, gone, or deleted as ours; each with its row in an audit whose chain holds.
        """
        rows = {row["id"]: row for row in self.terminal.rows("passes")}
        live = {row["pass_id"]: row for row in self.terminal.rows("slips") if row["state"] == "live"}
        held = {rows[id_]["tenant_id"] for id_, slip in live.items() if Path(slip["place"]).exists()}
        assert set(self.tenancy.passes_of(STARTER)) <= held
        ours = [row for row in rows.values() if row["state"] in {"issued", "gone"} or "deleted" in row["reason"]]
        assert len(ours) == self.turnstile.made
        told = [(row["action"], row["outcome"], row["pass_id"]) for row in self.terminal.rows("audit")]
        ends = {
            "issued": ("pass.issue", "issued"),
            "gone": ("pass.remove", "gone"),
            "refused": ("pass.mend", "refused"),
        }
        assert all((*ends[row["state"]], row["id"]) in told for row in ours)
        assert self.terminal.run("audit", "verify").code == 0
