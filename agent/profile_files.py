"""Profiles from their YAML files: every fault of every file at once, as `file:line: key: sentence`.

The declaration is the domain's own `Profile`; pydantic holds a file against it and writes its JSON Schema. The shipped
ten lie beside the package in a source checkout and inside it in a wheel.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import ConfigDict, TypeAdapter

from agent import errors, yaml_files
from agent.domain import profiles
from agent.yaml_files import Document, Key

SCHEMA_NAME: Final = "profile.schema.json"
_PACKAGE: Final = Path(__file__).resolve().parent

#: What a step's `use` may be: each prints a sign beside the step.
USES: Final = ("", "user_name", "code", "wait")
#: A pass lives 30 days at most.
#: learn.microsoft.com/entra/identity/authentication/howto-authentication-temporary-access-pass
LONGEST_LIFETIME: Final = 43_200
#: Longer steps and more of them do not fit an A6 slip.
LONGEST_STEP, MOST_STEPS = 160, 12


@dataclasses.dataclass(frozen=True, slots=True)
class _Draft(profiles.Profile):
    """A profile as a file has it, before it has been asked for contradictions; a file does not know its own digest."""

    digest: str = dataclasses.field(default="", init=False)

    def __post_init__(self) -> None:
        """Lets a contradiction stand, so that each can be told with its line."""


@cache
def _declaration() -> TypeAdapter[tuple[_Draft]]:
    return TypeAdapter(tuple[_Draft], config=ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True))


def shipped() -> Path:
    """The folder of the shipped profiles: inside an installed package, else beside it in a checkout."""
    inside = _PACKAGE / "provisioning_profiles"
    return inside if inside.is_dir() else _PACKAGE.parent / "provisioning_profiles"


def files(directory: Path | None = None) -> list[Path]:
    """The profile files of a folder (None: the shipped ones) by name; Misconfigured if there is none."""
    folder = directory or shipped()
    found = sorted(path for pattern in ("*.yaml", "*.yml") for path in folder.glob(pattern))
    if not found:
        raise errors.Misconfigured(
            f"There is no profile in {folder}.",
            "Put profile files (*.yaml) there, or take profiles_dir out of the settings.",
        )
    return found


def load_all(directory: Path | None = None) -> dict[str, profiles.Profile]:
    """Every profile of a folder (None: the shipped ones) by name. Raises Misconfigured with all faults of all files."""
    read_ones = [_read(path) for path in files(directory)]
    _refuse([fault for _, faults in read_ones for fault in faults])
    return {profile.name: profile for profile, _ in read_ones if profile}


def read(path: Path) -> profiles.Profile:
    """The profile in this file, its digest filled in. Raises Misconfigured with all faults of the file."""
    profile, faults = _read(path)
    _refuse(faults)
    assert profile is not None  # noqa: S101 -- no fault, so there is a profile
    return profile


def check(paths: Iterable[Path]) -> list[str]:
    """Every fault of these files, each as `file:line: key: sentence`; empty when all of them can be used."""
    return [fault for path in paths for fault in _read(path)[1]]


def _refuse(faults: list[str]) -> None:
    if faults:
        count = "One fault" if len(faults) == 1 else f"{len(faults)} faults"
        lines = "\n".join(faults)
        raise errors.Misconfigured(f"{count} in the profiles.", f"Mend each of these:\n{lines}")


def _read(path: Path) -> tuple[profiles.Profile | None, list[str]]:
    document = yaml_files.read(path)
    draft = yaml_files.hold_against(_declaration(), document) if document.content is not None else None
    if draft:
        _find_contradictions(draft, document)
        _find_oddities(draft, document)
        if draft.name != path.stem:
            _add(document, ("name",), f"must be {path.stem}, as the file is called")
    if draft is None or document.faults:
        return None, [str(fault) for fault in document.faults]
    values = {field.name: getattr(draft, field.name) for field in dataclasses.fields(profiles.Profile)}
    return profiles.Profile(**{**values, "digest": document.digest}), []


def _add(document: Document, key: Key, sentence: str) -> None:
    document.faults.append(document.fault(key, sentence))


def _find_contradictions(draft: _Draft, document: Document) -> None:
    for key, sentence in profiles.contradictions(draft):
        _add(document, tuple(key.split(".")), sentence)


def _find_oddities(draft: _Draft, document: Document) -> None:
    """What has the right type and still cannot be meant: bounds, empty texts, signs that no slip knows."""
    for key, text in _texts(draft):
        if not text.strip():
            _add(document, key, "must not be empty")
    if draft.sign_ins < 1:
        _add(document, ("sign_ins",), "must be 1 or more")
    for place, part in enumerate(draft.terms.lifetime):
        if not isinstance(part.minutes, profiles.Quantity) and not 1 <= part.minutes <= LONGEST_LIFETIME:
            _add(document, ("terms", "lifetime", place, "minutes"), f"must be 1 to {LONGEST_LIFETIME} minutes")
    if draft.terms.warn_over is not None and draft.terms.warn_over < 1:
        _add(document, ("terms", "warn_over"), "must be 1 or more")
    if draft.stuck_after < 1:
        _add(document, ("stuck_after",), "must be 1 or more minutes")
    _find_odd_slip(draft.slip, document)


def _texts(draft: _Draft) -> list[tuple[Key, str]]:
    return [
        (("title",), draft.title),
        (("slip", "heading"), draft.slip.heading),
        *(
            (("terms", "lifetime", place, "needed_for"), part.needed_for)
            for place, part in enumerate(draft.terms.lifetime)
        ),
        *((("slip", "steps", place, "text"), step.text) for place, step in enumerate(draft.slip.steps)),
    ]


def _find_odd_slip(slip: profiles.SlipText, document: Document) -> None:
    for place, step in enumerate(slip.steps):
        key: Key = ("slip", "steps", place)
        if len(step.text) > LONGEST_STEP:
            _add(document, (*key, "text"), f"has {len(step.text)} characters, and a slip has room for {LONGEST_STEP}")
        if step.use not in USES:
            near = yaml_files.nearest(step.use, USES)
            _add(document, (*key, "use"), f"must be one of {', '.join(filter(None, USES))}{near}")
    if not slip.steps:
        _add(document, ("slip", "steps"), "must not be empty")
    if len(slip.steps) > MOST_STEPS:
        _add(document, ("slip", "steps"), f"has {len(slip.steps)} steps, and a slip has room for {MOST_STEPS}")
    parts = urlsplit(slip.start_page)
    if slip.start_page and (parts.scheme != "https" or not parts.hostname or re.search(r"\s", slip.start_page)):
        _add(document, ("slip", "start_page"), "must be a full https address, such as https://aka.ms/mysecurityinfo")


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a profile file, for editors; `provisioning_profiles/profile.schema.json` is this."""
    whole = _declaration().json_schema()
    shapes = whole["$defs"]
    draft = shapes.pop("_Draft")
    del draft["properties"]["digest"]
    draft["description"] = (
        "One journey kind: terms, slip, milestones that end it, guard rails. The file is named after it."
    )
    shapes["Step"]["properties"]["use"]["enum"] = list(USES)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **draft,
        "title": "Profile of a Tapslip journey",
        "$defs": shapes,
    }
