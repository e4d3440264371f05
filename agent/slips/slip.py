"""The slip: what is on it, and its three ways to paper.

`rehearse` proves before a pass is minted that the paper can be made; `render` makes a slip without a code;
`render_live` makes the one that carries it, in a child process. Times and words come from the caller.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
from pathlib import Path
from typing import Any, Final

from agent import errors
from agent.domain import characters, secrets
from agent.slips import barcodes, isolation, stocks, templates, typesetting, wording

HAND_OVER: Final = "hand-over"
TECHNICIAN: Final = "technician"

# The longest code that a tenant's policy can ask for, `defaultLength` in
# learn.microsoft.com/graph/api/resources/temporaryaccesspassauthenticationmethodconfiguration
LONGEST_CODE: Final = 48
_LONGEST_TEXT: Final = 400
_STAND_IN: Final = "W+!0Ol1I@#S5"


@dataclasses.dataclass(frozen=True)
class Step:
    """One instruction; `use` is "", "user_name", "code" or "wait" and prints the matching sign beside it."""

    text: str
    use: str = ""


@dataclasses.dataclass(frozen=True)
class SlipContent:
    """All that a slip says but the code. Empty strings are left out; `keep_until_step` 0 means no such step.

    `number` is letters and digits; `works_from` and `works_until` are aware; `zone` is an IANA name;
    `start_page` is a full address; `distinguishing` tells two people of one name apart.
    """

    number: str
    variant: str
    organisation: str
    support: str
    person_name: str
    user_name: str
    distinguishing: tuple[str, ...]
    device_label: str
    serial: str
    journey_title: str
    works_from: datetime.datetime
    works_until: datetime.datetime
    zone: str
    keep_until_step: int
    steps: tuple[Step, ...]
    start_page: str
    watermark: str
    needs_code: bool = True


def rehearse(
    content: SlipContent,
    stock: str,
    language: str,
    *,
    code_length: int = LONGEST_CODE,
    templates_dir: Path = templates.BUILT_IN,
) -> None:
    """Makes the slip with a stand-in code and throws it away, exactly as the live one would be made.

    Raises `errors.Refused` (content that is not printable or does not fit on one page), `errors.Misconfigured`
    (unknown paper, language or zone; a template that is not allowed) or `errors.AgentError`.
    """
    if not content.needs_code:
        render(content, stock, language, templates_dir=templates_dir)
        return
    stand_in = (_STAND_IN * code_length)[:code_length]
    _set_live(content, stand_in, stock=stock, language=language, templates_dir=templates_dir)


def render(content: SlipContent, stock: str, language: str, *, templates_dir: Path = templates.BUILT_IN) -> bytes:
    """The PDF of a slip that carries no code: empty groups where it would be. Raises as `rehearse`."""
    paper = stocks.load(stock)
    sources = templates.load(templates_dir)
    try:
        return typesetting.typeset(sources, paper.template, view(content, paper, language))
    except typesetting.NotSet as not_set:
        raise isolation.failure(not_set.outcome) from None


def render_live(
    content: SlipContent,
    code: secrets.PassCode,
    stock: str,
    language: str,
    *,
    templates_dir: Path = templates.BUILT_IN,
) -> bytes:
    """The PDF of a slip with its code, verbatim. Raises as `rehearse`; no error holds the code."""
    return _set_live(content, code.reveal(), stock=stock, language=language, templates_dir=templates_dir)


def _set_live(content: SlipContent, code: str, *, stock: str, language: str, templates_dir: Path) -> bytes:
    paper = stocks.load(stock)
    sources = templates.load(templates_dir)
    return isolation.typeset(sources, paper.template, view(content, paper, language), code)


def view(content: SlipContent, paper: stocks.Stock, language: str) -> dict[str, Any]:
    """What the template gets: checked plain values, the fixed words, and the drawings. No code."""
    _check(content)
    words = wording.load(language)
    validity = wording.validity(words, content.works_from, content.works_until, content.zone)
    keep = words.say("keep", step=str(content.keep_until_step)) if content.keep_until_step else ""
    return {
        "language": language,
        "paper": dataclasses.asdict(paper),
        "number": content.number,
        "technician": content.variant == TECHNICIAN,
        "organisation": content.organisation,
        "person_name": content.person_name,
        "user_name": content.user_name,
        "distinguishing": list(content.distinguishing),
        "device_label": content.device_label,
        "serial": content.serial,
        "journey_title": content.journey_title,
        "validity": validity,
        "keep": keep,
        "keep_until_step": content.keep_until_step,
        "steps": [{"text": step.text, "chip": words.chips.get(step.use, "")} for step in content.steps],
        "start_page": content.start_page,
        "watermark": content.watermark,
        "needs_code": content.needs_code,
        "words": words.words,
        "closing": _closing(content, words),
        "symbols": words.symbols,
        "code": None,
        "qr_of_code": content.variant == TECHNICIAN,
        **_drawings(content),
    }


def _drawings(content: SlipContent) -> dict[str, Any]:
    bars = barcodes.code128(content.serial) if barcodes.can_be_barred(content.serial) else None
    return {
        "qr_of_user_name": typesetting.drawn(content.user_name),
        "qr_of_start_page": typesetting.drawn(content.start_page) if content.start_page else None,
        "bars": {"svg": bars.svg(), "modules": bars.width} if bars else None,
    }


def _closing(content: SlipContent, words: wording.Wording) -> list[list[str]]:
    """The last lines as pairs of a bold question and what to do; "" where there is no question."""
    keys = ["refused", "not_offered"] if content.needs_code else ["help"]
    pairs = [[words.words[key], words.say(f"{key}_do", support=content.support)] for key in keys]
    if content.needs_code:
        pairs += [["", words.words["caller"]], ["", words.words["done"]]]
    return pairs


def _check(content: SlipContent) -> None:
    if content.variant not in (HAND_OVER, TECHNICIAN):
        raise ValueError(f"a slip is for {HAND_OVER} or for the {TECHNICIAN}")
    if not re.fullmatch(r"[A-Za-z0-9]{1,32}", content.number):
        raise ValueError("a slip number is letters and digits only")
    if not 0 <= content.keep_until_step <= len(content.steps):
        raise ValueError("the step to keep the slip until is not one of its steps")
    for name, text in _texts(content):
        _check_text(name, text)


def _texts(content: SlipContent) -> list[tuple[str, str]]:
    fields = (
        "organisation",
        "support",
        "person_name",
        "user_name",
        "device_label",
        "serial",
        "journey_title",
        "start_page",
        "watermark",
    )
    named = [(field.replace("_", " "), getattr(content, field)) for field in fields]
    return [
        *named,
        *(("distinguishing detail", text) for text in content.distinguishing),
        *((f"step {number}", step.text) for number, step in enumerate(content.steps, start=1)),
    ]


def _check_text(name: str, text: str) -> None:
    """Refuses what would print other than it reads: control characters, and marks that turn the reading direction."""
    sign = characters.misleading(text)
    if sign:
        raise errors.Refused(
            f"The {name} on the slip holds the invisible character U+{ord(sign):04X}.",
            "Correct it in the directory or the profile: such characters make a text read as something else.",
        )
    if len(text) > _LONGEST_TEXT:
        raise errors.Refused(
            f"The {name} on the slip is longer than {_LONGEST_TEXT} characters.", "Shorten it where it comes from."
        )
