"""What lapses behind every Apple enrolment, and a year later stops it: the programme token and the push certificate.

learn.microsoft.com/troubleshoot/mem/intune/device-enrollment/troubleshoot-ios-enrollment-errors
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from agent.domain import apple
from agent.domain.cases import Case, Finding
from agent.domain.devices import AppleRecord, DeviceKind
from agent.domain.facts import Known, NotChecked
from agent.domain.rules import places, saying

#: Apple's tokens and certificates live a year; so long before their end somebody should see to them.
SOON = timedelta(days=30)
_ADMINISTRATOR = "an Intune administrator, with an administrator of Apple Business"


def soon(ends_at: datetime | None, now: datetime) -> bool:
    """Whether it ends within `SOON`; never for what has no end, or has ended."""
    return ends_at is not None and now < ends_at <= now + SOON


def over(ends_at: datetime | None, now: datetime) -> bool:
    """Whether it has ended."""
    return ends_at is not None and ends_at <= now


def day(ends_at: datetime | None) -> str:
    """The day in UTC, as sentences say it."""
    return f"{ends_at:%Y-%m-%d}" if ends_at else "an unknown day"


def programme(case: Case, record: AppleRecord) -> Iterator[Finding]:
    """The token that gave Intune this device.

    Microsoft does not say what a device meets whose token has lapsed. Intune cannot speak to Apple about it any more,
    so it is refused: renewing takes minutes, a stranded person hours.
    """
    fact = case.tenant.apple.tokens
    if isinstance(fact, NotChecked):
        yield saying.unchecked("apple_token", "The token of Apple's enrolment programme", fact, refuses=False)
        return
    token = next((one for one in fact.value if one.id == record.token_id), None)
    if token is None:
        return
    if over(token.ends_at, case.now):
        yield saying.blocker(
            "apple_token_expired",
            f"The enrolment programme token “{token.name}” ended on {day(token.ends_at)}: Intune can no longer speak "
            "to Apple about this device, and its set-up is likely to fail.",
            who=_ADMINISTRATOR,
            place=places.APPLE_TOKENS.then("renew the token"),
            fact=fact,
        )
        return
    if soon(token.ends_at, case.now):
        yield saying.warning(
            "apple_token_ends_soon",
            f"The enrolment programme token “{token.name}” ends on {day(token.ends_at)}; after that no device enrols.",
            who=_ADMINISTRATOR,
            place=places.APPLE_TOKENS.then("renew the token"),
            fact=fact,
        )
    if token.sync_error:
        yield _not_synced(token, fact)


def _not_synced(token: apple.ProgrammeToken, fact: Known[object]) -> Finding:
    """Devices that Intune knows enrol all the same (support.apple.com/HT203063, terms that nobody accepted)."""
    since = f"since {token.synced_at:%Y-%m-%d %H:%M} UTC" if token.synced_at else "yet"
    return saying.warning(
        "apple_sync_failed",
        f"Intune has not synchronised with Apple {since} (token “{token.name}”, error {token.sync_error}): often new "
        "terms that nobody has accepted in Apple Business. What changed there since then is not known here.",
        who="an administrator of Apple Business",
        place=places.BUSINESS_MANAGER.then("accept new terms, then synchronise the token in Intune"),
        fact=fact,
    )


def unheard(case: Case) -> Iterator[Finding]:
    """Why Intune may not know a device: it has not heard from Apple."""
    looked, fact = case.apple, case.tenant.apple.tokens
    if case.profile.device is not DeviceKind.APPLE or looked is None or looked.value or isinstance(fact, NotChecked):
        return
    for token in fact.value:
        if token.sync_error or over(token.ends_at, case.now):
            yield _not_synced(token, fact)


def push(case: Case, _record: AppleRecord) -> Iterator[Finding]:
    """The certificate for Apple's push service: without one, or after its end, nothing enrols (NoEnrollmentPolicy)."""
    fact = case.tenant.apple.push
    place = places.PUSH_CERTIFICATE.then("renew it with the Apple Account that made it")
    if isinstance(fact, NotChecked):
        yield saying.unchecked("push_certificate", "The certificate for Apple's push service", fact, refuses=False)
    elif fact.value is None:
        yield saying.blocker(
            "push_certificate_missing",
            "This tenant has no certificate for Apple's push service: no Apple device can enrol.",
            who=_ADMINISTRATOR,
            place=places.PUSH_CERTIFICATE,
            fact=fact,
        )
    elif over(fact.value.ends_at, case.now):
        yield saying.blocker(
            "push_certificate_expired",
            f"The certificate for Apple's push service ended on {day(fact.value.ends_at)}: no Apple device can enrol.",
            who=_ADMINISTRATOR,
            place=place,
            fact=fact,
        )
    elif soon(fact.value.ends_at, case.now):
        yield saying.warning(
            "push_certificate_ends_soon",
            f"The certificate for Apple's push service ends on {day(fact.value.ends_at)}; after that nothing enrols.",
            who=_ADMINISTRATOR,
            place=place,
            fact=fact,
        )
