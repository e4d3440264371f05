"""A copy of a SQLite database while it is in use, and what a copy holds. Keys lie outside, so none are in it.

PostgreSQL has its own tools for this; there the store refuses and names them.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from agent import errors
from agent.store import schema

_TABLES = {"audit", "audit_head", "stamps", "alembic_version"}


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database holds: whose it is, its schema's step, its epoch, and how many rows its audit has."""

    tenant_id: str
    revision: str
    epoch: int
    rows: int


def file_of(url: sa.URL, instead: str) -> Path:
    """The SQLite file; raises Refused for any other database, and says what to use `instead`."""
    if url.get_backend_name() != "sqlite":
        raise errors.Refused(
            "Tapslip copies SQLite databases only, and this one is PostgreSQL.",
            f"Use {instead}, and keep the keys file apart from it.",
            codes=("not_sqlite",),
        )
    if url.database in {None, "", ":memory:"}:
        raise errors.Refused("A database in memory has no file.", "Set database_url to a file.", codes=("not_sqlite",))
    return Path(str(url.database))


def write(source: sqlite3.Connection, target: Path) -> None:
    """Copy a database into a new file of its owner's, whole and by itself (no journal beside it).

    Raises Refused when the file is there or cannot be made; what was written of it is taken away on any failure.
    """
    _make(target)
    try:
        with closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            _check_whole(copy, target)
    except BaseException as problem:
        remove(target)
        if isinstance(problem, sqlite3.Error):
            raise errors.Refused(
                f"The copy {target} could not be written: {problem}.",
                "Make room, or name another place.",
                codes=("backup_place",),
            ) from None
        raise


def _make(target: Path) -> None:
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as problem:
        raise errors.Refused(
            f"{target} cannot be made: {problem.strerror}.", "Name a file that is not there yet.", codes=("file_place",)
        ) from None


def remove(database: Path) -> None:
    """Delete a copy, with the journals that opening it may have left."""
    for path in (database, *_journals(database)):
        path.unlink(missing_ok=True)


def _journals(database: Path) -> tuple[Path, ...]:
    return tuple(database.with_name(database.name + end) for end in ("-wal", "-shm", "-journal"))


def opened(path: Path) -> sqlite3.Connection:
    """A database for reading only; raises sqlite3.Error."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def read(path: Path) -> Contents:
    """What a backup holds, opened for reading only. Raises Refused for a file that is none, or not whole."""
    try:
        with closing(opened(path)) as held:
            _check_whole(held, path)
            return contents(held)
    except sqlite3.Error as problem:
        raise errors.Refused(
            f"{path} is not a backup of Tapslip's database: {problem}.",
            "Name a file that `tapslip backup` made.",
            codes=("not_a_backup",),
        ) from None


def _check_whole(held: sqlite3.Connection, path: Path) -> None:
    (verdict,) = held.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise errors.Refused(f"{path} is damaged: {verdict}.", "Use another backup.", codes=("backup_damaged",))


def contents(held: sqlite3.Connection) -> Contents:
    """What a database holds; raises sqlite3.DatabaseError when it is not one of ours."""
    tables = {name for (name,) in held.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables >= _TABLES:
        raise sqlite3.DatabaseError("its tables are not Tapslip's")
    stamps = dict(held.execute(str(sa.select(schema.stamps.c.name, schema.stamps.c.value))).fetchall())
    (revision,) = held.execute("SELECT version_num FROM alembic_version").fetchone() or ("",)
    (rows,) = held.execute("SELECT count(*) FROM audit").fetchone()
    return Contents(stamps.get("tenant_id", ""), revision, int(stamps.get("epoch", "0")), rows)


def alone(database: Path) -> Contents | None:
    """What the present database holds, with nobody else in it and its journal folded in; None when it cannot be read.

    Raises Refused while another program has it open.
    """
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=rw", uri=True, timeout=0)) as held:
            held.execute("PRAGMA journal_mode=DELETE")
            return contents(held)
    except sqlite3.Error as problem:
        if "locked" in str(problem):
            raise errors.Refused(
                "Another program has the database open.",
                "Stop `tapslip serve` and every other one, then restore.",
                codes=("database_in_use",),
            ) from None
        return None


def put_aside(database: Path, name: str) -> Path | None:
    """Rename a database, with its journals if they are left, to a name beside it; None when there is no file."""
    if not database.exists():
        return None
    aside = database.with_name(name)
    if aside.exists():
        raise errors.Refused(f"{aside} is there already.", "Move it away first.", codes=("file_place",))
    for path, end in zip((database, *_journals(database)), ("", "-wal", "-shm", "-journal"), strict=True):
        with suppress(FileNotFoundError):
            path.rename(aside.with_name(aside.name + end))
    return aside
