"""Handlers for what Intune keeps beside its devices: failures, corporate identifiers, Apple's tokens.

The slices lack these paths. Built from the reference pages intune-troubleshooting-enrollmenttroubleshootingevent-list,
intune-enrollment-importeddeviceidentity-list, intune-onboarding-vpptoken-list and
intune-devices-applepushnotificationcertificate-get.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from agent.sandbox import device_records, intake_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import company_portal, intune, people
from agent.sandbox.wire import exchange, odata

_EVENTS = "deviceManagement/troubleshootingEvents"
_IDENTIFIERS = "deviceManagement/importedDeviceIdentities"
_VPP_TOKENS = "deviceAppManagement/vppTokens"
Row = dict[str, Any]
Record = TypeVar("Record")


def troubleshooting_events(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Enrolments that failed at the management stage; no filter is documented, and none is obeyed."""
    rows = [_event(item, beta=request.beta) for item in tenant.devices.troubleshooting.values()]
    return listed(tenant, request, _EVENTS, rows)


def troubleshooting_event(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One failed enrolment."""
    item = one(tenant.devices.troubleshooting, request, "Troubleshooting event")
    return entity(tenant, request, _EVENTS, _event(item, beta=request.beta))


def troubleshooting_events_of(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """A person's failed enrolments."""
    user = people.find(tenant, request.path_values["id"])
    found = [item for item in tenant.devices.troubleshooting.values() if item.user_id == user.id]
    context = f"users('{user.id}')/deviceManagementTroubleshootingEvents"
    return listed(tenant, request, context, [_event(item, beta=request.beta) for item in found])


def identifiers(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Corporate identifiers; a filter is obeyed where it can be read."""
    rows = odata.matching(request, (_identifier(item) for item in tenant.devices.corporate_identifiers.values()))
    return listed(tenant, request, _IDENTIFIERS, rows)


def identifier(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One corporate identifier."""
    item = one(tenant.devices.corporate_identifiers, request, "Imported device identity")
    return entity(tenant, request, _IDENTIFIERS, _identifier(item))


def vpp_tokens(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """Apple's volume purchase tokens: without a valid one Company Portal is not installed."""
    rows = [_vpp_token(tenant, item, beta=request.beta) for item in tenant.devices.vpp_tokens.values()]
    return listed(tenant, request, _VPP_TOKENS, rows)


def vpp_token(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """One volume purchase token."""
    item = one(tenant.devices.vpp_tokens, request, "VPP token")
    return entity(tenant, request, _VPP_TOKENS, _vpp_token(tenant, item, beta=request.beta))


def push_certificate(tenant: tenants.Tenant, request: exchange.GraphRequest) -> exchange.GraphResponse:
    """The certificate for Apple's push service; 404 where none was ever uploaded."""
    held = tenant.devices.push_certificate
    if held is None:
        raise intune.missing("Apple push notification certificate not found")
    row = {
        "id": tenant.id,
        "appleIdentifier": held.apple_id,
        "topicIdentifier": f"com.apple.mgmt.External.{tenant.id}",
        "lastModifiedDateTime": odata.timestamp(held.modified),
        "expirationDateTime": odata.timestamp(held.expires),
        "certificateUploadStatus": None,
        "certificateUploadFailureReason": None,
        "certificateSerialNumber": held.certificate_serial,
        "certificate": None,
    }
    return entity(tenant, request, "deviceManagement/applePushNotificationCertificate", row)


def listed(
    tenant: tenants.Tenant, request: exchange.GraphRequest, context: str, rows: list[Row]
) -> exchange.GraphResponse:
    """One page of rows, narrowed, 1,000 to a page."""
    shown = [odata.narrow(row, odata.selected(request)) for row in rows]
    return odata.collection(tenant, request, context, shown, sizes=(1000, 1000))


def entity(
    tenant: tenants.Tenant, request: exchange.GraphRequest, context: str, row: Row, **extra: Any
) -> exchange.GraphResponse:
    """One row, narrowed, with what was expanded laid beside it."""
    narrowed = odata.narrow(row, odata.selected(request))
    return odata.entity(tenant, request, f"{context}/$entity", {**narrowed, **extra})


def one(held: Mapping[str, Record], request: exchange.GraphRequest, kind: str) -> Record:
    """The record that the path names; raises GraphError 404."""
    found = held.get(request.path_values["item_id"].lower())
    if found is None:
        raise intune.missing(f"{kind} {request.path_values['item_id']} not found")
    return found


def _event(item: device_records.TroubleshootingEvent, *, beta: bool) -> Row:
    row: Row = {
        "@odata.type": "#microsoft.graph.enrollmentTroubleshootingEvent",
        "id": item.id,
        "eventDateTime": odata.timestamp(item.event_time),
        "correlationId": item.id,
        "managedDeviceIdentifier": "",
        "operatingSystem": item.operating_system,
        "osVersion": item.os_version,
        "userId": item.user_id,
        "deviceId": item.device_id,
        "enrollmentType": item.enrollment_type,
        "failureCategory": item.failure_category,
        "failureReason": item.failure_reason,
    }
    return row | ({"eventName": None, "additionalInformation": [], "troubleshootingErrorDetails": None} if beta else {})


def _identifier(item: intake_records.CorporateIdentifier) -> Row:
    return {
        "id": item.id,
        "importedDeviceIdentifier": item.identifier,
        "importedDeviceIdentityType": item.kind,
        "lastModifiedDateTime": odata.timestamp_or_year_one(item.created),
        "createdDateTime": odata.timestamp_or_year_one(item.created),
        "lastContactedDateTime": odata.timestamp_or_year_one(item.last_contacted),
        "description": item.description,
        "enrollmentState": item.enrollment_state,
        "platform": item.platform,
    }


def _vpp_token(tenant: tenants.Tenant, item: device_records.VppToken, *, beta: bool) -> Row:
    row: Row = {
        "id": item.id,
        "organizationName": item.organisation,
        "vppTokenAccountType": "business",
        "appleId": item.apple_id,
        "expirationDateTime": odata.timestamp_or_year_one(item.expires),
        "lastSyncDateTime": odata.timestamp_or_year_one(item.last_synced),
        "token": None,
        "lastModifiedDateTime": odata.timestamp_or_year_one(item.last_synced),
        "state": company_portal.vpp_state(tenant, item),
        "lastSyncStatus": "completed",
        "automaticallyUpdateApps": True,
        "countryOrRegion": tenant.directory.organisation.country_code,
    }
    if beta:
        row |= {
            "displayName": item.organisation,
            "locationName": item.organisation,
            "dataSharingConsentGranted": True,
            "claimTokenManagementFromExternalMdm": False,
            "tokenActionResults": [],
            "roleScopeTagIds": ["0"],
        }
    return row
