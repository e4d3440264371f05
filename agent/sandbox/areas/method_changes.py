"""What administrators change on a person's methods: deleting one, phones, e-mail addresses, and signing in by SMS.

Rules: learn.microsoft.com/graph/api/phoneauthenticationmethod-delete (a mobile number stays while there is an alternate
one; the default second factor goes last), -update (the type stays), -post (one of each type).
"""

from __future__ import annotations

import re

from agent.sandbox import errors, records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import activity, methods

_NUMBER = re.compile(r"\+\d{1,3} ?\d{4,14}( ?x\d{1,8})?$")
_SECOND_FACTORS = frozenset({"microsoftAuthenticator", "phone", "softwareOath", "hardwareOath", "fido2"})
_WORDS = {
    "windowsHelloForBusiness": "Windows Hello for Business",
    "microsoftAuthenticator": "Microsoft Authenticator",
    "fido2": "FIDO2 security key",
    "platformCredential": "platform credential",
    "phone": "phone",
    "email": "email",
    "softwareOath": "software OATH token",
    "hardwareOath": "hardware OATH token",
    "external": "external",
}


def delete(tenant: tenants.Tenant, user: records.User, method: records.Method, *, by: str) -> None:
    """Take a method away; raises GraphError 400 where a rule keeps it."""
    held = tenant.credentials.methods.get(user.id, [])
    if method.kind == "password":
        raise refused("A password cannot be deleted.", status=405, code="methodNotAllowed")
    if _type_of(method) == "mobile" and any(_type_of(other) == "alternateMobile" for other in held):
        raise refused("The mobile phone cannot be deleted while there is an alternate mobile phone.")
    others = [other for other in held if other.id != method.id and other.kind in _SECOND_FACTORS]
    if method.default and others:
        raise refused("The method is the user's default authentication method and cannot be deleted.")
    methods.before_change(tenant, user.id)
    held[:] = [other for other in held if (other.kind, other.id) != (method.kind, method.id)]
    _record(tenant, user, "deleted", method, by=by)


def add_phone(tenant: tenants.Tenant, user: records.User, *, number: object, kind: object, by: str) -> records.Method:
    """Add a phone of a type the person has none of; raises GraphError 400."""
    if kind not in records.PHONE_METHOD_IDS:
        raise refused("The phone type is not valid: mobile, alternateMobile or office.")
    present = [_type_of(method) for method in tenant.credentials.methods.get(user.id, [])]
    if kind in present:
        raise refused(f"The user already has a {kind} phone.")
    if kind == "alternateMobile" and "mobile" not in present:
        raise refused("An alternate mobile phone needs a mobile phone.")
    method = records.Method(
        id=records.PHONE_METHOD_IDS[str(kind)],
        user_id=user.id,
        kind="phone",
        created=tenant.now(),
        properties={"phoneNumber": _checked(number), "phoneType": kind, "smsSignInState": _first_state(str(kind))},
    )
    return _added(tenant, user, method, by=by)


def change_phone(
    tenant: tenants.Tenant, user: records.User, method: records.Method, changes: dict[str, object], *, by: str
) -> None:
    """Set another number; the type cannot change. Raises GraphError 400."""
    if "phoneType" in changes and changes["phoneType"] != method.properties.get("phoneType"):
        raise refused("The type of a phone cannot be changed.")
    number = _checked(changes.get("phoneNumber", method.properties.get("phoneNumber")))
    methods.before_change(tenant, user.id)
    method.properties = {**method.properties, "phoneNumber": number}
    _record(tenant, user, "updated", method, by=by)


def sign_in_by_sms(tenant: tenants.Tenant, user: records.User, method: records.Method, *, enabled: bool) -> None:
    """Switch signing in by SMS on or off; only a mobile phone can (learn.microsoft.com/graph/api/
    phoneauthenticationmethod-enablesmssignin). Raises GraphError 400."""
    if _type_of(method) != "mobile":
        raise refused("Signing in by SMS is supported for mobile phones only.")
    methods.before_change(tenant, user.id)
    method.properties = {**method.properties, "smsSignInState": "ready" if enabled else "notEnabled"}


def set_email(tenant: tenants.Tenant, user: records.User, address: object, *, by: str) -> records.Method:
    """Add the e-mail address, or change it where there is one; raises GraphError 400."""
    if not isinstance(address, str) or not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
        raise refused("The e-mail address is not valid.")
    held = tenant.credentials.methods.get(user.id, [])
    present = next((method for method in held if method.kind == "email"), None)
    if present is not None:
        methods.before_change(tenant, user.id)
        present.properties = {**present.properties, "emailAddress": address}
        return present
    method = records.Method(
        records.EMAIL_METHOD_ID, user.id, "email", created=tenant.now(), properties={"emailAddress": address}
    )
    return _added(tenant, user, method, by=by)


def refused(message: str, *, status: int = 400, code: str = "badRequest") -> errors.GraphError:
    """A refusal in the words of the methods workload."""
    return errors.GraphError(status, code, message, flavour="methods")


def _added(tenant: tenants.Tenant, user: records.User, method: records.Method, *, by: str) -> records.Method:
    methods.before_change(tenant, user.id)
    tenant.credentials.methods.setdefault(user.id, []).append(method)
    _record(tenant, user, "registered", method, by=by)
    return method


def _record(tenant: tenants.Tenant, user: records.User, verb: str, method: records.Method, *, by: str) -> None:
    who, tail = ("User", "") if by == user.id else ("Admin", " for user")
    operation = {"deleted": "Delete", "registered": "Create"}.get(verb, "Update")
    reason = f"{who} {verb} {_WORDS[method.kind]} method{tail}"
    activity.record_audit(tenant, activity.Change(f"{who} {verb} security info", reason, user, by, operation=operation))


def _type_of(method: records.Method) -> str | None:
    return str(method.properties.get("phoneType", "mobile")) if method.kind == "phone" else None


def _first_state(kind: str) -> str:
    return "notConfigured" if kind == "mobile" else "notSupported"


def _checked(number: object) -> str:
    if not isinstance(number, str) or not _NUMBER.match(number):
        raise refused("The phone number is not valid; its form is '+{country code} {number}x{extension}'.")
    return number
