"""The ticket's paper and the PIN letter: no code on either, and never both secrets on one.

Both are set in the child process like a live slip: a claim secret is worth a pass to whoever also gets past the second
fact.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
from pathlib import Path
from typing import Any, Final

from agent import errors
from agent.domain import characters
from agent.domain.secrets import ClaimSecret
from agent.slips import isolation, stocks, templates, wording

TICKET: Final = "ticket"
PIN_LETTER: Final = "pin"
_LONGEST_TEXT: Final = 400


@dataclasses.dataclass(frozen=True)
class Device:
    """One journey on the paper: its heading, and the device where it has one."""

    heading: str
    label: str = ""
    serial: str = ""


@dataclasses.dataclass(frozen=True)
class TicketContent:
    """All that the paper says but the secret. Empty strings are left out.

    `kind` is `ticket` or `pin`; `facts` are the second facts by name; `works_until` is aware, `zone` an IANA name.
    """

    number: str
    organisation: str
    support: str
    person_name: str
    user_name: str
    distinguishing: tuple[str, ...]
    devices: tuple[Device, ...]
    facts: tuple[str, ...]
    works_until: datetime.datetime
    zone: str
    watermark: str
    kind: str = TICKET


@dataclasses.dataclass(frozen=True)
class Paper:
    """Which paper and language: `a4` or `a6`, a tag such as "en"."""

    stock: str = "a4"
    language: str = "en"


def render(
    content: TicketContent, secret: ClaimSecret, paper: Paper, *, templates_dir: Path = templates.BUILT_IN
) -> bytes:
    """The PDF with its secret. Raises as `slip.rehearse`; no error holds the secret."""
    stock = stocks.load(paper.stock)
    sources = templates.load(templates_dir)
    template = f"ticket-{stock.template}"
    return isolation.typeset(sources, template, view(content, stock, paper.language), secret.printed())


def view(content: TicketContent, stock: stocks.Stock, language: str) -> dict[str, Any]:
    """What the template gets: checked plain values and the fixed words. No secret."""
    _check(content)
    words = wording.load(language)
    letter = content.kind == PIN_LETTER
    closing = [["", words.words["ticket_caller"]], [words.words["help"], words.say("help_do", support=content.support)]]
    return {
        "language": language,
        "paper": dataclasses.asdict(stock),
        "number": content.number,
        "organisation": content.organisation,
        "person_name": content.person_name,
        "user_name": content.user_name,
        "distinguishing": list(content.distinguishing),
        "devices": [] if letter else [dataclasses.asdict(device) for device in content.devices],
        "journey_title": words.words["pin_title" if letter else "ticket_title"],
        "validity": wording.until(words, content.works_until, content.zone),
        "steps": [{"text": text, "chip": ""} for text in _steps(content, words)],
        "keep_until_step": 0,
        "watermark": content.watermark,
        "words": words.words,
        "closing": closing,
        "symbols": {},
        "secret_title": words.words["pin" if letter else "claim_secret"],
        "secret_note": words.words["pin_note" if letter else "claim_secret_note"],
        "letter": letter,
        "code": None,
        "qr_of_code": not letter,
        "qr_before": content.number,
        "bars": None,
    }


def _steps(content: TicketContent, words: wording.Wording) -> list[str]:
    if content.kind == PIN_LETTER:
        return [words.words[key] for key in ("pin_step_apart", "pin_step_say", "pin_step_done")]
    facts = [words.words[f"ticket_fact_{fact}"] for fact in content.facts]
    return [words.words["ticket_step_go"], *facts, words.words["ticket_step_scan"], words.words["ticket_step_then"]]


def _check(content: TicketContent) -> None:
    if content.kind not in (TICKET, PIN_LETTER):
        raise ValueError(f"a paper without a code is a {TICKET} or a {PIN_LETTER}")
    if not re.fullmatch(r"[A-Z0-9]{1,32}", content.number):
        raise ValueError("a ticket's number is letters and digits only")
    texts = [content.organisation, content.support, content.person_name, content.user_name, content.watermark]
    texts += [*content.distinguishing, *(part for device in content.devices for part in dataclasses.astuple(device))]
    for text in texts:
        sign = characters.misleading(text)
        if sign:
            raise errors.Refused(
                f"A text on the ticket holds the invisible character U+{ord(sign):04X}.",
                "Correct it in the directory or the profile: such characters make a text read as something else.",
            )
        if len(text) > _LONGEST_TEXT:
            raise errors.Refused(
                f"A text on the ticket is longer than {_LONGEST_TEXT} characters.", "Shorten it where it comes from."
            )
