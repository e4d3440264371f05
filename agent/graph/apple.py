"""Apple devices that Intune has synced from Apple Business Manager, with the enrolment profile each will get. All beta.

learn.microsoft.com/graph/api/resources/intune-enrollment-deponboardingsetting. There is no filter for a serial, so each
token's list is read once and matched here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.domain import devices
from agent.domain.devices import AppleSignIn
from agent.domain.facts import Fact, Known, NotChecked
from agent.graph import answers, urls
from agent.graph.calls import Calls

PERMISSION = "DeviceManagementServiceConfig.Read.All"

_TOKENS = ("deviceManagement", "depOnboardingSettings")

Records = tuple[devices.AppleRecord, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """One enrolment token with everything below it."""

    id: str
    name: str
    profiles: tuple[answers.Row, ...]
    identities: tuple[answers.Row, ...]


def read(calls: Calls, serials: Sequence[str]) -> Mapping[str, Fact[Records]]:
    """Records by serial, keyed as asked; any token that may not be read makes all of them not checked."""
    if not serials:
        return {}
    shape = urls.address(urls.BETA, *_TOKENS).shape
    fact = calls.fact(lambda: _tokens(calls), f"GET {shape}", PERMISSION)
    if isinstance(fact, NotChecked):
        return dict.fromkeys(serials, fact)
    return {serial: Known(_of(serial, fact.value), fact.source, fact.at) for serial in serials}


def _tokens(calls: Calls) -> tuple[Token, ...]:
    found = {answers.text(row, "id"): row for row in calls.shared_rows(urls.address(urls.BETA, *_TOKENS))}
    asked = [
        (token, below) for token in found if token for below in ("enrollmentProfiles", "importedAppleDeviceIdentities")
    ]
    lists = calls.many(
        lambda key: tuple(calls.rows(urls.address(urls.BETA, *_TOKENS, urls.opaque(key[0]), key[1]))), asked
    )
    return tuple(
        Token(
            token,
            answers.text(row, "tokenName"),
            lists[token, "enrollmentProfiles"],
            lists[token, "importedAppleDeviceIdentities"],
        )
        for token, row in found.items()
        if token
    )


def _of(serial: str, tokens: Sequence[Token]) -> Records:
    wanted = serial.strip().casefold()
    found = [
        _record(row, token)
        for token in tokens
        for row in token.identities
        if wanted and answers.text(row, "serialNumber").strip().casefold() == wanted
    ]
    # a device given to another server of ours leaves its old row behind for weeks, marked as deleted
    held = [record for record in found if not record.released]
    return tuple(held or found)


def _record(row: answers.Row, token: Token) -> devices.AppleRecord:
    asked = answers.text(row, "requestedEnrollmentProfileId")
    platform = answers.text(row, "platform")
    profile = _asked_for(asked, token) if asked else _default(platform, token)
    return devices.AppleRecord(
        id=answers.text(row, "id"),
        serial=answers.text(row, "serialNumber").strip(),
        platform=platform,
        model=answers.text(row, "description"),
        # newer Apple policies live elsewhere: then there is a profile, of which only the id is known
        profile_name=answers.text(profile, "displayName") or asked,
        sign_in=_sign_in(profile),
        single_app_mode=answers.flag(profile, "enableSingleAppEnrollmentMode") is True,
        released=answers.flag(row, "isDeleted") is True,
        enrolment_state=answers.text(row, "enrollmentState"),
        token_id=token.id,
        token_name=token.name,
        volume_token_id=answers.text(profile, "companyPortalVppTokenId"),
        company_portal_required=answers.flag(profile, "requireCompanyPortalOnSetupAssistantEnrolledDevices") is True,
    )


def _asked_for(asked: str, token: Token) -> answers.Row:
    """The profile by its id, which devices repeat alone or behind the token's id and an underscore."""
    wanted = {asked.lower(), asked.lower().removeprefix(f"{token.id.lower()}_")}
    for profile in token.profiles:
        own = answers.text(profile, "id").lower()
        if own and {own, own.removeprefix(f"{token.id.lower()}_")} & wanted:
            return profile
    return {}


def _default(platform: str, token: Token) -> answers.Row:
    """The token's default profile for that platform, if it has one."""
    kinds = {"ios": ("depIOSEnrollmentProfile",), "macos": ("depMacOSEnrollmentProfile",)}.get(platform.lower(), ())
    for profile in token.profiles:
        if answers.flag(profile, "isDefault") is True and answers.kind(profile) in kinds:
            return profile
    return {}


def _sign_in(profile: answers.Row) -> AppleSignIn:
    """Where the person signs in, by the combination of three members.

    learn.microsoft.com/graph/api/resources/intune-enrollment-enrollmentprofile, read by what Intune's portal writes:
    the page's own sentence on enableAuthenticationViaCompanyPortal has it backwards.
    """
    affinity = answers.flag(profile, "requiresUserAuthentication")
    portal = answers.flag(profile, "enableAuthenticationViaCompanyPortal")
    web = answers.flag(profile, "configurationWebUrl")
    if affinity is None:
        return AppleSignIn.UNKNOWN
    if not affinity:
        return AppleSignIn.NONE
    if portal:
        return AppleSignIn.COMPANY_PORTAL
    if web:
        return AppleSignIn.SETUP_ASSISTANT
    return AppleSignIn.UNKNOWN if portal is None or web is None else AppleSignIn.LEGACY
