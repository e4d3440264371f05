"""Apple: enrolment tokens, the push certificate, licences of Company Portal, people who enrol by their own account."""

from __future__ import annotations

from dataclasses import dataclass

from agent.domain import apple, devices
from agent.domain.facts import NOT_READ, Fact, Known


@dataclass(frozen=True, slots=True)
class TenantPart:
    """What holds for everyone."""

    tokens: Fact[tuple[apple.ProgrammeToken, ...]] = NOT_READ
    push: Fact[apple.PushCertificate | None] = NOT_READ
    volume_tokens: Fact[tuple[apple.VolumeToken, ...]] = NOT_READ
    company_portal: Fact[tuple[apple.CompanyPortal, ...]] = NOT_READ
    user_enrolments: Fact[tuple[apple.UserEnrolment, ...]] = NOT_READ
    platform_sso: Fact[tuple[apple.PlatformSso, ...]] = NOT_READ

    @property
    def named_groups(self) -> frozenset[str]:
        """Ids of the groups whose membership matters here; each person is asked about all of them at once."""
        own = self.user_enrolments.value if isinstance(self.user_enrolments, Known) else ()
        sso = self.platform_sso.value if isinstance(self.platform_sso, Known) else ()
        of_sso = {target.group for one in sso for target in one.targets}
        return (frozenset(group for one in own for group in one.groups) | of_sso) - {apple.EVERYBODY, ""}


@dataclass(frozen=True, slots=True)
class PersonPart:
    """What holds for one person: the devices that Intune has of them.

    Licences and devices in Entra, which Windows asks about too, are of its topic.
    """

    managed: Fact[tuple[devices.ManagedDevice, ...]] = NOT_READ


@dataclass(frozen=True, slots=True)
class DevicePart:
    """What holds for one device: `managed` are the rows of its serial number in Intune, newest or not."""

    managed: Fact[tuple[devices.ManagedDevice, ...]] = NOT_READ
