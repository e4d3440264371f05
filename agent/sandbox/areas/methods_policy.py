"""The authentication methods policy beside its Temporary Access Pass part: one configuration for each kind of method.

A configuration is kept as Graph shows it; `Credentials.method_policies` holds those that were changed, by id, so that a
reset is forgetting (learn.microsoft.com/graph/api/resources/authenticationmethodspolicies-overview).
"""

from __future__ import annotations

import copy
from typing import Any

from agent.sandbox import errors
from agent.sandbox import tenant as tenants

PASS_ID = "TemporaryAccessPass"  # noqa: S105 - a configuration's name

Configuration = dict[str, Any]


def _everybody(**more: Any) -> list[dict[str, Any]]:
    return [{"targetType": "group", "id": "all_users", "isRegistrationRequired": False, **more}]


def _feature() -> dict[str, Any]:
    return {
        "state": "default",
        "includeTarget": {"targetType": "group", "id": "all_users"},
        "excludeTarget": {"targetType": "group", "id": "00000000-0000-0000-0000-000000000000"},
    }


def _kind(type_name: str, name: str, *, enabled: bool, **more: Any) -> Configuration:
    return {
        "@odata.type": f"#microsoft.graph.{type_name}AuthenticationMethodConfiguration",
        "id": name,
        "state": "enabled" if enabled else "disabled",
        "excludeTargets": [],
        "includeTargets": _everybody(),
        **more,
    }


_KEY_RESTRICTIONS = {"isEnforced": False, "enforcementType": "block", "aaGuids": []}
_CERTIFICATE_BINDINGS = [
    {"x509CertificateField": "PrincipalName", "userProperty": "onPremisesUserPrincipalName", "priority": 1},
    {"x509CertificateField": "RFC822Name", "userProperty": "userPrincipalName", "priority": 2},
]
_AUTHENTICATOR_FEATURES = {
    "displayAppInformationRequiredState": _feature(),
    "displayLocationInformationRequiredState": _feature(),
}
_BETA_FEATURES = {"companionAppAllowedState": _feature(), "numberMatchingRequiredState": _feature()}

_DEFAULTS = (
    _kind(
        "fido2",
        "Fido2",
        enabled=True,
        isSelfServiceRegistrationAllowed=True,
        isAttestationEnforced=False,
        keyRestrictions=_KEY_RESTRICTIONS,
    ),
    _kind(
        "microsoftAuthenticator",
        "MicrosoftAuthenticator",
        enabled=True,
        isSoftwareOathEnabled=False,
        featureSettings=_AUTHENTICATOR_FEATURES,
        includeTargets=_everybody(authenticationMode="any"),
    ),
    _kind("sms", "Sms", enabled=False, includeTargets=_everybody(isUsableForSignIn=False)),
    _kind("softwareOath", "SoftwareOath", enabled=False),
    _kind("voice", "Voice", enabled=False, isOfficePhoneAllowed=False),
    _kind("email", "Email", enabled=True, allowExternalIdToUseEmailOtp="default", includeTargets=[]),
    _kind(
        "x509Certificate",
        "X509Certificate",
        enabled=False,
        certificateUserBindings=_CERTIFICATE_BINDINGS,
        authenticationModeConfiguration={
            "x509CertificateAuthenticationDefaultMode": "x509CertificateSingleFactor",
            "rules": [],
        },
    ),
    _kind("verifiableCredentials", "VerifiableCredentials", enabled=False, includeTargets=[]),
    _kind("qrCodePin", "QRCodePin", enabled=False, standardQRCodeLifetimeInDays=365, pinLength=8),
)
_BETA_DEFAULTS = (_kind("hardwareOath", "HardwareOath", enabled=False),)


def every(tenant: tenants.Tenant, *, beta: bool) -> list[Configuration]:
    """Each configuration but that of passes, as one version of Graph shows it."""
    known = (*_DEFAULTS, *(_BETA_DEFAULTS if beta else ()))
    return [_shown(tenant, default, beta=beta) for default in known]


def find(tenant: tenants.Tenant, name: str, *, beta: bool) -> Configuration:
    """The configuration of that id in any letter case; raises GraphError 404."""
    for configuration in every(tenant, beta=beta):
        if configuration["id"].lower() == name.lower():
            return configuration
    raise errors.GraphError(404, "resourceNotFound", "The requested resource was not found.", flavour="methods")


def change(tenant: tenants.Tenant, name: str, changes: dict[str, Any], *, beta: bool) -> None:
    """Lay changes over a configuration; raises GraphError 400 for a wrong type or state."""
    present = find(tenant, name, beta=beta)
    if changes.get("@odata.type") != present["@odata.type"]:
        raise _invalid("The request body must contain '@odata.type' of the configuration.")
    if changes.get("state", "enabled") not in ("enabled", "disabled"):
        raise _invalid("The authentication method configuration is invalid: state.")
    for key in ("includeTargets", "excludeTargets"):
        if not _targets_fit(changes.get(key, [])):
            raise _invalid(f"The authentication method configuration is invalid: {key}.")
    kept = {key: copy.deepcopy(value) for key, value in changes.items() if key in present and key != "id"}
    tenant.credentials.method_policies.setdefault(present["id"], {}).update(kept)


def reset(tenant: tenants.Tenant, name: str, *, beta: bool) -> None:
    """Back to the default; raises GraphError 404."""
    tenant.credentials.method_policies.pop(find(tenant, name, beta=beta)["id"], None)


def _shown(tenant: tenants.Tenant, default: Configuration, *, beta: bool) -> Configuration:
    row = copy.deepcopy(default) | copy.deepcopy(tenant.credentials.method_policies.get(default["id"], {}))
    if beta and "featureSettings" in row:
        row["featureSettings"] = {**copy.deepcopy(_BETA_FEATURES), **row["featureSettings"]}
    if beta and default["id"] == "Voice":
        row.setdefault("callerIdNumber", None)
    return row


def _targets_fit(sent: object) -> bool:
    return isinstance(sent, list) and all(isinstance(item, dict) and "id" in item for item in sent)


def _invalid(message: str) -> errors.GraphError:
    return errors.GraphError(400, "badRequest", message, flavour="methods")
