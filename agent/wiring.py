"""The one place that knows every adapter, the system's clock and the system's chance.

`build` makes an Agent from settings; tests and the demo hand in an `Outside` with a clock, a chance or a sandbox of
their own. A sandbox that is not running is no error here: whatever needs the tenant raises it when it asks.
"""

from __future__ import annotations

import json
import os
import secrets as system_chance
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NoReturn, cast

from agent import errors, ports, profile_files
from agent.domain.claim_secrets import Sealer
from agent.domain.secrets import Secret
from agent.graph import Adapters, Connection, Credential, connect
from agent.graph.clouds import cloud
from agent.settings import Registration, Settings, Tenant
from agent.store.anchors import AnchorFile
from agent.store.store import Store

#: Letters and digits that nobody confuses: no 0/O, 1/I/L, 5/S, 8/B, 2/Z.
SYMBOLS: Final = "ACDEFGHJKMNPQRTUVWXY34679"
READY_FILE: Final = "sandbox.json"
_KEY_BYTES: Final = 32


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        return datetime.now(UTC)

    def wait(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)

    def wait_until(self, moment: datetime) -> None:
        """Sleep until then; not at all when it is over."""
        time.sleep(max(0.0, (moment - self.now()).total_seconds()))


class SystemChance:
    """The machine's own randomness, fit for secrets."""

    def symbols(self, count: int) -> str:
        """So many letters and digits without look-alikes."""
        return "".join(system_chance.choice(SYMBOLS) for _ in range(count))

    def uuid(self) -> str:
        """A random GUID."""
        return str(uuid.uuid4())

    def fraction(self) -> float:
        """From 0 to below 1."""
        return system_chance.randbelow(1 << 53) / (1 << 53)

    def below(self, bound: int) -> int:
        """From 0 to below this, fit for secrets."""
        return system_chance.randbelow(bound)

    def token(self) -> str:
        """256 random bits as text, for links and sessions."""
        return system_chance.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class Outside:
    """What may stand in for the outside: clock, chance, HTTP adapters by address prefix, and a sandbox's ready line."""

    clock: ports.Clock = field(default_factory=SystemClock)
    chance: ports.Chance = field(default_factory=SystemChance)
    adapters: Adapters = field(default_factory=dict)
    ready: Mapping[str, Any] | None = None


class _Absent:
    """Stands where a tenant would be, and raises why it is not there as soon as anything is asked of it."""

    def __init__(self, why: errors.AgentError) -> None:
        self._why = why

    def __getattr__(self, name: str) -> NoReturn:
        raise self._why


def build(settings: Settings, outside: Outside | None = None) -> ports.Agent:
    """An Agent for these settings. Raises Misconfigured for broken profiles, keys, database or another tenant's."""
    outside = outside or Outside()
    profiles = profile_files.load_all(settings.profiles_dir)
    store = open_store(settings)
    sealer = Sealer(ticket_key(settings.keys_file, store))
    try:
        connection = connect_to(settings, outside)
    except errors.TenantUnreachable as away:
        nobody = cast("Any", _Absent(away))
        return ports.Agent(
            settings,
            profiles,
            outside.clock,
            outside.chance,
            store,
            nobody,
            nobody,
            nobody,
            nobody,
            nobody,
            nobody,
            nobody,
            nobody,
            nobody,
            nobody,
            sealer,
            (store.close,),
        )
    store.stamp(connection.tenant_id)
    graph = connect(connection, outside.clock, outside.chance, outside.adapters)
    return ports.Agent(
        settings,
        profiles,
        outside.clock,
        outside.chance,
        store,
        graph.people,
        graph.passes,
        graph.devices,
        graph.apple,
        graph.tenant,
        graph.activity,
        graph.administration,
        graph.mail,
        graph.access,
        graph.operators,
        sealer,
        (graph.close, store.close),
    )


def open_store(settings: Settings) -> Store:
    """The store with its keys. A new SQLite database is made at once; any other waits for `tapslip migrate`."""
    private_folder(settings.state_dir)
    key, fresh = audit_key(settings.keys_file)
    store = Store(settings.database_url, key, AnchorFile(settings.audit_anchor))
    at, newest = store.revision()
    if not at and settings.database_url.startswith("sqlite"):
        store.migrate()
    elif fresh and at == newest:
        _refuse_lost_keys(store, settings.keys_file)
    return store


def _refuse_lost_keys(store: Store, keys_file: Path) -> None:
    with store.begin() as tx:
        rows = tx.audit.length()
    if rows:
        keys_file.unlink(missing_ok=True)
        raise errors.Misconfigured(
            f"The database holds {rows} audit rows, and their key is missing.",
            f"Put the keys file back at {keys_file}; it is kept apart from the database and its backups.",
        )


def private_folder(folder: Path) -> None:
    """Make a folder that only its owner can read (where the system knows such rights)."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as problem:
        raise errors.Misconfigured(
            f"The folder {folder} cannot be made: {problem.strerror}.", "Set state_dir to a folder that you may write."
        ) from problem


def audit_key(keys_file: Path) -> tuple[bytes, bool]:
    """(the audit's key, whether it was made just now); the file is made with owner-only rights at first use."""
    held = _keys(keys_file)
    if held is not None:
        return held["audit"], False
    made = {name: system_chance.token_bytes(_KEY_BYTES) for name in ("audit", "tickets")}
    _write_keys(keys_file, made)
    return made["audit"], True


def ticket_key(keys_file: Path, store: Store) -> bytes:
    """The key that seals tickets, added to a keys file of an earlier version; Misconfigured where it was lost."""
    held = _keys(keys_file) or {}
    if "tickets" in held:
        return held["tickets"]
    at, newest = store.revision()
    if at == newest:
        with store.begin() as tx:
            waiting = len(tx.tickets.waiting())
        if waiting:
            raise errors.Misconfigured(
                f"The database holds {waiting} open ticket(s), and the key that seals them is missing.",
                f"Put the newest keys file back at {keys_file}.",
            )
    held["tickets"] = system_chance.token_bytes(_KEY_BYTES)
    _write_keys(keys_file, held)
    return held["tickets"]


def _write_keys(keys_file: Path, keys: Mapping[str, bytes]) -> None:
    write_private(keys_file, json.dumps({name: key.hex() for name, key in keys.items()}))


def _keys(keys_file: Path) -> dict[str, bytes] | None:
    """The keys by name, the audit's among them; None where there is no file. Raises Misconfigured."""
    try:
        held = {name: bytes.fromhex(key) for name, key in json.loads(keys_file.read_text("ascii")).items()}
        return {"audit": held["audit"], **held}
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise errors.Misconfigured(
            f"The keys file {keys_file} cannot be read: {problem.strerror}.",
            "Give the user who runs Tapslip the right to read it and its folder.",
        ) from problem
    except (ValueError, KeyError, TypeError, AttributeError):
        raise errors.Misconfigured(
            f"The keys file {keys_file} cannot be read.", "Restore it from its copy; it cannot be made anew."
        ) from None


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read; never readable by others, not even for a moment.

    Raises Misconfigured when its folder cannot be made or written.
    """
    private_folder(path.parent)
    draft = path.with_name(path.name + ".new")
    try:
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        draft.replace(path)
    except OSError as problem:
        raise errors.Misconfigured(
            f"The folder {path.parent} cannot be written: {problem.strerror} ({path.name}).",
            "Set state_dir and keys_file to folders that you may write, or correct the rights of this one.",
        ) from problem


def connect_to(settings: Settings, outside: Outside) -> Connection:
    """Where the tenant is. Raises TenantUnreachable when a sandbox is meant and none is running."""
    if settings.tenant is not None:
        return _real(settings.tenant, settings.proxy)
    ready = outside.ready if outside.ready is not None else read_ready(settings.state_dir)
    try:
        registrations = {
            name: Credential(held["client_id"], Secret(held["client_secret"]))
            for name, held in ready["registrations"].items()
        }
        return Connection(
            graph=ready["graph"],
            login=ready["login"],
            tenant_id=ready["tenant_id"],
            registrations=registrations,
            ca_file=ready.get("ca_file"),
            sandbox=True,
        )
    except (KeyError, TypeError, AttributeError):
        raise errors.Misconfigured(
            "The sandbox's ready line is not complete.", "Stop the sandbox and start it again with `tapslip sandbox`."
        ) from None


def read_ready(state_dir: Path) -> Mapping[str, Any]:
    """The ready line of the sandbox that runs on this state folder; raises TenantUnreachable when none does."""
    path = state_dir / READY_FILE
    try:
        ready = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        raise errors.TenantUnreachable(
            "No sandbox tenant is running.", f"Start one with `tapslip sandbox` (state folder {state_dir})."
        ) from None
    if not isinstance(ready, dict):
        raise errors.Misconfigured(f"{path} is not a ready line.", "Delete it and start `tapslip sandbox` again.")
    return ready


def _real(tenant: Tenant, proxy: str) -> Connection:
    hosts = cloud(tenant.cloud.value)
    named = {
        "watcher": tenant.registrations.watcher,
        "issuer": tenant.registrations.issuer,
        "writer": tenant.registrations.writer,
        "operators": tenant.registrations.operators,
        "sender": tenant.registrations.sender,
    }
    credentials = {name: _credential(held) for name, held in named.items() if held is not None}
    return Connection(
        hosts.graph,
        hosts.login,
        tenant.tenant_id,
        credentials,
        proxy=proxy or None,
        sign_in=tenant.sign_in,
        issuing_permission=hosts.issuing_permission,
    )


def _credential(held: Registration) -> Credential:
    certificate = str(held.certificate_file) if held.certificate_file else None
    federated = str(held.federated_token_file) if held.federated_token_file else None
    return Credential(held.client_id, held.secret, certificate, held.passphrase, federated, held.managed_identity)
