"""The secret that a ticket carries: made, read from what a person or a scanner types, and sealed for the store.

Ten symbols of Crockford's base 32 are 50 bits, and a check symbol tells a slip of the finger from a wrong ticket. What
is stored is a keyed hash of a slow hash, with the key outside the database: whoever steals the database alone cannot
even begin to guess, and whoever steals both pays scrypt for each guess.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from agent import errors
from agent.domain.secrets import ClaimSecret

#: Without I, L, O and U: www.crockford.com/base32.html
SYMBOLS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH: Final = 10
#: Of a ticket's number, before the secret in the barcode.
NUMBER_LENGTH: Final = 6
PIN_LENGTH: Final = 6
#: 8 milliseconds and 4 MB for each guess; the salt is stored beside it.
_COST, _BLOCK, _PARALLEL, _SALT_BYTES = 2**12, 8, 1, 16
#: ISO 7064 works on digits and all letters, so its check symbol may be a letter that the secret itself avoids.
_ISO_7064: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LOOK_ALIKES: Final = str.maketrans("OIL", "011")


def check_symbol(text: str) -> str:
    """The check symbol of digits and capital letters by ISO 7064, MOD 37,36."""
    product = 36
    for sign in text:
        total = (product + _ISO_7064.index(sign)) % 36 or 36
        product = total * 2 % 37
    return _ISO_7064[(37 - product) % 36]


def make(below: Callable[[int], int]) -> ClaimSecret:
    """A new one; `below` gives a random number from 0 to below its argument, fit for secrets."""
    text = "".join(SYMBOLS[below(len(SYMBOLS))] for _ in range(LENGTH))
    return ClaimSecret(text + check_symbol(text).translate(_LOOK_ALIKES))


def make_pin(below: Callable[[int], int]) -> ClaimSecret:
    """A new PIN of six digits."""
    return ClaimSecret("".join(str(below(10)) for _ in range(PIN_LENGTH)))


def plain(text: str) -> str:
    """Capitals without blanks and hyphens: what is left of a number, a secret or a tag however it was typed."""
    return re.sub(r"[\s\-\u2010-\u2015_.]", "", text).upper()


def read(text: str, number: str = "") -> ClaimSecret:
    """The secret in what was typed or scanned: blanks, hyphens, small letters, O for 0, I and L for 1 are understood.

    A scanned slip gives its number first; it is left out where it is `number`. Raises WrongUsage, without the text,
    for what cannot be a secret: then no ticket was tried.
    """
    signs = plain(text)
    if len(signs) == len(number) + LENGTH + 1 and number and signs.startswith(number):
        signs = signs[len(number) :]
    signs = signs.translate(_LOOK_ALIKES)
    if len(signs) != LENGTH + 1 or not set(signs[:LENGTH]) <= set(SYMBOLS):
        raise errors.WrongUsage(
            f"That is not a claim secret: it has {LENGTH + 1} letters and digits.",
            "Type what stands on the ticket, or scan its square barcode.",
        )
    if check_symbol(signs[:LENGTH]).translate(_LOOK_ALIKES) != signs[LENGTH]:
        raise errors.WrongUsage(
            "The claim secret is mistyped: its last symbol does not fit the others.",
            "Compare it with the ticket, symbol by symbol, or scan its square barcode.",
        )
    return ClaimSecret(signs)


def read_pin(text: str) -> ClaimSecret | None:
    """A PIN as typed, None where nothing was; raises WrongUsage, without the text, for what cannot be one."""
    signs = plain(text)
    if not signs:
        return None
    if not re.fullmatch(rf"[0-9]{{{PIN_LENGTH}}}", signs):
        raise errors.WrongUsage(f"A PIN has {PIN_LENGTH} digits.", "Type it as it stands in the PIN letter.")
    return ClaimSecret(signs)


@dataclass(frozen=True, slots=True)
class Seal:
    """What is kept of something secret: the salt and the keyed hash, both in hexadecimal."""

    salt: str
    mac: str


class Sealer:
    """Seals with the key that lies outside the database, and compares; never shows the key."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __repr__(self) -> str:
        return "Sealer(•••)"

    def seal(self, secret: str, below: Callable[[int], int]) -> Seal:
        """The seal of a text, with a fresh salt."""
        salt = below(1 << 8 * _SALT_BYTES).to_bytes(_SALT_BYTES, "big").hex()
        return Seal(salt, self.mac(secret, salt))

    def fits(self, secret: str, seal: Seal) -> bool:
        """Whether it is the text that was sealed; takes the same time whether or not."""
        return hmac.compare_digest(self.mac(secret, seal.salt), seal.mac)

    def mac(self, secret: str, salt: str) -> str:
        """The one costly step."""
        slow = hashlib.scrypt(secret.encode(), salt=bytes.fromhex(salt), n=_COST, r=_BLOCK, p=_PARALLEL)
        return hmac.new(self._key, slow, hashlib.sha256).hexdigest()


#: Held against where there is no such ticket, so that an unknown number costs what a wrong secret costs.
NOBODYS: Final = Seal("00" * _SALT_BYTES, "00" * 32)
