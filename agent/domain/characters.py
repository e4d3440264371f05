"""Characters that make a text read as something else: controls, turned reading directions, marks that nobody sees.

A name comes from whoever may edit the directory. On paper it must read as it prints, and on a terminal it must move
no cursor.
"""

from __future__ import annotations

import json
import unicodedata
from typing import Final

_BIDI: Final = frozenset(chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
#: Persian and the scripts of India join or part letters by these two; they hide nothing.
_JOINERS: Final = frozenset("\u200c\u200d")


def misleading(text: str) -> str:
    """The first character that no paper may carry: a control, a line separator or a turn of direction; "" for none."""
    return next((sign for sign in text if _misleads(sign)), "")


def shown(text: str) -> str:
    """The text for a terminal: each character that would act instead of being seen becomes U+FFFD."""
    return "".join("\N{REPLACEMENT CHARACTER}" if _hidden(sign) else sign for sign in text)


def escaped(document: str) -> str:
    """A JSON document with such characters as `\\u` escapes: the same values, and nothing that acts on a terminal."""
    return "".join(json.dumps(sign)[1:-1] if _hidden(sign) and sign != "\n" else sign for sign in document)


def _misleads(sign: str) -> bool:
    return sign in _BIDI or unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"}


def _hidden(sign: str) -> bool:
    return _misleads(sign) or (unicodedata.category(sign) == "Cf" and sign not in _JOINERS)
