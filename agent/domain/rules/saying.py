"""How findings are made: the level by the function's name, the place with its link, the fact as evidence."""

from __future__ import annotations

from dataclasses import replace

from agent.domain import characters
from agent.domain.cases import Finding, Level
from agent.domain.facts import Known, NotChecked
from agent.domain.rules import places
from agent.domain.rules.places import Place

YOU = "you"


def blocker(code: str, sentence: str, *, who: str, place: Place, fact: Known[object] | None = None) -> Finding:
    """What forbids a pass."""
    return _finding(Level.BLOCKER, code, sentence, (who, place), fact)


def warning(code: str, sentence: str, *, who: str, place: Place, fact: Known[object] | None = None) -> Finding:
    """What somebody should know before the pass is made."""
    return _finding(Level.WARNING, code, sentence, (who, place), fact)


def asking(code: str, sentence: str, *, who: str, place: Place) -> Finding:
    """What another human has to say yes to."""
    return replace(_finding(Level.WARNING, code, sentence, (who, place), None), asks=True)


def unchecked(code: str, what: str, fact: NotChecked, *, refuses: bool = True) -> Finding:
    """`what` could not be looked at: the finding is called `<code>_not_checked` and names the permission it needs.

    Where it does not refuse it is still shown, and never as ok.
    """
    need = f" It needs the permission {fact.permission}." if fact.permission else ""
    return Finding(
        f"{code}_not_checked",
        Level.NOT_CHECKED,
        f"{what} could not be checked: {fact.reason}{need}",
        who="an administrator of the app registration",
        where=places.APP_PERMISSIONS.name,
        refuses=refuses,
        link=places.APP_PERMISSIONS.link,
    )


def unprintable(name: str, text: str, *, who: str, place: Place, fact: Known[object] | None = None) -> Finding | None:
    """A blocker for a text that would print as something else, None for any other."""
    sign = characters.misleading(text)
    if not sign:
        return None
    sentence = (
        f"The {name} “{characters.shown(text)}” holds the invisible character U+{ord(sign):04X}, "
        "which would print as something else on the slip."
    )
    return blocker("unprintable", sentence, who=who, place=place, fact=fact)


def _finding(level: Level, code: str, sentence: str, mended: tuple[str, Place], fact: Known[object] | None) -> Finding:
    who, place = mended
    evidence = fact.evidence if fact else ""
    return Finding(code, level, sentence, who=who, where=place.name, evidence=evidence, link=place.link)
