"""When passes may be made: days of the week and times of day, as a site's people would write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
EXAMPLE: Final = "Mon-Fri 07:00-19:00, Sat 08:00-12:00"
_SPELL = re.compile(r"([A-Z][a-z]{2})(?:-([A-Z][a-z]{2}))? (\d\d:\d\d)-(\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch of the same time on several days; `days` are 0 (Monday) to 6, `until` is not part of it."""

    days: frozenset[int]
    since: time
    until: time


@dataclass(frozen=True, slots=True)
class Hours:
    """Every stretch in which passes may be made; `text` is how it was written."""

    text: str
    spells: tuple[Spell, ...]

    def admit(self, local: datetime) -> bool:
        """Whether it is inside one of them; `local` is the site's own time."""
        at = local.time()
        return any(local.weekday() in spell.days and spell.since <= at < spell.until for spell in self.spells)


def read(text: str) -> Hours:
    """Hours as in `EXAMPLE`; raises ValueError with a sentence for anything else."""
    return Hours(text, tuple(_spell(part.strip()) for part in text.split(",")))


def _spell(text: str) -> Spell:
    found = _SPELL.fullmatch(text)
    if not found:
        raise ValueError(f"must be written like {EXAMPLE}")
    first, last, since, until = found.groups()
    if first not in DAYS or (last or first) not in DAYS:
        raise ValueError(f"has a day that is none of {', '.join(DAYS)}")
    begin, end = DAYS.index(first), DAYS.index(last or first)
    try:
        start, stop = time.fromisoformat(since), time.max if until == "24:00" else time.fromisoformat(until)
    except ValueError:
        raise ValueError("has a time that is none; times go from 00:00 to 24:00") from None
    if begin > end or start >= stop:
        raise ValueError("must go forward: Mon-Fri and 07:00-19:00, not the other way round")
    return Spell(frozenset(range(begin, end + 1)), start, stop)
