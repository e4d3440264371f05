"""What the pretend tenant remembers of Apple beside its devices: apps bought in volume, enrolment by one's own account.

Plain mutable records without behaviour, like `device_records`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

ALL_DEVICES = "all_devices"
ALL_USERS = "all_users"
"""Targets of an assignment that are no group."""


@dataclass(slots=True)
class AppAssignment:
    """Whom an app is assigned to: `intent` in Graph's words, `target` a group's id, `ALL_DEVICES` or `ALL_USERS`.

    `device_licensed` takes a licence for the device, which needs no Apple Account
    (learn.microsoft.com/graph/api/resources/intune-shared-iosvppappassignmentsettings).
    """

    intent: str = "required"
    target: str = ALL_DEVICES
    device_licensed: bool = True


@dataclass(slots=True)
class StoreApp:
    """An app bought in volume with a token (learn.microsoft.com/graph/api/resources/intune-apps-iosvppapp).

    `used` counts the licences that were taken before the tenant began, `serials` names the devices that took one since.
    """

    id: str
    name: str
    bundle_id: str
    token_id: str
    total: int = 25
    used: int = 0
    created: datetime | None = None
    serials: set[str] = field(default_factory=set)
    assignments: list[AppAssignment] = field(default_factory=list)


@dataclass(slots=True)
class UserEnrolment:
    """How people may enrol a device of their own account (beta appleUserInitiatedEnrollmentProfile).

    `kind` is Graph's word: device, user, accountDrivenUserEnrollment or webDeviceEnrollment; it is meant for the people
    of `group_ids`, where `ALL_USERS` is everybody.
    """

    id: str
    name: str
    kind: str = "accountDrivenUserEnrollment"
    priority: int = 1
    created: datetime | None = None
    group_ids: list[str] = field(default_factory=list)
