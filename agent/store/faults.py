"""The store's edge: what SQLAlchemy and the drivers raise becomes ours here, without parameters or passwords.

a second open pass            Refused (live_pass)
a second freeze               Refused (frozen)
a second open ticket          Refused (open_ticket)
locked out by other work      Stale: nothing was changed, try again
no such server, file, rights  Misconfigured
anything else                 AgentError: a bug of ours
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import exc

from agent import errors
from agent.store import schema

#: Serialization failure, deadlock, lock not available: postgresql.org/docs/current/errcodes-appendix.html
_LOCKED_OUT = {"40001", "40P01", "55P03"}


def place(url: sa.URL) -> str:
    """Where the database is, in words: never the user's password, which may stand in two places of an address."""
    if url.get_backend_name() == "sqlite":
        return f"The SQLite database {url.database or 'in memory'}"
    return f"The PostgreSQL database {url.database or ''} on {url.host or 'this machine'}"


def unreachable(where: str, reason: str) -> errors.Misconfigured:
    """The database does not answer, does not let us in, or is not what it should be."""
    return errors.Misconfigured(
        f"{where} cannot be used: {reason}.",
        "Check that database_url is right, that the server runs or the folder exists, and that we may write there.",
    )


def locked_out() -> errors.Stale:
    """Other work held the database for too long, or met ours in the middle."""
    return errors.Stale(
        "Other work held the same rows of the database, so nothing was changed.",
        "Try again; if it keeps happening, look for a second program that holds the database open.",
    )


def ours(error: exc.SQLAlchemyError, url: sa.URL) -> errors.AgentError:
    """The error of ours that says what `error` means."""
    cause = error.orig if isinstance(error, exc.DBAPIError) else None
    if isinstance(error, exc.IntegrityError):
        return _integrity(cause)
    if _is_locked_out(cause):
        return locked_out()
    if type(error) in {exc.OperationalError, exc.InterfaceError, exc.DatabaseError} or _is_refused(cause):
        return unreachable(place(url), _reason(cause, url))
    return errors.AgentError(
        f"The database refused a statement ({type(error).__name__}).", "This is a bug: please report it."
    )


def _integrity(cause: BaseException | None) -> errors.AgentError:
    constraint = getattr(getattr(cause, "diag", None), "constraint_name", None)
    if constraint == schema.ONE_OPEN_PASS or str(cause) == "UNIQUE constraint failed: passes.person_id":
        return errors.Refused(
            "This person already has an open pass.",
            "Use it, revoke it, or ask for it to be replaced.",
            codes=("live_pass",),
        )
    if constraint == schema.ONE_FREEZE or str(cause) == "UNIQUE constraint failed: freezes.state":
        return errors.Refused("Everything is frozen already.", "`tapslip unfreeze` lifts it.", codes=("frozen",))
    if constraint == schema.ONE_OPEN_TICKET or str(cause) == "UNIQUE constraint failed: tickets.person_id":
        return errors.Refused(
            "This person already has an open ticket.",
            "Use it, or `tapslip ticket void` it; `tapslip ticket reprint` makes a new one in its place.",
            codes=("open_ticket",),
        )
    return errors.AgentError(
        f"The database refused rows that contradict each other ({constraint or cause}).",
        "This is a bug: please report it.",
    )


def _is_locked_out(cause: BaseException | None) -> bool:
    return getattr(cause, "sqlstate", None) in _LOCKED_OUT or str(cause).startswith("database is locked")


def _is_refused(cause: BaseException | None) -> bool:
    """PostgreSQL's 42501: this account lacks a right; SQLite's read-only files are operational errors."""
    return getattr(cause, "sqlstate", None) == "42501"


def _reason(cause: BaseException | None, url: sa.URL) -> str:
    """The driver's last line, which is the telling one, with any password taken out."""
    lines = str(cause).strip().splitlines() or ["no reason given"]
    secrets = [url.password, *(value for key, value in url.query.items() if "password" in key)]
    text = lines[-1].strip().rstrip(".")
    for secret in secrets:
        text = text.replace(str(secret), "•••") if secret else text
    return text
