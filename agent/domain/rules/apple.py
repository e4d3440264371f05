"""What Apple's enrolment record says against a journey: there, with the profile that asks for the right sign-in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from agent.domain.cases import Case, Finding, Rule
from agent.domain.devices import AppleRecord, AppleSignIn
from agent.domain.rules import places, saying
from agent.domain.rules.places import Place

_ADMINISTRATOR = "an Intune administrator"


def _released(case: Case, record: AppleRecord) -> Iterator[Finding]:
    if record.released:
        yield saying.blocker(
            "device_released",
            "Apple Business Manager has released this device; it will not enrol.",
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


def _said(sign_in: AppleSignIn) -> str:
    return sign_in.value.replace("_", " ")


def _blocked(case: Case, record: AppleRecord) -> Iterator[Finding]:
    has_profile = record.profile_name or record.sign_in is not AppleSignIn.UNKNOWN
    if has_profile and record.enrolment_state == "blocked":
        yield saying.blocker(
            "enrolment_blocked",
            "Intune shows this device as blocked: usually the Company Portal licence or its VPP token.",
            who=_ADMINISTRATOR,
            place=places.VPP_TOKENS,
            fact=case.apple,
        )


#: Asked of the one record that the scan means.
OF_THE_RECORD: tuple[Callable[[Case, AppleRecord], Iterable[Finding]], ...] = (_released, _profile, _blocked)

#: Asked of each journey whose person is known, whatever became of its device.
OF_THE_JOURNEY: tuple[Rule, ...] = ()
