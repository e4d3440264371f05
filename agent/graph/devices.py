"""Windows and Entra devices through Graph; Apple's enrolment stands beside it. No filter is trusted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from agent import errors
from agent.domain import devices
from agent.domain.facts import Fact, Known, NotChecked
from agent.graph import answers, apple, urls
from agent.graph.calls import Calls, First

V = TypeVar("V")

AUTOPILOT_PERMISSION = "DeviceManagementServiceConfig.Read.All"
MANAGED_PERMISSION = "DeviceManagementManagedDevices.Read.All"
ENTRA_PERMISSION = "Device.Read.All"

_AUTOPILOT = ("deviceManagement", "windowsAutopilotDeviceIdentities")
_MANAGED_DEVICES = ("deviceManagement", "managedDevices")
_MANAGED = {
    "$select": "id,serialNumber,deviceName,userPrincipalName,userId,enrolledDateTime,azureADDeviceId,azureADRegistered,"
    "managementState,complianceState,operatingSystem,osVersion,deviceEnrollmentType"
}
_ENTRA = {
    "$select": "id,deviceId,displayName,trustType,accountEnabled,isManaged,isCompliant,registrationDateTime",
    "$expand": "registeredOwners($select=id)",
}


class GraphDevices:
    """Fits `ports.Devices`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def autopilot(
        self, serials: Sequence[str], listed: Callable[[Collection[str]], None] = lambda _: None
    ) -> Mapping[str, Fact[tuple[devices.AutopilotRecord, ...]]]:
        """Exact matches with profile and assignment, keyed as asked; `listed` is told their Entra deviceIds early.

        learn.microsoft.com/graph/api/resources/intune-enrollment-windowsautopilotdeviceidentity
        """
        return _Autopilot(self._calls).find(serials, listed)

    def apple(self, serials: Sequence[str]) -> Mapping[str, Fact[tuple[devices.AppleRecord, ...]]]:
        """Exact matches over all enrolment tokens, keyed as asked."""
        return apple.read(self._calls, serials)

    def managed(self, serials: Sequence[str]) -> Mapping[str, Fact[tuple[devices.ManagedDevice, ...]]]:
        """Exact matches, keyed as asked.

        learn.microsoft.com/graph/api/resources/intune-devices-manageddevice. A filter that Intune does not know, or an
        empty serial in one it knows, gives every device with 200.
        """
        if any(not serial.strip() for serial in serials):
            return self._calls.many(self._managed, serials)
        return self._calls.many(self._managed, serials, first=lambda serial: First(_of_serial(serial)))

    def entra(self, device_ids: Sequence[str]) -> Mapping[str, Fact[devices.EntraDevice | None]]:
        """By Entra deviceId, with the object ids of the registered owners; learn.microsoft.com/graph/api/device-get."""
        keys = {device: urls.alternate_key("devices", "deviceId", device) for device in device_ids}
        first = {device: First(urls.address(urls.V1, key, query=_ENTRA)) for device, key in keys.items()}
        return self._calls.many(lambda device: self._entra(device, keys[device]), keys, first=first.__getitem__)

    def owned(self, person_ids: Sequence[str]) -> Mapping[str, Fact[tuple[devices.EntraDevice, ...]]]:
        """The Entra devices each person owns; learn.microsoft.com/graph/api/user-list-owneddevices."""
        return self._calls.many(self._owned, person_ids, first=lambda person: First(_owned_by(person)))

    def managed_by(self, person_ids: Sequence[str]) -> Mapping[str, Fact[tuple[devices.ManagedDevice, ...]]]:
        """The devices that Intune has of each person.

        learn.microsoft.com/graph/api/intune-devices-manageddevice-list
        """
        return self._calls.many(self._managed_by, person_ids, first=lambda person: First(_managed_of(person)))

    def groups_of(self, device_ids: Sequence[str]) -> Mapping[str, Fact[frozenset[str]]]:
        """The groups that contain each device, in groups too, by Entra deviceId.

        learn.microsoft.com/graph/api/device-list-transitivememberof
        """
        return self._calls.many(self._groups_of, device_ids, first=lambda device: First(_groups_of_device(device)))

    def hardware(self, managed_ids: Sequence[str]) -> Mapping[str, Fact[devices.Hardware | None]]:
        """What each PC told Intune of itself, by the id of its row; Known(None) when the row is gone.

        Real only in a GET by id that names it (microsoftgraph/msgraph-metadata, annotations of managedDevice).
        """
        asked = [one for one in managed_ids if urls.is_guid(one)]
        found = self._calls.many(self._hardware, asked, first=lambda row: First(_hardware_of(row)))
        nameless = NotChecked("Intune gave this row an id that cannot be asked for.")
        return {one: found.get(one, nameless) for one in managed_ids}

    def _groups_of(self, device_id: str) -> Fact[frozenset[str]]:
        address = _groups_of_device(device_id)

        def read() -> frozenset[str]:
            try:
                rows = self._calls.rows(address)
            except errors.TenantRefused as refused:
                if refused.status != 404:
                    raise
                return frozenset()
            return frozenset(answers.text(row, "id").lower() for row in rows) - {""}

        return self._calls.fact(read, "GET /v1.0/devices(deviceId='{id}')/transitiveMemberOf", ENTRA_PERMISSION)

    def _hardware(self, managed_id: str) -> Fact[devices.Hardware | None]:
        address = _hardware_of(managed_id)

        def read() -> devices.Hardware | None:
            try:
                told = answers.inner(self._calls.get(address), "hardwareInformation")
            except errors.TenantRefused as refused:
                if refused.status != 404:
                    raise
                return None
            edition = answers.text(told, "operatingSystemEdition")
            return devices.Hardware(answers.text(told, "tpmSpecificationVersion"), edition)

        return self._calls.fact(read, f"GET {address.shape}", MANAGED_PERMISSION)

    def _owned(self, person_id: str) -> Fact[tuple[devices.EntraDevice, ...]]:
        address = _owned_by(person_id)

        def read() -> tuple[devices.EntraDevice, ...]:
            rows = self._calls.rows(address)
            return tuple(_entra(row) for row in rows if answers.text(row, "deviceId"))

        return self._calls.fact(read, f"GET {address.shape}", ENTRA_PERMISSION)

    def _managed_by(self, person_id: str) -> Fact[tuple[devices.ManagedDevice, ...]]:
        address = _managed_of(person_id)

        def read() -> tuple[devices.ManagedDevice, ...]:
            return tuple(_managed(row) for row in self._calls.rows(address))

        return self._calls.fact(read, f"GET {address.shape}", MANAGED_PERMISSION)

    def _managed(self, serial: str) -> Fact[tuple[devices.ManagedDevice, ...]]:
        def read() -> tuple[devices.ManagedDevice, ...]:
            rows = self._calls.rows(_of_serial(serial)) if serial.strip() else []
            return tuple(_managed(row) for row in rows if same_serial(row, serial))

        return self._calls.fact(read, f"GET {urls.address(urls.V1, *_MANAGED_DEVICES).shape}", MANAGED_PERMISSION)

    def _entra(self, device_id: str, key: urls.Segment) -> Fact[devices.EntraDevice | None]:
        address = urls.address(urls.V1, key, query=_ENTRA)

        def read() -> devices.EntraDevice | None:
            try:
                row = self._calls.get(address)
            except errors.TenantRefused as refused:
                if refused.status != 404:
                    raise
                return None
            return _entra(row) if answers.text(row, "deviceId").lower() == device_id.lower() else None

        return self._calls.fact(read, "GET /v1.0/devices(deviceId='{id}')", ENTRA_PERMISSION)


class _Autopilot:
    """One look-up of many serials, which share the whole list where Graph refuses the filter."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._lock = threading.Lock()
        self._everything: list[answers.Row] | None = None

    def find(
        self, serials: Sequence[str], told: Callable[[Collection[str]], None]
    ) -> Mapping[str, Fact[tuple[devices.AutopilotRecord, ...]]]:
        """Keyed as asked."""
        named = [serial for serial in serials if serial.strip()]
        listed = self._calls.many(self._rows, named, first=lambda serial: First(_containing(serial.strip())))
        rows = [row for fact in listed.values() if isinstance(fact, Known) for row in fact.value]
        told({device for row in rows if (device := _entra_id(row))})
        ids: list[str] = [urls.guid(answers.text(row, "id")) for row in rows]
        wholes = self._calls.many(self._whole, ids, first=lambda one: First(_single(one)))
        nothing = self._calls.fact(tuple[answers.Row, ...], "no serial was asked about", "")
        return {serial: _records(serial, listed.get(serial, nothing), wholes) for serial in serials}

    def _rows(self, serial: str) -> Fact[tuple[answers.Row, ...]]:
        """The rows of this serial, as the list shows them."""

        def read() -> tuple[answers.Row, ...]:
            same = [row for row in self._candidates(serial.strip()) if same_serial(row, serial)]
            for row in same:
                urls.guid(answers.text(row, "id"))
            return tuple(same)

        return self._fact(read)

    def _fact(self, read: Callable[[], V]) -> Fact[V]:
        return self._calls.fact(read, f"GET {urls.address(urls.BETA, *_AUTOPILOT).shape}", AUTOPILOT_PERMISSION)

    def _candidates(self, serial: str) -> list[answers.Row]:
        """Rows whose serial contains this one's first word.

        Intune refuses `eq` here always, and `contains` with a hyphen at times (400): then the whole list is paged.
        """
        try:
            return self._calls.rows(_containing(serial))
        except errors.TenantRefused as refused:
            if refused.status != 400:
                raise
        with self._lock:
            if self._everything is None:
                self._everything = self._calls.rows(urls.address(urls.BETA, *_AUTOPILOT))
            return self._everything

    def _whole(self, identity: str) -> Fact[answers.Row | None]:
        """The record with its profiles, which only a single GET shows; None when it went meanwhile."""

        def read() -> answers.Row | None:
            try:
                return self._calls.get(_single(identity))
            except errors.TenantRefused as refused:
                if refused.status != 404:
                    raise
                return None

        return self._fact(read)


def _owned_by(person_id: str) -> urls.Address:
    return urls.address(urls.V1, "users", urls.guid(person_id), "ownedDevices")


def _managed_of(person_id: str) -> urls.Address:
    return urls.address(urls.V1, "users", urls.guid(person_id), "managedDevices", query=_MANAGED)


def _groups_of_device(device_id: str) -> urls.Address:
    key = urls.alternate_key("devices", "deviceId", device_id)
    return urls.address(urls.V1, key, "transitiveMemberOf", query={"$select": "id"})


def _hardware_of(managed_id: str) -> urls.Address:
    query = {"$select": "id,hardwareInformation"}
    return urls.address(urls.BETA, *_MANAGED_DEVICES, urls.guid(managed_id), query=query)


def _of_serial(serial: str) -> urls.Address:
    query = {"$filter": f"serialNumber eq {urls.literal(serial.strip())}", **_MANAGED}
    return urls.address(urls.V1, *_MANAGED_DEVICES, query=query)


def _containing(serial: str) -> urls.Address:
    query = {"$top": "100", "$filter": f"contains(serialNumber,{urls.literal(serial.split(maxsplit=1)[0])})"}
    return urls.address(urls.BETA, *_AUTOPILOT, query=query)


def _single(identity: str) -> urls.Address:
    query = {"$expand": "deploymentProfile,intendedDeploymentProfile"}
    return urls.address(urls.BETA, *_AUTOPILOT, urls.guid(identity), query=query)


def _records(
    serial: str, listed: Fact[tuple[answers.Row, ...]], wholes: Mapping[str, Fact[answers.Row | None]]
) -> Fact[tuple[devices.AutopilotRecord, ...]]:
    if isinstance(listed, NotChecked):
        return listed
    found: list[devices.AutopilotRecord] = []
    for row in listed.value:
        whole = wholes[urls.guid(answers.text(row, "id"))]
        if isinstance(whole, NotChecked):
            return whole
        if whole.value is not None and same_serial(whole.value, serial):
            found.append(_autopilot(whole.value))
    return Known(tuple(found), listed.source, listed.at)


def same_serial(row: answers.Row, serial: str) -> bool:
    """Whether a row is of this serial: trimmed, in any case."""
    return answers.text(row, "serialNumber").strip().casefold() == serial.strip().casefold()


def _autopilot(row: answers.Row) -> devices.AutopilotRecord:
    profile, intended = answers.inner(row, "deploymentProfile"), answers.inner(row, "intendedDeploymentProfile")
    shown = profile or intended
    return devices.AutopilotRecord(
        id=answers.text(row, "id"),
        serial=answers.text(row, "serialNumber").strip(),
        model=" ".join(filter(None, (answers.text(row, "manufacturer"), answers.text(row, "model")))),
        user_name=answers.text(row, "userPrincipalName"),
        assignment_status=answers.text(row, "deploymentProfileAssignmentStatus"),
        assigned_at=answers.time(row, "deploymentProfileAssignedDateTime"),
        profile_name=answers.text(shown, "displayName"),
        profile_is_intended=not intended or answers.text(intended, "id") == answers.text(profile, "id"),
        join=_join(shown),
        shared=_shared(shown),
        enrolment_state=answers.text(row, "enrollmentState"),
        entra_device_id=_entra_id(row),
        managed_device_id=answers.identifier(row, "managedDeviceId"),
        userless_blocked=answers.text(row, "userlessEnrollmentStatus") == "blocked",
    )


def _entra_id(row: answers.Row) -> str:
    """The deviceId of the record's object in Entra, or nothing where there is none that can be asked for."""
    names = ("azureAdDeviceId", "azureActiveDirectoryDeviceId")
    return next((one for one in (answers.identifier(row, name) for name in names) if urls.is_guid(one)), "")


def _join(profile: answers.Row) -> devices.Join:
    """By the profile's type (learn.microsoft.com/graph/api/resources, intune-enrollment-*deploymentprofile)."""
    kind = answers.kind(profile)
    if kind == "azureADWindowsAutopilotDeploymentProfile":
        return devices.Join.ENTRA
    if kind == "activeDirectoryWindowsAutopilotDeploymentProfile":
        return devices.Join.HYBRID
    return devices.Join.UNKNOWN


def _shared(profile: answers.Row) -> bool:
    """Self-deploying, by either generation of the out-of-box settings."""
    settings = (answers.inner(profile, name) for name in ("outOfBoxExperienceSetting", "outOfBoxExperienceSettings"))
    return any(answers.text(each, "deviceUsageType") == "shared" for each in settings)


def _managed(row: answers.Row) -> devices.ManagedDevice:
    return devices.ManagedDevice(
        id=answers.text(row, "id"),
        serial=answers.text(row, "serialNumber").strip(),
        name=answers.text(row, "deviceName"),
        user_name=answers.text(row, "userPrincipalName"),
        user_id=answers.identifier(row, "userId"),
        enrolled_at=answers.time(row, "enrolledDateTime"),
        entra_device_id=answers.identifier(row, "azureADDeviceId"),
        entra_registered=answers.flag(row, "azureADRegistered") is True,
        management_state=answers.text(row, "managementState"),
        compliance=answers.text(row, "complianceState"),
        operating_system=answers.text(row, "operatingSystem"),
        os_version=answers.text(row, "osVersion"),
        enrolment_type=answers.text(row, "deviceEnrollmentType"),
    )


def _entra(row: answers.Row) -> devices.EntraDevice:
    owners = (answers.text(owner, "id").lower() for owner in answers.inner_rows(row, "registeredOwners"))
    return devices.EntraDevice(
        id=answers.text(row, "id"),
        device_id=answers.text(row, "deviceId"),
        name=answers.text(row, "displayName"),
        trust_type=answers.text(row, "trustType"),
        owner_ids=tuple(owner for owner in owners if owner),
        enabled=answers.flag(row, "accountEnabled") is not False,
        managed=answers.flag(row, "isManaged"),
        compliant=answers.flag(row, "isCompliant"),
        registered_at=answers.time(row, "registrationDateTime"),
    )
