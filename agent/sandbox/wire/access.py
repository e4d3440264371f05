"""Handlers for Conditional Access: policies, authentication strengths, named locations; and for security defaults."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agent.sandbox import access_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import people, strengths
from agent.sandbox.wire import directory_query, exchange, odata
from agent.sandbox.wire import directory_shapes as shapes

_POLICIES = "identity/conditionalAccess/policies"
_STRENGTHS = "policies/authenticationStrengthPolicies"
_LOCATIONS = "identity/conditionalAccess/namedLocations"
_PREFIXES = ("terms:", "custom:", "strength:")


def list_policies(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /identity/conditionalAccess/policies (learn.microsoft.com/graph/api/conditionalaccessroot-list-policies)."""
    rows = [_policy_row(tenant, request, policy) for policy in tenant.credentials.conditional_access.values()]
    return directory_query.answer(tenant, request, _POLICIES, rows)


def get_policy(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /identity/conditionalAccess/policies/{id}."""
    policy = tenant.credentials.conditional_access.get(request.path_values["id"].lower())
    if policy is None:
        raise people.not_found(request.path_values["id"])
    return _entity(tenant, request, _POLICIES, _policy_row(tenant, request, policy))


def list_strengths(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /policies/authenticationStrengthPolicies, built-in and own
    (learn.microsoft.com/graph/api/authenticationstrengthroot-list-policies)."""
    rows = [_strength_row(tenant, request, one) for one in strengths.every(tenant)]
    return directory_query.answer(tenant, request, _STRENGTHS, rows)


def get_strength(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /policies/authenticationStrengthPolicies/{id}."""
    wanted = request.path_values["id"].lower()
    for strength in strengths.every(tenant):
        if strength.id == wanted:
            return _entity(tenant, request, _STRENGTHS, _strength_row(tenant, request, strength))
    raise people.not_found(request.path_values["id"])


def list_locations(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /identity/conditionalAccess/namedLocations
    (learn.microsoft.com/graph/api/conditionalaccessroot-list-namedlocations)."""
    rows = [_location_row(place) for place in tenant.credentials.named_locations.values()]
    return directory_query.answer(tenant, request, _LOCATIONS, rows)


def get_location(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /identity/conditionalAccess/namedLocations/{id}."""
    place = tenant.credentials.named_locations.get(request.path_values["id"].lower())
    if place is None:
        raise people.not_found(request.path_values["id"])
    return _entity(tenant, request, _LOCATIONS, _location_row(place))


def get_security_defaults(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /policies/identitySecurityDefaultsEnforcementPolicy
    (learn.microsoft.com/graph/api/identitysecuritydefaultsenforcementpolicy-get)."""
    row = {
        "id": "00000000-0000-0000-0000-000000000005",
        "displayName": "Security Defaults",
        "description": "Preconfigured settings that protect every account of the organisation.",
        "isEnabled": tenant.credentials.security_defaults,
    }
    return _entity(tenant, request, "policies/identitySecurityDefaultsEnforcementPolicy", row)


def _entity(
    tenant: tenants.Tenant, request: exchange.GraphRequest, context: str, row: dict[str, Any]
) -> exchange.GraphResponse:
    return odata.entity(tenant, request, f"{context}/$entity", odata.narrow(row, odata.selected(request)))


def _policy_row(
    tenant: tenants.Tenant, request: exchange.GraphRequest, policy: access_records.ConditionalAccessPolicy
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": policy.id,
        "templateId": None,
        "displayName": policy.name,
        "createdDateTime": odata.maybe_timestamp(policy.created),
        "modifiedDateTime": None,
        "state": policy.state,
        "deletedDateTime": None,
        "description": None,
        "conditions": _conditions(policy),
        "grantControls": _grant_controls(tenant, request, policy),
        "sessionControls": None,
    }
    if request.beta:
        del row["templateId"]
    return shapes.laid_over(row, policy.properties)


def _conditions(policy: access_records.ConditionalAccessPolicy) -> dict[str, Any]:
    return {
        "userRiskLevels": [],
        "signInRiskLevels": list(policy.risks),
        "clientAppTypes": list(policy.clients),
        "platforms": _pair("Platforms", policy.platforms, policy.exclude_platforms),
        "locations": _pair("Locations", policy.locations, policy.exclude_locations),
        "devices": _devices(policy),
        "clientApplications": None,
        "applications": {
            "includeApplications": [] if policy.actions else list(policy.apps),
            "excludeApplications": list(policy.exclude_apps),
            "includeUserActions": list(policy.actions),
            "includeAuthenticationContextClassReferences": [],
        },
        "users": {
            "includeUsers": list(policy.include_users),
            "excludeUsers": list(policy.exclude_users),
            "includeGroups": list(policy.include_groups),
            "excludeGroups": list(policy.exclude_groups),
            "includeRoles": [],
            "excludeRoles": [],
        },
    }


def _pair(name: str, include: Iterable[str], exclude: Iterable[str]) -> dict[str, Any] | None:
    """What is included and excluded, None where neither was set."""
    both = {f"include{name}": list(include), f"exclude{name}": list(exclude)}
    return both if any(both.values()) else None


def _devices(policy: access_records.ConditionalAccessPolicy) -> dict[str, Any] | None:
    if policy.device_filter is None:
        return None
    mode, rule = policy.device_filter
    return {"deviceFilter": {"mode": mode, "rule": rule}}


def _grant_controls(
    tenant: tenants.Tenant, request: exchange.GraphRequest, policy: access_records.ConditionalAccessPolicy
) -> dict[str, Any]:
    wanted = [strengths.of_grant(tenant, grant) for grant in policy.grants]
    strength = next((_strength_row(tenant, request, one) for one in wanted if one is not None), None)
    named = {prefix: [one[len(prefix) :] for one in policy.grants if one.startswith(prefix)] for prefix in _PREFIXES}
    plain = [grant for grant, one in zip(policy.grants, wanted, strict=True) if one is None and ":" not in grant]
    return {
        "operator": policy.operator,
        "builtInControls": plain,
        "customAuthenticationFactors": named["custom:"],
        "termsOfUse": named["terms:"],
        "authenticationStrength": strength,
    }


def _strength_row(
    tenant: tenants.Tenant, request: exchange.GraphRequest, strength: access_records.Strength
) -> dict[str, Any]:
    created = odata.timestamp(strength.created or tenant.directory.organisation.created or tenant.now())
    inside = f"{tenant.origin}/{request.version}/$metadata#{_STRENGTHS}('{strength.id}')/combinationConfigurations"
    return {
        "id": strength.id,
        "createdDateTime": created,
        "modifiedDateTime": created,
        "displayName": strength.name,
        "description": strength.description,
        "policyType": "builtIn" if strength.built_in else "custom",
        "requirementsSatisfied": "mfa",
        "allowedCombinations": list(strength.combinations),
        "combinationConfigurations@odata.context": inside,
        "combinationConfigurations": [],
    }


def _location_row(place: access_records.NamedLocation) -> dict[str, Any]:
    created = odata.maybe_timestamp(place.created)
    row: dict[str, Any] = {
        "id": place.id,
        "displayName": place.name,
        "modifiedDateTime": created,
        "createdDateTime": created,
    }
    if place.countries:
        countries = {
            "countriesAndRegions": list(place.countries),
            "countryLookupMethod": "clientIpAddress",
            "includeUnknownCountriesAndRegions": False,
        }
        return shapes.typed("countryNamedLocation", row | countries)
    ranges = [shapes.typed(_kind_of(one), {"cidrAddress": one}) for one in place.ranges]
    return shapes.typed("ipNamedLocation", row | {"isTrusted": place.trusted, "ipRanges": ranges})


def _kind_of(cidr: str) -> str:
    return "iPv6CidrRange" if ":" in cidr else "iPv4CidrRange"
