"""What a person has to look at: each row has a reason and one thing to do. Pure; the store's rows and the time go in.

A row stands as long as its cause does. What was only seen in passing (a pass replaced outside, a stray one) is kept as
an alert until somebody settles it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from agent.domain import milestones
from agent.domain.alerts import Alert, AlertLevel
from agent.domain.journeys import Journey, JourneyState, Observation
from agent.domain.passes import Pass, PassState, Shown
from agent.domain.profiles import Milestone, Profile
from agent.domain.rules import places

#: After a sign-in with the pass, set-up has come this far or something is wrong: the slowest step shows sooner.
USED_FOR_NOTHING = timedelta(minutes=60)
#: An attended screen may hold a code for so long, in its own memory; afterwards nobody has it who did not say so.
SCREEN_HOLDS = timedelta(minutes=10)
#: A journey that ended with its pass unused is told for so long.
TOLD_FOR = timedelta(hours=24)


class Cause(StrEnum):
    """Why a row is there."""

    USED_NOTHING_REGISTERED = "used_nothing_registered"
    EXPIRED_UNUSED = "expired_unused"
    UNEXPECTED = "unexpected"
    UNKNOWN_OUTCOME = "unknown_outcome"
    LIVE_WITHOUT_JOURNEY = "live_without_journey"
    STUCK = "stuck"
    NO_PROFILE = "no_profile"
    NOT_ACKNOWLEDGED = "not_acknowledged"
    ALERT = "alert"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing to look at: why, since when, the one thing to do, and where (a deep link, or "")."""

    cause: Cause
    level: AlertLevel
    person: str
    reason: str
    act: str
    since: datetime
    journey_id: str = ""
    pass_id: str = ""
    alert_id: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the store holds: journeys that are open or ended lately, with their profiles, passes by id, and alerts.

    `unexplained` are the observations of an open journey that nobody expected, by its id.
    """

    journeys: Mapping[Journey, Profile | None]
    passes: Mapping[str, Pass]
    alerts: Sequence[Alert]
    unexplained: Mapping[str, Sequence[Observation]]


@dataclass(frozen=True, slots=True)
class _About:
    """What a row is about: a pass, and a journey of that person, which is `named` where the row is about it."""

    row: Pass
    journey: Journey | None
    named: bool = True


def rows(kept: Kept, now: datetime) -> tuple[Row, ...]:
    """Every row, the critical ones first, then the oldest."""
    found = [*_of_alerts(kept.alerts), *_of_passes(kept, now)]
    for journey, profile in kept.journeys.items():
        found.extend(_of_journey(journey, profile, kept, now))
    return tuple(sorted(found, key=lambda row: (row.level is not AlertLevel.CRITICAL, row.since, row.journey_id)))


def _of_alerts(alerts: Iterable[Alert]) -> Iterator[Row]:
    for alert in alerts:
        yield Row(
            Cause.ALERT,
            alert.level,
            alert.person_id,
            alert.sentence,
            alert.act,
            alert.raised_at,
            pass_id=alert.subject,
            alert_id=alert.id,
            link=alert.link,
        )


def _of_passes(kept: Kept, now: datetime) -> Iterator[Row]:
    waited_for = {journey.person_id: journey for journey in kept.journeys if journey.state is JourneyState.OPEN}
    named = {journey.pass_id: journey for journey in kept.journeys}
    for row in kept.passes.values():
        journey = waited_for.get(row.person_id) or named.get(row.id)
        about = _About(row, journey, named=False)
        if row.state is PassState.UNKNOWN:
            reason = f"Whether a pass was made is unknown: {row.reason or 'its answer was lost'}."
            act = "run `tapslip track` until it is settled; after ten minutes look at the person's methods"
            yield _row(Cause.UNKNOWN_OUTCOME, about, row.requested_at, reason, act)
        if row.state is not PassState.ISSUED or (row.ends_at is not None and row.ends_at <= now):
            continue
        since = row.issued_at or row.requested_at
        if row.person_id not in waited_for:
            reason = "A pass is live and no open journey needs it."
            act = "`tapslip track` takes it away; where it may not, delete it on this page"
            yield _row(Cause.LIVE_WITHOUT_JOURNEY, about, since, reason, act)
        if row.shown is Shown.OPEN and now >= since + SCREEN_HOLDS:
            act = f"`tapslip revoke {journey.id}`, then issue again" if journey else "`tapslip track` takes it away"
            reason = "A code was shown on a screen, and nobody said that it was noted."
            yield _row(Cause.NOT_ACKNOWLEDGED, about, since, reason, act)


def _of_journey(journey: Journey, profile: Profile | None, kept: Kept, now: datetime) -> Iterator[Row]:
    row = kept.passes.get(journey.pass_id)
    if row is None:
        return
    if profile is None:
        if journey.state is JourneyState.OPEN:
            reason = f"Its profile {journey.profile} is no longer there, so nothing of it is followed."
            act = f"put the profile back, or `tapslip close {journey.id}`"
            yield _row(Cause.NO_PROFILE, _About(row, journey), journey.opened_at, reason, act)
        return
    proofs = milestones.standing(journey, profile, now).proofs
    over = row.state is PassState.GONE or (row.ends_at is not None and row.ends_at <= now)
    if over and journey.state in {JourneyState.OPEN, JourneyState.EXPIRED} and not proofs.keys() & _USED:
        ended = row.gone_at or row.ends_at or row.requested_at
        if now < ended + TOLD_FOR:
            reason = "The pass ended, and no sign-in with it was seen."
            again = f"issue again: `tapslip issue --person {journey.user_name} --for {_label(journey)} …`"
            yield _row(Cause.EXPIRED_UNUSED, _About(row, journey), ended, reason, again)
    if journey.state is not JourneyState.OPEN:
        return
    yield from _going_on(journey, profile, proofs, row, now)
    odd = kept.unexplained.get(journey.id, ())
    if odd:
        reason = "Something nobody expected was registered: " + "; ".join(seen.detail for seen in odd) + "."
        act = "ask the person; if it is not theirs: `tapslip freeze`, "
        act += f"`tapslip incident --since {journey.opened_at:%Y-%m-%dT%H:%MZ} --pass {row.id}`"
        since = min(seen.at for seen in odd)
        yield _row(Cause.UNEXPECTED, _About(row, journey), since, reason, act)


#: Milestones that say that the pass was used.
_USED = frozenset({Milestone.SIGNED_IN, Milestone.JOINED, Milestone.USER_BOUND, Milestone.ENTRA_REGISTERED})
_REGISTERED = frozenset(
    {
        Milestone.HELLO_SET_UP,
        Milestone.PASSKEY_SET_UP,
        Milestone.AUTHENTICATOR_SET_UP,
        Milestone.PLATFORM_CREDENTIAL_SET_UP,
        Milestone.STRONG_METHOD_SET_UP,
    }
)


def _going_on(
    journey: Journey, profile: Profile, proofs: Mapping[Milestone, Observation], row: Pass, now: datetime
) -> Iterator[Row]:
    """A journey that does not go on as it should."""
    used = [proof.at for milestone, proof in proofs.items() if milestone in _USED]
    if used and not proofs.keys() & _REGISTERED and now >= max(used) + USED_FOR_NOTHING:
        reason = f"The pass was used at {min(used):%H:%M} UTC, and nothing is registered since."
        act = f"call the person, and look at `tapslip status {journey.id}`"
        yield _row(Cause.USED_NOTHING_REGISTERED, _About(row, journey), max(used), reason, act)
        return
    last = max((proof.at for proof in proofs.values()), default=journey.opened_at)
    since = max(last, row.terms.start or row.requested_at)
    if row.state is PassState.ISSUED and now >= since + timedelta(minutes=profile.stuck_after):
        reason = f"Nothing new for {profile.stuck_after} minutes, after: {_last(proofs)}."
        act = f"call the person, and look at `tapslip status {journey.id}`"
        yield _row(Cause.STUCK, _About(row, journey), since, reason, act)


def _last(proofs: Mapping[Milestone, Observation]) -> str:
    latest = max(proofs, key=lambda milestone: proofs[milestone].at, default=None)
    return latest.value.replace("_", " ") if latest else "the beginning"


def _label(journey: Journey) -> str:
    return f"{journey.profile}={journey.serial}" if journey.serial else journey.profile


def _row(cause: Cause, about: _About, since: datetime, reason: str, act: str) -> Row:
    journey, row = about.journey, about.row
    person = journey.user_name if journey else row.person_id
    known = journey.id if journey and about.named else ""
    link = places.methods_page(row.person_id).link
    return Row(cause, AlertLevel.WARNING, person, reason, act, since, known, row.id, link=link)
