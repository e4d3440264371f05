"""People and operators, and how a person can already sign in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

#: How the id of an operator begins who did not sign in.
LOCAL = "local:"


class Role(StrEnum):
    """What an operator may do; the rules stand with the verbs."""

    TECHNICIAN = "technician"
    LEAD = "lead"
    APPROVER = "approver"
    AUDITOR = "auditor"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Operator:
    """Who acts; never anonymous.

    `id` is the Entra object id of somebody who signed in (lower case) and alone decides who is the same person, `name`
    their user name; or `local:…` for the program itself, and for whoever plays a role on the sandbox. `role` is None
    for a person whom an ask names and who needs none to answer it.
    """

    id: str
    name: str
    role: Role | None

    @property
    def signed_in(self) -> bool:
        """Whether they proved who they are."""
        return not self.id.startswith(LOCAL)


class PersonKind(StrEnum):
    """A guest is external when the home identity is elsewhere: only those can never hold a pass.

    learn.microsoft.com/entra/identity/authentication/howto-authentication-temporary-access-pass
    """

    MEMBER = "member"
    INTERNAL_GUEST = "internal_guest"
    EXTERNAL_GUEST = "external_guest"


@dataclass(frozen=True, slots=True)
class Person:
    """The user who gets the device, as the directory has them; absent text is the empty string.

    `created` is when the account was made, None where the directory does not say. `restricted` says that a restricted
    management administrative unit keeps tenant-wide administrators away.
    """

    id: str
    user_name: str
    display_name: str
    kind: PersonKind = PersonKind.MEMBER
    enabled: bool = True
    department: str = ""
    job_title: str = ""
    office: str = ""
    staff_number: str = ""
    manager: str = ""
    sessions_valid_from: datetime | None = None
    created: datetime | None = None
    restricted: bool = False
    manager_id: str = ""

    @property
    def distinguishing(self) -> tuple[str, ...]:
        """What tells two people of one name apart, in the order people ask for it."""
        staff = f"Staff no. {self.staff_number}" if self.staff_number else ""
        manager = f"Manager: {self.manager}" if self.manager else ""
        return tuple(part for part in (self.department, self.office, staff, manager) if part)


@dataclass(frozen=True, slots=True)
class Addressee:
    """Somebody who can be written to: a name for the greeting and a mail address."""

    name: str
    address: str


class MethodKind(StrEnum):
    """The kinds of authentication method that Graph lists for a user, in our words."""

    HELLO = "hello"
    PASSKEY = "passkey"
    PLATFORM_CREDENTIAL = "platform_credential"
    AUTHENTICATOR = "authenticator"
    PHONE = "phone"
    EMAIL = "email"
    SOFTWARE_OATH = "software_oath"
    PASSWORD = "password"  # noqa: S105  the name of a kind of method, not a secret
    OTHER = "other"


#: Microsoft Authenticator's own AAGUIDs (iOS and Android): a passkey with one of them lives in that app.
#: learn.microsoft.com/entra/identity/authentication/how-to-enable-authenticator-passkey
AUTHENTICATOR_AAGUIDS = frozenset({"90a3ccdf-635c-4729-a248-9b709135078f", "de1e552d-db1d-4423-a619-566b625cdc84"})


@dataclass(frozen=True, slots=True)
class SignInMethod:
    """One registered method. `device_id` is the Entra deviceId it is bound to, where Graph tells.

    `created` is None where Graph gives no time (Authenticator registered for push only); `phone_sign_in` says that
    Authenticator can sign in without a password; `last_used` comes from beta and may be None.
    """

    id: str
    kind: MethodKind
    name: str = ""
    created: datetime | None = None
    device_id: str = ""
    aaguid: str = ""
    phone_sign_in: bool = False
    last_used: datetime | None = None

    @property
    def strong(self) -> bool:
        """Hello key, passkey, platform credential, Authenticator with phone sign-in; not push, SMS or codes."""
        if self.kind is MethodKind.AUTHENTICATOR:
            return self.phone_sign_in
        return self.kind in {MethodKind.HELLO, MethodKind.PASSKEY, MethodKind.PLATFORM_CREDENTIAL}

    @property
    def usable_elsewhere(self) -> bool:
        """Strong and not bound to one other computer: a Hello key or platform credential stays on its device."""
        return self.strong and self.kind in {MethodKind.PASSKEY, MethodKind.AUTHENTICATOR}

    @property
    def in_authenticator(self) -> bool:
        """A passkey that lives in Microsoft Authenticator, or Authenticator showing phone sign-in."""
        if self.kind is MethodKind.PASSKEY:
            return self.aaguid.lower() in AUTHENTICATOR_AAGUIDS
        return self.kind is MethodKind.AUTHENTICATOR and self.phone_sign_in


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A directory role that reaches the person: `how` is `direct`, `group` or `eligible`."""

    name: str
    how: str
