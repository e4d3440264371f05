"""An alert: something that was seen and that a human has to look at, kept until one says that they did."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class AlertKind(StrEnum):
    """What it is about."""

    STRAY_PASS = "stray_pass"  # noqa: S105  a pass of our app that no journey of ours explains
    REPLACED_OUTSIDE = "replaced_outside"
    PERSON_DISABLED = "person_disabled"
    ONLY_STRONG_METHOD = "only_strong_method"
    AUDIT_BROKEN = "audit_broken"


class AlertLevel(StrEnum):
    """How soon somebody must look."""

    CRITICAL = "critical"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Alert:
    """`id` is made of the kind and of what it is about, so that seeing a thing again raises nothing new.

    `sentence` says what was seen, `act` what to do, `link` where (a deep link, or "").
    """

    id: str
    kind: AlertKind
    level: AlertLevel
    person_id: str
    subject: str
    sentence: str
    act: str
    raised_at: datetime
    link: str = ""
    settled_at: datetime | None = None
    settled_by: str = ""
    note: str = ""
    version: int = 0

    @property
    def open(self) -> bool:
        """Whether nobody has settled it."""
        return self.settled_at is None

    def settled(self, at: datetime, by: str, note: str) -> Alert:
        """This alert, looked at; a settled one stays as it is."""
        return self if self.settled_at else replace(self, settled_at=at, settled_by=by, note=note)
