"""What the device's own records say against a journey: known once, ready, and meant for this person.

A record that names another person, a profile that is not assigned yet or a profile of another kind each end an
enrolment in the middle; the judge says so before a pass is spent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeAlias

from agent.domain import characters
from agent.domain.cases import Case, DeviceFacts, Finding, Level
from agent.domain.devices import AppleRecord, AppleSignIn, AutopilotRecord, DeviceKind, Join
from agent.domain.facts import Fact, Known, NotChecked
from agent.domain.scans import Scan

Record: TypeAlias = AutopilotRecord | AppleRecord

_AUTOPILOT_PLACE = "Intune admin centre › Devices › Enrollment › Windows › Windows Autopilot › Devices"
_APPLE_PLACE = "Intune admin centre › Devices › Enrollment › Apple › Enrollment program tokens"


def records(device: DeviceFacts, kind: DeviceKind) -> Fact[tuple[AutopilotRecord, ...]] | Fact[tuple[AppleRecord, ...]]:
    """The records of the kind that the profile works with."""
    return device.autopilot if kind is DeviceKind.WINDOWS else device.apple


def matched(case: Case) -> Record | None:
    """The one record that the scan means, or None when there is none, more than one, or no answer."""
    if case.device is None:
        return None
    fact = records(case.device, case.profile.device)
    return fact.value[0] if isinstance(fact, Known) and len(fact.value) == 1 else None


def _block(code: str, sentence: str, who: str, where: str) -> Finding:
    return Finding(code, Level.BLOCKER, sentence, who=who, where=where)


def judge(case: Case) -> Iterator[Finding]:
    """Everything that the device's records say; nothing for a journey without a device."""
    if case.profile.device is DeviceKind.NONE:
        return
    if case.device is None:
        yield _block("serial_missing", f"{case.profile.title} needs a serial number.", "you", "scan the device's box")
        return
    scan = case.device.scan
    if scan.refused:
        yield _block("serial_refused", scan.refused, "you", "scan the serial number itself")
        return
    fact = records(case.device, case.profile.device)
    if isinstance(fact, NotChecked):
        need = f" It needs the permission {fact.permission}." if fact.permission else ""
        yield Finding(
            "device_not_checked",
            Level.NOT_CHECKED,
            f"The device could not be looked up: {fact.reason}{need}",
            who="an administrator of the app registration",
            where="Entra admin centre › App registrations › API permissions",
            refuses=True,
        )
        return
    if len(fact.value) != 1:
        yield _missing(case, scan.is_a) if not fact.value else _several(case, len(fact.value))
        return
    record = fact.value[0]
    yield _read_as(record, scan)
    yield from _unprintable(record)
    yield from _taken(case)
    yield from _windows(case, record) if isinstance(record, AutopilotRecord) else _apple(case, record)


def _read_as(record: Record, scan: Scan) -> Finding:
    """Which device was found, so that a person can compare it with the box; with the long code it was read from."""
    device = f"{record.serial}, {record.model}" if record.model else record.serial
    worked_out = f" {scan.is_a}" if scan.is_a and record.serial.upper() != scan.candidates[0].upper() else ""
    return Finding("device_read_as", Level.OK, f"Read as serial {device}.{worked_out}")


def _unprintable(record: Record) -> Iterator[Finding]:
    for name, text in (("serial number", record.serial), ("model", record.model)):
        sign = characters.misleading(text)
        if sign:
            yield _block(
                "unprintable",
                f"The {name} “{characters.shown(text)}” holds the invisible character U+{ord(sign):04X}, "
                "which would print as something else on the slip.",
                "an Intune administrator",
                f"correct the device's {name} where it was imported",
            )


def twice(kit: Iterable[Case]) -> Iterator[Finding]:
    """A device that a kit names more than once, whatever its scans looked like."""
    seen: set[str] = set()
    for case in kit:
        record = matched(case)
        if record and record.serial.upper() in seen:
            found = _block(
                "device_twice", f"The device {record.serial} is named twice.", "you", "name each device once"
            )
            yield replace(found, about=case.item.label)
        seen.add(record.serial.upper() if record else "")


def _missing(case: Case, is_a: str) -> Finding:
    place = _AUTOPILOT_PLACE if case.profile.device is DeviceKind.WINDOWS else _APPLE_PLACE
    kind = "Windows Autopilot" if case.profile.device is DeviceKind.WINDOWS else "Apple enrolment"
    sentence = f"{kind} knows no device with the serial {case.item.scanned}."
    return _block("device_unknown", f"{sentence} {is_a}".strip(), "you, or whoever registers devices", place)


def _several(case: Case, count: int) -> Finding:
    place = _AUTOPILOT_PLACE if case.profile.device is DeviceKind.WINDOWS else _APPLE_PLACE
    return _block(
        "device_several",
        f"{count} records carry the serial {case.item.scanned}; it is not clear which device is meant.",
        "an Intune administrator",
        f"{place}: remove the stale record",
    )


def _taken(case: Case) -> Iterator[Finding]:
    device = case.device
    if device is None or device.taken is None:
        return
    person = case.person.person
    if isinstance(person, Known) and person.value and person.value.id == device.taken.person_id:
        return
    yield _block(
        "device_taken",
        f"This device is already on its way to {device.taken.user_name} (journey {device.taken.id}).",
        "you",
        f"`tapslip close {device.taken.id}` first, or take another device",
    )


def _windows(case: Case, record: AutopilotRecord) -> Iterator[Finding]:
    if record.join is Join.HYBRID:
        yield _block(
            "hybrid_join",
            "The profile joins this PC to a local domain; that first sign-in needs a password, so a pass cannot do it.",
            "an Intune administrator",
            f"{_AUTOPILOT_PLACE}: assign a Microsoft Entra join profile",
        )
    if record.shared:
        yield _block(
            "self_deploying",
            "The profile is self-deploying: nobody signs in during set-up, so a pass has no place in it.",
            "an Intune administrator",
            f"{_AUTOPILOT_PLACE}: assign a user-driven profile",
        )
    if not record.profile_ready:
        status = record.assignment_status or "not assigned"
        yield _block(
            "profile_not_assigned",
            f"The deployment profile is not ready (status {status}); booting now would show the consumer set-up.",
            "an Intune administrator",
            f"{_AUTOPILOT_PLACE}: wait until “Date assigned” is filled",
        )
    yield from _assigned_to(case, record.user_name)


def _assigned_to(case: Case, assigned: str) -> Iterator[Finding]:
    person = case.person.person
    if not assigned or not isinstance(person, Known) or person.value is None:
        return
    if assigned.lower() != person.value.user_name.lower():
        yield _block(
            "assigned_to_other",
            f"The device is assigned to {assigned}; nobody else can complete its set-up.",
            "an Intune administrator",
            f"{_AUTOPILOT_PLACE}: unassign the user, or issue for {assigned}",
        )


def _apple(case: Case, record: AppleRecord) -> Iterator[Finding]:
    if record.released:
        yield _block(
            "device_released",
            "Apple Business Manager has released this device; it will not enrol.",
            "an Apple Business Manager administrator",
            "business.apple.com › Devices: assign it to the device management service again",
        )
    if not record.profile_name and record.sign_in is AppleSignIn.UNKNOWN:
        yield _block(
            "profile_not_assigned",
            "No enrolment profile is assigned to this device, and its token has no default; it cannot enrol.",
            "an Intune administrator",
            f"{_APPLE_PLACE} › Devices: assign a profile",
        )
        return
    if record.sign_in is not case.profile.apple_sign_in:
        yield _block(
            "other_sign_in",
            f"The enrolment profile “{record.profile_name}” asks the person to sign in by "
            f"{record.sign_in.value.replace('_', ' ')}, and {case.profile.name} is for "
            f"{(case.profile.apple_sign_in or AppleSignIn.NONE).value.replace('_', ' ')}.",
            "you",
            "use the profile that fits, or have another enrolment profile assigned and the device wiped",
        )
    if record.enrolment_state == "blocked":
        yield _block(
            "enrolment_blocked",
            "Intune shows this device as blocked: usually the Company Portal licence or its VPP token.",
            "an Intune administrator",
            "Intune admin centre › Tenant administration › Connectors › Apple VPP tokens",
        )
