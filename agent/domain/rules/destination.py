"""Whether the end of the journey exists: the usual reason why the passkey or Authenticator "never comes"."""

from __future__ import annotations

from collections.abc import Iterator

from agent.domain import destinations
from agent.domain.cases import Case, Finding
from agent.domain.destinations import Openness
from agent.domain.facts import Known, NotChecked
from agent.domain.rules import places, saying

_ADMINISTRATOR = "an Authentication Policy Administrator"


def judge(case: Case) -> Iterator[Finding]:
    """A blocker where nothing that the journey may set up is allowed, a warning where only a part of it is."""
    wanted = destinations.doors(case.profile)
    fact, groups = case.tenant.access.destinations, case.person.groups
    if not wanted:
        return
    if isinstance(fact, NotChecked):
        yield saying.unchecked("destination", "Whether what is to be set up is allowed", fact, refuses=False)
        return
    if isinstance(groups, NotChecked):
        return  # the policy's scope says so already, and refuses
    found = {door: destinations.openness(door, fact.value, groups.value) for door in wanted}
    yield from _said(case, found, fact)


def _said(
    case: Case, found: dict[destinations.Door, Openness], fact: Known[destinations.Destinations]
) -> Iterator[Finding]:
    shut = [door.value for door, openness in found.items() if openness is Openness.SHUT]
    some = [door.value for door, openness in found.items() if openness is Openness.SOME]
    if len(shut) == len(found):
        yield saying.blocker(
            "destination_closed",
            f"{case.profile.title} cannot come to its end: {' and '.join(shut)} "
            f"{'is' if len(shut) == 1 else 'are'} not allowed for this person.",
            who=_ADMINISTRATOR,
            place=places.METHOD_POLICIES.then("switch a method on for this person, and admit its make"),
            fact=fact,
        )
    elif shut or some:
        parts = [f"{' and '.join(shut)} not allowed"] if shut else []
        parts += [f"{' and '.join(some)} only of some makes"] if some else []
        yield saying.warning(
            "destination_narrow",
            f"Not every way to the end of {case.profile.title} is open to this person: {', '.join(parts)}.",
            who=saying.YOU,
            place=places.METHOD_POLICIES.then("see what is left, and tell the person"),
            fact=fact,
        )
