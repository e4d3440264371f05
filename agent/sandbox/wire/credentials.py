"""Handlers for Temporary Access Passes, of anybody and of oneself (`/me`).

The code of a pass is in the 201 of its creation and nowhere else. Who may touch whose methods is `admission`'s matter.
"""

from __future__ import annotations

from typing import Any

from agent.sandbox import errors, records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import passes, people
from agent.sandbox.wire import exchange, odata

_PASS_TYPE = "#microsoft.graph.temporaryAccessPassAuthenticationMethod"  # noqa: S105 - a type's name
_SEGMENT = "temporaryAccessPassMethods"


def list_passes(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET .../temporaryAccessPassMethods: none or one, expired ones too, never with the code."""
    user = people.find(tenant, request.path_values["id"])
    access_pass = passes.seen(tenant, user)
    rows = [] if access_pass is None else [pass_row(tenant, request, access_pass)]
    return odata.collection(tenant, request, context(user, _SEGMENT), rows)


def get_pass(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET .../temporaryAccessPassMethods/{method_id}; 404 for one that was replaced or deleted."""
    user = people.find(tenant, request.path_values["id"])
    access_pass = passes.find(tenant, user, request.path_values["method_id"])
    row = pass_row(tenant, request, access_pass)
    return odata.entity(tenant, request, context(user, f"{_SEGMENT}/$entity"), row)


def create_pass(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """POST .../temporaryAccessPassMethods: 201 with the code
    (learn.microsoft.com/graph/api/authentication-post-temporaryaccesspassmethods)."""
    user = people.find(tenant, request.path_values["id"])
    terms = _terms(request.body)
    access_pass = passes.create(tenant, user, terms, made_by=made_by(request))
    row = pass_row(tenant, request, access_pass) | {"temporaryAccessPass": access_pass.code}
    made = odata.entity(tenant, request, context(user, f"{_SEGMENT}/$entity"), row)
    return exchange.GraphResponse(made.body, 201)


def delete_pass(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """DELETE .../temporaryAccessPassMethods/{method_id}: 204."""
    user = people.find(tenant, request.path_values["id"])
    passes.delete(tenant, user, request.path_values["method_id"], by=made_by(request))
    return exchange.NO_CONTENT


def pass_row(tenant: tenants.Tenant, request: exchange.GraphRequest, access_pass: records.AccessPass) -> dict[str, Any]:
    """A pass as every read shows it: no code. Beta lacks the two computed properties."""
    row: dict[str, Any] = {
        "@odata.type": _PASS_TYPE,
        "id": access_pass.id,
        "temporaryAccessPass": None,
        "createdDateTime": odata.timestamp(access_pass.created),
        "startDateTime": odata.timestamp(access_pass.start),
        "lifetimeInMinutes": access_pass.lifetime_minutes,
        "isUsableOnce": access_pass.one_time,
    }
    if request.beta:
        row["lastUsedDateTime"] = odata.maybe_timestamp(max(access_pass.used, default=None))
        return row
    usable, reason = passes.usability(tenant, access_pass)
    return row | {"isUsable": usable, "methodUsabilityReason": reason}


def made_by(request: exchange.GraphRequest) -> str:
    """Who acts: the signed-in person's id, else the app's."""
    return request.caller.user_id or request.caller.app_id


def context(user: records.User, tail: str) -> str:
    """What stands behind `$metadata#` for one person's methods."""
    return f"users('{user.id}')/authentication/{tail}"


def _terms(body: Any) -> passes.Terms:
    """What the body asks for; unknown and read-only properties change nothing."""
    if not isinstance(body, dict):
        raise _bad_body("The request body is missing or is not a JSON object.")
    lifetime, one_time, start = (body.get(name) for name in ("lifetimeInMinutes", "isUsableOnce", "startDateTime"))
    if isinstance(lifetime, bool) or not isinstance(lifetime, int | None):
        raise _bad_body("Cannot convert the value of 'lifetimeInMinutes' to the expected type 'Edm.Int32'.")
    if not isinstance(one_time, bool | None):
        raise _bad_body("Cannot convert the value of 'isUsableOnce' to the expected type 'Edm.Boolean'.")
    try:
        moment = None if start is None else odata.moment(start)
    except (TypeError, ValueError):
        raise _bad_body(
            "Cannot convert the value of 'startDateTime' to the expected type 'Edm.DateTimeOffset'."
        ) from None
    return passes.Terms(start=moment, lifetime_minutes=lifetime, one_time=one_time)


def _bad_body(message: str) -> errors.GraphError:
    return errors.GraphError(400, "badRequest", message, flavour="methods")
