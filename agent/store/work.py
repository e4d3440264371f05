"""The open transaction's one way to the database."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.sql import base

from agent import errors
from agent.store import faults


class Work:
    """Runs statements; what the database refuses becomes an error of ours, and ends the unit of work.

    PostgreSQL undoes everything after a refusal and SQLite does not: `failed` keeps what was refused, so that a block
    which swallows it cannot commit on either.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self.failed: errors.AgentError | None = None

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._connection.dialect.name

    def run(self, statement: base.Executable) -> sa.CursorResult[Any]:
        """Run one statement; raises what `faults.ours` says, and ValueError for a time without a zone."""
        try:
            return self._connection.execute(statement)
        except exc.DBAPIError as error:
            self.failed = faults.ours(error, self._connection.engine.url)
            raise self.failed from error
        except exc.StatementError as error:
            # A value that fits no column never reached the database: a bug of ours, told as what it is.
            raise (error.orig or error) from None
