"""People, groups and roles as the directory shows them: every property the sandbox knows, by Graph's names.

Which of them a caller gets is decided by `$select` and the defaults beside each shape.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from agent.sandbox import access_records, records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import licences, roles
from agent.sandbox.wire import odata

USER_DEFAULTS = (
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

SINGLE_ONLY: dict[str, Any] = {
    "aboutMe": None,
    "birthday": odata.YEAR_ONE,
    "hireDate": odata.YEAR_ONE,
    "interests": [],
    "mySite": None,
    "pastProjects": [],
    "preferredName": None,
    "responsibilities": [],
    "schools": [],
    "skills": [],
    "mailboxSettings": None,
}
"""Properties that a list refuses with 501 (learn.microsoft.com/graph/api/user-list)."""

_USER_EMPTY = (
    *("deletedDateTime", "ageGroup", "city", "companyName", "consentProvidedForMinor", "country"),
    *("employeeLeaveDateTime", "employeeOrgData", "employeeType", "externalUserStateChangeDateTime", "faxNumber"),
    *("identityParentId", "isResourceAccount", "legalAgeGroupClassification", "onPremisesDistinguishedName"),
    *("onPremisesDomainName", "onPremisesImmutableId", "onPremisesLastSyncDateTime", "onPremisesSamAccountName"),
    *("onPremisesSecurityIdentifier", "onPremisesUserPrincipalName", "passwordPolicies", "passwordProfile"),
    *("postalCode", "preferredDataLocation", "showInAddressList", "state", "streetAddress"),
    *("customSecurityAttributes", "signInActivity"),
)
_USER_LISTS = (
    *("imAddresses", "licenseAssignmentStates", "onPremisesProvisioningErrors", "otherMails"),
    *("provisionedPlans", "proxyAddresses", "serviceProvisioningErrors"),
)

GROUP_DEFAULTS = (
    *("id", "deletedDateTime", "classification", "createdDateTime", "description", "displayName"),
    *("expirationDateTime", "groupTypes", "isAssignableToRole", "mail", "mailEnabled", "mailNickname"),
    *("membershipRule", "membershipRuleProcessingState", "onPremisesDomainName", "onPremisesLastSyncDateTime"),
    *("onPremisesNetBiosName", "onPremisesSamAccountName", "onPremisesSecurityIdentifier", "onPremisesSyncEnabled"),
    *("onPremisesProvisioningErrors", "organizationId", "preferredDataLocation", "preferredLanguage"),
    *("proxyAddresses",),
    *("renewedDateTime", "resourceBehaviorOptions", "resourceProvisioningOptions", "securityEnabled"),
    *("securityIdentifier", "serviceProvisioningErrors", "theme", "uniqueName", "visibility"),
)
"""What a group shows unless asked (learn.microsoft.com/graph/api/group-get)."""

_GROUP_EMPTY = (
    *("deletedDateTime", "classification", "expirationDateTime", "mail", "membershipRule"),
    *("membershipRuleProcessingState", "onPremisesDomainName", "onPremisesLastSyncDateTime", "onPremisesNetBiosName"),
    *("onPremisesSamAccountName", "onPremisesSecurityIdentifier", "onPremisesSyncEnabled", "preferredDataLocation"),
    *("preferredLanguage", "theme", "uniqueName", "visibility", "licenseProcessingState"),
    *("hasMembersWithLicenseErrors", "isArchived", "isManagementRestricted"),
)
_GROUP_MAIL = {
    "allowExternalSenders": False,
    "autoSubscribeNewMembers": False,
    "hideFromAddressLists": False,
    "hideFromOutlookClients": False,
    "isSubscribedByMail": False,
    "unseenCount": 0,
}

_GROUP_LISTS = (
    *("assignedLabels", "assignedLicenses", "onPremisesProvisioningErrors", "proxyAddresses"),
    *("resourceBehaviorOptions", "resourceProvisioningOptions", "serviceProvisioningErrors"),
)


def user_row(tenant: tenants.Tenant, user: records.User) -> dict[str, Any]:
    """Every property of a person."""
    row: dict[str, Any] = {**dict.fromkeys(_USER_EMPTY), **{name: [] for name in _USER_LISTS}}
    row |= _person(user) | _account(tenant, user) | _licensed(user)
    return laid_over(row, user.properties)


def known_user_names(tenant: tenants.Tenant) -> set[str]:
    """The names of a person's properties in lower case, those of single gets apart."""
    return {name.lower() for name in user_row(tenant, records.User(tenant.id, "", ""))}


def group_row(tenant: tenants.Tenant, group: records.Group) -> dict[str, Any]:
    """Every property of a group."""
    row: dict[str, Any] = {**dict.fromkeys(_GROUP_EMPTY), **{name: [] for name in _GROUP_LISTS}, **_GROUP_MAIL}
    row |= {
        "id": group.id,
        "createdDateTime": odata.maybe_timestamp(group.created),
        "description": group.description,
        "displayName": group.name,
        "groupTypes": [],
        "isAssignableToRole": group.role_assignable or None,
        "mailEnabled": False,
        "mailNickname": group.name.replace(" ", "").lower(),
        "organizationId": tenant.id,
        "renewedDateTime": odata.maybe_timestamp(group.created),
        "securityEnabled": True,
        "securityIdentifier": security_identifier(group.id),
    }
    return laid_over(row, group.properties)


def role_row(tenant: tenants.Tenant, role: roles.HeldRole) -> dict[str, Any]:
    """An activated directory role (learn.microsoft.com/graph/api/resources/directoryrole)."""
    known = roles.definition(role.template_id)
    return {
        "id": role_id(tenant, role.template_id),
        "deletedDateTime": None,
        "description": known.description if known else None,
        "displayName": role.name,
        "roleTemplateId": role.template_id,
    }


def role_id(tenant: tenants.Tenant, template_id: str) -> str:
    """The id that an activated role has in this tenant; not its template's."""
    return str(uuid.uuid5(uuid.UUID(tenant.id), template_id))


def unit_row(unit: access_records.AdministrativeUnit) -> dict[str, Any]:
    """An administrative unit (learn.microsoft.com/graph/api/resources/administrativeunit)."""
    empty = ("deletedDateTime", "description", "membershipRule", "membershipRuleProcessingState", "membershipType")
    return {
        "id": unit.id,
        **dict.fromkeys((*empty, "visibility")),
        "displayName": unit.name,
        "isMemberManagementRestricted": unit.restricted,
    }


def _is_restricted(tenant: tenants.Tenant, user: records.User) -> bool:
    return any(unit.restricted and user.id in unit.member_ids for unit in tenant.directory.units.values())


def typed(name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """`row` with its type in front."""
    return {"@odata.type": f"#microsoft.graph.{name}", **row}


def laid_over(row: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    """`row` with the values of `properties`, but only for names the row has."""
    return {**row, **{name: value for name, value in properties.items() if name in row}}


def security_identifier(object_id: str) -> str:
    """The SID of a cloud object: its id as four little-endian numbers after S-1-12-1."""
    raw = uuid.UUID(object_id).bytes_le
    return "S-1-12-1-" + "-".join(str(int.from_bytes(raw[at : at + 4], "little")) for at in range(0, 16, 4))


def _person(user: records.User) -> dict[str, Any]:
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
        "department": user.department,
        "employeeHireDate": odata.maybe_timestamp(user.hired),
        "employeeId": user.staff_number,
        "mailNickname": user.upn.partition("@")[0],
        "usageLocation": user.usage_location,
        "userType": user.user_type,
    }


def _account(tenant: tenants.Tenant, user: records.User) -> dict[str, Any]:
    valid_from = user.sessions_valid_from or user.created or tenant.directory.organisation.created
    return {
        "accountEnabled": user.enabled,
        "authorizationInfo": {"certificateUserIds": []},
        "createdDateTime": odata.maybe_timestamp(user.created),
        "creationType": user.creation_type,
        "deviceEnrollmentLimit": 5,
        "externalUserState": user.external_state,
        "identities": [dict(identity) for identity in user.identities],
        "isManagementRestricted": _is_restricted(tenant, user) or user.management_restricted,
        "lastPasswordChangeDateTime": odata.maybe_timestamp(user.created),
        "onPremisesExtensionAttributes": {f"extensionAttribute{number}": None for number in range(1, 16)},
        "onPremisesSyncEnabled": user.on_premises_synced,
        "securityIdentifier": security_identifier(user.id),
        "signInSessionsValidFromDateTime": odata.maybe_timestamp(valid_from),
    }


def _licensed(user: records.User) -> dict[str, Any]:
    held = licences.held(user)
    return {
        "assignedLicenses": [{"disabledPlans": licences.disabled(user, sku), "skuId": sku.id} for sku in held],
        "assignedPlans": [
            {
                "assignedDateTime": odata.maybe_timestamp(user.created),
                "capabilityStatus": "Enabled" if plan.name in user.licences else "Deleted",
                "service": plan.service,
                "servicePlanId": plan.id,
            }
            for sku in held
            for plan in sku.plans
        ],
    }
