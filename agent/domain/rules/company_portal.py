"""Whether Company Portal comes onto an iPhone or iPad: a token that is valid, and a licence that is free.

"Devices will be blocked from enrolling if there aren't enough Company Portal licenses for a VPP token or if the token
expires" (learn.microsoft.com/intune/device-enrollment/apple/setup-automated-ios). People see "Guided Access app
unavailable" or wait at "Awaiting final configuration". Only journeys that use Company Portal are asked about it.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.domain import apple
from agent.domain.cases import Case, Finding
from agent.domain.devices import AppleRecord, AppleSignIn, DeviceKind
from agent.domain.facts import Known, NotChecked
from agent.domain.people import MethodKind, Person
from agent.domain.rules import places, saying
from agent.domain.rules.apple_tokens import day, over, soon

_ADMINISTRATOR = "an Intune administrator"
_STATES = {
    "expired": ("company_portal_token_expired", "has expired"),
    "invalid": ("company_portal_token_invalid", "is not valid"),
    "assignedToExternalMDM": ("company_portal_token_elsewhere", "is managed by another device management service"),
}


def comes(case: Case, record: AppleRecord) -> Iterator[Finding]:
    """Everything between Company Portal and the device."""
    if not record.uses_company_portal:
        return
    if not record.volume_token_id:
        yield saying.warning(
            "company_portal_by_apple_account",
            f"The enrolment profile “{record.profile_name}” names no volume purchase token: the App Store asks the "
            "person for an Apple Account before it installs Company Portal, and without one they are stuck.",
            who=_ADMINISTRATOR,
            place=places.APPLE_TOKENS.below("Profiles").then("install Company Portal with VPP"),
            fact=case.apple,
        )
        return
    yield from _token(case, record)
    yield from _licence(case, record)


def hindered(case: Case, record: AppleRecord) -> bool:
    """Whether something is known that keeps Company Portal away."""
    return any(finding.forbids for finding in comes(case, record))


def _token(case: Case, record: AppleRecord) -> Iterator[Finding]:
    fact = case.tenant.apple.volume_tokens
    if isinstance(fact, NotChecked):
        yield saying.unchecked("company_portal_token", "The volume purchase token", fact, refuses=False)
        return
    token = next((one for one in fact.value if one.id == record.volume_token_id), None)
    if token is None:
        yield saying.blocker(
            "company_portal_token_gone",
            "The volume purchase token with which the enrolment profile installs Company Portal is not there any more.",
            who=_ADMINISTRATOR,
            place=places.APPLE_TOKENS.below("Profiles").then("choose another token"),
            fact=fact,
        )
        return
    state = "expired" if over(token.ends_at, case.now) else token.state
    if state in _STATES:
        code, said = _STATES[state]
        yield saying.blocker(
            code,
            f"The volume purchase token “{token.name}” {said} (it ends on {day(token.ends_at)}): Company Portal does "
            "not come, and the person waits at “Awaiting final configuration” or “Guided Access app unavailable”.",
            who=_ADMINISTRATOR,
            place=places.VPP_TOKENS.then("renew the token, or take it back"),
            fact=fact,
        )
    elif state != "valid":
        unclear = NotChecked(f"Intune says its state is “{state or 'nothing'}”.")
        yield saying.unchecked(
            "company_portal_token", f"The volume purchase token “{token.name}”", unclear, refuses=False
        )
    elif soon(token.ends_at, case.now):
        yield saying.warning(
            "company_portal_token_ends_soon",
            f"The volume purchase token “{token.name}” ends on {day(token.ends_at)}; after that Company Portal does "
            "not come.",
            who=_ADMINISTRATOR,
            place=places.VPP_TOKENS.then("renew the token"),
            fact=fact,
        )


def _licence(case: Case, record: AppleRecord) -> Iterator[Finding]:
    fact = case.tenant.apple.company_portal
    if isinstance(fact, NotChecked):
        yield saying.unchecked("company_portal_licences", "The licences of Company Portal", fact, refuses=False)
        return
    bought = next((one for one in fact.value if one.token_id == record.volume_token_id), None)
    place = places.BUSINESS_MANAGER_APPS.then("get more licences of Intune Company Portal (they are free)")
    if bought is None:
        yield saying.blocker(
            "company_portal_not_bought",
            "Company Portal was not bought with the volume purchase token of the enrolment profile: it does not come.",
            who="an administrator of Apple Business",
            place=place,
            fact=fact,
        )
    elif bought.used >= bought.total and case.device_under_way and record.enrolment_state == "enrolled":
        full = NotChecked(f"All {bought.total} are in use, and Intune does not show whether this device holds one.")
        yield saying.unchecked("company_portal_licences", "The licence of Company Portal", full, refuses=False)
    elif bought.total - bought.used < (needed := _phones(case)):
        yield saying.blocker(
            "company_portal_licences_out",
            f"Of {bought.total} licences of Company Portal {bought.used} are in use, and {needed} more are needed: it "
            "does not come, and the person waits at “Awaiting final configuration” or “Guided Access app unavailable”.",
            who="an administrator of Apple Business",
            place=place,
            fact=fact,
        )
    elif not bought.required:
        yield _not_required(fact)


def _phones(case: Case) -> int:
    """How many devices of the kit take a licence: every iPhone and iPad."""
    apples = [item.profile for item in case.asked.items if item.profile.device is DeviceKind.APPLE]
    return sum(MethodKind.PLATFORM_CREDENTIAL not in profile.registers for profile in apples)


def _not_required(fact: Known[object]) -> Finding:
    return saying.warning(
        "company_portal_not_required",
        "Company Portal is not assigned as a required app with licences for devices: it comes while the device enrols, "
        "and is not kept up to date afterwards.",
        who=_ADMINISTRATOR,
        place=places.IOS_APPS.then("assign Intune Company Portal as required, with device licensing"),
        fact=fact,
    )


def account(case: Case, record: AppleRecord) -> Iterator[Finding]:
    """Company Portal turns away whoever is meant to enrol by their own account.

    learn.microsoft.com/mem/intune/enrollment/automated-device-enrollment-authentication, option 1
    """
    if record.sign_in is not AppleSignIn.COMPANY_PORTAL or case.known_person is None:
        return
    fact = case.tenant.apple.user_enrolments
    if isinstance(fact, NotChecked):
        yield saying.unchecked("user_enrolment", "How people enrol by themselves", fact, refuses=False)
        return
    groups = case.person.groups
    if isinstance(groups, NotChecked):
        return
    theirs = [one for one in fact.value if one.groups & {apple.EVERYBODY, *groups.value}]
    first = min(theirs, key=lambda one: one.priority, default=None)
    if first is not None and first.account_driven:
        yield _turned_away(case.known_person, first, fact)


def _turned_away(person: Person, first: apple.UserEnrolment, fact: Known[object]) -> Finding:
    return saying.blocker(
        "account_driven_enrolment",
        f"{person.display_name} is meant to enrol by their own account (“{first.name}”), and Company Portal then "
        "refuses to enrol this device.",
        who=_ADMINISTRATOR,
        place=places.APPLE_TOKENS.below("Profiles").then(
            "assign a profile with Setup Assistant and modern authentication, or leave the person out of that enrolment"
        ),
        fact=fact,
    )
