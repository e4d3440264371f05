"""Handlers for Autopilot's deployment profiles (beta only): whom they are meant for, and which devices have them."""

from __future__ import annotations

from typing import Any

from agent.sandbox import device_records, errors
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import autopilot, intune
from agent.sandbox.wire import autopilot_shapes, device_shapes, exchange, odata

_PROFILES = "deviceManagement/windowsAutopilotDeploymentProfiles"


def profiles(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """The deployment profiles; `@odata.type` tells Entra join from hybrid join. They cannot be filtered."""
    if "$filter" in request.query:
        raise autopilot.filter_refused()
    shapes = [autopilot_shapes.autopilot_profile(held) for held in tenant.devices.autopilot_profiles.values()]
    rows = [odata.narrow(row, odata.selected(request)) for row in shapes]
    return odata.collection(tenant, request, _PROFILES, rows, sizes=(1000, 1000))


def count(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """How many deployment profiles there are."""
    del request
    return device_shapes.count(tenant.devices.autopilot_profiles)


def profile(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One deployment profile; expands `assignments`."""
    held = autopilot.get_profile(tenant, request.path_values["id"])
    row = odata.narrow(autopilot_shapes.autopilot_profile(held), odata.selected(request))
    if "assignments" in odata.expanded(request):
        row["assignments"] = _assignments(held)
    return odata.entity(tenant, request, f"{_PROFILES}/$entity", row)


def assignments(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Whom a profile is meant for: groups of devices, or all devices."""
    held = autopilot.get_profile(tenant, request.path_values["id"])
    return odata.collection(tenant, request, f"{_PROFILES}('{held.id}')/assignments", _assignments(held))


def assignment(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One assignment of a profile."""
    held = autopilot.get_profile(tenant, request.path_values["id"])
    row = next((row for row in _assignments(held) if row["id"] == request.path_values["assignment_id"]), None)
    if row is None:
        raise intune.missing(f"Assignment {request.path_values['assignment_id']} not found")
    return odata.entity(tenant, request, f"{_PROFILES}('{held.id}')/assignments/$entity", row)


def of_device(attribute: str) -> exchange.Handler:
    """The handler for the profile that a registered device has ("profile_id") or should have."""

    def handler(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
        found = autopilot.get(tenant, request.path_values["id"])
        held = autopilot.get_profile(tenant, getattr(found, attribute) or "")
        return odata.entity(tenant, request, f"{_PROFILES}/$entity", autopilot_shapes.autopilot_profile(held))

    return handler


def expanded(
    tenant: tenants.Tenant, request: exchange.GraphRequest, found: device_records.AutopilotIdentity, name: str
) -> dict[str, Any]:
    """What `$expand` of this name (in lower case) adds to a registered device; 400 where there is no such thing."""
    navigations = {
        "deploymentprofile": ("deploymentProfile", found.profile_id),
        "intendeddeploymentprofile": ("intendedDeploymentProfile", found.intended_profile_id),
    }
    if not request.beta or name not in navigations:
        message = f"Could not find a property named '{name}' on type 'microsoft.graph.windowsAutopilotDeviceIdentity'."
        raise errors.GraphError(400, "BadRequest", f"Parsing OData Select and Expand failed: {message}")
    shown, profile_id = navigations[name]
    held = tenant.devices.autopilot_profiles.get(profile_id or "")
    return {shown: autopilot_shapes.autopilot_profile(held) if held else None}


def _assignments(held: device_records.AutopilotProfile) -> list[dict[str, Any]]:
    """Ids as Intune makes them: profile, underscore, target."""
    rows = []
    if held.group_id is not None:
        rows.append(_assignment(held, held.group_id, device_shapes.group_target(held.group_id)))
    if held.everybody:
        target = {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget", **device_shapes.NO_FILTER}
        rows.append(_assignment(held, "adadadad-808e-44e2-905a-0b7873a8a531", target))
    return rows


def _assignment(held: device_records.AutopilotProfile, suffix: str, target: dict[str, Any]) -> dict[str, Any]:
    return {"id": f"{held.id}_{suffix}_0", "source": "direct", "sourceId": held.id, "target": target}
