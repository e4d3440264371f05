"""Promise 1, looked for with the scanner: a code is on its slip and nowhere else, whatever goes wrong.

The tenant is served over TLS in this process, so that its own record tells each code; everything else is as it runs
for a technician, with every logger at its most talkative and no redaction in between.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import random
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from agent import errors, logs, settings, wiring
from agent.actions import close, issue, planning, sheets, track
from agent.cli import crash, reading, serving
from agent.cli.folder import FolderPaper
from agent.domain import cases
from agent.domain.people import Operator, Role
from agent.domain.secrets import PassCode
from agent.ports import Agent
from agent.sandbox import mount, records
from agent.sandbox import tenant as tenants
from agent.sandbox.virtual import browser
from agent.sandbox.wire import faults
from agent.web import local_ca
from tests import secrecy, tenancies
from tests.acceptance.conftest import Told
from tests.acceptance.watching import Watch

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

STARTER, OTHER = "mara.quist@tallisharbour.example", "alex.morgan@tallisharbour.example"
LAPTOP, SECOND = "PF4TH101", "PF4TH111"
CODE = "Zq7+Xv9!"
CREATE = "POST *temporaryAccessPassMethods"
BY = Operator("local:technician", "Tess (technician)", Role.TECHNICIAN)


class Remembering(dict[str, records.AccessPass]):
    """The tenant's passes, which also remember each code that ever was."""

    codes: list[str]

    def __setitem__(self, user_id: str, made: records.AccessPass) -> None:
        self.codes.append(made.code)
        super().__setitem__(user_id, made)


class Maiming:
    """Stands before the tenant: the next answer that says a pass was made lacks a member, for each that is named."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self.missing: list[str] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not (self.missing and environ["PATH_INFO"].endswith("temporaryAccessPassMethods")):
            return self._app(environ, start_response)
        return self._without_a_member(environ, start_response)

    def _without_a_member(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        status, headers = "", [("", "")]

        def keep(told: str, given: list[tuple[str, str]], _problem: object = None) -> Callable[[bytes], object]:
            nonlocal status, headers
            status, headers = told, given
            return io.BytesIO().write

        body = b"".join(self._app(environ, keep))
        if status.startswith("201"):
            body = json.dumps({k: v for k, v in json.loads(body).items() if k != self.missing[0]}).encode()
            headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
            headers.append(("Content-Length", str(len(body))))
            self.missing.pop(0)
        start_response(status, headers)
        return [body]


@dataclass
class Scene:
    """An agent at a tenant of which the codes are known; `trouble` is every error raised, with all that led to it."""

    agent: Agent
    sandbox: mount.Sandbox
    maiming: Maiming
    passes: Remembering
    slips: Path
    trouble: list[str] = field(default_factory=list)

    def request(self, person: str, serial: str, **more: Any) -> planning.Request:
        item = cases.Item(self.agent.profiles["windows-autopilot"], serial)
        asked = cases.KitAsked(person, (item,), replace=more.pop("replace", False))
        given = {"paper": FolderPaper(self.slips), "wanted": sheets.Wanted("technician"), **more}
        return planning.Request(BY, asked, **given)

    def fails(self, request: planning.Request) -> errors.AgentError:
        """Issue, which must fail; the error is kept as text, what it was raised from included."""
        with pytest.raises(errors.AgentError) as caught:
            issue.issue(self.agent, request)
        self.trouble.extend(told_in_full(caught.value))
        return caught.value


def told_in_full(problem: BaseException | None) -> Iterator[str]:
    """The traceback as Python prints it, and those of hidden contexts too."""
    while problem is not None:
        yield "".join(traceback.format_exception(problem)) + repr(problem) + repr(vars(problem))
        problem = problem.__cause__ or problem.__context__


@contextlib.contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """The tenant over TLS on loopback, and an agent that finds it by its ready line."""
    clock, listening = wiring.SystemClock(), serving.listen()
    certificate = local_ca.ensure(folder / "tenant", clock.now())
    around = mount.Surroundings(transport=browser.through_tls(certificate.ca_file), pause=clock.wait)
    options = tenants.Options(speed=600)
    chance = random.Random(3)  # noqa: S311  the tenant's ids repeat
    sandbox = tenancies.make(clock.now, chance, origin=listening.origin, options=options, surroundings=around)
    passes = Remembering()
    passes.codes = []
    sandbox.tenant.credentials.passes = passes
    chosen = settings.load(None, {}, overrides={"state_dir": str(folder / "state")})
    maiming = Maiming(sandbox.wsgi)
    ready = sandbox.ready_line() | {"ca_file": str(certificate.ca_file)}
    with (
        serving.start(maiming, certificate=certificate, listening=listening, cut=mount.ConnectionCut),
        contextlib.closing(wiring.build(chosen, wiring.Outside(ready=ready))) as agent,
    ):
        yield Scene(agent, sandbox, maiming, passes, folder / "slips")


@contextlib.contextmanager
def everything_logged(folder: Path) -> Iterator[Path]:
    """Every record of every logger goes to a file as it is, and once more through our own set-up."""
    root, path = logging.getLogger(), folder / "raw.log"
    before, raw = root.level, logging.FileHandler(path, encoding="utf-8")
    raw.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s %(args)s"))
    root.addHandler(raw)
    ours = logs.set_up((folder / "ours.log").open("w", encoding="utf-8"), level=logging.DEBUG)
    try:
        yield path
    finally:
        root.setLevel(before)
        for handler in (raw, ours):
            root.removeHandler(handler)
        raw.close()
        ours.stream.close()  # type: ignore[attr-defined]


class BurningPaper:
    """Paper that catches fire when it is written to."""

    def check(self, numbers: Iterable[str]) -> None:
        """Seems fine."""

    def place(self, number: str) -> str:
        return f"fire/{number}"

    def put(self, number: str, pdf: bytes) -> str:
        raise RuntimeError(f"slip {number} of {len(pdf)} bytes is on fire")

    def withdraw(self, number: str) -> None:
        """There is none."""


def broken_screen(code: PassCode) -> None:
    raise ValueError(f"cannot show {code} {code!r} {[code]}")


@contextlib.contextmanager
def setters_are_killed() -> Iterator[None]:
    """Kills, as a machine out of memory would, each process of ours that sets a live slip."""
    enough = threading.Event()

    def kill() -> None:
        while not enough.wait(0.002):
            for child in children():
                with contextlib.suppress(OSError):
                    os.kill(child, signal.SIGKILL)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


def children() -> Iterator[int]:
    for listed in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for number in map(int, listed.read_text().split()):
                if b"agent.slips" in Path(f"/proc/{number}/cmdline").read_bytes():
                    yield number


def go_wrong(stage: Scene) -> None:
    """Every way in which a code can be lost on its way to the paper, each time to somebody else's device."""
    stage.sandbox.tenant.options.log_delay = 0
    stage.sandbox.tenant.apply_lags()
    stage.sandbox.gate.faults.append(faults.Fault(CREATE, "truncated"))
    assert stage.fails(stage.request(OTHER, SECOND)).exit_code == 6
    stage.sandbox.gate.faults.append(faults.Fault(CREATE, "lost"))
    assert stage.fails(stage.request(OTHER, SECOND)).exit_code == 6
    for member in ("id", "temporaryAccessPass", "lifetimeInMinutes"):
        stage.maiming.missing.append(member)
        assert stage.fails(stage.request(OTHER, SECOND)).exit_code == 6
        assert stage.maiming.missing == []
    stage.fails(stage.request(OTHER, SECOND, paper=BurningPaper()))
    stage.fails(stage.request(OTHER, SECOND, screen=broken_screen))
    if sys.platform == "linux":
        with setters_are_killed():
            assert "ended early" in stage.fails(stage.request(OTHER, SECOND)).summary
    assert list(stage.passes) == []


def go_well(stage: Scene) -> None:
    """A journey with its device, a replaced pass, and an end by hand."""
    first = issue.issue(stage.agent, stage.request(STARTER, LAPTOP))
    made = issue.issue(stage.agent, stage.request(STARTER, LAPTOP, replace=True))
    code = reading.code_on(Path(made.slips[0].place)).expose()
    stage.sandbox.fleet.move(LAPTOP, "power-on", {})
    for _ in range(200):
        shown = next(row for row in stage.sandbox.fleet.list() if row["serial"] == LAPTOP)
        if shown["asks"]:
            stage.sandbox.fleet.move(LAPTOP, "sign-in", {"person": STARTER, "code": code})
        if shown["finished"]:
            break
        stage.agent.clock.wait(0.1)
    track.track(stage.agent)
    close.revoke(stage.agent, first.journeys[0].id, BY)


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Scene, list[secrecy.Place]]]:
    """A scene after all of it, and every place in which a code must not be; the store is still open."""
    folder = tmp_path_factory.mktemp("secrecy")
    temporary = folder / "temporary"
    temporary.mkdir()
    before, tempfile.tempdir = tempfile.tempdir, str(temporary)
    said = io.StringIO()
    try:
        with scene(folder) as stage:
            with (
                Watch(temporary) as watch,
                contextlib.redirect_stdout(said),
                contextlib.redirect_stderr(said),
                everything_logged(folder) as raw,
            ):
                go_wrong(stage)
                go_well(stage)
            spoken = [("terminal", said.getvalue().encode())]
            spoken += [("trouble", text.encode()) for text in stage.trouble]
            yield stage, [folder / "state", raw, folder / "ours.log", temporary, *spoken, *watch.seen()]
    finally:
        tempfile.tempdir = before


def test_an_answer_cut_short_or_maimed_a_crash_while_it_is_set_and_every_logger_open_leave_no_code_but_on_its_slip(
    searched: tuple[Scene, list[secrecy.Place]],
) -> None:
    stage, places = searched
    assert len(set(stage.passes.codes)) >= 9
    for code in set(stage.passes.codes):
        assert secrecy.find(code, places) == []


def test_the_search_has_looked_where_it_matters(searched: tuple[Scene, list[secrecy.Place]]) -> None:
    """The journal is there, the log tells of the requests, and the slip itself does hold its code."""
    stage, places = searched
    held = {path.name for path in stage.agent.settings.state_dir.iterdir()}
    assert {"tapslip.db", "tapslip.db-wal"} <= held
    raw = next(place for place in places if isinstance(place, Path) and place.name == "raw.log").read_text("utf-8")
    assert "urllib3" in raw
    assert "temporaryAccessPassMethods" in raw
    assert len(stage.trouble) >= 4
    last = stage.passes.codes[-1]
    assert secrecy.find(last, [stage.slips])
    if sys.platform == "linux":
        assert [place for place in places if isinstance(place, tuple) and b"agent.slips" in place[1]]


def test_the_trace_of_a_bug_holds_no_message(tmp_path: Path) -> None:
    before, tempfile.tempdir = tempfile.tempdir, str(tmp_path)
    try:
        kept = crash.keep(_caught(lambda: int(CODE)))
    finally:
        tempfile.tempdir = before
    assert kept is not None
    assert "ValueError" in kept.read_text("utf-8")
    assert secrecy.find(CODE, [kept]) == []


def _caught(bug: Callable[[], object]) -> BaseException:
    try:
        bug()
    except ValueError as problem:
        return problem
    raise AssertionError("it did not fail")


def test_the_demo_leaves_its_codes_on_its_slips_only(told: Told) -> None:
    codes = {reading.code_on(paper).expose() for paper in told.folder.iterdir()}
    rest: list[secrecy.Place] = [told.out.encode(), told.err.encode(), told.temporary, told.record, *told.watch.seen()]
    rest += [path for path in told.folder.iterdir() if path.suffix != ".pdf"]
    assert told.record.read_bytes().count(b'"temporaryAccessPass": "********"') == len(codes)
    for code in codes:
        assert secrecy.find(code, rest) == []
        assert secrecy.find(code, [told.folder])
