"""Situations that turn on a pass that is there already: the code on somebody's paper must go on working."""

from __future__ import annotations

from tests.situations.seed import DESKTOP, IPHONE, LAPTOP
from tests.situations.situation import Situation, fails, works
from tests.world import World


def made_elsewhere(w: World) -> None:
    """The service desk has just given Mara a pass, by the portal."""
    w.codes.append(w.outside_pass("mara.quist").code)


def made_elsewhere_unseen(w: World) -> None:
    """The same, and passes may not be read."""
    made_elsewhere(w)
    w.deny("UserAuthMethod-TAP.Read.All")


def first_paper(w: World) -> str:
    """The code on the paper that the person was given first."""
    return w.codes[0]


def ours_for_the_laptop(w: World) -> None:
    """A slip for the laptop is out."""
    w.take("mara.quist", LAPTOP)


SITUATIONS: tuple[Situation, ...] = (
    fails(
        "A pass made by the portal is on the person's paper",
        LAPTOP,
        arrange=made_elsewhere,
        typed=first_paper,
        ends=("oobe",),
        findings=("blocker live_pass_outside",),
    ),
    fails(
        "A pass made by the portal that nobody may see",
        IPHONE,
        arrange=made_elsewhere_unseen,
        typed=first_paper,
        ends=("company-portal",),
        findings=("not checked live_pass_not_checked",),
    ),
    works(
        "A pass made by the portal is replaced on purpose",
        LAPTOP,
        arrange=made_elsewhere,
        asked=lambda _w: {"replace": True},
        minutes=190,
        ends=DESKTOP,
        findings=("warning live_pass_outside", "warning pass_from_outside"),
    ),
    fails(
        "The slip of the same laptop is out",
        LAPTOP,
        arrange=ours_for_the_laptop,
        typed=first_paper,
        ends=("oobe",),
        findings=("blocker live_pass",),
    ),
    works(
        "The slip of the same laptop was torn, and is replaced",
        LAPTOP,
        arrange=ours_for_the_laptop,
        asked=lambda _w: {"replace": True},
        minutes=190,
        ends=DESKTOP,
        findings=("warning live_pass",),
    ),
)
