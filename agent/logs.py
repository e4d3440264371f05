"""Logging for the whole program: readable lines or JSON lines, and the redaction net.

The net is the second line of defence. The first is that codes and secrets have types of their own that show nothing;
the net catches what comes as plain text from elsewhere, such as a body in a library's message. Local variables are
never rendered.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from agent.domain.secrets import HIDDEN

_NAMES: Final = (
    r"temporary[ _-]?access[ _-]?pass(?:code|word)?|access[_-]?pass|passcode|password|passwd|passphrase"
    r"|client[_-]?secret|client[_-]?assertion|(?:access|refresh|id|control)_?token"
    r"|code_?verifier|device_?code|private_?key"
)
#: A named value: quoted (as in JSON, Python, HTML, escaped inside another text) or bare; the end quote may be missing.
_NAMED: Final = re.compile(
    rf"""(?P<name>(?:{_NAMES})(?:\\*["']|&quot;)?\s*[:=]\s*)"""
    r"""(?:\\+["'](?:(?!\\+["']).)*|b?"(?:[^"\\]|\\.)*|b?'(?:[^'\\]|\\.)*|&quot;(?:(?!&quot;).)*|[^\s&]+)""",
    re.IGNORECASE | re.DOTALL,
)
_SIGNED_TOKEN: Final = re.compile(r"\beyJ[\w\-]+\.[\w\-]+(?:\.[\w\-]*)?")
_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
_SHAPES: Final = (
    (re.compile(r"(?i)\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=\-]{8,}"), rf"\1 {HIDDEN}"),
    (_SIGNED_TOKEN, HIDDEN),
    (re.compile(r"([?&]code=)[^&\s\"']+"), rf"\1{HIDDEN}"),
    (re.compile(r"(\w://[^\s:/@]*:)[^\s/@]+@"), rf"\1{HIDDEN}@"),
    (_PRIVATE_KEY, HIDDEN),
)
_MOVES_THE_CURSOR: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def redacted(text: str) -> str:
    """The text without anything that looks like a code, secret, token, password or private key."""
    text = _NAMED.sub(rf"\g<name>{HIDDEN}", text)
    for shape, instead in _SHAPES:
        text = shape.sub(instead, text)
    return text


class Redaction(logging.Filter):
    """Settles message, traceback and stack of a record into redacted text, so that no handler sees the originals."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always True: a record is cleaned, never dropped."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            message = f"{record.msg} (its arguments do not fit)"
        record.msg, record.args = redacted(message), None
        if record.exc_info:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
            record.exc_info = None
        record.exc_text = redacted(record.exc_text) if record.exc_text else None
        record.stack_info = redacted(record.stack_info) if record.stack_info else None
        return True


def _shown(text: str) -> str:
    """One line: what would move the cursor or turn the reading direction is written out."""
    return _MOVES_THE_CURSOR.sub(lambda sign: sign.group().encode("unicode_escape").decode("ascii"), text)


class _Lines(logging.Formatter):
    """`2026-11-02T09:15:00Z warning agent.graph.transport: message`, a traceback below it."""

    def format(self, record: logging.LogRecord) -> str:
        head = f"{_time(record)} {record.levelname.lower()} {record.name}: {_shown(record.getMessage())}"
        return "\n".join(part for part in (head, record.exc_text, record.stack_info) if part)


class _JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message and, if there is one, traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_text:
            line["traceback"] = record.exc_text
        return json.dumps(line, ensure_ascii=False)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class _Handler(logging.StreamHandler[TextIO]):
    """Writes to a stream; when it cannot, says no more than that, because the usual report prints the arguments."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 -- logging's own name
        """Drops the line."""


def set_up(stream: TextIO, *, json_lines: bool = False, level: int = logging.WARNING) -> logging.Handler:
    """Sends every record of `level` and above to the stream, through the net; replaces an earlier set-up.

    The handler is returned so that a caller can take it off the root logger again.
    """
    root = logging.getLogger()
    for earlier in [handler for handler in root.handlers if isinstance(handler, _Handler)]:
        root.removeHandler(earlier)
    handler = _Handler(stream)
    handler.setFormatter(_JsonLines() if json_lines else _Lines())
    handler.addFilter(Redaction())
    root.addHandler(handler)
    root.setLevel(level)
    return handler
