"""What Entra and Intune let in: who may join, and the enrolment configurations that matter to a PC."""

from __future__ import annotations

from agent.domain import device_policies
from agent.domain.facts import Fact
from agent.graph import answers, urls
from agent.graph.calls import Calls

JOIN_PERMISSION = "Policy.Read.DeviceConfiguration"
ENROLMENT_PERMISSION = "DeviceManagementServiceConfig.Read.All"

_SCOPES = {
    "allDeviceRegistrationMembership": device_policies.JoinScope.ALL,
    "enumeratedDeviceRegistrationMembership": device_policies.JoinScope.SELECTED,
    "noDeviceRegistrationMembership": device_policies.JoinScope.NOBODY,
}
_STATUS_PAGE = "windows10EnrollmentCompletionPageConfiguration"
_ALL_PLATFORMS = "deviceEnrollmentPlatformRestrictionsConfiguration"
_ONE_PLATFORM = "deviceEnrollmentPlatformRestrictionConfiguration"
_LIMIT = "deviceEnrollmentLimitConfiguration"
_HELLO = "deviceEnrollmentWindowsHelloForBusinessConfiguration"


def join_rules(calls: Calls) -> Fact[device_policies.JoinRules]:
    """learn.microsoft.com/graph/api/deviceregistrationpolicy-get"""
    address = urls.address(urls.V1, "policies", "deviceRegistrationPolicy")
    return calls.fact(lambda: _join(calls.get(address)), f"GET {address.shape}", JOIN_PERMISSION)


def _join(row: answers.Row) -> device_policies.JoinRules:
    allowed = answers.inner(answers.inner(row, "azureADJoin"), "allowedToJoin")
    return device_policies.JoinRules(
        scope=_SCOPES.get(answers.kind(allowed), device_policies.JoinScope.UNKNOWN),
        people=_ids(allowed, "users"),
        groups=_ids(allowed, "groups"),
        quota=answers.number(row, "userDeviceQuota"),
    )


def _ids(row: answers.Row, name: str) -> frozenset[str]:
    value = row.get(name)
    held = value if isinstance(value, list) else []
    return frozenset(each.lower() for each in held if isinstance(each, str))


def enrolment_rules(calls: Calls) -> Fact[device_policies.EnrolmentRules]:
    """Beta, where a restriction stands for one platform and a status page shows what it does.

    learn.microsoft.com/graph/api/intune-onboarding-deviceenrollmentconfiguration-list
    """
    query = {"$expand": "assignments"}
    address = urls.address(urls.BETA, "deviceManagement", "deviceEnrollmentConfigurations", query=query)
    return calls.fact(lambda: _rules(calls.rows(address)), f"GET {address.shape}", ENROLMENT_PERMISSION)


def _rules(rows: list[answers.Row]) -> device_policies.EnrolmentRules:
    hello = [_hello(row) for row in rows if answers.kind(row) == _HELLO]
    pages = [
        device_policies.StatusPageRule(_ranked(row), answers.flag(row, "installQualityUpdates") is True)
        for row in rows
        if answers.kind(row) == _STATUS_PAGE
    ]
    limits = [
        device_policies.DeviceLimit(_ranked(row), most)
        for row in rows
        if answers.kind(row) == _LIMIT and (most := answers.number(row, "limit")) is not None
    ]
    return device_policies.EnrolmentRules(
        _restrictions(rows, "windowsRestriction", "windows"),
        tuple(pages),
        hello[0] if hello else None,
        ios=_restrictions(rows, "iosRestriction", "ios"),
        mac_os=_restrictions(rows, "macOSRestriction", "mac"),
        limits=tuple(limits),
    )


def _restrictions(rows: list[answers.Row], name: str, platform: str) -> tuple[device_policies.Restriction, ...]:
    """Those of one platform: its part of what is said of all, and those that stand for it alone."""
    return (
        *(_restriction(row, name) for row in rows if answers.kind(row) == _ALL_PLATFORMS),
        *(
            _restriction(row, "platformRestriction")
            for row in rows
            if answers.kind(row) == _ONE_PLATFORM and answers.text(row, "platformType") == platform
        ),
    )


def _hello(row: answers.Row) -> device_policies.TenantHello:
    needs_tpm = answers.flag(row, "securityDeviceRequired") is not False
    return device_policies.TenantHello(answers.text(row, "state"), needs_tpm)


def _restriction(row: answers.Row, name: str) -> device_policies.Restriction:
    rule = answers.inner(row, name)
    return device_policies.Restriction(
        of=_ranked(row),
        blocked=answers.flag(rule, "platformBlocked") is True,
        personal_blocked=answers.flag(rule, "personalDeviceEnrollmentBlocked") is True,
        oldest=answers.text(rule, "osMinimumVersion"),
        newest=answers.text(rule, "osMaximumVersion"),
    )


def _ranked(row: answers.Row) -> device_policies.Ranked:
    targets = (answers.inner(each, "target") for each in answers.inner_rows(row, "assignments"))
    groups = frozenset(answers.text(target, "groupId").lower() for target in targets) - {""}
    return device_policies.Ranked(answers.text(row, "displayName"), answers.number(row, "priority") or 0, groups)
