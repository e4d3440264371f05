"""What the pretend tenant remembers about devices that are only on their way in.

Hashes being imported into Autopilot, corporate identifiers, what Apple's programme holds, and the certificate for
Apple's push service. Plain mutable records without behaviour, like `device_records`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(slots=True)
class ImportedIdentity:
    """A hardware hash handed to Autopilot
    (learn.microsoft.com/graph/api/resources/intune-enrollment-importedwindowsautopilotdeviceidentity).

    `status` is unknown, then complete or error; `registration_id` is the id of the Autopilot device to come,
    `error_name` "None" where the import went well. `hardware_hash` is base64 as it was sent.
    """

    id: str
    serial: str
    hardware_hash: str
    group_tag: str = ""
    product_key: str = ""
    import_id: str = ""
    person: str = ""
    status: str = "unknown"
    registration_id: str = ""
    error_code: int = 0
    error_name: str = ""


@dataclass(slots=True)
class AutopilotSync:
    """Intune's synchronisation with Autopilot (beta windowsAutopilotSettings); `status` in Graph's words."""

    finished: datetime | None = None
    asked: datetime | None = None
    status: str = "completed"


@dataclass(slots=True)
class CorporateIdentifier:
    """A device that counts as the organisation's own (beta importedDeviceIdentity).

    `kind` is serialNumber, imei or manufacturerModelSerial; the last is kept in upper case without signs, its three
    parts joined by commas.
    """

    id: str
    identifier: str
    kind: str = "serialNumber"
    platform: str = "unknown"
    description: str = ""
    enrollment_state: str = "notContacted"
    created: datetime | None = None
    last_contacted: datetime | None = None


@dataclass(slots=True)
class BusinessDevice:
    """A device that Apple Business Manager has given to the server of one token; `platform` is ios or macOS."""

    serial: str
    token_id: str
    platform: str
    model: str
    given: datetime | None = None
    released: datetime | None = None


@dataclass(slots=True)
class PushCertificate:
    """The certificate under which Intune speaks to Apple devices (applePushNotificationCertificate)."""

    apple_id: str
    certificate_serial: str
    expires: datetime
    modified: datetime
