"""Authentication strengths: the three built-in ones and the tenant's own, and which ways of signing in each accepts.

The ids, names and combinations of the built-in ones are documented
(learn.microsoft.com/graph/api/authenticationstrengthroot-list-policies).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from agent.sandbox import access_records
from agent.sandbox import tenant as tenants

_SINCE = datetime(2021, 12, 1, tzinfo=UTC)
_RESISTANT = ("windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor")
_PASSWORDLESS = (*_RESISTANT, "deviceBasedPush")
_MFA = (
    *_PASSWORDLESS,
    *("temporaryAccessPassOneTime", "temporaryAccessPassMultiUse"),
    *("password,microsoftAuthenticatorPush", "password,softwareOath", "password,hardwareOath"),
    *("password,x509CertificateSingleFactor", "password,x509CertificateMultiFactor", "password,sms", "password,voice"),
    *("federatedMultiFactor", "microsoftAuthenticatorPush,federatedSingleFactor", "softwareOath,federatedSingleFactor"),
    *("hardwareOath,federatedSingleFactor", "sms,federatedSingleFactor", "voice,federatedSingleFactor"),
)


def _built_in(number: int, name: str, description: str, ways: Iterable[str]) -> access_records.Strength:
    strength_id = f"00000000-0000-0000-0000-{number:012d}"
    return access_records.Strength(strength_id, name, list(ways), description, built_in=True, created=_SINCE)


BUILT_IN = {
    "mfa_strength": _built_in(
        2,
        "Multifactor authentication",
        "Combinations of methods that satisfy strong authentication, such as a password + SMS",
        _MFA,
    ),
    "passwordless": _built_in(
        3,
        "Passwordless MFA",
        "Passwordless methods that satisfy strong authentication, such as Passwordless sign-in with the Microsoft "
        "Authenticator",
        _PASSWORDLESS,
    ),
    "phishing_resistant": _built_in(
        4,
        "Phishing-resistant MFA",
        "Phishing resistant, Passwordless methods for the strongest authentication, such as a FIDO2 security key",
        _RESISTANT,
    ),
}
"""The built-in strengths by the word that a policy's grants use."""


def every(tenant: tenants.Tenant) -> list[access_records.Strength]:
    """All strengths, the built-in ones first."""
    return [*BUILT_IN.values(), *tenant.credentials.strengths.values()]


def of_grant(tenant: tenants.Tenant, grant: str) -> access_records.Strength | None:
    """The strength that a policy's grant names, or None where it names something else."""
    return BUILT_IN.get(grant) or tenant.credentials.strengths.get(grant.removeprefix("strength:"))


def accepts(strength: access_records.Strength, modes: Collection[str]) -> bool:
    """Whether a sign-in by these modes (Graph's words) is one of the strength's combinations."""
    return any(set(combination.split(",")) <= set(modes) for combination in strength.combinations)
