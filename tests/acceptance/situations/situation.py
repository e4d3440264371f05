"""One situation of person, device and tenant: what Tapslip foresees in it, and what really becomes of it.

Where a pass is foreseen to work it is issued by Tapslip, and the virtual device must get through with it: after the
walk the pass is taken away, and the person signs in with what was set up. Where Tapslip refuses, an administrator makes
the pass in the tenant behind its back, and the device must really fail, or the danger that was named must really be
there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from agent import errors
from agent.actions import preflight
from agent.domain.cases import Level
from agent.sandbox.areas import passes
from agent.sandbox.errors import GraphError
from agent.sandbox.virtual.fleet import TRUSTED_PC, FleetError
from tests.world import World, world

#: What a person uses who has no device of the kit: the hardware on which the method is set up.
AT_HAND: Final = {"account-recovery": TRUSTED_PC, "phone-authenticator": "OWNPH601", "security-key": "YK5TH701"}
NO_PASS: Final = "no pass"
PATIENCE: Final = timedelta(hours=3)
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
    """`findings` are all that is said of it, as `level code`, but for the reading of the serial.

    `ends` are the last screens, one for each of `devices` (by default those of the kit), or `NO_PASS` where the tenant
    makes none; `minutes` the lifetime of the pass: the one foreseen, or one made behind our back. `danger` says why a
    pass that would work is refused. `asked` gives what is asked for beyond the kit, `wait` the minutes until the pass
    is used, `typed` the code on the person's paper.
    """

    name: str
    kit: tuple[str, ...]
    ends: tuple[str, ...]
    findings: tuple[str, ...] = ()
    refused: bool = False
    danger: str = ""
    person: str = "mara.quist"
    arrange: Callable[[World], object] = _nothing
    asked: Callable[[World], Mapping[str, Any]] = _no_more
    devices: tuple[str, ...] = ()
    minutes: int = 240
    wait: float = 0
    typed: Callable[[World], str] = _newest

    @property
    def outcome(self) -> tuple[object, ...]:
        """What tells it from every other situation: the findings, the pass foreseen or none, and where it ends."""
        return tuple(sorted(self.findings)), None if self.refused else self.minutes, self.ends


def works(name: str, *kit: str, ends: tuple[str, ...], minutes: int, **more: Any) -> Situation:
    """Tapslip makes a pass of so many minutes, perhaps with a warning, and the person gets through."""
    return Situation(name=name, kit=kit, ends=ends, minutes=minutes, **more)


def fails(name: str, *kit: str, ends: tuple[str, ...], findings: tuple[str, ...], **more: Any) -> Situation:
    """Tapslip refuses, and a pass made all the same is no good, or does harm."""
    return Situation(name=name, kit=kit, ends=ends, findings=findings, refused=True, **more)


@dataclass(frozen=True)
class End:
    """Where a device stood at last, and whether the person then signed in without pass and password."""

    screen: str
    through: bool


def run(situation: Situation, folder: Path) -> None:
    """Arrange it, compare what is foreseen with what was expected, then walk it."""
    with world(folder) as w:
        situation.arrange(w)
        more = dict(situation.asked(w))
        asked = w.asked(situation.person, *situation.kit, **more)
        verdict = preflight.preflight(w.agent, asked).verdict
        said = sorted(f"{one.level.value} {one.code}" for one in verdict.findings if one.level is not Level.OK)
        assert said == sorted(situation.findings), situation.name
        assert {one.code for one in verdict.findings if one.level is Level.OK} <= {"device_read_as"}
        assert bool(verdict.refusals) is situation.refused, situation.name
        assert situation.refused or (verdict.terms and verdict.terms.lifetime == situation.minutes), situation.name
        made = _made_behind_our_back(w, situation, more) if situation.refused else _issued(w, situation, more)
        ends = (
            _walk_all(w, situation, more) if made else tuple(End(NO_PASS, through=False) for _ in _devices(situation))
        )
    assert tuple(end.screen for end in ends) == situation.ends, situation.name
    expected = not situation.refused or bool(situation.danger)
    assert all(end.through for end in ends) is expected, situation.name


def _issued(w: World, situation: Situation, more: Mapping[str, Any]) -> bool:
    w.take(situation.person, *situation.kit, **more)
    return True


def _made_behind_our_back(w: World, situation: Situation, more: Mapping[str, Any]) -> bool:
    """Tapslip makes none; whether the tenant makes one for an administrator who does not ask Tapslip."""
    with pytest.raises(errors.Refused):
        w.take(situation.person, *situation.kit, **more)
    tenant = w.sandbox.tenant
    known = [user for user in tenant.directory.users.values() if user.upn.lower() == w.upn(situation.person).lower()]
    policy = tenant.credentials.policy
    minutes = max(policy.minimum, min(policy.maximum, situation.minutes))
    try:
        made = [passes.create(tenant, user, passes.Terms(None, minutes, None), made_by="an admin") for user in known]
    except GraphError:
        return False
    w.codes.extend(one.code for one in made)
    return bool(made)


def _devices(situation: Situation) -> tuple[str, ...]:
    in_kit = ((name, serial) for name, _, serial in (wanted.partition("=") for wanted in situation.kit))
    return situation.devices or tuple(serial or AT_HAND[name] for name, serial in in_kit)


def _walk_all(w: World, situation: Situation, more: Mapping[str, Any]) -> tuple[End, ...]:
    w.clock.pass_minutes(situation.wait)
    payload = {"person": w.upn(situation.person), "code": situation.typed(w)}
    if more.get("lost_method"):
        payload["lost_method"] = more["lost_method"]
    screens = [_walk(w, serial, payload) for serial in _devices(situation)]
    for held in w.tenant_passes(situation.person):
        passes.delete(w.sandbox.tenant, w.user(situation.person), held.id, by="an admin")
    return tuple(
        End(screen, _signs_in(w, serial, payload)) for serial, screen in zip(_devices(situation), screens, strict=True)
    )


def _walk(w: World, serial: str, payload: Mapping[str, str]) -> str:
    """From the box as far as it goes, typing the code whenever the device asks; the last screen."""
    until, refused = w.clock.at + PATIENCE, 0
    row = _switched_on(w, serial)
    while not row["finished"] and w.clock.at < until and refused < TRIES:
        if row["asks"]:
            before = row["screen"]
            row = w.sandbox.fleet.move(serial, "sign-in", payload)
            refused = refused + 1 if row["screen"] == before and row["asks"] else 0
            w.clock.pass_minutes(5 if refused else 0)
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
