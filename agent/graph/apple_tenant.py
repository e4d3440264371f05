"""What every Apple enrolment of the tenant hangs on, through Graph: tokens, certificate, licences, user enrolment."""

from __future__ import annotations

from collections.abc import Mapping

from agent import errors
from agent.domain import apple
from agent.domain.facts import Fact
from agent.graph import answers, catalogue, urls
from agent.graph.calls import Calls

PERMISSION = "DeviceManagementServiceConfig.Read.All"
APPS_PERMISSION = "DeviceManagementApps.Read.All"
POLICY_PERMISSION = "DeviceManagementConfiguration.Read.All"

#: Microsoft's extension for a Mac's sign-on, part of Company Portal there.
EXTENSION = "com.microsoft.CompanyPortalMac.ssoextension"

#: Company Portal for iOS and iPadOS, as the App Store and Intune's list of apps name it.
BUNDLE = "com.microsoft.CompanyPortal"

_TOKENS = ("deviceManagement", "depOnboardingSettings")
_PUSH = ("deviceManagement", "applePushNotificationCertificate")
_VOLUME = ("deviceAppManagement", "vppTokens")
_APPS = ("deviceAppManagement", "mobileApps")
_USER_ENROLMENTS = ("deviceManagement", "appleUserInitiatedEnrollmentProfiles")
_MAC_POLICIES = {
    "$filter": "platforms has 'macOS' and technologies has 'mdm'",
    "$select": "id,name,platforms,technologies",
    "$expand": "assignments,settings",
}
_SSO = "com.apple.extensiblesso"
_WAYS = {"0": apple.SsoWay.PASSWORD, "1": apple.SsoWay.KEY, "2": apple.SsoWay.SMART_CARD}
_OF_TYPE = {"$filter": "isof('microsoft.graph.iosVppApp')"}


class GraphApple:
    """Fits `ports.Apple`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def tokens(self) -> Fact[tuple[apple.ProgrammeToken, ...]]:
        """learn.microsoft.com/graph/api/resources/intune-enrollment-deponboardingsetting (beta)."""
        address = urls.address(urls.BETA, *_TOKENS)

        def read() -> tuple[apple.ProgrammeToken, ...]:
            return tuple(_token(row) for row in self._calls.shared_rows(address))

        return self._calls.fact(read, f"GET {address.shape}", PERMISSION)

    def push(self) -> Fact[apple.PushCertificate | None]:
        """Known(None) where none was ever uploaded.

        learn.microsoft.com/graph/api/intune-devices-applepushnotificationcertificate-get
        """
        address = urls.address(urls.V1, *_PUSH)

        def read() -> apple.PushCertificate | None:
            try:
                row = self._calls.get(address)
            except errors.TenantRefused as refused:
                if refused.status != 404:
                    raise
                return None
            return apple.PushCertificate(answers.time(row, "expirationDateTime"), answers.text(row, "appleIdentifier"))

        return self._calls.fact(read, f"GET {address.shape}", PERMISSION)

    def volume_tokens(self) -> Fact[tuple[apple.VolumeToken, ...]]:
        """learn.microsoft.com/graph/api/intune-onboarding-vpptoken-list."""
        address = urls.address(urls.V1, *_VOLUME)

        def read() -> tuple[apple.VolumeToken, ...]:
            return tuple(_volume_token(row) for row in self._calls.rows(address))

        return self._calls.fact(read, f"GET {address.shape}", PERMISSION)

    def company_portal(self) -> Fact[tuple[apple.CompanyPortal, ...]]:
        """One for each volume token that it was bought with; beta, because v1.0 does not say which token that is.

        learn.microsoft.com/graph/api/resources/intune-apps-iosvppapp
        """
        address = urls.address(urls.BETA, *_APPS, query=_OF_TYPE)

        def read() -> tuple[apple.CompanyPortal, ...]:
            found = [row for row in self._calls.rows(address) if _is_company_portal(row)]
            assigned = self._assignments(_APPS, found)
            return tuple(_company_portal(row, assigned[answers.text(row, "id")]) for row in found)

        return self._calls.fact(read, f"GET {address.shape}", APPS_PERMISSION)

    def user_enrolments(self) -> Fact[tuple[apple.UserEnrolment, ...]]:
        """learn.microsoft.com/graph/api/resources/intune-enrollment-appleuserinitiatedenrollmentprofile (beta)."""
        address = urls.address(urls.BETA, *_USER_ENROLMENTS)

        def read() -> tuple[apple.UserEnrolment, ...]:
            found = self._calls.rows(address)
            assigned = self._assignments(_USER_ENROLMENTS, found)
            return tuple(_user_enrolment(row, assigned[answers.text(row, "id")]) for row in found)

        return self._calls.fact(read, f"GET {address.shape}", PERMISSION)

    def platform_sso(self) -> Fact[tuple[apple.PlatformSso, ...]]:
        """Those with Microsoft's own extension, asked for as Microsoft's own assessment asks.

        learn.microsoft.com/mem/intune/configuration/platform-sso-macos
        """
        address = urls.address(urls.BETA, "deviceManagement", "configurationPolicies", query=_MAC_POLICIES)

        def read() -> tuple[apple.PlatformSso, ...]:
            found = [_platform_sso(row) for row in self._calls.rows(address)]
            return tuple(one for one in found if one is not None)

        return self._calls.fact(read, f"GET {address.shape}", POLICY_PERMISSION)

    def _assignments(self, words: tuple[str, ...], found: list[answers.Row]) -> Mapping[str, tuple[answers.Row, ...]]:
        """Whom each of these is assigned to, by its id."""

        def read(one: str) -> tuple[answers.Row, ...]:
            address = urls.address(urls.BETA, *words, urls.opaque(one), "assignments")
            return tuple(self._calls.rows(address)) if one else ()

        return self._calls.many(read, [answers.text(row, "id") for row in found])


def _token(row: answers.Row) -> apple.ProgrammeToken:
    return apple.ProgrammeToken(
        id=answers.text(row, "id"),
        name=answers.text(row, "tokenName"),
        ends_at=answers.time(row, "tokenExpirationDateTime"),
        sync_error=answers.number(row, "lastSyncErrorCode") or 0,
        synced_at=answers.time(row, "lastSuccessfulSyncDateTime"),
    )


def _volume_token(row: answers.Row) -> apple.VolumeToken:
    return apple.VolumeToken(
        id=answers.text(row, "id"),
        name=answers.text(row, "organizationName") or answers.text(row, "appleId"),
        state=answers.text(row, "state"),
        ends_at=answers.time(row, "expirationDateTime"),
    )


def _is_company_portal(row: answers.Row) -> bool:
    return answers.kind(row) == "iosVppApp" and answers.text(row, "bundleId").casefold() == BUNDLE.casefold()


def _company_portal(row: answers.Row, assigned: tuple[answers.Row, ...]) -> apple.CompanyPortal:
    return apple.CompanyPortal(
        token_id=answers.text(row, "vppTokenId"),
        total=answers.number(row, "totalLicenseCount") or 0,
        used=answers.number(row, "usedLicenseCount") or 0,
        required=any(
            answers.text(one, "intent") == "required"
            and answers.flag(answers.inner(one, "settings"), "useDeviceLicensing") is True
            for one in assigned
        ),
    )


def _platform_sso(row: answers.Row) -> apple.PlatformSso | None:
    """None for a policy that says nothing of Platform SSO, or names somebody else's extension."""
    told = dict(catalogue.settings(row))
    way = told.get(f"{_SSO}_platformsso_authenticationmethod")
    if way is None or told.get(f"{_SSO}_extensionidentifier") != EXTENSION.lower():
        return None
    way_of = _WAYS.get(way.rpartition("_")[2], apple.SsoWay.UNKNOWN)
    return apple.PlatformSso(answers.text(row, "name"), catalogue.targets(row), way_of)


def _user_enrolment(row: answers.Row, assigned: tuple[answers.Row, ...]) -> apple.UserEnrolment:
    return apple.UserEnrolment(
        name=answers.text(row, "displayName"),
        kind=answers.text(row, "defaultEnrollmentType"),
        priority=answers.number(row, "priority") or 0,
        groups=frozenset(_target(answers.inner(one, "target")) for one in assigned) - {""},
    )


def _target(target: answers.Row) -> str:
    """A group's id, or everybody; learn.microsoft.com/graph/api/resources, intune-shared-*assignmenttarget."""
    if answers.kind(target) == "allLicensedUsersAssignmentTarget":
        return apple.EVERYBODY
    return answers.text(target, "groupId").lower() if answers.kind(target) == "groupAssignmentTarget" else ""
