"""Handlers for the two logs. v1.0's sign-ins can't show which method was used; beta's can, after a while."""

from __future__ import annotations

import base64
from typing import Any

from agent.sandbox import errors
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import activity
from agent.sandbox.wire import exchange, filters, odata

_SIGN_INS = "auditLogs/signIns"
_AUDITS = "auditLogs/directoryAudits"
_BETA_ONLY = frozenset(
    {
        "authenticationDetails",
        "authenticationMethodsUsed",
        "authenticationRequirement",
        "signInEventTypes",
        "signInIdentifier",
        "userType",
    }
)
_EMPTY_TEXTS = (
    *("homeTenantName", "originalRequestId", "tokenIssuerName", "servicePrincipalName", "federatedCredentialId"),
    *("servicePrincipalCredentialKeyId", "servicePrincipalCredentialThumbprint", "azureResourceId"),
)
_EMPTY_LISTS = (
    *("appliedEventListeners", "authenticationAppPolicyEvaluationDetails", "authenticationContextClassReferences"),
    *("authenticationProcessingDetails", "authenticationRequirementPolicies", "conditionalAccessAudiences"),
    *("networkLocationDetails", "sessionLifetimePolicies"),
)
_NOTHING = (
    *("appOwnerTenantId", "authenticationAppDeviceDetails", "autonomousSystemNumber", "globalSecureAccessIpAddress"),
    *("ipAddressFromResourceProvider", "managedServiceIdentity", "mfaDetail", "resourceOwnerTenantId"),
    *("resourceServicePrincipalId", "sessionId", "signInIdentifierType", "tokenProtectionStatusDetails"),
)
_BETA_ROW: dict[str, Any] = {
    **dict.fromkeys(_EMPTY_TEXTS, ""),
    **{name: [] for name in _EMPTY_LISTS},
    **dict.fromkeys(_NOTHING),
    "appTokenProtectionStatus": None,
    "authenticationProtocol": "none",
    "clientCredentialType": "none",
    "crossTenantAccessType": "none",
    "flaggedForReview": False,
    "incomingTokenType": "none",
    "isTenantRestricted": False,
    "isThroughGlobalSecureAccess": False,
    "originalTransferMethod": "none",
    "privateLinkDetails": {"policyId": "", "policyName": "", "resourceId": "", "policyTenantId": ""},
    "processingTimeInMilliseconds": 132,
    "signInTokenProtectionStatus": "none",
    "tokenIssuerType": "AzureAD",
}
"""What a row of beta says besides, where nothing is known (learn.microsoft.com/graph/api/signin-list)."""

_BETA_POLICY: dict[str, Any] = {
    "conditionsSatisfied": "none",
    "conditionsNotSatisfied": "none",
    "includeRulesSatisfied": [],
    "excludeRulesSatisfied": [],
}
_V1_LACKS = _BETA_ROW.keys() | {"uniqueTokenIdentifier"}
_TEXT = frozenset({"eq", "startswith"})
_TIME = frozenset({"eq", "ge", "le", "gt", "lt"})
_SIGN_IN_FILTERS: dict[str, frozenset[str]] = {
    "userid": frozenset({"eq"}),
    "createddatetime": _TIME,
    "userprincipalname": _TEXT,
    "userdisplayname": _TEXT,
    "appid": frozenset({"eq"}),
    "appdisplayname": _TEXT,
    "ipaddress": _TEXT,
    "correlationid": frozenset({"eq"}),
    "status/errorcode": frozenset({"eq"}),
    "signineventtypes": frozenset({"any"}),
}
_AUDIT_FILTERS: dict[str, frozenset[str]] = {
    "activitydatetime": _TIME,
    "activitydisplayname": _TEXT,
    "category": frozenset({"eq"}),
    "correlationid": frozenset({"eq"}),
    "loggedbyservice": frozenset({"eq"}),
    "result": frozenset({"eq"}),
    "resultreason": _TEXT,
    "initiatedby/user/id": frozenset({"eq"}),
    "initiatedby/user/userprincipalname": _TEXT,
    "initiatedby/app/appid": frozenset({"eq"}),
    "initiatedby/app/displayname": _TEXT,
    "targetresources": frozenset({"any"}),
}


def sign_ins(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Sign-ins, newest first; interactive ones unless `signInEventTypes` is asked for (beta).

    learn.microsoft.com/graph/api/signin-list
    """
    condition = _readable(request, _SIGN_IN_FILTERS)
    rows = [_sign_in(row, beta=True) for row in activity.visible_sign_ins(tenant)]
    if "signineventtypes" not in _asked(condition):
        rows = [row for row in rows if row["isInteractive"]]
    found = [row for row in rows if condition is None or condition.holds(row)]
    shown = [odata.narrow(_for_version(row, request), odata.selected(request)) for row in found]
    return odata.collection(tenant, request, _SIGN_INS, shown, sizes=(1000, 1000))


def sign_in(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One sign-in."""
    row = _by_id(activity.visible_sign_ins(tenant), request.path_values["id"])
    return odata.entity(tenant, request, f"{_SIGN_INS}/$entity", _sign_in(row, beta=request.beta))


def audits(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Changes to the directory, newest first (learn.microsoft.com/graph/api/directoryaudit-list)."""
    condition = _readable(request, _AUDIT_FILTERS)
    rows = [_audit(row, beta=request.beta) for row in activity.visible_audits(tenant)]
    found = [row for row in rows if condition is None or condition.holds(row)]
    shown = [odata.narrow(row, odata.selected(request)) for row in found]
    return odata.collection(tenant, request, _AUDITS, shown, sizes=(1000, 1000))


def audit(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One change."""
    row = _by_id(activity.visible_audits(tenant), request.path_values["id"])
    return odata.entity(tenant, request, f"{_AUDITS}/$entity", _audit(row, beta=request.beta))


def _readable(request: exchange.GraphRequest, allowed: dict[str, frozenset[str]]) -> filters.Condition | None:
    text = request.query.get("$filter")
    if text is None:
        return None
    condition = odata.parsed_filter(text)
    for path, operator in filters.comparisons(condition):
        unknown_here = path.lower() == "signineventtypes" and not request.beta
        if unknown_here or operator not in allowed.get(path.lower(), ()):
            raise odata.bad_request(f"Unsupported filter on property '{path}' ({operator}).")
    return condition


def _asked(condition: filters.Condition | None) -> set[str]:
    return {path.lower() for path, _ in filters.comparisons(condition)} if condition else set()


def _sign_in(row: dict[str, Any], *, beta: bool) -> dict[str, Any]:
    shown = {**row, "createdDateTime": odata.timestamp(row["createdDateTime"])}
    if not beta:
        return _without(shown)
    token = base64.urlsafe_b64encode(row["id"].encode()).decode()
    policies = [{**_BETA_POLICY, **policy} for policy in row["appliedConditionalAccessPolicies"]]
    further = {"uniqueTokenIdentifier": token, "appliedConditionalAccessPolicies": policies}
    return {**_BETA_ROW, **shown, **further}


def _for_version(row: dict[str, Any], request: exchange.GraphRequest) -> dict[str, Any]:
    return row if request.beta else _without(row)


def _without(row: dict[str, Any]) -> dict[str, Any]:
    """What v1.0 shows; it alone still has `riskEventTypes`."""
    known = {name: value for name, value in row.items() if name not in _BETA_ONLY and name not in _V1_LACKS}
    policies = [
        {name: value for name, value in policy.items() if name not in _BETA_POLICY}
        for policy in row["appliedConditionalAccessPolicies"]
    ]
    further: dict[str, Any] = {
        "riskEventTypes": [],
        "servicePrincipalName": "",
        "authenticationAppDeviceDetails": None,
    }
    return {**known, **further, "appliedConditionalAccessPolicies": policies}


def _audit(row: dict[str, Any], *, beta: bool) -> dict[str, Any]:
    shown = {**row, "activityDateTime": odata.timestamp(row["activityDateTime"])}
    if not beta:
        return shown
    by = row["initiatedBy"]
    person = {"homeTenantId": None, "homeTenantName": None, **by["user"]} if by.get("user") else None
    return {"userAgent": None, "performedBy": None, **shown, "initiatedBy": {**by, "user": person}}


def _by_id(rows: list[dict[str, Any]], row_id: str) -> dict[str, Any]:
    for row in rows:
        if row["id"].lower() == row_id.lower():
            return row
    raise errors.GraphError(404, "ResourceNotFound", f"Resource '{row_id}' does not exist.")
