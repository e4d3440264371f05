"""The clouds and their hosts: a real tenant is reached at these addresses and no others.

learn.microsoft.com/graph/deployments and learn.microsoft.com/entra/identity-platform/authentication-national-cloud
"""

from __future__ import annotations

from dataclasses import dataclass

from agent import errors


@dataclass(frozen=True, slots=True)
class Cloud:
    """One national cloud: https origins of sign-in and Graph, and whether it has Temporary Access Passes at all.

    `issuing_permission` is the delegated permission to make and delete them. Microsoft's list of permissions has the
    narrow one for the public cloud only (microsoftgraph/microsoft-graph-devx-content, permissions/new, 2026-08).
    """

    name: str
    login: str
    graph: str
    has_passes: bool = True
    issuing_permission: str = "UserAuthenticationMethod.ReadWrite.All"


CLOUDS = {
    cloud.name: cloud
    for cloud in (
        Cloud(
            "global",
            "https://login.microsoftonline.com",
            "https://graph.microsoft.com",
            issuing_permission="UserAuthMethod-TAP.ReadWrite.All",
        ),
        Cloud("us_gov", "https://login.microsoftonline.us", "https://graph.microsoft.us"),
        Cloud("us_gov_dod", "https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
        Cloud(
            "china",
            "https://login.partner.microsoftonline.cn",
            "https://microsoftgraph.chinacloudapi.cn",
            has_passes=False,
        ),
    )
}


def cloud(name: str) -> Cloud:
    """The cloud of that name; raises Misconfigured when there is none, or when it has no Temporary Access Passes.

    learn.microsoft.com/graph/api/authentication-post-temporaryaccesspassmethods lists the clouds that have them.
    """
    found = CLOUDS.get(name)
    usable = ", ".join(each.name for each in CLOUDS.values() if each.has_passes)
    if found is None:
        raise errors.Misconfigured(f"There is no cloud called “{name}”.", f"Set cloud to one of: {usable}.")
    if not found.has_passes:
        raise errors.Misconfigured(
            f"Microsoft Graph offers no Temporary Access Passes in the cloud “{name}”.",
            f"Tapslip cannot work with this tenant; it works with: {usable}.",
        )
    return found
