"""Enrolment configurations (status page, limit, restrictions, Hello) and who may join or register devices."""

from __future__ import annotations

from collections.abc import Collection

from agent.sandbox import device_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import entra_devices, intune, people

STATUS_PAGE = "status_page"
LIMIT = "limit"
PLATFORM_RESTRICTIONS = "platform_restrictions"
PLATFORM_RESTRICTION = "platform_restriction"
HELLO = "hello"
CO_MANAGEMENT = "co_management"
NOTIFICATION = "notification"
KINDS = (STATUS_PAGE, LIMIT, PLATFORM_RESTRICTIONS, PLATFORM_RESTRICTION, HELLO, CO_MANAGEMENT, NOTIFICATION)
"""The kinds of configuration; `EnrolmentConfiguration.kind` is one of these."""

BETA_KINDS = frozenset({PLATFORM_RESTRICTION, CO_MANAGEMENT, NOTIFICATION})
"""Kinds that v1.0 has no type for, and leaves out."""


def get(tenant: tenants.Tenant, configuration_id: str) -> device_records.EnrolmentConfiguration:
    """The configuration with this id; raises GraphError 404 in Intune's envelope."""
    wanted = configuration_id.lower()
    for configuration in tenant.devices.enrolment_configurations.values():
        if configuration.id.lower() == wanted:
            return configuration
    raise intune.missing(f"Enrollment configuration {configuration_id} not found")


def in_force(
    tenant: tenants.Tenant, kind: str, groups: Collection[str] = ()
) -> device_records.EnrolmentConfiguration | None:
    """The configuration of this kind for a member of `groups`: of those assigned to one of them the one of highest
    rank, else the default (priority 0)."""
    return next(iter(by_rank(tenant, kind, groups)), None)


def by_rank(
    tenant: tenants.Tenant, kind: str, groups: Collection[str] = ()
) -> list[device_records.EnrolmentConfiguration]:
    """The configurations of this kind for a member of `groups`, the first that counts first."""
    known = tenant.devices.enrolment_configurations.values()
    reaching = [item for item in known if item.priority == 0 or set(groups).intersection(item.group_ids)]
    of_kind = [item for item in reaching if item.kind == kind]
    return sorted(of_kind, key=lambda item: (item.priority == 0, item.priority))


def may_join(tenant: tenants.Tenant, user_id: str) -> bool:
    """Whether the registration policy lets this person join a device, and their quota has room.

    learn.microsoft.com/graph/api/resources/deviceregistrationpolicy; a refused join shows 801c03ed.
    """
    policy = tenant.devices.registration_policy
    return _allowed(tenant, policy.join_allowed, user_id) and _room(tenant, user_id)


def may_register(tenant: tenants.Tenant, user_id: str) -> bool:
    """Whether the registration policy lets this person register a device, and their quota has room."""
    policy = tenant.devices.registration_policy
    return _allowed(tenant, policy.register_allowed, user_id) and _room(tenant, user_id)


def _room(tenant: tenants.Tenant, user_id: str) -> bool:
    return len(entra_devices.owned_by(tenant, user_id)) < tenant.devices.registration_policy.user_device_quota


def _allowed(tenant: tenants.Tenant, scope: str | list[str], user_id: str) -> bool:
    if isinstance(scope, str):
        return scope == "all"
    return user_id in scope or not people.group_ids_of(tenant, user_id).isdisjoint(scope)
