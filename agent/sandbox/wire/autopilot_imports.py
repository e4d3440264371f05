"""Handlers for hashes on their way into Autopilot, and for Intune's synchronisation with it (beta)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.sandbox import intake_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import autopilot_imports
from agent.sandbox.wire import device_shapes, exchange, odata, sent

_IMPORTS = "deviceManagement/importedWindowsAutopilotDeviceIdentities"
_SETTINGS_ID = "autopilotsettings"


def imports(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """What was imported and not deleted since, 1,000 to a page."""
    rows = odata.matching(request, (_row(record) for record in tenant.devices.imports.values()))
    shown = [odata.narrow(row, odata.selected(request)) for row in rows]
    return odata.collection(tenant, request, _IMPORTS, shown, sizes=(1000, 1000))


def count(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """How many imports there are."""
    del request
    return device_shapes.count(tenant.devices.imports)


def one(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One import: scripts ask for it until its status is no longer "unknown"."""
    row = _row(autopilot_imports.get(tenant, request.path_values["id"]))
    return odata.entity(tenant, request, f"{_IMPORTS}/$entity", odata.narrow(row, odata.selected(request)))


def create(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """201 with a record whose status is unknown (intune-enrollment-importedwindowsautopilotdeviceidentity-create)."""
    wanted = _hash(sent.members(request))
    autopilot_imports.check(tenant, wanted)
    row = _row(autopilot_imports.begin(tenant, wanted))
    made = odata.entity(tenant, request, f"{_IMPORTS}/$entity", row)
    return exchange.GraphResponse(made.body, 201)


def import_many(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """200 with the records of many hashes, all or none (intune-enrollment-importedwindows...-import)."""
    name = "importedWindowsAutopilotDeviceIdentities"
    listed = sent.parameters(request, (name,)).get(name)
    if not isinstance(listed, list) or not all(isinstance(item, Mapping) for item in listed):
        raise odata.bad_request(f"The parameter '{name}' must be a collection.")
    wanted = [_hash(sent.plain(item)) for item in listed]
    for item in wanted:
        autopilot_imports.check(tenant, item)
    rows = [_row(autopilot_imports.begin(tenant, item)) for item in wanted]
    context = "Collection(microsoft.graph.importedWindowsAutopilotDeviceIdentity)"
    return odata.entity(tenant, request, context, {"value": rows})


def delete(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """204: the record goes, the device that came of it stays."""
    autopilot_imports.delete(tenant, request.path_values["id"])
    return exchange.NO_CONTENT


def settings(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """When Intune last synchronised with Autopilot, by itself and by hand."""
    state = tenant.devices.autopilot_sync
    row = {
        "id": _SETTINGS_ID,
        "lastSyncDateTime": odata.timestamp_or_year_one(state.finished),
        "lastManualSyncTriggerDateTime": odata.timestamp_or_year_one(state.asked),
        "syncStatus": state.status,
    }
    return odata.entity(tenant, request, "deviceManagement/windowsAutopilotSettings/$entity", row)


def sync(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """204, or 429 with Retry-After within 10 minutes of the last time (windowsautopilotsettings-sync)."""
    del request
    autopilot_imports.sync(tenant)
    return exchange.NO_CONTENT


def _hash(found: Mapping[str, Any]) -> autopilot_imports.Hash:
    def text(name: str) -> str:
        return sent.text(found, name) or ""

    return autopilot_imports.Hash(
        serial=text("serialNumber"),
        hardware_hash=text("hardwareIdentifier"),
        group_tag=text("groupTag"),
        product_key=text("productKey"),
        import_id=text("importId"),
        person=text("assignedUserPrincipalName"),
    )


def _row(record: intake_records.ImportedIdentity) -> dict[str, Any]:
    return {
        "id": record.id,
        "groupTag": record.group_tag,
        "serialNumber": record.serial,
        "productKey": record.product_key,
        "importId": record.import_id,
        "hardwareIdentifier": record.hardware_hash,
        "assignedUserPrincipalName": record.person,
        "state": {
            "deviceImportStatus": record.status,
            "deviceRegistrationId": record.registration_id,
            "deviceErrorCode": record.error_code,
            "deviceErrorName": record.error_name,
        },
    }
