"""The one `Settings`, built once from file and environment: the only module that reads either.

`tapslip.yaml` is named by --settings or TAPSLIP_SETTINGS, else lies in the current folder, else everything is default.
Each key can be overridden as TAPSLIP_KEY, nested with two underscores: TAPSLIP_TENANT__CLOUD, TAPSLIP_SITES__0__ZONE.
Whatever is wrong is said at once, as `file:line: key: sentence`; nothing is created or connected here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from agent import errors, settings_file, yaml_files
from agent.domain import guard_rails
from agent.domain.guard_rails import GuardRails
from agent.domain.people import Role
from agent.domain.secrets import Secret
from agent.yaml_files import Document, Key

FILE_NAME: Final = "tapslip.yaml"


class Cloud(StrEnum):
    """Where the tenant lives; hosts come from the Graph client's table only.

    Temporary Access Pass exists in these three and not in China (21Vianet).
    learn.microsoft.com/graph/api/authentication-post-temporaryaccesspassmethods
    """

    GLOBAL = "global"
    US_GOV = "us_gov"
    US_GOV_DOD = "us_gov_dod"


@dataclass(frozen=True, slots=True)
class Registration:
    """An app registration and its one credential.

    `secret`; `certificate_file` (PEM or PFX holding certificate and key); `federated_token_file`, which the platform
    keeps fresh; or `managed_identity` of this machine: `system`, or `user` for the one named by `client_id`.
    """

    client_id: str
    secret: Secret | None = None
    certificate_file: Path | None = None
    passphrase: Secret | None = None
    federated_token_file: Path | None = None
    managed_identity: str | None = None


@dataclass(frozen=True, slots=True)
class Registrations:
    """Separate registrations for separate rights: reading, issuing, writing devices, sign-in of operators, mail."""

    watcher: Registration
    issuer: Registration
    writer: Registration | None = None
    operators: Registration | None = None
    sender: Registration | None = None


@dataclass(frozen=True, slots=True)
class Tenant:
    """A real tenant; `tenant_id` is its GUID in lower case, `sign_in` how operators do: `browser` or `device_code`."""

    cloud: Cloud
    tenant_id: str
    registrations: Registrations
    sign_in: str = "browser"


@dataclass(frozen=True, slots=True)
class Organisation:
    """Who the slip is from: the name that the device must show, and the number or address to call."""

    name: str = "Your organisation"
    support: str = "your IT service desk"

    @property
    def named(self) -> bool:
        """Whether somebody set the name; else the tenant's own serves."""
        return self.name != Organisation().name


@dataclass(frozen=True, slots=True)
class Site:
    """A named place; `zone` is an IANA name, `languages` are tried in order."""

    name: str = "Main site"
    zone: str = "UTC"
    languages: tuple[str, ...] = ("en",)


@dataclass(frozen=True, slots=True)
class Roles:
    """The Entra groups (object ids, lower case) whose members hold each role; nobody holds one that names none."""

    technician: frozenset[str] = frozenset()
    lead: frozenset[str] = frozenset()
    approver: frozenset[str] = frozenset()
    auditor: frozenset[str] = frozenset()
    admin: frozenset[str] = frozenset()

    def groups(self, role: Role) -> frozenset[str]:
        """The groups of one role."""
        found: frozenset[str] = getattr(self, role.value)
        return found

    @property
    def every_group(self) -> frozenset[str]:
        """The groups of all roles: whoever is in one of them is staff, and gets no pass from here."""
        return frozenset().union(*map(self.groups, Role))


class IssueAs(StrEnum):
    """In whose name a pass is made: the operator's own (Entra enforces their rights too), or the registration's."""

    OPERATOR = "operator"
    APP = "app"


@dataclass(frozen=True, slots=True)
class Notices:
    """How managers are told of passes: from which mailbox (an address), and which telephone number they may call."""

    mailbox: str
    telephone: str


@dataclass(frozen=True, slots=True)
class Tls:
    """The certificate (PEM, with its chain) and private key that pages are served with."""

    certificate_file: Path
    key_file: Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. `tenant` None is the sandbox; paths are absolute; an empty text is not set.

    `database_url` and `proxy` may hold a password, so they are not in repr. `profiles_dir` None: the shipped ones.
    `tls` None: a certificate from a local authority. `source` is the file that was read, if there was one.
    `protected_groups` are object ids in lower case. `notice` None: nobody is told by mail, whatever a profile says.
    """

    state_dir: Path
    database_url: str = field(repr=False)
    keys_file: Path
    audit_anchor: Path
    tenant: Tenant | None = None
    profiles_dir: Path | None = None
    public_url: str = ""
    tls: Tls | None = None
    proxy: str = field(default="", repr=False)
    organisation: Organisation = Organisation()
    sites: tuple[Site, ...] = (Site(),)
    roles: Roles = Roles()
    protected_groups: frozenset[str] = frozenset()
    issue_as: IssueAs = IssueAs.APP
    guard_rails: GuardRails = field(default_factory=GuardRails)
    notice: Notices | None = None
    source: Path | None = None

    @property
    def sandbox(self) -> bool:
        """Whether the tenant is the pretend one."""
        return self.tenant is None

    @property
    def operators_sign_in(self) -> bool:
        """Whether operators prove who they are: on every real tenant, and on a sandbox that issues in their name."""
        return not self.sandbox or self.issue_as is IssueAs.OPERATOR


def environment() -> Mapping[str, str]:
    """The process's environment, for whoever calls `load`."""
    return os.environ


def load(
    path: str | None,
    environ: Mapping[str, str],
    *,
    overrides: Mapping[str, str] | None = None,
    platform: str = sys.platform,
) -> Settings:
    """The settings from `path` (or TAPSLIP_SETTINGS, or ./tapslip.yaml), then `environ`, then `overrides`.

    `overrides` come from command-line options, keyed as in `TABLE` ("state_dir"). Relative paths count from the file's
    folder, or from the current one without a file. Raises Misconfigured; its advice has one line for each fault.
    """
    paths = _Paths(environ, platform)
    source = paths.source(path)
    document = yaml_files.read(source) if source else Document("settings", content={})
    shape = None
    if document.content is not None:
        settings_file.overlay(document, "environment", settings_file.from_environment(environ))
        settings_file.overlay(document, "command line", settings_file.from_options(overrides or {}))
        settings_file.take_out_later(document, document.content, ())
        shape = yaml_files.hold_against(settings_file.declaration(), document)
    settings = _Building(document, paths).settings(shape) if shape else None
    if settings is None or document.faults:
        lines = "\n".join(map(str, document.faults))
        raise errors.Misconfigured("The settings cannot be used.", f"Mend each of these:\n{lines}")
    return settings


class _Paths:
    """Where files lie: the platform's conventions from the environment, relative paths from the settings file."""

    def __init__(self, environ: Mapping[str, str], platform: str) -> None:
        self._environ = environ
        self._platform = platform
        self._base = Path.cwd()
        self.read_from: Path | None = None
        self._home = Path(environ.get("USERPROFILE" if platform == "win32" else "HOME") or Path.home())

    def source(self, path: str | None) -> Path | None:
        """The settings file to read, if any; paths inside it count from its folder afterwards."""
        named = path or self._environ.get("TAPSLIP_SETTINGS")
        found = self.absolute(named) if named else self._base / FILE_NAME
        if not named and not found.is_file():
            return None
        self._base, self.read_from = found.parent, found
        return found

    def absolute(self, text: str) -> Path:
        """`~/` is the home folder; a relative path counts from the base."""
        if text == "~" or text.startswith(("~/", "~\\")):
            return self._home / text[2:]
        return self._base / text

    def state_dir(self) -> Path:
        """Per user: LOCALAPPDATA, Library/Application Support, or XDG_STATE_HOME."""
        if self._platform == "win32":
            return Path(self._environ.get("LOCALAPPDATA") or self._home / "AppData" / "Local") / "Tapslip"
        if self._platform == "darwin":
            return self._home / "Library" / "Application Support" / "Tapslip"
        return Path(self._environ.get("XDG_STATE_HOME") or self._home / ".local" / "state") / "tapslip"


class _Building:
    """Turns the shape of a file into Settings: defaults, absolute paths, secrets read from their files."""

    def __init__(self, document: Document, paths: _Paths) -> None:
        self._document = document
        self._paths = paths

    def settings(self, shape: settings_file.SettingsShape) -> Settings:
        """The settings; a file that cannot be read is a fault on the document."""
        state_dir = self._optional_path(shape.state_dir) or self._paths.state_dir()
        sqlite = f"sqlite:///{(state_dir / 'tapslip.db').as_posix()}"
        return Settings(
            state_dir=state_dir,
            database_url=shape.database_url.get_secret_value() if shape.database_url else sqlite,
            keys_file=self._optional_path(shape.keys_file) or state_dir / "keys.json",
            audit_anchor=self._optional_path(shape.audit_anchor) or state_dir / "audit-anchors.jsonl",
            tenant=None if shape.tenant == "sandbox" else self._tenant(shape.tenant),
            profiles_dir=self._optional_path(shape.profiles_dir),
            public_url=shape.public_url or "",
            tls=self._tls(shape.tls) if shape.tls else None,
            proxy=shape.proxy.get_secret_value() if shape.proxy else "",
            organisation=Organisation(**shape.organisation.model_dump(exclude_none=True)),
            sites=tuple(_site(site) for site in shape.sites),
            roles=Roles(**{name: frozenset(ids) for name, ids in shape.roles.model_dump(exclude_none=True).items()}),
            protected_groups=frozenset(shape.protected_groups or ()),
            issue_as=IssueAs(shape.issue_as or (IssueAs.APP if shape.tenant == "sandbox" else IssueAs.OPERATOR)),
            guard_rails=self._guard_rails(shape.guard_rails),
            notice=Notices(shape.notice.mailbox, shape.notice.telephone) if shape.notice else None,
            source=self._paths.read_from,
        )

    def _guard_rails(self, rails: GuardRails) -> GuardRails:
        """What holds for every journey; a fault for each value that cannot be meant here."""
        found = [*guard_rails.contradictions(rails)]
        found += [(key, "belongs in a profile") for key in ("starter", "names_lost_method") if getattr(rails, key)]
        faults = [self._document.fault(("guard_rails", key), sentence) for key, sentence in found]
        self._document.faults.extend(faults)
        return rails

    def _optional_path(self, text: str | None) -> Path | None:
        return self._paths.absolute(text) if text else None

    def _file(self, text: str, key: Key) -> Path:
        path = self._paths.absolute(text)
        if not path.is_file():
            self._document.faults.append(self._document.fault(key, f"there is no file {path}"))
        return path

    def _tls(self, shape: settings_file.TlsShape) -> Tls:
        certificate = self._file(shape.certificate_file, ("tls", "certificate_file"))
        return Tls(certificate, self._file(shape.key_file, ("tls", "key_file")))

    def _tenant(self, shape: settings_file.TenantShape) -> Tenant:
        given = {name: getattr(shape.registrations, name) for name in type(shape.registrations).model_fields}
        built = {name: self._registration(name, one) for name, one in given.items() if one}
        return Tenant(Cloud(shape.cloud), shape.tenant_id, Registrations(**built), shape.sign_in)

    def _registration(self, name: str, shape: settings_file.RegistrationShape) -> Registration:
        key: Key = ("tenant", "registrations", name)
        secret = Secret(shape.secret.get_secret_value()) if shape.secret else None
        if shape.secret_file:
            secret = self._secret(shape.secret_file, (*key, "secret_file"))
        passphrase = self._secret(shape.passphrase_file, (*key, "passphrase_file")) if shape.passphrase_file else None
        files = {
            name: self._file(text, (*key, name))
            for name in ("certificate_file", "federated_token_file")
            if (text := getattr(shape, name))
        }
        return Registration(
            shape.client_id,
            secret,
            files.get("certificate_file"),
            passphrase,
            files.get("federated_token_file"),
            shape.managed_identity,
        )

    def _secret(self, text: str, key: Key) -> Secret | None:
        """The first line of a file; a fault, and None, if there is none."""
        path = self._paths.absolute(text)
        try:
            lines = path.read_text(encoding="utf-8").strip().splitlines()
        except (OSError, UnicodeDecodeError):
            self._document.faults.append(self._document.fault(key, f"the file {path} cannot be read"))
            return None
        if len(lines) != 1:
            self._document.faults.append(self._document.fault(key, f"the file {path} must hold one line, the secret"))
            return None
        return Secret(lines[0])


def _site(shape: settings_file.SiteShape) -> Site:
    default = Site()
    languages = tuple(shape.languages) if shape.languages else default.languages
    return Site(shape.name or default.name, shape.zone or default.zone, languages)
