"""Situations that turn on a federated domain."""

from __future__ import annotations

from tests.situations.policy import status_page
from tests.situations.seed import DESKTOP, HOME, IPAD, IPHONE, LAPTOP
from tests.situations.situation import Situation, works
from tests.world import World

FEDERATED, STEP_UP = "ok federated_domain", "warning federated_step_up"


def federate(w: World, behaviour: str = "acceptIfMfaDoneByFederatedIdp") -> None:
    """The company's domain is federated."""
    organisation = w.sandbox.tenant.directory.organisation
    organisation.federated[organisation.domains[0]] = behaviour


def slow_and_elsewhere(w: World) -> None:
    """The provider alone may do MFA, and the laptop does not restart before Windows Hello."""
    federate(w, "enforceMfaByFederatedIdp")
    status_page(w, installQualityUpdates=False)


SITUATIONS: tuple[Situation, ...] = (
    works("A federated colleague with a tablet", IPAD, arrange=federate, ends=HOME, minutes=120, findings=(FEDERATED,)),
    works(
        "The other provider alone may do MFA, and the laptop asks for the pass after its restart",
        LAPTOP,
        arrange=lambda w: federate(w, "enforceMfaByFederatedIdp"),
        ends=DESKTOP,
        minutes=190,
        findings=(FEDERATED, STEP_UP),
    ),
    works(
        "The other provider alone may do MFA, and Windows Hello asks for it late",
        LAPTOP,
        arrange=slow_and_elsewhere,
        ends=("hello",),
        minutes=150,
        findings=(FEDERATED, STEP_UP),
        doubt="the sign-in at first run was more than ten minutes ago",
    ),
    works(
        "Whether the domain is federated may not be read",
        IPHONE,
        arrange=lambda w: w.deny("Domain.Read.All"),
        ends=HOME,
        minutes=90,
        findings=("not checked federation_not_checked",),
    ),
)
