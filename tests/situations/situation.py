"""One situation of person, device and tenant: what Tapslip foresees in it, and what really becomes of it.

Where a pass is foreseen to work it is issued by Tapslip, and the virtual device must get through with it: after the
walk the pass is taken away, and the person signs in with what was set up. Where Tapslip refuses, an administrator makes
the pass in the tenant behind its back, and the device must really fail, or the danger that was named must really be
there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from agent import errors
from agent.actions import preflight
from agent.sandbox.areas import passes
from agent.sandbox.errors import GraphError
from agent.sandbox.virtual.fleet import TRUSTED_PC, FleetError
from tests.world import World, world

#: What a person uses who has no device of the kit: the hardware on which the method is set up.
AT_HAND: Final = {"account-recovery": TRUSTED_PC, "phone-authenticator": "OWNPH601", "security-key": "YK5TH701"}
#: What is said of every laptop alike, and stands in the findings of those situations alone that turn on it.
OF_EVERY_LAPTOP: Final = frozenset({"device_read_as", "restart_expected", "mdm_scope_not_checked", "tpm_not_checked"})
PATIENCE: Final = timedelta(hours=3)
#: What is said of everybody who signs in at a page and has nothing registered yet.
OF_EVERY_NEW_PERSON: Final = frozenset({"registration_policy_not_checked"})
#: A person types the code so often at one screen, five minutes apart, before they call.
TRIES: Final = 3


def _nothing(_w: World) -> None:
    """The tenant as it was seeded."""


def _no_more(_w: World) -> Mapping[str, Any]:
    return {}


def _newest(w: World) -> str:
    return w.codes[-1]


@dataclass(frozen=True, kw_only=True)
class Situation:
    """`findings` are all that is said of it, as `level code`, but for the codes in `unsaid`.

    `ends` are the last screens, one for each of `devices` (by default those of the kit); `minutes` the lifetime of the
    pass: the one foreseen, or one made behind our back. `danger` says why a pass that would work is refused, `doubt`
    what was only warned of, or could not be seen, and comes true. `asked` gives what is asked for beyond the kit,
    `wait` the minutes until the pass is used, `typed` the code on the person's paper, `plays` what
    else they do at a device.
    """

    name: str
    kit: tuple[str, ...]
    ends: tuple[str, ...]
    findings: tuple[str, ...] = ()
    refused: bool = False
    danger: str = ""
    doubt: str = ""
    person: str = "mara.quist"
    arrange: Callable[[World], object] = _nothing
    asked: Callable[[World], Mapping[str, Any]] = _no_more
    devices: tuple[str, ...] = ()
    unsaid: frozenset[str] = OF_EVERY_LAPTOP | OF_EVERY_NEW_PERSON
    minutes: int = 240
    wait: float = 0
    typed: Callable[[World], str] = _newest
    plays: Mapping[str, str] = field(default_factory=dict)

    @property
    def expected(self) -> Outcome:
        """What is to come of it, and what tells it from every other situation."""
        minutes, through = (None, bool(self.danger)) if self.refused else (self.minutes, not self.doubt)
        return Outcome(tuple(sorted(self.findings)), minutes, self.ends, through)


def works(name: str, *kit: str, ends: tuple[str, ...], minutes: int, **more: Any) -> Situation:
    """Tapslip makes a pass of so many minutes, perhaps with a warning, and the person gets through."""
    return Situation(name=name, kit=kit, ends=ends, minutes=minutes, **more)


def fails(name: str, *kit: str, ends: tuple[str, ...], findings: tuple[str, ...], **more: Any) -> Situation:
    """Tapslip refuses, and a pass made all the same is no good, or does harm."""
    return Situation(name=name, kit=kit, ends=ends, findings=findings, refused=True, **more)


@dataclass(frozen=True)
class Outcome:
    """What was said, the lifetime of the pass foreseen (None: refused), the last screens, and whether everybody then
    signed in without pass and password."""

    findings: tuple[str, ...]
    minutes: int | None
    ends: tuple[str, ...]
    through: bool


def run(situation: Situation, folder: Path) -> Outcome:
    """Arrange it, ask Tapslip, then walk it."""
    with world(folder) as w:
        situation.arrange(w)
        more = dict(situation.asked(w))
        asked = w.asked(situation.person, *situation.kit, **more)
        verdict = preflight.preflight(w.agent, asked).verdict
        said = sorted(f"{one.level.value} {one.code}" for one in verdict.findings if one.code not in situation.unsaid)
        if verdict.refusals:
            _made_behind_our_back(w, situation, more)
        elif any(one.asks for one in verdict.findings):
            w.approved(lambda: w.take(situation.person, *situation.kit, **more))
        else:
            w.take(situation.person, *situation.kit, **more)
        ends, through = _walk_all(w, situation, more)
    lifetime = verdict.terms.lifetime if verdict.terms and not verdict.refusals else None
    return Outcome(tuple(said), lifetime, ends, through)


def _made_behind_our_back(w: World, situation: Situation, more: Mapping[str, Any]) -> None:
    """Tapslip makes none; an administrator asks the tenant for one, which may refuse it as well: then there is none."""
    with pytest.raises(errors.Refused):
        w.take(situation.person, *situation.kit, **more)
    tenant, name = w.sandbox.tenant, w.upn(situation.person).lower()
    w.codes.append("")
    with contextlib.suppress(GraphError):
        for user in [user for user in tenant.directory.users.values() if user.upn.lower() == name]:
            terms = passes.Terms(more.get("start"), situation.minutes, None)
            w.codes[-1] = passes.create(tenant, user, terms, made_by="an administrator").code


def _devices(situation: Situation) -> tuple[str, ...]:
    in_kit = ((name, serial) for name, _, serial in (wanted.partition("=") for wanted in situation.kit))
    return situation.devices or tuple(serial or AT_HAND[name] for name, serial in in_kit)


def _walk_all(w: World, situation: Situation, more: Mapping[str, Any]) -> tuple[tuple[str, ...], bool]:
    """(the last screens, whether everybody signed in afterwards without pass and password)."""
    w.clock.pass_minutes(situation.wait)
    payload = {"person": w.upn(situation.person), "code": situation.typed(w), **situation.plays}
    if more.get("lost_method"):
        payload["lost_method"] = more["lost_method"]
    ends = tuple(_walk(w, serial, payload) for serial in _devices(situation))
    for _ in w.tenant_passes(situation.person):
        w.delete_outside(situation.person)
    return ends, all(_signs_in(w, serial, payload) for serial in _devices(situation))


def _walk(w: World, serial: str, payload: Mapping[str, str]) -> str:
    """From the box as far as it goes, typing the code whenever the device asks; the last screen."""
    until, tried = w.clock.at + PATIENCE, 0
    row = _switched_on(w, serial)
    while not row["finished"] and w.clock.at < until and tried < TRIES:
        if row["asks"]:
            before = row["screen"]
            row = w.sandbox.fleet.move(serial, "sign-in", payload)
            tried = tried + 1 if row["asks"] and row["screen"] == before else 0
            w.clock.pass_minutes(5 if tried else 0)
        else:
            w.clock.pass_minutes(1)
            row = w.see(serial)
    return str(row["screen"])


def _switched_on(w: World, serial: str) -> dict[str, Any]:
    try:
        return w.move(serial, "power-on")
    except FleetError:
        return w.see(serial)


def _signs_in(w: World, serial: str, payload: Mapping[str, str]) -> bool:
    """Whether the person, without pass and password, signs in with what was set up."""
    try:
        w.sandbox.fleet.move(serial, "unlock", {"person": payload["person"]})
    except FleetError:
        return False
    return True
