"""Handlers for the organisation and its licences."""

from __future__ import annotations

import base64
import uuid
from typing import Any

from agent.sandbox import records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import licences, people
from agent.sandbox.wire import directory_shapes as shapes
from agent.sandbox.wire import exchange, odata

_BETA_ONLY = (
    *("certificateConnectorSetting", "directorySizeQuota", "isMultipleDataLocationsForServicesEnabled"),
    *("onPremisesLastPasswordSyncDateTime",),
)


def list_organisations(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /organization: the one there is (learn.microsoft.com/graph/api/organization-list)."""
    row = odata.narrow(_organisation_row(tenant, request), odata.selected(request))
    return odata.collection(tenant, request, "organization", [row])


def get_organisation(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /organization/{id}."""
    if request.path_values["id"].lower() != tenant.id:
        raise people.not_found(request.path_values["id"])
    row = odata.narrow(_organisation_row(tenant, request), odata.selected(request))
    return odata.entity(tenant, request, "organization/$entity", row)


def list_skus(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /subscribedSkus (learn.microsoft.com/graph/api/subscribedsku-list)."""
    rows = [odata.narrow(_sku_row(tenant, sku), odata.selected(request)) for sku in licences.bought(tenant)]
    return odata.collection(tenant, request, "subscribedSkus", rows)


def get_sku(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /subscribedSkus/{id}: the tenant's id and the product's with an underscore between."""
    for sku in licences.bought(tenant):
        row = _sku_row(tenant, sku)
        if row["id"] == request.path_values["id"].lower():
            shown = odata.narrow(row, odata.selected(request))
            return odata.entity(tenant, request, "subscribedSkus/$entity", shown)
    raise people.not_found(request.path_values["id"])


def licence_details(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /users/{id}/licenseDetails (learn.microsoft.com/graph/api/user-list-licensedetails)."""
    user = people.find(tenant, request.path_values["id"])
    rows = [
        {
            "id": base64.urlsafe_b64encode(uuid.UUID(user.id).bytes_le + uuid.UUID(sku.id).bytes_le)
            .decode()
            .rstrip("="),
            "skuId": sku.id,
            "skuPartNumber": sku.part_number,
            "servicePlans": [
                {**_plan_row(plan), "provisioningStatus": "Disabled" if plan.id in off else "Success"}
                for plan in sku.plans
            ],
        }
        for sku in licences.held(user)
        for off in [licences.disabled(user, sku)]
    ]
    shown = [odata.narrow(row, odata.selected(request)) for row in rows]
    return odata.collection(tenant, request, f"users('{user.id}')/licenseDetails", shown)


def _organisation_row(tenant: tenants.Tenant, request: exchange.GraphRequest) -> dict[str, Any]:
    organisation = tenant.directory.organisation
    empty = ("deletedDateTime", "country", "postalCode", "state", "street", "onPremisesLastSyncDateTime")
    row: dict[str, Any] = {
        "id": organisation.tenant_id,
        **dict.fromkeys((*empty, "onPremisesSyncEnabled", "partnerTenantType", "defaultUsageLocation")),
        "assignedPlans": _bought_plans(tenant),
        "businessPhones": [],
        "city": organisation.city,
        "countryLetterCode": organisation.country_code,
        "createdDateTime": odata.maybe_timestamp(organisation.created),
        "displayName": organisation.display_name,
        "marketingNotificationEmails": [],
        "mobileDeviceManagementAuthority": "intune",
        "preferredLanguage": organisation.preferred_language,
        "privacyProfile": {"contactEmail": "", "statementUrl": ""},
        "provisionedPlans": [
            {"capabilityStatus": "Enabled", "provisioningStatus": "Success", "service": service}
            for service in dict.fromkeys(plan.service for sku in licences.bought(tenant) for plan in sku.plans)
        ],
        "securityComplianceNotificationMails": [],
        "securityComplianceNotificationPhones": [],
        "technicalNotificationMails": list(organisation.technical_mails),
        "tenantType": "AAD",
        "verifiedDomains": _domains(organisation),
        **dict.fromkeys(_BETA_ONLY),
        "directorySizeQuota": {"used": len(tenant.directory.users) + len(tenant.directory.groups), "total": 50000},
    }
    shown = shapes.laid_over(row, organisation.properties)
    return shown if request.beta else {name: value for name, value in shown.items() if name not in _BETA_ONLY}


def _bought_plans(tenant: tenants.Tenant) -> list[dict[str, Any]]:
    since = odata.maybe_timestamp(tenant.directory.organisation.created)
    return [
        {
            "assignedDateTime": since,
            "capabilityStatus": "Enabled",
            "service": plan.service,
            "servicePlanId": plan.id,
        }
        for sku in licences.bought(tenant)
        for plan in sku.plans
    ]


def _domains(organisation: records.Organisation) -> list[dict[str, Any]]:
    return [
        {
            "capabilities": "Email, OfficeCommunicationsOnline",
            "isDefault": at == 0,
            "isInitial": at == len(organisation.domains) - 1,
            "name": domain,
            "type": "Federated" if domain in organisation.federated else "Managed",
        }
        for at, domain in enumerate(organisation.domains)
    ]


def _plan_row(plan: licences.Plan) -> dict[str, Any]:
    return {
        "servicePlanId": plan.id,
        "servicePlanName": plan.name,
        "provisioningStatus": "Success",
        "appliesTo": "User" if plan.per_person else "Company",
    }


def _sku_row(tenant: tenants.Tenant, sku: licences.Sku) -> dict[str, Any]:
    holders = sum(sku in licences.held(user) for user in tenant.directory.users.values())
    return {
        "id": f"{tenant.id}_{sku.id}",
        "accountId": tenant.id,
        "accountName": tenant.directory.organisation.display_name,
        "appliesTo": "User",
        "capabilityStatus": "Enabled",
        "consumedUnits": holders,
        "prepaidUnits": {"enabled": holders + 25, "lockedOut": 0, "suspended": 0, "warning": 0},
        "servicePlans": [_plan_row(plan) for plan in sku.plans],
        "skuId": sku.id,
        "skuPartNumber": sku.part_number,
        "subscriptionIds": [str(uuid.uuid5(uuid.UUID(tenant.id), sku.id))],
    }
