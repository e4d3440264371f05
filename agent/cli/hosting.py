"""Hosts the sandbox tenant in this process: TLS, its clock and seed, and the ready line that lets others find it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent import errors, wiring
from agent.cli import recording, serving
from agent.sandbox import mount
from agent.sandbox import seed as seeds
from agent.sandbox import tenant as tenants
from agent.sandbox.virtual import browser
from agent.web import local_ca

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

RECORD_HELP = "Write each exchange with Graph to this new file, a line of JSON each, with codes and tokens masked."

_SEED_FILE = "sandbox-seed.json"


@dataclass(frozen=True, slots=True)
class Wish:
    """How the sandbox should be: port 0 is any free one, `seed` None is this state folder's own random one.

    `speed` divides enrolment steps and delays, `latency` is seconds before each answer. `throttling` is "on" (what
    Microsoft publishes), "off", or "reports" (only the reports' 5 in 10 s); `throttle_factor` shortens windows and
    counts. `people_file` is a seed of your own in place of the one that comes along, `record` a new file for each
    exchange with Graph, `in_front` a layer in front of the app.
    """

    port: int = 0
    seed: int | None = None
    speed: float = 1.0
    latency: float = 0.0
    throttling: str = "on"
    throttle_factor: float = 1.0
    people_file: Path | None = None
    record: Path | None = None
    in_front: Callable[[WSGIApplication], WSGIApplication] | None = None

    def options(self) -> tenants.Options:
        """The tenant's switches that come of it."""
        return tenants.Options(
            speed=self.speed,
            latency=self.latency,
            throttling=self.throttling,
            throttle_factor=self.throttle_factor,
        )


@dataclass(frozen=True, slots=True)
class Hosted:
    """A running sandbox, its ready line (which holds secrets) and the name of the pretend company."""

    served: serving.Served
    ready: dict[str, Any]
    company: str


@contextmanager
def hosted(state_dir: Path, wish: Wish) -> Iterator[Hosted]:
    """A sandbox that answers until the block ends; its ready line lies in `state_dir` for just as long.

    Raises Misconfigured for a taken port, a folder or record that cannot be written or a sandbox that runs there
    already.
    """
    wiring.private_folder(state_dir)
    _refuse_second(state_dir)
    with recording.to_file(wish.record) as recorded, _hosted(state_dir, wish, recorded) as running:
        yield running


@contextmanager
def _hosted(state_dir: Path, wish: Wish, recorded: recording.Layer) -> Iterator[Hosted]:
    clock = wiring.SystemClock()
    certificate = local_ca.ensure(state_dir / "sandbox-tls", clock.now())
    listening = serving.listen(wish.port)
    chance = random.Random(_seed(state_dir) if wish.seed is None else wish.seed)  # noqa: S311  repeatable on request
    try:
        sandbox = mount.make(
            clock.now,
            chance,
            origin=listening.origin,
            options=wish.options(),
            surroundings=mount.Surroundings(
                seed_path=wish.people_file,
                transport=browser.through_tls(certificate.ca_file),
                pause=clock.wait,
                control_token=wiring.SystemChance().token(),
                in_front=lambda app: (wish.in_front or _nothing)(recorded(app)),
            ),
        )
    except seeds.SeedError as problem:
        listening.close()
        raise errors.Misconfigured(f"The sandbox's seed is wrong: {problem}", "Mend the seed file.") from problem
    served = serving.start(sandbox.wsgi, certificate=certificate, listening=listening, cut=mount.ConnectionCut)
    ready = sandbox.ready_line() | {"ca_file": str(certificate.ca_file)}
    ready_file = state_dir / wiring.READY_FILE
    wiring.write_private(ready_file, json.dumps(ready))
    try:
        yield Hosted(served, ready, sandbox.tenant.directory.organisation.display_name)
    finally:
        ready_file.unlink(missing_ok=True)
        served.stop()


def _nothing(app: WSGIApplication) -> WSGIApplication:
    return app


def _refuse_second(state_dir: Path) -> None:
    """One sandbox a folder: a second would take the first one's ready line away."""
    try:
        ready = json.loads((state_dir / wiring.READY_FILE).read_text("utf-8"))
        origin = str(ready["graph"])
    except (OSError, ValueError, KeyError, TypeError):
        return
    if serving.answers(origin):
        raise errors.Misconfigured(
            f"A sandbox tenant runs on this state folder already ({origin}).",
            "Stop that one first, or choose another folder with --state-dir.",
        )


def _seed(state_dir: Path) -> int:
    """The folder's own seed, made once at random: ids stay the same over restarts, and nobody can guess secrets."""
    path = state_dir / _SEED_FILE
    try:
        return int(json.loads(path.read_text("ascii"))["seed"])
    except (OSError, ValueError, KeyError, TypeError):
        made = int(wiring.SystemChance().uuid().replace("-", ""), 16)
        wiring.write_private(path, json.dumps({"seed": made}))
        return made
