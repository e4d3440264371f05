"""What holds for a device of any kind: scanned as a serial, known once, printable, and not on its way to another.

A record that names another person, a profile that is not assigned yet or a profile of another kind each end an
enrolment in the middle; the rules of its own kind say so before a pass is spent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeAlias

from agent.domain.cases import Case, DeviceFacts, Finding, Level
from agent.domain.devices import AppleRecord, AutopilotRecord, DeviceKind
from agent.domain.facts import Fact, Known, NotChecked
from agent.domain.rules import apple, places, saying, windows
from agent.domain.rules.places import Place
from agent.domain.scans import Scan

Record: TypeAlias = AutopilotRecord | AppleRecord


def records(device: DeviceFacts, kind: DeviceKind) -> Fact[tuple[AutopilotRecord, ...]] | Fact[tuple[AppleRecord, ...]]:
    """The records of the kind that the profile works with."""
    return device.autopilot if kind is DeviceKind.WINDOWS else device.apple


def matched(case: Case) -> Record | None:
    """The one record that the scan means, or None when there is none, more than one, or no answer."""
    if case.device is None:
        return None
    fact = records(case.device, case.profile.device)
    return fact.value[0] if isinstance(fact, Known) and len(fact.value) == 1 else None


def judge(case: Case) -> Iterator[Finding]:
    """Everything that the device's records say; nothing for a journey without a device."""
    if case.profile.device is DeviceKind.NONE:
        return
    if case.device is None:
        place = Place("scan the device's box")
        sentence = f"{case.profile.title} needs a serial number."
        yield saying.blocker("serial_missing", sentence, who=saying.YOU, place=place)
        return
    scan = case.device.scan
    if scan.refused:
        place = Place("scan the serial number itself")
        yield saying.blocker("serial_refused", scan.refused, who=saying.YOU, place=place)
        return
    fact = records(case.device, case.profile.device)
    if isinstance(fact, NotChecked):
        found = saying.unchecked("device", "The device", fact)
        yield replace(found, sentence=found.sentence.replace("checked", "looked up", 1))
        return
    if len(fact.value) != 1:
        yield _missing(case, fact, scan.is_a) if not fact.value else _several(case, fact, len(fact.value))
        return
    record = fact.value[0]
    yield _read_as(record, scan, fact)
    yield from _unprintable(record)
    yield from _taken(case)
    yield from _of_its_kind(case, record)


def _of_its_kind(case: Case, record: Record) -> Iterator[Finding]:
    if isinstance(record, AutopilotRecord):
        for rule in windows.OF_THE_RECORD:
            yield from rule(case, record)
    else:
        for apples in apple.OF_THE_RECORD:
            yield from apples(case, record)


def _read_as(
    record: Record, scan: Scan, fact: Known[tuple[AutopilotRecord, ...]] | Known[tuple[AppleRecord, ...]]
) -> Finding:
    """Which device was found, so that a person can compare it with the box; with the long code it was read from."""
    device = f"{record.serial}, {record.model}" if record.model else record.serial
    worked_out = f" {scan.is_a}" if scan.is_a and record.serial.upper() != scan.candidates[0].upper() else ""
    return Finding("device_read_as", Level.OK, f"Read as serial {device}.{worked_out}", evidence=fact.evidence)


def _unprintable(record: Record) -> Iterator[Finding]:
    for name, text in (("serial number", record.serial), ("model", record.model)):
        place = Place(f"correct the device's {name} where it was imported")
        found = saying.unprintable(name, text, who="an Intune administrator", place=place)
        if found:
            yield found


def twice(kit: Iterable[Case]) -> Iterator[Finding]:
    """A device that a kit names more than once, whatever its scans looked like."""
    seen: set[str] = set()
    for case in kit:
        record = matched(case)
        if record and record.serial.upper() in seen:
            sentence = f"The device {record.serial} is named twice."
            found = saying.blocker("device_twice", sentence, who=saying.YOU, place=Place("name each device once"))
            yield replace(found, about=case.item.label)
        seen.add(record.serial.upper() if record else "")


def _place(case: Case) -> Place:
    return places.AUTOPILOT_DEVICES if case.profile.device is DeviceKind.WINDOWS else places.APPLE_TOKENS


def _missing(case: Case, fact: Known[object], is_a: str) -> Finding:
    kind = "Windows Autopilot" if case.profile.device is DeviceKind.WINDOWS else "Apple enrolment"
    sentence = f"{kind} knows no device with the serial {case.item.scanned}."
    who = "you, or whoever registers devices"
    return saying.blocker("device_unknown", f"{sentence} {is_a}".strip(), who=who, place=_place(case), fact=fact)


def _several(case: Case, fact: Known[object], count: int) -> Finding:
    return saying.blocker(
        "device_several",
        f"{count} records carry the serial {case.item.scanned}; it is not clear which device is meant.",
        who="an Intune administrator",
        place=_place(case).then("remove the stale record"),
        fact=fact,
    )


def _taken(case: Case) -> Iterator[Finding]:
    device, person = case.device, case.known_person
    if device is None or device.taken is None or (person and person.id == device.taken.person_id):
        return
    yield saying.blocker(
        "device_taken",
        f"This device is already on its way to {device.taken.user_name} (journey {device.taken.id}).",
        who=saying.YOU,
        place=Place(f"`tapslip close {device.taken.id}` first, or take another device"),
    )
