"""`$filter`, as much of it as the served routes need, over rows of plain JSON values.

    or := and ("or" and)*      and := term ("and" term)*
    term := "(" or ")" | "not" term | call | any | comparison | path "in" "(" literal ("," literal)* ")"
    call := contains|startswith|endswith "(" path "," literal ")"      any := path "/any(" [name ":" or-on-name] ")"

Comparison is eq, ne, gt, ge, lt, le, and has (a word among words); text compares in any letter case, as the directory
does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|[(),:]|[^\s(),:']+(?::\d\d[^\s(),']*)*)")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?$")
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda left, right: bool(left == right),
    "ne": lambda left, right: bool(left != right),
    "gt": lambda left, right: left is not None and right is not None and bool(left > right),
    "ge": lambda left, right: left is not None and right is not None and bool(left >= right),
    "lt": lambda left, right: left is not None and right is not None and bool(left < right),
    "le": lambda left, right: left is not None and right is not None and bool(left <= right),
    "has": lambda left, right: isinstance(left, str) and right in left.split(","),
}
_CALLS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "startswith": lambda text, part: text.startswith(part),
    "endswith": lambda text, part: text.endswith(part),
}


class UnreadableFilter(Exception):
    """The text is no filter of the shapes above."""


class Condition(Protocol):
    """Something a row fulfils or not."""

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Whether `row` fulfils it."""
        ...


@dataclass(frozen=True, slots=True)
class Comparison:
    """`path operator value`; `path` is "a" or "a/b"."""

    path: str
    operator: str
    value: Any

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Whether the value at `path` stands so to `value`; values of two kinds never do."""
        try:
            return _OPERATORS[self.operator](_comparable(_at(row, self.path)), _comparable(self.value))
        except TypeError:
            return False


@dataclass(frozen=True, slots=True)
class Call:
    """`contains(path, value)`, `startswith(path, value)` or `endswith(path, value)`."""

    function: str
    path: str
    value: str

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Whether the text at `path` contains, starts or ends with `value`."""
        return _CALLS[self.function](str(_at(row, self.path) or "").lower(), self.value.lower())


@dataclass(frozen=True, slots=True)
class AnyOf:
    """`path/any(x: condition on x)`, or `path/any()` for any item at all."""

    path: str
    name: str
    condition: Condition

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Whether any item at `path` fulfils the condition."""
        return any(self.condition.holds({self.name: item}) for item in _at(row, self.path) or [])


@dataclass(frozen=True, slots=True)
class OneOf:
    """`path in (value, ...)`."""

    path: str
    values: tuple[Any, ...]

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Whether the value at `path` is one of these."""
        return _comparable(_at(row, self.path)) in [_comparable(value) for value in self.values]


@dataclass(frozen=True, slots=True)
class Negated:
    """`not condition`."""

    condition: Condition

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Whether the condition does not hold."""
        return not self.condition.holds(row)


@dataclass(frozen=True, slots=True)
class Joined:
    """Conditions joined by "and" or "or"."""

    word: str
    parts: tuple[Condition, ...]

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Whether all, or any, of the parts hold."""
        return (all if self.word == "and" else any)(part.holds(row) for part in self.parts)


def parse(text: str) -> Condition:
    """The condition behind `text`; raises UnreadableFilter with the reason."""
    reader = _Reader(_tokens(text))
    condition = _joined(reader, "or")
    if reader.left():
        raise UnreadableFilter(f"'{reader.take()}' was not expected")
    return condition


def comparisons(condition: Condition) -> list[tuple[str, str]]:
    """(path, operator or function) of everything a condition asks, to see whether a collection supports it."""
    if isinstance(condition, Joined):
        return [asked for part in condition.parts for asked in comparisons(part)]
    if isinstance(condition, Comparison):
        return [(condition.path, condition.operator)]
    if isinstance(condition, Call):
        return [(condition.path, condition.function)]
    if isinstance(condition, OneOf):
        return [(condition.path, "in")]
    if isinstance(condition, Negated):
        return [("", "not"), *comparisons(condition.condition)]
    return [(condition.path, "any")] if isinstance(condition, AnyOf) else []


def literals(condition: Condition) -> list[Any]:
    """Every value that a condition compares with, those inside `any` too."""
    if isinstance(condition, Joined):
        return [value for part in condition.parts for value in literals(part)]
    if isinstance(condition, Comparison | Call):
        return [condition.value]
    if isinstance(condition, OneOf):
        return list(condition.values)
    return literals(condition.condition) if isinstance(condition, Negated | AnyOf) else []


def longest_list(condition: Condition) -> int:
    """How many values the longest `in` names, 0 without one."""
    if isinstance(condition, Joined):
        return max((longest_list(part) for part in condition.parts), default=0)
    if isinstance(condition, Negated | AnyOf):
        return longest_list(condition.condition)
    return len(condition.values) if isinstance(condition, OneOf) else 0


class _Reader:
    """The tokens and how far they are read."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def left(self) -> bool:
        return self._at < len(self._tokens)

    def peek(self) -> str:
        return self._tokens[self._at] if self.left() else ""

    def take(self, expected: str | None = None) -> str:
        token = self.peek()
        if not token or (expected is not None and token.lower() != expected):
            raise UnreadableFilter(f"{expected or 'more'} was expected at '{token}'")
        self._at += 1
        return token


def _tokens(text: str) -> list[str]:
    tokens, at, text = [], 0, text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise UnreadableFilter(f"'{text[at:]}' cannot be read")
        tokens.append(match.group(1))
        at = match.end()
    return tokens


def _joined(reader: _Reader, word: str) -> Condition:
    def part() -> Condition:
        return _joined(reader, "and") if word == "or" else _term(reader)

    parts = [part()]
    while reader.peek().lower() == word:
        reader.take()
        parts.append(part())
    return parts[0] if len(parts) == 1 else Joined(word, tuple(parts))


def _term(reader: _Reader) -> Condition:
    first = reader.take()
    if first == "(":
        inner = _joined(reader, "or")
        reader.take(")")
        return inner
    if first.lower() == "not":
        return Negated(_term(reader))
    if first.lower() in _CALLS:
        return _call(reader, first.lower())
    if first.lower().endswith("/any"):
        reader.take("(")
        return _any_of(reader, first[: -len("/any")])
    return _comparison(reader, first)


def _any_of(reader: _Reader, path: str) -> Condition:
    if reader.peek() == ")":
        reader.take()
        return AnyOf(path, "", Joined("and", ()))
    name = reader.take()
    reader.take(":")
    condition = _joined(reader, "or")
    reader.take(")")
    return AnyOf(path, name, condition)


def _call(reader: _Reader, function: str) -> Condition:
    reader.take("(")
    path = reader.take()
    reader.take(",")
    value = _literal(reader.take())
    reader.take(")")
    return Call(function, path, str(value))


def _comparison(reader: _Reader, path: str) -> Condition:
    operator = reader.take().lower()
    if operator == "in":
        return _one_of(reader, path)
    if operator not in _OPERATORS or path.startswith("'"):
        raise UnreadableFilter(f"'{operator}' after '{path}' is not supported")
    return Comparison(path, operator, _literal(reader.take()))


def _one_of(reader: _Reader, path: str) -> Condition:
    reader.take("(")
    values = [_literal(reader.take())]
    while reader.peek() == ",":
        reader.take()
        values.append(_literal(reader.take()))
    reader.take(")")
    return OneOf(path, tuple(values))


def _literal(token: str) -> Any:
    if token.startswith("'"):
        return token[1:-1].replace("''", "'")
    if token.lower() in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[token.lower()]
    if re.fullmatch(r"-?\d+", token):
        return int(token)
    return token


def _comparable(value: Any) -> Any:
    if isinstance(value, str):
        if _MOMENT.match(value):
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        return value.lower()
    return value


def _at(row: Mapping[str, Any], path: str) -> Any:
    value: Any = row
    for name in path.split("/"):
        if name.lower() == "$count" and isinstance(value, list):
            return len(value)
        if not isinstance(value, Mapping):
            return None
        value = next((found for key, found in value.items() if key.lower() == name.lower()), None)
    return value
