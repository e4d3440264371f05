"""A person's authentication methods other than passes: which collection holds which kind, and reading them.

Registration is the people's side of the tenant (`registration`); what administrators change is in `method_changes`.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.sandbox import errors, records
from agent.sandbox import tenant as tenants

VIEW_KIND = "methods"
REPORT_KIND = "registration_report"


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection under `/users/{id}/authentication`: its record kind, Graph type and granular permission word."""

    kind: str
    type_name: str
    permission: str
    has_device: bool = False
    beta_only: bool = False


COLLECTIONS = {
    "windowsHelloForBusinessMethods": Collection(
        "windowsHelloForBusiness", "windowsHelloForBusinessAuthenticationMethod", "WindowsHello", has_device=True
    ),
    "microsoftAuthenticatorMethods": Collection(
        "microsoftAuthenticator", "microsoftAuthenticatorAuthenticationMethod", "MicrosoftAuthApp", has_device=True
    ),
    "fido2Methods": Collection("fido2", "fido2AuthenticationMethod", "Passkey"),
    "platformCredentialMethods": Collection(
        "platformCredential", "platformCredentialAuthenticationMethod", "PlatformCred", has_device=True
    ),
    "passwordMethods": Collection("password", "passwordAuthenticationMethod", "Password"),
    "phoneMethods": Collection("phone", "phoneAuthenticationMethod", "Phone"),
    "emailMethods": Collection("email", "emailAuthenticationMethod", "Email"),
    "softwareOathMethods": Collection("softwareOath", "softwareOathAuthenticationMethod", "SoftwareOATH"),
    "hardwareOathMethods": Collection(
        "hardwareOath", "hardwareOathAuthenticationMethod", "HardwareOATH", beta_only=True
    ),
    "externalAuthenticationMethods": Collection("external", "externalAuthenticationMethod", "External"),
}
"""Collections by segment (learn.microsoft.com/graph/api/resources/authenticationmethods-overview)."""

BY_KIND = {collection.kind: collection for collection in COLLECTIONS.values()}


def held(tenant: tenants.Tenant, user: records.User, kind: str | None = None) -> list[records.Method]:
    """What a reader sees of the person's methods, of one kind or of all; the list may lag."""
    present = tenant.credentials.methods.get(user.id, [])
    visible = tenant.view.read(VIEW_KIND, user.id, present)
    return [method for method in visible if kind in (None, method.kind)]


def reported(tenant: tenants.Tenant, user: records.User) -> list[records.Method]:
    """What the registration report knows of the person's methods, hours later than everybody else."""
    return tenant.view.read(REPORT_KIND, user.id, tenant.credentials.methods.get(user.id, []))


def before_change(tenant: tenants.Tenant, user_id: str) -> None:
    """To be called before a method is added to or taken from the person, so that readers may lag."""
    for view_kind in (VIEW_KIND, REPORT_KIND):
        tenant.view.before_change(view_kind, user_id, tenant.credentials.methods.get(user_id, []))


def find(tenant: tenants.Tenant, user: records.User, kind: str, method_id: str) -> records.Method:
    """The method of that kind and id; raises GraphError 404."""
    for method in held(tenant, user, kind):
        if method.id.lower() == method_id.lower():
            return method
    raise errors.GraphError(404, "resourceNotFound", "The requested resource was not found.", flavour="methods")
