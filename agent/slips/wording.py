"""The fixed words of a slip in one language, and how that language writes a date."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import zoneinfo
from pathlib import Path
from typing import Final

import yaml
from babel import dates

from agent import errors

_FOLDER: Final = Path(__file__).with_name("locales")


@dataclasses.dataclass(frozen=True)
class Wording:
    """`words` by key, `chips` by a step's use, `symbols`: the spoken name of a symbol that is easily misread."""

    language: str
    locale: str
    words: dict[str, str]
    chips: dict[str, str]
    symbols: dict[str, str]

    def say(self, key: str, **values: str) -> str:
        """The sentence under `key` with its {braces} filled."""
        return self.words[key].format(**values)


def known() -> tuple[str, ...]:
    """The languages a slip can be printed in, as tags such as "en"."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


@functools.cache
def load(language: str) -> Wording:
    """The words of `language`; raises `errors.Misconfigured` naming the known ones."""
    if language not in known():
        raise errors.Misconfigured(
            f"There are no slip words for the language “{language}”.",
            f"Choose one of: {', '.join(known())}.",
        )
    found = yaml.safe_load((_FOLDER / f"{language}.yaml").read_text(encoding="utf-8"))
    return Wording(language, found["locale"], found["words"], found["chips"], found["symbols"])


def validity(wording: Wording, start: datetime.datetime, end: datetime.datetime, zone: str) -> str:
    """“Works from … to … (zone)” for two aware datetimes; the day is said once when both fall on it.

    Raises `errors.Misconfigured` for a zone that the machine's time zone database does not hold.
    """
    there = _zone(zone)
    first, last = start.astimezone(there), end.astimezone(there)
    until = _time(last, wording) if first.date() == last.date() else _day_and_time(last, wording)
    return wording.say(
        "works", **{"from": _day_and_time(first, wording), "until": until, "zone": zone.replace("_", " ")}
    )


def until(wording: Wording, end: datetime.datetime, zone: str) -> str:
    """“Works until … (zone)” for an aware datetime. Raises as `validity`."""
    last = end.astimezone(_zone(zone))
    return wording.say("works_until", until=_day_and_time(last, wording), zone=zone.replace("_", " "))


def _zone(zone: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise errors.Misconfigured(
            f"The time zone “{zone}” is not known.", "Use an IANA name such as Europe/Berlin."
        ) from None


def _time(moment: datetime.datetime, wording: Wording) -> str:
    return dates.format_time(moment, "short", tzinfo=moment.tzinfo, locale=wording.locale)


def _day_and_time(moment: datetime.datetime, wording: Wording) -> str:
    day = dates.format_skeleton("yMMMEd", moment, tzinfo=moment.tzinfo, locale=wording.locale)
    return f"{day}, {_time(moment, wording)}"
