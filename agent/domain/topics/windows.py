"""Windows: the destination (Hello), web sign-in, join and enrolment."""

from __future__ import annotations

from dataclasses import dataclass

from agent.domain.device_policies import DevicePolicy, EnrolmentRules, JoinRules
from agent.domain.devices import EntraDevice, Hardware, ManagedDevice
from agent.domain.facts import NOT_READ, Fact, Known


@dataclass(frozen=True, slots=True)
class TenantPart:
    """What holds for everyone: who may join, what may enrol, and the policies that say something of Hello or the lock
    screen."""

    join: Fact[JoinRules] = NOT_READ
    enrolment: Fact[EnrolmentRules] = NOT_READ
    policies: Fact[tuple[DevicePolicy, ...]] = NOT_READ

    @property
    def named_groups(self) -> frozenset[str]:
        """Ids of the groups whose membership matters here; each person is asked about all of them at once."""
        named = self.join.value.groups if isinstance(self.join, Known) else frozenset[str]()
        if isinstance(self.enrolment, Known):
            named |= self.enrolment.value.named_groups
        if isinstance(self.policies, Known):
            named = named.union(*(policy.named_groups for policy in self.policies.value))
        return named


@dataclass(frozen=True, slots=True)
class PersonPart:
    """What holds for one person: the devices they own in Entra, and the names of the licence plans they may use."""

    owned: Fact[tuple[EntraDevice, ...]] = NOT_READ
    plans: Fact[frozenset[str]] = NOT_READ


@dataclass(frozen=True, slots=True)
class DevicePart:
    """What holds for one device: its object in Entra (None when it is gone) and the groups that contain it, its rows in
    Intune, and what the newest of them tells of the hardware (None without a row)."""

    entra: Fact[EntraDevice | None] = NOT_READ
    groups: Fact[frozenset[str]] = NOT_READ
    managed: Fact[tuple[ManagedDevice, ...]] = NOT_READ
    hardware: Fact[Hardware | None] = NOT_READ
