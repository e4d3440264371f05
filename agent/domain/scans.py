"""What a scanner or a keyboard delivers, read as a serial number or a user name.

Nothing is decided here: a scan yields candidates in the order in which they are tried, and only an exact match in the
tenant makes one of them a device. Boxes carry many other barcodes, so what was scanned is named as what it looks
like; that is a hint for when no candidate matches, because a real serial number may be all digits too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from agent import errors

LONGEST_SCAN: Final = 100
#: learn.microsoft.com/microsoft-365/enterprise/prepare-for-directory-synchronization (userPrincipalName)
LONGEST_USER_NAME: Final = 113
#: A shorter rest after a scanner's S is no serial number, and would match half a tenant in a substring search.
_SHORTEST_REST: Final = 4

_SCAN_THE_SERIAL: Final = "Scan the barcode marked (S) Serial No., S/N or Service Tag instead."

#: What makers leave in the firmware of a board that was never given a serial number, as letters and digits only.
_PLACEHOLDERS: Final = frozenset(
    {
        *(
            "tobefilledbyoem",
            "tobefilledbyom",
            "defaultstring",
            "systemserialnumber",
            "serialnumber",
            "oemserialnumber",
        ),
        *("chassisserialnumber", "baseboardserialnumber", "none", "null", "na", "notapplicable", "notavailable"),
        *("notspecified", "unknown", "invalid", "empty", "oem", "sernum", "notsettoanystring", "nosn"),
        *("123456789", "1234567890", "0123456789"),
    }
)


@dataclass(frozen=True, slots=True)
class Scan:
    """`raw` as delivered; `candidates` for the serial number, best first, tried by exact match.

    `refused` is a sentence when the text can be no serial number at all; then there are no candidates. `is_a` is a
    sentence that names what was scanned when it looks like something else: to be shown if no candidate matches, or if
    the matching one was worked out (a Lenovo or Dell code).
    """

    raw: str
    candidates: tuple[str, ...] = ()
    refused: str = ""
    is_a: str = ""


def read(text: str) -> Scan:
    """The scan of a serial number: tried raw, then without blanks in capitals, then without a scanner's leading S.

    The S is the data identifier of ISO/IEC 15418 (ANSI MH10.8.2) that some scanners pass on; a serial number may
    begin with S itself, so both stay candidates. Never raises.
    """
    trimmed = unicodedata.normalize("NFKC", text).strip()
    refused = _refusal(trimmed)
    if refused:
        return Scan(text, refused=refused)
    normalised = re.sub(r"\s", "", trimmed).upper()
    found = [trimmed, normalised]
    if normalised.startswith("S") and len(normalised) > _SHORTEST_REST:
        found.append(normalised[1:])
    is_a, inside = _named(normalised)
    return Scan(text, tuple(dict.fromkeys([*found, *inside])), is_a=is_a)


def _refusal(text: str) -> str:
    plain = re.sub(r"[\W_]", "", text).lower()
    if not text:
        return f"The scan is empty. {_SCAN_THE_SERIAL}"
    if len(text) > LONGEST_SCAN:
        return f"The scan has more than {LONGEST_SCAN} characters, so it is no serial number. {_SCAN_THE_SERIAL}"
    if re.search(r"[^\x20-\x7e]", text):
        return f"The scan holds characters that no serial number has. {_SCAN_THE_SERIAL}"
    if re.match(r"[A-Za-z]{2,10}://", text):
        return f"This is a web address, not a serial number. {_SCAN_THE_SERIAL}"
    if plain in _PLACEHOLDERS or len(set(plain)) < 2:
        return "This is a placeholder, not a serial number: the maker never gave this device one. Ask its supplier."
    return ""


def _named(text: str) -> tuple[str, tuple[str, ...]]:
    """What the normalised text looks like, as a sentence, and the serial numbers worked out from it."""
    for recognise in _RECOGNISED:
        sentence, inside = recognise(text)
        if sentence:
            return sentence, inside
    return "", ()


_Named = tuple[str, tuple[str, ...]]
_NOT_THAT: Final[_Named] = ("", ())


def _lenovo(text: str) -> _Named:
    """1S, then machine type and model in 10 characters and the serial number in 8; 7 and 7 before about 2013.

    As read from labels and Lenovo's support pages on where they are; Lenovo publishes no grammar.
    """
    match = re.fullmatch(r"1S(?:([0-9A-Z]{10})([0-9A-Z]{8})|([0-9A-Z]{7})([0-9A-Z]{7}))", text)
    if not match:
        return _NOT_THAT
    model, serial = match[1] or match[3], match[2] or match[4]
    return f"This is Lenovo's long barcode: 1S, type and model {model}, serial number {serial}.", (serial,)


def _dell(text: str) -> _Named:
    """Dell's express service code is the service tag of 7 characters, read as a number to base 36, in decimal.

    creativyst.com/Doc/Articles/HT/Dell/DellNumb.htm
    """
    digits = text.replace("-", "")
    if not re.fullmatch(r"[0-9]{10,11}", digits) or not 36**6 <= int(digits) < 36**7:
        return _NOT_THAT
    tag, rest = "", int(digits)
    while rest:
        rest, place = divmod(rest, 36)
        tag = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[place] + tag
    return f"This looks like Dell's express service code; it stands for the service tag {tag}, the serial number.", (
        tag,
    )


def _imei(text: str) -> _Named:
    """15 digits with Luhn's check digit, or 16 with the software version. 3GPP TS 23.003, section 6.2."""
    if re.fullmatch(r"[0-9]{16}", text) or (re.fullmatch(r"[0-9]{15}", text) and _luhn(text)):
        return f"This is the IMEI, not the serial number. {_SCAN_THE_SERIAL}", ()
    return _NOT_THAT


def _luhn(digits: str) -> bool:
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0


def _eid(text: str) -> _Named:
    """The number of an eSIM: 32 digits. GSMA SGP.29."""
    if re.fullmatch(r"[0-9]{32}", text):
        return f"This is the EID, the number of the eSIM, not the serial number. {_SCAN_THE_SERIAL}", ()
    return _NOT_THAT


def _iccid(text: str) -> _Named:
    """The number of a SIM card: 89, then 17 or 18 digits. ITU-T E.118."""
    if re.fullmatch(r"89[0-9]{17,18}", text):
        return f"This is the ICCID, the number of a SIM card, not the serial number. {_SCAN_THE_SERIAL}", ()
    return _NOT_THAT


def _trade_number(text: str) -> _Named:
    """EAN (13 digits) or UPC (12): weights 1 and 3 from the right give a multiple of 10. GS1 General Specifications."""
    weighted = (int(digit) * (1, 3)[place % 2] for place, digit in enumerate(reversed(text)))
    if re.fullmatch(r"[0-9]{12,13}", text) and sum(weighted) % 10 == 0:
        name = "EAN" if len(text) == 13 else "UPC"
        return (
            f"This is the {name} of the article, the same on every box, not the serial number. {_SCAN_THE_SERIAL}",
            (),
        )
    return _NOT_THAT


def _apple_part(text: str) -> _Named:
    """Apple's part number, such as MLPF3LL/A, on boxes also with the data identifier 1P."""
    if re.fullmatch(r"(1P)?[A-Z0-9]{5,8}/[A-Z]", text):
        return f"This is Apple's part number, the same on every box, not the serial number. {_SCAN_THE_SERIAL}", ()
    return _NOT_THAT


def _hardware_address(text: str) -> _Named:
    """A MAC address as IEEE 802 writes it: six pairs of hexadecimal digits."""
    if re.fullmatch(r"([0-9A-F]{2}[:-]){5}[0-9A-F]{2}", text):
        return f"This is a network (MAC) address, not the serial number. {_SCAN_THE_SERIAL}", ()
    return _NOT_THAT


_RECOGNISED: Final[tuple[Callable[[str], _Named], ...]] = (
    *(_lenovo, _dell, _imei, _eid, _iccid, _trade_number, _apple_part, _hardware_address),
)


def user_name(text: str) -> str:
    """The user name (userPrincipalName) as typed, without blanks around it. Raises Refused with what to type instead.

    Case, quotes, slashes, `#` and `?` are left alone: the tenant compares without case, and the Graph client makes the
    whole name one literal.
    """
    name = text.strip()
    fault = _user_name_fault(name)
    if fault:
        raise errors.Refused(
            f"This is not a user name: {fault}.",
            "Type the user name that the person signs in with, such as ada@example.com (not always the mail address).",
            codes=("user_name_malformed",),
        )
    return name


def _user_name_fault(name: str) -> str:
    if not name:
        return "it is empty"
    if len(name) > LONGEST_USER_NAME:
        return f"it has more than {LONGEST_USER_NAME} characters"
    if any(unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Co", "Cn"} for sign in name):
        return "it holds a character that cannot be seen"
    if any(sign.isspace() for sign in name):
        return "it holds a blank"
    if name.count("@") != 1 or name.startswith("@") or name.endswith("@"):
        return "it needs one @, with something before and after it"
    return ""
