"""Directory side of a device's first day: joining, registering, and the keys that a person's device may add.

Refusals carry the numbers people see on the device
(learn.microsoft.com/autopilot/troubleshoot-oobe and /entra/identity/devices/troubleshoot-device-windows-joined).
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.sandbox import device_records, records
from agent.sandbox import tenant as tenants
from agent.sandbox.areas import activity, autopilot, enrolment, entra_devices, methods, sign_in

AUTHENTICATOR_AAGUID = "90a3ccdf-635c-4729-a248-9b709135078f"
"""Microsoft Authenticator on iOS (learn.microsoft.com/entra/identity, how-to-enable-authenticator-passkey)."""

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
    """Entra join of an Autopilot PC: reuses the object its registration made. Raises `DeviceRefused`."""
    found = at_first_run(tenant, hardware.serial)
    if found is None:
        raise DeviceRefused("807", "This PC has no Autopilot profile.", status=404)
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
    now = tenant.now()
    device.trust_type = "ServerAd" if profile.kind == "activeDirectory" else "AzureAd"
    device.display_name = hardware.name
    device.operating_system, device.os_version = "Windows", hardware.os_version
    device.manufacturer, device.model = hardware.manufacturer, hardware.model
    device.registered = device.last_sign_in = now
    device.owner_ids = [bearer.user.id]
    device.public_key = hardware.public_key
    bearer.session.device_id = device.device_id
    return device


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
    """Entra registration (Workplace) of an Apple device, always a new object. Raises `DeviceRefused`."""
    if not enrolment.may_register(tenant, bearer.user.id):
        raise DeviceRefused(JOIN_NOT_ALLOWED, "This person may not register devices, or has too many (801c03ed).")
    now = tenant.now()
    device = device_records.EntraDevice(
        id=tenant.new_id(),
        device_id=tenant.new_id(),
        display_name=hardware.name,
        trust_type="Workplace",
        operating_system=system,
        os_version=hardware.os_version,
        manufacturer=hardware.manufacturer,
        model=hardware.model,
        registered=now,
        created=now,
        last_sign_in=now,
        owner_ids=[bearer.user.id],
        public_key=hardware.public_key,
    )
    tenant.devices.entra[device.id] = device
    bearer.session.device_id = device.device_id
    return device


def add_hello_key(tenant: tenants.Tenant, bearer: sign_in.Bearer, *, device_id: str, public_key: str) -> records.Method:
    """Register a Windows Hello key for a joined PC, once the person has set a PIN. Raises `DeviceRefused`.

    MFA must be at most 10 minutes old
    (learn.microsoft.com/windows/security/identity-protection/hello-for-business/how-it-works-provisioning).
    """
    device = entra_devices.find_by_device_id(tenant, device_id)
    if device is None or device.trust_type != "AzureAd" or not device.enabled:
        raise DeviceRefused(ANCHOR_GONE, "Windows Hello needs a PC that is joined to Entra.")
    policy = enrolment.in_force(tenant, enrolment.HELLO)
    if policy is not None and policy.properties.get("state") == "disabled":
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
    return _add(tenant, bearer.user, method, named="Windows Hello for Business")


def check_fresh(tenant: tenants.Tenant, session: records.Session) -> None:
    """Raise `DeviceRefused` 801c03ed unless MFA was met at most 10 minutes ago."""
    if not sign_in.freshly_proven(tenant, session):
        raise DeviceRefused(JOIN_NOT_ALLOWED, "Registering a key needs MFA that is at most 10 minutes old (801c03ed).")


def add_authenticator(
    tenant: tenants.Tenant, bearer: sign_in.Bearer, *, device_id: str, public_key: str
) -> records.Method:
    """Switch on phone sign-in in Authenticator on a phone that is registered with Entra. Raises `DeviceRefused`."""
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
    return _add(tenant, bearer.user, method, named="Microsoft Authenticator app")


def add_passkey(tenant: tenants.Tenant, session: records.Session, *, name: str, public_key: str) -> records.Method:
    """Register a passkey held in Authenticator; needs no registered device. Raises `DeviceRefused`."""
    check_fresh(tenant, session)
    user = tenant.directory.users[session.user_id]
    method = records.Method(
        id=tenant.new_id(),
        user_id=user.id,
        kind="fido2",
        display_name=name,
        created=tenant.now(),
        properties={
            "aaGuid": AUTHENTICATOR_AAGUID,
            "model": "Microsoft Authenticator",
            "attestationLevel": "attested",
            "passkeyType": "deviceBound",
        },
        public_key=public_key,
    )
    return _add(tenant, user, method, named="Fido2 Authentication Method")


def _add(tenant: tenants.Tenant, user: records.User, method: records.Method, *, named: str) -> records.Method:
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
