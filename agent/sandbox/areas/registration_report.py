"""What the registration report makes of a person's methods
(learn.microsoft.com/graph/api/resources/userregistrationdetails)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agent.sandbox import records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import roles

AUTHENTICATOR_AAGUIDS = frozenset({"de1e552d-db1d-4423-a619-566b625cdc84", "90a3ccdf-635c-4729-a248-9b709135078f"})
"""Passkeys in Microsoft Authenticator for iOS and Android."""

_PHONES = {"mobile": "mobilePhone", "alternateMobile": "alternateMobilePhone", "office": "officePhone"}
_PREFERRED = (
    ("temporaryAccessPass", "temporaryAccessPass"),
    ("passKeyDeviceBound", "fido2"),
    ("microsoftAuthenticatorPush", "push"),
    ("softwareOneTimePasscode", "oath"),
    ("mobilePhone", "sms"),
)
"""The service's own order of preference, strongest first (learn.microsoft.com/entra/identity/authentication/
concept-system-preferred-multifactor-authentication), in the report's words."""


@dataclass(frozen=True, slots=True)
class Registered:
    """One person's row: the report's words for the methods, and what follows from them."""

    registered: tuple[str, ...]
    is_admin: bool
    mfa_registered: bool
    passwordless: bool
    sspr_registered: bool
    preferred: tuple[str, ...]
    second_factor: str


def about(tenant: tenants.Tenant, user: records.User, held: Iterable[records.Method]) -> Registered:
    """The row of one person; a pass is listed among the methods."""
    words = [word for method in held for word in _words(method)]
    if user.id in tenant.credentials.passes:
        words.append("temporaryAccessPass")
    found = tuple(dict.fromkeys(words))
    strong = {"windowsHelloForBusiness", "microsoftAuthenticatorPasswordless", "macOsSecureEnclaveKey"}
    passwordless = any(word in strong or word.startswith("passKey") for word in found)
    second = {"microsoftAuthenticatorPush", "softwareOneTimePasscode", "hardwareOneTimePasscode", "mobilePhone"}
    ranked = tuple(word for has, word in _PREFERRED if has in found)
    return Registered(
        registered=found,
        is_admin=bool(roles.held(tenant, user.id)),
        mfa_registered=passwordless or bool(second & set(found)),
        passwordless=passwordless,
        sspr_registered=bool({"mobilePhone", "email", "microsoftAuthenticatorPush"} & set(found)),
        preferred=ranked[:1],
        second_factor=next((word for word in ranked if word in ("push", "oath", "sms")), "none"),
    )


def _words(method: records.Method) -> list[str]:
    if method.kind == "phone":
        return [_PHONES.get(str(method.properties.get("phoneType")), "mobilePhone")]
    if method.kind == "microsoftAuthenticator":
        push = ["microsoftAuthenticatorPush"]
        return push if method.created is None else [*push, "microsoftAuthenticatorPasswordless"]
    if method.kind == "fido2":
        inside = str(method.properties.get("aaGuid")) in AUTHENTICATOR_AAGUIDS
        synced = method.properties.get("passkeyType") == "synced"
        return ["passKeySynced" if synced else "passKeyDeviceBoundAuthenticator" if inside else "passKeyDeviceBound"]
    single = {
        "windowsHelloForBusiness": "windowsHelloForBusiness",
        "platformCredential": "macOsSecureEnclaveKey",
        "email": "email",
        "softwareOath": "softwareOneTimePasscode",
        "hardwareOath": "hardwareOneTimePasscode",
        "external": "externalAuthMethod",
    }
    return [single[method.kind]] if method.kind in single else []
