"""`tapslip demo`: the whole story on a pretend tenant, told on the terminal.

Nothing is faked on the way: the sandbox answers over HTTPS, the codes are read back from the rendered slips, and the
virtual devices get in only by typing them.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from agent import errors, settings, wiring
from agent.actions import asks, planning, preflight, sheets, track
from agent.actions import issue as issuing
from agent.cli import hosting, reading, words
from agent.cli.door import Door
from agent.cli.folder import FolderPaper
from agent.cli.narrator import Narrator
from agent.domain import cases, milestones
from agent.domain.facts import Known
from agent.domain.journeys import Journey, JourneyState
from agent.domain.people import Operator, Role
from agent.domain.secrets import Secret
from agent.ports import Agent

#: An hour of enrolment in six seconds.
SPEED: Final = 600.0
LAPTOP, IPHONE, TRUSTED_PC = "PF4TH101", "H4TH301QLM", "TRUSTEDPC1"
STARTER, LOST_A_PHONE = "mara.quist@tallisharbour.example", "ruth.adeyemi@tallisharbour.example"
_BY = Operator("local:technician", "Demo (technician)", Role.TECHNICIAN)
_APPROVER = Operator("local:approver", "Demo (approver)", Role.APPROVER)
_PATIENCE_SECONDS = 90
_PAUSE_SECONDS = 1.5


@dataclass
class Stage:
    """What the story plays on."""

    agent: Agent
    door: Door
    out: Path
    tell: Narrator


@click.command()
@click.option("--once", is_flag=True, help="Leave when the story is told; otherwise the board stays open.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("tapslip-demo"), help="Where the slips go.")
@click.option("--port", type=int, default=0, help="Port of the board; default any free one.")
@click.option("--record", type=click.Path(path_type=Path), metavar="FILE", help=hosting.RECORD_HELP)
def demo(once: bool, out: Path, port: int, record: Path | None) -> None:  # noqa: FBT001  click's way
    """The whole story in one command, on a pretend tenant; touches nothing real."""
    state = Path(tempfile.mkdtemp(prefix="tapslip-demo-"))
    try:
        with _stage(state, out.resolve(), record) as stage:
            undone = play(stage)
            if not once and not undone:
                _keep_board(stage, port)
    finally:
        shutil.rmtree(state, ignore_errors=True)
    if undone:
        raise errors.Refused(
            "The demo did not end as it should.", "\n".join(undone), codes=tuple("not_done" for _ in undone)
        )


@contextlib.contextmanager
def _stage(state: Path, out: Path, record: Path | None) -> Iterator[Stage]:
    tell = Narrator()
    with tell.busy("Starting a pretend tenant"), contextlib.ExitStack() as opened:
        hosted = opened.enter_context(hosting.hosted(state, hosting.Wish(speed=SPEED, record=record)))
        door = Door(hosted.ready)
        opened.callback(door.close)
        own = {"state_dir": str(state), "tenant": "sandbox", "organisation.name": hosted.company}
        agent = wiring.build(settings.load(None, {}, overrides=own))
        opened.callback(agent.close)
        running = opened.pop_all()
    with running:
        tell.say(f"A pretend tenant answers at {hosted.ready['graph']}: people, devices, sign-in pages, Graph.")
        yield Stage(agent, door, out, tell)


def play(stage: Stage) -> list[str]:
    """Tell the story; returns a sentence for each thing that did not end as it should."""
    stuck = _hang_without_a_pass(stage)
    kit = _issue(stage, STARTER, f"windows-autopilot={LAPTOP}", f"ios-company-portal={IPHONE}")
    _hand_over(stage, kit, {LAPTOP: LAPTOP, IPHONE: IPHONE})
    recovery = _recover(stage)
    undone = [*stuck, *_follow(stage, [*kit.journeys, *recovery.journeys])]
    undone += _passes_left(stage, [kit, recovery])
    _close_the_story(stage, [kit, recovery])
    return undone


def _hang_without_a_pass(stage: Stage) -> list[str]:
    """The iPhone before: locked in Company Portal, asking for a second factor on a device that cannot give one."""
    stage.tell.chapter("An iPhone locked in Company Portal, without a pass")
    _until(stage, IPHONE, "power-on")
    shown = stage.door.move(IPHONE, "sign-in", person=STARTER)
    stage.tell.screen(shown)
    if shown["screen"] != "mfa-loop":
        return [f"The iPhone should hang without a pass, and shows {shown['screen']}."]
    stage.tell.say("It would hang here for ever. A pass breaks the loop; nobody is excluded from Conditional Access.")
    return []


def _issue(stage: Stage, person: str, *wanted: str, lost: str = "", proof: str = "") -> issuing.Issued:
    items = tuple(
        cases.Item(stage.agent.profiles[name], serial) for name, _, serial in (w.partition("=") for w in wanted)
    )
    asked = cases.KitAsked(person, items, lost_method=lost, proof=proof)
    stage.tell.chapter(f"A pass for {person}: {', '.join(item.label for item in items)}")
    request = planning.Request(_BY, asked, FolderPaper(stage.out), wanted=sheets.Wanted("technician"))
    try:
        made = _made(stage, request)
    except errors.Refused as refused:
        if "approval_needed" not in refused.codes:
            raise
        _approve(stage, refused)
        made = _made(stage, request)
    words.say_issued(made, stage.agent.settings.sites[0].zone)
    return made


def _made(stage: Stage, request: planning.Request) -> issuing.Issued:
    with stage.tell.busy("Checking, minting, printing"):
        return issuing.issue(stage.agent, request)


def _approve(stage: Stage, refused: errors.Refused) -> None:
    """Another human looks at exactly what would be made, and says yes."""
    stage.tell.say(refused.summary)
    for ask in asks.waiting(stage.agent):
        asks.answer(stage.agent, ask.id, _APPROVER, yes=True, note="seen at the desk")
        stage.tell.say(f"✓ {_APPROVER.name} says yes to ask {ask.id}: this person, these terms, once.")


def _code(stage: Stage, made: issuing.Issued) -> Secret:
    """Read it back from the paper, and see that everything else on the paper reads too."""
    codes: set[Secret] = set()
    for slip in made.slips:
        seen = reading.scan(Path(slip.place))
        journey = next(j for j in made.journeys if j.id == slip.journey_id)
        faults = [
            what
            for what, good in (
                ("the code", len(seen.codes) == 1),
                ("the user name", journey.user_name in seen.user_names),
                ("the serial", not journey.serial or journey.serial in seen.serials),
            )
            if not good
        ]
        if faults:
            raise errors.Refused(f"Slip {slip.number}: {', '.join(faults)} cannot be read back from the paper.")
        codes.update(seen.codes)
    if len(codes) != 1:
        raise errors.Refused("The slips of one kit carry different codes.")
    stage.tell.say(f"Read back from the paper as a camera would: {len(made.slips)} slip(s), one code.")
    return codes.pop()


def _hand_over(stage: Stage, made: issuing.Issued, devices: dict[str, str]) -> None:
    """Type the code into every device of the kit, again where a device asks again, until each is finished."""
    code = _code(stage, made)
    for serial in devices:
        stage.tell.chapter(f"{serial}: the person types what is on the slip")
        if stage.door.device(serial)["screen"] == "off":
            _until(stage, serial, "power-on")
        _walk(stage, serial, made.person.user_name, code)
        stage.tell.screen(stage.door.move(serial, "unlock"))


def _walk(stage: Stage, serial: str, person: str, code: Secret, lost: str = "") -> None:
    shown = stage.door.device(serial)
    waited, last = 0.0, shown["screen"]
    with stage.tell.busy(shown["message"]) as busy:
        while not shown["finished"]:
            if shown["asks"]:
                shown = stage.door.move(serial, "sign-in", person=person, code=code, lost_method=lost)
            else:
                stage.agent.clock.wait(0.3)
                waited += 0.3
                shown = stage.door.device(serial)
            if shown["screen"] != last:
                stage.tell.screen(shown)
                busy(shown["message"])
                last = shown["screen"]
            if waited > _PATIENCE_SECONDS:
                raise errors.Refused(f"{serial} got no further than: {shown['message']}")


def _until(stage: Stage, serial: str, action: str) -> None:
    """Do something with a device and wait until it asks for something."""
    shown = stage.door.move(serial, action)
    stage.tell.screen(shown)
    if shown["asks"]:
        return
    waited = 0.0
    while not shown["asks"]:
        stage.agent.clock.wait(0.3)
        waited += 0.3
        shown = stage.door.device(serial)
        if waited > _PATIENCE_SECONDS:
            raise errors.Refused(f"{serial} got no further than: {shown['message']}")
    stage.tell.screen(shown)


def _recover(stage: Stage) -> issuing.Issued:
    """Somebody lost the phone: the lost method is named, a new one is added, the old one is removed."""
    profile = stage.agent.profiles["account-recovery"]
    look = preflight.preflight(
        stage.agent, cases.KitAsked(LOST_A_PHONE, (cases.Item(profile),), proof="photo-id:rehearsal")
    )
    methods = look.facts.people[LOST_A_PHONE].methods
    lost = next(m for m in methods.value if m.kind.value == "authenticator") if isinstance(methods, Known) else None
    if lost is None:
        raise errors.Refused("The methods of the person could not be read.")
    stage.tell.chapter(f"{LOST_A_PHONE} lost the phone with {lost.name}")
    made = _issue(stage, LOST_A_PHONE, "account-recovery", lost=lost.id, proof="photo-id:checked at the desk")
    code = _code(stage, made)
    stage.tell.chapter("At a trusted PC, in a private window")
    if not stage.door.device(TRUSTED_PC)["asks"]:
        _until(stage, TRUSTED_PC, "power-on")
    _walk(stage, TRUSTED_PC, made.person.user_name, code, lost.id)
    stage.tell.screen(stage.door.move(TRUSTED_PC, "unlock"))
    return made


def _follow(stage: Stage, expected: Sequence[Journey]) -> list[str]:
    """Track until every journey is done, or patience ends; returns what is not done."""
    stage.tell.chapter("What Microsoft Graph shows")
    waited = 0.0
    while True:
        with stage.tell.busy("Looking at the tenant"):
            sweep = track.track(stage.agent)
        for progress in sweep.progress:
            for milestone in progress.new:
                proof = progress.standing.proofs[milestone]
                stage.tell.seen(
                    f"{progress.journey.id} {progress.journey.profile}", milestones.describe(milestone), proof.detail
                )
        states = _states(stage, expected)
        if all(journey.state is not JourneyState.OPEN for journey in states) or waited > _PATIENCE_SECONDS:
            break
        stage.agent.clock.wait(_PAUSE_SECONDS)
        waited += _PAUSE_SECONDS
    undone = [j for j in states if j.state is not JourneyState.DONE]
    return [f"{j.id} {j.profile} {j.serial}: {j.state}. {j.note}" for j in undone] + list(
        sweep.trouble if undone else ()
    )


def _states(stage: Stage, expected: Sequence[Journey]) -> list[Journey]:
    with stage.agent.store.begin() as tx:
        return [tx.journeys.get(journey.id) for journey in expected]


def _passes_left(stage: Stage, made: Sequence[issuing.Issued]) -> list[str]:
    """Ask the tenant itself."""
    ids = [one.person.id for one in made]
    listed = stage.agent.passes.of(ids)
    left = []
    for one in made:
        fact = listed[one.person.id]
        if not isinstance(fact, Known) or fact.value:
            left.append(f"The pass of {one.person.user_name} is still there.")
        else:
            stage.tell.say(f"The tenant lists no pass for {one.person.user_name} any more.")
    return left


def _close_the_story(stage: Stage, made: Sequence[issuing.Issued]) -> None:
    stage.tell.chapter("Done")
    for journey in _states(stage, [journey for one in made for journey in one.journeys]):
        device = f" {journey.serial}" if journey.serial else ""
        stage.tell.say(f"{journey.id}  {journey.person_name}  {journey.profile}{device}  {journey.state}")
    stage.tell.say(f"The slips lie in {stage.out}")


def _keep_board(stage: Stage, port: int) -> None:
    from agent.cli import serve

    serve.keep_open(stage.agent, port)
