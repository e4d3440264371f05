"""Moments as people at the site read them: its zone, today's by the hour only, each with the exact one behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from babel import dates
from markupsafe import Markup

_LOCALE: Final = "en_GB"
_NEAR: Final = {-1: "yesterday ", 0: "", 1: "tomorrow "}


@dataclass(frozen=True, slots=True)
class Times:
    """`zone` is the site's IANA name; `now` the moment the page is made."""

    zone: ZoneInfo
    now: datetime

    def words(self, at: datetime) -> str:
        """“14:05”, “tomorrow 14:05”, “Mon 3 Mar, 14:05”, with the year where it is another one."""
        local, today = at.astimezone(self.zone), self.now.astimezone(self.zone)
        clock = dates.format_time(local, "HH:mm", tzinfo=self.zone, locale=_LOCALE)
        days = (local.date() - today.date()) // timedelta(days=1)
        if days in _NEAR:
            return _NEAR[days] + clock
        pattern = "EEE d MMM" if local.year == today.year else "EEE d MMM y"
        return f"{dates.format_date(local.date(), pattern, locale=_LOCALE)}, {clock}"

    def mark(self, at: datetime) -> Markup:
        """The words as a `time` element; the full moment with its zone is its title."""
        local = at.astimezone(self.zone)
        full = dates.format_datetime(local, "EEEE d MMMM y, HH:mm:ss z", tzinfo=self.zone, locale=_LOCALE)
        return Markup('<time datetime="{}" title="{}">{}</time>').format(
            at.isoformat(timespec="seconds"), full, self.words(at)
        )
