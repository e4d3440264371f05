"""A morning's journeys in a real store, and ways to look at their pages."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import flask
from flask.testing import FlaskClient

from agent.domain import passes
from agent.domain.journeys import Journey, JourneyState, Observation, Sight
from agent.domain.passes import PassState
from agent.domain.people import MethodKind
from agent.web import app, one_time_link
from tests import world as worlds
from tests.contracts import stores

HTTPS = "https://localhost:8443"
START = worlds.START
AUTOPILOT = "GET /deviceManagement/windowsAutopilotDeviceIdentities"
METHODS = "GET /users/{id}/authentication/methods"


@dataclass
class Pages:
    """The app over a world, and the link that lets a browser in."""

    world: worlds.World
    app: flask.Flask
    entry: one_time_link.OneTimeLink

    def client(self) -> FlaskClient:
        """A browser that has not been let in."""
        return self.app.test_client()

    def let_in(self) -> FlaskClient:
        """A browser that has opened a fresh link."""
        client = self.client()
        assert client.get(self.entry.make(), base_url=HTTPS).status_code == 303
        return client


@contextmanager
def pages(folder: Path, *, watermark: bool = True) -> Iterator[Pages]:
    """Pages over a fresh, empty store, at nine in the morning in London."""
    with worlds.world(folder) as made:
        numbers = itertools.count()
        entry = one_time_link.OneTimeLink(made.clock, lambda: f"link-token-{next(numbers)}")
        built = app.create_app(made.agent, entry=entry, token=lambda: f"session-{next(numbers)}", watermark=watermark)
        yield Pages(made, built, entry)


def seen(sight: Sight, ref: str, minutes: int, detail: str, **more: object) -> Observation:
    """One piece of evidence, so many minutes after nine."""
    source = METHODS if sight in {Sight.METHOD, Sight.METHOD_USED} else AUTOPILOT
    return Observation(sight, ref, START + timedelta(minutes=minutes), source, detail, **more)  # type: ignore[arg-type]


def hello(minutes: int) -> tuple[Observation, ...]:
    """A Windows PC from the box to a Hello key that was used."""
    return (
        seen(Sight.AUTOPILOT_RECORD, "a1", -600, "known to Autopilot", device_id="d1"),
        seen(Sight.PROFILE_READY, "a1", -590, "profile “Standard staff” assigned"),
        seen(Sight.SIGN_IN, "s1", minutes - 9, "signed in with Temporary Access Pass", device_id="d1"),
        seen(Sight.ENTRA_OWNED, "d1", minutes - 7, "joined to Entra", device_id="d1"),
        seen(Sight.MANAGED, "m1", minutes - 5, "enrolled in Intune", device_id="d1"),
        seen(Sight.USER_BOUND, "m1", minutes - 5, "Intune names Ada Lovelace", device_id="d1"),
        seen(Sight.METHOD, "h1", minutes, "hello NB-4411", kind=MethodKind.HELLO, device_id="d1", strong=True),
        seen(Sight.METHOD_USED, "h1", minutes + 2, "hello was used", kind=MethodKind.HELLO),
    )


def journey(name: str, person: tuple[str, str], profile: str, serial: str = "", **changes: Any) -> Journey:
    """A journey of (name, user name), opened at nine."""
    made = Journey(
        id=name,
        person_id=f"person-{name}",
        user_name=person[1],
        person_name=person[0],
        profile=profile,
        profile_digest="d",
        serial=serial,
        pass_id=f"pass-{name}",
        opened_at=START,
        opened_by="Tess (technician)",
    )
    return dataclasses.replace(made, **changes)


def keep(pages: Pages, one: Journey, held: passes.Pass, slip: str = "") -> None:
    """Write a journey with its pass and slip into the store."""
    with pages.world.agent.store.begin() as tx:
        tx.passes.add(held)
        tx.journeys.add(one)
        if slip:
            state = passes.SlipState.LIVE if held.state is PassState.ISSUED else passes.SlipState.VOID
            place = f"slips/{slip}.pdf"
            tx.slips.add(passes.Slip(slip, one.id, held.id, state, "hand-over", place, START, "Tess (technician)"))


def a_pass(name: str, state: PassState = PassState.ISSUED, **changes: object) -> passes.Pass:
    """The pass of journey `name`, good until ten."""
    made = stores.a_pass(f"pass-{name}", f"person-{name}", state=state, requested_at=START, issued_at=START)
    return dataclasses.replace(made, **{"ends_at": START + timedelta(hours=1), **changes})  # type: ignore[arg-type]


ADA = ("Ada Lovelace", "ada.lovelace@contoso.example")
SAMIRA = ("سميرة الحداد", "samira.haddad@contoso.example")
ZOE = ("Zoë Łukaszewska-Okonkwo", "zoe.lukaszewska-okonkwo@northern-district.contoso.example")


def a_morning(pages: Pages) -> None:
    """Six journeys: under way, just begun, with something unexpected, unknown, done and revoked."""
    key = seen(Sight.METHOD, "k1", 30, "passkey “YubiKey 5”", kind=MethodKind.PASSKEY, strong=True)
    gone: dict[str, Any] = {"gone_at": START + timedelta(minutes=44), "reason": "the new credential is in use"}
    done: dict[str, Any] = {"state": JourneyState.DONE, "closed_at": START + timedelta(minutes=44)}
    revoked: dict[str, Any] = {
        "state": JourneyState.REVOKED,
        "closed_at": START + timedelta(minutes=20),
        "note": "wrong person",
    }
    windows = "windows-autopilot"
    keep(
        pages,
        journey("K7QM4R", ADA, windows, "PF4K2M9X", observations=frozenset(hello(40)[:6])),
        a_pass("K7QM4R"),
        "T6WN3C",
    )
    keep(pages, journey("H3VXDP", SAMIRA, "ios-company-portal", "F2LXQ0J9PN7C"), a_pass("H3VXDP"), "R9GEKA")
    odd = journey("M6CTJW", ZOE, windows, "5CG3420LKD", observations=frozenset({*hello(40)[:6], key}))
    keep(pages, odd, a_pass("M6CTJW"), "Q4PYVX")
    lost = ("Grace Hopper", "grace.hopper@contoso.example")
    keep(
        pages,
        journey("W4NRGA", lost, "account-recovery"),
        a_pass("W4NRGA", PassState.UNKNOWN, ends_at=None, reason="no answer came"),
    )
    katherine = ("Katherine Johnson", "katherine.johnson@contoso.example")
    over = journey("D9XKVF", katherine, windows, "PF3TT1ZZ", observations=frozenset(hello(40)), **done)
    keep(pages, over, a_pass("D9XKVF", PassState.GONE, **gone), "C7RMQJ")
    ada = ("Ada Lovelace", "a.lovelace2@contoso.example")
    keep(
        pages,
        journey("P3FHTE", ada, "phone-authenticator", **revoked),
        a_pass("P3FHTE", PassState.GONE, **gone),
        "X6JKND",
    )
    pages.world.clock.pass_minutes(45)
