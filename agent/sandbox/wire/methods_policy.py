"""Handlers for the authentication methods policy: the whole, and the configuration of each kind of method."""

from __future__ import annotations

from typing import Any

from agent.sandbox import errors, records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import campaigns, methods_policy, passes
from agent.sandbox.wire import exchange, odata

_PASS_TYPE = "#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration"  # noqa: S105 - a type's name
_POLICY = "policies/authenticationMethodsPolicy"
_CONFIGURATIONS = f"{_POLICY}/authenticationMethodConfigurations"


def get_policy(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /policies/authenticationMethodsPolicy (learn.microsoft.com/graph/api/authenticationmethodspolicy-get)."""
    row: dict[str, Any] = {
        "id": "authenticationMethodsPolicy",
        "displayName": "Authentication Methods Policy",
        "description": "The tenant-wide policy that controls which authentication methods are allowed in the tenant, "
        "authentication method registration requirements, and self-service password reset settings",
        "lastModifiedDateTime": odata.timestamp(
            tenant.credentials.policy.changed_at or tenant.directory.organisation.created or tenant.now()
        ),
        "policyVersion": "1.5",
        "reconfirmationInDays": None,
        "policyMigrationState": "migrationComplete",
        **tenant.credentials.method_policies.get(campaigns.WHOLE, {}),
        "registrationEnforcement": {"authenticationMethodsRegistrationCampaign": _campaign(tenant, request)},
        "authenticationMethodConfigurations": _rows(tenant, request),
    }
    if request.beta:
        row["reportSuspiciousActivitySettings"] = {
            "state": "default",
            "includeTarget": {"targetType": "group", "id": "all_users"},
            "voiceReportingCode": 0,
        }
    return odata.entity(tenant, request, "authenticationMethodsPolicy", odata.narrow(row, odata.selected(request)))


def change_policy(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """PATCH /policies/authenticationMethodsPolicy: 200 with the policy
    (learn.microsoft.com/graph/api/authenticationmethodspolicy-update)."""
    if not isinstance(request.body, dict):
        raise _invalid("The request body is missing or is not a JSON object.")
    names = ("registrationEnforcement", "reconfirmationInDays", "policyMigrationState")
    kept = {name: request.body[name] for name in names if name in request.body}
    tenant.credentials.method_policies.setdefault(campaigns.WHOLE, {}).update(kept)
    return get_policy(tenant, request)


def list_configurations(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /policies/authenticationMethodsPolicy/authenticationMethodConfigurations."""
    return odata.collection(tenant, request, _CONFIGURATIONS, _rows(tenant, request))


def get_configuration(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET .../authenticationMethodConfigurations/{id}, in any letter case."""
    name = request.path_values["configuration"]
    row = _pass_row(tenant.credentials.policy) if _is_pass(name) else None
    row = row or methods_policy.find(tenant, name, beta=request.beta)
    around = {f"{key}@odata.context": _context(tenant, request, row["id"]) for key in ("includeTargets",)}
    return odata.entity(tenant, request, f"{_CONFIGURATIONS}/$entity", {**row, **around})


def change_configuration(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """PATCH .../authenticationMethodConfigurations/{id}: 204; the body must name its type."""
    name = request.path_values["configuration"]
    if not isinstance(request.body, dict):
        raise _invalid("The request body is missing or is not a JSON object.")
    if not _is_pass(name):
        methods_policy.change(tenant, name, request.body, beta=request.beta)
        return exchange.NO_CONTENT
    if request.body.get("@odata.type") != _PASS_TYPE:
        raise _invalid("The request body must contain '@odata.type'.")
    passes.change_policy(tenant, request.body)
    return exchange.NO_CONTENT


def reset_configuration(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """DELETE .../authenticationMethodConfigurations/{id}: back to the default, 204
    (learn.microsoft.com/graph/api/temporaryaccesspassauthenticationmethodconfiguration-delete)."""
    name = request.path_values["configuration"]
    if _is_pass(name):
        passes.reset_policy(tenant)
    else:
        methods_policy.reset(tenant, name, beta=request.beta)
    return exchange.NO_CONTENT


def _campaign(tenant: tenants.Tenant, request: exchange.GraphRequest) -> dict[str, Any]:
    shown = campaigns.settings(tenant)
    return shown if request.beta else {name: value for name, value in shown.items() if name != campaigns.DEMANDED}


def _is_pass(name: str) -> bool:
    return name.lower() == methods_policy.PASS_ID.lower()


def _rows(tenant: tenants.Tenant, request: exchange.GraphRequest) -> list[dict[str, Any]]:
    return [*methods_policy.every(tenant, beta=request.beta), _pass_row(tenant.credentials.policy)]


def _context(tenant: tenants.Tenant, request: exchange.GraphRequest, name: str) -> str:
    kind = f"microsoft.graph.{name[0].lower()}{name[1:]}AuthenticationMethodConfiguration"
    return f"{tenant.origin}/{request.version}/$metadata#{_CONFIGURATIONS}('{name}')/{kind}/includeTargets"


def _pass_row(policy: records.PassPolicy) -> dict[str, Any]:
    return {
        "@odata.type": _PASS_TYPE,
        "id": methods_policy.PASS_ID,
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


def _invalid(message: str) -> errors.GraphError:
    return errors.GraphError(400, "badRequest", message, flavour="methods")
