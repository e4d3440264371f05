"""What a PC's Autopilot record says against a journey: joined the right way, ready, and meant for this person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from agent.domain.cases import Case, Finding, Rule
from agent.domain.devices import AutopilotRecord, Join
from agent.domain.rules import places, saying, windows_arrival, windows_entry

_ADMINISTRATOR = "an Intune administrator"


def _hybrid(case: Case, record: AutopilotRecord) -> Iterator[Finding]:
    if record.join is Join.HYBRID:
        yield saying.blocker(
            "hybrid_join",
            "The profile joins this PC to a local domain; that first sign-in needs a password, so a pass cannot do it.",
            who=_ADMINISTRATOR,
            place=places.AUTOPILOT_DEVICES.then("assign a Microsoft Entra join profile"),
            fact=case.autopilot,
        )


def _shared(case: Case, record: AutopilotRecord) -> Iterator[Finding]:
    if case.profile.enrols and record.shared:
        yield saying.blocker(
            "self_deploying",
            "The profile is self-deploying: nobody signs in during set-up, so a pass has no place in it.",
            who=_ADMINISTRATOR,
            place=places.AUTOPILOT_DEVICES.then("assign a user-driven profile"),
            fact=case.autopilot,
        )


def _ready(case: Case, record: AutopilotRecord) -> Iterator[Finding]:
    if case.profile.enrols and not record.profile_ready:
        status = record.assignment_status or "not assigned"
        yield saying.blocker(
            "profile_not_assigned",
            f"The deployment profile is not ready (status {status}); booting now would show the consumer set-up.",
            who=_ADMINISTRATOR,
            place=places.AUTOPILOT_DEVICES.then("wait until “Date assigned” is filled"),
            fact=case.autopilot,
        )


def _assigned_to(case: Case, record: AutopilotRecord) -> Iterator[Finding]:
    person, assigned = case.known_person, record.user_name
    if case.profile.enrols and assigned and person is not None and assigned.lower() != person.user_name.lower():
        yield saying.blocker(
            "assigned_to_other",
            f"The device is assigned to {assigned}; nobody else can complete its set-up.",
            who=_ADMINISTRATOR,
            place=places.AUTOPILOT_DEVICES.then(f"unassign the user, or issue for {assigned}"),
            fact=case.autopilot,
        )


#: Asked of the one record that the scan means.
OF_THE_RECORD: tuple[Callable[[Case, AutopilotRecord], Iterable[Finding]], ...] = (
    _hybrid,
    _shared,
    _ready,
    _assigned_to,
    *windows_entry.OF_THE_RECORD,
)

#: Asked of each journey whose person is known, whatever became of its device.
OF_THE_JOURNEY: tuple[Rule, ...] = (*windows_entry.OF_THE_JOURNEY, *windows_arrival.OF_THE_JOURNEY)
