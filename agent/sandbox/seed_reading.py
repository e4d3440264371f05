"""Reading a seed: YAML with the place kept, so that a wrong seed is refused with its key and a sentence.

An `Entry` is one mapping of the seed together with where it stands ("people.mara.quist"). What nobody asked for is an
unknown key, which `done` reports.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import yaml

_RELATIVE = re.compile(r"(?:in )?(\d+) (minute|hour|day)s?( ago)?$")


class SeedError(Exception):
    """A seed that cannot be used; the text opens with the key at fault."""


class _Loader(yaml.SafeLoader):
    """Safe YAML that refuses a key given twice, where PyYAML would silently take the second."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[str] = set()
    for key_node, _ in node.value:
        if key_node.value in seen:
            line = key_node.start_mark.line + 1
            raise SeedError(f"line {line}: the key '{key_node.value}' is given twice.")
        seen.add(key_node.value)
    return dict(loader.construct_mapping(node, deep=True))


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def parse(text: str) -> dict[str, Any]:
    """The mapping behind YAML text, the caller's own; raises SeedError."""
    return copy.deepcopy(_parsed(text))


@lru_cache(maxsize=4)
def _parsed(text: str) -> dict[str, Any]:
    """The sandbox's own company takes a fifth of a second, and many tenants in one process begin with it."""
    try:
        found = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader with one more rule
    except yaml.YAMLError as broken:
        raise SeedError(f"The seed is not YAML: {broken}") from None
    if not isinstance(found, dict):
        raise SeedError("The seed must be a mapping with keys such as 'company' and 'people'.")
    return found


class Entry:
    """One mapping of the seed; every reader names the key it wants and refuses what does not fit."""

    def __init__(self, found: object, where: str, *, now: datetime) -> None:
        if not isinstance(found, dict):
            raise SeedError(f"{where}: a mapping was expected, not {found!r}.")
        self.where = where
        self.now = now
        self._found = {str(key): value for key, value in found.items()}
        self._asked: set[str] = set()

    def wrong(self, key: str, sentence: str) -> SeedError:
        """The error for `key` of this entry, to be raised by the caller."""
        return SeedError(f"{self.where}.{key}: {sentence}" if self.where else f"{key}: {sentence}")

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        return key in self._found

    def text(self, key: str, default: str | None = None) -> str:
        """Text; must be there when no default is given."""
        value = self.maybe_text(key)
        if value is None and default is None:
            raise self.wrong(key, "is missing.")
        return default or "" if value is None else value

    def maybe_text(self, key: str) -> str | None:
        """Text, or None where the key is absent."""
        value = self._take(key, None)
        if value is not None and not isinstance(value, str):
            raise self.wrong(key, f"text was expected, not {value!r} (put it in quotes).")
        return value

    def one_of(self, key: str, words: Collection[str], default: str) -> str:
        """One of these words."""
        value = self.text(key, default)
        if value not in words:
            raise self.wrong(key, f"'{value}' is none of {', '.join(sorted(words))}.")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value = self._take(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, f"true or false was expected, not {value!r}.")
        return value

    def number(self, key: str, default: int) -> int:
        """A whole number that is not negative."""
        value = self._take(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.wrong(key, f"a whole number was expected, not {value!r}.")
        return value

    def texts(self, key: str, default: tuple[str, ...] = ()) -> list[str]:
        """A list of texts."""
        value = self._take(key, list(default))
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(key, f"a list of texts was expected, not {value!r}.")
        return list(value)

    def values(self, key: str) -> dict[str, Any]:
        """A free mapping, such as Graph properties by their names."""
        value = self._take(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, f"a mapping was expected, not {value!r}.")
        return dict(value)

    def moment(self, key: str, default: str | None = None) -> datetime | None:
        """A time: "now", "today", "3 days ago", "in 2 hours"; None where neither key nor default is given."""
        text = self.maybe_text(key) or default
        if text is None:
            return None
        if text == "now":
            return self.now
        if text == "today":
            return self.now.replace(hour=0, minute=0, second=0, microsecond=0)
        match = _RELATIVE.match(text)
        if match is None or text.startswith("in ") == bool(match.group(3)):
            raise self.wrong(key, f"'{text}' is no time; write 'now', 'today', '3 days ago' or 'in 2 hours'.")
        span = timedelta(**{f"{match.group(2)}s": int(match.group(1))})
        return self.now - span if match.group(3) else self.now + span

    def entry(self, key: str) -> Entry:
        """A mapping below this one, empty where absent."""
        return Entry(self._take(key, {}), self._below(key), now=self.now)

    def named(self, key: str) -> Iterator[tuple[str, Entry]]:
        """The entries of a mapping of mappings, with their names."""
        found = self._take(key, {})
        if not isinstance(found, dict):
            raise self.wrong(key, "a mapping of named entries was expected.")
        for name, value in found.items():
            yield str(name), Entry(value, f"{self._below(key)}.{name}", now=self.now)

    def listed(self, key: str) -> Iterator[Entry]:
        """The entries of a list of mappings."""
        found = self._take(key, [])
        if not isinstance(found, list):
            raise self.wrong(key, "a list was expected.")
        for at, value in enumerate(found):
            yield Entry(value, f"{self._below(key)}[{at}]", now=self.now)

    def done(self) -> None:
        """Refuse the keys that nobody asked for; to be called when everything known was read."""
        for key in self._found:
            if key not in self._asked:
                raise self.wrong(key, f"is not known here; known are {', '.join(sorted(self._asked))}.")

    def _below(self, key: str) -> str:
        return f"{self.where}.{key}" if self.where else key

    def _take(self, key: str, default: Any) -> Any:
        self._asked.add(key)
        value = self._found.get(key)
        return default if value is None else value
