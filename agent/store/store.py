"""The store: one address for a database, one block for a unit of work.

`Store.begin` is the only way in. It sees that the schema is current, keeps everything in the block together, and
marks the thread as being inside, so that nothing talks to the tenant meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, exc, pool
from sqlalchemy.dialects import postgresql, sqlite

from agent import errors, ports
from agent.store import anchors as anchoring
from agent.store import audit, backups, decisions, epochs, faults, schema, tables, tickets
from agent.store.work import Work

#: Seconds to wait for other work before giving up; units of work last milliseconds.
PATIENCE = 10
#: HMAC keys shorter than this are mistakes.
KEY_BYTES = 16
#: PostgreSQL's lock that lets one process migrate at a time; any number of ours does.
_MIGRATING = 0x7461_7073
#: Alembic keeps the migration at hand in a global, so one thread at a time.
_alembic = threading.Lock()


class Transaction:
    """Fits `ports.Transaction`."""

    def __init__(self, work: Work, audit_key: bytes) -> None:
        self.journeys = tables.JourneyRows(work)
        self.passes = tables.PassRows(work)
        self.slips = tables.SlipRows(work)
        self.watermarks = tables.Watermarks(work)
        self.asks = decisions.AskRows(work)
        self.freezes = decisions.FreezeRows(work)
        self.alerts = decisions.AlertRows(work)
        self.leases = decisions.LeaseRows(work)
        self.tickets = tickets.TicketRows(work)
        self.attempts = tickets.AttemptRows(work)
        self.epochs = epochs.Epochs(work)
        self.audit = audit.AuditTrail(work, audit_key)


class Store:
    """Fits `ports.Store`. `url` is SQLAlchemy's (`sqlite://` in memory, `sqlite:///file`, `postgresql://…`).

    Raises Misconfigured for an address that is neither, or an audit key of less than 16 bytes. `anchors` is where the
    audit is anchored. Nothing is opened before it is needed; `close` when done.
    """

    def __init__(self, url: str, audit_key: bytes, anchors: ports.Anchors | None = None) -> None:
        if len(audit_key) < KEY_BYTES:
            raise errors.Misconfigured(
                f"The audit key has {len(audit_key)} bytes; it needs {KEY_BYTES}.",
                "Restore the keys file from its copy.",
            )
        self.anchors: ports.Anchors = anchors or anchoring.Nowhere()
        self._url = _address(url)
        self._key = audit_key
        self._engine = _sqlite(self._url) if _is_sqlite(self._url) else _postgres(self._url)
        self._turn = threading.Lock()
        self._is_current = False

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """A unit of work: commits at the block's end, rolls back on any exception.

        Raises RuntimeError inside another one (a bug of ours), Misconfigured when the database cannot be reached or its
        schema is not this program's, and Stale when other work holds it for 10 seconds.
        """
        with self._inside() as connection:
            if not self._is_current:
                self._check_revision(connection)
            work = Work(connection)
            transaction = Transaction(work, self._key)
            yield transaction
            if work.failed:
                raise RuntimeError(
                    "a refusal of the database was swallowed: the block must end with it"
                ) from work.failed
            transaction.audit.write()

    def stamp(self, tenant_id: str) -> None:
        """Mark the database with its tenant, or raise Misconfigured when it has seen another."""
        insert = sqlite.insert if _is_sqlite(self._url) else postgresql.insert
        first = insert(schema.stamps).values(name="tenant_id", value=tenant_id).on_conflict_do_nothing()
        with self._inside() as connection:
            self._check_revision(connection)
            connection.execute(first)
            seen = connection.scalar(sa.select(schema.stamps.c.value).where(schema.stamps.c.name == "tenant_id"))
        if seen != tenant_id:
            raise errors.Misconfigured(
                f"This database belongs to the tenant {seen}, and the settings name {tenant_id}.",
                "Set database_url to a database of its own for each tenant, or correct the tenant in the settings.",
            )

    def revision(self) -> tuple[str, str]:
        """(the schema's revision in the database, the newest one); the first is empty before any migration."""
        with self._inside() as connection:
            return schema.revision(connection), schema.REVISION

    def migrate(self) -> None:
        """Bring the schema to the newest revision, all steps or none; several processes may try at once."""
        # Alembic takes a tenth of a second to import, and only migrations need it.
        from alembic import command, config  # noqa: PLC0415

        settings = config.Config()
        settings.set_main_option("script_location", "agent.store:migrations")
        with _alembic, self._inside() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATING)))
            _check_not_newer(schema.revision(connection))
            settings.attributes["connection"] = connection
            command.upgrade(settings, "head")

    def backup(self, target: Path) -> None:
        """Copy the database, in use as it is, into a new file of its owner's; see `backups.write`."""
        backups.file_of(self._url, "pg_dump")
        with self._engine.connect() as connection:
            backups.write(connection.connection.driver_connection, target)  # type: ignore[arg-type]

    def close(self) -> None:
        """Let go of every connection; a database in memory is gone with it."""
        self._engine.dispose()

    @contextmanager
    def _inside(self) -> Iterator[sa.Connection]:
        if ports.transaction_open.get():
            raise RuntimeError("a unit of work is open in this thread already")
        token = ports.transaction_open.set(True)
        try:
            with self._own_turn(), self._engine.begin() as connection:
                yield connection
        except exc.SQLAlchemyError as error:
            raise faults.ours(error, self._url) from None
        finally:
            ports.transaction_open.reset(token)

    @contextmanager
    def _own_turn(self) -> Iterator[None]:
        """SQLite lets one in at a time: waiting here wakes at once, where SQLite itself would sleep and look again."""
        if not _is_sqlite(self._url):
            yield
            return
        if not self._turn.acquire(timeout=PATIENCE):
            raise faults.locked_out()
        try:
            yield
        finally:
            self._turn.release()

    def _check_revision(self, connection: sa.Connection) -> None:
        current = schema.revision(connection)
        _check_not_newer(current)
        if current != schema.REVISION:
            raise errors.Misconfigured(
                f"The database's schema is at {current or 'nothing yet'}, and this program needs {schema.REVISION}.",
                "Make a backup, then run tapslip migrate.",
            )
        self._is_current = True


def _check_not_newer(current: str) -> None:
    if current > schema.REVISION:
        raise errors.Misconfigured(
            f"The database's schema is at {current}, newer than this program's {schema.REVISION}.",
            "Update Tapslip on this machine to the version that migrated the database.",
        )


def _is_sqlite(url: sa.URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _address(text: str) -> sa.URL:
    try:
        url = sa.make_url(text)
    except exc.ArgumentError:
        raise _no_address() from None
    drivers = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
    if url.get_backend_name() not in drivers:
        raise _no_address()
    return url.set(drivername=drivers[url.get_backend_name()])


def _no_address() -> errors.Misconfigured:
    return errors.Misconfigured(
        "database_url is not the address of a database that Tapslip knows.",
        "Write sqlite:///FILE or postgresql://USER@HOST/DATABASE.",
    )


def _sqlite(url: sa.URL) -> sa.Engine:
    in_memory = url.database in {None, "", ":memory:"}
    arguments: dict[str, Any] = {"poolclass": pool.StaticPool} if in_memory else {}
    engine = sa.create_engine(
        url, hide_parameters=True, connect_args={"check_same_thread": False, "timeout": PATIENCE}, **arguments
    )

    @event.listens_for(engine, "do_connect")
    def owner_only(*_: object) -> None:
        # SQLite gives its journals the rights of the file, so they are set before it writes the first byte.
        if not in_memory and not (file := Path(str(url.database))).exists():
            with suppress(OSError):
                file.touch(mode=0o600)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # The driver would begin by itself, and too late: see the SQLite page of SQLAlchemy's dialects.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _postgres(url: sa.URL) -> sa.Engine:
    try:
        engine = sa.create_engine(
            url, hide_parameters=True, pool_pre_ping=True, connect_args={"connect_timeout": PATIENCE}
        )
    except ModuleNotFoundError as error:
        raise errors.Misconfigured(
            f"PostgreSQL needs a part that is not installed: {error.name}.", 'Run pip install "tapslip[postgres]".'
        ) from error

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.execute(f"SET lock_timeout = '{PATIENCE}s'")
        connection.commit()

    return engine
