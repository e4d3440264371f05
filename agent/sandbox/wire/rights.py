"""Permissions in Microsoft's words for the rows of people, groups, roles and policies, least first where it matters.

All of them are Microsoft's list (microsoftgraph/microsoft-graph-devx-content, permissions.json, 2026-08), held against
it by `tests/contracts/test_sandbox_permissions.py`; the few that it lacks are what their reference pages name.
"""

from __future__ import annotations

Words = tuple[str, ...]


def _words(text: str) -> Words:
    return tuple(text.split())


_AGENT_USERS = _words("AgentIdUser.ReadWrite.All AgentIdUser.ReadWrite.IdentityParentedBy")
_INTUNE_READERS = _words(
    "DeviceManagementApps.Read.All DeviceManagementApps.ReadWrite.All DeviceManagementConfiguration.Read.All"
    " DeviceManagementConfiguration.ReadWrite.All DeviceManagementManagedDevices.Read.All"
    " DeviceManagementManagedDevices.ReadWrite.All DeviceManagementServiceConfig.Read.All"
    " DeviceManagementServiceConfig.ReadWrite.All"
)
_DIRECTORY = _words("Directory.Read.All Directory.ReadWrite.All")

USERS_DELEGATED = (
    *_words("User.ReadBasic.All User.Read.All User.ReadWrite.All"),
    *_DIRECTORY,
    *_AGENT_USERS,
    *_INTUNE_READERS,
)
USERS = (*USERS_DELEGATED, "User.ReadWrite.CrossCloud")
USER_DELEGATED = (*_words("User.Read User.ReadWrite"), *USERS_DELEGATED)
ME = (
    *_words("User.Read User.ReadBasic.All User.ReadWrite User.Read.All User.ReadWrite.All"),
    *_DIRECTORY,
    *_AGENT_USERS,
)
MANAGER = (*_words("User.Read.All User.ReadWrite.All"), *_DIRECTORY, *_AGENT_USERS)
SEND_MAIL = _words("Mail.Send")
LICENCES = ("LicenseAssignment.Read.All", *MANAGER)
LICENCES_DELEGATED = ("User.Read", *LICENCES)
OWNED = (*_words("User.Read.All User.ReadWrite.All"), *_DIRECTORY)
OWNED_DELEGATED = ("User.Read", *OWNED)
REVOKE_ME_APP = _words("User.RevokeSessions.All")
REVOKE = (*REVOKE_ME_APP, *_words("User.ReadWrite.All Directory.ReadWrite.All"), *_AGENT_USERS)

GROUPS = (
    *_words("GroupMember.Read.All Group.ReadBasic.All Group.Read.All Group.ReadWrite.All"),
    *_DIRECTORY,
    *_words("Group-NestingSupport.ReadWrite.All Group-PreferredDataLocation.ReadWrite.All Group.ManageProtection.All"),
)
GROUP = (*GROUPS, "Group-XTenantIdentitySync.Read.All")
MEMBERS = _words(
    "GroupMember.ReadBasic.All GroupMember.Read.All Group.ReadBasic.All Group.Read.All GroupMember.ReadWrite.All"
    " Group.ReadWrite.All Directory.Read.All"
)
DOMAINS = _words("Domain.Read.All Domain.ReadWrite.All Directory.Read.All")
FEDERATIONS = _words("Domain.Read.All Domain.ReadWrite.All")
OWNERS = _words("GroupMember.Read.All Group.ReadWrite.All Directory.Read.All Group.Read.All GroupMember.ReadWrite.All")
UNITS = (*_words("AdministrativeUnit.Read.All AdministrativeUnit.ReadWrite.All"), *_DIRECTORY)
MEMBER_OF = (*_words("Group.ReadBasic.All GroupMember.ReadBasic.All"), *_DIRECTORY)
MEMBER_OF_DELEGATED = ("User.Read", "GroupMember.Read.All", *MEMBER_OF)
ONE_MEMBER_OF = _words("User.Read.All")
ONE_MEMBER_OF_DELEGATED = _words("User.Read")
ONE_MEMBER_OF_ME = _words("User.Read User.Read.All")
TRANSITIVE_MEMBER_OF = (
    *_words("GroupMember.ReadBasic.All GroupMember.Read.All Group.ReadBasic.All User.Read.All Group.Read.All"),
    *_DIRECTORY,
)
TRANSITIVE_MEMBER_OF_DELEGATED = ("User.Read", *TRANSITIVE_MEMBER_OF)
_GROUPS_CHECKED = (
    *_words("User.Read.All GroupMember.ReadBasic.All GroupMember.Read.All Group.ReadBasic.All Group.Read.All"),
    *_words("Group.ReadWrite.All Application.Read.All Application.ReadWrite.All Device.Read.All"),
    *_DIRECTORY,
)
GET_GROUPS_DELEGATED = _GROUPS_CHECKED
GET_GROUPS = (*_GROUPS_CHECKED, "Device.ReadWrite.All")
CHECK_GROUPS_DELEGATED = (*_GROUPS_CHECKED, "User.ReadWrite.All", *_AGENT_USERS)
CHECK_GROUPS = (*CHECK_GROUPS_DELEGATED, "Device.ReadWrite.All")
GROUPS_OF_ME_APP = _words("Application.Read.All Application.ReadWrite.All Device.Read.All Device.ReadWrite.All")
BY_IDS = (*_words("User.Read.All GroupMember.Read.All Group.Read.All Device.Read.All"), *_DIRECTORY)

ROLES = (*_words("RoleManagement.Read.Directory RoleManagement.ReadWrite.Directory"), *_DIRECTORY)
ROLES_DELEGATED = (*ROLES, "RoleManagement.Read.All")
ELIGIBLE = _words(
    "RoleEligibilitySchedule.Read.Directory RoleManagement.Read.Directory RoleManagement.Read.All"
    " RoleEligibilitySchedule.ReadWrite.Directory RoleManagement.ReadWrite.Directory"
)

_ORGANISATION = _words(
    "User.Read.All DeviceManagementServiceConfig.Read.All DeviceManagementConfiguration.Read.All"
    " DeviceManagementServiceConfig.ReadWrite.All DeviceManagementConfiguration.ReadWrite.All"
)
ORGANISATIONS = (*_ORGANISATION, *_words("Organization.Read.All Organization.ReadWrite.All"), *_DIRECTORY)
ORGANISATIONS_DELEGATED = ("User.Read", *ORGANISATIONS)
ORGANISATION = _ORGANISATION
SKU_DELEGATED = ("LicenseAssignment.Read.All", "Organization.Read.All", *_DIRECTORY)
SKUS = (*SKU_DELEGATED, "Organization.ReadWrite.All")

ACCESS_POLICIES = _words("Policy.Read.All")
SECURITY_DEFAULTS = _words("Policy.Read.All Policy.ReadWrite.SecurityDefaults")
STRENGTHS = _words(
    "Policy.Read.AuthenticationMethod Policy.Read.All Policy.ReadWrite.AuthenticationMethod"
    " Policy.ReadWrite.ConditionalAccess"
)
REPORTS = _words("AuditLog.Read.All")
METHODS_POLICY = _words("Policy.Read.AuthenticationMethod Policy.Read.All Policy.ReadWrite.AuthenticationMethod")
METHODS_POLICY_WRITE = _words("Policy.ReadWrite.AuthenticationMethod")

_BROAD = "UserAuthenticationMethod"


def readers(granular: str | None) -> Words:
    """Who may read somebody's methods of one kind, as an app; None: of every kind."""
    return _family(granular, "Read.All", "ReadWrite.All")


def readers_delegated(granular: str | None) -> Words:
    """The same for a signed-in person; the words without `.All` reach their own methods only."""
    return _family(granular, "Read", "Read.All", "ReadWrite", "ReadWrite.All")


def writers(granular: str | None) -> Words:
    """Who may change somebody's methods of one kind, as an app."""
    return _family(granular, "ReadWrite.All")


def writers_delegated(granular: str | None) -> Words:
    """The same for a signed-in person."""
    return _family(granular, "ReadWrite", "ReadWrite.All")


def _family(granular: str | None, *verbs: str) -> Words:
    narrow = [] if granular is None else [f"UserAuthMethod-{granular}.{verb}" for verb in verbs]
    return (*narrow, *(f"{_BROAD}.{verb}" for verb in verbs))
