"""Handlers for people, groups, roles and the organisation."""

from __future__ import annotations

import uuid
from typing import Any

from agent.sandbox import errors, records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import people, roles
from agent.sandbox.wire import exchange, filters, odata

_USER_DEFAULTS = (
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
)
"""What a user shows unless asked (learn.microsoft.com/graph/api/user-get)."""


def list_users(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /users, with `$filter` by eq or startswith (learn.microsoft.com/graph/api/user-list)."""
    _refuse_advanced(request)
    rows = odata.matching(request, [user_row(tenant, user) for user in tenant.directory.users.values()])
    users = [_shown(tenant, request, tenant.directory.users[row["id"]]) for row in rows]
    return odata.collection(tenant, request, "users", users)


def get_user(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /users/{id|upn}; `$expand=manager` adds the manager where there is one."""
    user = people.find(tenant, request.path_values["id"])
    return odata.entity(tenant, request, "users/$entity", _shown(tenant, request, user))


def get_manager(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /users/{id}/manager; 404 when there is none (learn.microsoft.com/graph/api/user-list-manager)."""
    user = people.find(tenant, request.path_values["id"])
    if user.manager_id not in tenant.directory.users:
        raise errors.GraphError(
            404,
            "Request_ResourceNotFound",
            "Resource 'manager' does not exist or one of its queried reference-property objects are not present.",
        )
    row = user_row(tenant, tenant.directory.users[user.manager_id])
    view = _typed("user", _user_view(row, odata.selected(request) or _USER_DEFAULTS))
    return odata.entity(tenant, request, "directoryObjects/$entity", view)


def check_member_groups(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """POST /users/{id}/checkMemberGroups: which of at most 20 groups hold the person, transitively."""
    user = people.find(tenant, request.path_values["id"])
    asked = request.body.get("groupIds") if isinstance(request.body, dict) else None
    if not isinstance(asked, list) or not all(isinstance(item, str) for item in asked):
        raise errors.GraphError(400, "Request_BadRequest", "The parameter 'groupIds' is missing or not a collection.")
    if len(asked) > 20:
        raise errors.GraphError(
            400, "Request_BadRequest", "The number of elements in the input collection 'groupIds' exceeds 20."
        )
    held = people.group_ids_of(tenant, user.id)
    context = f"{tenant.origin}/{request.version}/$metadata#Collection(Edm.String)"
    return exchange.GraphResponse(
        {"@odata.context": context, "value": [group_id for group_id in asked if group_id.lower() in held]}
    )


def transitive_member_of(cast: str | None) -> exchange.Handler:
    """GET /users/{id}/transitiveMemberOf; `cast` is "directoryRole", "group", or None for both.

    A cast needs `ConsistencyLevel: eventual` and `$count=true` (learn.microsoft.com/graph/aad-advanced-queries).
    """

    def handler(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
        if cast is not None or "$filter" in request.query:
            _require_advanced(request)
        user = people.find(tenant, request.path_values["id"])
        rows: list[dict[str, Any]] = []
        if cast in (None, "group"):
            rows += [_typed("group", group_row(group)) for group in people.groups_of(tenant, user.id)]
        if cast in (None, "directoryRole"):
            rows += [_typed("directoryRole", _role_row(tenant, role)) for role in roles.held(tenant, user.id)]
        rows = [odata.narrow(row, _with_id(request)) for row in odata.matching(request, rows)]
        return odata.collection(tenant, request, "directoryObjects", rows)

    return handler


def get_group(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /groups/{id} (learn.microsoft.com/graph/api/group-get)."""
    row = group_row(people.find_group(tenant, request.path_values["id"]))
    return odata.entity(tenant, request, "groups/$entity", odata.narrow(row, odata.selected(request)))


def list_role_assignments(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /roleManagement/directory/roleAssignments; groups are not resolved to their members."""
    rows = [_assignment_row(request, assignment) for assignment in roles.assignments(tenant)]
    rows = [odata.narrow(row, _with_expanded(request)) for row in odata.matching(request, rows)]
    return odata.collection(tenant, request, "roleManagement/directory/roleAssignments", rows)


def list_role_eligibilities(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /roleManagement/directory/roleEligibilityScheduleInstances
    (learn.microsoft.com/graph/api/rbacapplication-list-roleeligibilityscheduleinstances)."""
    rows = []
    for eligibility in roles.eligibilities(tenant):
        row = _assignment_row(request, eligibility) | {
            "startDateTime": odata.maybe_timestamp(eligibility.start),
            "endDateTime": odata.maybe_timestamp(eligibility.end),
            "memberType": "Direct",
            "roleEligibilityScheduleId": eligibility.id,
        }
        rows.append(row)
    rows = [odata.narrow(row, _with_expanded(request)) for row in odata.matching(request, rows)]
    return odata.collection(tenant, request, "roleManagement/directory/roleEligibilityScheduleInstances", rows)


def list_organisations(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /organization: the one there is (learn.microsoft.com/graph/api/organization-list)."""
    row = odata.narrow(_organisation_row(tenant.directory.organisation), odata.selected(request))
    return odata.collection(tenant, request, "organization", [row])


def get_organisation(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /organization/{id}."""
    if request.path_values["id"].lower() != tenant.id:
        raise people.not_found(request.path_values["id"])
    row = odata.narrow(_organisation_row(tenant.directory.organisation), odata.selected(request))
    return odata.entity(tenant, request, "organization/$entity", row)


def user_row(tenant: tenants.Tenant, user: records.User) -> dict[str, Any]:
    """Every property of a person that the sandbox knows, by Graph's names."""
    valid_from = user.sessions_valid_from or user.created or tenant.directory.organisation.created
    return {
        "id": user.id,
        "businessPhones": list(user.business_phones),
        "displayName": user.display_name,
        "givenName": user.given_name,
        "jobTitle": user.job_title,
        "mail": user.mail,
        "mobilePhone": user.mobile_phone,
        "officeLocation": user.office,
        "preferredLanguage": user.preferred_language,
        "surname": user.surname,
        "userPrincipalName": user.upn,
        "accountEnabled": user.enabled,
        "createdDateTime": odata.maybe_timestamp(user.created),
        "creationType": user.creation_type,
        "department": user.department,
        "employeeHireDate": odata.maybe_timestamp(user.hired),
        "employeeId": user.staff_number,
        "externalUserState": user.external_state,
        "identities": [dict(identity) for identity in user.identities],
        "isManagementRestricted": user.management_restricted,
        "onPremisesImmutableId": None,
        "onPremisesSyncEnabled": user.on_premises_synced,
        "signInSessionsValidFromDateTime": odata.maybe_timestamp(valid_from),
        "usageLocation": user.usage_location,
        "userType": user.user_type,
    }


def group_row(group: records.Group) -> dict[str, Any]:
    """Every property of a group that the sandbox knows, by Graph's names."""
    return {
        "id": group.id,
        "createdDateTime": odata.maybe_timestamp(group.created),
        "description": group.description,
        "displayName": group.name,
        "groupTypes": [],
        "isAssignableToRole": group.role_assignable or None,
        "mail": None,
        "mailEnabled": False,
        "mailNickname": group.name.replace(" ", "").lower(),
        "membershipRule": None,
        "onPremisesSyncEnabled": None,
        "securityEnabled": True,
    }


def _shown(tenant: tenants.Tenant, request: exchange.GraphRequest, user: records.User) -> dict[str, Any]:
    """A person as `$select` and `$expand=manager` ask for."""
    row = _user_view(user_row(tenant, user), odata.selected(request) or _USER_DEFAULTS)
    inner = odata.expanded(request).get("manager")
    manager = tenant.directory.users.get(user.manager_id or "")
    if inner is not None and manager is not None:
        row["manager"] = _typed("user", _user_view(user_row(tenant, manager), inner or _USER_DEFAULTS))
    return row


def _user_view(row: dict[str, Any], names: list[str] | tuple[str, ...]) -> dict[str, Any]:
    known = {name.lower() for name in row}
    for name in names:
        if name.lower() not in known:
            raise errors.GraphError(501, "notImplemented", f"The sandbox tenant does not know user.{name}.")
    return odata.narrow(row, names)


def _role_row(tenant: tenants.Tenant, role: roles.HeldRole) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid5(uuid.UUID(tenant.id), role.template_id)),
        "description": None,
        "displayName": role.name,
        "roleTemplateId": role.template_id,
    }


def _assignment_row(
    request: exchange.GraphRequest, held: records.RoleAssignment | records.RoleEligibility
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": held.id,
        "principalId": held.principal_id,
        "roleDefinitionId": held.role_template_id,
        "directoryScopeId": held.scope,
        "appScopeId": None,
    }
    if "roledefinition" in odata.expanded(request):
        row["roleDefinition"] = {
            "id": held.role_template_id,
            "description": None,
            "displayName": held.role_name,
            "isBuiltIn": True,
            "isEnabled": True,
            "templateId": held.role_template_id,
        }
    return row


def _organisation_row(organisation: records.Organisation) -> dict[str, Any]:
    return {
        "id": organisation.tenant_id,
        "businessPhones": [],
        "city": organisation.city,
        "countryLetterCode": organisation.country_code,
        "createdDateTime": odata.maybe_timestamp(organisation.created),
        "displayName": organisation.display_name,
        "onPremisesSyncEnabled": None,
        "preferredLanguage": organisation.preferred_language,
        "technicalNotificationMails": list(organisation.technical_mails),
        "tenantType": "AAD",
        "verifiedDomains": [
            {
                "capabilities": "Email, OfficeCommunicationsOnline",
                "isDefault": at == 0,
                "isInitial": at == len(organisation.domains) - 1,
                "name": domain,
                "type": "Managed",
            }
            for at, domain in enumerate(organisation.domains)
        ],
    }


def _typed(name: str, row: dict[str, Any]) -> dict[str, Any]:
    return {"@odata.type": f"#microsoft.graph.{name}", **row}


def _with_id(request: exchange.GraphRequest) -> list[str]:
    """A narrowed directory object keeps its id."""
    names = odata.selected(request)
    return ["id", *names] if names else []


def _with_expanded(request: exchange.GraphRequest) -> list[str]:
    names = odata.selected(request)
    return [*names, *odata.expanded(request)] if names else []


def _refuse_advanced(request: exchange.GraphRequest) -> None:
    """`ne` and `contains` on people need advanced mode, or do not exist at all."""
    text = request.query.get("$filter")
    if text is None:
        return
    for path, operator in filters.comparisons(odata.parsed_filter(text)):
        if operator not in ("eq", "startswith", "ge", "le", "any"):
            raise errors.GraphError(400, "Request_UnsupportedQuery", f"Unsupported Query: '{operator}' on '{path}'.")


def _require_advanced(request: exchange.GraphRequest) -> None:
    level = request.headers.get("ConsistencyLevel", "").lower()
    if level != "eventual" or request.query.get("$count", "").lower() != "true":
        raise errors.GraphError(
            400,
            "Request_UnsupportedQuery",
            "The specified filter or cast needs the header 'ConsistencyLevel:eventual' and the query '$count=true'.",
        )
