"""What Tapslip knows about something outside, or why it does not: never a guess, never a false green.

A fact is either `Known` (value, source, when) or `NotChecked` (reason, and the permission that would allow
the check). Everything gathered from a tenant travels as one of these two.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Known(Generic[T_co]):
    """A value that was read: `source` names the request, `at` is when it was answered (UTC)."""

    value: T_co
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class NotChecked:
    """A value that could not be read: `reason` is a sentence, `permission` what would allow it (or empty)."""

    reason: str
    permission: str = ""


Fact: TypeAlias = Known[T] | NotChecked
