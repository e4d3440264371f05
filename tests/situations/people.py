"""Situations that turn on who the person is and how they sign in already."""

from __future__ import annotations

from tests.situations.seed import DESKTOP, GUEST, HOME, IPAD, IPHONE, LAPTOP, RECOVERED, RECOVERY
from tests.situations.situation import Situation, fails, works
from tests.world import World

RUTH, NILS = "ruth.adeyemi", "nils.haugen"
APPROVAL = "warning approval_needed"
STRANGER = "whoever holds the paper adds a passkey of their own to an administrator"
NEEDS_NONE = "somebody who signs in without a password already needs no code that others may find"
STAYS = "the lost phone would go on opening the account"
CALLER = "whoever rings up and says to be Ruth would be let in"
MISREAD = "the slip would name somebody whom nobody finds under that name"


def lost(w: World, person: str = RUTH, **other: str) -> dict[str, str]:
    """What a recovery is asked for with: the method that was registered last but the phone number, and a proof."""
    held = [one for one in w.sandbox.tenant.credentials.methods[w.user(person).id] if one.kind != "phone"]
    return {"lost_method": held[-1].id, "proof": "photo-id:seen", **other}


def pass_of_ninety_minutes(w: World) -> None:
    """The policy allows nothing shorter."""
    w.door("policy", minimumLifetimeInMinutes=90, defaultLifetimeInMinutes=90)


def roles_unread(w: World) -> None:
    """Nobody may say who holds a role."""
    w.deny("RoleManagement.Read.Directory")


def backwards(w: World) -> None:
    """A name with a sign that turns what follows round."""
    w.user("mara.quist").display_name = "Mara \u202etsiuQ"


def made_a_minute_ago(w: World) -> None:
    """The account is there, and in the group, and not everything has heard of it."""
    w.user("mara.quist").created = w.clock.at
    w.clock.pass_minutes(1)


def hello_on_the_new_laptop(w: World) -> None:
    """The kit began with a laptop, and Windows Hello is set up on it."""
    w.take("mara.quist", LAPTOP)
    w.unbox("PF4TH101", "mara.quist")


STARTERS: tuple[Situation, ...] = (
    works("A new colleague with a new laptop", LAPTOP, ends=DESKTOP, minutes=190),
    works("A new colleague with a phone in Company Portal", IPHONE, ends=HOME, minutes=90),
    works("A new colleague with a tablet in Setup Assistant", IPAD, ends=HOME, minutes=120),
    works("A new colleague with laptop and phone", LAPTOP, IPHONE, ends=DESKTOP + HOME, minutes=190),
    works("An internal guest with two Apple devices", IPHONE, IPAD, person="kim.doyle", ends=HOME + HOME, minutes=120),
    works(
        "Somebody who approves by push, with three devices",
        *(LAPTOP, IPHONE, IPAD),
        person=RUTH,
        ends=DESKTOP + HOME + HOME,
        minutes=190,
        findings=("warning has_methods",) * 3,
    ),
    works(
        "A phone that follows a laptop of the same kit",
        IPHONE,
        arrange=hello_on_the_new_laptop,
        asked=lambda _w: {"replace": True},
        ends=HOME,
        minutes=190,
        findings=("warning live_pass",),
    ),
    works(
        "Somebody whose account was made a minute ago",
        LAPTOP,
        arrange=made_a_minute_ago,
        ends=DESKTOP,
        minutes=190,
        findings=("warning person_new",),
    ),
    fails(
        "Somebody with a security key",
        LAPTOP,
        person=NILS,
        ends=DESKTOP,
        findings=("blocker has_strong_method",),
        danger=NEEDS_NONE,
    ),
    fails(
        "Somebody whose security key nobody may see",
        LAPTOP,
        person=NILS,
        arrange=lambda w: w.deny("UserAuthMethod-Passkey.Read.All"),
        ends=DESKTOP,
        findings=("not checked methods_not_checked",),
        danger=NEEDS_NONE,
    ),
    fails(
        "A name that no paper can carry",
        LAPTOP,
        arrange=backwards,
        ends=DESKTOP,
        findings=("blocker unprintable",),
        danger=MISREAD,
    ),
)

NOBODY: tuple[Situation, ...] = (
    fails("Nobody of that name", LAPTOP, person="nobody.here", ends=("oobe",), findings=("blocker person_unknown",)),
    fails("Somebody who has left", LAPTOP, person="victor.lamb", ends=("oobe",), findings=("blocker person_disabled",)),
    fails(
        "A guest of another organisation",
        LAPTOP,
        person=GUEST,
        ends=("oobe",),
        findings=("blocker external_guest", "blocker no_intune_licence"),
    ),
    fails(
        "A guest of another organisation with a phone",
        IPHONE,
        person=GUEST,
        ends=("company-portal",),
        findings=("blocker external_guest", "blocker no_intune_licence"),
    ),
    fails(
        "Somebody whom nobody may look up, and who has left",
        LAPTOP,
        person="victor.lamb",
        arrange=lambda w: w.deny("User.Read.All"),
        ends=("oobe",),
        findings=tuple(f"not checked {one}_not_checked" for one in ("person", "clock", "device", "status_page")),
    ),
)

ADMINISTRATORS: tuple[Situation, ...] = (
    fails(
        "A global administrator",
        RECOVERY,
        person="ines.okafor",
        asked=lambda w: lost(w, "ines.okafor"),
        ends=RECOVERED,
        findings=("blocker holds_role", "blocker owns_role_group", APPROVAL),
        danger=STRANGER,
    ),
    fails(
        "An administrator by membership of a group",
        LAPTOP,
        person="tomasz.brandt",
        ends=DESKTOP,
        findings=("blocker holds_role", "blocker has_strong_method"),
        danger=STRANGER,
    ),
    fails(
        "Somebody who may take up a role when they like",
        IPHONE,
        person="priya.venkat",
        ends=HOME,
        findings=("blocker holds_role", "blocker has_strong_method"),
        danger=STRANGER,
    ),
    fails(
        "An administrator whose role nobody may see",
        RECOVERY,
        person="ines.okafor",
        asked=lambda w: lost(w, "ines.okafor"),
        arrange=roles_unread,
        ends=RECOVERED,
        findings=("not checked roles_not_checked", "blocker owns_role_group", APPROVAL),
        danger=STRANGER,
    ),
)

LOST: tuple[Situation, ...] = (
    works(
        "Somebody who lost the phone",
        RECOVERY,
        person=RUTH,
        asked=lost,
        ends=RECOVERED,
        minutes=60,
        findings=(APPROVAL,),
    ),
    works(
        "Somebody who lost the phone where no pass is that short",
        RECOVERY,
        person=RUTH,
        asked=lost,
        ends=RECOVERED,
        minutes=90,
        findings=("warning long_pass", APPROVAL),
        arrange=pass_of_ninety_minutes,
    ),
    fails(
        "A recovery that does not say what was lost",
        RECOVERY,
        person=RUTH,
        asked=lambda _w: {"proof": "photo-id:seen"},
        ends=RECOVERED,
        findings=("blocker lost_method_not_named", APPROVAL),
        danger=STAYS,
    ),
    fails(
        "A recovery from the loss of something they never had",
        RECOVERY,
        person=RUTH,
        asked=lambda w: lost(w, lost_method="2e7a4b1c-0000-4000-8000-000000000000"),
        ends=("security-info",),
        findings=("blocker lost_method_unknown", APPROVAL),
        danger=STAYS,
    ),
    fails(
        "A recovery for a voice on the telephone",
        RECOVERY,
        person=RUTH,
        asked=lambda w: {"lost_method": lost(w)["lost_method"]},
        ends=RECOVERED,
        findings=("blocker proof_of_identity_missing", APPROVAL),
        danger=CALLER,
    ),
)

SITUATIONS: tuple[Situation, ...] = (*STARTERS, *NOBODY, *ADMINISTRATORS, *LOST)
