"""Intune's synchronisation with Apple Business Manager, and what is changed about the devices that came of it.

A device that Apple has given to a token's server is unknown to Intune until the next synchronisation: every 12 hours by
itself, or by hand, at most every 15 minutes. One in 7 days is full: only that brings back a device deleted in Intune
(learn.microsoft.com/mem/intune/enrollment, manage device tokens for Apple).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from agent.sandbox import device_records, intake_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import apple, intune, schedule

BY_HAND_MINUTES = 15
BY_ITSELF_SECONDS = 12 * 3600
FULL_EVERY_SECONDS = 7 * 86400
LINGERS = timedelta(days=45)
"""How long a device that was released there stays here, marked as deleted."""

TOKEN_EXPIRED = 1
TERMS_NOT_ACCEPTED = 2
"""`lastSyncErrorCode` of a lapsed token and of new terms; the numbers are guesses, any but 0 says that it failed."""


def sync(tenant: tenants.Tenant, token: device_records.DepToken) -> None:
    """Synchronise now; raises GraphError 429 within 15 minutes of the last time by hand."""
    intune.refuse_too_soon(tenant, token.last_sync_asked, minutes=BY_HAND_MINUTES)
    token.last_sync_asked = tenant.now()
    schedule.later(tenant, "apple_synced", token.id, seconds=tenant.options.apple_sync_delay)


def keep_synced(tenant: tenants.Tenant, token: device_records.DepToken) -> None:
    """Let the token synchronise by itself from now on."""
    since = token.last_synced
    schedule.later(tenant, "apple_synced_by_itself", token.id, seconds=BY_ITSELF_SECONDS, since=since)


def hindrance(token: device_records.DepToken, when: datetime) -> int:
    """What `lastSyncErrorCode` says of a synchronisation at that time, 0 where all is well.

    learn.microsoft.com/troubleshoot/mem/intune/device-enrollment/troubleshoot-ios-enrollment-errors
    """
    if token.expires is not None and token.expires <= when:
        return TOKEN_EXPIRED
    return 0 if token.terms_accepted else TERMS_NOT_ACCEPTED


def _by_itself(tenant: tenants.Tenant, token_id: str, when: datetime) -> None:
    if token_id in tenant.devices.dep_tokens:
        _synced(tenant, token_id, when)
        schedule.later(tenant, "apple_synced_by_itself", token_id, seconds=BY_ITSELF_SECONDS, since=when)


def _synced(tenant: tenants.Tenant, token_id: str, when: datetime) -> None:
    token = tenant.devices.dep_tokens.get(token_id)
    if token is None:
        return
    token.last_sync_error = hindrance(token, when)
    if token.last_sync_error:
        return
    full = token.fully_synced is None or when - token.fully_synced >= tenant.pace(FULL_EVERY_SECONDS)
    since = token.last_synced if not full else None
    for held in tenant.devices.business_manager.values():
        if held.token_id == token_id:
            _take_over(tenant, token, held, when=when, since=since)
    for row in apple.devices_of(tenant, token_id):
        row.deleted = row.deleted or apple.given_to(tenant, row.serial) != token_id
    _forget_released(tenant, token_id, when)
    token.last_synced = when
    if full:
        token.fully_synced = when


def _take_over(
    tenant: tenants.Tenant,
    token: device_records.DepToken,
    held: intake_records.BusinessDevice,
    *,
    when: datetime,
    since: datetime | None,
) -> None:
    """What a device at Apple makes of its row here; `since` is None in a full synchronisation."""
    known = apple.row_of(tenant, held.serial, token.id)
    if known is not None:
        known.deleted = held.released is not None
        return
    if held.released is not None or (since is not None and held.given is not None and held.given <= since):
        return
    default = apple.default_profile(token, held.platform)
    identity = device_records.AppleIdentity(
        id=tenant.new_id(),
        token_id=token.id,
        serial=held.serial,
        platform=held.platform,
        description=held.model,
        profile_id=default,
        profile_assigned_at=when if default else None,
        created=when,
    )
    tenant.devices.apple[identity.id] = identity


def _forget_released(tenant: tenants.Tenant, token_id: str, when: datetime) -> None:
    for serial, held in list(tenant.devices.business_manager.items()):
        if held.token_id == token_id and held.released is not None and when - held.released >= LINGERS:
            del tenant.devices.business_manager[serial]
            row = apple.row_of(tenant, held.serial, token_id)
            if row is not None:
                del tenant.devices.apple[row.id]


STEPS: dict[str, schedule.Step] = {"apple_synced": _synced, "apple_synced_by_itself": _by_itself}
"""What of this area happens by itself, for `schedule.carry_out`."""


def give(tenant: tenants.Tenant, held: intake_records.BusinessDevice) -> None:
    """Have Apple Business Manager give a device to a token's server; Intune learns of it later."""
    held.given = held.given or tenant.now()
    tenant.devices.business_manager[held.serial.upper()] = held


def move(tenant: tenants.Tenant, serial: str, token_id: str) -> None:
    """Give a device to the server of another token, or, with an id that is no token's, to another service."""
    held = tenant.devices.business_manager[serial.strip().upper()]
    held.token_id, held.given = token_id, tenant.now()


def release(tenant: tenants.Tenant, serial: str) -> None:
    """Have a device released in Apple Business Manager; does nothing where Apple does not hold it."""
    held = tenant.devices.business_manager.get(serial.strip().upper())
    if held is not None:
        held.released = tenant.now()


def assign_profile(tenant: tenants.Tenant, profile: device_records.DepProfile, serials: Sequence[str]) -> None:
    """Assign an enrolment profile to devices by serial number, all or none; switched-on ones keep what they have.

    Ids are refused like any serial that is not there (microsoftgraph/microsoft-graph-docs-contrib issue 2206).
    Raises GraphError 400.
    """
    found = [apple.find_device(tenant, serial) for serial in serials]
    rows = [row for row in found if row is not None and row.token_id == profile.token_id]
    if not serials or len(rows) < len(serials):
        raise intune.refused("One or more device serial numbers are not valid")
    for row in rows:
        row.profile_id, row.profile_assigned_at = profile.id, tenant.now()


def make_default(tenant: tenants.Tenant, profile: device_records.DepProfile) -> None:
    """Make a profile the one that devices of its platform get without being asked."""
    token = tenant.devices.dep_tokens[profile.token_id]
    for other in apple.profiles_of(tenant, token.id):
        if other.platform == profile.platform:
            other.is_default = other.id == profile.id
    if profile.platform == "macos":
        token.default_macos_profile_id = profile.id
    else:
        token.default_ios_profile_id = profile.id
