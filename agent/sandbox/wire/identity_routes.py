"""The route table's rows for people, groups, roles, the organisation and the policies; `routes` takes them in.

Rows of `/users/{id}` stand a second time under `/me`, where only a signed-in person's token works. Resource units:
learn.microsoft.com/graph/throttling-limits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from agent.sandbox.wire import (
    access,
    domains,
    identity,
    identity_groups,
    identity_reports,
    identity_roles,
    identity_tenant,
    mail,
    methods,
    methods_policy,
    rights,
    units,
)
from agent.sandbox.wire.exchange import BETA, Handler, Route

_CONFIGURATIONS = "/policies/authenticationMethodsPolicy/authenticationMethodConfigurations"
_ASSIGNMENTS = "/roleManagement/directory/roleAssignments"
_DEFINITIONS = "/roleManagement/directory/roleDefinitions"
_ELIGIBLE = "/roleManagement/directory/roleEligibilityScheduleInstances"
_REGISTRATION = "/reports/authenticationMethods/userRegistrationDetails"

_HOLDERS = ("group", "directoryRole", "administrativeUnit")


class _Maker(Protocol):
    """Makes the handler of one kind of directory object (None: all kinds)."""

    def __call__(self, cast: str | None, *, transitive: bool, counted: bool) -> Handler:
        """The handler."""
        ...


_PEOPLE = (
    Route("GET", "/users", rights.USERS, identity.list_users, delegated=rights.USERS_DELEGATED, cost=2),
    Route("GET", "/users/$count", rights.USERS, identity.count_users, delegated=rights.USERS_DELEGATED),
    Route("GET", "/users/delta()", rights.USERS, identity.users_delta, delegated=rights.USERS_DELEGATED),
    Route("GET", "/users/{id}", rights.USERS, identity.get_user, delegated=rights.USER_DELEGATED),
    Route(
        "GET",
        "/users(userPrincipalName='{id}')",
        rights.USERS,
        identity.get_user,
        delegated=rights.USER_DELEGATED,
    ),
    Route("GET", "/me", (), identity.get_user, delegated=rights.ME),
    Route("GET", "/users/{id}/manager", rights.MANAGER, identity.get_manager),
    Route("GET", "/me/manager", (), identity.get_manager, delegated=rights.MANAGER),
    Route(
        "GET",
        "/users/{id}/licenseDetails",
        rights.LICENCES,
        identity_tenant.licence_details,
        delegated=rights.LICENCES_DELEGATED,
    ),
    Route("GET", "/me/licenseDetails", (), identity_tenant.licence_details, delegated=rights.LICENCES_DELEGATED),
    Route("POST", "/users/{id}/sendMail", rights.SEND_MAIL, mail.send_mail, page="user-sendmail"),
    Route("POST", "/users/{id}/revokeSignInSessions", rights.REVOKE, methods.revoke_sessions),
    Route(
        "POST",
        "/me/revokeSignInSessions",
        rights.REVOKE_ME_APP,
        methods.revoke_sessions,
        delegated=rights.REVOKE,
    ),
    Route(
        "POST",
        "/directoryObjects/getByIds",
        rights.BY_IDS,
        identity.get_by_ids,
        cost=5,
        page="directoryobject-getbyids",
    ),
)

_MEMBERSHIP_CHECKS = (
    Route(
        "POST",
        "/users/{id}/checkMemberGroups",
        rights.CHECK_GROUPS,
        identity.check_member_groups,
        delegated=rights.CHECK_GROUPS_DELEGATED,
        cost=4,
    ),
    Route(
        "POST",
        "/me/checkMemberGroups",
        rights.GROUPS_OF_ME_APP,
        identity.check_member_groups,
        delegated=rights.CHECK_GROUPS_DELEGATED,
        cost=4,
    ),
    Route(
        "POST",
        "/users/{id}/getMemberGroups",
        rights.GET_GROUPS,
        identity.get_member_groups,
        delegated=rights.GET_GROUPS_DELEGATED,
        cost=2,
    ),
    Route(
        "POST",
        "/me/getMemberGroups",
        rights.GROUPS_OF_ME_APP,
        identity.get_member_groups,
        delegated=rights.GET_GROUPS_DELEGATED,
        cost=2,
    ),
)


def _holders() -> Iterator[Route]:
    """What a person is a member of: straight and transitive, all, by kind, counted, and one by its id."""
    for segment, transitive in (("memberOf", False), ("transitiveMemberOf", True)):
        apps = rights.TRANSITIVE_MEMBER_OF if transitive else rights.MEMBER_OF
        people = rights.TRANSITIVE_MEMBER_OF_DELEGATED if transitive else rights.MEMBER_OF_DELEGATED
        page = f"user-list-{segment.lower()}"
        for tail, handler in _by_kind(identity_groups.member_of, _HOLDERS, transitive=transitive):
            path = f"/users/{{id}}/{segment}{tail}"
            yield Route("GET", path, apps, handler, delegated=people, cost=2, page=page)
            yield Route("GET", f"/me/{segment}{tail}", (), handler, delegated=people, cost=2, page=page)
    yield from _single_holders()


def _single_holders() -> Iterator[Route]:
    straight, reached = (identity_groups.one_holder(transitive=transitive) for transitive in (False, True))
    one, own = rights.ONE_MEMBER_OF_DELEGATED, rights.ONE_MEMBER_OF_ME
    yield Route("GET", "/users/{id}/memberOf/{object_id}", rights.ONE_MEMBER_OF, straight, delegated=one, cost=2)
    yield Route("GET", "/me/memberOf/{object_id}", (), straight, delegated=own, cost=2)
    people = rights.TRANSITIVE_MEMBER_OF_DELEGATED
    path = "/users/{id}/transitiveMemberOf/{object_id}"
    yield Route("GET", path, rights.TRANSITIVE_MEMBER_OF, reached, delegated=people, cost=2)
    yield Route("GET", "/me/transitiveMemberOf/{object_id}", (), reached, delegated=people, cost=2)


def _by_kind(make: _Maker, kinds: tuple[str, ...], *, transitive: bool) -> Iterator[tuple[str, Handler]]:
    """(tail of the path, handler) for all, for each kind, and for the numbers of both."""
    for kind in (None, *kinds):
        cast = "" if kind is None else f"/{identity_groups.CASTS[kind]}"
        yield cast, make(kind, transitive=transitive, counted=False)
        yield f"{cast}/$count", make(kind, transitive=transitive, counted=True)


def _group_members() -> Iterator[Route]:
    for segment, transitive, cost in (("members", False, 3), ("transitiveMembers", True, 5)):
        page = f"group-list-{segment.lower()}"
        for tail, handler in _by_kind(identity_groups.members, ("user", "group", "device"), transitive=transitive):
            yield Route("GET", f"/groups/{{id}}/{segment}{tail}", rights.MEMBERS, handler, cost=cost, page=page)


_GROUPS = (
    Route("GET", "/groups", rights.GROUPS, identity_groups.list_groups),
    Route("GET", "/groups/$count", rights.GROUPS, identity_groups.count_groups),
    Route("GET", "/groups/{id}", rights.GROUP, identity_groups.get_group),
    *_group_members(),
    Route("GET", "/groups/{id}/owners", rights.OWNERS, units.group_owners, page="group-list-owners"),
)

_ROLES = (
    Route("GET", "/directoryRoles", rights.ROLES, identity_roles.list_directory_roles),
    Route("GET", "/directoryRoles/{id}", rights.ROLES, identity_roles.get_directory_role),
    Route(
        "GET",
        "/directoryRoles(roleTemplateId='{template_id}')",
        rights.ROLES,
        identity_roles.get_directory_role,
        page="directoryrole-get",
    ),
    Route("GET", _DEFINITIONS, rights.ROLES_DELEGATED, identity_roles.list_role_definitions),
    Route("GET", f"{_DEFINITIONS}/{{id}}", rights.ROLES_DELEGATED, identity_roles.get_role_definition),
    Route("GET", _ASSIGNMENTS, rights.ROLES, identity_roles.list_role_assignments, delegated=rights.ROLES_DELEGATED),
    Route(
        "GET",
        f"{_ASSIGNMENTS}/{{id}}",
        rights.ROLES,
        identity_roles.get_role_assignment,
        delegated=rights.ROLES_DELEGATED,
    ),
    Route(
        "GET",
        "/roleManagement/directory/transitiveRoleAssignments",
        rights.ROLES,
        identity_roles.list_transitive_assignments,
        versions=BETA,
        page="rbacapplication-list-transitiveroleassignments",
    ),
    Route(
        "GET",
        _ELIGIBLE,
        rights.ELIGIBLE,
        identity_roles.list_role_eligibilities,
        page="rbacapplication-list-roleeligibilityscheduleinstances",
    ),
    Route(
        "GET",
        f"{_ELIGIBLE}/{{id}}",
        rights.ELIGIBLE,
        identity_roles.get_role_eligibility,
        page="unifiedroleeligibilityscheduleinstance-get",
    ),
)

_TENANT = (
    Route(
        "GET",
        "/organization",
        rights.ORGANISATIONS,
        identity_tenant.list_organisations,
        delegated=rights.ORGANISATIONS_DELEGATED,
    ),
    Route("GET", "/organization/{id}", rights.ORGANISATION, identity_tenant.get_organisation),
    Route("GET", "/subscribedSkus", rights.SKUS, identity_tenant.list_skus, cost=3),
    Route("GET", "/subscribedSkus/{id}", rights.SKUS, identity_tenant.get_sku, delegated=rights.SKU_DELEGATED, cost=3),
    Route("GET", _REGISTRATION, rights.REPORTS, identity_reports.registration_details, report=True),
    Route("GET", f"{_REGISTRATION}/{{id}}", rights.REPORTS, identity_reports.registration_detail, report=True),
    Route("GET", "/policies/authenticationMethodsPolicy", rights.METHODS_POLICY, methods_policy.get_policy),
    Route("PATCH", "/policies/authenticationMethodsPolicy", rights.METHODS_POLICY_WRITE, methods_policy.change_policy),
    Route("GET", _CONFIGURATIONS, rights.METHODS_POLICY, methods_policy.list_configurations),
    Route("GET", f"{_CONFIGURATIONS}/{{configuration}}", rights.METHODS_POLICY, methods_policy.get_configuration),
    Route(
        "PATCH",
        f"{_CONFIGURATIONS}/{{configuration}}",
        rights.METHODS_POLICY_WRITE,
        methods_policy.change_configuration,
    ),
    Route(
        "DELETE",
        f"{_CONFIGURATIONS}/{{configuration}}",
        rights.METHODS_POLICY_WRITE,
        methods_policy.reset_configuration,
    ),
)

_FEDERATIONS = "/domains/{id}/federationConfiguration"
_UNITS = "/directory/administrativeUnits"
_ACCESS_POLICIES = "/identity/conditionalAccess/policies"
_LOCATIONS = "/identity/conditionalAccess/namedLocations"
_LOCATIONS_PAGE = "conditionalaccessroot-list-namedlocations"
_SECURITY_DEFAULTS = "/policies/identitySecurityDefaultsEnforcementPolicy"
_STRENGTHS = "/policies/authenticationStrengthPolicies"
_STRENGTHS_PAGE = "authenticationstrengthroot-list-policies"
_STRENGTH_PAGE = "authenticationstrengthpolicy-get"

_ACCESS = (
    Route("GET", "/domains", rights.DOMAINS, domains.list_domains, page="domain-list"),
    Route("GET", "/domains/{id}", rights.DOMAINS, domains.get_domain, page="domain-get"),
    Route(
        "GET", _FEDERATIONS, rights.FEDERATIONS, domains.list_federations, page="domain-list-federationconfiguration"
    ),
    Route("GET", _UNITS, rights.UNITS, units.list_units, page="directory-list-administrativeunits"),
    Route("GET", f"{_UNITS}/{{id}}", rights.UNITS, units.get_unit, page="administrativeunit-get"),
    Route("GET", _ACCESS_POLICIES, rights.ACCESS_POLICIES, access.list_policies),
    Route("GET", f"{_ACCESS_POLICIES}/{{id}}", rights.ACCESS_POLICIES, access.get_policy),
    Route("GET", _LOCATIONS, rights.ACCESS_POLICIES, access.list_locations, page=_LOCATIONS_PAGE),
    Route("GET", f"{_LOCATIONS}/{{id}}", rights.ACCESS_POLICIES, access.get_location, page="namedlocation-get"),
    Route(
        "GET",
        _SECURITY_DEFAULTS,
        rights.SECURITY_DEFAULTS,
        access.get_security_defaults,
        page="identitysecuritydefaultsenforcementpolicy-get",
    ),
    Route("GET", _STRENGTHS, rights.STRENGTHS, access.list_strengths, page=_STRENGTHS_PAGE),
    Route(
        "GET", f"{_STRENGTHS}/{{id}}", rights.STRENGTHS, access.get_strength, page="authenticationstrengthpolicy-get"
    ),
)

ROWS: tuple[Route, ...] = (*_PEOPLE, *_MEMBERSHIP_CHECKS, *_holders(), *_GROUPS, *_ROLES, *_TENANT, *_ACCESS)
"""All of the above, for `routes.TABLE`."""
