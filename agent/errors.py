"""One class for each decision a caller makes, each with what happened, what to do and a reference.

    AgentError            exit 1   a bug of ours when nothing below fits
    ├── WrongUsage        exit 2   the request itself is malformed
    ├── Refused           exit 3   a rule of ours says no (carries the findings, if any)
    │   └── NotFound      exit 3   an unknown person, serial, journey or pass
    ├── TenantRefused     exit 3   Microsoft Graph says no (carries status and Graph's code)
    ├── Stale             exit 3   somebody else changed the row first
    ├── OutcomeUnknown    exit 4   the tenant may or may not have acted
    ├── Misconfigured     exit 5   settings, profile, credential or schema are wrong
    └── TenantUnreachable exit 6   not running, no route, or an answer that is no answer
        └── TenantThrottled exit 6 told to wait longer than our patience

Foreign errors become one of these at the adapter's edge and nowhere else.
"""

from __future__ import annotations


class AgentError(Exception):
    """`summary`: what happened, one sentence; `advice`: what to do and where; `reference`: Graph's request id."""

    exit_code = 1

    def __init__(self, summary: str, advice: str = "", reference: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.advice = advice
        self.reference = reference


class WrongUsage(AgentError):
    """The request contradicts itself or lacks a part; nothing was looked up."""

    exit_code = 2


class Refused(AgentError):
    """A rule of ours forbids it; `codes` names the findings that led to it."""

    exit_code = 3

    def __init__(self, summary: str, advice: str = "", reference: str = "", *, codes: tuple[str, ...] = ()) -> None:
        super().__init__(summary, advice, reference)
        self.codes = codes


class NotFound(Refused):
    """There is no such person, serial, journey, pass or slip."""


class TenantRefused(AgentError):
    """Graph answered 4xx: `status` is HTTP's, `code` is Graph's `error.code`."""

    exit_code = 3

    def __init__(
        self, summary: str, advice: str = "", reference: str = "", *, status: int = 400, code: str = ""
    ) -> None:
        super().__init__(summary, advice, reference)
        self.status = status
        self.code = code


class Stale(AgentError):
    """The row was changed by somebody else since it was read: read it again and decide again."""

    exit_code = 3


class OutcomeUnknown(AgentError):
    """The request left and no answer came back: it may have been carried out."""

    exit_code = 4


class Misconfigured(AgentError):
    """Settings, a profile, a credential or the schema must be mended by an administrator first."""

    exit_code = 5


class TenantUnreachable(AgentError):
    """No connection, no answer in time, or an answer that is not Graph's."""

    exit_code = 6


class TenantThrottled(TenantUnreachable):
    """The tenant asked us to wait longer than we are willing to; `retry_after` in seconds, if it said."""

    def __init__(
        self, summary: str, advice: str = "", reference: str = "", *, retry_after: float | None = None
    ) -> None:
        super().__init__(summary, advice, reference)
        self.retry_after = retry_after
