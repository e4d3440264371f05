"""Handlers for roles: activated ones, definitions, assignments and eligibilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.sandbox import errors, records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import people, roles
from agent.sandbox.wire import directory_query, exchange, odata
from agent.sandbox.wire import directory_shapes as shapes

_DIRECTORY = "roleManagement/directory"
_READERS = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"
"""Directory Readers: every other built-in role inherits from it."""


def list_directory_roles(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /directoryRoles: the activated ones (learn.microsoft.com/graph/api/directoryrole-list)."""
    rows = [shapes.role_row(tenant, role) for role in roles.activated(tenant)]
    return _listed(tenant, request, "directoryRoles", rows)


def get_directory_role(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /directoryRoles/{id} and by `roleTemplateId`."""
    rows = [shapes.role_row(tenant, role) for role in roles.activated(tenant)]
    key = "roleTemplateId" if "template_id" in request.path_values else "id"
    return _single(tenant, request, "directoryRoles", rows, key=key)


def list_role_definitions(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /roleManagement/directory/roleDefinitions
    (learn.microsoft.com/graph/api/rbacapplication-list-roledefinitions)."""
    rows = [_definition_row(request, role) for role in roles.DEFINITIONS]
    return _listed(tenant, request, f"{_DIRECTORY}/roleDefinitions", rows)


def get_role_definition(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /roleManagement/directory/roleDefinitions/{id}."""
    rows = [_definition_row(request, role) for role in roles.DEFINITIONS]
    return _single(tenant, request, f"{_DIRECTORY}/roleDefinitions", rows)


def list_role_assignments(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /roleManagement/directory/roleAssignments; groups are not resolved to their members."""
    rows = [_assignment_row(tenant, request, item) for item in roles.assignments(tenant)]
    return _listed(tenant, request, f"{_DIRECTORY}/roleAssignments", rows)


def get_role_assignment(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /roleManagement/directory/roleAssignments/{id}."""
    rows = [_assignment_row(tenant, request, item) for item in roles.assignments(tenant)]
    return _single(tenant, request, f"{_DIRECTORY}/roleAssignments", rows)


def list_transitive_assignments(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /roleManagement/directory/transitiveRoleAssignments (beta): those of a principal's groups too. It wants
    advanced mode and `$filter=principalId eq`
    (learn.microsoft.com/graph/api/rbacapplication-list-transitiveroleassignments).
    """
    directory_query.require_advanced(request)
    principal = _principal_asked(request)
    held_by = {principal, *(group.id for group in people.groups_of(tenant, principal))}
    rows = []
    for item in roles.assignments(tenant):
        if item.principal_id in held_by:
            rows.append(_assignment_row(tenant, request, item) | {"principalId": principal})
    return _listed(tenant, request, f"{_DIRECTORY}/transitiveRoleAssignments", rows)


def list_role_eligibilities(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /roleManagement/directory/roleEligibilityScheduleInstances
    (learn.microsoft.com/graph/api/rbacapplication-list-roleeligibilityscheduleinstances)."""
    rows = [_eligibility_row(tenant, request, item) for item in roles.eligibilities(tenant)]
    return _listed(tenant, request, f"{_DIRECTORY}/roleEligibilityScheduleInstances", rows)


def get_role_eligibility(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """GET /roleManagement/directory/roleEligibilityScheduleInstances/{id}."""
    rows = [_eligibility_row(tenant, request, item) for item in roles.eligibilities(tenant)]
    return _single(tenant, request, f"{_DIRECTORY}/roleEligibilityScheduleInstances", rows)


def _listed(
    tenant: tenants.Tenant, request: exchange.GraphRequest, context: str, rows: Sequence[dict[str, Any]]
) -> exchange.GraphResponse:
    return directory_query.answer(tenant, request, context, rows)


def _single(
    tenant: tenants.Tenant,
    request: exchange.GraphRequest,
    context: str,
    rows: Sequence[dict[str, Any]],
    *,
    key: str = "id",
) -> exchange.GraphResponse:
    wanted = next(iter(request.path_values.values()))
    for row in rows:
        if str(row[key]).lower() == wanted.lower():
            shown = odata.narrow(row, directory_query.kept_names(request))
            return odata.entity(tenant, request, f"{context}/$entity", shown)
    raise people.not_found(wanted)


def _definition_row(request: exchange.GraphRequest, role: roles.Definition) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": role.template_id,
        "description": role.description,
        "displayName": role.name,
        "isBuiltIn": True,
        "isEnabled": True,
        "resourceScopes": ["/"],
        "templateId": role.template_id,
        "version": "1",
        "inheritsPermissionsFrom": [] if role.template_id == _READERS else [{"id": _READERS}],
        "rolePermissions": [{"allowedResourceActions": [], "condition": None}],
    }
    return row | ({"isPrivileged": role.privileged} if request.beta else {})


def _assignment_row(
    tenant: tenants.Tenant, request: exchange.GraphRequest, held: records.RoleAssignment | records.RoleEligibility
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": held.id,
        "principalId": held.principal_id,
        "roleDefinitionId": held.role_template_id,
        "directoryScopeId": held.scope,
        "appScopeId": None,
    }
    if request.beta and isinstance(held, records.RoleAssignment):
        row |= {"principalOrganizationId": tenant.id, "resourceScope": held.scope}
    wanted = odata.expanded(request)
    if "roledefinition" in wanted:
        known = roles.definition(held.role_template_id) or roles.Definition(held.role_template_id, held.role_name, "")
        row["roleDefinition"] = odata.narrow(_definition_row(request, known), wanted["roledefinition"])
    if "principal" in wanted:
        row["principal"] = _principal(tenant, held.principal_id)
    return row


def _principal(tenant: tenants.Tenant, key: str) -> dict[str, Any] | None:
    user, group = tenant.directory.users.get(key), tenant.directory.groups.get(key)
    if user is not None:
        return shapes.typed("user", odata.narrow(shapes.user_row(tenant, user), shapes.USER_DEFAULTS))
    return None if group is None else shapes.typed("group", shapes.group_row(tenant, group))


def _eligibility_row(
    tenant: tenants.Tenant, request: exchange.GraphRequest, held: records.RoleEligibility
) -> dict[str, Any]:
    return _assignment_row(tenant, request, held) | {
        "startDateTime": odata.maybe_timestamp(held.start),
        "endDateTime": odata.maybe_timestamp(held.end),
        "memberType": "Direct",
        "roleEligibilityScheduleId": held.id,
    }


def _principal_asked(request: exchange.GraphRequest) -> str:
    text = request.query.get("$filter", "")
    parts = text.split("'")
    if not text.lower().replace(" ", "").startswith("principalideq") or len(parts) != 3:
        raise errors.GraphError(
            400, "Request_BadRequest", "A filter on principalId is required: $filter=principalId eq '{id}'."
        )
    return parts[1].lower()
