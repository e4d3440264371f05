"""The pass policy in sentences, and a wished change to it held against what Microsoft allows.

Ranges: learn.microsoft.com/graph/api/resources/temporaryaccesspassauthenticationmethodconfiguration
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from agent import errors
from agent.domain import passes
from agent.domain.profiles import Profile

SHORTEST, LONGEST = 10, 43_200
FEWEST, MOST = 8, 48
EVERYBODY: Final = "all_users"


@dataclass(frozen=True, slots=True)
class Change:
    """What an administrator wants; None leaves a setting as it is. Times in minutes, `length` in symbols."""

    enabled: bool | None = None
    include: frozenset[str] | None = None
    exclude: frozenset[str] | None = None
    minimum: int | None = None
    maximum: int | None = None
    default: int | None = None
    one_time: bool | None = None
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that would change, as people read it."""

    setting: str
    before: str
    after: str


def apply(policy: passes.PassPolicy, change: Change) -> passes.PassPolicy:
    """The policy as it would be. Raises Refused, with the allowed range, for a value that Microsoft would not take."""
    wished = {name: getattr(change, name) for name in Change.__dataclass_fields__}
    changed = replace(policy, **{name: value for name, value in wished.items() if value is not None})
    for name, value in (("minimum", changed.minimum), ("maximum", changed.maximum), ("default", changed.default)):
        _within(f"The {name} lifetime", value, SHORTEST, LONGEST, "minutes")
    _within("The length", changed.length, FEWEST, MOST, "symbols")
    if changed.minimum > changed.maximum:
        raise errors.Refused(
            f"The minimum lifetime ({changed.minimum}) is above the maximum ({changed.maximum}).",
            f"Choose a minimum from {SHORTEST} to {changed.maximum} minutes, or raise the maximum.",
            codes=("policy_range",),
        )
    _within("The default lifetime", changed.default, changed.minimum, changed.maximum, "minutes")
    return changed


def _within(what: str, value: int, least: int, most: int, unit: str) -> None:
    if not least <= value <= most:
        raise errors.Refused(
            f"{what} of {value} {unit} is not possible.",
            f"Choose from {least} to {most} {unit}.",
            codes=("policy_range",),
        )


def difference(before: passes.PassPolicy, after: passes.PassPolicy, names: Mapping[str, str]) -> tuple[Difference, ...]:
    """What would change, setting by setting; `names` gives groups their names."""
    rows = zip(_rows(before, names), _rows(after, names), strict=True)
    return tuple(Difference(setting, old, new) for (setting, old), (_, new) in rows if old != new)


def _rows(policy: passes.PassPolicy, names: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        ("state", "on" if policy.enabled else "off"),
        ("for", _groups(policy.include, names) or "nobody"),
        ("except", _groups(policy.exclude, names) or "nobody"),
        ("minimum lifetime", f"{policy.minimum} minutes"),
        ("maximum lifetime", f"{policy.maximum} minutes"),
        ("default lifetime", f"{policy.default} minutes"),
        ("use", "one-time only" if policy.one_time else "one-time or multi-use"),
        ("length", f"{policy.length} symbols"),
    ]


def _groups(ids: Iterable[str], names: Mapping[str, str]) -> str:
    shown = ("everybody" if one == EVERYBODY else f"{names[one]} ({one})" if one in names else one for one in ids)
    return ", ".join(sorted(shown))


def sentences(policy: passes.PassPolicy, names: Mapping[str, str]) -> tuple[str, ...]:
    """The policy, explained."""
    if not policy.enabled:
        return ("Temporary Access Passes are switched off: nobody can be given one, and live ones do not work.",)
    use = (
        "Every pass is one-time: it is used up by the first sign-in, so journeys that need the code twice are refused."
        if policy.one_time
        else "A pass may be multi-use until it ends; whoever makes it may choose one-time instead."
    )
    return (
        f"Passes are switched on for {_groups(policy.include, names) or 'nobody'}.",
        f"Never for {_groups(policy.exclude, names) or 'nobody in particular'}: exclusion wins.",
        f"A pass lives from {policy.minimum} to {policy.maximum} minutes; {policy.default} when nobody says how long.",
        use,
        f"A code has {policy.length} symbols; nobody can choose another length for one pass.",
    )


@dataclass(frozen=True, slots=True)
class Effect:
    """What the policy means for one profile: whether its pass is possible, and why (not)."""

    profile: str
    possible: bool
    sentence: str


def effect(profile: Profile, policy: passes.PassPolicy, page: passes.StatusPage) -> Effect:
    """Hold one profile against the policy."""
    needed = passes.needed_lifetime(profile, policy, page)
    if not policy.enabled:
        return Effect(profile.name, possible=False, sentence="passes are switched off")
    if policy.one_time and not profile.terms.one_time:
        said = f"needs the code {profile.sign_ins} times, and every pass is one-time"
        return Effect(profile.name, possible=False, sentence=said)
    if needed > policy.maximum:
        said = f"needs {needed} minutes; raise the maximum lifetime ({policy.maximum})"
        return Effect(profile.name, possible=False, sentence=said)
    kind = "one-time" if profile.terms.one_time else "multi-use"
    limit = profile.terms.warn_over
    long = f"; longer than the {limit} it needs, because of the minimum" if limit and needed > limit else ""
    return Effect(profile.name, possible=True, sentence=f"{kind}, {needed} minutes{long}")
