"""Handlers for the registration report: what each person has registered, and what it makes them capable of."""

from __future__ import annotations

from typing import Any

from agent.sandbox import errors, records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import methods, people, registration_report
from agent.sandbox.wire import exchange, filters, odata

_CONTEXT = "reports/authenticationMethods/userRegistrationDetails"
_FLAGS = (
    *("ismfacapable", "ismfaregistered", "isssprenabled", "isssprregistered", "isssprcapable", "isadmin"),
    *("ispasswordlesscapable", "issystempreferredauthenticationmethodenabled", "usertype"),
)
_FILTERS: dict[str, frozenset[str]] = {
    **{name: frozenset({"eq"}) for name in _FLAGS},
    "methodsregistered": frozenset({"any"}),
    "id": frozenset({"eq"}),
    "userdisplayname": frozenset({"eq", "startswith"}),
    "userprincipalname": frozenset({"eq", "startswith"}),
}
"""learn.microsoft.com/graph/api/authenticationmethodsroot-list-userregistrationdetails, and `id`."""


def registration_details(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /reports/authenticationMethods/userRegistrationDetails: everybody, disabled accounts apart."""
    text = request.query.get("$filter")
    condition = None if text is None else odata.parsed_filter(text)
    for path, operator in filters.comparisons(condition) if condition else ():
        if operator not in _FILTERS.get(path.lower(), ()):
            raise odata.bad_request(f"Unsupported filter on property '{path}' ({operator}).")
    rows = [_row(tenant, request, user) for user in people.everybody(tenant) if user.enabled]
    found = [row for row in rows if condition is None or condition.holds(row)]
    shown = [odata.narrow(row, odata.selected(request)) for row in _ordered(request, found)]
    return odata.collection(tenant, request, _CONTEXT, shown, sizes=(1000, 1000))


def registration_detail(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /reports/authenticationMethods/userRegistrationDetails/{user id}."""
    wanted = request.path_values["id"]
    user = tenant.directory.users.get(wanted.lower())
    if user is None or not user.enabled:
        raise errors.GraphError(404, "ResourceNotFound", f"Resource '{wanted}' does not exist.")
    row = odata.narrow(_row(tenant, request, user), odata.selected(request))
    return odata.entity(tenant, request, f"{_CONTEXT}/$entity", row)


def _ordered(request: exchange.GraphRequest, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    name, _, direction = request.query.get("$orderby", "").partition(" ")
    if name.lower() not in ("userdisplayname", "userprincipalname"):
        return rows
    key = "userDisplayName" if name.lower() == "userdisplayname" else "userPrincipalName"
    return sorted(rows, key=lambda row: str(row[key]).lower(), reverse=direction.strip().lower() == "desc")


def _row(tenant: tenants.Tenant, request: exchange.GraphRequest, user: records.User) -> dict[str, Any]:
    found = registration_report.about(tenant, user, methods.reported(tenant, user))
    row: dict[str, Any] = {
        "id": user.id,
        "userPrincipalName": user.upn,
        "userDisplayName": user.display_name,
        "userType": "guest" if user.user_type == "Guest" else "member",
        "isAdmin": found.is_admin,
        "isSsprRegistered": found.sspr_registered,
        "isSsprEnabled": True,
        "isSsprCapable": found.sspr_registered,
        "isMfaRegistered": found.mfa_registered,
        "isMfaCapable": found.mfa_registered,
        "isPasswordlessCapable": found.passwordless,
        "methodsRegistered": list(found.registered),
        "isSystemPreferredAuthenticationMethodEnabled": True,
        "systemPreferredAuthenticationMethods": list(found.preferred),
        "userPreferredMethodForSecondaryAuthentication": found.second_factor,
        "lastUpdatedDateTime": odata.timestamp(tenant.now()),
    }
    return row | ({"defaultMfaMethod": "none"} if request.beta else {})
