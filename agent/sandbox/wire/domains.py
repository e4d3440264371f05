"""Handlers for the tenant's domains: managed here, or federated with another provider."""

from __future__ import annotations

import uuid
from typing import Any

from agent.sandbox import tenant as tenants
from agent.sandbox.areas import people
from agent.sandbox.wire import directory_query, exchange, odata


def list_domains(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /domains (learn.microsoft.com/graph/api/domain-list)."""
    rows = [_row(tenant, name) for name in tenant.directory.organisation.domains]
    return directory_query.answer(tenant, request, "domains", rows)


def get_domain(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /domains/{id}."""
    row = odata.narrow(_row(tenant, _named(tenant, request)), odata.selected(request))
    return odata.entity(tenant, request, "domains/$entity", row)


def list_federations(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /domains/{id}/federationConfiguration: one of a federated domain, none of any other
    (learn.microsoft.com/graph/api/domain-list-federationconfiguration)."""
    name = _named(tenant, request)
    behaviour = tenant.directory.organisation.federated.get(name)
    row = {
        "@odata.type": "#microsoft.graph.internalDomainFederation",
        "id": str(uuid.uuid5(uuid.UUID(tenant.id), name)),
        "displayName": f"{name} sign-in",
        "issuerUri": f"https://sts.{name}/adfs/services/trust",
        "passiveSignInUri": f"https://sts.{name}/adfs/ls",
        "preferredAuthenticationProtocol": "wsFed",
        "federatedIdpMfaBehavior": behaviour,
    }
    context = f"domains('{name}')/federationConfiguration"
    return odata.collection(tenant, request, context, [] if behaviour is None else [row])


def _named(tenant: tenants.Tenant, request: exchange.GraphRequest) -> str:
    wanted = request.path_values["id"].lower()
    if wanted not in tenant.directory.organisation.domains:
        raise people.not_found(request.path_values["id"])
    return wanted


def _row(tenant: tenants.Tenant, name: str) -> dict[str, Any]:
    domains = tenant.directory.organisation.domains
    return {
        "id": name,
        "authenticationType": "Federated" if name in tenant.directory.organisation.federated else "Managed",
        "availabilityStatus": None,
        "isAdminManaged": True,
        "isDefault": name == domains[0],
        "isInitial": name == domains[-1],
        "isRoot": True,
        "isVerified": True,
        "supportedServices": ["Email", "OfficeCommunicationsOnline"],
        "state": None,
    }
