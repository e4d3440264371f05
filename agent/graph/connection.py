"""What wiring hands over: where the tenant is, and the credentials of each registration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.domain import secrets


@dataclass(frozen=True, slots=True)
class Credential:
    """One app registration and its one credential.

    That is a secret; a file, PEM or PFX, with its private key and certificate (`passphrase` opens an encrypted one); a
    file in which the platform keeps a federated token; or this machine's managed identity: `system` for its own, `user`
    for the one whose client id is given.
    """

    client_id: str
    secret: secrets.Secret | None = None
    certificate_file: str | None = None
    passphrase: secrets.Secret | None = None
    federated_token_file: str | None = None
    managed_identity: str | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """A tenant and how to reach it.

    `graph` and `login` are https origins without version, tenant or trailing slash; `ca_file` a PEM file that replaces
    the usual certificate authorities; `proxy` an address, used for everything; `registrations` by name (`watcher`, …).
    `whole_seconds` is how long one answer may take to its last byte; `sign_in` is how operators sign in: by `browser`,
    or by `device_code`; `issuing_permission` is what they are asked to let us do in their name.
    """

    graph: str
    login: str
    tenant_id: str
    registrations: Mapping[str, Credential]
    ca_file: str | None = None
    proxy: str | None = None
    sandbox: bool = False
    whole_seconds: float = 60.0
    sign_in: str = "browser"
    issuing_permission: str = "UserAuthMethod-TAP.ReadWrite.All"
