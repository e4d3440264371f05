"""What each registration lacks, holds beyond need, and must never hold together."""

from __future__ import annotations

import pytest

from agent.domain import rights

ISSUE = "UserAuthMethod-TAP.ReadWrite.All"
NEEDED = {need.permission for need in rights.NEEDS["watcher"] if not need.optional}


def test_exactly_what_is_needed_is_neither_missing_nor_broader() -> None:
    found = rights.judge("watcher", NEEDED)
    assert (found.missing, found.broader, found.together) == ((), (), ())
    assert rights.judge("issuer", [ISSUE]).missing == ()


@pytest.mark.parametrize("permission", sorted(NEEDED))
def test_what_is_missing_is_named_with_the_feature_that_it_would_unlock(permission: str) -> None:
    (missing,) = rights.judge("watcher", NEEDED - {permission}).missing
    assert missing.permission == permission
    assert missing.feature


def test_what_is_optional_is_never_missing() -> None:
    assert rights.judge("writer", []).missing == ()
    assert rights.judge("sender", []).missing == ()


@pytest.mark.parametrize("broad", ["Directory.Read.All", "User.ReadWrite.All"])
def test_a_broader_permission_does_as_well_and_is_said(broad: str) -> None:
    found = rights.judge("watcher", NEEDED - {"User.Read.All"} | {broad})
    assert found.missing == ()
    assert found.broader == (broad,)


def test_the_one_broad_permission_for_methods_stands_for_all_the_narrow_ones() -> None:
    narrow = {permission for permission in NEEDED if permission.startswith("UserAuthMethod-")}
    assert rights.judge("watcher", NEEDED - narrow | {"UserAuthenticationMethod.Read.All"}).missing == ()


@pytest.mark.parametrize("issues", [ISSUE, "UserAuthenticationMethod.ReadWrite.All"])
@pytest.mark.parametrize(
    "writes",
    [
        "DeviceManagementServiceConfig.ReadWrite.All",
        "DeviceManagementManagedDevices.ReadWrite.All",
        "Device.ReadWrite.All",
        "Group.ReadWrite.All",
        "GroupMember.ReadWrite.All",
        "RoleManagement.ReadWrite.Directory",
        "RoleAssignmentSchedule.ReadWrite.Directory",
        "Policy.ReadWrite.AuthenticationMethod",
        "Policy.ReadWrite.ConditionalAccess",
        "Directory.ReadWrite.All",
        "AppRoleAssignment.ReadWrite.All",
    ],
)
def test_to_issue_and_to_write_devices_groups_roles_or_policy_do_not_go_together(issues: str, writes: str) -> None:
    assert rights.judge("issuer", [issues, writes]).together == (writes,)
    assert rights.judge("writer", [issues, writes]).together == (writes,)
    assert rights.judge("writer", [writes]).together == ()


@pytest.mark.parametrize("reads", ["User.Read.All", "Policy.Read.All", "AuditLog.Read.All", "Directory.Read.All"])
def test_to_issue_and_to_read_may_go_together(reads: str) -> None:
    assert rights.judge("issuer", [ISSUE, reads]).together == ()


def test_a_registration_that_nobody_knows_needs_nothing() -> None:
    found = rights.judge("visitor", ["User.Read.All"])
    assert (found.missing, found.broader) == ((), ("User.Read.All",))
