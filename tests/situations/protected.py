"""Situations that turn on who is protected: owners of role groups, restricted units, our operators, named groups."""

from __future__ import annotations

import dataclasses
from typing import Any

from agent import settings
from agent.sandbox import access_records
from tests.situations.seed import DESKTOP, HOME, IPAD, IPHONE, LAPTOP
from tests.situations.situation import Situation, fails
from tests.world import World

MARA = "mara.quist"
TAKES_ROLES = "whoever holds the paper gives themselves a directory role through the group"
APART = "the board's own administrators are to decide about this account"
OURSELVES = "whoever makes passes would be made into somebody who signs in by paper"
LEITH = "Leith Harbour House"


def owns_role_group(w: World) -> None:
    """Mara owns the group that carries a role."""
    groups = w.sandbox.tenant.directory.groups.values()
    next(group for group in groups if group.role_assignable).owner_ids.append(w.user(MARA).id)


def in_restricted_unit(w: World) -> None:
    """Mara is in a unit that keeps tenant-wide administrators away."""
    unit = access_records.AdministrativeUnit(w.sandbox.tenant.new_id(), "Board", [w.user(MARA).id], restricted=True)
    w.sandbox.tenant.directory.units[unit.id] = unit


def settings_with(w: World, **changes: Any) -> None:
    """Other settings, as after a restart."""
    w.agent = dataclasses.replace(w.agent, settings=dataclasses.replace(w.agent.settings, **changes))


def leith(w: World) -> frozenset[str]:
    """The group of the harbour house."""
    groups = w.sandbox.tenant.directory.groups.values()
    return frozenset(group.id for group in groups if group.name == LEITH)


SITUATIONS: tuple[Situation, ...] = (
    fails(
        "The owner of a group that carries a role",
        LAPTOP,
        arrange=owns_role_group,
        ends=DESKTOP,
        findings=("blocker owns_role_group",),
        danger=TAKES_ROLES,
    ),
    fails(
        "Somebody in a restricted management unit",
        IPHONE,
        arrange=in_restricted_unit,
        ends=HOME,
        findings=("blocker restricted_unit",),
        danger=APART,
    ),
    fails(
        "Somebody who makes passes",
        IPAD,
        arrange=lambda w: settings_with(w, roles=settings.Roles(technician=leith(w))),
        ends=HOME,
        findings=("blocker tapslip_role",),
        danger=OURSELVES,
    ),
    fails(
        "Somebody in a group that the settings protect",
        LAPTOP,
        arrange=lambda w: settings_with(w, protected_groups=leith(w)),
        ends=DESKTOP,
        findings=("blocker protected_group",),
        danger=APART,
    ),
)
