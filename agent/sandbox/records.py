"""What the pretend tenant remembers about people, their methods, policies, registrations and logs.

Plain mutable records without behaviour: the rules live in `agent.sandbox.areas`, the shapes on the wire in
`agent.sandbox.wire`. Devices are in `device_records`, sign-ins in progress in `sign_in_records`. Times are aware UTC
datetimes; None means "never". Fields that hold a code, a password or a secret never show in `repr`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

PASSWORD_METHOD_ID = "28c10230-6103-485e-b985-444c60001490"  # noqa: S105 - a constant id, not a password
"""Id every password method has (learn.microsoft.com/graph/api/resources/passwordauthenticationmethod)."""

MOBILE_PHONE_METHOD_ID = "3179e48a-750b-4051-897c-87b9720928f7"
"""Id of every mobile phone method (learn.microsoft.com/graph/api/resources/phoneauthenticationmethod)."""

PHONE_METHOD_IDS = {
    "mobile": MOBILE_PHONE_METHOD_ID,
    "alternateMobile": "b6332ec1-7057-4abe-9331-3d72feddfe41",
    "office": "e37fc753-ff3b-4958-9484-eaa9425c82bc",
}
"""Id of each kind of phone, the same for everybody."""

EMAIL_METHOD_ID = "3ddfcfc8-9383-446f-83cc-3ab9be4be18f"
"""Id of every e-mail method (learn.microsoft.com/graph/api/resources/emailauthenticationmethod)."""

ALL_USERS = "all_users"
"""Target id that stands for everybody in an authentication methods policy."""


@dataclass(slots=True)
class User:
    """A person of the tenant (learn.microsoft.com/graph/api/resources/user).

    `identities` holds dicts with `signInType`, `issuer` and `issuerAssignedId`; an external guest has
    `creation_type` "Invitation" and a federated identity. `licences` holds service plan names. `properties` holds
    further Graph properties by their Graph names, here and in the records below.
    """

    id: str
    upn: str
    display_name: str
    given_name: str | None = None
    surname: str | None = None
    mail: str | None = None
    department: str | None = None
    job_title: str | None = None
    office: str | None = None
    staff_number: str | None = None
    manager_id: str | None = None
    enabled: bool = True
    user_type: str = "Member"
    creation_type: str | None = None
    external_state: str | None = None
    identities: list[dict[str, str]] = field(default_factory=list)
    created: datetime | None = None
    licences: list[str] = field(default_factory=list)
    usage_location: str | None = None
    preferred_language: str | None = None
    mobile_phone: str | None = None
    business_phones: list[str] = field(default_factory=list)
    hired: datetime | None = None
    on_premises_synced: bool | None = None
    management_restricted: bool | None = None
    sessions_valid_from: datetime | None = None
    password: str | None = field(default=None, repr=False)
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Method:
    """One authentication method of a person, a Temporary Access Pass apart.

    `kind` is windowsHelloForBusiness, microsoftAuthenticator, fido2, platformCredential, phone, email, softwareOath,
    hardwareOath, external or password. `default` marks the person's default second factor. `created` is None for an
    Authenticator that only does push. `device_id` is the object id of the Entra device. `properties` holds further
    Graph properties by their Graph names. `public_key` is PEM text.
    """

    id: str
    user_id: str
    kind: str
    display_name: str | None = None
    created: datetime | None = None
    device_id: str | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    public_key: str | None = None
    last_used: datetime | None = None
    default: bool = False


@dataclass(slots=True)
class Operation:
    """A long-running operation on somebody's methods (learn.microsoft.com/graph/api/resources/longrunningoperation)."""

    id: str
    user_id: str
    status: str
    created: datetime
    last_action: datetime
    detail: str | None = None


@dataclass(slots=True)
class AccessPass:
    """A Temporary Access Pass; whether it is usable is computed when read, never stored.

    `used` holds the time of each successful sign-in; `made_by` is the app id or the user id that asked for it.
    """

    id: str
    user_id: str
    code: str = field(repr=False)
    created: datetime
    start: datetime
    lifetime_minutes: int
    one_time: bool
    made_by: str
    used: list[datetime] = field(default_factory=list)


@dataclass(slots=True)
class PassPolicy:
    """The Temporary Access Pass policy
    (learn.microsoft.com/graph/api/resources/temporaryaccesspassauthenticationmethodconfiguration).

    `include` and `exclude` hold group ids; `include` may hold `ALL_USERS`. Lifetimes are minutes.
    """

    enabled: bool = True
    include: list[str] = field(default_factory=lambda: [ALL_USERS])
    exclude: list[str] = field(default_factory=list)
    minimum: int = 60
    maximum: int = 480
    default: int = 60
    one_time: bool = False
    length: int = 8
    changed_at: datetime | None = None


@dataclass(slots=True)
class Group:
    """A security group; members and owners are ids of users and groups."""

    id: str
    name: str
    member_ids: list[str] = field(default_factory=list)
    owner_ids: list[str] = field(default_factory=list)
    role_assignable: bool = False
    description: str | None = None
    created: datetime | None = None
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class RoleAssignment:
    """A directory role held now, by a user or by a role-assignable group."""

    id: str
    principal_id: str
    role_template_id: str
    role_name: str
    scope: str = "/"


@dataclass(slots=True)
class RoleEligibility:
    """A directory role that Privileged Identity Management would give on request."""

    id: str
    principal_id: str
    role_template_id: str
    role_name: str
    scope: str = "/"
    start: datetime | None = None
    end: datetime | None = None


@dataclass(slots=True)
class FederatedCredential:
    """Whose tokens a registration takes in place of a secret
    (learn.microsoft.com/graph/api/resources/federatedidentitycredential).

    `keys` are the issuer's public keys as PEM text by key id; without any, the tenant's own key signs for it.
    """

    issuer: str
    subject: str
    audience: str = "api://AzureADTokenExchange"
    keys: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Registration:
    """An app registration with one secret, one certificate, or neither.

    `permissions` are application permissions, `delegated` the scopes it may ask a person for. `certificate` is the
    PEM text of the public certificate. A secret past `secret_expires` is refused with AADSTS7000222. A `public` client
    may leave its secret out where a person signs in; a `managed` identity has no credential of its own, and `secret`
    is what its host must show at the App Service endpoint.
    """

    app_id: str
    name: str
    secret: str | None = field(default=None, repr=False)
    certificate: str | None = None
    permissions: set[str] = field(default_factory=set)
    delegated: set[str] = field(default_factory=set)
    redirect_uris: list[str] = field(default_factory=list)
    secret_expires: datetime | None = None
    public: bool = False
    managed: bool = False
    federated: list[FederatedCredential] = field(default_factory=list)


@dataclass(slots=True)
class Organisation:
    """The tenant itself (learn.microsoft.com/graph/api/resources/organization).

    `federated` maps those of `domains` that another provider signs in to their `federatedIdpMfaBehavior`.
    """

    tenant_id: str
    display_name: str = "Sandbox"
    domains: list[str] = field(default_factory=list)
    federated: dict[str, str] = field(default_factory=dict)
    city: str | None = None
    country_code: str | None = None
    preferred_language: str | None = "en"
    technical_mails: list[str] = field(default_factory=list)
    created: datetime | None = None
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class SignIn:
    """One row of the sign-in log; `row` holds beta properties by their Graph names."""

    id: str
    user_id: str
    created: datetime
    row: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Mail:
    """A message handed in for sending: by the person with the id `sender`, to addresses in lower case."""

    at: datetime
    sender: str
    to: tuple[str, ...]
    subject: str
    text: str


@dataclass(slots=True)
class Audit:
    """One row of the directory audit log; `row` holds its properties by their Graph names."""

    id: str
    created: datetime
    row: dict[str, Any]
