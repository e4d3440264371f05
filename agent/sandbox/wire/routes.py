"""THE route table: every Graph path this tenant serves, who may call it, what it costs, and who answers.

Permissions are held against Microsoft's own list by `tests/contracts/test_sandbox_permissions.py`. A path that is not
here is refused with 501; one that only beta has, with 400 on v1.0.
"""

from __future__ import annotations

from agent.sandbox.areas import methods
from agent.sandbox.wire import credentials, device_routes, identity
from agent.sandbox.wire.exchange import Route

_USERS = ("User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All")
_GROUPS = ("GroupMember.Read.All", "Group.Read.All", "Directory.Read.All", "Directory.ReadWrite.All")
_MEMBER_OF = (
    "GroupMember.Read.All",
    "User.Read.All",
    "Group.Read.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
)
_ROLES = ("RoleManagement.Read.Directory", "Directory.Read.All", "RoleManagement.ReadWrite.Directory")
_ELIGIBLE = (
    "RoleEligibilitySchedule.Read.Directory",
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
)
_POLICY_READ = ("Policy.Read.AuthenticationMethod", "Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod")
_POLICY_WRITE = ("Policy.ReadWrite.AuthenticationMethod",)
_ORGANISATION = ("User.Read.All", "DeviceManagementServiceConfig.Read.All")
_BROAD_READ = ("UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All")
_PASS_READ = ("UserAuthMethod-TAP.Read.All", "UserAuthMethod-TAP.ReadWrite.All", *_BROAD_READ)
_PASS_WRITE = ("UserAuthMethod-TAP.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All")

_PEOPLE = (
    Route("GET", "/users", _USERS, identity.list_users, cost=2),
    Route("GET", "/users/{id}", _USERS, identity.get_user),
    Route("GET", "/users/{id}/manager", _USERS, identity.get_manager),
    Route("POST", "/users/{id}/checkMemberGroups", _MEMBER_OF, identity.check_member_groups, cost=4),
    Route("GET", "/users/{id}/transitiveMemberOf", _MEMBER_OF, identity.transitive_member_of(None), cost=2),
    Route(
        "GET",
        "/users/{id}/transitiveMemberOf/microsoft.graph.directoryRole",
        _MEMBER_OF,
        identity.transitive_member_of("directoryRole"),
        cost=2,
    ),
    Route(
        "GET",
        "/users/{id}/transitiveMemberOf/microsoft.graph.group",
        _MEMBER_OF,
        identity.transitive_member_of("group"),
        cost=2,
    ),
    Route("GET", "/groups/{id}", _GROUPS, identity.get_group),
    Route("GET", "/roleManagement/directory/roleAssignments", _ROLES, identity.list_role_assignments),
    Route(
        "GET",
        "/roleManagement/directory/roleEligibilityScheduleInstances",
        _ELIGIBLE,
        identity.list_role_eligibilities,
    ),
    Route("GET", "/organization", _ORGANISATION, identity.list_organisations),
    Route("GET", "/organization/{id}", _ORGANISATION, identity.get_organisation),
)

_PASSES = (
    Route("GET", "/users/{id}/authentication/temporaryAccessPassMethods", _PASS_READ, credentials.list_passes),
    Route("POST", "/users/{id}/authentication/temporaryAccessPassMethods", _PASS_WRITE, credentials.create_pass),
    Route("GET", "/users/{id}/authentication/temporaryAccessPassMethods/{method_id}", _PASS_READ, credentials.get_pass),
    Route(
        "DELETE",
        "/users/{id}/authentication/temporaryAccessPassMethods/{method_id}",
        _PASS_WRITE,
        credentials.delete_pass,
    ),
    Route("GET", "/policies/authenticationMethodsPolicy", _POLICY_READ, credentials.get_methods_policy),
    Route(
        "GET",
        "/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/{configuration}",
        _POLICY_READ,
        credentials.get_pass_policy,
    ),
    Route(
        "PATCH",
        "/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/{configuration}",
        _POLICY_WRITE,
        credentials.change_pass_policy,
    ),
)


def _method_routes(segment: str, granular: str) -> tuple[Route, Route]:
    """The list and the single GET of one kind of method; Microsoft lists one permission for the list of passkeys."""
    path = f"/users/{{id}}/authentication/{segment}"
    readers = (f"UserAuthMethod-{granular}.Read.All", f"UserAuthMethod-{granular}.ReadWrite.All", *_BROAD_READ)
    listers = readers[:1] if segment == "fido2Methods" else readers
    return (
        Route("GET", path, listers, credentials.list_methods(segment)),
        Route("GET", f"{path}/{{method_id}}", readers, credentials.get_method(segment)),
    )


_METHODS = (
    Route("GET", "/users/{id}/authentication/methods", _BROAD_READ, credentials.list_all_methods),
    *(
        route
        for segment, collection in methods.COLLECTIONS.items()
        for route in _method_routes(segment, collection.permission)
    ),
)

TABLE: tuple[Route, ...] = (*_PEOPLE, *_PASSES, *_METHODS, *device_routes.ROWS)
