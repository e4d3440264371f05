"""Whether a PC gets in: the person may join, has room and a licence, and nothing that Intune keeps stands against it.

The numbers are what the PC would show (learn.microsoft.com/autopilot/troubleshoot-oobe and
/mem/intune/enrollment/troubleshoot-windows-enrollment-errors).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from agent.domain import device_policies
from agent.domain.cases import Case, Finding, Level, Rule
from agent.domain.devices import AutopilotRecord, ManagedDevice, newest
from agent.domain.facts import Known, NotChecked
from agent.domain.rules import places, saying
from agent.domain.rules.places import Place

_CLOUD_DEVICES = "a Cloud Device Administrator"
_ADMINISTRATOR = "an Intune administrator"
_TRUST_JOINED = "AzureAd"

#: How a PC enrols that a technician or nobody at all sets up (learn.microsoft.com/graph/api/resources/
#: intune-devices-deviceenrollmenttype).
WITHOUT_A_PERSON = "windowsAzureADJoinUsingDeviceAuth"

#: A technician's set-up waits so long for its person (learn.microsoft.com/autopilot/pre-provision: 6 months).
TAKEN_OVER_WITHIN = timedelta(days=183)


def _enrols(case: Case) -> bool:
    """Not where the PC's profile joins it to a domain or needs nobody: that is said once, and ends it."""
    several = case.autopilot is None or len(case.autopilot.value) != 1
    return case.profile.enrols and (several or case.pc is not None)


def join(case: Case) -> Iterator[Finding]:
    """The right to join, and the number of devices a person may own: both show 801c03ed on the PC."""
    person, rules = case.known_person, case.tenant.windows.join
    if person is None or not _enrols(case):
        return
    if isinstance(rules, NotChecked):
        yield saying.unchecked("join", "Whether this person may join a PC", rules, refuses=False)
        return
    groups = case.person.groups
    if isinstance(groups, NotChecked) and rules.value.scope is device_policies.JoinScope.SELECTED:
        yield saying.unchecked("join", "Whether this person may join a PC", groups, refuses=False)
    elif not rules.value.lets_in(person.id, groups.value if isinstance(groups, Known) else frozenset()):
        yield saying.blocker(
            "may_not_join",
            f"{person.display_name} may not join devices to Microsoft Entra; the PC would stop with 801c03ed.",
            who=_CLOUD_DEVICES,
            place=places.DEVICE_SETTINGS.then("Users may join devices to Microsoft Entra"),
            fact=rules,
        )
    yield from _quota(case, rules)


def _quota(case: Case, rules: Known[device_policies.JoinRules]) -> Iterator[Finding]:
    most, owned = rules.value.quota, case.person.windows.owned
    if most is None:
        return
    if isinstance(owned, NotChecked):
        yield saying.unchecked("device_quota", "How many devices this person owns", owned, refuses=False)
    elif len(owned.value) >= most:
        yield saying.blocker(
            "device_quota",
            f"This person owns {len(owned.value)} devices in Microsoft Entra, and {most} are allowed; the PC would "
            "stop with 801c03ed.",
            who=_CLOUD_DEVICES,
            place=places.DEVICE_SETTINGS.then("delete what they no longer use, or raise the number of devices"),
            fact=owned,
        )


def licence(case: Case) -> Iterator[Finding]:
    """Without a licence for Intune the PC joins and then stops with 80180018."""
    plans = case.person.windows.plans
    if not _enrols(case):
        return
    if isinstance(plans, NotChecked):
        yield saying.unchecked("intune_licence", "Whether this person has a licence for Intune", plans, refuses=False)
    elif plans.value.isdisjoint(device_policies.INTUNE_PLANS):
        person = case.known_person
        yield saying.blocker(
            "no_intune_licence",
            "This person has no licence for Intune; the PC would stop with 80180018.",
            who="a licence or user administrator",
            place=places.licences_of(person) if person else places.USERS,
            fact=plans,
        )


def scope(case: Case) -> Iterator[Finding]:
    """Whether the PC enrols by itself once it has joined: the MDM user scope, which no program may read.

    learn.microsoft.com/graph/api/mobiledevicemanagementpolicies-list ("Application: not supported"). A PC of this
    person that joined and is managed shows that it covered them.
    """
    owned = case.person.windows.owned
    if not _enrols(case) or case.pc is None:
        return
    if isinstance(owned, Known) and any(one.trust_type == _TRUST_JOINED and one.managed for one in owned.value):
        return
    yield Finding(
        "mdm_scope_not_checked",
        Level.NOT_CHECKED,
        "Whether the PC enrols in Intune by itself for this person (the MDM user scope, and Intune alone) could not be "
        "checked: Microsoft Graph shows it to signed-in administrators only, never to a program.",
        who=_ADMINISTRATOR,
        where=places.MDM_SCOPE.name,
        link=places.MDM_SCOPE.link,
    )


def restriction(case: Case) -> Iterator[Finding]:
    """Whether Intune takes Windows PCs of this person at all: 80180014. Devices of Autopilot are never personal."""
    rules, groups = case.tenant.windows.enrolment, case.person.groups
    if not _enrols(case):
        return
    for fact in (rules, groups):
        if isinstance(fact, NotChecked):
            yield saying.unchecked("enrolment_rules", "What Intune lets this person enrol", fact, refuses=False)
            return
    if isinstance(rules, NotChecked) or isinstance(groups, NotChecked):
        return
    rule = rules.value.restriction(groups.value)
    if rule is None:
        return
    place = places.RESTRICTIONS.then(f"“{rule.of.name}”")
    if rule.blocked:
        yield saying.blocker(
            "windows_blocked",
            "Intune does not let this person enrol Windows PCs; the PC would stop with 80180014.",
            who=_ADMINISTRATOR,
            place=place,
            fact=rules,
        )
    elif rule.oldest or rule.newest:
        span = " to ".join(filter(None, (rule.oldest and f"from {rule.oldest}", rule.newest))) or "any"
        yield Finding(
            "windows_version_not_checked",
            Level.NOT_CHECKED,
            f"Intune takes Windows versions {span} only; which one is on this PC shows when it enrols.",
            who=_ADMINISTRATOR,
            where=place.name,
            evidence=rules.evidence,
            link=place.link,
        )


def anchor(case: Case, record: AutopilotRecord) -> Iterator[Finding]:
    """The object in Entra that a registration made: without it the PC stops with 801c03f3."""
    fact = case.device.windows_part.entra if case.device else None
    if not isinstance(fact, Known):
        if isinstance(fact, NotChecked) and record.entra_device_id:
            yield saying.unchecked("entra_object", "The PC's object in Microsoft Entra", fact, refuses=False)
        return
    if fact.value is None:
        yield saying.blocker(
            "entra_object_gone",
            "The PC's object in Microsoft Entra has been deleted; the PC would stop with 801c03f3.",
            who=_ADMINISTRATOR,
            place=places.AUTOPILOT_DEVICES.then("delete the PC and register it again"),
            fact=fact,
        )
    elif not fact.value.enabled:
        yield saying.blocker(
            "entra_object_disabled",
            "The PC's object in Microsoft Entra is disabled; the PC would stop with 801c03f3.",
            who=_CLOUD_DEVICES,
            place=places.DEVICES.then(f"enable {fact.value.name or record.serial}"),
            fact=fact,
        )


def rows(case: Case, record: AutopilotRecord) -> Iterator[Finding]:
    """What Intune remembers of the PC: somebody's enrolment that a reset must end, and rows that nobody needs."""
    fact = case.device.windows_part.managed if case.device else None
    if not case.profile.enrols or not isinstance(fact, Known):
        if case.profile.enrols and isinstance(fact, NotChecked):
            yield saying.unchecked("enrolled", "Whether this PC is enrolled already", fact, refuses=False)
        return
    if any(journey.serial.upper() == record.serial.upper() for journey in case.person.kit):
        return
    living = tuple(row for row in fact.value if row.management_state in {"", "managed"})
    latest = newest(living)
    if len(living) > 1 and latest is not None:
        since = f"{latest.enrolled_at:%Y-%m-%d}" if latest.enrolled_at else "an unknown day"
        yield saying.warning(
            "stale_rows",
            f"Intune has {len(living)} rows with the serial {record.serial}; the one enrolled on {since} counts.",
            who=_ADMINISTRATOR,
            place=places.INTUNE_DEVICES.then("delete the rows that no longer stand for a PC"),
            fact=fact,
        )
    if latest is not None and latest.user_name:
        yield saying.warning(
            "enrolled_already",
            f"Intune has this PC as {latest.user_name}'s ({latest.name}); it must be reset before anybody sets it up.",
            who=saying.YOU,
            place=Place("Settings › System › Recovery › Reset this PC, or Wipe in Intune"),
            fact=fact,
        )


def prepared(case: Case, record: AutopilotRecord) -> Iterator[Finding]:
    """A technician's set-up: done, not too long ago, and not a second time, which stops with 80180014.

    learn.microsoft.com/autopilot/pre-provision
    """
    fact = case.device.windows_part.managed if case.device else None
    if not case.profile.prepared or not isinstance(fact, Known):
        return
    waiting = [row for row in fact.value if row.enrolment_type == WITHOUT_A_PERSON and not row.user_name]
    latest = newest(tuple(waiting))
    if latest is None:
        again = record.userless_blocked or any(row.enrolment_type == WITHOUT_A_PERSON for row in fact.value)
        yield _not_prepared(fact, again=again)
    elif latest.enrolled_at is not None and case.now - latest.enrolled_at > TAKEN_OVER_WITHIN:
        yield saying.blocker(
            "prepared_too_long_ago",
            f"A technician set this PC up on {latest.enrolled_at:%Y-%m-%d}; after six months it must be done again.",
            who="a technician",
            place=Place("reset the PC, delete its row in Intune, and prepare it again"),
            fact=fact,
        )


def _not_prepared(fact: Known[tuple[ManagedDevice, ...]], *, again: bool) -> Finding:
    why = "; another attempt would stop with 80180014" if again else ""
    place = places.AUTOPILOT_DEVICES.then("unblock the PC, or delete its row in Intune")
    return saying.blocker(
        "not_prepared",
        f"No technician's set-up of this PC is waiting for its person{why}.",
        who=_ADMINISTRATOR if again else "a technician",
        place=place if again else Place("press the Windows key five times at its first screen and prepare it"),
        fact=fact,
    )


#: Asked of each journey whose person is known.
OF_THE_JOURNEY: tuple[Rule, ...] = (join, licence, scope, restriction)

#: Asked of the one record that the scan means.
OF_THE_RECORD: tuple[Callable[[Case, AutopilotRecord], Iterable[Finding]], ...] = (anchor, rows, prepared)
