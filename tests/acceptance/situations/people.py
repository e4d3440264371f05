"""Situations that turn on who the person is and how they sign in already."""

from __future__ import annotations

from tests.acceptance.situations.seed import DESKTOP, GUEST, HOME, IPAD, IPHONE, LAPTOP, RECOVERED, RECOVERY
from tests.acceptance.situations.situation import NO_PASS, Situation, fails, works
from tests.world import World

STRANGER = "whoever holds the paper adds a passkey of their own to an administrator"


def lost(w: World, person: str = "ruth.adeyemi") -> dict[str, str]:
    """What a recovery is asked for with: the method that was registered last but the phone number, and a proof."""
    held = [one for one in w.sandbox.tenant.credentials.methods[w.user(person).id] if one.kind != "phone"]
    return {"lost_method": held[-1].id, "proof": "photo-id:seen"}


def pass_of_ninety_minutes(w: World) -> None:
    """The policy allows nothing shorter."""
    w.door("policy", minimumLifetimeInMinutes=90, defaultLifetimeInMinutes=90)


SITUATIONS: tuple[Situation, ...] = (
    works("A new colleague with a new laptop", LAPTOP, ends=DESKTOP, minutes=190),
    works("A new colleague with a phone in Company Portal", IPHONE, ends=HOME, minutes=90),
    works("A new colleague with a tablet in Setup Assistant", IPAD, ends=HOME, minutes=120),
    works("A new colleague with laptop and phone", LAPTOP, IPHONE, ends=DESKTOP + HOME, minutes=190),
    works(
        "Somebody who lost the phone",
        RECOVERY,
        person="ruth.adeyemi",
        asked=lost,
        ends=RECOVERED,
        minutes=90,
        findings=("warning long_pass",),
        arrange=pass_of_ninety_minutes,
    ),
    works(
        "Somebody who lost the phone, for an hour",
        RECOVERY,
        person="ruth.adeyemi",
        asked=lost,
        ends=RECOVERED,
        minutes=60,
    ),
    fails("Nobody of that name", LAPTOP, person="nobody.here", ends=(NO_PASS,), findings=("blocker person_unknown",)),
    fails(
        "Somebody who has left",
        LAPTOP,
        person="victor.lamb",
        ends=("oobe",),
        findings=("blocker person_disabled",),
    ),
    fails(
        "A guest of another organisation", LAPTOP, person=GUEST, ends=(NO_PASS,), findings=("blocker external_guest",)
    ),
    fails(
        "A global administrator",
        RECOVERY,
        person="ines.okafor",
        asked=lambda w: lost(w, "ines.okafor"),
        ends=RECOVERED,
        findings=("blocker holds_role",),
        danger=STRANGER,
    ),
)
