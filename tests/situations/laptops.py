"""Situations that turn on a laptop's Autopilot record."""

from __future__ import annotations

from agent.sandbox import device_records
from tests.situations.seed import DESKTOP, HOME, IPHONE, LAPTOP, SECOND_LAPTOP
from tests.situations.situation import Situation, fails, works
from tests.world import World

WRONG_HANDS = "the person whose journey it is finds a laptop that belongs to somebody else"


def records(w: World, serial: str) -> list[device_records.AutopilotIdentity]:
    """The Autopilot records of a serial, oldest first."""
    return [one for one in w.sandbox.tenant.devices.autopilot.values() if one.serial == serial]


def stale_record_is_hybrid(w: World) -> None:
    """Both records are found, and the older one, which the laptop still gets, joins the old domain."""
    (hybrid,) = [p for p in w.sandbox.tenant.devices.autopilot_profiles.values() if p.kind == "activeDirectory"]
    for one in records(w, "5CG4TH207"):
        one.profile_id = one.intended_profile_id = hybrid.id


def on_its_way_to_mara(w: World) -> None:
    """A slip for this laptop is out already, and it names Mara."""
    w.take("mara.quist", LAPTOP)


def device_unread(w: World) -> None:
    """No record of a device may be read."""
    w.deny("DeviceManagementServiceConfig.Read.All")


SITUATIONS: tuple[Situation, ...] = (
    works("Two laptops for one person", LAPTOP, SECOND_LAPTOP, ends=DESKTOP + DESKTOP, minutes=190),
    fails(
        "A laptop that nobody registered",
        "windows-autopilot=PF4TH121",
        ends=("lock-screen-password",),
        findings=("blocker device_unknown",),
    ),
    fails(
        "A laptop that is meant for a colleague",
        "windows-autopilot=PF4TH102",
        ends=("oobe",),
        findings=("blocker assigned_to_other",),
    ),
    fails(
        "A laptop without a deployment profile",
        "windows-autopilot=PF4TH103",
        ends=("consumer-oobe",),
        findings=("blocker profile_not_assigned",),
    ),
    fails(
        "A laptop that joins the old domain",
        "windows-autopilot=PF4TH106",
        ends=("lock-screen-password",),
        findings=("blocker hybrid_join",),
    ),
    fails(
        "A terminal that sets itself up",
        "windows-autopilot=5CG4TH209",
        ends=("self-deploying",),
        findings=("blocker self_deploying",),
    ),
    fails(
        "A laptop with a stale second record",
        "windows-autopilot=5CG4TH207",
        arrange=stale_record_is_hybrid,
        ends=("lock-screen-password",),
        findings=("blocker device_several",),
    ),
    fails(
        "A laptop on its way to somebody else",
        LAPTOP,
        person="leila.haddad",
        arrange=on_its_way_to_mara,
        ends=DESKTOP,
        findings=("blocker device_taken",),
        danger=WRONG_HANDS,
    ),
    fails(
        "No serial was scanned, and the next laptop has no profile",
        "windows-autopilot",
        devices=("PF4TH103",),
        ends=("consumer-oobe",),
        findings=("blocker serial_missing",),
    ),
    fails(
        "The maker left the serial out, and nobody registered the laptop",
        "windows-autopilot=To be filled by O.E.M.",
        devices=("PF4TH121",),
        ends=("lock-screen-password",),
        findings=("blocker serial_refused",),
    ),
    fails(
        "A good phone, and a laptop that joins the old domain",
        *(IPHONE, "windows-autopilot=PF4TH106"),
        ends=(*HOME, "lock-screen-password"),
        findings=("blocker hybrid_join",),
    ),
    fails(
        "A laptop that joins the old domain, and nobody may see that",
        "windows-autopilot=PF4TH106",
        arrange=device_unread,
        ends=("lock-screen-password",),
        findings=("not checked device_not_checked",),
    ),
)
