"""The two logs: sign-ins and directory audits. Other areas and the sign-in pages write rows, Graph reads them.

Rows are kept in beta's shape; the wire leaves out what v1.0 lacks. Both logs come late, as Microsoft's do, and a
sign-in's details later still, wrong at first if `options.sign_ins_revised` says so: all of it through the view.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from agent.sandbox import access_records, device_records, records
from agent.sandbox import tenant as tenants

TEMPORARY_ACCESS_PASS = "Temporary Access Pass"  # noqa: S105 - what the log calls the method
"""`authenticationDetails[].authenticationMethod` of a sign-in with a pass (free text: match by substring)."""

FAILURE_REASONS = {
    0: "Other.",
    50057: "The user account is disabled.",
    50076: (
        "Due to a configuration change made by your administrator, or because you moved to a new location, "
        "you must use multi-factor authentication to access the resource."
    ),
    50158: "External security challenge was not satisfied: a page of terms or another provider has to be gone through.",
    53000: "Device is not in required device state: compliant. Conditional Access wants a compliant device.",
    53001: "Device is not in required device state: domain joined. Conditional Access wants a domain joined device.",
    53003: "Access has been blocked by Conditional Access policies: a stronger way to sign in is needed.",
    53009: "Application needs to enforce Intune protection policies.",
    50126: "Error validating credentials due to invalid username or password.",
    130502: "Temporary Access Pass sign in was blocked due to User Credential Policy.",
    130503: "The Temporary Access Pass is incorrect.",
    130504: "The Temporary Access Pass has expired.",
    130505: "The Temporary Access Pass was already used and can be used only once.",
    130506: "A Temporary Access Pass must be used for Web Sign In.",
    130507: "An access pass could not be found or verified for the user.",
}
"""What `status.failureReason` says for each AADSTS number the sandbox gives."""

_METHOD_SERVICE = "Authentication Methods"


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of `authenticationDetails` (learn.microsoft.com/graph/api/resources/authenticationdetail).

    `method` is the log's text, such as "Temporary Access Pass" or "Windows Hello for Business"; `requirement` is
    "Primary authentication" or "Multifactor authentication".
    """

    method: str
    detail: str = ""
    requirement: str = "Primary authentication"
    succeeded: bool = True
    result: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in to be logged. `error_code` 0 means it worked; `device_id` is the Entra device's `device_id`.

    `mfa_required` says whether Conditional Access asked for MFA; `policies` are those that applied.
    """

    user: records.User
    app_id: str
    app_name: str
    steps: tuple[Step, ...] = ()
    error_code: int = 0
    resource_id: str = "00000003-0000-0000-c000-000000000000"
    resource_name: str = "Microsoft Graph"
    device_id: str | None = None
    operating_system: str = ""
    browser: str = ""
    interactive: bool = True
    mfa_required: bool = False
    policies: tuple[access_records.ConditionalAccessPolicy, ...] = ()
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A change to be audited. `by` is the app id or the user id of who made it.

    `modified` holds (property, old value, new value); values are shown as given, None as null.
    """

    activity: str
    reason: str
    target: records.User
    by: str
    modified: tuple[tuple[str, str | None, str | None], ...] = ()
    category: str = "UserManagement"
    service: str = _METHOD_SERVICE
    operation: str = "Update"
    at: datetime | None = None


def record_sign_in(tenant: tenants.Tenant, attempt: Attempt) -> records.SignIn:
    """Log a sign-in, now or at `attempt.at` (learn.microsoft.com/graph/api/resources/signin)."""
    created = attempt.at or tenant.now()
    entry = records.SignIn(
        id=tenant.new_id(),
        user_id=attempt.user.id,
        created=created,
        row=_row(tenant, attempt, created),
    )
    tenant.activity.sign_ins.append(entry)
    return entry


def record_audit(tenant: tenants.Tenant, change: Change) -> records.Audit:
    """Log a change to somebody's account (learn.microsoft.com/graph/api/resources/directoryaudit)."""
    created = change.at or tenant.now()
    row_id = f"{change.service}_{tenant.new_id()}_{tenant.new_secret(5).upper()}_{tenant.chance.randrange(10**8)}"
    row: dict[str, Any] = {
        "category": change.category,
        "correlationId": tenant.new_id(),
        "result": "success",
        "resultReason": change.reason,
        "activityDisplayName": change.activity,
        "loggedByService": change.service,
        "operationType": change.operation,
        "initiatedBy": _initiator(tenant, change.by),
        "targetResources": [_target(change)],
        "additionalDetails": [],
    }
    entry = records.Audit(row_id, created, row)
    tenant.activity.audits.append(entry)
    return entry


def record_pass_created(tenant: tenants.Tenant, access_pass: records.AccessPass) -> records.Audit:
    """Log that a pass was made: "Admin registered security info", or "User ..." by the person alone; never the code."""
    user = tenant.directory.users[access_pass.user_id]
    end = access_pass.start + timedelta(minutes=access_pass.lifetime_minutes)
    prefix = "TemporaryAccessPass.TemporaryAccessPass."
    usage = "Once" if access_pass.one_time else "Multiple"
    modified = (
        (f"{prefix}Id", None, f'"{access_pass.id}"'),
        (f"{prefix}StartDateTime", None, f'"{access_pass.start:%Y-%m-%dT%H:%M:%SZ}"'),
        (f"{prefix}EndTime", None, f'"{end:%Y-%m-%dT%H:%M:%SZ}"'),
        (f"{prefix}AccessPassUsage", None, f'"{usage}"'),
    )
    by_self = access_pass.made_by == user.id
    who, tail = ("User", "") if by_self else ("Admin", " for user")
    reason = f"{who} registered temporary access pass method{tail}"
    return record_audit(
        tenant,
        Change(
            f"{who} registered security info",
            reason,
            user,
            access_pass.made_by,
            modified=modified,
            operation="Create",
        ),
    )


def record_pass_deleted(tenant: tenants.Tenant, access_pass: records.AccessPass, *, by: str) -> records.Audit:
    """Log that a pass was deleted by the app or user id `by`."""
    user = tenant.directory.users[access_pass.user_id]
    who, tail = ("User", "") if by == user.id else ("Admin", " for user")
    modified = (("TemporaryAccessPass.TemporaryAccessPass.Id", f'"{access_pass.id}"', None),)
    reason = f"{who} deleted temporary access pass method{tail}"
    change = Change(f"{who} deleted security info", reason, user, by, modified=modified, operation="Delete")
    return record_audit(tenant, change)


def visible_sign_ins(tenant: tenants.Tenant) -> list[dict[str, Any]]:
    """Beta rows that have reached the log, newest first; details that are still on their way are an empty list."""
    view = tenant.view
    entries = [entry for entry in tenant.activity.sign_ins if view.arrived("sign_ins", entry.id, entry.created)]
    entries.sort(key=lambda entry: entry.created, reverse=True)
    return [_shown(tenant, entry) for entry in entries]


def visible_audits(tenant: tenants.Tenant) -> list[dict[str, Any]]:
    """Audit rows that have reached the log, newest first."""
    view = tenant.view
    entries = [entry for entry in tenant.activity.audits if view.arrived("audits", entry.id, entry.created)]
    entries.sort(key=lambda entry: entry.created, reverse=True)
    return [{"id": entry.id, **entry.row, "activityDateTime": entry.created} for entry in entries]


_FIRST_VERSION = {
    "authenticationMethod": "Previously satisfied",
    "authenticationMethodDetail": None,
    "succeeded": True,
    "authenticationStepResultDetail": "MFA requirement satisfied by claim in the token",
    "authenticationStepRequirement": "Multifactor authentication",
}
"""What the details may say before they are put right
(learn.microsoft.com/entra/identity/monitoring-health/concept-sign-in-log-activity-details)."""


def _shown(tenant: tenants.Tenant, entry: records.SignIn) -> dict[str, Any]:
    shown = {"id": entry.id, "createdDateTime": entry.created, **entry.row}
    if not tenant.view.arrived("sign_in_details", entry.id, entry.created):
        shown["authenticationDetails"] = []
    elif tenant.options.sign_ins_revised and not tenant.view.arrived("sign_in_revision", entry.id, entry.created):
        stamp = {"authenticationStepDateTime": f"{entry.created:%Y-%m-%dT%H:%M:%SZ}"}
        shown["authenticationDetails"] = [stamp | _FIRST_VERSION] if shown["authenticationDetails"] else []
    return shown


def _row(tenant: tenants.Tenant, attempt: Attempt, created: datetime) -> dict[str, Any]:
    user = attempt.user
    asked = "multiFactorAuthentication" if attempt.mfa_required else "singleFactorAuthentication"
    return {
        "userId": user.id,
        "userDisplayName": user.display_name,
        "userPrincipalName": user.upn.lower(),
        "userType": user.user_type.lower(),
        "signInIdentifier": user.upn.lower(),
        "appId": attempt.app_id,
        "appDisplayName": attempt.app_name,
        "resourceId": attempt.resource_id,
        "resourceDisplayName": attempt.resource_name,
        "resourceTenantId": tenant.id,
        "homeTenantId": tenant.id,
        "correlationId": tenant.new_id(),
        "ipAddress": "192.0.2.17",
        "userAgent": "",
        "clientAppUsed": "Browser" if attempt.browser else "Mobile Apps and Desktop clients",
        "isInteractive": attempt.interactive,
        "signInEventTypes": ["interactiveUser" if attempt.interactive else "nonInteractiveUser"],
        "authenticationRequirement": asked,
        "authenticationDetails": [_detail(step, created) for step in attempt.steps],
        "authenticationMethodsUsed": [],
        "conditionalAccessStatus": _policy_result(attempt),
        "appliedConditionalAccessPolicies": [_applied(policy, attempt) for policy in attempt.policies],
        "riskDetail": "none",
        "riskLevelAggregated": "none",
        "riskLevelDuringSignIn": "none",
        "riskState": "none",
        "riskEventTypes_v2": [],
        "servicePrincipalId": "",
        "status": _status(attempt.error_code),
        "deviceDetail": _device_detail(tenant, attempt),
        "location": {"city": None, "state": None, "countryOrRegion": None, "geoCoordinates": None},
    }


def _status(error_code: int) -> dict[str, Any]:
    reason = FAILURE_REASONS.get(error_code, "Other.")
    return {"errorCode": error_code, "failureReason": reason, "additionalDetails": None}


def _detail(step: Step, created: datetime) -> dict[str, Any]:
    return {
        "authenticationStepDateTime": f"{created:%Y-%m-%dT%H:%M:%SZ}",
        "authenticationMethod": step.method,
        "authenticationMethodDetail": step.detail or None,
        "succeeded": step.succeeded,
        "authenticationStepResultDetail": step.result or None,
        "authenticationStepRequirement": step.requirement,
    }


def _policy_result(attempt: Attempt) -> str:
    if not attempt.policies:
        return "notApplied"
    return "success" if attempt.error_code == 0 else "failure"


def _applied(policy: access_records.ConditionalAccessPolicy, attempt: Attempt) -> dict[str, Any]:
    return {
        "id": policy.id,
        "displayName": policy.name,
        "enforcedGrantControls": [_control(grant) for grant in policy.grants],
        "enforcedSessionControls": [],
        "result": "success" if attempt.error_code == 0 else "failure",
    }


_CONTROLS = {
    "mfa": "Mfa",
    "block": "Block",
    "compliantDevice": "RequireCompliantDevice",
    "domainJoinedDevice": "RequireDomainJoinedDevice",
    "approvedApplication": "RequireApprovedApp",
    "compliantApplication": "RequireCompliantApp",
}


def _control(grant: str) -> str:
    """A grant as the log names it."""
    if grant.startswith(("terms:", "custom:")):
        return "RequireTermsOfUse" if grant.startswith("terms:") else "CustomControl"
    return _CONTROLS.get(grant, "RequireAuthenticationStrength")


def _device_detail(tenant: tenants.Tenant, attempt: Attempt) -> dict[str, Any]:
    known = _device(tenant, attempt.device_id)
    return {
        "deviceId": attempt.device_id or "",
        "displayName": known.display_name if known else "",
        "operatingSystem": attempt.operating_system,
        "browser": attempt.browser,
        "isCompliant": bool(known and known.is_compliant),
        "isManaged": bool(known and known.is_managed),
        "trustType": _TRUST_WORDS.get(known.trust_type or "", "") if known else "",
    }


_TRUST_WORDS = {
    "AzureAd": "Azure AD joined",
    "ServerAd": "Hybrid Azure AD joined",
    "Workplace": "Azure AD registered",
}


def _device(tenant: tenants.Tenant, device_id: str | None) -> device_records.EntraDevice | None:
    devices = tenant.devices.entra.values()
    return next((device for device in devices if device_id and device.device_id == device_id), None)


def _initiator(tenant: tenants.Tenant, by: str) -> dict[str, Any]:
    user = tenant.directory.users.get(by)
    if user is not None:
        shown = {
            "id": user.id,
            "displayName": None,
            "userPrincipalName": user.upn,
            "ipAddress": "192.0.2.17",
        }
        return {"user": shown, "app": None}
    registration = tenant.directory.registrations.get(by)
    name = registration.name if registration else None
    app = {"appId": by, "displayName": name, "servicePrincipalId": None, "servicePrincipalName": None}
    return {"user": None, "app": app}


def _target(change: Change) -> dict[str, Any]:
    modified = [{"displayName": name, "oldValue": old, "newValue": new} for name, old, new in change.modified]
    return {
        "id": change.target.id,
        "displayName": change.target.display_name,
        "type": "User",
        "userPrincipalName": change.target.upn,
        "groupType": None,
        "modifiedProperties": modified,
    }
