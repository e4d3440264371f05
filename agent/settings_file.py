"""What `tapslip.yaml` may say: its keys with their types and rules, and how environment variables lie over it.

`agent.settings` is the only caller and turns the shape into `Settings`. Keys whose part is not built yet are known and
refused, so that nobody believes a limit to be in force that nothing reads.
"""

from __future__ import annotations

import itertools
import re
import zoneinfo
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    SecretStr,
    Tag,
    TypeAdapter,
    field_validator,
    model_validator,
)

from agent import yaml_files
from agent.domain.guard_rails import GuardRails
from agent.yaml_files import Document, Key

PREFIX: Final = "TAPSLIP_"
_FOREIGN: Final = frozenset(  # read by the project's own scripts and tests, never by the program
    {"TAPSLIP_SETTINGS", "TAPSLIP_GRAPH_DATA", "TAPSLIP_CHROMIUM", "TAPSLIP_TEST_POSTGRES"}
)
_LATER: Final = (
    *("templates_dir", "limits", "retention_days"),
    *("organisation.logo", "tls.proxy", "sites.*.wifi", "sites.*.printers", "sites.*.scanner"),
    *("sites.*.stations", "sites.*.operators"),
)


def _not_china(cloud: object) -> object:
    if isinstance(cloud, str) and re.search("china|vianet|mooncake", cloud, re.IGNORECASE):
        raise ValueError(
            "Microsoft's cloud in China (21Vianet) has no Temporary Access Pass, so nothing can be issued there"
        )
    return cloud


def _guid(text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text):
        raise ValueError("must be a GUID such as 00001111-aaaa-2222-bbbb-3333cccc4444")
    return text.lower()


def _zone(text: str) -> str:
    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is not a time zone; use an IANA name such as Europe/Berlin") from None
    return text


def _language(text: str) -> str:
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", text):
        raise ValueError("must be a language such as en or pt-BR")
    return text


def _public_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.path.strip("/") or parts.query:
        raise ValueError("must be an https address without a path, such as https://tapslip.example.com")
    return text.rstrip("/")


def _mailbox(text: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", text):
        raise ValueError("must be the address of a mailbox, such as it@example.com")
    return text


def _proxy(text: SecretStr) -> SecretStr:
    parts = urlsplit(text.get_secret_value())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an http address such as http://proxy.example.com:8080")
    return text


def _database(text: SecretStr) -> SecretStr:
    if not text.get_secret_value().startswith(("sqlite:///", "postgresql://", "postgres://", "postgresql+psycopg://")):
        raise ValueError("must begin with sqlite:/// or postgresql://")
    return text


class _Shape(BaseModel):
    """What a file may say, as written: strict types, no further keys, values never quoted in a message."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)


_Text = Annotated[str, Field(min_length=1)]
_Guid = Annotated[str, AfterValidator(_guid)]


#: The ways in which a registration may prove itself, the safest first.
CREDENTIALS: Final = ("managed_identity", "federated_token_file", "certificate_file", "secret_file", "secret")


class RegistrationShape(_Shape):
    """An app registration with its client id and one credential."""

    client_id: _Guid
    secret: Annotated[SecretStr, Field(min_length=1)] | None = None
    secret_file: _Text | None = None
    certificate_file: _Text | None = None
    passphrase_file: _Text | None = None
    federated_token_file: _Text | None = None
    managed_identity: Literal["system", "user"] | None = None

    @model_validator(mode="after")
    def _one_credential(self) -> RegistrationShape:
        if sum(getattr(self, name) is not None for name in CREDENTIALS) != 1:
            raise ValueError(f"must have exactly one of {', '.join(CREDENTIALS[:-1])} and {CREDENTIALS[-1]}")
        if self.passphrase_file is not None and self.certificate_file is None:
            raise ValueError("has a passphrase_file, which belongs to a certificate_file only")
        return self


class RegistrationsShape(_Shape):
    """The app registrations, by what they may do; a managed identity cannot be what people sign in by."""

    watcher: RegistrationShape
    issuer: RegistrationShape
    writer: RegistrationShape | None = None
    operators: RegistrationShape | None = None
    sender: RegistrationShape | None = None

    @field_validator("operators")
    @classmethod
    def _people_sign_in_by_an_app(cls, held: RegistrationShape | None) -> RegistrationShape | None:
        if held is not None and held.managed_identity is not None:
            raise ValueError("cannot be a managed identity: people sign in by an app registration")
        return held


class TenantShape(_Shape):
    """A real tenant."""

    cloud: Annotated[Literal["global", "us_gov", "us_gov_dod"], BeforeValidator(_not_china)] = "global"
    tenant_id: _Guid
    sign_in: Literal["browser", "device_code"] = "browser"
    registrations: RegistrationsShape


class OrganisationShape(_Shape):
    """Who the slip is from."""

    name: _Text | None = None
    support: _Text | None = None


class SiteShape(_Shape):
    """One site."""

    name: _Text | None = None
    zone: Annotated[str, AfterValidator(_zone)] | None = None
    languages: Annotated[list[Annotated[str, AfterValidator(_language)]], Field(min_length=1)] | None = None


_Groups = Annotated[list[_Guid], Field(min_length=1)]


class RolesShape(_Shape):
    """The Entra groups whose members hold each role, by object id."""

    technician: _Groups | None = None
    lead: _Groups | None = None
    approver: _Groups | None = None
    auditor: _Groups | None = None
    admin: _Groups | None = None


class NoticeShape(_Shape):
    """How managers are told of passes."""

    mailbox: Annotated[str, AfterValidator(_mailbox), Field(alias="from")]
    telephone: _Text


class TlsShape(_Shape):
    """A certificate of your own."""

    certificate_file: _Text
    key_file: _Text


# The tags name no key that a file can hold, so they drop out of the place of a fault.
_SandboxOrTenant = Annotated[
    Annotated[Literal["sandbox"], Tag("<sandbox>")] | Annotated[TenantShape, Tag("<tenant>")],
    Discriminator(lambda value: "<tenant>" if isinstance(value, (dict, TenantShape)) else "<sandbox>"),
]


class SettingsShape(_Shape):
    """The whole file."""

    tenant: _SandboxOrTenant = "sandbox"
    state_dir: _Text | None = None
    database_url: Annotated[SecretStr, AfterValidator(_database)] | None = None
    keys_file: _Text | None = None
    audit_anchor: _Text | None = None
    profiles_dir: _Text | None = None
    public_url: Annotated[str, AfterValidator(_public_url)] | None = None
    tls: TlsShape | None = None
    proxy: Annotated[SecretStr, AfterValidator(_proxy)] | None = None
    organisation: OrganisationShape = OrganisationShape()
    sites: Annotated[list[SiteShape], Field(min_length=1, max_length=1)] = [SiteShape()]
    roles: RolesShape = RolesShape()
    protected_groups: _Groups | None = None
    issue_as: Literal["operator", "app"] | None = None
    guard_rails: GuardRails = GuardRails()
    notice: NoticeShape | None = None


@cache
def declaration() -> TypeAdapter[tuple[SettingsShape]]:
    """The shape of the file, for reading it and for the test that holds `TABLE` against it."""
    return TypeAdapter(tuple[SettingsShape])


def key_of(name: str, separator: str) -> Key:
    """The steps to a key; digits are the place in a list."""
    return tuple(int(part) if part.isdecimal() else part for part in name.lower().split(separator))


def from_environment(environ: Mapping[str, str]) -> Iterator[tuple[str, Key, str]]:
    """Name, key and text of each variable that is meant for the program."""
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in _FOREIGN:
            yield name, key_of(name.removeprefix(PREFIX), "__"), environ[name]


def from_options(options: Mapping[str, str]) -> Iterator[tuple[str, Key, str]]:
    """Name, key and text of each command-line option, named as in the settings table."""
    for name, text in options.items():
        yield name, key_of(name, "."), text


def overlay(document: Document, place: str, values: Iterable[tuple[str, Key, str]]) -> None:
    """Lays texts over the file's content, making the mappings and list elements on the way."""
    for name, key, text in values:
        document.places[key] = (place, name)
        holder = document.content
        for step, below in itertools.pairwise(key):
            holder = _entered(holder, step, [] if isinstance(below, int) else {})
        value = [part.strip() for part in text.split(",")] if _is_list(key) else _plain(key, text)
        if isinstance(holder, dict) and isinstance(key[-1], str):
            holder[key[-1]] = value
        else:
            document.faults.append(document.fault(key, "there is no such key"))


def _is_list(key: Key) -> bool:
    """Whether a text for this key names several things, with commas between them."""
    lists = (("protected_groups",), ("guard_rails", "people"), ("guard_rails", "proof_kinds"))
    return key[-1] == "languages" or key in lists or (key[0] == "roles" and len(key) > 1)


def _plain(key: Key, text: str) -> object:
    """A guard rail is on, off or a number, as it would be read from the file."""
    return yaml_files.plain(text) if key[0] == "guard_rails" else text


def _entered(holder: Any, step: str | int, empty: Any) -> Any:
    """The mapping or list below this step, put there if something else or nothing is; None where no step can go."""
    if isinstance(holder, list) and isinstance(step, int) and step <= len(holder):
        holder.extend([empty] * (step == len(holder)))
        return holder[step]
    if not isinstance(holder, dict) or not isinstance(step, str):
        return None
    if not isinstance(holder.get(step), type(empty)):
        holder[step] = empty
    return holder[step]


def take_out_later(document: Document, content: Any, key: Key) -> None:
    """Removes keys whose part is not built yet, each with a fault that says so instead of "no such key"."""
    inside = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for step, value in list(inside):
        here = (*key, step)
        if _is_later(here):
            document.faults.append(document.fault(here, "is not available in this version; take it out"))
            del content[step]
        else:
            take_out_later(document, value, here)


def _is_later(key: Key) -> bool:
    patterns = [pattern.split(".") for pattern in _LATER]
    return any(
        len(pattern) == len(key) and all(part in ("*", step) for part, step in zip(pattern, key, strict=True))
        for pattern in patterns
    )
