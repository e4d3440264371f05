"""What Tapslip knows about something outside, or why it does not: never a guess, never a false green.

A fact is either `Known` (value, source, when) or `NotChecked` (reason, and the permission that would allow
the check). Everything gathered from a tenant travels as one of these two.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Known(Generic[T_co]):
    """A value that was read: `source` names the request, `at` is when it was answered (UTC).

    Two looks that saw the same are equal, whenever they were taken.
    """

    value: T_co
    source: str
    at: datetime = field(compare=False)

    @property
    def evidence(self) -> str:
        """The request and when it was answered, as findings repeat it."""
        return f"{self.source}, read {self.at:%Y-%m-%d %H:%M:%S} UTC"


@dataclass(frozen=True, slots=True)
class NotChecked:
    """A value that could not be read: `reason` is a sentence, `permission` what would allow it (or empty)."""

    reason: str
    permission: str = ""


Fact: TypeAlias = Known[T] | NotChecked

#: What stands where nobody has looked.
NOT_READ = NotChecked("this was not looked at")
