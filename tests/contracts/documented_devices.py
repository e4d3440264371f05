"""Keys, seeds and rules of the documented pairs about devices and the logs; see `documented_examples`."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from agent.sandbox import device_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import activity, autopilot_imports, enrolment
from tests.contracts import documented_examples as examples
from tests.contracts.documented_examples import Stage

_CONFIGURATION = "/deviceManagement/deviceEnrollmentConfigurations"
_TOKEN = "/deviceManagement/depOnboardingSettings/[^/]+"

examples.OUT_OF_SCOPE += [
    (r"POST /deviceManagement/managedDevices/[^/]+/\w+", "actions on managed devices"),
    (r"POST /deviceManagement/managedDevices", "managed devices: read only"),
    (r"(POST|PATCH|DELETE) /users/[^/]+/managedDevices.*", "managed devices: read only"),
    (r"(POST|PATCH|DELETE) /deviceManagement/windowsAutopilotDeploymentProfiles.*", "deployment profiles: read only"),
    (r"POST /deviceManagement/windowsAutopilotDeviceIdentities", "Autopilot devices come by import alone"),
    (r"POST /deviceManagement/windowsAutopilotDeviceIdentities/[^/]+/\w+ResourceAccount\w+", "resource accounts"),
    (r"PATCH /deviceManagement/windowsAutopilotSettings", "Autopilot's synchronisation is not set up by hand"),
    (r"(POST|PATCH|DELETE) /deviceManagement/autopilotEvents.*", "the deployment report: read only"),
    (rf"(POST|PATCH|DELETE) {_CONFIGURATION}.*", "enrolment configurations: read only"),
    (rf"(PATCH|DELETE) {_TOKEN}", "Apple's tokens: read only"),
    (rf"POST {_TOKEN}/\w+EncryptionPublicKey", "Apple's tokens: read only"),
    (rf"(POST|PATCH|DELETE) {_TOKEN}/enrollmentProfiles(/[^/]+)?", "Apple enrolment profiles: read only"),
    (rf"PATCH {_TOKEN}/default\w+EnrollmentProfile", "Apple enrolment profiles: read only"),
    (rf"POST {_TOKEN}/importedAppleDeviceIdentities.*", "Apple devices come by synchronisation alone"),
    (rf"PATCH {_TOKEN}/importedAppleDeviceIdentities/[^/]+", "Apple devices come by synchronisation alone"),
]

_RESULT = "the page of what an import answers also shows a read; a read gives importedAppleDeviceIdentity"
_HIDDEN = "empty in a list and in a GET that does not name it in $select (microsoftgraph/msgraph-metadata)"

DISAGREEING: dict[str, str] = {
    "beta/directoryaudit-list#1": "the page shows one entity where a list is answered",
    "beta/intune-devices-windowsmanageddevice-get#1": f"hardwareInformation and others: {_HIDDEN}",
    "beta/intune-devices-windowsmanageddevice-list#1": f"hardwareInformation and others: {_HIDDEN}",
    "beta/intune-enrollment-importedappledeviceidentityresult-get#1": _RESULT,
    "beta/intune-enrollment-importedappledeviceidentityresult-list#1": _RESULT,
}
"""Id of a pair -> why the sandbox does not follow the page: an older API, or a slip of the page."""

_KINDS = {
    "windows10EnrollmentCompletionPageConfiguration": enrolment.STATUS_PAGE,
    "deviceEnrollmentLimitConfiguration": enrolment.LIMIT,
    "deviceEnrollmentPlatformRestrictionsConfiguration": enrolment.PLATFORM_RESTRICTIONS,
    "deviceEnrollmentPlatformRestrictionConfiguration": enrolment.PLATFORM_RESTRICTION,
    "deviceEnrollmentWindowsHelloForBusinessConfiguration": enrolment.HELLO,
    "deviceComanagementAuthorityConfiguration": enrolment.CO_MANAGEMENT,
    "deviceEnrollmentNotificationConfiguration": enrolment.NOTIFICATION,
}


def _kept(item: dict[str, Any]) -> dict[str, Any]:
    """The documented properties, the sandbox's own ids apart."""
    found = {name: copy.deepcopy(value) for name, value in item.items() if "@" not in name and name != "id"}
    return {name[0].lower() + name[1:]: value for name, value in found.items() if value is not None}


def _type(item: dict[str, Any]) -> str:
    return str(item.get("@odata.type", "")).rpartition(".")[2]


def _laid_onto(stage: Stage, found: Iterable[Any]) -> None:
    """One record for each documented item says what the item says."""
    for record, item in zip(found, stage.items, strict=False):
        record.properties |= _kept(item)


def _host(stage: Stage) -> tenants.Tenant:
    return stage.side.tenant


def _devices(stage: Stage) -> None:
    held = list(_host(stage).devices.entra.values())
    for device, item in zip(held, stage.items, strict=False):
        wanted = stage.wanted_name(item.get("displayName"))
        device.owner_ids = [stage.person.id]
        device.properties |= _kept(item) | {"displayName": wanted}
        asked = re.search(r"extensionAttributes/(\w+) eq '(.+?)'", stage.pair["url"])
        if asked is not None:
            all_of_them = {f"extensionAttribute{number}": None for number in range(1, 16)}
            device.properties["extensionAttributes"] = {**all_of_them, asked[1]: asked[2]}


def _owners(stage: Stage) -> None:
    """The person owns the device, and is as the page shows them."""
    _devices(Stage(stage.side, stage.pair, [{}]))
    for item in stage.items:
        stage.person.properties |= _kept(item)


def _autopilot_devices(stage: Stage) -> None:
    _laid_onto(stage, _free(stage))


def _free(stage: Stage) -> list[device_records.AutopilotIdentity]:
    return [one for one in _host(stage).devices.autopilot.values() if one.managed_device_id is None]


def _profiles(stage: Stage) -> None:
    held = list(_host(stage).devices.autopilot_profiles.values())
    wanted = {_type(item).removesuffix("WindowsAutopilotDeploymentProfile") for item in stage.items}
    held.sort(key=lambda profile: profile.kind not in wanted)
    _laid_onto(stage, held)
    _host(stage).devices.autopilot_profiles = {profile.id: profile for profile in held}


def _imports(stage: Stage) -> None:
    wanted = autopilot_imports.Hash("SERIAL1", "T0EB", person="")
    _host(stage).devices.imports.clear()
    autopilot_imports.begin(_host(stage), wanted)


def _events(stage: Stage) -> None:
    host = _host(stage)
    when = host.now() - timedelta(days=1)
    event = device_records.AutopilotEvent(host.new_id(), "d", "SERIAL1", "u", "u@x.example", when, failure="none")
    host.devices.autopilot_events[event.id] = event


def _configurations(stage: Stage) -> None:
    host = _host(stage)
    made = {}
    for item in stage.items:
        kind = _KINDS.get(_type(item), enrolment.LIMIT)
        one = device_records.EnrolmentConfiguration(host.new_id(), kind, "A page's", properties=_kept(item))
        made[one.id] = one
    host.devices.enrolment_configurations = made | host.devices.enrolment_configurations


def _apple_devices(stage: Stage) -> None:
    _laid_onto(stage, _host(stage).devices.apple.values())


def _apple_profiles(stage: Stage) -> None:
    host = _host(stage)
    held = list(host.devices.dep_profiles.values())
    mac = any("MacOS" in _type(item) for item in stage.items)
    held.sort(key=lambda profile: (profile.platform == "macos") != mac)
    _laid_onto(stage, held)
    host.devices.dep_profiles = {profile.id: profile for profile in held}
    for token in host.devices.dep_tokens.values():
        token.default_ios_profile_id = next(one.id for one in held if one.platform == "ios")
        token.default_macos_profile_id = next(one.id for one in held if one.platform == "macos")


def _apple_tokens(stage: Stage) -> None:
    _apple_profiles(Stage(stage.side, stage.pair))
    for token in _host(stage).devices.dep_tokens.values():
        token.last_sync_asked = None


def _managed(stage: Stage) -> None:
    _laid_onto(stage, _host(stage).devices.managed.values())


def _logged(item: dict[str, Any]) -> dict[str, Any]:
    """What a row of a log says; when it was written is the sandbox's own, and aged members stay out."""
    found = _kept(item)
    kept = {name: _without_aged(value) for name, value in found.items() if not name.endswith("DateTime")}
    return {name: value for name, value in kept.items() if name not in ("value", "targetResource")}


def _without_aged(value: Any) -> Any:
    """A nested value without the members that Microsoft's own description lacks."""
    if isinstance(value, list):
        return [_without_aged(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {name: _without_aged(inner) for name, inner in value.items() if name not in ("userType", "details", "Type")}


def _sign_ins(stage: Stage) -> None:
    host = _host(stage)
    for item in stage.items or [{}]:
        attempt = activity.Attempt(stage.person, "an app", str(item.get("appDisplayName") or "Azure Portal"))
        activity.record_sign_in(host, attempt).row.update(_logged(item))
    stage.side.clock.move(minutes=30)


def _audits(stage: Stage) -> None:
    host = _host(stage)
    for item in stage.items or [{}]:
        change = activity.Change("Update user", "", stage.person, stage.person.id)
        activity.record_audit(host, change).row.update(_logged(item))
    stage.side.clock.move(minutes=30)


def _failures(stage: Stage) -> None:
    host = _host(stage)
    event = device_records.TroubleshootingEvent(host.new_id(), host.now(), stage.person.id, "unknown", "none")
    host.devices.troubleshooting[event.id] = event


def _first(collection: str) -> Callable[[Stage], str]:
    """The key of the first record there."""
    return lambda stage: next(iter(getattr(_host(stage).devices, collection)))


def _first_sign_in(stage: Stage) -> str:
    return _host(stage).activity.sign_ins[-1].id


def _first_audit(stage: Stage) -> str:
    return _host(stage).activity.audits[-1].id


def _assignment(stage: Stage) -> str:
    if "deviceEnrollmentConfigurations" in stage.pair["path"]:
        return f"{_first('enrolment_configurations')(stage)}_acacacac-9df4-4c7d-9d50-4ef0226f57a9"
    profile = next(iter(_host(stage).devices.autopilot_profiles.values()))
    return f"{profile.id}_{profile.group_id}_0"


def _told(stage: Stage, body: Any) -> Any:
    """The documented body; some pages have it in one block with its headers."""
    text = stage.pair["request"].get("body_text", "")
    return body or (json.loads(text[text.index("{") :]) if "{" in text else None)


def _person_sent(stage: Stage, body: Any) -> Any:
    """A page's "User Principal Name value" is nobody's, and its names are too long."""
    body = _told(stage, body)
    changed = {"userPrincipalName": stage.person.upn, "displayName": "PC-1", "assignedUserPrincipalName": ""}
    return body and {**body, **{name: value for name, value in changed.items() if name in body}}


def _hashes_sent(stage: Stage, body: Any) -> Any:
    name, body = "importedWindowsAutopilotDeviceIdentities", _told(stage, body)
    return body and {**body, name: [_person_sent(stage, item) for item in body[name]]}


def _serials_sent(stage: Stage, body: Any) -> Any:
    return {**(_told(stage, body) or {}), "deviceIds": [next(iter(_host(stage).devices.apple.values())).serial]}


def _nothing(_stage: Stage) -> None:
    """Here the tenant's own seed will do."""


examples.KEYS.update(
    {
        "devices": lambda stage: next(iter(_host(stage).devices.entra)),
        "(deviceid)": lambda stage: next(iter(_host(stage).devices.entra.values())).device_id,
        "windowsautopilotdeviceidentities": lambda stage: _free(stage)[0].id,
        "importedwindowsautopilotdeviceidentities": _first("imports"),
        "windowsautopilotdeploymentprofiles": _first("autopilot_profiles"),
        "assignments": _assignment,
        "assigneddevices": lambda stage: _free(stage)[0].id,
        "autopilotevents": _first("autopilot_events"),
        "deponboardingsettings": _first("dep_tokens"),
        "enrollmentprofiles": _first("dep_profiles"),
        "importedappledeviceidentities": _first("apple"),
        "deviceenrollmentconfigurations": _first("enrolment_configurations"),
        "manageddevices": _first("managed"),
        "troubleshootingevents": _first("troubleshooting"),
        "importeddeviceidentities": _first("corporate_identifiers"),
        "configurationpolicies": _first("configuration_policies"),
        "vpptokens": _first("vpp_tokens"),
        "signins": _first_sign_in,
        "directoryaudits": _first_audit,
    }
)
examples.SEEDERS.update(
    {
        "devices": _devices,
        "owneddevices": _devices,
        "registereddevices": _devices,
        "registeredowners": _owners,
        "registeredusers": _owners,
        "windowsautopilotdeviceidentities": _autopilot_devices,
        "importedwindowsautopilotdeviceidentities": _imports,
        "windowsautopilotdeploymentprofiles": _profiles,
        "assigneddevices": _autopilot_devices,
        "assignments": _nothing,
        "autopilotevents": _events,
        "deponboardingsettings": _apple_tokens,
        "enrollmentprofiles": _apple_profiles,
        "importedappledeviceidentities": _apple_devices,
        "deviceenrollmentconfigurations": _configurations,
        "manageddevices": _managed,
        "troubleshootingevents": _failures,
        "signins": _sign_ins,
        "directoryaudits": _audits,
    }
)
examples.CHANGED_BODY.update(
    {
        "assignusertodevice": _person_sent,
        "updatedeviceproperties": _person_sent,
        "importedwindowsautopilotdeviceidentities": _person_sent,
        "import": _hashes_sent,
        "updatedeviceprofileassignment": _serials_sent,
    }
)
