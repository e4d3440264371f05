"""What Apple's enrolment record says against a journey: there, with the profile that asks for the right sign-in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from agent.domain import devices
from agent.domain.cases import Case, Finding, Rule
from agent.domain.devices import AppleRecord, AppleSignIn
from agent.domain.facts import NOT_READ, NotChecked
from agent.domain.people import MethodKind
from agent.domain.rules import apple_entry, apple_tokens, company_portal, places, platform_sso, saying
from agent.domain.rules.places import Place

_ADMINISTRATOR = "an Intune administrator"
#: States of a row in Intune of a device that has not been let go; learn.microsoft.com/graph/api/resources/
#: intune-devices-managementstate
_IN_USE = frozenset({"managed", "unhealthy", "retireFailed", "wipeFailed", "wipeCanceled", "retireCanceled"})


def _released(case: Case, record: AppleRecord) -> Iterator[Finding]:
    if record.released:
        yield saying.blocker(
            "device_released",
            "Apple Business has released this device, or given it to another service; it will not enrol with Intune.",
            who="an Apple Business Manager administrator",
            place=places.BUSINESS_MANAGER.then("assign it to the device management service again"),
            fact=case.apple,
        )


def _profile(case: Case, record: AppleRecord) -> Iterator[Finding]:
    if not record.profile_name and record.sign_in is AppleSignIn.UNKNOWN:
        yield saying.blocker(
            "profile_not_assigned",
            "No enrolment profile is assigned to this device, and its token has no default; it cannot enrol.",
            who=_ADMINISTRATOR,
            place=places.APPLE_TOKENS.below("Devices").then("assign a profile"),
            fact=case.apple,
        )
    elif record.sign_in is AppleSignIn.UNKNOWN:
        # policies of Apple's newer kind stand elsewhere, and nothing that is published says how their sign-in reads
        unread = NotChecked(f"“{record.profile_name}” is none of the token's enrolment profiles.")
        yield saying.unchecked("enrolment_profile", "Where the enrolment profile asks the person to sign in", unread)
    elif record.sign_in in _WITHOUT_A_PASS:
        code, said = _WITHOUT_A_PASS[record.sign_in]
        yield saying.blocker(
            code,
            f"The enrolment profile “{record.profile_name}” {said}",
            who=_ADMINISTRATOR,
            place=_ANOTHER_PROFILE,
            fact=case.apple,
        )
    elif record.sign_in is not case.profile.apple_sign_in:
        wanted = case.profile.apple_sign_in or AppleSignIn.NONE
        yield saying.blocker(
            "other_sign_in",
            f"The enrolment profile “{record.profile_name}” asks the person to sign in by {_said(record.sign_in)}, "
            f"and {case.profile.name} is for {_said(wanted)}.",
            who=saying.YOU,
            place=Place("use the profile that fits, or have another enrolment profile assigned and the device wiped"),
            fact=case.apple,
        )


_WITHOUT_A_PASS = {
    AppleSignIn.LEGACY: (
        "legacy_sign_in",
        "asks in Setup Assistant's old way, which takes a password and nothing else: no pass works there.",
    ),
    AppleSignIn.NONE: ("no_sign_in", "enrols the device for nobody: no person signs in, so a pass has no place in it."),
}
_ANOTHER_PROFILE = places.APPLE_TOKENS.below("Devices").then("assign another profile, and wipe the device")


def _said(sign_in: AppleSignIn) -> str:
    return sign_in.value.replace("_", " ")


def _platform(case: Case, record: AppleRecord) -> Iterator[Finding]:
    """A Mac is no phone: the profiles for both sign in by Setup Assistant, and end in different credentials."""
    for_mac = MethodKind.PLATFORM_CREDENTIAL in case.profile.registers
    is_mac = record.platform.lower() == "macos"
    if record.platform and is_mac is not for_mac:
        yield saying.blocker(
            "other_kind_of_device",
            f"This is {'a Mac' if is_mac else 'an iPhone or iPad'}, and {case.profile.name} is for "
            f"{'a Mac' if for_mac else 'an iPhone or iPad'}.",
            who=saying.YOU,
            place=Place("use the profile that fits the device"),
            fact=case.apple,
        )


def _blocked(case: Case, record: AppleRecord) -> Iterator[Finding]:
    has_profile = record.profile_name or record.sign_in is not AppleSignIn.UNKNOWN
    if has_profile and record.enrolment_state == "blocked" and not company_portal.hindered(case, record):
        yield saying.blocker(
            "enrolment_blocked",
            "Intune shows this device as blocked: usually the Company Portal licence or its VPP token.",
            who=_ADMINISTRATOR,
            place=places.VPP_TOKENS,
            fact=case.apple,
        )


def _managed(case: Case, record: AppleRecord) -> Iterator[Finding]:
    """Whether somebody uses it: an activated device takes no new profile until it is wiped.

    learn.microsoft.com/intune/device-enrollment/apple/manage-devices-tokens-apple
    """
    fact = case.device.apple_part.managed if case.device else NOT_READ
    if isinstance(fact, NotChecked):
        yield saying.unchecked("managed", "Whether somebody uses this device already", fact, refuses=False)
        return
    row = devices.newest(tuple(one for one in fact.value if one.management_state in _IN_USE))
    if row is None or record.enrolment_state != "enrolled" or case.device_under_way:
        return
    person = case.known_person
    if person is not None and row.user_id in ("", person.id):
        yield saying.warning(
            "enrolled_already",
            "This device is under management already: unless it has been erased since, it does not start its set-up.",
            who=saying.YOU,
            place=places.ALL_DEVICES.then("wipe the device, where that has not been done"),
            fact=fact,
        )
    elif row.user_id:
        yield saying.blocker(
            "enrolled_by_other",
            f"{row.user_name} uses this device: it is under management, and takes no other person until it is wiped.",
            who=_ADMINISTRATOR,
            place=places.ALL_DEVICES.then("wipe the device, which takes its record away, or take another"),
            fact=fact,
        )


#: Asked of the one record that the scan means.
OF_THE_RECORD: tuple[Callable[[Case, AppleRecord], Iterable[Finding]], ...] = (
    *(_released, _platform, _profile, _blocked, _managed),
    *(apple_tokens.programme, apple_tokens.push, company_portal.comes, company_portal.account),
    *(apple_entry.licence, apple_entry.quota, apple_entry.platform, platform_sso.assigned),
)

#: Asked of each journey whose person is known, whatever became of its device.
OF_THE_JOURNEY: tuple[Rule, ...] = (apple_tokens.unheard,)
