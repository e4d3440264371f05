"""The one builder of Graph addresses: fixed words, GUIDs, and text that stays one literal.

Text from people never becomes a path segment: requests decodes `%2e%2e` and collapses it, servers decode `%2F`, and
either way another resource is asked for. A user name is therefore asked for by `$filter`, where `'` is doubled and
everything but letters, digits and `-._~` is percent-encoded, so that it is one literal or, if it cannot be, refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from agent import errors

V1 = "v1.0"
BETA = "beta"

#: Graph refuses longer values in `eq` (learn.microsoft.com/graph/filter-query-parameter).
LONGEST_LITERAL = 120

_WORD = re.compile(r"[A-Za-z$][A-Za-z0-9.]*")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_UNSAFE_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


class Segment(str):
    """A path segment that stands for a value; only `guid`, `opaque` and `alternate_key` make one."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Address:
    """Where a request goes below the origin. `shape` is the path without values: for sources and logs."""

    version: str
    path: str
    shape: str
    query: str = ""

    def at(self, origin: str) -> str:
        """The whole address on an origin such as `https://graph.microsoft.com`."""
        return f"{origin}/{self.version}{self.path}" + (f"?{self.query}" if self.query else "")


def is_guid(value: str) -> bool:
    """Whether it has the shape of an object id."""
    return bool(_GUID.fullmatch(value))


def guid(value: str) -> Segment:
    """An object id as a segment, lower case; raises Refused when it is none."""
    if not is_guid(value):
        raise errors.Refused("That is not an object id of the tenant.", "Name the person or device again.")
    return Segment(value.lower())


def opaque(value: str) -> Segment:
    """An id that Graph gave us and that need not be a GUID, such as a Hello key's; raises Refused when it is no id."""
    if not value or set(value) <= {"."} or not _plain(value):
        raise errors.Refused("Microsoft Graph gave an id that cannot be asked for.", "Try again later.")
    return Segment(quote(value, safe=""))


def alternate_key(collection: str, name: str, value: str) -> Segment:
    """`devices(deviceId='…')` for a GUID; raises Refused when it is none."""
    return Segment(f"{_word(collection)}({_word(name)}='{guid(value)}')")


def literal(value: str) -> str:
    """Text as an OData literal with its quotes; raises Refused for what cannot be one (empty, long, control signs)."""
    if not value.strip() or not _plain(value):
        raise errors.Refused(
            "A name that is empty or holds invisible signs cannot be looked up.", "Type or scan it again."
        )
    if len(value) > LONGEST_LITERAL:
        raise errors.Refused(
            f"A name of more than {LONGEST_LITERAL} signs cannot be looked up.", "Type or scan it again."
        )
    return "'" + value.replace("'", "''") + "'"


def address(version: str, *segments: str, query: Mapping[str, str] | None = None) -> Address:
    """An address from fixed words and `Segment`s; query values are encoded here, so give them as they read."""
    path = "".join("/" + (part if isinstance(part, Segment) else _word(part)) for part in segments)
    shape = "".join("/" + (_shape(part) if isinstance(part, Segment) else part) for part in segments)
    encoded = "&".join(f"{_word(key)}={quote(value, safe='')}" for key, value in (query or {}).items())
    return Address(version, path, f"/{version}{shape}", encoded)


def follows(link: str, origin: str, version: str) -> bool:
    """Whether a nextLink stays with the tenant: same scheme, host, port and version, and no way out of the path."""
    try:
        asked, home = urlsplit(link), urlsplit(origin)
        same = (asked.scheme, asked.hostname, asked.port or 443) == (home.scheme, home.hostname, home.port or 443)
    except ValueError:
        return False
    steps = re.split(r"/|%2f", asked.path.lower().replace("%2e", "."))
    inside = asked.path.startswith(f"/{version}/") and not {".", ".."} & set(steps)
    return same and inside and "@" not in asked.netloc and "\\" not in link and _plain(link)


def _plain(text: str) -> bool:
    return not any(unicodedata.category(sign) in _UNSAFE_CATEGORIES for sign in text)


def _word(text: str) -> str:
    if not _WORD.fullmatch(text):
        raise ValueError("a segment that is no fixed word must come from guid, opaque or alternate_key")
    return text


def _shape(segment: Segment) -> str:
    return re.sub(r"'.*'", "'{id}'", segment) if "(" in segment else "{id}"
