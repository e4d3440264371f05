"""Values to cells and back. Each pair names every field: one that is forgotten here fails the round trip test.

Sets are written in canonical order, so that equal values are equal texts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from agent.domain import journeys, passes, people
from agent.store import times

Cells = dict[str, Any]


def canonical(value: object) -> str:
    """JSON with one spelling only: sorted keys, no blanks, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def encode_observation(seen: journeys.Observation) -> Cells:
    """As JSON's types."""
    return {
        "sight": seen.sight.value,
        "ref": seen.ref,
        "at": times.as_text(seen.at),
        "source": seen.source,
        "detail": seen.detail,
        "kind": seen.kind.value if seen.kind else None,
        "device_id": seen.device_id,
        "strong": seen.strong,
        "elsewhere": seen.elsewhere,
        "in_authenticator": seen.in_authenticator,
        "workplace": seen.workplace,
        "system": seen.system,
    }


def decode_observation(cells: Mapping[str, Any]) -> journeys.Observation:
    """What `encode_observation` made."""
    return journeys.Observation(
        sight=journeys.Sight(cells["sight"]),
        ref=cells["ref"],
        at=times.from_text(cells["at"]),
        source=cells["source"],
        detail=cells["detail"],
        kind=people.MethodKind(cells["kind"]) if cells["kind"] else None,
        device_id=cells["device_id"],
        strong=cells["strong"],
        elsewhere=cells["elsewhere"],
        in_authenticator=cells["in_authenticator"],
        workplace=cells["workplace"],
        system=cells.get("system", ""),
    )


def _encode_set(items: Iterable[Cells]) -> str:
    return "[" + ",".join(sorted(canonical(item) for item in items)) + "]"


def encode_journey(journey: journeys.Journey) -> Cells:
    """As the cells of `schema.journeys`."""
    return {
        "id": journey.id,
        "person_id": journey.person_id,
        "user_name": journey.user_name,
        "person_name": journey.person_name,
        "profile": journey.profile,
        "profile_digest": journey.profile_digest,
        "serial": journey.serial,
        "pass_id": journey.pass_id or None,
        "opened_at": journey.opened_at,
        "opened_by": journey.opened_by,
        "state": journey.state.value,
        "closed_at": journey.closed_at,
        "baseline": canonical(sorted(journey.baseline)),
        "lost_method": journey.lost_method,
        "stolen": journey.stolen,
        "observations": _encode_set(map(encode_observation, journey.observations)),
        "note": journey.note,
        "version": journey.version,
    }


def decode_journey(cells: sa.RowMapping) -> journeys.Journey:
    """What `encode_journey` made."""
    return journeys.Journey(
        id=cells["id"],
        person_id=cells["person_id"],
        user_name=cells["user_name"],
        person_name=cells["person_name"],
        profile=cells["profile"],
        profile_digest=cells["profile_digest"],
        serial=cells["serial"],
        pass_id=cells["pass_id"] or "",
        opened_at=cells["opened_at"],
        opened_by=cells["opened_by"],
        state=journeys.JourneyState(cells["state"]),
        closed_at=cells["closed_at"],
        baseline=frozenset(json.loads(cells["baseline"])),
        lost_method=cells["lost_method"],
        stolen=cells["stolen"],
        observations=frozenset(map(decode_observation, json.loads(cells["observations"]))),
        note=cells["note"],
        version=cells["version"],
    )


def encode_pass(row: passes.Pass) -> Cells:
    """As the cells of `schema.passes`."""
    return {
        "id": row.id,
        "person_id": row.person_id,
        "lifetime": row.terms.lifetime,
        "one_time": row.terms.one_time,
        "start_at": row.terms.start,
        "state": row.state.value,
        "requested_at": row.requested_at,
        "by": row.by,
        "issued_at": row.issued_at,
        "ends_at": row.ends_at,
        "gone_at": row.gone_at,
        "tenant_id": row.tenant_id,
        "others": canonical(list(row.others)),
        "reason": row.reason,
        "reference": row.reference,
        "by_id": row.by_id,
        "shown": row.shown.value,
        "version": row.version,
    }


def decode_pass(cells: sa.RowMapping) -> passes.Pass:
    """What `encode_pass` made."""
    return passes.Pass(
        id=cells["id"],
        person_id=cells["person_id"],
        terms=passes.Terms(cells["lifetime"], cells["one_time"], cells["start_at"]),
        state=passes.PassState(cells["state"]),
        requested_at=cells["requested_at"],
        by=cells["by"],
        issued_at=cells["issued_at"],
        ends_at=cells["ends_at"],
        gone_at=cells["gone_at"],
        tenant_id=cells["tenant_id"],
        others=tuple(json.loads(cells["others"])),
        reason=cells["reason"],
        reference=cells["reference"],
        by_id=cells["by_id"],
        shown=passes.Shown(cells["shown"]),
        version=cells["version"],
    )


def encode_slip(slip: passes.Slip) -> Cells:
    """As the cells of `schema.slips`."""
    return {
        "number": slip.number,
        "journey_id": slip.journey_id,
        "pass_id": slip.pass_id or None,
        "state": slip.state.value,
        "variant": slip.variant,
        "place": slip.place,
        "made_at": slip.made_at,
        "by": slip.by,
        "version": slip.version,
    }


def decode_slip(cells: sa.RowMapping) -> passes.Slip:
    """What `encode_slip` made."""
    return passes.Slip(
        number=cells["number"],
        journey_id=cells["journey_id"],
        pass_id=cells["pass_id"] or "",
        state=passes.SlipState(cells["state"]),
        variant=cells["variant"],
        place=cells["place"],
        made_at=cells["made_at"],
        by=cells["by"],
        version=cells["version"],
    )
