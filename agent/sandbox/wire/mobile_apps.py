"""Handlers for the apps that Intune distributes: those bought in volume from Apple, with their licences.

The slices lack these paths. Built from the reference pages intune-apps-iosvppapp-list, intune-apps-iosvppapp-get and
intune-apps-mobileappassignment-list.
"""

from __future__ import annotations

import re
from typing import Any

from agent.sandbox import apple_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import company_portal, intune
from agent.sandbox.wire import device_shapes, exchange, odata

_APPS = "deviceAppManagement/mobileApps"
_TYPE = "microsoft.graph.iosVppApp"
_OF_TYPE = re.compile(r"^\(?isof\('([\w.]+)'\)\)?$", re.IGNORECASE)
_TARGETS = {
    apple_records.ALL_DEVICES: "#microsoft.graph.allDevicesAssignmentTarget",
    apple_records.ALL_USERS: "#microsoft.graph.allLicensedUsersAssignmentTarget",
}
Row = dict[str, Any]


def apps(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Every app; a filter for a type is obeyed, and expands `assignments`."""
    of_type = _OF_TYPE.match(request.query.get("$filter", "").strip())
    rows = [_row(tenant, app, request) for app in tenant.devices.store_apps.values()]
    if of_type is None:
        rows = odata.matching(request, rows)
    elif of_type.group(1).lower() != _TYPE.lower():
        rows = []
    return odata.collection(tenant, request, _APPS, rows, sizes=(1000, 1000))


def app(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One app; expands `assignments`."""
    return odata.entity(tenant, request, f"{_APPS}/$entity", _row(tenant, _one(tenant, request), request))


def assignments(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Whom an app is assigned to."""
    held = _one(tenant, request)
    rows = _assignments(held, beta=request.beta)
    return odata.collection(tenant, request, f"{_APPS}('{held.id}')/assignments", rows)


def _one(tenant: tenants.Tenant, request: exchange.GraphRequest) -> apple_records.StoreApp:
    held = tenant.devices.store_apps.get(request.path_values["item_id"].lower())
    if held is None:
        raise intune.missing(f"Mobile app {request.path_values['item_id']} not found")
    return held


def _row(tenant: tenants.Tenant, held: apple_records.StoreApp, request: exchange.GraphRequest) -> Row:
    shown = odata.narrow(_shape(tenant, held, beta=request.beta), odata.selected(request))
    if "assignments" in odata.expanded(request):
        shown["assignments"] = _assignments(held, beta=request.beta)
    return shown


def _shape(tenant: tenants.Tenant, held: apple_records.StoreApp, *, beta: bool) -> Row:
    token = tenant.devices.vpp_tokens.get(held.token_id)
    made = odata.timestamp_or_year_one(held.created)
    row: Row = {
        "@odata.type": f"#{_TYPE}",
        "id": held.id,
        "displayName": held.name,
        "description": held.name,
        "publisher": "",
        "largeIcon": None,
        "createdDateTime": made,
        "lastModifiedDateTime": made,
        "isFeatured": False,
        "privacyInformationUrl": None,
        "informationUrl": None,
        "owner": "",
        "developer": "",
        "notes": "",
        "publishingState": "published",
        "usedLicenseCount": company_portal.taken(held),
        "totalLicenseCount": held.total,
        "releaseDateTime": made,
        "appStoreUrl": None,
        "licensingType": {"supportsUserLicensing": True, "supportsDeviceLicensing": True},
        "applicableDeviceType": {"iPad": True, "iPhoneAndIPod": True},
        "vppTokenOrganizationName": token.organisation if token else None,
        "vppTokenAccountType": "business",
        "vppTokenAppleId": token.apple_id if token else None,
        "bundleId": held.bundle_id,
    }
    return row | (_beta_part(held) if beta else {})


def _beta_part(held: apple_records.StoreApp) -> Row:
    return {
        "uploadState": 1,
        "isAssigned": bool(held.assignments),
        "roleScopeTagIds": ["0"],
        "dependentAppCount": 0,
        "supersedingAppCount": 0,
        "supersededAppCount": 0,
        "vppTokenDisplayName": None,
        "vppTokenId": held.token_id,
        "revokeLicenseActionResults": [],
    }


def _assignments(held: apple_records.StoreApp, *, beta: bool) -> list[Row]:
    return [
        {
            "id": f"{held.id}_{at}",
            "intent": one.intent,
            "target": _target(one.target, beta=beta),
            "settings": {
                "@odata.type": "#microsoft.graph.iosVppAppAssignmentSettings",
                "useDeviceLicensing": one.device_licensed,
                "vpnConfigurationId": None,
            },
        }
        for at, one in enumerate(held.assignments)
    ]


def _target(target: str, *, beta: bool) -> Row:
    if target in _TARGETS:
        return {"@odata.type": _TARGETS[target], **(device_shapes.NO_FILTER if beta else {})}
    return device_shapes.group_target(target, beta=beta)
