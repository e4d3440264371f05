"""Whether an Apple device gets in for its person: a licence, room in Entra and in Intune, and the platform let in.

Autopilot's PCs are spared Intune's own limit, Apple's programme is not; a device of the programme is never personal
(learn.microsoft.com/mem/intune/device-enrollment/limits-intune-entra and /troubleshoot/mem/intune/device-enrollment/
troubleshoot-ios-enrollment-errors).
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.domain import device_policies
from agent.domain.cases import Case, Finding, Level
from agent.domain.devices import AppleRecord, ManagedDevice
from agent.domain.facts import Known, NotChecked
from agent.domain.rules import places, saying

_ADMINISTRATOR = "an Intune administrator"


def licence(case: Case, _record: AppleRecord) -> Iterator[Finding]:
    """Without a licence for Intune: “User Name Not Recognized” (UserLicenseTypeInvalid)."""
    plans, person = case.person.windows.plans, case.known_person
    if person is None:
        return
    if isinstance(plans, NotChecked):
        yield saying.unchecked("intune_licence", "Whether this person has a licence for Intune", plans, refuses=False)
    elif plans.value.isdisjoint(device_policies.INTUNE_PLANS):
        yield saying.blocker(
            "no_intune_licence",
            "This person has no licence for Intune; the device would say that the user name is not recognised.",
            who="a licence or user administrator",
            place=places.licences_of(person),
            fact=plans,
        )


def quota(case: Case, record: AppleRecord) -> Iterator[Finding]:
    """How many devices a person may own in Entra, where the device is registered at the end."""
    rules, owned = case.tenant.windows.join, case.person.windows.owned
    if case.known_person is None or _registered(case, record):
        return
    for fact in (rules, owned):
        if isinstance(fact, NotChecked):
            yield saying.unchecked("device_quota", "How many devices this person may own", fact, refuses=False)
            return
    if isinstance(rules, NotChecked) or isinstance(owned, NotChecked) or rules.value.quota is None:
        return
    if len(owned.value) >= rules.value.quota:
        yield saying.blocker(
            "device_quota",
            f"This person owns {len(owned.value)} devices in Microsoft Entra, and {rules.value.quota} are allowed; "
            "this one would enrol and then not be registered.",
            who="a Cloud Device Administrator",
            place=places.DEVICE_SETTINGS.then("delete what they no longer use, or raise the number of devices"),
            fact=owned,
        )


def _registered(case: Case, record: AppleRecord) -> bool:
    """Whether this very device is one of those that count, because its journey is under way."""
    held = case.person.apple.managed
    rows = held.value if isinstance(held, Known) and case.device_under_way else ()
    return any(row.entra_registered for row in rows if _same(row, record))


def _same(row: ManagedDevice, record: AppleRecord) -> bool:
    return row.serial.casefold() == record.serial.casefold()


def platform(case: Case, record: AppleRecord) -> Iterator[Finding]:
    """What the enrolment restrictions in force say of the platform, and Intune's own limit (DeviceCapReached)."""
    rules, groups = case.tenant.windows.enrolment, case.person.groups
    if case.known_person is None:
        return
    for fact in (rules, groups):
        if isinstance(fact, NotChecked):
            yield saying.unchecked("enrolment_rules", "What Intune lets this person enrol", fact, refuses=False)
            return
    if isinstance(rules, NotChecked) or isinstance(groups, NotChecked):
        return
    mac = record.platform.lower() == "macos"
    rule = rules.value.for_apple(groups.value, mac=mac)
    if rule is not None:
        yield from _restricted(rule, "Macs" if mac else "iPhones and iPads", rules.evidence)
    limit = rules.value.limit(groups.value)
    if limit is not None:
        yield from _limited(case, record, limit)


def _restricted(rule: device_policies.Restriction, kind: str, evidence: str) -> Iterator[Finding]:
    place = places.RESTRICTIONS.then(f"“{rule.of.name}”")
    if rule.blocked:
        yield Finding(
            "apple_blocked",
            Level.BLOCKER,
            f"Intune does not let this person enrol {kind}; the device would say “Invalid Profile”.",
            who=_ADMINISTRATOR,
            where=place.name,
            evidence=evidence,
            link=place.link,
        )
    elif rule.oldest or rule.newest:
        span = " to ".join(filter(None, (rule.oldest and f"from {rule.oldest}", rule.newest))) or "any"
        yield Finding(
            "apple_version_not_checked",
            Level.NOT_CHECKED,
            f"Intune takes {kind} with versions {span} only; which one is on this device shows when it enrols.",
            who=_ADMINISTRATOR,
            where=place.name,
            evidence=evidence,
            link=place.link,
        )


def _limited(case: Case, record: AppleRecord, limit: device_policies.DeviceLimit) -> Iterator[Finding]:
    """Rows of this very device do not count against it: it enrols in their place."""
    held = case.person.apple.managed
    if isinstance(held, NotChecked):
        yield saying.unchecked("device_limit", "How many devices Intune has of this person", held, refuses=False)
        return
    others = sum(not _same(row, record) for row in held.value)
    if others >= limit.most:
        yield saying.blocker(
            "device_limit",
            f"Intune has {others} other devices of this person, and {limit.most} are allowed (“{limit.of.name}”); "
            "the device would not enrol.",
            who=_ADMINISTRATOR,
            place=places.DEVICE_LIMIT.then("delete what they no longer use, or raise the limit"),
            fact=held,
        )
