"""What each registration needs, what it was granted beyond that, and which rights must never meet in one place.

Names and what they allow: learn.microsoft.com/graph/permissions-reference. A broader permission that covers a needed
one works, and is reported: least privilege is a promise, and what was never granted cannot be stolen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Need:
    """A permission, the feature that it unlocks, and broader permissions that would do as well."""

    permission: str
    feature: str
    broader: tuple[str, ...] = ()
    optional: bool = False


_METHODS: Final = ("UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All")
_DIRECTORY: Final = ("Directory.Read.All", "Directory.ReadWrite.All")


def _method(name: str, feature: str) -> Need:
    narrow = f"UserAuthMethod-{name}"
    return Need(f"{narrow}.Read.All", feature, (f"{narrow}.ReadWrite.All", *_METHODS))


NEEDS: Final[Mapping[str, tuple[Need, ...]]] = {
    "watcher": (
        Need("User.Read.All", "finding people", ("User.ReadWrite.All", *_DIRECTORY)),
        Need(
            "GroupMember.Read.All",
            "whether the policy covers a person",
            ("GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All", *_DIRECTORY),
        ),
        Need(
            "RoleManagement.Read.Directory",
            "whether a person is an administrator",
            ("RoleManagement.ReadWrite.Directory", "RoleManagement.Read.All", *_DIRECTORY),
        ),
        Need("Domain.Read.All", "whether a domain is federated", ("Domain.ReadWrite.All",)),
        Need("Policy.Read.All", "the pass policy, and what Conditional Access wants of a sign-in"),
        _method("TAP", "whether a pass is live"),
        _method("WindowsHello", "seeing Windows Hello set up"),
        _method("MicrosoftAuthApp", "seeing Authenticator set up"),
        _method("Passkey", "seeing passkeys set up"),
        _method("PlatformCred", "seeing a Mac's platform credential"),
        _method("Phone", "seeing a telephone number appear"),
        _method("Email", "seeing a mail address appear"),
        _method("SoftwareOATH", "seeing a code generator appear"),
        Need("AuditLog.Read.All", "seeing sign-ins, and who made a pass"),
        Need("Device.Read.All", "seeing a device join", ("Device.ReadWrite.All", *_DIRECTORY)),
        Need(
            "DeviceManagementServiceConfig.Read.All",
            "Autopilot and Apple enrolment",
            ("DeviceManagementServiceConfig.ReadWrite.All",),
        ),
        Need(
            "DeviceManagementManagedDevices.Read.All",
            "seeing a device enrol",
            ("DeviceManagementManagedDevices.ReadWrite.All",),
        ),
        Need(
            "DeviceManagementConfiguration.Read.All",
            "web sign-in and Hello policies",
            ("DeviceManagementConfiguration.ReadWrite.All",),
            optional=True,
        ),
        Need(
            "DeviceManagementApps.Read.All",
            "licences of Company Portal",
            ("DeviceManagementApps.ReadWrite.All",),
            optional=True,
        ),
        Need("Policy.Read.DeviceConfiguration", "who may join devices", ("Policy.Read.All",), optional=True),
        Need("UserAuthMethod-Password.Read.All", "listing passwords' ages", _METHODS, optional=True),
        Need("UserAuthMethod-QR.Read.All", "seeing a QR code sign-in appear", _METHODS, optional=True),
        Need("Organization.Read.All", "the organisation's name", _DIRECTORY, optional=True),
    ),
    "issuer": (
        Need(
            "UserAuthMethod-TAP.ReadWrite.All",
            "making and deleting passes",
            ("UserAuthenticationMethod.ReadWrite.All",),
        ),
    ),
    "writer": (Need("DeviceManagementServiceConfig.ReadWrite.All", "assigning Autopilot devices", optional=True),),
    "operators": (),
    "sender": (Need("Mail.Send", "notices by mail", optional=True),),
}

_ISSUES: Final = frozenset({"UserAuthMethod-TAP.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"})
_WRITES: Final = re.compile(
    r"^(Device|DeviceManagement\w*|Group|GroupMember|RoleManagement|RoleAssignmentSchedule|RoleEligibilitySchedule|Policy"
    r"|Directory|Application|AppRoleAssignment|User|PrivilegedAccess)\.(ReadWrite|Manage|Create)\b"
)


@dataclass(frozen=True, slots=True)
class Rights:
    """One registration's rights: what is missing (and what that costs), what is broader than needed, what is too much.

    `together` names rights that must not be held beside the right to issue: whoever holds both can put somebody into a
    group, a role or a policy and then sign in as them.
    """

    registration: str
    granted: tuple[str, ...]
    missing: tuple[Need, ...]
    broader: tuple[str, ...]
    together: tuple[str, ...]


def may_issue(granted: Iterable[str]) -> bool:
    """Whether these permissions make and delete passes."""
    return not _ISSUES.isdisjoint(granted)


def judge(registration: str, granted: Iterable[str]) -> Rights:
    """Compare what a token carries (its `roles`) with what this registration is for."""
    held = frozenset(granted)
    needs = NEEDS.get(registration, ())
    exact = {need.permission for need in needs}
    missing = tuple(
        need for need in needs if not need.optional and need.permission not in held and not held & set(need.broader)
    )
    writes = tuple(sorted(permission for permission in held if _WRITES.match(permission)))
    return Rights(
        registration,
        tuple(sorted(held)),
        missing,
        broader=tuple(sorted(held - exact)),
        together=writes if held & _ISSUES else (),
    )
