"""Who the person is: known, enabled, of this tenant, with a name that paper can carry, and no administrator."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from agent.domain.cases import Case, Finding
from agent.domain.facts import Known, NotChecked
from agent.domain.milestones import CLOCK_SLACK
from agent.domain.people import Person, PersonKind
from agent.domain.rules import places, saying
from agent.domain.rules.places import Place

#: A quarter of an hour, as for a licence (learn.microsoft.com/mem/intune); the directory is mostly quicker.
_SETTLES = timedelta(minutes=15)


def known(case: Case) -> Iterator[Finding]:
    """Whether there is such a person at all, and may sign in here."""
    fact = case.person.person
    if isinstance(fact, NotChecked):
        yield saying.unchecked("person", "Who this is", fact)
        return
    person = fact.value
    if person is None:
        yield saying.blocker(
            "person_unknown",
            f"There is no user {case.person.asked} in this tenant.",
            who=saying.YOU,
            place=Place("check the spelling of the user name (the UPN, not the mail address)", places.USERS.link),
            fact=fact,
        )
        return
    if not person.enabled:
        yield saying.blocker(
            "person_disabled",
            f"The account of {person.display_name} is disabled; nobody can sign in to it.",
            who="a user administrator",
            place=places.user(person),
            fact=fact,
        )
    if person.kind is PersonKind.EXTERNAL_GUEST:
        yield saying.blocker(
            "external_guest",
            f"{person.display_name} is an external guest: their home tenant must issue the pass.",
            who="the guest's own IT",
            place=Place("their tenant; this one cannot hold a pass for them"),
            fact=fact,
        )
    yield from _unprintable(person, fact)


def _unprintable(person: Person, fact: Known[Person | None]) -> Iterator[Finding]:
    named = [("display name", person.display_name), ("user name", person.user_name)]
    for name, text in (*named, *(("detail that tells people apart", part) for part in person.distinguishing)):
        place = places.user(person).then(f"correct the {name}")
        found = saying.unprintable(name, text, who="a user administrator", place=place, fact=fact)
        if found:
            yield found


def new(case: Case) -> Iterator[Finding]:
    """An account that was only just made: groups, licences and the policy count for it some minutes later.

    The directory is consistent in the end, not at once, and Graph does not tell when somebody joined a group
    (learn.microsoft.com/entra/architecture/architecture).
    """
    fact, person = case.person.person, case.known_person
    if not isinstance(fact, Known) or person is None or person.created is None:
        return
    age = case.now - person.created
    if -CLOCK_SLACK <= age < _SETTLES:
        yield saying.warning(
            "person_new",
            f"The account of {person.display_name} was made at {person.created:%H:%M} UTC; it may take the tenant some "
            "minutes until groups and policies count for it, and a code typed before then is refused.",
            who=saying.YOU,
            place=Place(f"hand it over from {person.created + _SETTLES:%H:%M} UTC on; a refused code works later"),
            fact=fact,
        )


def roles(case: Case) -> Iterator[Finding]:
    """Nobody who holds a directory role, in whatever way, gets a pass from us."""
    fact, person = case.person.roles, case.known_person
    if isinstance(fact, NotChecked):
        yield saying.unchecked("roles", "Whether this person holds a directory role", fact)
    elif fact.value and person:
        held = ", ".join(f"{role.name} ({role.how})" for role in fact.value)
        yield saying.blocker(
            "holds_role",
            f"This person holds a directory role: {held}. Tapslip never makes a pass for an administrator.",
            who="a Privileged Authentication Administrator",
            place=Place(f"{places.methods_of(person).name}, with their own rights", places.methods_of(person).link),
            fact=fact,
        )
