"""Handlers for Apple's user-initiated enrolment (beta): which way people enrol a device of their own account.

The slices lack these paths. Built from the reference pages intune-enrollment-appleuserinitiatedenrollmentprofile-list,
-get, and intune-enrollment-appleenrollmentprofileassignment-list.
"""

from __future__ import annotations

from typing import Any

from agent.sandbox import apple_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import intune
from agent.sandbox.wire import device_shapes, exchange, odata

_PROFILES = "deviceManagement/appleUserInitiatedEnrollmentProfiles"
_EVERYBODY = {"@odata.type": "#microsoft.graph.allLicensedUsersAssignmentTarget", **device_shapes.NO_FILTER}
Row = dict[str, Any]


def profiles(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Every profile; expands `assignments`."""
    rows = [_row(held, request) for held in tenant.devices.user_enrolments.values()]
    return odata.collection(tenant, request, _PROFILES, rows)


def profile(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One profile; expands `assignments`."""
    return odata.entity(tenant, request, f"{_PROFILES}/$entity", _row(_one(tenant, request), request))


def assignments(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Whom a profile is meant for."""
    held = _one(tenant, request)
    return odata.collection(tenant, request, f"{_PROFILES}('{held.id}')/assignments", _assignments(held))


def _one(tenant: tenants.Tenant, request: exchange.GraphRequest) -> apple_records.UserEnrolment:
    held = tenant.devices.user_enrolments.get(request.path_values["item_id"].lower())
    if held is None:
        raise intune.missing(f"Profile {request.path_values['item_id']} not found")
    return held


def _row(held: apple_records.UserEnrolment, request: exchange.GraphRequest) -> Row:
    made = odata.timestamp_or_year_one(held.created)
    row: Row = {
        "id": held.id,
        "displayName": held.name,
        "description": "",
        "priority": held.priority,
        "platform": "iOS",
        "createdDateTime": made,
        "lastModifiedDateTime": made,
        "defaultEnrollmentType": held.kind,
        "availableEnrollmentTypeOptions": [],
    }
    shown = odata.narrow(row, odata.selected(request))
    if "assignments" in odata.expanded(request):
        shown["assignments"] = _assignments(held)
    return shown


def _assignments(held: apple_records.UserEnrolment) -> list[Row]:
    return [
        {"id": f"{held.id}_{at}", "target": _EVERYBODY if group == apple_records.ALL_USERS else _group(group)}
        for at, group in enumerate(held.group_ids)
    ]


def _group(group_id: str) -> Row:
    return device_shapes.group_target(group_id)
