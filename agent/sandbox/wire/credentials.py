"""Handlers for Temporary Access Passes, their policy, and the collections of authentication methods.

A list never has `device`; a single GET with `$expand=device` does. The code of a pass is in the 201 of its creation and
nowhere else.
"""

from __future__ import annotations

from typing import Any

from agent.sandbox import errors, records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import methods, passes, people, roles
from agent.sandbox.wire import errors as wire_errors
from agent.sandbox.wire import exchange, odata

_PASS_TYPE = "#microsoft.graph.temporaryAccessPassAuthenticationMethod"  # noqa: S105 - a type's name
_POLICY_TYPE = "#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration"
_POLICY_CONTEXT = "policies/authenticationMethodsPolicy"
_PASS_POLICY = "temporaryaccesspass"  # noqa: S105 - a path segment
_KIND_DEFAULTS: dict[str, dict[str, Any]] = {
    "windowsHelloForBusiness": {"keyStrength": "normal"},
    "microsoftAuthenticator": {"deviceTag": "SoftwareTokenActivated", "phoneAppVersion": None},
    "fido2": {
        "aaGuid": None,
        "model": None,
        "attestationCertificates": [],
        "attestationLevel": "attested",
        "passkeyType": "deviceBound",
    },
    "platformCredential": {"keyStrength": "normal", "platform": "macOS"},
    "password": {"password": None},
    "phone": {"phoneNumber": None, "phoneType": "mobile", "smsSignInState": "notConfigured"},
    "email": {"emailAddress": None},
    "softwareOath": {"secretKey": None},
}
"""What each kind shows besides id, name and time, unless the record says otherwise."""


def list_passes(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET .../temporaryAccessPassMethods: none or one, expired ones too, never with the code."""
    user = _reachable(tenant, request)
    access_pass = passes.seen(tenant, user)
    rows = [] if access_pass is None else [pass_row(tenant, request, access_pass)]
    return odata.collection(tenant, request, _context(user, "temporaryAccessPassMethods"), rows)


def get_pass(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET .../temporaryAccessPassMethods/{method_id}; 404 for one that was replaced or deleted."""
    user = _reachable(tenant, request)
    access_pass = passes.find(tenant, user, request.path_values["method_id"])
    row = pass_row(tenant, request, access_pass)
    return odata.entity(tenant, request, _context(user, "temporaryAccessPassMethods/$entity"), row)


def create_pass(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """POST .../temporaryAccessPassMethods: 201 with the code
    (learn.microsoft.com/graph/api/authentication-post-temporaryaccesspassmethods)."""
    user = _reachable(tenant, request)
    _refuse_without_role(tenant, request, user)
    terms = _terms(request.body)
    made_by = request.caller.user_id or request.caller.app_id
    access_pass = passes.create(tenant, user, terms, made_by=made_by)
    row = pass_row(tenant, request, access_pass) | {"temporaryAccessPass": access_pass.code}
    made = odata.entity(tenant, request, _context(user, "temporaryAccessPassMethods/$entity"), row)
    return exchange.GraphResponse(made.body, 201)


def delete_pass(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """DELETE .../temporaryAccessPassMethods/{method_id}: 204."""
    user = _reachable(tenant, request)
    _refuse_without_role(tenant, request, user)
    by = request.caller.user_id or request.caller.app_id
    passes.delete(tenant, user, request.path_values["method_id"], by=by)
    return exchange.NO_CONTENT


def list_all_methods(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /users/{id}/authentication/methods: every kind, each with its type; a pass is listed too."""
    user = _reachable(tenant, request)
    rows = []
    for method in methods.held(tenant, user):
        type_name = f"#microsoft.graph.{methods.BY_KIND[method.kind].type_name}"
        rows.append({"@odata.type": type_name, **method_row(request, method)})
    access_pass = passes.seen(tenant, user)
    if access_pass is not None:
        rows.append(pass_row(tenant, request, access_pass))
    return odata.collection(tenant, request, _context(user, "methods"), rows)


def list_methods(segment: str) -> exchange.Handler:
    """GET of one collection of methods, such as `fido2Methods`; query options are ignored, as documented."""
    collection = methods.COLLECTIONS[segment]

    def handler(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
        user = _reachable(tenant, request)
        rows = [method_row(request, method) for method in methods.held(tenant, user, collection.kind)]
        empty_is_missing = tenant.options.platform_credentials_404_when_empty
        if not rows and collection.kind == "platformCredential" and empty_is_missing:
            raise errors.GraphError(404, "resourceNotFound", "The requested resource was not found.", flavour="methods")
        return odata.collection(tenant, request, _context(user, segment), rows)

    return handler


def get_method(segment: str) -> exchange.Handler:
    """GET of one method; `$expand=device` adds its Entra device where the kind has one."""
    collection = methods.COLLECTIONS[segment]

    def handler(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
        user = _reachable(tenant, request)
        method = methods.find(tenant, user, collection.kind, request.path_values["method_id"])
        row = method_row(request, method)
        if collection.has_device and "device" in odata.expanded(request):
            row["device"] = _device_row(tenant, method.device_id)
        return odata.entity(tenant, request, _context(user, f"{segment}/$entity"), row)

    return handler


def get_methods_policy(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /policies/authenticationMethodsPolicy, with the one configuration that the sandbox knows."""
    row = {
        "id": "authenticationMethodsPolicy",
        "displayName": "Authentication Methods Policy",
        "description": "The tenant-wide policy that controls which authentication methods are allowed in the tenant",
        "lastModifiedDateTime": odata.maybe_timestamp(tenant.credentials.policy.changed_at),
        "policyVersion": "1.5",
        "policyMigrationState": "migrationComplete",
        "authenticationMethodConfigurations": [_policy_row(tenant.credentials.policy)],
    }
    return odata.entity(tenant, request, "authenticationMethodsPolicy", row)


def get_pass_policy(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET .../authenticationMethodConfigurations/TemporaryAccessPass."""
    _refuse_other_configurations(request)
    row = _policy_row(tenant.credentials.policy)
    return odata.entity(tenant, request, f"{_POLICY_CONTEXT}/authenticationMethodConfigurations/$entity", row)


def change_pass_policy(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """PATCH .../authenticationMethodConfigurations/TemporaryAccessPass: 204; the body must name its type."""
    _refuse_other_configurations(request)
    if not isinstance(request.body, dict) or request.body.get("@odata.type") != _POLICY_TYPE:
        raise errors.GraphError(400, "badRequest", "The request body must contain '@odata.type'.", flavour="methods")
    passes.change_policy(tenant, request.body)
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


def method_row(request: exchange.GraphRequest, method: records.Method) -> dict[str, Any]:
    """A method without its device; beta adds when it was last used."""
    row: dict[str, Any] = {"id": method.id, "createdDateTime": odata.maybe_timestamp(method.created)}
    if method.kind not in ("password", "phone", "email", "softwareOath"):
        row["displayName"] = method.display_name
    row |= _KIND_DEFAULTS.get(method.kind, {}) | method.properties
    if request.beta:
        row["lastUsedDateTime"] = odata.maybe_timestamp(method.last_used)
    return row


def _reachable(tenant: tenants.Tenant, request: exchange.GraphRequest) -> records.User:
    return people.find(tenant, request.path_values["id"])


def _refuse_without_role(tenant: tenants.Tenant, request: exchange.GraphRequest, user: records.User) -> None:
    """An app may touch anybody, administrators too; a signed-in operator needs a role over this person."""
    operator_id = request.caller.user_id
    if operator_id is not None and not roles.may_manage_methods(tenant, operator_id, user):
        raise wire_errors.denied(request.path)


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


def _refuse_other_configurations(request: exchange.GraphRequest) -> None:
    wanted = request.path_values["configuration"]
    if wanted.lower() != _PASS_POLICY:
        raise errors.GraphError(501, "notImplemented", f"The sandbox tenant does not know the policy for {wanted}.")


def _policy_row(policy: records.PassPolicy) -> dict[str, Any]:
    return {
        "@odata.type": _POLICY_TYPE,
        "id": "TemporaryAccessPass",
        "state": "enabled" if policy.enabled else "disabled",
        "defaultLifetimeInMinutes": policy.default,
        "defaultLength": policy.length,
        "minimumLifetimeInMinutes": policy.minimum,
        "maximumLifetimeInMinutes": policy.maximum,
        "isUsableOnce": policy.one_time,
        "includeTargets": [
            {"targetType": "group", "id": target, "isRegistrationRequired": False} for target in policy.include
        ],
        "excludeTargets": [{"targetType": "group", "id": target} for target in policy.exclude],
    }


def _device_row(tenant: tenants.Tenant, device_id: str | None) -> dict[str, Any] | None:
    device = tenant.devices.entra.get(device_id or "")
    if device is None:
        return None
    return {
        "id": device.id,
        "accountEnabled": device.enabled,
        "deviceId": device.device_id,
        "displayName": device.display_name,
        "isCompliant": device.is_compliant,
        "isManaged": device.is_managed,
        "operatingSystem": device.operating_system,
        "operatingSystemVersion": device.os_version,
        "trustType": device.trust_type,
    }


def _context(user: records.User, tail: str) -> str:
    return f"users('{user.id}')/authentication/{tail}"
