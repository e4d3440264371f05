"""Secrets have a type of their own, so that printing one by accident shows nothing.

`PassCode` is the code of a Temporary Access Pass; its `reveal` has three callers in the whole program: the slip
renderer, the web page and the terminal, and a test counts them. `ClaimSecret` is what a ticket or a PIN letter carries:
it is printed by the slip renderer alone, and otherwise only sealed or compared. `Secret` is everything else that must
not be seen: client secrets, key passphrases, the control token of the sandbox.
"""

from __future__ import annotations

from typing import Final, NoReturn

HIDDEN: Final = "•••"


class _Hidden:
    """Refuses every way in which a value usually leaks: repr, str, format, pickling, comparison by order."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        if not isinstance(value, str) or not value:
            raise TypeError("a secret is a string that is not empty") from None
        self._value = value

    def __repr__(self) -> str:
        return f"{type(self).__name__}({HIDDEN})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is never written anywhere")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, _Hidden) and self._value == other._value

    def __hash__(self) -> int:
        return hash((type(self).__name__, self._value))

    def __len__(self) -> int:
        return len(self._value)


class Secret(_Hidden):
    """A credential that the program itself uses: it is handed to a library, never to a person."""

    __slots__ = ()

    def expose(self) -> str:
        """The plain text, for the one call that needs it."""
        return self._value


class PassCode(_Hidden):
    """The code of a pass. `len()` is public: the policy says it anyway."""

    __slots__ = ()

    def reveal(self) -> str:
        """The plain text, for paper, page or terminal; nothing else may call this."""
        return self._value


class ClaimSecret(_Hidden):
    """The secret of a ticket, or a PIN: on paper, and in a seal."""

    __slots__ = ()

    def printed(self) -> str:
        """The plain text for paper; only the slip renderer calls this."""
        return self._value

    def sealed_text(self) -> str:
        """The plain text for its seal; only the verb that seals and compares calls this."""
        return self._value
