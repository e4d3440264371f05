"""Handlers for Windows Autopilot: registered devices (v1.0 thin, beta full), what changes them, deployment events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.sandbox import device_records, errors
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import autopilot, autopilot_changes, intune
from agent.sandbox.wire import autopilot_profiles, autopilot_shapes, device_shapes, exchange, filters, odata, sent

_IDENTITIES = "deviceManagement/windowsAutopilotDeviceIdentities"
_PROFILES = "deviceManagement/windowsAutopilotDeploymentProfiles"
_EVENTS = "deviceManagement/autopilotEvents"
_PROPERTIES = ("userPrincipalName", "addressableUserName", "groupTag", "displayName")
_PROPERTIES_BETA = (*_PROPERTIES, "deviceAccountUpn", "deviceAccountPassword", "deviceFriendlyName")


def identities(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """The registered devices, 1,000 to a page."""
    rows = listed(tenant, request, list(tenant.devices.autopilot.values()))
    return odata.collection(tenant, request, _IDENTITIES, rows, sizes=(1000, 1000))


def listed(
    tenant: tenants.Tenant, request: exchange.GraphRequest, among: Sequence[device_records.AutopilotIdentity]
) -> list[dict[str, Any]]:
    """Rows of registered devices.

    Only `contains(serialNumber,'...')` filters; other filters are 400 and `$select` is 500, as seen in
    microsoftgraph/microsoft-graph-docs-contrib issues 3693 and 2756.
    """
    if "$select" in request.query:
        raise errors.GraphError(500, "InternalServerError", "An internal server error has occurred", flavour="intune")
    found = _filtered(tenant, request, among)
    return [autopilot_shapes.autopilot_device(identity, beta=request.beta) for identity in found]


def count(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """How many registered devices there are; a filter works as in the list."""
    return device_shapes.count(_filtered(tenant, request, list(tenant.devices.autopilot.values())))


def identity(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One registered device; beta expands `deploymentProfile` and `intendedDeploymentProfile`."""
    found = autopilot.get(tenant, request.path_values["id"])
    row = odata.narrow(autopilot_shapes.autopilot_device(found, beta=request.beta), odata.selected(request))
    for name in odata.expanded(request):
        row.update(autopilot_profiles.expanded(tenant, request, found, name))
    return odata.entity(tenant, request, f"{_IDENTITIES}/$entity", row)


def assigned_devices(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """The devices that have a profile; filters and `$select` as in the list of all devices."""
    wanted = request.path_values["id"]
    found = autopilot_changes.assigned_to(tenant, wanted)
    rows = listed(tenant, request, found)
    return odata.collection(tenant, request, f"{_PROFILES}('{wanted}')/assignedDevices", rows, sizes=(1000, 1000))


def assigned_count(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """How many devices have a profile."""
    return device_shapes.count(autopilot_changes.assigned_to(tenant, request.path_values["id"]))


def assigned_device(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One device that has a profile; raises 404 for one that has another."""
    held = autopilot.get_profile(tenant, request.path_values["id"])
    found = autopilot.get(tenant, request.path_values["device_id"])
    if found.profile_id != held.id:
        raise intune.missing(f"ZtdDevice {found.id} not found")
    row = autopilot_shapes.autopilot_device(found, beta=request.beta)
    context = f"{_PROFILES}('{held.id}')/assignedDevices/$entity"
    return odata.entity(tenant, request, context, odata.narrow(row, odata.selected(request)))


def events(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Deployments of the last 30 days, 50 to a page; `$filter` and `$orderby` are taken and not obeyed.

    learn.microsoft.com/autopilot/known-issues says so of sorting; collectors in the field say so of filters.
    """
    rows = [autopilot_shapes.autopilot_event(event) for event in autopilot.recent_events(tenant)]
    return odata.collection(tenant, request, _EVENTS, rows, sizes=(50, 50))


def event(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One deployment."""
    row = autopilot_shapes.autopilot_event(autopilot.get_event(tenant, request.path_values["id"]))
    return odata.entity(tenant, request, f"{_EVENTS}/$entity", row)


def event_count(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """How many deployments are in the report."""
    del request
    return device_shapes.count(autopilot.recent_events(tenant))


def _filtered(
    tenant: tenants.Tenant, request: exchange.GraphRequest, among: Sequence[device_records.AutopilotIdentity]
) -> list[device_records.AutopilotIdentity]:
    text = request.query.get("$filter")
    if text is None:
        return list(among)
    condition = odata.parsed_filter(text)
    if isinstance(condition, filters.Call) and (condition.function, condition.path.lower()) == (
        "contains",
        "serialnumber",
    ):
        found = {identity.id for identity in autopilot.containing(tenant, condition.value)}
        return [identity for identity in among if identity.id in found]
    raise autopilot.filter_refused()


def assign_person(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """204 (intune-enrollment-windowsautopilotdeviceidentity-assignusertodevice)."""
    found = autopilot.get(tenant, request.path_values["id"])
    wanted = sent.parameters(request, ("userPrincipalName", "addressableUserName"))
    autopilot_changes.assign_person(
        tenant,
        found,
        user_name=sent.text(wanted, "userPrincipalName") or "",
        addressable_name=sent.text(wanted, "addressableUserName") or "",
    )
    return exchange.NO_CONTENT


def unassign_person(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """204, or 200 by `options.autopilot_properties_status`; the same where nobody is assigned."""
    autopilot_changes.unassign_person(autopilot.get(tenant, request.path_values["id"]))
    return exchange.GraphResponse(status=tenant.options.autopilot_properties_status)


def update(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """204, or 200 by `options.autopilot_properties_status` (windowsautopilotdeviceidentity-updatedeviceproperties)."""
    found = autopilot.get(tenant, request.path_values["id"])
    wanted = sent.parameters(request, _PROPERTIES_BETA if request.beta else _PROPERTIES)
    autopilot_changes.update(tenant, found, {name: sent.text(wanted, name) for name in wanted})
    return exchange.GraphResponse(status=tenant.options.autopilot_properties_status)


def delete(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """204; the device goes some minutes later (intune-enrollment-windowsautopilotdeviceidentity-delete)."""
    autopilot_changes.delete(tenant, autopilot.get(tenant, request.path_values["id"]))
    return exchange.NO_CONTENT
