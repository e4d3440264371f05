"""Directory side of a device's first day: joining, registering, and the keys that a person's device may add.

Refusals carry the numbers people see on the device
(learn.microsoft.com/autopilot/troubleshoot-oobe and /entra/identity/devices/troubleshoot-device-windows-joined).
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.sandbox import device_records, records, sign_in_records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import (
    activity,
    allowed_methods,
    autopilot,
    device_policies,
    enrolment,
    entra_devices,
    methods,
    sign_in,
)


@dataclass(frozen=True, slots=True)
class PasskeyMaker:
    """What makes and holds a passkey: the AAGUID it attests with, and its model."""

    aaguid: str
    model: str


AUTHENTICATOR = "Microsoft Authenticator"
PASSKEY_MAKERS = {
    "iOS": PasskeyMaker("90a3ccdf-635c-4729-a248-9b709135078f", AUTHENTICATOR),
    "Android": PasskeyMaker("de1e552d-db1d-4423-a619-566b625cdc84", AUTHENTICATOR),
    "security-key": PasskeyMaker("2fc0579f-8113-47ea-b116-bb5a8db9202a", "YubiKey 5 NFC"),
}
"""Authenticator by the phone's system (learn.microsoft.com/entra/identity, how-to-enable-authenticator-passkey), and a
security key (its maker's published AAGUID)."""

JOIN_NOT_ALLOWED = "801c03ed"
ANCHOR_GONE = "801c03f3"


class DeviceRefused(Exception):
    """A step that the tenant refuses a device: `code` as the device shows it, and a sentence."""

    def __init__(self, code: str, sentence: str, *, status: int = 403) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.status = status


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a device says about itself; `public_key` (PEM) proves it is the same device later."""

    serial: str
    name: str
    model: str = ""
    manufacturer: str = ""
    os_version: str = ""
    public_key: str = ""


def at_first_run(
    tenant: tenants.Tenant, serial: str
) -> tuple[device_records.AutopilotIdentity, device_records.AutopilotProfile] | None:
    """The registration and profile a PC finds when it asks at its first run, or `None`: a consumer's first run."""
    for identity in autopilot.by_serial(tenant, serial):
        profile = autopilot.profile_at_boot(tenant, identity)
        if profile is not None:
            identity.last_contacted = tenant.now()
            return identity, profile
    return None


def join(tenant: tenants.Tenant, bearer: sign_in.Bearer, hardware: Hardware) -> device_records.EntraDevice:
    """Entra join of a PC: one that Autopilot knows reuses the object its registration made. Raises `DeviceRefused`."""
    found = at_first_run(tenant, hardware.serial)
    if found is None:
        return _join_unregistered(tenant, bearer, hardware)
    identity, profile = found
    assigned = identity.user_principal_name.lower()
    if assigned and assigned != bearer.user.upn.lower():
        raise DeviceRefused("assigned_to_another", "This PC is assigned to another person of the organisation.")
    _check_may_join(tenant, bearer)
    device = entra_devices.find_by_device_id(tenant, identity.entra_device_id)
    if device is None or not device.enabled:
        raise DeviceRefused(
            ANCHOR_GONE, "Something went wrong (801c03F3): the PC's object in Entra is gone or disabled."
        )
    device.trust_type = "ServerAd" if profile.kind == "activeDirectory" else "AzureAd"
    describe(tenant, device, hardware, system="Windows")
    device.owner_ids = [bearer.user.id]
    bearer.session.device_id = device.device_id
    return device


def unprofiled(tenant: tenants.Tenant, serial: str) -> DeviceRefused | None:
    """Why a PC finds no profile at its first run: it is unknown (807), or known and without one (815).

    learn.microsoft.com/autopilot/troubleshoot-oobe
    """
    if at_first_run(tenant, serial) is not None:
        return None
    if autopilot.by_serial(tenant, serial):
        return DeviceRefused("815", "Autopilot knows this PC, but it has no profile yet.", status=404)
    return DeviceRefused("807", "Autopilot does not know this PC.", status=404)


def _join_unregistered(
    tenant: tenants.Tenant, bearer: sign_in.Bearer, hardware: Hardware
) -> device_records.EntraDevice:
    refusal = unprofiled(tenant, hardware.serial)
    if refusal is not None and refusal.code != "807":
        raise refusal
    _check_may_join(tenant, bearer)
    return new_object(tenant, bearer, hardware, system="Windows", trust_type="AzureAd")


def new_object(
    tenant: tenants.Tenant, bearer: sign_in.Bearer, hardware: Hardware, *, system: str, trust_type: str
) -> device_records.EntraDevice:
    """A new device object that belongs to this person; the same hardware asking twice gets the same one."""
    held = tenant.devices.entra.values()
    known = (device for device in held if device.public_key and device.public_key == hardware.public_key)
    device = next(known, None) or device_records.EntraDevice(tenant.new_id(), tenant.new_id(), hardware.name)
    device.created = device.created or tenant.now()
    device.trust_type, device.owner_ids = trust_type, [bearer.user.id]
    describe(tenant, device, hardware, system=system)
    tenant.devices.entra[device.id] = device
    bearer.session.device_id = device.device_id
    return device


def describe(tenant: tenants.Tenant, device: device_records.EntraDevice, hardware: Hardware, *, system: str) -> None:
    """Write down what the hardware says about itself, and that it joined or registered now."""
    device.display_name, device.public_key = hardware.name, hardware.public_key
    device.operating_system, device.os_version = system, hardware.os_version
    device.manufacturer, device.model = hardware.manufacturer, hardware.model
    device.registered = device.last_sign_in = tenant.now()


def _check_may_join(tenant: tenants.Tenant, bearer: sign_in.Bearer) -> None:
    if not enrolment.may_join(tenant, bearer.user.id):
        raise DeviceRefused(
            JOIN_NOT_ALLOWED, "Something went wrong (801c03ed): this person may not join devices, or has too many."
        )
    if tenant.devices.registration_policy.mfa_required and "mfa" not in bearer.session.amr:
        raise DeviceRefused(
            JOIN_NOT_ALLOWED, "Something went wrong (801c03ed): joining needs multi-factor authentication."
        )


def register_phone(
    tenant: tenants.Tenant, bearer: sign_in.Bearer, hardware: Hardware, *, system: str
) -> device_records.EntraDevice:
    """Entra registration (Workplace) of a phone, a new object. Raises `DeviceRefused`."""
    if not enrolment.may_register(tenant, bearer.user.id):
        raise DeviceRefused(JOIN_NOT_ALLOWED, "This person may not register devices, or has too many (801c03ed).")
    return new_object(tenant, bearer, hardware, system=system, trust_type="Workplace")


def add_hello_key(tenant: tenants.Tenant, bearer: sign_in.Bearer, *, device_id: str, public_key: str) -> records.Method:
    """Register a Windows Hello key for a joined PC, once the person has set a PIN. Raises `DeviceRefused`.

    MFA must be at most 10 minutes old
    (learn.microsoft.com/windows/security/identity-protection/hello-for-business/how-it-works-provisioning).
    """
    device = entra_devices.find_by_device_id(tenant, device_id)
    if device is None or device.trust_type != "AzureAd" or not device.enabled:
        raise DeviceRefused(ANCHOR_GONE, "Windows Hello needs a PC that is joined to Entra.")
    if not device_policies.hello(tenant, device_policies.whom(tenant, bearer.user.id, device)).wanted:
        raise DeviceRefused("hello_disabled", "Windows Hello is switched off by policy.")
    check_fresh(tenant, bearer.session)
    method = records.Method(
        id=tenant.new_id(),
        user_id=bearer.user.id,
        kind="windowsHelloForBusiness",
        display_name=device.display_name,
        created=tenant.now(),
        device_id=device.id,
        properties={"keyStrength": "normal"},
        public_key=public_key,
    )
    return add_method(tenant, bearer.user, method, named="Windows Hello for Business")


def reset_pin(tenant: tenants.Tenant, bearer: sign_in.Bearer, *, device_id: str, public_key: str) -> records.Method:
    """A new PIN for the key a PC holds; where the PIN reset service is off, a new key takes the old one's place.

    With the service the key stays, and nothing changes for a reader of the directory
    (learn.microsoft.com/windows/security/identity-protection/hello-for-business/pin-reset). Raises `DeviceRefused`.
    """
    device = entra_devices.find_by_device_id(tenant, device_id)
    check_fresh(tenant, bearer.session)
    held = tenant.credentials.methods.get(bearer.user.id, [])
    of_device = [
        item for item in held if item.kind == "windowsHelloForBusiness" and device and item.device_id == device.id
    ]
    kept = next((item for item in of_device if item.public_key == public_key), None)
    if kept is not None:
        return kept
    made = add_hello_key(tenant, bearer, device_id=device_id, public_key=public_key)
    for old in of_device:
        remove_own_method(tenant, bearer.user, old.id)
    return made


def check_fresh(tenant: tenants.Tenant, session: sign_in_records.Session) -> None:
    """Raise `DeviceRefused` 801c03ed unless MFA was met at most 10 minutes ago."""
    if not sign_in.freshly_proven(tenant, session):
        raise DeviceRefused(JOIN_NOT_ALLOWED, "Registering a key needs MFA that is at most 10 minutes old (801c03ed).")


def add_authenticator(
    tenant: tenants.Tenant, bearer: sign_in.Bearer, *, device_id: str, public_key: str
) -> records.Method:
    """Switch on phone sign-in in Authenticator on a phone that is registered with Entra. Raises `DeviceRefused`."""
    if not allowed_methods.phone_sign_in(tenant, bearer.user.id):
        raise DeviceRefused("method_not_allowed", "Your organisation does not allow phone sign-in in Authenticator.")
    device = entra_devices.find_by_device_id(tenant, device_id)
    if device is None or bearer.user.id not in device.owner_ids:
        raise DeviceRefused(ANCHOR_GONE, "Phone sign-in needs a phone that is registered to this person.")
    check_fresh(tenant, bearer.session)
    method = records.Method(
        id=tenant.new_id(),
        user_id=bearer.user.id,
        kind="microsoftAuthenticator",
        display_name=device.display_name,
        created=tenant.now(),
        device_id=device.id,
        properties={"deviceTag": "SoftwareTokenActivated", "phoneAppVersion": "6.8.40"},
        public_key=public_key,
    )
    return add_method(tenant, bearer.user, method, named="Microsoft Authenticator app")


def add_passkey(
    tenant: tenants.Tenant, session: sign_in_records.Session, *, name: str, public_key: str, held_in: str = "iOS"
) -> records.Method:
    """Register a passkey; needs no registered device. `held_in` names the maker. Raises `DeviceRefused`."""
    check_fresh(tenant, session)
    maker = PASSKEY_MAKERS[held_in]
    if not allowed_methods.passkey(tenant, session.user_id, maker.aaguid):
        raise DeviceRefused("method_not_allowed", f"Your organisation does not allow a passkey of {maker.model}.")
    user = tenant.directory.users[session.user_id]
    method = records.Method(
        id=tenant.new_id(),
        user_id=user.id,
        kind="fido2",
        display_name=name,
        created=tenant.now(),
        properties={
            "aaGuid": maker.aaguid,
            "model": maker.model,
            "attestationLevel": "attested",
            "passkeyType": "deviceBound",
        },
        public_key=public_key,
    )
    return add_method(tenant, user, method, named="Fido2 Authentication Method")


def add_method(tenant: tenants.Tenant, user: records.User, method: records.Method, *, named: str) -> records.Method:
    """Give the person a method, with its row in the audit log; the same key a second time changes nothing."""
    held = tenant.credentials.methods.setdefault(user.id, [])
    for known in held:
        if known.public_key is not None and known.public_key == method.public_key:
            return known  # the device did not hear the first answer
    methods.before_change(tenant, user.id)
    held.append(method)
    change = activity.Change(
        "User registered security info", f"User registered {named}", user, user.id, operation="Create"
    )
    activity.record_audit(tenant, change)
    return method


def remove_own_method(tenant: tenants.Tenant, user: records.User, method_id: str) -> None:
    """A person deletes one of their own methods; a password cannot go. Raises `DeviceRefused`."""
    held = tenant.credentials.methods.get(user.id, [])
    method = next((method for method in held if method.id == method_id and method.kind != "password"), None)
    if method is None:
        raise DeviceRefused("not_found", "This sign-in method is not there, or cannot be deleted.", status=404)
    methods.before_change(tenant, user.id)
    held.remove(method)
    change = activity.Change(
        "User deleted security info", f"User deleted {method.kind}", user, user.id, operation="Delete"
    )
    activity.record_audit(tenant, change)
