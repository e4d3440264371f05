"""A journey: one device on its way to one person, or one person's recovery.

What was seen is kept as a set of observations, and everything else is computed from that set: the milestones, the
stage shown, whether the pass is still needed and whether the journey is done. So it does not matter in which order
evidence comes: Setup Assistant signs in before it enrols, pre-provisioned devices are enrolled before anyone signs
in, and sign-in rows come minutes after the Hello key. `agent.domain.milestones` does the computing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from agent.domain.people import MethodKind


class JourneyState(StrEnum):
    """Open, or how it was closed."""

    OPEN = "open"
    DONE = "done"
    REVOKED = "revoked"
    EXPIRED = "expired"
    MOVED = "moved"
    ABANDONED = "abandoned"


class Sight(StrEnum):
    """The kinds of thing that a source can show."""

    AUTOPILOT_RECORD = "autopilot_record"
    APPLE_RECORD = "apple_record"
    PROFILE_READY = "profile_ready"
    SIGN_IN = "sign_in"
    ENTRA_OWNED = "entra_owned"
    MANAGED = "managed"
    USER_BOUND = "user_bound"
    ENTRA_REGISTERED = "entra_registered"
    COMPLIANT = "compliant"
    METHOD = "method"
    METHOD_USED = "method_used"
    DEVICE = "device"
    METHOD_GONE = "method_gone"
    METHOD_BACK = "method_back"
    SESSIONS_REVOKED = "sessions_revoked"
    PASS_GONE = "pass_gone"  # noqa: S105  a sight's name


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing that one source showed: `sight`, `ref` (the id of what was seen), `at` (when it happened, UTC).

    `source` names the request; `detail` is one sentence for people; `kind` is the method's kind where one is seen;
    `device_id` is the Entra device it is bound to or was made on (lower case), `system` that device's operating
    system where a sign-in tells; the flags say what a method or device was worth.
    """

    sight: Sight
    ref: str
    at: datetime
    source: str
    detail: str = ""
    kind: MethodKind | None = None
    device_id: str = ""
    strong: bool = False
    elsewhere: bool = False
    in_authenticator: bool = False
    workplace: bool = False
    system: str = ""


@dataclass(frozen=True, slots=True)
class Journey:
    """One row of the board. `baseline` holds the ids of the methods the person had when it was opened.

    `observations` is the evidence, `lost_method` the id named when a recovery was opened, `note` why it was closed.
    """

    id: str
    person_id: str
    user_name: str
    person_name: str
    profile: str
    profile_digest: str
    serial: str
    pass_id: str
    opened_at: datetime
    opened_by: str
    state: JourneyState = JourneyState.OPEN
    closed_at: datetime | None = None
    baseline: frozenset[str] = frozenset()
    lost_method: str = ""
    stolen: bool = False
    observations: frozenset[Observation] = frozenset()
    note: str = ""
    version: int = 0

    def with_seen(self, seen: Iterable[Observation]) -> Journey:
        """This journey with more evidence; the set is the same whatever the order it came in."""
        return replace(self, observations=self.observations | frozenset(seen))

    def closed(self, state: JourneyState, at: datetime, note: str = "") -> Journey:
        """This journey, closed; a closed one stays as it is (ValueError on a second closing is a bug of ours)."""
        if self.state is not JourneyState.OPEN or state is JourneyState.OPEN:
            raise ValueError(f"a journey cannot go from {self.state} to {state}")
        return replace(self, state=state, closed_at=at, note=note)


def family(of_person: Iterable[Journey], since: datetime) -> tuple[Journey, ...]:
    """The journeys of one person that were open at some time since: what one did may explain what another sees."""
    return tuple(j for j in of_person if j.closed_at is None or j.closed_at >= since)
