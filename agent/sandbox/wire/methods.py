"""Handlers for authentication methods: the collections, their items, the aggregate, and what may be changed on them.

A list never has `device`; a single GET with `$expand=device` does. Query options on lists are ignored, as documented.
"""

from __future__ import annotations

from typing import Any

from agent.sandbox import errors, records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import method_changes, passes, people, sign_in
from agent.sandbox.areas import methods as held_methods
from agent.sandbox.wire import credentials, exchange, odata

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
    "hardwareOath": {"device": None},
    "external": {"configurationId": "00000000-0000-0000-0000-000000000000"},
}
"""What each kind shows besides id, name and time, unless the record says otherwise."""

_NAMELESS = ("password", "phone", "email", "softwareOath", "hardwareOath")


def list_all(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /users/{id}/authentication/methods: every kind, each with its type; a pass is listed too."""
    user = _person(tenant, request)
    return odata.collection(tenant, request, credentials.context(user, "methods"), _all(tenant, request, user))


def get_any(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /users/{id}/authentication/methods/{method_id}: a method of whatever kind."""
    user = _person(tenant, request)
    for row in _all(tenant, request, user):
        if row["id"].lower() == request.path_values["method_id"].lower():
            return odata.entity(tenant, request, credentials.context(user, "methods/$entity"), row)
    raise _missing()


def list_kind(segment: str) -> exchange.Handler:
    """GET of one collection of methods, such as `fido2Methods`."""
    collection = held_methods.COLLECTIONS[segment]

    def handler(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
        user = _person(tenant, request)
        rows = [method_row(request, method) for method in held_methods.held(tenant, user, collection.kind)]
        empty_is_missing = tenant.options.platform_credentials_404_when_empty
        if not rows and collection.kind == "platformCredential" and empty_is_missing:
            raise _missing()
        return odata.collection(tenant, request, credentials.context(user, segment), rows)

    return handler


def get_one(segment: str) -> exchange.Handler:
    """GET of one method; `$expand=device` adds its Entra device where the kind has one."""
    collection = held_methods.COLLECTIONS[segment]

    def handler(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
        user = _person(tenant, request)
        method = held_methods.find(tenant, user, collection.kind, request.path_values["method_id"])
        row = method_row(request, method)
        if collection.has_device and "device" in odata.expanded(request):
            row["device"] = _device_row(tenant, method.device_id)
        shown = odata.narrow(row, _kept(request))
        return odata.entity(tenant, request, credentials.context(user, f"{segment}/$entity"), shown)

    return handler


def get_device(segment: str) -> exchange.Handler:
    """GET of the Entra device behind one method; 404 where there is none."""
    collection = held_methods.COLLECTIONS[segment]

    def handler(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
        user = _person(tenant, request)
        method = held_methods.find(tenant, user, collection.kind, request.path_values["method_id"])
        row = _device_row(tenant, method.device_id)
        if row is None:
            raise _missing()
        return odata.entity(tenant, request, "devices/$entity", odata.narrow(row, odata.selected(request)))

    return handler


def delete(segment: str) -> exchange.Handler:
    """DELETE of one method: 204, or 400 where a rule keeps it; a password cannot go (405)."""
    collection = held_methods.COLLECTIONS[segment]

    def handler(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
        user = _person(tenant, request)
        method = _present(tenant, user, collection.kind, request.path_values["method_id"])
        method_changes.delete(tenant, user, method, by=credentials.made_by(request))
        return exchange.NO_CONTENT

    return handler


def add_phone(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """POST .../phoneMethods: 201 (learn.microsoft.com/graph/api/authentication-post-phonemethods)."""
    user, body = _person(tenant, request), _object(request)
    made = method_changes.add_phone(
        tenant, user, number=body.get("phoneNumber"), kind=body.get("phoneType"), by=credentials.made_by(request)
    )
    return _created(tenant, request, user, made, "phoneMethods")


def change_phone(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """PATCH .../phoneMethods/{method_id}: 204 (learn.microsoft.com/graph/api/phoneauthenticationmethod-update)."""
    _phone_changed(tenant, request)
    return exchange.NO_CONTENT


def put_phone(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """PUT .../phoneMethods/{method_id}, as older pages of beta have it: 200 with the phone."""
    made = _phone_changed(tenant, request)
    return exchange.GraphResponse(_created(tenant, request, _person(tenant, request), made, "phoneMethods").body)


def _phone_changed(tenant: tenants.Tenant, request: exchange.GraphRequest) -> records.Method:
    user = _person(tenant, request)
    method = _present(tenant, user, "phone", request.path_values["method_id"])
    method_changes.change_phone(tenant, user, method, _object(request), by=credentials.made_by(request))
    return method


def switch_sms(*, enabled: bool) -> exchange.Handler:
    """POST .../phoneMethods/{method_id}/enableSmsSignIn or disableSmsSignIn: 204; beta's page says 200, and no body
    (learn.microsoft.com/graph/api/phoneauthenticationmethod-enablesmssignin)."""

    def handler(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
        user = _person(tenant, request)
        method = _present(tenant, user, "phone", request.path_values["method_id"])
        method_changes.sign_in_by_sms(tenant, user, method, enabled=enabled)
        return exchange.GraphResponse(status=200 if request.beta else 204)

    return handler


def add_email(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """POST .../emailMethods: 201, or 400 where there is one (learn.microsoft.com/graph/api/
    authentication-post-emailmethods)."""
    user = _person(tenant, request)
    if any(method.kind == "email" for method in tenant.credentials.methods.get(user.id, [])):
        raise method_changes.refused("The user already has an e-mail method.")
    made = method_changes.set_email(tenant, user, _object(request).get("emailAddress"), by=credentials.made_by(request))
    return _created(tenant, request, user, made, "emailMethods")


def change_email(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """PATCH .../emailMethods/{method_id}, and PUT as older pages of beta have it: 200 with the method
    (learn.microsoft.com/graph/api/emailauthenticationmethod-update)."""
    user = _person(tenant, request)
    _present(tenant, user, "email", request.path_values["method_id"])
    made = method_changes.set_email(tenant, user, _object(request).get("emailAddress"), by=credentials.made_by(request))
    answer = _created(tenant, request, user, made, "emailMethods")
    return exchange.GraphResponse(answer.body)


def no_qr_code(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET .../qrCodePinMethod (beta): nobody here has one, so 404."""
    _person(tenant, request)
    raise _missing()


def list_operations(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET .../operations: what is still being done to the person's methods."""
    user = _person(tenant, request)
    rows = [_operation_row(found) for found in tenant.credentials.operations.values() if found.user_id == user.id]
    return odata.collection(tenant, request, credentials.context(user, "operations"), rows)


def get_operation(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET .../operations/{operation_id} (learn.microsoft.com/graph/api/longrunningoperation-get)."""
    user = _person(tenant, request)
    found = tenant.credentials.operations.get(request.path_values["operation_id"].lower())
    if found is None or found.user_id != user.id:
        raise _missing()
    return odata.entity(tenant, request, credentials.context(user, "operations/$entity"), _operation_row(found))


def revoke_sessions(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """POST /users/{id}/revokeSignInSessions: every session ends
    (learn.microsoft.com/graph/api/user-revokesigninsessions)."""
    sign_in.sign_out_everywhere(tenant, _person(tenant, request))
    context = f"{tenant.origin}/{request.version}/$metadata#Edm.Boolean"
    return exchange.GraphResponse({"@odata.context": context, "value": True})


def method_row(request: exchange.GraphRequest, method: records.Method) -> dict[str, Any]:
    """A method without its device; beta adds when it was last used."""
    row: dict[str, Any] = {"id": method.id, "createdDateTime": odata.maybe_timestamp(method.created)}
    if method.kind not in _NAMELESS:
        row["displayName"] = method.display_name
    row |= _KIND_DEFAULTS.get(method.kind, {}) | method.properties
    if request.beta:
        row["lastUsedDateTime"] = odata.maybe_timestamp(method.last_used)
        if method.kind == "microsoftAuthenticator":
            row.setdefault("clientAppName", "microsoftAuthenticator")
    return row


def _all(tenant: tenants.Tenant, request: exchange.GraphRequest, user: records.User) -> list[dict[str, Any]]:
    rows = []
    for method in held_methods.held(tenant, user):
        collection = held_methods.BY_KIND[method.kind]
        if request.beta or not collection.beta_only:
            rows.append({"@odata.type": f"#microsoft.graph.{collection.type_name}", **method_row(request, method)})
    access_pass = passes.seen(tenant, user)
    return rows if access_pass is None else [*rows, credentials.pass_row(tenant, request, access_pass)]


def _person(tenant: tenants.Tenant, request: exchange.GraphRequest) -> records.User:
    return people.find(tenant, request.path_values["id"])


def _present(tenant: tenants.Tenant, user: records.User, kind: str, method_id: str) -> records.Method:
    """The true record, which a reader may not see yet; raises GraphError 404."""
    for method in tenant.credentials.methods.get(user.id, []):
        if method.kind == kind and method.id.lower() == method_id.lower():
            return method
    raise _missing()


def _object(request: exchange.GraphRequest) -> dict[str, Any]:
    if not isinstance(request.body, dict):
        raise method_changes.refused("The request body is missing or is not a JSON object.")
    return request.body


def _created(
    tenant: tenants.Tenant, request: exchange.GraphRequest, user: records.User, made: records.Method, segment: str
) -> exchange.GraphResponse:
    row = method_row(request, made)
    answer = odata.entity(tenant, request, credentials.context(user, f"{segment}/$entity"), row)
    address = f"{tenant.origin}/{request.version}/{credentials.context(user, segment)}/{made.id}"
    return exchange.GraphResponse(answer.body, 201, {"Location": address})


def _kept(request: exchange.GraphRequest) -> list[str]:
    names = odata.selected(request)
    return [*names, *odata.expanded(request)] if names else []


def _operation_row(found: records.Operation) -> dict[str, Any]:
    return {
        "id": found.id,
        "createdDateTime": odata.timestamp(found.created),
        "lastActionDateTime": odata.timestamp(found.last_action),
        "resourceLocation": None,
        "status": found.status,
        "statusDetail": found.detail,
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


def _missing() -> errors.GraphError:
    return errors.GraphError(404, "resourceNotFound", "The requested resource was not found.", flavour="methods")
