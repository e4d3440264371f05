"""What wiring hands over: where the tenant is, and the credentials of each registration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.domain import secrets


@dataclass(frozen=True, slots=True)
class Credential:
    """One app registration with a secret, or with a PEM file that holds its private key and certificate.

    `passphrase` opens an encrypted key; of secret and certificate exactly one is given.
    """

    client_id: str
    secret: secrets.Secret | None = None
    certificate_file: str | None = None
    passphrase: secrets.Secret | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """A tenant and how to reach it.

    `graph` and `login` are https origins without version, tenant or trailing slash; `ca_file` a PEM file that replaces
    the usual certificate authorities; `proxy` an address, used for everything; `registrations` by name (`watcher`, …).
    """

    graph: str
    login: str
    tenant_id: str
    registrations: Mapping[str, Credential]
    ca_file: str | None = None
    proxy: str | None = None
    sandbox: bool = False
