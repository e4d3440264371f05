"""Hardware hashes on their way into Autopilot, and Intune's synchronisation with it.

    unknown -> complete, with the id of the device to come -> the Autopilot device shows -> its profile is assigned
            -> error: 802 a hash that cannot be read, 806 known here, 808 registered by another organisation

A record stays until somebody deletes it. The times are what scripts in the field see: 62 to 95 seconds for one device.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime

from agent.sandbox import errors, intake_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import autopilot, autopilot_changes, intune, schedule

SYNC_MINUTES = 10
"""Between two synchronisations by hand (Intune's team, microsoftgraph/microsoft-graph-docs issue 9691)."""

SYNC_SECONDS = 30
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}$")
_PREFIX = b"OA"  # what OA3Tool's hardware hashes open with, "T0" in base64; inferred from public samples

INVALID_HASH = (802, "InvalidZtdHardwareHash")
ALREADY_ASSIGNED = (806, "ZtdDeviceAlreadyAssigned")
OTHER_TENANT = (808, "ZtdDeviceAssignedToOtherTenant")


@dataclass(frozen=True, slots=True)
class Hash:
    """What an import names: `hardware_hash` is base64, `person` the assigned user name or empty."""

    serial: str
    hardware_hash: str
    group_tag: str = ""
    product_key: str = ""
    import_id: str = ""
    person: str = ""


def check(tenant: tenants.Tenant, sent: Hash) -> None:
    """Raise GraphError 400 for what is refused at once: base64 without its padding, a foreign domain."""
    if not readable(sent.hardware_hash):
        message = f"Cannot convert the literal '{sent.hardware_hash}' to the expected type 'Edm.Binary'."
        raise errors.GraphError(400, "BadRequest", message)
    foreign = bool(sent.person) and not intune.own_domain(tenant, sent.person)
    if foreign and tenant.options.assigned_domain_checked:
        raise intune.refused(f"The domain of '{sent.person}' is not a domain of this organisation")


def readable(hardware_hash: str) -> bool:
    """Whether this is base64, padded as the service wants it (learn.microsoft.com/autopilot, enrolment trouble)."""
    if len(hardware_hash) % 4 or not _BASE64.match(hardware_hash):
        return False
    try:
        base64.b64decode(hardware_hash, validate=True)
    except binascii.Error:
        return False
    return True


def begin(tenant: tenants.Tenant, sent: Hash) -> intake_records.ImportedIdentity:
    """Take a hash that passed `check`; what becomes of it shows later."""
    record = intake_records.ImportedIdentity(
        id=tenant.new_id(),
        serial=sent.serial,
        hardware_hash=sent.hardware_hash,
        group_tag=sent.group_tag,
        product_key=sent.product_key,
        import_id=sent.import_id,
        person=sent.person,
    )
    tenant.devices.imports[record.id] = record
    schedule.later(tenant, "import_done", record.id, seconds=tenant.options.import_delay)
    return record


def get(tenant: tenants.Tenant, record_id: str) -> intake_records.ImportedIdentity:
    """The import with this id; raises GraphError 404."""
    record = tenant.devices.imports.get(record_id.lower())
    if record is None:
        raise intune.missing(f"Imported device {record_id} not found")
    return record


def delete(tenant: tenants.Tenant, record_id: str) -> None:
    """Forget an import; a device that came of it stays. Raises GraphError 404."""
    record = get(tenant, record_id)
    if record.status == "unknown":
        schedule.forget(tenant, record.id, "import_done")
    del tenant.devices.imports[record.id]


def _done(tenant: tenants.Tenant, record_id: str, when: datetime) -> None:
    record = tenant.devices.imports.get(record_id)
    if record is None:
        return
    trouble = _trouble(tenant, record)
    if trouble is not None:
        record.status = "error"
        record.error_code, record.error_name = trouble
        return
    record.status, record.error_name = "complete", "None"
    identity = autopilot.prepared(tenant, _registration(record))
    record.registration_id = identity.id
    tenant.devices.autopilot_hidden[identity.id] = identity
    delay = tenant.options.import_visible_delay
    schedule.later(tenant, "autopilot_shown", identity.id, seconds=delay, since=when)


def _trouble(tenant: tenants.Tenant, record: intake_records.ImportedIdentity) -> tuple[int, str] | None:
    decoded = base64.b64decode(record.hardware_hash)
    if not decoded or (tenant.options.hash_prefix_checked and not decoded.startswith(_PREFIX)):
        return INVALID_HASH
    serial = record.serial.strip().upper()
    if serial in tenant.devices.autopilot_elsewhere:
        return OTHER_TENANT
    on_the_way = {identity.serial.upper() for identity in tenant.devices.autopilot_hidden.values()}
    return ALREADY_ASSIGNED if serial in on_the_way or autopilot.by_serial(tenant, serial) else None


def _registration(record: intake_records.ImportedIdentity) -> autopilot.Registration:
    return autopilot.Registration(
        record.serial.strip(), manufacturer="", model="", group_tag=record.group_tag, person=record.person
    )


def _shown(tenant: tenants.Tenant, identity_id: str, when: datetime) -> None:
    identity = tenant.devices.autopilot_hidden.pop(identity_id, None)
    if identity is not None:
        box = tenant.devices.boxed.get(identity.serial.upper())
        if box is not None:
            identity.manufacturer, identity.model = box.manufacturer, box.model
        tenant.devices.autopilot[identity_id] = identity
        autopilot_changes.reconsider(tenant, identity, since=when)


def sync(tenant: tenants.Tenant) -> None:
    """Synchronise with Autopilot now; raises GraphError 429 within 10 minutes of the last time."""
    state = tenant.devices.autopilot_sync
    intune.refuse_too_soon(tenant, state.asked, minutes=SYNC_MINUTES)
    state.asked, state.status = tenant.now(), "inProgress"
    schedule.later(tenant, "autopilot_synced", "", seconds=SYNC_SECONDS)


def _synced(tenant: tenants.Tenant, record_id: str, when: datetime) -> None:
    del record_id
    state = tenant.devices.autopilot_sync
    state.finished, state.status = when, "completed"
    for identity_id in list(tenant.devices.autopilot_hidden):
        schedule.forget(tenant, identity_id, "autopilot_shown")
        _shown(tenant, identity_id, when)


STEPS: dict[str, schedule.Step] = {"import_done": _done, "autopilot_shown": _shown, "autopilot_synced": _synced}
"""What of this area happens by itself, for `schedule.carry_out`."""
