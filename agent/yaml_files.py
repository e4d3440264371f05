"""YAML read strictly, for settings and profiles: what is wrong is said as `file:line: key: sentence`, all at once.

Duplicate keys silently win and aliases multiply in plain YAML, so both are refused, with tags, invisible characters and
anything over 64 KB. Plain scalars are text, whole numbers, true, false or nothing: `no` is a language, not False.
A file is then held against its declaration by pydantic, whose messages are rewritten to sentences; values are never
quoted, because one of them may be a secret.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

LARGEST: Final = 64 * 1024
_DEEPEST: Final = 12  # the deepest shape we declare has 5 levels; the reader below recurses
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WHOLE_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,8})")
_WORDS: Final[Mapping[str, object]] = {"": None, "~": None, "null": None, "true": True, "false": False}

Key = tuple[str | int, ...]
T = TypeVar("T")


class Fault(NamedTuple):
    """One thing wrong; `place` is `file:line`, or what stands for a file (environment, command line)."""

    place: str
    key: str
    sentence: str

    def __str__(self) -> str:
        return ": ".join(part for part in self if part)


@dataclass(slots=True)
class Document:
    """What a file says: plain values in `content`, the line of each key in `lines`, what is wrong in `faults`.

    `digest` is the SHA-256 of the file's bytes in hex. `places` overrules the line for values that came from elsewhere.
    """

    name: str
    content: Any = None
    digest: str = ""
    lines: dict[Key, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    places: dict[Key, tuple[str, str]] = field(default_factory=dict)

    def fault(self, key: Key, sentence: str) -> Fault:
        """A fault at this key: at its own line, or at the nearest line above it in the structure."""
        above = [key[:end] for end in range(len(key), -1, -1)]
        name = ".".join(map(str, key))
        elsewhere = next((known for known in above if known in self.places), None)
        if elsewhere is None and key not in self.lines:
            elsewhere = next((known for known in self.places if key and known[: len(key)] == key), None)
        if elsewhere is not None:
            place, said = self.places[elsewhere]
            return Fault(place, ".".join((said, *map(str, key[len(elsewhere) :]))), sentence)
        line = next((self.lines[known] for known in above if known in self.lines), None)
        return Fault(f"{self.name}:{line}" if line else self.name, name, sentence)


class _Unreadable(Exception):
    """The structure cannot be read any further; the fault is on the document already."""


def read(path: Path) -> Document:
    """The document in this file; a file that cannot be read at all is a document with that fault."""
    document = Document(str(path))
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        document.faults.append(Fault(document.name, "", f"cannot be read: {error.strerror or 'no reason given'}"))
        return document
    return parse(document.name, raw)


def parse(name: str, raw: bytes) -> Document:
    """The document in these bytes; never raises: what is wrong is in `faults`, and `content` then may be None."""
    document = Document(name, digest=hashlib.sha256(raw).hexdigest(), lines={(): 1})
    if len(raw) > LARGEST:
        document.faults.append(Fault(name, "", "is larger than 64 KB; no file of this kind needs that"))
        return document
    try:
        document.content = _Reader(document, raw.decode("utf-8-sig")).read()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        document.faults.append(Fault(f"{name}:{line}", "", "is not UTF-8 text; save the file as UTF-8"))
    except yaml.YAMLError as error:
        document.faults.append(_syntax_fault(name, error))
    except _Unreadable:
        document.content = None
    return document


def _syntax_fault(name: str, error: yaml.YAMLError) -> Fault:
    mark: Any = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else 1
    problem = getattr(error, "problem", None) or "a character that YAML does not allow"
    return Fault(f"{name}:{line}", "", f"is not YAML: {problem}")


class _Reader:
    """Builds plain values from the parser's events, so that aliases are never followed and every key has its line."""

    def __init__(self, document: Document, text: str) -> None:
        self._document = document
        self._events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)

    def read(self) -> Any:
        next(self._events)
        first = next(self._events)
        if isinstance(first, yaml.StreamEndEvent):
            self._fault((), "the file is empty")
            return None
        event = next(self._events)
        self._document.lines[()] = _line(event)
        content = self._value(event, ())
        next(self._events)
        if not isinstance(next(self._events), yaml.StreamEndEvent):
            self._fault((), "holds more than one document; keep the first and remove what follows “---”")
        if not isinstance(content, dict):
            self._fault((), "the file is empty" if content is None else "must be a mapping of keys to values")
            return None
        return content

    def _fault(self, key: Key, sentence: str) -> None:
        self._document.faults.append(self._document.fault(key, sentence))

    def _stop(self, key: Key, sentence: str) -> _Unreadable:
        self._fault(key, sentence)
        return _Unreadable()

    def _value(self, event: Any, key: Key) -> Any:
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            raise self._stop(key, "anchors and aliases (& and *) are not allowed; write the value out")
        if event.tag and event.tag != "!":
            raise self._stop(key, "tags (!) are not allowed; write the plain value")
        if len(key) > _DEEPEST:
            raise self._stop(key, f"is nested more than {_DEEPEST} levels deep")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(key)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(key)
        return self._scalar(event, key)

    def _mapping(self, key: Key) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self._stop(key, "a key must be plain text")
            if _invisible(event.value):
                raise self._stop(key, "a key holds an invisible character; type it again")
            name, here = event.value, (*key, event.value)
            first = self._document.lines.get(here)
            self._document.lines[here] = _line(event)
            value = self._value(next(self._events), here)
            if name in found:
                self._fault(here, f"stands here twice, first at line {first}; keep one of them")
            else:
                found[name] = value
        return found

    def _sequence(self, key: Key) -> list[Any]:
        found: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            here = (*key, len(found))
            self._document.lines[here] = _line(event)
            found.append(self._value(event, here))
        return found

    def _scalar(self, event: yaml.ScalarEvent, key: Key) -> Any:
        text: str = event.value
        if _invisible(text):
            self._fault(key, "holds an invisible character; type the text again")
        if event.implicit[0]:
            return plain(text)
        return text


def plain(text: str) -> object:
    """What a plain scalar means: nothing, true, false, a whole number, or else the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _WHOLE_NUMBER.fullmatch(text) else text


def _invisible(text: str) -> bool:
    """Control and format characters; the joiners of Arabic and Indic scripts, line ends and tabs are text."""
    return any(unicodedata.category(sign) in {"Cc", "Cf"} and sign not in "\n\t\u200c\u200d" for sign in text)


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1


def hold_against(declaration: TypeAdapter[tuple[T]], document: Document) -> T | None:
    """The document's content as the declared type; None, with every reason added to `document.faults`, if it is not.

    The declaration is of a tuple of one, so that strictness reaches plain dataclasses of other modules too.
    """
    try:
        return declaration.validate_json(json.dumps([document.content]))[0]
    except ValidationError as error:
        document.faults.extend(_rewritten(error, declaration, document))
        return None


def _rewritten(error: ValidationError, declaration: TypeAdapter[Any], document: Document) -> list[Fault]:
    """Pydantic's findings by key, alternatives of one key joined by "or"."""
    sentences: dict[Key, list[str]] = {}
    for found in error.errors(include_input=False, include_url=False):
        key, value = _placed(found["loc"][1:], found["type"], document.content)
        sentences.setdefault(key, []).append(_sentence(found, value, _names_at(declaration, key[:-1]), key))
    return [document.fault(key, " or ".join(dict.fromkeys(said))) for key, said in sentences.items()]


def _placed(loc: Sequence[str | int], kind: str, content: Any) -> tuple[Key, Any]:
    """The key in the file that pydantic means, and its value: steps that name a type rather than a key are left out."""
    key: Key = ()
    for step in loc:
        inside = isinstance(content, dict) and step in content
        if inside or (isinstance(content, list) and isinstance(step, int) and step < len(content)):
            key, content = (*key, step), content[step]
    if kind in {"missing", "missing_argument"}:
        key = (*key, loc[-1])
    return key, content


_SENTENCES: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "string_type": "must be text (put it in quotes if it looks like a number)",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "frozen_set_type": "must be a list",
    "dataclass_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
    "too_long": "may have one element only in this version",
}
_UNKNOWN: Final = frozenset({"extra_forbidden", "unexpected_keyword_argument"})


def _sentence(found: Any, value: Any, names: Iterable[str], key: Key) -> str:
    kind: str = found["type"]
    if kind in _UNKNOWN:
        return f"there is no such key{nearest(str(key[-1]), names)}"
    if kind in {"missing", "missing_argument"}:
        return _SENTENCES["missing"]
    if value is None:
        return "has no value"
    if kind in {"enum", "literal_error"}:
        allowed = re.findall(r"'([^']*)'", found["ctx"]["expected"])
        return f"must be one of {', '.join(allowed)}{nearest(str(value), allowed)}"
    if kind == "value_error":
        return str(found["ctx"]["error"])
    return _SENTENCES.get(kind, "is not what belongs here")


def nearest(name: str, names: Iterable[str]) -> str:
    """`; did you mean “x”?` with the nearest of the known names, or nothing if none is near."""
    close = difflib.get_close_matches(name.lower(), list(names), n=1, cutoff=0.6)
    return f"; did you mean “{close[0]}”?" if close else ""


def _names_at(declaration: TypeAdapter[Any], key: Key) -> set[str]:
    """The keys that the declaration knows below this key, read from its JSON Schema."""
    schema = declaration.json_schema()
    places = _alternatives(schema["prefixItems"][0], schema)
    for step in key:
        below = [
            place["items"] if isinstance(step, int) else place["properties"][step]
            for place in places
            if (isinstance(step, int) and "items" in place) or step in place.get("properties", {})
        ]
        places = [alternative for place in below for alternative in _alternatives(place, schema)]
    return {name for place in places for name in place.get("properties", {})}


def _alternatives(place: Any, schema: Any) -> list[Any]:
    if "$ref" in place:
        return _alternatives(schema["$defs"][place["$ref"].rsplit("/", 1)[-1]], schema)
    choices = [*place.get("anyOf", ()), *place.get("oneOf", ())]
    return [found for choice in choices for found in _alternatives(choice, schema)] or [place]
