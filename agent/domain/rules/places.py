"""Where things are mended: the place in words, and its page in an admin centre where such an address is known.

The addresses of Entra are those of Microsoft's Zero Trust Assessment (github.com/microsoft/zerotrustassessment);
those of Intune are in daily use and not promised anywhere, so a place is always named in words too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent.domain.people import Person

_ENTRA = "https://entra.microsoft.com/#view/"
_INTUNE = "https://intune.microsoft.com/#view/"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in words, with the https address of its page or an empty string."""

    name: str
    link: str = ""

    def then(self, what: str) -> Place:
        """The same place, and what to do there."""
        return replace(self, name=f"{self.name}: {what}")

    def below(self, more: str) -> Place:
        """A page below this one, which is opened by hand from here."""
        return replace(self, name=f"{self.name} › {more}")


PASS_POLICY = Place(
    "Entra admin centre › Authentication methods › Policies › Temporary Access Pass",
    f"{_ENTRA}Microsoft_AAD_IAM/AuthenticationMethodsMenuBlade/~/AdminAuthMethods",
)
USERS = Place("Entra admin centre › Users", f"{_ENTRA}Microsoft_AAD_UsersAndTenants/UserManagementMenuBlade/~/AllUsers")
APP_PERMISSIONS = Place("Entra admin centre › App registrations › API permissions")
DOMAINS = Place(
    "Entra admin centre › Domain names", f"{_ENTRA}Microsoft_AAD_IAM/DomainsManagementMenuBlade/~/CustomDomainNames"
)
METHOD_POLICIES = Place(
    "Entra admin centre › Authentication methods › Policies",
    f"{_ENTRA}Microsoft_AAD_IAM/AuthenticationMethodsMenuBlade/~/AdminAuthMethods",
)
REGISTRATION_CAMPAIGN = Place("Entra admin centre › Authentication methods › Registration campaign")
REGISTRATION_POLICIES = Place("Entra admin centre › Password reset › Registration; ID Protection › MFA registration")
SECURITY_DEFAULTS = Place("Entra admin centre › Overview › Properties › Manage security defaults")
CONDITIONAL_ACCESS = Place(
    "Entra admin centre › Conditional Access › Policies",
    f"{_ENTRA}Microsoft_AAD_ConditionalAccess/ConditionalAccessBlade/~/Policies",
)
AUTOPILOT_DEVICES = Place(
    "Intune admin centre › Devices › Enrollment › Windows › Windows Autopilot › Devices",
    f"{_INTUNE}Microsoft_Intune_Enrollment/AutopilotDevices.ReactView",
)
DEVICE_LIMIT = Place("Intune admin centre › Devices › Enrollment › Device limit restriction")
RESTRICTIONS = Place("Intune admin centre › Devices › Enrollment › Device platform restriction")
INTUNE_DEVICES = Place(
    "Intune admin centre › Devices › Windows",
    f"{_INTUNE}Microsoft_Intune_DeviceSettings/DevicesWindowsMenu/~/windowsDevices",
)
HELLO = Place(
    "Intune admin centre › Devices › Enrollment › Windows › Windows Hello for Business",
    f"{_INTUNE}Microsoft_Intune_DeviceSettings/DevicesEnrollmentMenu/~/windowsEnrollment",
)
CONFIGURATION = Place(
    "Intune admin centre › Devices › Configuration",
    f"{_INTUNE}Microsoft_Intune_DeviceSettings/DevicesMenu/~/configuration",
)
DEVICES = Place("Entra admin centre › Devices › All devices")
DEVICE_SETTINGS = Place("Entra admin centre › Devices › Device settings")
MDM_SCOPE = Place("Entra admin centre › Mobility (MDM and WIP) › Microsoft Intune › MDM user scope")
APPLE_TOKENS = Place("Intune admin centre › Devices › Enrollment › Apple › Enrollment program tokens")
VPP_TOKENS = Place(
    "Intune admin centre › Tenant administration › Connectors › Apple VPP tokens",
    f"{_INTUNE}Microsoft_Intune_DeviceSettings/TenantAdminConnectorsMenu/~/appleVpp",
)
BUSINESS_MANAGER = Place("business.apple.com › Devices")
BUSINESS_MANAGER_APPS = Place("business.apple.com › Apps and Books")
PUSH_CERTIFICATE = Place("Intune admin centre › Devices › Enrollment › Apple › Apple MDM Push certificate")
ALL_DEVICES = Place("Intune admin centre › Devices › All devices")
IOS_APPS = Place("Intune admin centre › Apps › iOS/iPadOS")


def user(person: Person) -> Place:
    """The page of one user."""
    return user_page(person.id)


def user_page(person_id: str) -> Place:
    """The same by object id; sessions are revoked there."""
    page = f"{_ENTRA}Microsoft_AAD_UsersAndTenants/UserProfileMenuBlade/~/overview/userId/{person_id}"
    return Place(USERS.name, page)


def licences_of(person: Person) -> Place:
    """Where one user's licences are given."""
    return Place(f"Microsoft 365 admin centre › Users › {person.display_name} › Licences and apps")


def methods_of(person: Person) -> Place:
    """The page of one user's authentication methods, passes among them."""
    return methods_page(person.id)


def methods_page(person_id: str) -> Place:
    """The same by object id; sessions are revoked there too."""
    page = f"{_ENTRA}Microsoft_AAD_UsersAndTenants/UserProfileMenuBlade/~/UserAuthMethods/userId/{person_id}"
    return Place(f"{USERS.name} › Authentication methods", page)
